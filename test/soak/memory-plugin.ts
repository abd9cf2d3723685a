import { definePlugin, json, Type } from '@sluice/kernel'
import { collect } from '../bench/collect.ts'

/** Answers with what this process holds after a collection, and which one it is. */
export const memory = definePlugin({
  name: 'soak-memory',
  priority: 1000,
  answers: true,
  schema: Type.Object({}),
  setup: () => ({ proxy: async () => json(200, { pid: process.pid, ...(await collect()) }) }),
})
