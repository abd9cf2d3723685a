import { isRecord } from '../is-record.ts'
import { errorOfResponse } from '../responses-stream.ts'
import { serviceTierOf } from '../openai-chat/service-tier.ts'
import type { ChatChunk, ChatDelta, ToolCallDelta } from '../pivot/chat-chunk.ts'
import { openAiFormat, type ReasoningDetail } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { ProviderEvent, StreamToChat } from '../translate/translator.ts'
import { errorInside } from '../upstream-error.ts'
import { answerToChat } from './answer-to-chat.ts'
import { annotationOf } from './citations.ts'
import { logprobsToChat } from './logprobs.ts'
import { betweenParts, reasoningToChat, thoughtOf } from './reasoning-to-chat.ts'
import { finishReasonOf } from './response.ts'
import { usageToChat } from './usage.ts'

const nothing: readonly ChatChunk[] = []
/** Items that one answer may have; what a stream makes up beyond is nonsense. */
const maxItems = 1024

/** An item of the output that has begun. */
interface Item {
  readonly id: string | null
  /** The number of the call; undefined where it is none. */
  readonly call: number | undefined
  /** Something of it has been told beyond its beginning. */
  isFilled: boolean
}

/** Reads a stream of the Responses API: https://platform.openai.com/docs/api-reference/responses-streaming */
export class ResponsesStreamToChat implements StreamToChat {
  readonly #context: TranslationContext
  readonly #byId = new Map<unknown, Item>()
  readonly #byPlace = new Map<unknown, Item>()
  #isTold = false
  #items = 0
  #calls = 0
  #details = 0
  /** Characters of text so far, and where the part begins that they belong to: citations are told by it. */
  #length = 0
  #part = ''
  #partStart = 0
  /** The item and part of what is being thought. */
  #thought = ''
  #hasThought = false
  ended = false

  constructor(context: TranslationContext) {
    this.#context = context
  }

  get finished(): boolean {
    return this.ended
  }

  read({ event, data }: ProviderEvent): readonly ChatChunk[] {
    if (data === '' || data.trim() === '[DONE]') return nothing
    const body = parsed(data)
    if (!isRecord(body)) {
      if (event === 'error') return [{ choices: [], error: errorInside({ error: data.slice(0, 1024) }) }]
      throw new UpstreamNonsense('an event of the stream is not a JSON object')
    }
    const type = textIn(body['type']) ?? event
    switch (type) {
      case 'response.output_text.delta':
        return this.#text(body)
      case 'response.function_call_arguments.delta':
        return this.#arguments(body, body['delta'])
      case 'response.reasoning_summary_text.delta':
        return this.#think(body, 'summary')
      case 'response.reasoning_text.delta':
        return this.#think(body, 'content')
      case 'response.refusal.delta':
        return this.#refuse(body)
      case 'response.output_text.annotation.added':
        return this.#annotate(body['annotation'])
      case 'response.function_call_arguments.done':
        return this.#itemOf(body)?.isFilled === false ? this.#arguments(body, body['arguments']) : nothing
      case 'response.output_item.added':
        return isRecord(body['item']) ? this.#begin(body['item'], body['output_index']) : nothing
      case 'response.output_item.done':
        return isRecord(body['item']) ? this.#finish(body['item'], body['output_index']) : nothing
      case 'response.created':
      case 'response.in_progress':
        return isRecord(body['response']) ? this.#introduce(body['response']) : nothing
      case 'response.completed':
      case 'response.incomplete':
        return this.#end(type, isRecord(body['response']) ? body['response'] : {})
      case 'response.failed':
      case 'response.cancelled':
      case 'error':
        return [{ choices: [], error: errorOfResponse(body) }]
      default:
        // What ends is told piece by piece, and what OpenAI's own tools do is nobody's to know.
        return body['error'] === undefined || body['error'] === null ? nothing : [{ choices: [], error: errorInside(body) }]
    }
  }

  end(): readonly ChatChunk[] {
    return nothing
  }

  #introduce(response: Json): readonly ChatChunk[] {
    if (this.#isTold) return nothing
    this.#isTold = true
    const chunk: ChatChunk = { choices: [{ index: 0, delta: {} }] }
    const id = textIn(response['id'])
    const model = textIn(response['model'])
    const created = countIn(response['created_at'])
    const tier = serviceTierOf(response['service_tier'])
    if (id !== undefined) chunk.id = id
    if (model !== undefined) chunk.model = model
    if (created > 0) chunk.created = created
    if (tier !== undefined) chunk.service_tier = tier
    return [chunk]
  }

  #begin(item: Json, place: unknown): readonly ChatChunk[] {
    if (++this.#items > maxItems) throw new UpstreamNonsense('more items than any answer has')
    const isCall = item['type'] === 'function_call'
    const begun: Item = { id: textIn(item['id']) ?? null, call: isCall ? this.#calls++ : undefined, isFilled: false }
    if (begun.id !== null) this.#byId.set(begun.id, begun)
    this.#byPlace.set(place, begun)
    if (begun.call === undefined) return nothing
    const name = textIn(item['name'])
    if (name === undefined) throw new UpstreamNonsense('a function_call without a name')
    const id = textIn(item['call_id']) ?? begun.id ?? this.#context.newId('call_')
    return called({ index: begun.call, id, name: this.#context.toolNames.toClient(name), arguments: '' })
  }

  #itemOf({ item_id: id, output_index: place }: Json): Item | undefined {
    return this.#byId.get(id) ?? this.#byPlace.get(place)
  }

  #text(body: Json): readonly ChatChunk[] {
    const piece = textIn(body['delta'])
    if (piece === undefined) return nothing
    const item = this.#itemOf(body)
    // Messages have an empty line between them, the parts of one have not.
    const between = item?.isFilled === false && this.#length > 0 ? betweenParts : ''
    if (item) item.isFilled = true
    this.#enterPart(`${String(body['output_index'])} ${String(body['content_index'])}`, between.length)
    const content = between + piece
    this.#length += content.length
    const logprobs = logprobsToChat(body['logprobs'])
    return [{ choices: [{ index: 0, delta: { content }, ...(logprobs && { logprobs }) }] }]
  }

  #enterPart(part: string, between: number): void {
    if (part === this.#part) return
    this.#part = part
    this.#partStart = this.#length + between
  }

  #refuse(body: Json): readonly ChatChunk[] {
    const refusal = textIn(body['delta'])
    if (refusal === undefined) return nothing
    const item = this.#itemOf(body)
    if (item) item.isFilled = true
    return told({ refusal })
  }

