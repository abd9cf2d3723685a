import { isRecord } from '../is-record.ts'
import type { ChatToolCall, ImagePart } from '../pivot/chat-request.ts'
import type { ReasoningDetail } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { madeCallId } from './made-ids.ts'
import { member } from './member.ts'
import { geminiFormat, withSignature } from './signature.ts'

/** What one part of a candidate says. */
export type Told =
  | { readonly text: string }
  | { readonly thought: string; readonly detail: ReasoningDetail }
  | { readonly detail: ReasoningDetail }
  | { readonly call: ChatToolCall }
  | { readonly image: ImagePart }

/** Numbers what a candidate says, part by part: the same whether its parts come at once or one by one. */
export class CandidateParts {
  readonly #context: TranslationContext
  readonly #candidate: number
  #calls = 0
  #details = 0
  /** The piece of reasoning that a thought goes on with. */
  #thought: number | undefined

  constructor(context: TranslationContext, candidate: number) {
    this.#context = context
    this.#candidate = candidate
  }

  get hasCalls(): boolean {
    return this.#calls > 0
  }

  /** `answerId`: the id of the answer, by which calls without an id are told apart. */
  read(part: Json, answerId: string): readonly Told[] {
    const signature = textIn(member(part, 'thoughtSignature'))
    const call = member(part, 'functionCall')
    const text = textIn(part['text'])
    if (call !== undefined && call !== null) return this.#call(call, answerId, signature)
    if (part['thought'] === true) return this.#think(text, signature)
    const told: Told[] = []
    if (text !== undefined) told.push({ text })
    const picture = pictureOf(part)
    if (picture) told.push({ image: picture })
    if (signature !== undefined) told.push({ detail: { type: 'reasoning.encrypted', data: signature, format: geminiFormat, index: this.#details++ } })
    if (told.length > 0) this.#thought = undefined
    return told
  }

  #think(text: string | undefined, signature: string | undefined): readonly Told[] {
    if (text === undefined && signature === undefined) return []
    this.#thought ??= this.#details++
    const about = { format: geminiFormat, index: this.#thought }
    const detail: ReasoningDetail = { type: 'reasoning.text', ...(text !== undefined && { text }), ...(signature !== undefined && { signature }), ...about }
    // What is signed is whole.
    if (signature !== undefined) this.#thought = undefined
    return [{ thought: text ?? '', detail }]
  }

  #call(call: unknown, answerId: string, signature: string | undefined): readonly Told[] {
    const name = isRecord(call) ? textIn(call['name']) : undefined
    if (!isRecord(call) || name === undefined) throw new UpstreamNonsense('a functionCall without a name')
    this.#thought = undefined
    const number = this.#calls++
    return [
      {
        call: {
          id: textIn(call['id']) ?? madeCallId(answerId, this.#candidate, number),
          type: 'function',
          function: { name: this.#context.toolNames.toClient(name), arguments: JSON.stringify(isRecord(call['args']) ? call['args'] : {}) },
          ...withSignature(signature),
        },
      },
    ]
  }
}

function pictureOf(part: Json): ImagePart | undefined {
  const inline = member(part, 'inlineData')
  if (!isRecord(inline)) return undefined
  const media = textIn(member(inline, 'mimeType'))
  const data = textIn(inline['data'])
  if (media === undefined || data === undefined || !media.startsWith('image/')) return undefined
  return { type: 'image_url', image_url: { url: `data:${media};base64,${data}` } }
}
