// Gives each API key a daily allowance of tokens.
import { usageOf } from '@sluice/ai-core'
import { definePlugin, headerOf, HttpError, Type, type Exchange } from '@sluice/kernel'

export const tokenBudget = definePlugin({
  name: 'token-budget',
  priority: 1060,
  schema: Type.Object({ tokens: Type.Integer({ minimum: 1 }), header: Type.String({ default: 'x-api-key' }) }),
  setup({ tokens, header }) {
    const spent = new Map<string, number>()
    const keyOf = (ctx: Exchange) => headerOf(ctx.request.headers, header) ?? ''
    const spentBy = (ctx: Exchange) => spent.get(keyOf(ctx)) ?? 0
    const reset = setInterval(() => spent.clear(), 24 * 60 * 60 * 1000).unref()

    return {
      access(ctx) {
        if (spentBy(ctx) >= tokens) throw new HttpError(429, 'budget_spent', 'no tokens left today')
      },
      log(ctx) {
        spent.set(keyOf(ctx), spentBy(ctx) + (usageOf(ctx)?.totalTokens ?? 0))
      },
      dispose: () => clearInterval(reset),
    }
  },
})
