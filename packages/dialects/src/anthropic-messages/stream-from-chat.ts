import type { ChatUsage } from '../pivot/chat-answer.ts'
import type { ChatChunk, ChatDelta, ChunkChoice, ToolCallDelta } from '../pivot/chat-chunk.ts'
import { isAnthropics, textOfDetail, type ReasoningDetail } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { namedEvent } from '../translate/sse.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { StreamFromChat } from '../translate/translator.ts'
import { citationsFor } from './citations.ts'
import { JsonEnd } from '../translate/json-end.ts'
import { stopReasonFor } from './stop-reason.ts'
import { usageFromChat } from './usage.ts'

/** A call that waits until the one before it is whole: Anthropic's blocks come one after the other. */
interface WaitingCall {
  readonly call: ToolCallDelta
  text: string
}

type Open = { readonly kind: 'text' } | { readonly kind: 'thinking'; detail: number | undefined } | { readonly kind: 'tool'; readonly call: number; readonly end: JsonEnd }

/** Writes a stream of Anthropic's Messages out of the first choice of a chat. */
export class AnthropicStreamFromChat implements StreamFromChat {
  readonly #context: TranslationContext
  #isStarted = false
  #open: Open | undefined
  /** Number of the open block, or of the next one. */
  #index = 0
  readonly #waiting = new Map<number, WaitingCall>()
  #heldLength = 0
  #usage: ChatUsage | undefined
  #stop: string | undefined
  #stopSequence: string | undefined
  #hasRefused = false

  constructor(context: TranslationContext) {
    this.#context = context
  }

  write(chunk: ChatChunk, out: Buffer[]): void {
    if (chunk.usage) this.#usage = chunk.usage
    if (!this.#isStarted) this.#start(chunk, out)
    for (const choice of chunk.choices) if (choice.index === 0) this.#choice(choice, out)
  }

  end(out: Buffer[]): void {
    if (!this.#isStarted) this.#start({ choices: [] }, out)
    this.#close(out)
    this.#releaseAll(out)
    const delta = { stop_reason: this.#hasRefused ? 'refusal' : (this.#stop ?? 'end_turn'), stop_sequence: this.#stopSequence ?? null }
    out.push(namedEvent('message_delta', JSON.stringify({ type: 'message_delta', delta, usage: usageFromChat(this.#usage) })), messageStop)
  }

  #start({ id, model, service_tier }: ChatChunk, out: Buffer[]): void {
    this.#isStarted = true
    const message = {
      id: id ?? this.#context.newId('msg_'),
      type: 'message',
      role: 'assistant',
      model: model ?? this.#context.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: usageFromChat(this.#usage, service_tier),
    }
    out.push(namedEvent('message_start', JSON.stringify({ type: 'message_start', message })))
  }

  #choice(choice: ChunkChoice, out: Buffer[]): void {
    this.#delta(choice.delta, out)
    if (choice.finish_reason === undefined) return
    this.#stop = stopReasonFor({ ...choice, finish_reason: choice.finish_reason })
    this.#stopSequence = choice.stop_sequence
  }

  #delta({ reasoning_content: thought, reasoning_details: details, content, refusal, annotations, tool_calls: calls }: ChatDelta, out: Buffer[]): void {
    if (details || thought !== undefined) this.#think(details ?? [], thought ?? '', out)
    if (content !== undefined) this.#text(content, out)
    if (refusal !== undefined) {
      this.#hasRefused = true
      this.#text(refusal, out)
    }
    if (annotations) {
      for (const citation of citationsFor(annotations)) {
        this.#openText(out)
        this.#piece(`{"type":"citations_delta","citation":${JSON.stringify(citation)}}`, out)
      }
    }
    if (calls) for (const call of calls) this.#call(call, out)
  }

  #think(details: readonly ReasoningDetail[], thought: string, out: Buffer[]): void {
    // Where details have the text, `reasoning_content` says it for others.
    if (thought !== '' && !details.some((detail) => textOfDetail(detail) !== '')) this.#thinking(undefined, thought, out)
    for (const detail of details) {
      if (detail.type === 'reasoning.encrypted') {
        if (isAnthropics(detail)) this.#redacted(detail.data, out)
        continue
      }
      this.#thinking(detail.index, textOfDetail(detail), out)
      if (detail.type !== 'reasoning.text' || !detail.signature || !isAnthropics(detail)) continue
      this.#thinking(detail.index, '', out, true)
      this.#piece(`{"type":"signature_delta","signature":${JSON.stringify(detail.signature)}}`, out)
    }
  }

  /** `must`: the block is needed although there is no text for it. */
  #thinking(detail: number | undefined, text: string, out: Buffer[], must = false): void {
    if (text === '' && !must) return
    if (this.#open?.kind !== 'thinking' || (detail !== undefined && this.#open.detail !== undefined && this.#open.detail !== detail)) {
      this.#begin({ kind: 'thinking', detail }, '{"type":"thinking","thinking":"","signature":""}', out)
    }
    if (text !== '') this.#piece(`{"type":"thinking_delta","thinking":${JSON.stringify(text)}}`, out)
  }

  #redacted(data: string, out: Buffer[]): void {
    this.#begin({ kind: 'text' }, JSON.stringify({ type: 'redacted_thinking', data }), out)
    this.#close(out)
  }

  #text(text: string, out: Buffer[]): void {
    if (text === '') return
    this.#openText(out)
    this.#piece(`{"type":"text_delta","text":${JSON.stringify(text)}}`, out)
  }

  #openText(out: Buffer[]): void {
    if (this.#open?.kind !== 'text') this.#begin({ kind: 'text' }, '{"type":"text","text":""}', out)
  }

  #call(call: ToolCallDelta, out: Buffer[]): void {
    const open = this.#open
    if (open?.kind === 'tool' && open.call === call.index) return this.#arguments(open, call.arguments, out)
    const waiting = this.#waiting.get(call.index)
    if (waiting) return this.#hold(waiting, call.arguments)
    if (call.id === undefined && call.arguments.trim() === '') return
    if (call.id === undefined) throw new UpstreamNonsense('a tool call goes on after something else has begun')
    if (open?.kind === 'tool' && !open.end.isWhole) {
      const held: WaitingCall = { call, text: '' }
      this.#waiting.set(call.index, held)
      return this.#hold(held, call.arguments)
    }
    this.#beginCall(call, call.arguments, out)
  }

