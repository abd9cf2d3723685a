import { namedEvent, type EventText } from './answer.ts'
import type { JsonObject } from './json-object.ts'
import type { Turn } from './turn.ts'
import { toPieces } from './words.ts'

type Emit = (type: string, rest: JsonObject, tokens?: number) => void

/** The events of a response, numbered from 0: https://platform.openai.com/docs/api-reference/responses-streaming. */
export function responseEvents(
  response: Final,
  { envelope, turn }: { envelope: JsonObject; turn: Turn },
): EventText[] {
  const events: EventText[] = []
  const emit: Emit = (type, rest, tokens = 0) => {
    events.push(namedEvent({ type, sequence_number: events.length, ...rest }, tokens))
  }
  emit('response.created', { response: envelope })
  emit('response.in_progress', { response: envelope })
  for (const [index, item] of response.output.entries()) {
    if (item['type'] === 'message') emitMessage(emit, { index, item, pieces: turn.pieces })
    else emitCall(emit, { index, item })
  }
  emit(`response.${response.status}`, { response })
  return events
}

interface Final extends JsonObject {
  readonly status: string
  readonly output: readonly JsonObject[]
}

interface Place {
  readonly index: number
  readonly item: JsonObject
}

function emitMessage(emit: Emit, { index, item, pieces }: Place & { pieces: readonly string[] }): void {
  const at = { item_id: item['id'], output_index: index, content_index: 0 }
  const part = { type: 'output_text', annotations: [], logprobs: [], text: '' }
  const text = pieces.join('')
  emit('response.output_item.added', {
    output_index: index,
    item: { ...item, status: 'in_progress', content: [] },
  })
  emit('response.content_part.added', { ...at, part })
  for (const delta of pieces) emit('response.output_text.delta', { ...at, delta, logprobs: [] }, 1)
  emit('response.output_text.done', { ...at, text, logprobs: [] })
  emit('response.content_part.done', { ...at, part: { ...part, text } })
  emit('response.output_item.done', { output_index: index, item })
}

function emitCall(emit: Emit, { index, item }: Place): void {
  const at = { item_id: item['id'], output_index: index }
  const member = item['type'] === 'function_call' ? 'arguments' : 'input'
  const type = member === 'arguments' ? 'response.function_call_arguments' : 'response.custom_tool_call_input'
  const whole = String(item[member])
  emit('response.output_item.added', {
    output_index: index,
    item: { ...item, status: 'in_progress', [member]: '' },
  })
  for (const delta of toPieces(whole)) emit(`${type}.delta`, { ...at, delta }, 1)
  emit(`${type}.done`, { ...at, [member]: whole })
  emit('response.output_item.done', { output_index: index, item })
}
