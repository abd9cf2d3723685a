import { isRecord } from '../is-record.ts'
import type { ChatChunk, ChatDelta, ChunkChoice } from '../pivot/chat-chunk.ts'
import { anthropicFormat } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { ProviderEvent, StreamToChat } from '../translate/translator.ts'
import { errorInside } from '../upstream-error.ts'
import { mergeUsage } from '../usage.ts'
import { annotationOf } from './citations.ts'
import { serviceTierOf } from './service-tier.ts'
import { stopReasons } from './stop-reason.ts'
import { usageToChat } from './usage.ts'

const nothing: readonly ChatChunk[] = []

/** Which block the pieces belong to that come now. */
interface OpenBlock {
  readonly kind: 'text' | 'thinking' | 'tool' | 'other'
  readonly index: unknown
  /** The number of the call, or of the piece of reasoning. */
  readonly number: number
  /** Something of it has been told beyond its beginning. */
  isFilled: boolean
}

/** Reads a stream of Anthropic's Messages: https://docs.anthropic.com/en/docs/build-with-claude/streaming */
export class AnthropicStreamToChat implements StreamToChat {
  readonly #context: TranslationContext
  #isStarted = false
  #usage: unknown
  #block: OpenBlock | undefined
  /** The last event held a piece of the open block's text. */
  #isText = false
  #calls = 0
  #details = 0
  /** Characters of text so far, and where the open block began: citations are told by it. */
  #length = 0
  #blockStart = 0
  #stop: Pick<ChunkChoice, 'finish_reason' | 'native_finish_reason' | 'stop_sequence'> | undefined
  ended = false

  constructor(context: TranslationContext) {
    this.#context = context
  }

  get finished(): boolean {
    return this.ended
  }

  readLike(text: string): readonly ChatChunk[] | undefined {
    return this.#isText ? this.#text(text) : undefined
  }

  read({ event, data }: ProviderEvent): readonly ChatChunk[] {
    this.#isText = false
    if (data === '' || data === '[DONE]') return nothing
    const body = parsed(data)
    if (!isRecord(body)) {
      if (event === 'error') return [{ choices: [], error: errorInside({ error: data.slice(0, 1024) }) }]
      throw new UpstreamNonsense('an event of the stream is not a JSON object')
    }
    switch (textIn(body['type']) ?? event) {
      case 'content_block_delta':
        return isRecord(body['delta']) ? this.#delta(body['delta'], body['index']) : nothing
      case 'content_block_start':
        return isRecord(body['content_block']) ? this.#begin(body['content_block'], body['index']) : nothing
      case 'content_block_stop':
        return this.#close(body['index'])
      case 'message_start':
        return isRecord(body['message']) ? this.#start(body['message']) : nothing
      case 'message_delta':
        this.#finish(body)
        return nothing
      case 'message_stop':
        return this.#stopAll()
      case 'error':
        return [{ choices: [], error: errorInside(body) }]
      default:
        return nothing // pings, and what is not known yet
    }
  }

  end(): readonly ChatChunk[] {
    return nothing
  }

