import { accountSlot } from '@sluice/ai-core'
import { logExtras, slot, type Exchange } from '@sluice/kernel'
import { boundedJson, type Payloads } from './payloads.ts'

/** The answer's text as it passed, where `logging.payloads` wants it. */
export const payloadsSlot = slot<Payloads>('ai-proxy.payloads')

/** What string formats may name. */
export const logVariables = {
  llm_summary: (ctx: Exchange) => ctx.get(logExtras)?.['llm_summary'],
  llm_request: (ctx: Exchange) => ctx.get(logExtras)?.['llm_request'],
  llm_response_text: (ctx: Exchange) => ctx.get(logExtras)?.['llm_response_text'],
}

/** Adds what the route's `logging` asks for to the exchange's log line. */
export function logFields(ctx: Exchange, { summaries, payloads }: { summaries: boolean; payloads: boolean }): void {
  if (!summaries && !payloads) return
  const extras = ctx.get(logExtras) ?? {}
  if (summaries) extras['llm_summary'] = summaryOf(ctx)
  if (payloads) {
    extras['llm_request'] = requestOf(ctx)
    extras['llm_response_text'] = { content: ctx.get(payloadsSlot)?.text ?? '' }
  }
  ctx.set(logExtras, extras)
}

function summaryOf(ctx: Exchange): Record<string, unknown> {
  const account = ctx.get(accountSlot)
  const { upstream } = ctx
  const took = upstream?.endedAt === undefined ? 0 : Math.round(upstream.endedAt - upstream.startedAt)
  return {
    request_model: account?.requestedModel ?? '',
    model: account?.model ?? '',
    duration: Math.round(account?.durationMs ?? 0),
    prompt_tokens: account?.usage?.promptTokens ?? 0,
    completion_tokens: account?.usage?.completionTokens ?? 0,
    total_tokens: account?.usage?.totalTokens ?? 0,
    upstream_response_time: took,
    stream: account?.stream ?? false,
    tool_count: account?.toolCount ?? 0,
    has_tool_calls: account?.hasToolCalls ?? false,
    end_user_id: account?.endUserId ?? '',
    cache_read_input_tokens: account?.usage?.cacheReadTokens ?? 0,
    cache_creation_input_tokens: account?.usage?.cacheCreationTokens ?? 0,
    reasoning_tokens: account?.usage?.reasoningTokens ?? 0,
    content_risk_level: '',
  }
}

function requestOf(ctx: Exchange): unknown {
  const { body } = ctx.request
  if (!body.isRead || !ctx.get(accountSlot)) return undefined
  try {
    const { document } = body
    const [conversation] = ['messages', 'input', 'prompt', 'contents'].flatMap((name) => document.raw(name) ?? [])
    return { messages: conversation && boundedJson(conversation), stream: ctx.get(accountSlot)?.stream ?? false }
  } catch {
    return undefined // no JSON: the exchange was refused for it, and the log says so
  }
}
