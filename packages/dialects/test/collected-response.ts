import { isDeepStrictEqual } from 'node:util'
import type { SseEvent } from '@sluice/provider'
import type { Collected } from './collected.ts'
import type { Json } from './translating.ts'

interface Part extends Json {
  annotations?: Json[]
  logprobs?: Json[]
}
interface Item extends Part {
  summary?: Part[]
  content?: Part[]
}

const terminal: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** Which text of a part, or of an item, a delta belongs to. */
const texts: Readonly<Record<string, string>> = {
  'response.output_text': 'text',
  'response.refusal': 'refusal',
  'response.reasoning_summary_text': 'text',
  'response.reasoning_text': 'text',
  'response.function_call_arguments': 'arguments',
  'response.custom_tool_call_input': 'input',
}

/** A stream of the Responses API as the response that it stands for, held to the order of its events and to what its last one repeats. */
export function collectedResponse(events: readonly SseEvent[]): Collected {
  const collected: Collected = { body: {}, error: undefined, terminals: [] }
  const items: Item[] = []
  const done = new Set<number>()
  for (const [position, { event, data }] of events.entries()) {
    const body = JSON.parse(data) as Json
    if (body['type'] !== event) throw new Error(`the event ${event} says that it is ${String(body['type'])}`)
    if (collected.terminals.length > 0) throw new Error(`${event} behind the end`)
    if (body['sequence_number'] !== position) throw new Error(`${event} is number ${String(body['sequence_number'])} at ${position}`)
    if ((position === 0) !== (event === 'response.created') || (position === 1) !== (event === 'response.in_progress')) throw new Error(`${event} at ${position}`)
    const index = body['output_index'] as number
    if (event === 'response.output_item.added') {
      if (index !== items.length) throw new Error(`item ${index} begins out of order`)
      items.push(structuredClone(body['item']) as Item)
    } else if (event === 'response.output_item.done') {
      if (done.has(index)) throw new Error(`item ${index} ends twice`)
      done.add(index)
      same(withoutEnd(items[index]), withoutEnd(body['item'] as Item), `item ${index} at its end`)
      items[index] = body['item'] as Item
    } else if (terminal.has(event)) {
      collected.terminals.push(event)
      collected.body = body['response'] as Json
      collected.error = (body['error'] ?? undefined) as Json | undefined
      if (event !== 'response.failed' && done.size !== items.length) throw new Error('an item has not ended')
      same((collected.body['output'] as Item[]).map(withoutEnd), items.map(withoutEnd), 'the output')
    } else if (index !== undefined) {
      if (done.has(index)) throw new Error(`${event} for item ${index}, which has ended`)
      addTo(items[index], event, body)
    }
  }
  return collected
}

function addTo(item: Item | undefined, event: string, body: Json): void {
  if (!item || body['item_id'] !== item['id']) throw new Error(`${event} for an item that has not begun`)
  const index = (body['summary_index'] ?? body['content_index']) as number | undefined
  const list = index === undefined ? [item] : listIn(item, body)
  const part: Part | undefined = list[index ?? 0]
  if (event.endsWith('part.added')) {
    if (index !== list.length) throw new Error(`${event} out of order`)
    list.push(structuredClone(body['part']) as Part)
  } else if (event.endsWith('part.done')) same(part, body['part'], event)
  else if (event === 'response.output_text.annotation.added') {
    const annotations = part?.annotations ?? []
    if (body['annotation_index'] !== annotations.length) throw new Error(`${event} out of order`)
    annotations.push(body['annotation'] as Json)
  } else {
    const [name, verb] = [event.slice(0, event.lastIndexOf('.')), event.slice(event.lastIndexOf('.') + 1)]
    const member = texts[name]
    if (!part || member === undefined) throw new Error(`${event} is no event of a response, or for a part that has not begun`)
    if (verb === 'delta') {
      part[member] = String(part[member]) + String(body['delta'])
      if (name === 'response.output_text') part.logprobs?.push(...(body['logprobs'] as Json[]))
    } else if (part[member] !== body[member] && !(part[member] === '' && body[member] === '{}')) throw new Error(`${event} does not repeat what it ends`)
    if (member === 'arguments' && verb === 'done') part[member] = body[member]
  }
}

function listIn(item: Item, body: Json): Part[] {
  return 'summary_index' in body ? (item.summary ??= []) : (item.content ??= [])
}

/** What an item has at its end alone. */
function withoutEnd({ status: _status, encrypted_content: _cipher, ...item }: Item = {}): Json {
  return item
}

function same(told: unknown, repeated: unknown, what: string): void {
  if (!isDeepStrictEqual(told, repeated)) throw new Error(`${what} is ${JSON.stringify(repeated)}, and was told as ${JSON.stringify(told)}`)
}
