import { namedEvent, type EventText } from './answer.ts'
import { isObject, type JsonObject } from './json-object.ts'
import { toPieces } from './words.ts'

/** The events of a message: https://docs.anthropic.com/en/docs/build-with-claude/streaming. */
export function messageEvents(message: Message): EventText[] {
  const { stop_reason, stop_sequence, usage } = message
  const begun = { ...message, content: [], stop_reason: null, stop_sequence: null }
  return [
    // The count of what is not written yet is a placeholder, as in the real thing.
    namedEvent({
      type: 'message_start',
      message: usage ? { ...begun, usage: { ...usage, output_tokens: 1 } } : begun,
    }),
    ...message.content.flatMap((block, index) => blockEvents(block, index)),
    namedEvent({
      type: 'message_delta',
      delta: { stop_reason, stop_sequence },
      usage: usage && closing(usage),
    }),
    namedEvent({ type: 'message_stop' }),
  ]
}

interface Message extends JsonObject {
  readonly content: readonly JsonObject[]
  readonly stop_reason: string
  readonly stop_sequence: string | null
  readonly usage: JsonObject | undefined
}

function closing({ cache_creation: _creation, service_tier: _tier, ...usage }: JsonObject): JsonObject {
  return usage
}

function blockEvents(block: JsonObject, index: number): EventText[] {
  const { opening, deltas } = partsOf(block)
  return [
    namedEvent({ type: 'content_block_start', index, content_block: opening }),
    ...(index === 0 ? [namedEvent({ type: 'ping' })] : []),
    ...deltas.map((delta) => namedEvent({ type: 'content_block_delta', index, delta }, 1)),
    namedEvent({ type: 'content_block_stop', index }),
  ]
}

function partsOf(block: JsonObject): { opening: JsonObject; deltas: JsonObject[] } {
  switch (block['type']) {
    case 'thinking': {
      const thoughts = toPieces(String(block['thinking'])).map((thinking) => ({
        type: 'thinking_delta',
        thinking,
      }))
      const deltas = [...thoughts, { type: 'signature_delta', signature: block['signature'] }]
      return { opening: { ...block, thinking: '', signature: '' }, deltas }
    }
    case 'tool_use': {
      // The first piece of a real call's input is always empty, and the only one where there are no arguments.
      const pieces = ['', ...(isEmpty(block['input']) ? [] : toPieces(JSON.stringify(block['input'])))]
      const deltas = pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json }))
      return { opening: { ...block, input: {} }, deltas }
    }
    default: {
      const deltas = toPieces(String(block['text'])).map((text) => ({ type: 'text_delta', text }))
      return { opening: { ...block, text: '' }, deltas }
    }
  }
}

function isEmpty(input: unknown): boolean {
  return isObject(input) && Object.keys(input).length === 0
}