  #hold(waiting: WaitingCall, text: string): void {
    this.#heldLength += text.length
    if (this.#heldLength > this.#context.options.maxHeld) throw new UpstreamNonsense('parallel tool calls are too large to be put in order', 'event_too_large')
    waiting.text += text
  }

  #beginCall({ index, id, name }: ToolCallDelta, text: string, out: Buffer[]): void {
    const open: Open = { kind: 'tool', call: index, end: new JsonEnd() }
    this.#begin(open, JSON.stringify({ type: 'tool_use', id, name, input: {} }), out)
    this.#arguments(open, text, out)
  }

  #arguments(open: Extract<Open, { kind: 'tool' }>, text: string, out: Buffer[]): void {
    if (text === '') return
    this.#piece(`{"type":"input_json_delta","partial_json":${JSON.stringify(text)}}`, out)
    open.end.see(text)
    if (open.end.isWhole) this.#release(out)
  }

  /** The call that waited longest, once the open one is whole. */
  #release(out: Buffer[]): void {
    for (const [index, { call, text }] of this.#waiting) {
      this.#waiting.delete(index)
      this.#heldLength -= text.length
      this.#beginCall(call, text, out)
      return
    }
  }

  #releaseAll(out: Buffer[]): void {
    while (this.#waiting.size > 0) this.#release(out)
    this.#close(out)
  }

  #begin(open: Open, block: string, out: Buffer[]): void {
    this.#close(out)
    this.#open = open
    out.push(namedEvent('content_block_start', `{"type":"content_block_start","index":${this.#index},"content_block":${block}}`))
  }

  #piece(delta: string, out: Buffer[]): void {
    out.push(namedEvent('content_block_delta', `{"type":"content_block_delta","index":${this.#index},"delta":${delta}}`))
  }

  #close(out: Buffer[]): void {
    if (!this.#open) return
    this.#open = undefined
    out.push(namedEvent('content_block_stop', `{"type":"content_block_stop","index":${this.#index}}`))
    this.#index++
  }
}

const messageStop = namedEvent('message_stop', '{"type":"message_stop"}')
