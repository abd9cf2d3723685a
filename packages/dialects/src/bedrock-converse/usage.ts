import type { ChatUsage } from '../pivot/chat-answer.ts'
import { countIn, type Json } from '../translate/json.ts'

/** Bedrock counts what was cached beside the prompt, OpenAI within it. */
export function usageToChat(usage: Json): ChatUsage {
  const cached_tokens = countIn(usage['cacheReadInputTokens'])
  const cache_write_tokens = countIn(usage['cacheWriteInputTokens'])
  const prompt_tokens = countIn(usage['inputTokens']) + cached_tokens + cache_write_tokens
  const completion_tokens = countIn(usage['outputTokens'])
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens, cache_write_tokens },
  }
}

/** Some providers report more cached than asked: nothing goes below 0. Zeros where nothing was counted: clients rely on the members. */
export function usageFromChat(usage: ChatUsage | undefined): Json {
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0
  const written = usage?.prompt_tokens_details?.cache_write_tokens ?? 0
  return {
    inputTokens: Math.max(0, (usage?.prompt_tokens ?? 0) - cached - written),
    outputTokens: usage?.completion_tokens ?? 0,
    totalTokens: usage?.total_tokens ?? 0,
    cacheReadInputTokens: cached,
    cacheWriteInputTokens: written,
  }
}
