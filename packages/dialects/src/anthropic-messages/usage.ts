import { isRecord } from '../is-record.ts'
import type { ChatUsage } from '../pivot/chat-answer.ts'
import { countIn, type Json } from '../translate/json.ts'
import { serviceTierFor } from './service-tier.ts'

/** Anthropic counts what was cached beside the prompt, OpenAI within it. */
export function usageToChat(usage: Json): ChatUsage {
  const cached_tokens = countIn(usage['cache_read_input_tokens'])
  const cache_write_tokens = countIn(usage['cache_creation_input_tokens'])
  const prompt_tokens = countIn(usage['input_tokens']) + cached_tokens + cache_write_tokens
  const completion_tokens = countIn(usage['output_tokens'])
  const read: ChatUsage = {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens, cache_write_tokens },
  }
  const details = usage['output_tokens_details']
  if (isRecord(details) && typeof details['thinking_tokens'] === 'number') {
    read.completion_tokens_details = { reasoning_tokens: countIn(details['thinking_tokens']) }
  }
  return read
}

/** Some providers report more cached than asked: nothing goes below 0. */
export function usageFromChat(usage: ChatUsage | undefined, tier?: string): Json {
  const service_tier = serviceTierFor(tier)
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0
  const written = usage?.prompt_tokens_details?.cache_write_tokens ?? 0
  const thought = usage?.completion_tokens_details?.reasoning_tokens
  return {
    input_tokens: Math.max(0, (usage?.prompt_tokens ?? 0) - cached - written),
    output_tokens: usage?.completion_tokens ?? 0,
    cache_read_input_tokens: cached,
    cache_creation_input_tokens: written,
    ...(service_tier !== undefined && { service_tier }),
    ...(thought !== undefined && thought > 0 && { output_tokens_details: { thinking_tokens: thought } }),
  }
}
