import { accountSlot, type Account } from '@sluice/ai-core'
import { embedsIn, joinEmbeddings, splitEmbeddings, type Usage } from '@sluice/dialects'
import { Document } from '@sluice/json-edit'
import { HttpError, type Exchange, type Reply } from '@sluice/kernel'
import type { Dialect } from '@sluice/provider'
import { exactValue } from './exact-value.ts'
import { askProvider, type Plan } from './send.ts'

/** Calls that one request may cost. */
const mostParts = 256
/** Calls of one request that run at the same time. */
const atOnce = 8

/**
 * Asks a provider several times for one client, where it takes fewer texts in a call than the client has, and answers with
 * all of its vectors; undefined where one call is enough. When a call fails, those with it are waited for, and no more are made.
 */
export function inParts(ctx: Exchange, plan: Plan): Promise<Reply> | undefined {
  const { request, way, shape } = plan
  if (request.kind !== 'spoken' || !way?.translates || !embedsIn(way.dialect)) return undefined
  const parts = splitEmbeddings(request.dialect, way.dialect, exactValue(ctx.request.body.document) as Record<string, unknown>, shape.model ?? '')
  if (!parts) return undefined
  if (parts.length > mostParts) throw new HttpError(400, 'too_many_inputs', `the provider would have to be asked ${parts.length} times for so many texts, and ${mostParts} times is the most`)
  return askAll(ctx, plan, request.dialect, parts)
}

async function askAll(ctx: Exchange, plan: Plan, client: Dialect, parts: readonly object[]): Promise<Reply> {
  const startedAt = ctx.clock.monotonic()
  const replies: Reply[] = []
  const accounts: Account[] = []
  for (let from = 0; from < parts.length; from += atOnce) {
    const asked = parts.slice(from, from + atOnce).map((part) => {
      const reply = askProvider(ctx, plan, Document.parse(Buffer.from(JSON.stringify(part))))
      accounts.push(ctx.get(accountSlot) as Account)
      return reply
    })
    for (const result of await Promise.allSettled(asked)) {
      if (result.status === 'rejected') throw result.reason
      replies.push(result.value)
    }
  }
  ctx.set(accountSlot, { ...(accounts[0] as Account), ...summed(accounts), durationMs: ctx.clock.monotonic() - startedAt })
  const answers = replies.map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>)
  return { ...(replies[0] as Reply), body: JSON.stringify(joinEmbeddings(client, answers)) }
}

function summed(accounts: readonly Account[]): Pick<Account, 'usage' | 'usageSource'> {
  const usages = accounts.flatMap(({ usage }) => usage ?? [])
  if (usages.length === 0) return { usage: undefined, usageSource: 'none' }
  const usage = usages.reduce(added)
  return { usage, usageSource: usages.length === accounts.length ? 'provider' : 'partial' }
}

function added(a: Usage, b: Usage): Usage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    totalTokens: a.totalTokens + b.totalTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheCreationTokens: a.cacheCreationTokens + b.cacheCreationTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  }
}
