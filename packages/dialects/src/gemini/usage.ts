import type { ChatUsage } from '../pivot/chat-answer.ts'
import { countIn, type Json } from '../translate/json.ts'
import { member } from './member.ts'

/** Gemini counts what was thought beside the answer, and what tools have read beside the prompt; OpenAI within them. */
export function usageToChat(usage: Json): ChatUsage {
  const thought = countIn(member(usage, 'thoughtsTokenCount'))
  const prompt_tokens = countIn(member(usage, 'promptTokenCount')) + countIn(member(usage, 'toolUsePromptTokenCount'))
  const completion_tokens = countIn(member(usage, 'candidatesTokenCount')) + thought
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: countIn(member(usage, 'cachedContentTokenCount')), cache_write_tokens: 0 },
    ...(thought > 0 && { completion_tokens_details: { reasoning_tokens: thought } }),
  }
}

/** Some providers count more thought than was said: nothing goes below 0. */
export function usageFromChat({ prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details: prompt, completion_tokens_details: completion }: ChatUsage): Json {
  const thought = completion?.reasoning_tokens ?? 0
  const cached = prompt?.cached_tokens ?? 0
  return {
    promptTokenCount: prompt_tokens,
    candidatesTokenCount: Math.max(0, completion_tokens - thought),
    ...(thought > 0 && { thoughtsTokenCount: thought }),
    ...(cached > 0 && { cachedContentTokenCount: cached }),
    totalTokenCount: total_tokens,
  }
}
