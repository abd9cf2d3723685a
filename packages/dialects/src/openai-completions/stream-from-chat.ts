import type { ChatUsage } from '../pivot/chat-answer.ts'
import type { ChatChunk, ChunkChoice } from '../pivot/chat-chunk.ts'
import { doneEvent } from '../stream-data.ts'
import type { Json } from '../translate/json.ts'
import { dataEvent } from '../translate/sse.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { StreamFromChat } from '../translate/translator.ts'
import { reasonFor } from './answer-from-chat.ts'
import { logprobsFromChat } from './logprobs.ts'

/** Writes a stream of text completions. */
export class CompletionsStreamFromChat implements StreamFromChat {
  readonly #context: TranslationContext
  /** What every chunk begins with, as JSON without its closing brace; empty before the first. */
  #head = ''
  /** How long the text of each choice is that has begun: likelihoods are told by place. */
  readonly #lengths = new Map<number, number>()
  #usage: ChatUsage | undefined

  constructor(context: TranslationContext) {
    this.#context = context
  }

  write(chunk: ChatChunk, out: Buffer[]): void {
    if (this.#head === '') this.#head = this.#headOf(chunk)
    if (chunk.usage) this.#usage = chunk.usage
    for (const choice of chunk.choices) this.#choice(choice, out)
  }

  end(out: Buffer[]): void {
    if (this.#head === '') this.#head = this.#headOf({ choices: [] })
    if (this.#context.wantsUsage && this.#usage) out.push(dataEvent(`${this.#head},"choices":[],"usage":${JSON.stringify(this.#usage)}}`))
    out.push(doneEvent)
  }

  #headOf({ id, created, model, system_fingerprint }: ChatChunk): string {
    const head: Json = {
      id: id ?? this.#context.newId('cmpl-'),
      object: 'text_completion',
      created: created ?? this.#context.options.now(),
      model: model ?? this.#context.model,
      ...(system_fingerprint !== undefined && { system_fingerprint }),
    }
    return JSON.stringify(head).slice(0, -1)
  }

  #choice({ index, delta, finish_reason: finish, logprobs }: ChunkChoice, out: Buffer[]): void {
    const before = this.#lengths.get(index)
    const start = before ?? this.#context.echoed.length
    const said = (delta.content ?? '') + (delta.refusal ?? '')
    const text = before === undefined ? this.#context.echoed + said : said
    if (text === '' && finish === undefined) return
    this.#lengths.set(index, start + said.length)
    const told = logprobs === undefined ? 'null' : JSON.stringify(logprobsFromChat(logprobs, start))
    const reason = finish === undefined ? 'null' : `"${reasonFor(finish)}"`
    const usage = this.#context.wantsUsage ? ',"usage":null' : ''
    out.push(dataEvent(`${this.#head},"choices":[{"text":${JSON.stringify(text)},"index":${index},"logprobs":${told},"finish_reason":${reason}}]${usage}}`))
  }
}