  /** Some servers begin twice; the first counts. */
  #start(message: Json): readonly ChatChunk[] {
    if (this.#isStarted) return nothing
    this.#isStarted = true
    this.#usage = message['usage']
    const chunk: ChatChunk = { choices: [{ index: 0, delta: {} }], ...this.#counted() }
    const id = textIn(message['id'])
    const model = textIn(message['model'])
    if (id !== undefined) chunk.id = id
    if (model !== undefined) chunk.model = model
    const tier = isRecord(this.#usage) ? serviceTierOf(this.#usage) : undefined
    if (tier !== undefined) chunk.service_tier = tier
    return [chunk]
  }

  #begin(block: Json, index: unknown): readonly ChatChunk[] {
    const open = (kind: OpenBlock['kind'], number = 0): void => {
      this.#block = { kind, index, number, isFilled: false }
    }
    switch (block['type']) {
      case 'text':
        this.#blockStart = this.#length
        open('text')
        return this.#text(block['text'])
      case 'thinking':
        open('thinking', this.#details++)
        return this.#thinking(block['thinking'], block['signature'])
      case 'redacted_thinking': {
        open('other')
        if (typeof block['data'] !== 'string') return nothing
        return told({ reasoning_details: [{ type: 'reasoning.encrypted', data: block['data'], format: anthropicFormat, index: this.#details++ }] })
      }
      case 'tool_use':
        open('tool', this.#calls++)
        return this.#call(block)
      default:
        open('other') // tools that Anthropic runs: nobody else is to run them
        return nothing
    }
  }

  #call({ id, name, input }: Json): readonly ChatChunk[] {
    const called = textIn(name)
    if (called === undefined) throw new UpstreamNonsense('a tool_use block without a name')
    const given = isRecord(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : ''
    if (this.#block && given !== '') this.#block.isFilled = true
    return told({
      tool_calls: [
        { index: this.#calls - 1, id: textIn(id) ?? this.#context.newId('call_'), name: this.#context.toolNames.toClient(called), arguments: given },
      ],
    })
  }

  #delta(delta: Json, index: unknown): readonly ChatChunk[] {
    const block = this.#block
    if (!block || block.index !== index) return nothing
    switch (delta['type']) {
      case 'text_delta':
        this.#isText = true
        return this.#text(delta['text'])
      case 'thinking_delta':
        return this.#thinking(delta['thinking'], undefined)
      case 'signature_delta':
        return this.#thinking(undefined, delta['signature'])
      case 'input_json_delta': {
        const piece = textIn(delta['partial_json'])
        if (piece === undefined || block.kind !== 'tool') return nothing
        block.isFilled = true
        return told({ tool_calls: [{ index: block.number, arguments: piece }] })
      }
      case 'citations_delta':
        return isRecord(delta['citation']) ? told({ annotations: [annotationOf(delta['citation'], this.#blockStart, this.#length)] }) : nothing
      default:
        return nothing
    }
  }

  #text(piece: unknown): readonly ChatChunk[] {
    const content = textIn(piece)
    if (content === undefined || this.#block?.kind !== 'text') return nothing
    this.#length += content.length
    return told({ content })
  }

  #thinking(piece: unknown, sign: unknown): readonly ChatChunk[] {
    if (this.#block?.kind !== 'thinking') return nothing
    const text = textIn(piece)
    const signature = textIn(sign)
    if (text === undefined && signature === undefined) return nothing
    const detail = { type: 'reasoning.text', ...(text !== undefined && { text }), ...(signature !== undefined && { signature }), format: anthropicFormat, index: this.#block.number } as const
    return told({ ...(text !== undefined && { reasoning_content: text }), reasoning_details: [detail] })
  }

  /** A tool that takes nothing sends no piece of its arguments: they are an object all the same. */
  #close(index: unknown): readonly ChatChunk[] {
    const block = this.#block
    if (!block || block.index !== index) return nothing
    this.#block = undefined
    return block.kind === 'tool' && !block.isFilled ? told({ tool_calls: [{ index: block.number, arguments: '{}' }] }) : nothing
  }

  #finish({ delta, usage }: Json): void {
    if (isRecord(usage)) this.#usage = mergeUsage(this.#usage, usage)
    const reason = isRecord(delta) ? textIn(delta['stop_reason']) : undefined
    if (!isRecord(delta) || reason === undefined) return
    this.#stop = { finish_reason: stopReasons.toChat(reason, this.#calls > 0), native_finish_reason: reason }
    if (typeof delta['stop_sequence'] === 'string') this.#stop.stop_sequence = delta['stop_sequence']
  }

  #stopAll(): readonly ChatChunk[] {
    this.ended = true
    const stop = this.#stop ?? { finish_reason: this.#calls > 0 ? 'tool_calls' : 'stop' }
    return [{ choices: [{ index: 0, delta: {}, ...stop }], ...this.#counted() }]
  }

  #counted(): Pick<ChatChunk, 'usage'> {
    return isRecord(this.#usage) ? { usage: usageToChat(this.#usage) } : {}
  }
}

function told(delta: ChatDelta): readonly ChatChunk[] {
  return [{ choices: [{ index: 0, delta }] }]
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined // the caller says what it is
  }
}