  #annotate(annotation: unknown): readonly ChatChunk[] {
    const annotations = isRecord(annotation) ? annotationOf(annotation, this.#partStart) : []
    return annotations.length > 0 ? told({ annotations }) : nothing
  }

  #arguments(body: Json, value: unknown): readonly ChatChunk[] {
    const piece = textIn(value)
    const item = this.#itemOf(body)
    if (piece === undefined || item?.call === undefined) return nothing
    item.isFilled = true
    return called({ index: item.call, arguments: piece })
  }

  #think(body: Json, kind: 'summary' | 'content'): readonly ChatChunk[] {
    const piece = textIn(body['delta'])
    if (piece === undefined) return nothing
    const item = this.#itemOf(body)
    if (item) item.isFilled = true
    const key = `${String(body['output_index'])} ${kind} ${String(body[`${kind}_index`])}`
    const isNew = key !== this.#thought
    if (isNew) this.#details++
    this.#thought = key
    const about = { id: item?.id ?? textIn(body['item_id']) ?? null, format: openAiFormat, index: this.#details - 1 }
    const detail: ReasoningDetail = kind === 'summary' ? { type: 'reasoning.summary', summary: piece, ...about } : { type: 'reasoning.text', text: piece, ...about }
    return told({ reasoning_content: this.#between(isNew) + piece, reasoning_details: [detail] })
  }

  /** Parts of what was thought have an empty line between them. */
  #between(isNew: boolean): string {
    const between = isNew && this.#hasThought ? betweenParts : ''
    this.#hasThought = true
    return between
  }

  /** What an item holds at its end that was not told piece by piece: the cipher of reasoning, and all of it with some servers. */
  #finish(item: Json, place: unknown): readonly ChatChunk[] {
    const known = this.#itemOf({ item_id: item['id'], output_index: place })
    const chunks = known ? [] : [...this.#begin(item, place)]
    const begun = known ?? this.#byPlace.get(place)
    if (!begun) return chunks
    if (item['type'] === 'reasoning') chunks.push(...this.#cipher(item, begun.isFilled))
    else if (begun.isFilled) return chunks
    else if (begun.call !== undefined) {
      const text = textIn(item['arguments']) ?? (item['status'] === 'incomplete' ? '' : '{}')
      if (text !== '') chunks.push(...called({ index: begun.call, arguments: text }))
    } else if (item['type'] === 'message') chunks.push(...this.#message(item))
    begun.isFilled = true
    return chunks
  }

  #cipher(item: Json, isFilled: boolean): readonly ChatChunk[] {
    const { id, encrypted_content } = item
    const details = reasoningToChat(isFilled ? { id, encrypted_content } : item, this.#details)
    if (details.length === 0) return nothing
    this.#details += details.length
    const thought = thoughtOf(details)
    return told({ ...(thought !== '' && { reasoning_content: this.#between(true) + thought }), reasoning_details: details.map(withoutEmptyText) })
  }

  #message(item: Json): readonly ChatChunk[] {
    const { message, logprobs } = answerToChat({ output: [item], status: 'completed' }, this.#context).choices[0] ?? {}
    if (!message) return nothing
    const { content, refusal, annotations } = message
    const between = content && this.#length > 0 ? betweenParts : ''
    this.#length += between.length + (content?.length ?? 0)
    const delta: ChatDelta = { ...(content && { content: between + content }), ...(refusal !== null && { refusal }), ...(annotations && { annotations }) }
    return [{ choices: [{ index: 0, delta, ...(logprobs && { logprobs }) }] }]
  }

  #end(type: string, response: Json): readonly ChatChunk[] {
    this.ended = true
    const details = response['incomplete_details']
    const reason = isRecord(details) ? details['reason'] : undefined
    const chunk: ChatChunk = {
      choices: [{ index: 0, delta: {}, finish_reason: finishReasonOf(type.slice('response.'.length), reason, this.#calls > 0) }],
    }
    if (isRecord(response['usage'])) chunk.usage = usageToChat(response['usage'])
    return [...this.#introduce(response), chunk]
  }
}

function told(delta: ChatDelta): readonly ChatChunk[] {
  return [{ choices: [{ index: 0, delta }] }]
}

function called(call: ToolCallDelta): readonly ChatChunk[] {
  return told({ tool_calls: [call] })
}

/** Clients that collect a stream find the text of a signature in what came before. */
function withoutEmptyText(detail: ReasoningDetail): ReasoningDetail {
  if (detail.type !== 'reasoning.text' || detail.text !== '') return detail
  const { text: _text, ...rest } = detail
  return rest
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined // the caller says what it is
  }
}
