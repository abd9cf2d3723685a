import type { ChatUsage } from '../pivot/chat-answer.ts'
import type { ChatChunk, ChatDelta, ChunkChoice } from '../pivot/chat-chunk.ts'
import { doneEvent } from '../stream-data.ts'
import type { Json } from '../translate/json.ts'
import { dataEvent } from '../translate/sse.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { StreamFromChat } from '../translate/translator.ts'

/** Writes a stream of chat completion chunks, strictly as OpenAI's clients expect them. */
export class ChatStreamFromChat implements StreamFromChat {
  readonly #context: TranslationContext
  /** What every chunk begins with, as JSON without its closing brace; empty before the first. */
  #head = ''
  /** Choices whose role has been told. */
  readonly #begun = new Set<number>()
  #usage: ChatUsage | undefined

  constructor(context: TranslationContext) {
    this.#context = context
  }

  write(chunk: ChatChunk, out: Buffer[]): void {
    if (this.#head === '') this.#head = this.#headOf(chunk)
    if (chunk.usage) this.#usage = chunk.usage
    for (const choice of chunk.choices) this.#writeChoice(choice, out)
  }

  end(out: Buffer[]): void {
    if (this.#head === '') this.#head = this.#headOf({ choices: [] })
    if (this.#context.wantsUsage && this.#usage) out.push(dataEvent(`${this.#head},"choices":[],"usage":${JSON.stringify(this.#usage)}}`))
    out.push(doneEvent)
  }

  #headOf({ id, created, model, service_tier, system_fingerprint }: ChatChunk): string {
    const head: Json = {
      id: id ?? this.#context.newId('chatcmpl-'),
      object: 'chat.completion.chunk',
      created: created ?? this.#context.options.now(),
      model: model ?? this.#context.model,
      ...(service_tier !== undefined && { service_tier }),
      system_fingerprint: system_fingerprint ?? null,
    }
    return JSON.stringify(head).slice(0, -1)
  }

  #writeChoice({ index, delta, finish_reason: finish, logprobs }: ChunkChoice, out: Buffer[]): void {
    const written = deltaFor(delta, this.#context.wantsFunctionCall)
    if (!this.#begun.has(index)) {
      this.#begun.add(index)
      const content = delta.tool_calls === undefined ? '' : null
      out.push(this.#chunk(index, JSON.stringify({ role: 'assistant', content, refusal: null, ...written }), logprobs, null))
    } else if (!isEmpty(written) || logprobs) out.push(this.#chunk(index, JSON.stringify(written), logprobs, null))
    if (finish === undefined) return
    const word = finish === 'tool_calls' && this.#context.wantsFunctionCall ? 'function_call' : finish
    out.push(this.#chunk(index, '{}', undefined, word))
  }

  #chunk(index: number, delta: string, logprobs: Json | undefined, finish: string | null): Buffer {
    const more = logprobs === undefined ? '' : `,"logprobs":${JSON.stringify(logprobs)}`
    const reason = finish === null ? 'null' : `"${finish}"`
    const usage = this.#context.wantsUsage ? ',"usage":null' : ''
    return dataEvent(`${this.#head},"choices":[{"index":${index},"delta":${delta}${more},"finish_reason":${reason}}]${usage}}`)
  }
}

function deltaFor({ tool_calls: calls, annotations, ...delta }: ChatDelta, asFunction: boolean): Json {
  const written: Json = delta
  if (calls && asFunction) {
    const [first] = calls.filter(({ index }) => index === 0)
    if (first) written['function_call'] = { ...(first.name !== undefined && { name: first.name }), arguments: first.arguments }
  } else if (calls) {
    written['tool_calls'] = calls.map(({ index, id, name, arguments: text, extra_content }) =>
      id === undefined
        ? { index, function: { arguments: text } }
        : { index, id, type: 'function', function: { name, arguments: text }, ...(extra_content && { extra_content }) },
    )
  }
  const pages = (annotations ?? []).flatMap((one) => (one.type === 'url_citation' ? [{ type: one.type, url_citation: one.url_citation }] : []))
  if (pages.length > 0) written['annotations'] = pages
  return written
}

function isEmpty(object: Json): boolean {
  for (const name in object) if (Object.hasOwn(object, name)) return false
  return true
}
