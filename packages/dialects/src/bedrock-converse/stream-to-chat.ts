import { isRecord } from '../is-record.ts'
import type { ChatUsage } from '../pivot/chat-answer.ts'
import type { ChatChunk, ChatDelta } from '../pivot/chat-chunk.ts'
import { anthropicFormat } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { parseExact } from '../translate/exact-json.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { ProviderEvent, StreamToChat } from '../translate/translator.ts'
import { bedrockErrorOf, isException } from './exceptions.ts'
import { annotationOf } from './citations.ts'
import { answeredPicture } from './media.ts'
import { tierOf } from './service-tier.ts'
import { stopReasons, stopSequenceIn } from './stop-reason.ts'
import { usageToChat } from './usage.ts'

const nothing: readonly ChatChunk[] = []

/** Which block the pieces belong to that come now. A text, or what was thought, begins with its first piece. */
interface OpenBlock {
  readonly kind: 'said' | 'tool' | 'image' | 'other'
  readonly index: unknown
  /** The number of the call. */
  readonly number: number
  /** The format of a picture. */
  readonly format?: unknown
  /** Something of it has been told beyond its beginning. */
  isFilled: boolean
  /** The number of the piece of reasoning. */
  detail?: number
  /** Where the text of the answer began to be this block's: citations are told by it. */
  readonly start: number
}

/** Reads a stream of Converse: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html */
export class BedrockStreamToChat implements StreamToChat {
  readonly #context: TranslationContext
  #usage: ChatUsage | undefined
  #block: OpenBlock | undefined
  #calls = 0
  #details = 0
  /** Characters of text so far. */
  #length = 0
  #stop: Json | undefined
  /** The counts, which come behind the end of the message. */
  #isCounted = false
  #isTold = false

  constructor(context: TranslationContext) {
    this.#context = context
  }

  get finished(): boolean {
    return this.#stop !== undefined
  }

  get ended(): boolean {
    return this.#stop !== undefined && this.#isCounted
  }

  read({ event, data }: ProviderEvent): readonly ChatChunk[] {
    const body = parsed(data)
    if (isException(event)) return [{ choices: [], error: bedrockErrorOf(event, body) }]
    if (!isRecord(body)) throw new UpstreamNonsense('an event of the stream is not a JSON object')
    switch (event) {
      case 'contentBlockDelta':
        return isRecord(body['delta']) ? this.#delta(body['delta'], body['contentBlockIndex']) : nothing
      case 'contentBlockStart':
        return this.#begin(isRecord(body['start']) ? body['start'] : {}, body['contentBlockIndex'])
      case 'contentBlockStop':
        return this.#close(body['contentBlockIndex'])
      case 'messageStart':
        return [{ choices: [{ index: 0, delta: {} }] }]
      case 'messageStop':
        this.#stop ??= body
        return this.#tellEnd()
      case 'metadata':
        return this.#count(body)
      default:
        return nothing // what is not known yet
    }
  }

  end(): readonly ChatChunk[] {
    this.#isCounted = true
    return this.#tellEnd()
  }

