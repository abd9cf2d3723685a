import { dataOf } from '@sluice/provider'
import { ChatScan, type ScannedChoice } from './chat-scan.ts'
import type { StreamReader } from './dialect-facts.ts'
import { isRecord } from './is-record.ts'
import { Likeness } from './likeness.ts'
import { parseJson } from './parse-json.ts'
import { Saw } from './saw.ts'
import { isComment, isDone, textOfData } from './stream-data.ts'
import { errorInside, type UpstreamError } from './upstream-error.ts'
import { chatUsage, type Usage } from './usage.ts'

/** OpenAI allows 128; what a stream makes up beyond this is not followed. */
const maxChoices = 1024

/** Follows a stream of chat completion chunks: https://platform.openai.com/docs/api-reference/chat-streaming */
export class ChatStream implements StreamReader {
  readonly #scan = new ChatScan()
  readonly #expected: number
  /** Of the last chunk that held a piece of text and told nothing else. */
  readonly #likeness = new Likeness()
  #isLike = false
  /** Whether the choice has finished, by its index. */
  readonly #choices = new Map<number, boolean>()
  #unfinished = 0
  sentinelSeen = false
  usage: Usage | undefined
  rawUsage: unknown
  hasToolCalls = false
  error: UpstreamError | undefined

  /** `expected`: choices that were asked for. They may come one after the other, each with an end of its own. */
  constructor(expected = 1) {
    this.#expected = expected
  }

  get model(): string | undefined {
    return this.#scan.model
  }

  get finished(): boolean {
    return this.sentinelSeen || (this.#choices.size >= this.#expected && this.#unfinished === 0)
  }

  likeText(event: Buffer): string | undefined {
    return this.#isLike ? this.#likeness.textOf(event) : undefined
  }

  see(event: Buffer): number {
    this.#isLike = this.#likeness.has(event)
    if (this.#isLike) return Saw.content
    this.#likeness.forget()
    const data = dataOf(event)
    if (data === undefined) return isComment(event) ? Saw.comment : 0
    if (isDone(data)) {
      this.sentinelSeen = true
      return Saw.sentinel
    }
    const scan = this.#scan
    scan.scan(data, scan.model === undefined)
    if (!scan.isWhole) return isNamedError(event) ? this.#fail(data) : 0
    for (const choice of scan.choices) this.#follow(choice)
    let bits = 0
    if (scan.hasContent) bits |= Saw.content
    if (scan.hasToolCalls) this.hasToolCalls = true
    if (scan.hasFinish) bits |= Saw.finish
    if (scan.usage !== undefined) bits |= this.#count(scan)
    if (!scan.hasError && !scan.hasFailed && !isNamedError(event)) {
      if (bits === Saw.content && scan.texts === 1) this.#likeness.learn(event, data, scan.textStart, scan.textEnd)
      return bits
    }
    return (bits & ~Saw.usageOnly) | this.#fail(data)
  }

  #follow({ index, isFinished }: ScannedChoice): void {
    const known = this.#choices.get(index)
    // A choice that has finished stays so: Azure adds filter results, OpenRouter repeats itself.
    if (known === true || (known === false && !isFinished)) return
    if (known === undefined && this.#choices.size >= maxChoices) return
    this.#choices.set(index, isFinished)
    if (known === false) this.#unfinished--
    else if (!isFinished) this.#unfinished++
  }

  #fail(data: Buffer): number {
    this.error ??= errorOfChunk(data)
    return Saw.error
  }

  #count(scan: ChatScan): number {
    const usage = chatUsage(scan.usage, true)
    if (!usage) return 0
    this.usage = usage
    this.rawUsage = scan.usage
    return scan.choices.length === 0 ? Saw.usage | Saw.usageOnly : Saw.usage
  }
}

/** Some servers name the event and say in its data no more than what happened. */
function isNamedError(event: Buffer): boolean {
  return event[0] === 0x65 && /^event: ?error[\r\n]/.test(event.toString('latin1', 0, 16))
}

/** The error in a chunk, or in a whole completion, that is known to hold one. */
export function errorOfChunk(data: Buffer): UpstreamError {
  const json = parseJson(data)
  const body = Array.isArray(json) ? json[0] : json
  if (!isRecord(body)) return errorInside(textOfData(data))
  const { error: own, object } = body
  if (isRecord(own) || typeof own === 'string' || object === 'error') return errorInside(body)
  const choices = Array.isArray(body['choices']) ? body['choices'].filter(isRecord) : []
  const error = choices.map((choice) => choice['error']).find((value) => value !== undefined && value !== null)
  if (error !== undefined) return errorInside({ error })
  const groq = body['x_groq']
  if (isRecord(groq) && groq['error'] !== undefined) return errorInside({ error: groq['error'] })
  if (choices.some((choice) => choice['finish_reason'] === 'error')) {
    return { status: 502, message: 'Upstream ended the answer with finish_reason "error"' }
  }
  return errorInside(body)
}
