import type { ChatDelta, ToolCallDelta } from '../pivot/chat-chunk.ts'
import { textOfDetail, type ReasoningDetail } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { OpenCall } from './open-call.ts'
import { OpenCustomCall } from './open-custom-call.ts'
import { OpenMessage } from './open-message.ts'
import { keyOf, OpenReasoning } from './open-reasoning.ts'
import type { ItemStatus, OutputItem, Tell } from './wire.ts'

const plainThought = 'plain'

/**
 * The output of a response, as it is written: of a whole answer in one go, of a streamed one piece by piece, with the events
 * that tell of it. A message or reasoning ends where another item begins; calls that overlap stay open beside each other.
 */
export class OutputItems {
  readonly items: OutputItem[] = []
  readonly #context: TranslationContext
  readonly #tell: Tell | undefined
  #open: OpenMessage | OpenReasoning | undefined
  readonly #calls = new Map<number, OpenCall | OpenCustomCall>()
  /** Characters of text so far. */
  #length = 0

  constructor(context: TranslationContext, tell?: Tell) {
    this.#context = context
    this.#tell = tell
  }

  add({ reasoning_content: thought, reasoning_details: details, content, refusal, annotations, tool_calls: calls }: ChatDelta, logprobs: readonly Json[]): void {
    if (details || thought !== undefined) this.#think(details ?? [], thought ?? '')
    if (content !== undefined && content !== '') {
      this.#message().text(content, logprobs, this.#length)
      this.#length += content.length
    }
    if (annotations) this.#message().annotate(annotations, this.#length)
    if (refusal !== undefined && refusal !== '') this.#message().refuse(refusal)
    if (calls) for (const call of calls) this.#call(call)
  }

  /** Ends all that is open. What the end has cut off is incomplete. */
  close(status: ItemStatus): void {
    this.#closeOpen(status)
    for (const call of this.#calls.values()) this.#closeCall(call, call.isWhole ? 'completed' : status)
    this.#calls.clear()
  }

  #think(details: readonly ReasoningDetail[], thought: string): void {
    // Where details have the text, `reasoning_content` says it for others.
    if (thought !== '' && !details.some((detail) => textOfDetail(detail) !== '')) {
      const open = this.#open?.kind === 'reasoning' && this.#open.key === plainThought ? this.#open : this.#beginReasoning(plainThought, '')
      open.text(thought, 'summary', plainThought)
    }
    for (const detail of details) {
      const open = this.#open?.kind === 'reasoning' && this.#open.has(detail) ? this.#open : this.#beginReasoning(keyOf(detail), detail.id ?? '')
      open.add(detail)
    }
  }

  #beginReasoning(key: string, id: string): OpenReasoning {
    this.#closeOpen('completed')
    const open = new OpenReasoning(key, id === '' ? this.#context.newId('rs_') : id, this.items.length, this.#tell)
    this.#open = open
    this.#begin(open.item)
    return open
  }

  #message(): OpenMessage {
    if (this.#open?.kind === 'message') return this.#open
    this.#closeOpen('completed')
    const open = new OpenMessage(this.#context.newId('msg_'), this.items.length, this.#tell)
    this.#open = open
    this.#begin(open.item)
    return open
  }

  #call({ index, id, name, arguments: text }: ToolCallDelta): void {
    const known = this.#calls.get(index)
    if (known) return known.text(text)
    if (id === undefined || name === undefined) {
      if (text.trim() === '') return
      throw new UpstreamNonsense('a tool call goes on after its end')
    }
    this.#closeOpen('completed')
    for (const [number, before] of this.#calls) {
      if (!before.isWhole) continue
      this.#calls.delete(number)
      this.#closeCall(before, 'completed')
    }
    const call = this.#context.customTools.has(name)
      ? new OpenCustomCall(this.#context.newId('ctc_'), id, name, this.items.length, this.#tell)
      : new OpenCall(this.#context.newId('fc_'), id, name, this.items.length, this.#tell)
    this.#calls.set(index, call)
    this.#begin(call.item)
    call.text(text)
  }

  #begin(item: OutputItem): void {
    this.items.push(item)
    this.#tell?.('response.output_item.added', `"output_index":${this.items.length - 1},"item":${JSON.stringify(item)}`)
  }

  #closeOpen(status: ItemStatus): void {
    const open = this.#open
    if (!open) return
    this.#open = undefined
    open.close(status)
    this.#done(open.item, this.items.indexOf(open.item))
  }

  #closeCall(call: OpenCall | OpenCustomCall, status: ItemStatus): void {
    call.close(status)
    this.#done(call.item, call.outputIndex)
  }

  #done(item: OutputItem, outputIndex: number): void {
    this.#tell?.('response.output_item.done', `"output_index":${outputIndex},"item":${JSON.stringify(item)}`)
  }
}