  #begin(start: Json, index: unknown): readonly ChatChunk[] {
    const call = start['toolUse']
    if (isRecord(call) && call['type'] !== 'server_tool_use') return this.#call(call, index)
    const image = start['image']
    if (isRecord(image)) this.#open('image', index, { format: image['format'] })
    // Tools that Bedrock runs: nobody else is to run them.
    else this.#open(Object.keys(start).length === 0 ? 'said' : 'other', index)
    return nothing
  }

  #call({ toolUseId, name }: Json, index: unknown): readonly ChatChunk[] {
    const called = textIn(name)
    if (called === undefined) throw new UpstreamNonsense('a toolUse without a name')
    const number = this.#calls++
    this.#open('tool', index, { number })
    const id = textIn(toolUseId) ?? this.#context.newId('call_')
    return told({ tool_calls: [{ index: number, id, name: this.#context.toolNames.toClient(called), arguments: '' }] })
  }

  #open(kind: OpenBlock['kind'], index: unknown, more: { number?: number; format?: unknown } = {}): OpenBlock {
    const block: OpenBlock = { kind, index, number: 0, isFilled: false, start: this.#length, ...more }
    this.#block = block
    return block
  }

  #delta(delta: Json, index: unknown): readonly ChatChunk[] {
    const open = this.#block
    const block = open && open.index === index ? open : this.#open('said', index)
    if (block.kind === 'tool') return this.#arguments(delta['toolUse'], block)
    if (block.kind === 'image') {
      const picture = answeredPicture({ image: { ...(isRecord(delta['image']) && delta['image']), format: block.format } })
      return picture ? told({ images: [picture] }) : nothing
    }
    if (block.kind === 'other') return nothing
    if (typeof delta['text'] === 'string') return this.#text(delta['text'])
    if (isRecord(delta['reasoningContent'])) return this.#thought(delta['reasoningContent'], block)
    if (isRecord(delta['citation'])) return told({ annotations: [annotationOf(delta['citation'], block.start, this.#length)] })
    return nothing
  }

  #arguments(toolUse: unknown, block: OpenBlock): readonly ChatChunk[] {
    const piece = isRecord(toolUse) ? textIn(toolUse['input']) : undefined
    if (piece === undefined) return nothing
    block.isFilled = true
    return told({ tool_calls: [{ index: block.number, arguments: piece }] })
  }

  #text(content: string): readonly ChatChunk[] {
    if (content === '') return nothing
    this.#length += content.length
    return told({ content })
  }

  #thought({ text: piece, signature: sign, redactedContent: cipher }: Json, block: OpenBlock): readonly ChatChunk[] {
    const text = textIn(piece)
    const signature = textIn(sign)
    const data = textIn(cipher)
    if (data !== undefined) return told({ reasoning_details: [{ type: 'reasoning.encrypted', data, format: anthropicFormat, index: this.#details++ }] })
    if (text === undefined && signature === undefined) return nothing
    block.detail ??= this.#details++
    const detail = { type: 'reasoning.text', ...(text !== undefined && { text }), ...(signature !== undefined && { signature }), format: anthropicFormat, index: block.detail } as const
    return told({ ...(text !== undefined && { reasoning_content: text }), reasoning_details: [detail] })
  }

  /** A tool that takes nothing sends no piece of its arguments: they are an object all the same. */
  #close(index: unknown): readonly ChatChunk[] {
    const block = this.#block
    if (!block || block.index !== index) return nothing
    this.#block = undefined
    return block.kind === 'tool' && !block.isFilled ? told({ tool_calls: [{ index: block.number, arguments: '{}' }] }) : nothing
  }

  #count({ usage, serviceTier }: Json): readonly ChatChunk[] {
    this.#isCounted = true
    if (isRecord(usage)) this.#usage = usageToChat(usage)
    const tier = tierOf(serviceTier)
    return [...(tier.service_tier === undefined ? [] : [{ choices: [], ...tier }]), ...this.#tellEnd()]
  }

  /** Why the answer ended is told with the counts, once both are there. */
  #tellEnd(): readonly ChatChunk[] {
    if (!this.ended || this.#isTold) return nothing
    this.#isTold = true
    const reason = textIn(this.#stop?.['stopReason'])
    const choice = {
      index: 0,
      delta: {},
      finish_reason: stopReasons.toChat(reason ?? '', this.#calls > 0),
      ...(reason !== undefined && { native_finish_reason: reason }),
      ...stopSequenceIn(this.#stop?.['additionalModelResponseFields']),
    }
    return [{ choices: [choice], ...(this.#usage && { usage: this.#usage }) }]
  }
}

function told(delta: ChatDelta): readonly ChatChunk[] {
  return [{ choices: [{ index: 0, delta }] }]
}

function parsed(data: string): unknown {
  try {
    return parseExact(data)
  } catch {
    return undefined // the caller says what it is
  }
}
