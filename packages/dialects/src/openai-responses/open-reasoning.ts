import { isOpenAis, openAiFormat, textOfDetail, type ReasoningDetail } from '../pivot/reasoning.ts'
import { foreignCipherFor } from './foreign-cipher.ts'
import type { ReasoningItem, Tell } from './wire.ts'

type Part = { readonly kind: 'summary' | 'content'; readonly key: string; readonly index: number; readonly part: { text: string } }

/** A reasoning item that is being written. Its key is that of the details that belong to it. */
export class OpenReasoning {
  readonly kind = 'reasoning'
  readonly key: string
  readonly item: ReasoningItem
  readonly #tell: Tell | undefined
  readonly #at: string
  #part: Part | undefined

  constructor(key: string, id: string, outputIndex: number, tell: Tell | undefined) {
    this.key = key
    this.item = { id, type: 'reasoning', summary: [] }
    this.#tell = tell
    this.#at = `"item_id":${JSON.stringify(id)},"output_index":${outputIndex}`
  }

  /** Whether a detail still belongs to this item, or begins another. */
  has(detail: ReasoningDetail): boolean {
    return this.key === keyOf(detail) && (this.item.encrypted_content === undefined || (detail.id ?? '') !== '')
  }

  add(detail: ReasoningDetail): void {
    const text = textOfDetail(detail)
    const isRaw = detail.type === 'reasoning.text' && isOpenAis(detail)
    if (text !== '') this.text(text, isRaw ? 'content' : 'summary', `${detail.type} ${isOpenAis(detail) ? (detail.index ?? '') : ''}`)
    const format = detail.format ?? ''
    if (detail.type === 'reasoning.encrypted') {
      this.item.encrypted_content = isOpenAis(detail) ? detail.data : foreignCipherFor({ format: vendorOf(format), kind: 'data', value: detail.data })
    } else if (detail.type === 'reasoning.text' && detail.signature) {
      this.item.encrypted_content = foreignCipherFor({ format: vendorOf(format), kind: 'signature', value: detail.signature })
    }
  }

  /** A piece of what it thought. Another key begins another part. */
  text(text: string, kind: Part['kind'], key: string): void {
    const open = this.#part?.key === key ? this.#part : this.#begin(kind, key)
    open.part.text += text
    const type = kind === 'summary' ? 'response.reasoning_summary_text.delta' : 'response.reasoning_text.delta'
    this.#tell?.(type, `${this.#in(open)},"delta":${JSON.stringify(text)}`)
  }

  close(): void {
    const open = this.#part
    this.#part = undefined
    if (!open || !this.#tell) return
    const name = open.kind === 'summary' ? 'response.reasoning_summary' : 'response.reasoning'
    this.#tell(`${name}_text.done`, `${this.#in(open)},"text":${JSON.stringify(open.part.text)}`)
    this.#tell(open.kind === 'summary' ? `${name}_part.done` : 'response.content_part.done', `${this.#in(open)},"part":${JSON.stringify(open.part)}`)
  }

  #begin(kind: Part['kind'], key: string): Part {
    this.close()
    const open = kind === 'summary' ? this.#beginSummary(key) : this.#beginContent(key)
    this.#part = open
    const type = kind === 'summary' ? 'response.reasoning_summary_part.added' : 'response.content_part.added'
    this.#tell?.(type, `${this.#in(open)},"part":${JSON.stringify(open.part)}`)
    return open
  }

  #beginSummary(key: string): Part {
    const part = { type: 'summary_text' as const, text: '' }
    return { kind: 'summary', key, index: this.item.summary.push(part) - 1, part }
  }

  #beginContent(key: string): Part {
    const part = { type: 'reasoning_text' as const, text: '' }
    this.item.content ??= []
    return { kind: 'content', key, index: this.item.content.push(part) - 1, part }
  }

  #in({ kind, index }: Part): string {
    return `${this.#at},"${kind}_index":${index}`
  }
}

/** Details of OpenAI's belong together by their id, each of another vendor's stands alone. */
export function keyOf(detail: ReasoningDetail): string {
  return isOpenAis(detail) ? `id ${detail.id ?? ''}` : `index ${detail.index ?? ''}`
}

/** Vendors that are not named are Anthropic, by the pivot's rule. */
function vendorOf(format: string): string {
  return format === '' || format === openAiFormat ? 'anthropic-claude-v1' : format
}
