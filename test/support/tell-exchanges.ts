import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { definePlugin, json, Type, type Exchange, type Reply } from '@sluice/kernel'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

const seen: WeakRef<Exchange>[] = []
const held: (() => void)[] = []
const together: (() => void)[] = []

const reply = (): Reply => json(200, { held: held.length })

/** At `/minor`: how many of the exchanges at `/once` and `/hold` are still in memory, after a small collection. */
export const tellExchanges = definePlugin({
  name: 'tell-exchanges',
  priority: 1,
  answers: true,
  schema: Type.Object({}),
  setup: () => ({
    proxy(ctx) {
      switch (ctx.request.path) {
        case '/hold': // until the next collection of the whole heap
          seen.push(new WeakRef(ctx))
          return new Promise<Reply>((resolve) => void held.push(() => resolve(reply())))
        case '/once': // until others are in flight with it
          seen.push(new WeakRef(ctx))
          return new Promise<Reply>((resolve) => {
            together.push(() => resolve(reply()))
            if (together.length === 8) for (const release of together.splice(0)) release()
          })
        case '/major':
          collect()
          for (const release of held.splice(0)) release()
          return reply()
        case '/held':
          return reply()
        case '/forget':
          seen.length = 0
          return reply()
        default: // /minor
          collect({ type: 'minor' }) // what lives still grows older with it
          collect({ type: 'minor' })
          return json(200, { kept: seen.filter((one) => one.deref()).length, of: seen.length })
      }
    },
  }),
})
