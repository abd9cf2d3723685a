import { definePlugin, json, Type } from '@sluice/kernel'
import { collect } from './collect.ts'

/** Answers with what the gateway's process holds after a collection: how the benchmark looks into the program, from outside. */
export const memory = definePlugin({
  name: 'bench-memory',
  priority: 1000,
  answers: true,
  schema: Type.Object({}),
  setup: () => ({ proxy: async () => json(200, await collect()) }),
})
