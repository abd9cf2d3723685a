import { dataOf, decodeEvent } from '@sluice/provider'
import { AnthropicScan } from './anthropic-scan.ts'
import type { StreamReader } from './dialect-facts.ts'
import { Likeness } from './likeness.ts'
import { parseJson } from './parse-json.ts'
import { Saw } from './saw.ts'
import { isComment, isDone, textOfData } from './stream-data.ts'
import { errorInside, type UpstreamError } from './upstream-error.ts'
import { anthropicUsage, mergeUsage, type Usage } from './usage.ts'

/** Follows a stream of Anthropic Messages: https://docs.anthropic.com/en/docs/build-with-claude/streaming */
export class AnthropicStream implements StreamReader {
  readonly #scan = new AnthropicScan()
  /** Of the last event that held a piece of text and told nothing else. */
  readonly #likeness = new Likeness()
  #isLike = false
  finished = false
  sentinelSeen = false
  usage: Usage | undefined
  rawUsage: unknown
  hasToolCalls = false
  error: UpstreamError | undefined

  get model(): string | undefined {
    return this.#scan.model
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
    scan.scan(data)
    const type = scan.type === '' ? decodeEvent(event).event : scan.type
    if (!scan.isWhole) return type === 'error' ? this.#fail(data) : 0
    let bits = 0
    if (scan.hasContent) bits |= Saw.content
    if (scan.hasToolCalls) this.hasToolCalls = true
    if (scan.usage !== undefined) bits |= this.#count(scan.usage)
    if (type === 'message_stop') this.finished = true
    if (scan.hasStopReason || type === 'message_stop') bits |= Saw.finish
    if (scan.hasError || type === 'error') return bits | this.#fail(data)
    if (bits === Saw.content && scan.texts === 1) this.#likeness.learn(event, data, scan.textStart, scan.textEnd)
    return bits
  }

  #fail(data: Buffer): number {
    this.error ??= errorInside(parseJson(data) ?? textOfData(data))
    return Saw.error
  }

  /** `message_start` tells a part, and each `message_delta` all of it so far. */
  #count(raw: unknown): number {
    const merged = mergeUsage(this.rawUsage, raw)
    const usage = anthropicUsage(merged)
    if (!usage) return 0
    this.rawUsage = merged
    this.usage = usage
    return Saw.usage
  }
}
