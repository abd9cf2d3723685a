import type { ChatUsage } from '../pivot/chat-answer.ts'
import type { ChatChunk, ChatDelta, ChunkChoice, ToolCallDelta } from '../pivot/chat-chunk.ts'
import { isAnthropics, textOfDetail, type ReasoningDetail } from '../pivot/reasoning.ts'
import { CallsInOrder } from '../translate/calls-in-order.ts'
import { namedEvent } from '../translate/sse.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { StreamFromChat } from '../translate/translator.ts'
import { citationsFor } from './citations.ts'
import { stopReasons } from './stop-reason.ts'
import { usageFromChat } from './usage.ts'

type Open = { readonly kind: 'text' | 'tool' } | { readonly kind: 'thinking'; detail: number | undefined }

/** Writes a stream of Anthropic's Messages out of the first choice of a chat. */
export class AnthropicStreamFromChat implements StreamFromChat {
  readonly #context: TranslationContext
  #isStarted = false
  #open: Open | undefined
  /** Number of the open block, or of the next one. */
  #index = 0
  readonly #calls: CallsInOrder
  #usage: ChatUsage | undefined
  #stop: string | undefined
  #stopSequence: string | undefined
  #hasRefused = false

  constructor(context: TranslationContext) {
    this.#context = context
    this.#calls = new CallsInOrder(context.options.maxHeld)
  }

  write(chunk: ChatChunk, out: Buffer[]): void {
    if (chunk.usage) this.#usage = chunk.usage
    if (!this.#isStarted) this.#start(chunk, out)
    for (const choice of chunk.choices) if (choice.index === 0) this.#choice(choice, out)
  }

  end(out: Buffer[]): void {
    if (!this.#isStarted) this.#start({ choices: [] }, out)
    for (const call of this.#calls.rest()) this.#call(call, out)
    this.#close(out)
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
    this.#stop = stopReasons.toClient({ ...choice, finish_reason: choice.finish_reason })
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
    if (calls) for (const call of calls) for (const told of this.#calls.add(call)) this.#call(told, out)
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

  #call({ id, name, arguments: text }: ToolCallDelta, out: Buffer[]): void {
    if (id !== undefined) this.#begin({ kind: 'tool' }, JSON.stringify({ type: 'tool_use', id, name, input: {} }), out)
    if (text !== '') this.#piece(`{"type":"input_json_delta","partial_json":${JSON.stringify(text)}}`, out)
  }

  #begin(open: Open, block: string, out: Buffer[]): void {
    this.#close(out)
    if (open.kind !== 'tool') this.#calls.close()
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
