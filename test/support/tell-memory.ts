import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { definePlugin, json, Type } from '@sluice/kernel'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Answers with the bytes that its process holds, behind a collection: of the heap, and of buffers outside of it. */
export const tellMemory = definePlugin({
  name: 'tell-memory',
  priority: 1,
  answers: true,
  schema: Type.Object({}),
  setup: () => ({
    proxy() {
      // The first one finds buffers that nobody has; they are gone with the second.
      collect()
      collect()
      const { heapUsed, external } = process.memoryUsage()
      return json(200, { held: heapUsed + external })
    },
  }),
})
