import type { ChatChoice, FinishReason } from '../pivot/chat-answer.ts'
import { isRecord } from '../is-record.ts'
import type { Json } from '../translate/json.ts'

const reasons: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  // Nobody else has a word for these: the model gave up by itself.
  ['malformed_model_output', 'stop'],
  ['malformed_tool_use', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['guardrail_intervened', 'content_filter'],
  ['content_filtered', 'content_filter'],
])

const words: Readonly<Record<FinishReason, string>> = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'content_filtered' }

/** Bedrock's reason in OpenAI's words; with calls a normal stop is one for them. */
export function finishReasonOf(reason: string, hasCalls: boolean): FinishReason {
  const finish = reasons.get(reason) ?? 'stop'
  return finish === 'stop' && hasCalls ? 'tool_calls' : finish
}

/** The reason as Bedrock's clients read it: the provider's own word where it is one of Bedrock's and means the same. */
export function stopReasonFor(choice: Pick<ChatChoice, 'finish_reason' | 'native_finish_reason' | 'stop_sequence'>): string {
  const { finish_reason: finish, native_finish_reason: native } = choice
  if (native !== undefined && reasons.get(native) === finish) return native
  return finish === 'stop' && choice.stop_sequence !== undefined ? 'stop_sequence' : words[finish]
}

/** The stop sequence that was met, which Claude tells among the fields of its own where it was asked to. */
export function stopSequenceIn(fields: unknown): { stop_sequence?: string } {
  return isRecord(fields) && typeof fields['stop_sequence'] === 'string' ? { stop_sequence: fields['stop_sequence'] } : {}
}

/** The same for a client, as members to spread. */
export function stopSequenceFor(stop: string | undefined): Json {
  return stop === undefined ? {} : { additionalModelResponseFields: { stop_sequence: stop } }
}
