import type { ChatChoice, FinishReason } from '../pivot/chat-answer.ts'

const reasons: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['compaction', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'content_filter'],
])

const words: Readonly<Record<FinishReason, string>> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal' }

/** Anthropic's reason in OpenAI's words; with calls a normal stop is one for them. */
export function finishReasonOf(reason: string, hasCalls: boolean): FinishReason {
  const finish = reasons.get(reason) ?? 'stop'
  return finish === 'stop' && hasCalls ? 'tool_calls' : finish
}

/** The reason as Anthropic's clients read it: the provider's own word where it is one of Anthropic's and means the same. */
export function stopReasonFor(choice: Pick<ChatChoice, 'finish_reason' | 'native_finish_reason' | 'stop_sequence'>): string {
  const { finish_reason: finish, native_finish_reason: native } = choice
  if (native !== undefined && reasons.get(native) === finish) return native
  return finish === 'stop' && choice.stop_sequence !== undefined ? 'stop_sequence' : words[finish]
}
