import { isRecord } from '../is-record.ts'
import { FinishWords } from '../translate/finish-words.ts'
import type { Json } from '../translate/json.ts'

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#bedrock-runtime_Converse-response-stopReason */
export const stopReasons = new FinishWords({
  reasons: {
    end_turn: 'stop',
    stop_sequence: 'stop',
    // Nobody else has a word for these: the model gave up by itself.
    malformed_model_output: 'stop',
    malformed_tool_use: 'stop',
    max_tokens: 'length',
    model_context_window_exceeded: 'length',
    tool_use: 'tool_calls',
    guardrail_intervened: 'content_filter',
    content_filtered: 'content_filter',
  },
  words: { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'content_filtered' },
  stopSequence: 'stop_sequence',
})

/** The stop sequence that was met, which Claude tells among the fields of its own where it was asked to. */
export function stopSequenceIn(fields: unknown): { stop_sequence?: string } {
  return isRecord(fields) && typeof fields['stop_sequence'] === 'string' ? { stop_sequence: fields['stop_sequence'] } : {}
}

/** The same for a client, as members to spread. */
export function stopSequenceFor(stop: string | undefined): Json {
  return stop === undefined ? {} : { additionalModelResponseFields: { stop_sequence: stop } }
}
