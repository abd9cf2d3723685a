import { basename } from 'node:path'
import { definePlugin, Type } from '@sluice/kernel'

// A plugin that does nothing, in every phase whose hooks can be synchronous; a `proxy` hook waits for `next()`. It is
// copied before it is loaded: each copy has functions of its own, as different plugins have, and the name of its file.

const name = basename(import.meta.filename, '.mts')

export const idle = definePlugin({
  name,
  // Some run before the other plugins of a route, some behind.
  priority: Number(name.split('-').at(-1)) * 100,
  schema: Type.Object({}),
  setup: () => ({ rewrite() {}, access() {}, log() {} }),
})
