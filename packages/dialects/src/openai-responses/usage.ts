import { isRecord } from '../is-record.ts'
import type { ChatUsage } from '../pivot/chat-answer.ts'
import { countIn, type Json } from '../translate/json.ts'

/** The same counts under other names. */
export function usageToChat(usage: Json): ChatUsage {
  const { input_tokens_details: input, output_tokens_details: output } = usage
  const prompt_tokens = countIn(usage['input_tokens'])
  const completion_tokens = countIn(usage['output_tokens'])
  const read: ChatUsage = {
    prompt_tokens,
    completion_tokens,
    total_tokens: countIn(usage['total_tokens']) || prompt_tokens + completion_tokens,
    prompt_tokens_details: {
      cached_tokens: isRecord(input) ? countIn(input['cached_tokens']) : 0,
      cache_write_tokens: isRecord(input) ? countIn(input['cache_write_tokens']) : 0,
    },
  }
  const reasoning = isRecord(output) ? output['reasoning_tokens'] : undefined
  if (typeof reasoning === 'number') read.completion_tokens_details = { reasoning_tokens: countIn(reasoning) }
  return read
}

/** All counts have to be there; one that is not known is 0. */
export function usageFromChat(usage: ChatUsage): Json {
  const { cached_tokens = 0, cache_write_tokens = 0 } = usage.prompt_tokens_details ?? {}
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: { cached_tokens, ...(cache_write_tokens > 0 && { cache_write_tokens }) },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: usage.completion_tokens_details?.reasoning_tokens ?? 0 },
    total_tokens: usage.total_tokens,
  }
}
