import type { Annotation } from '../pivot/chat-answer.ts'
import type { Json } from '../translate/json.ts'
import { annotationFor } from './citations.ts'
import type { ItemStatus, MessageItem, OutputText, Refusal, Tell } from './wire.ts'

/** A message that is being written. */
export class OpenMessage {
  readonly kind = 'message'
  readonly item: MessageItem
  readonly #tell: Tell | undefined
  readonly #at: string
  #part: OutputText | Refusal | undefined
  /** Place of the open part, as members of an event. */
  #in = ''
  /** Where the text of the open part begins in that of the whole answer. */
  #start = 0

  constructor(id: string, outputIndex: number, tell: Tell | undefined) {
    this.item = { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] }
    this.#tell = tell
    this.#at = `"item_id":${JSON.stringify(id)},"output_index":${outputIndex}`
  }

  /** `before`: characters of text that the whole answer had before this piece. */
  text(piece: string, logprobs: readonly Json[], before: number): void {
    const part = this.#part?.type === 'output_text' ? this.#part : this.#begin({ type: 'output_text', annotations: [], logprobs: [], text: '' }, before)
    part.text += piece
    if (logprobs.length > 0) part.logprobs.push(...logprobs)
    this.#tell?.('response.output_text.delta', `${this.#in},"delta":${JSON.stringify(piece)},"logprobs":${logprobs.length > 0 ? JSON.stringify(logprobs) : '[]'}`)
  }

  refuse(piece: string): void {
    const part = this.#part?.type === 'refusal' ? this.#part : this.#begin({ type: 'refusal', refusal: '' }, 0)
    part.refusal += piece
    this.#tell?.('response.refusal.delta', `${this.#in},"delta":${JSON.stringify(piece)}`)
  }

  annotate(annotations: readonly Annotation[], before: number): void {
    for (const annotation of annotations) {
      const part = this.#part?.type === 'output_text' ? this.#part : this.#begin({ type: 'output_text', annotations: [], logprobs: [], text: '' }, before)
      for (const written of annotationFor(annotation, this.#start)) {
        const index = part.annotations.push(written) - 1
        this.#tell?.('response.output_text.annotation.added', `${this.#in},"annotation_index":${index},"annotation":${JSON.stringify(written)}`)
      }
    }
  }

  close(status: ItemStatus): void {
    this.#closePart()
    this.item.status = status
  }

  #begin<P extends OutputText | Refusal>(part: P, before: number): P {
    this.#closePart()
    this.#part = part
    this.#start = before
    this.#in = `${this.#at},"content_index":${this.item.content.push(part) - 1}`
    this.#tell?.('response.content_part.added', `${this.#in},"part":${JSON.stringify(part)}`)
    return part
  }

  #closePart(): void {
    const part = this.#part
    this.#part = undefined
    if (!part || !this.#tell) return
    if (part.type === 'refusal') this.#tell('response.refusal.done', `${this.#in},"refusal":${JSON.stringify(part.refusal)}`)
    else this.#tell('response.output_text.done', `${this.#in},"text":${JSON.stringify(part.text)},"logprobs":${JSON.stringify(part.logprobs)}`)
    this.#tell('response.content_part.done', `${this.#in},"part":${JSON.stringify(part)}`)
  }
}
