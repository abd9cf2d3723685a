// Asks again when upstream fails. Every `next()` starts from the body as `rewrite` left it.
import { definePlugin, Type, type Reply } from '@sluice/kernel'

export const retry = definePlugin({
  name: 'retry',
  priority: 1050, // around ai-proxy, inside everything that must see one reply
  body: 'whole', // kept, so that it can be sent again
  schema: Type.Object({ attempts: Type.Integer({ minimum: 2, default: 2 }) }),
  setup: ({ attempts }) => ({
    async proxy(ctx, next): Promise<Reply> {
      for (let left = attempts; left > 1 && !ctx.aborted; left--) {
        const reply = await next().catch((err: unknown) => ctx.log.warn({ err }, 'trying again'))
        if (reply && reply.status < 500) return reply
      }
      return next()
    },
  }),
})
