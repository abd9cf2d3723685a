import type { ChatChoice, FinishReason } from '../pivot/chat-answer.ts'

const reasons: ReadonlyMap<string, FinishReason> = new Map([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content_filter'],
  ['RECITATION', 'content_filter'],
  ['BLOCKLIST', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['SPII', 'content_filter'],
  ['IMAGE_SAFETY', 'content_filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content_filter'],
  ['IMAGE_RECITATION', 'content_filter'],
  ['IMAGE_OTHER', 'content_filter'],
  ['NO_IMAGE', 'content_filter'],
  ['MODEL_ARMOR', 'content_filter'],
  // Nobody else has a word for these: the model gave up by itself.
  ['LANGUAGE', 'stop'],
  ['OTHER', 'stop'],
  ['MALFORMED_FUNCTION_CALL', 'stop'],
  ['UNEXPECTED_TOOL_CALL', 'stop'],
  ['TOO_MANY_TOOL_CALLS', 'stop'],
  ['FINISH_REASON_UNSPECIFIED', 'stop'],
])

const words: Readonly<Record<FinishReason, string>> = { stop: 'STOP', length: 'MAX_TOKENS', tool_calls: 'STOP', content_filter: 'SAFETY' }

/** Gemini's reason in OpenAI's words. Calls end with STOP there. */
export function finishReasonOf(reason: string, hasCalls: boolean): FinishReason {
  const finish = reasons.get(reason) ?? 'stop'
  return finish === 'stop' && hasCalls ? 'tool_calls' : finish
}

/** The reason as Gemini's clients read it: the provider's own word where it is one of Gemini's and means the same. */
export function finishWordFor({ finish_reason: finish, native_finish_reason: native }: Pick<ChatChoice, 'finish_reason' | 'native_finish_reason'>): string {
  return native !== undefined && reasons.get(native) === finish ? native : words[finish]
}
