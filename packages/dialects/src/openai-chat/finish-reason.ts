import type { FinishReason } from '../pivot/chat-answer.ts'

/** OpenAI's own words, and those of others that get through on compatible endpoints. */
const known: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool_calls'],
  ['function_call', 'tool_calls'],
  ['content_filter', 'content_filter'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['eos', 'stop'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['tool_use', 'tool_calls'],
  ['safety', 'content_filter'],
  ['refusal', 'content_filter'],
])

/** Why the model stopped. Whoever called tools and stopped by itself has stopped for the tools. */
export function finishReasonOf(word: string, hasCalls: boolean): FinishReason {
  const reason = known.get(word) ?? known.get(word.toLowerCase()) ?? 'stop'
  return reason === 'stop' && hasCalls ? 'tool_calls' : reason
}

/** The word of a finish reason; undefined where the stream goes on. */
export function finishWord(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const word = value.trim()
  return word === '' || word === 'null' ? undefined : word
}
