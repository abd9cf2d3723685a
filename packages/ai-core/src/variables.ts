import type { Exchange } from '@sluice/kernel'
import { accountSlot, type Account } from './account.ts'

type Read = (ctx: Exchange) => unknown

/** Reads the account, or the value that APISIX gives where the request was no AI request. */
function account(read: (account: Account) => unknown, otherwise: unknown): Read {
  return (ctx) => {
    const known = ctx.get(accountSlot)
    return known === undefined ? otherwise : (read(known) ?? otherwise)
  }
}

/** The variables of an AI exchange: those of the `ai-proxy` family, and ours beside them. */
export const aiVariables: Readonly<Record<string, Read>> = {
  request_type: account(({ stream }) => (stream ? 'ai_stream' : 'ai_chat'), 'traditional_http'),
  request_llm_model: account(({ requestedModel }) => requestedModel, ''),
  llm_model: account(({ model }) => model, ''),
  llm_time_to_first_token: account(({ firstTokenMs }) => rounded(firstTokenMs), 0),
  llm_time_to_first_byte: account(({ firstByteMs }) => rounded(firstByteMs), 0),
  llm_duration: account(({ durationMs }) => rounded(durationMs), 0),
  llm_prompt_tokens: account(({ usage }) => usage?.promptTokens, 0),
  llm_completion_tokens: account(({ usage }) => usage?.completionTokens, 0),
  llm_total_tokens: account(({ usage }) => usage?.totalTokens, 0),
  llm_cache_read_input_tokens: account(({ usage }) => usage?.cacheReadTokens, 0),
  llm_cache_creation_input_tokens: account(({ usage }) => usage?.cacheCreationTokens, 0),
  llm_reasoning_tokens: account(({ usage }) => usage?.reasoningTokens, 0),
  llm_stream: account(({ stream }) => stream, false),
  llm_has_tool_calls: account(({ hasToolCalls }) => hasToolCalls, false),
  llm_tool_count: account(({ toolCount }) => toolCount, 0),
  llm_end_user_id: account(({ endUserId }) => endUserId, ''),
  // Moderation plugins are to fill it; until then it is what the family says of a request that nobody has judged.
  llm_content_risk_level: () => '',
  usage_source: account(({ usageSource }) => usageSource, 'none'),
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms)
}
