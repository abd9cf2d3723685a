import { messageEncoder } from '@sluice/provider'
import type { ChatUsage } from '../pivot/chat-answer.ts'
import type { ChatChunk, ChatDelta, ChunkChoice, ToolCallDelta } from '../pivot/chat-chunk.ts'
import type { ImagePart } from '../pivot/chat-request.ts'
import { isAnthropics, textOfDetail, type ReasoningDetail } from '../pivot/reasoning.ts'
import { CallsInOrder } from '../translate/calls-in-order.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { StreamFromChat } from '../translate/translator.ts'
import { madePicture } from './media.ts'
import { metricsFor } from './metrics.ts'
import { tierFor } from './service-tier.ts'
import { stopReasons, stopSequenceFor } from './stop-reason.ts'
import { usageFromChat } from './usage.ts'

/** How messages of each kind are written: their headers are always the same. */
const events = {
  messageStart: encoderOf('messageStart'),
  contentBlockStart: encoderOf('contentBlockStart'),
  contentBlockDelta: encoderOf('contentBlockDelta'),
  contentBlockStop: encoderOf('contentBlockStop'),
  messageStop: encoderOf('messageStop'),
  metadata: encoderOf('metadata'),
} as const

function encoderOf(event: string): (payload: string) => Buffer {
  return messageEncoder({ ':event-type': event, ':content-type': 'application/json', ':message-type': 'event' })
}

type Open = { readonly kind: 'text' | 'tool' } | { readonly kind: 'thought'; detail: number | undefined }

/** Writes a stream of Converse out of the first choice of a chat: each buffer is one binary message. */
export class BedrockStreamFromChat implements StreamFromChat {
  readonly #context: TranslationContext
  readonly #calls: CallsInOrder
  #isStarted = false
  #open: Open | undefined
  /** Number of the open block, or of the next one. */
  #index = 0
  #usage: ChatUsage | undefined
  #tier: string | undefined
  #stop: string | undefined
  #stopSequence: string | undefined
  #hasRefused = false

  constructor(context: TranslationContext) {
    this.#context = context
    this.#calls = new CallsInOrder(context.options.maxHeld)
  }

  write({ choices, usage, service_tier: tier }: ChatChunk, out: Buffer[]): void {
    if (usage) this.#usage = usage
    if (tier !== undefined) this.#tier = tier
    this.#start(out)
    for (const choice of choices) if (choice.index === 0) this.#choice(choice, out)
  }

  end(out: Buffer[]): void {
    this.#start(out)
    for (const call of this.#calls.rest()) this.#call(call, out)
    this.#close(out)
    const stopReason = this.#hasRefused ? 'content_filtered' : (this.#stop ?? 'end_turn')
    const metadata = { usage: usageFromChat(this.#usage), metrics: metricsFor(this.#context), ...tierFor(this.#tier) }
    out.push(events.messageStop(JSON.stringify({ stopReason, ...stopSequenceFor(this.#stopSequence) })), events.metadata(JSON.stringify(metadata)))
  }

  #start(out: Buffer[]): void {
    if (this.#isStarted) return
    this.#isStarted = true
    out.push(events.messageStart('{"role":"assistant"}'))
  }

  #choice(choice: ChunkChoice, out: Buffer[]): void {
    this.#delta(choice.delta, out)
    if (choice.finish_reason === undefined) return
    this.#stop = stopReasons.toClient({ ...choice, finish_reason: choice.finish_reason })
    this.#stopSequence = choice.stop_sequence
  }

  #delta({ reasoning_content: thought, reasoning_details: details, content, refusal, images, tool_calls: calls }: ChatDelta, out: Buffer[]): void {
    if (details || thought !== undefined) this.#think(details ?? [], thought ?? '', out)
    if (content !== undefined) this.#text(content, out)
    if (refusal !== undefined) {
      this.#hasRefused = true
      this.#text(refusal, out)
    }
    if (images) for (const image of images) this.#picture(image, out)
    if (calls) for (const call of calls) for (const told of this.#calls.add(call)) this.#call(told, out)
  }

  #think(details: readonly ReasoningDetail[], thought: string, out: Buffer[]): void {
    // Where details have the text, `reasoning_content` says it for others.
    if (thought !== '' && !details.some((detail) => textOfDetail(detail) !== '')) this.#thought(undefined, 'text', thought, out)
    for (const detail of details) {
      if (detail.type === 'reasoning.encrypted') {
        if (isAnthropics(detail)) this.#redacted(detail.data, out)
        continue
      }
      this.#thought(detail.index, 'text', textOfDetail(detail), out)
      if (detail.type === 'reasoning.text' && detail.signature && isAnthropics(detail)) this.#thought(detail.index, 'signature', detail.signature, out)
    }
  }

  #thought(detail: number | undefined, member: 'text' | 'signature', piece: string, out: Buffer[]): void {
    if (piece === '') return
    if (this.#open?.kind !== 'thought' || (detail !== undefined && this.#open.detail !== undefined && this.#open.detail !== detail)) this.#begin({ kind: 'thought', detail }, out)
    this.#piece(`{"reasoningContent":{"${member}":${JSON.stringify(piece)}}}`, out)
  }

  #redacted(data: string, out: Buffer[]): void {
    this.#begin({ kind: 'thought', detail: undefined }, out)
    this.#piece(`{"reasoningContent":{"redactedContent":${JSON.stringify(data)}}}`, out)
    this.#close(out)
  }

  #text(text: string, out: Buffer[]): void {
    if (text === '') return
    if (this.#open?.kind !== 'text') this.#begin({ kind: 'text' }, out)
    this.#piece(`{"text":${JSON.stringify(text)}}`, out)
  }

  #picture(image: ImagePart, out: Buffer[]): void {
    for (const { image: made } of madePicture(image) as { image: { format: string; source: object } }[]) {
      this.#begin({ kind: 'text' }, out, JSON.stringify({ image: { format: made.format } }))
      this.#piece(JSON.stringify({ image: { source: made.source } }), out)
      this.#close(out)
    }
  }

  #call({ id, name, arguments: text }: ToolCallDelta, out: Buffer[]): void {
    if (id !== undefined) this.#begin({ kind: 'tool' }, out, JSON.stringify({ toolUse: { toolUseId: id, name } }))
    if (text !== '') this.#piece(`{"toolUse":{"input":${JSON.stringify(text)}}}`, out)
  }

  /** A text, or what was thought, begins with its first piece; the others say what they are. */
  #begin(open: Open, out: Buffer[], start?: string): void {
    this.#close(out)
    if (open.kind !== 'tool') this.#calls.close()
    this.#open = open
    if (start !== undefined) out.push(events.contentBlockStart(`{"contentBlockIndex":${this.#index},"start":${start}}`))
  }

  #piece(delta: string, out: Buffer[]): void {
    out.push(events.contentBlockDelta(`{"contentBlockIndex":${this.#index},"delta":${delta}}`))
  }

  #close(out: Buffer[]): void {
    if (!this.#open) return
    this.#open = undefined
    out.push(events.contentBlockStop(`{"contentBlockIndex":${this.#index}}`))
    this.#index++
  }
}
