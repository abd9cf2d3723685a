import { dataOf, decodeEvent } from '@sluice/provider'
import type { StreamReader } from './dialect-facts.ts'
import { GeminiScan, type ScannedCandidate } from './gemini-scan.ts'
import { JsonWalk } from './json-walk.ts'
import { parseJson } from './parse-json.ts'
import { Saw } from './saw.ts'
import { isComment, isDone, textOfData } from './stream-data.ts'
import { errorInside, type UpstreamError } from './upstream-error.ts'
import { geminiUsage, mergeUsage, type Usage } from './usage.ts'

/** Gemini allows 8; what a stream makes up beyond this is not followed. */
const maxCandidates = 1024

/**
 * Follows a stream of `streamGenerateContent`: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 * Nothing closes it: it is whole when every candidate has told why it ended.
 */
export class GeminiStream implements StreamReader {
  readonly #walk = new JsonWalk()
  readonly #scan = new GeminiScan()
  readonly #expected: number
  /** Whether the candidate has finished, by its index. */
  readonly #candidates = new Map<number, boolean>()
  #unfinished = 0
  #isBlocked = false
  sentinelSeen = false
  usage: Usage | undefined
  rawUsage: unknown
  hasToolCalls = false
  error: UpstreamError | undefined

  /** `expected`: candidates that were asked for. */
  constructor(expected = 1) {
    this.#expected = expected
  }

  get model(): string | undefined {
    return this.#scan.model
  }

  get finished(): boolean {
    return this.#isBlocked || (this.#candidates.size >= this.#expected && this.#unfinished === 0)
  }

  see(event: Buffer): number {
    const data = dataOf(event)
    if (data === undefined) return isComment(event) ? Saw.comment : 0
    if (isDone(data)) {
      this.sentinelSeen = true
      return Saw.sentinel
    }
    const walk = this.#walk.over(data)
    // Some of Google's errors come in an array.
    if (walk.enterArray()) walk.element()
    const scan = this.#scan
    const isNamedError = event[0] === 0x65 && decodeEvent(event).event === 'error'
    if (!scan.scan(walk)) return isNamedError ? this.#fail(data) : 0
    for (const candidate of scan.candidates) this.#follow(candidate)
    if (scan.isBlocked) this.#isBlocked = true
    if (scan.hasToolCalls) this.hasToolCalls = true
    let bits = 0
    if (scan.hasContent) bits |= Saw.content
    if (scan.hasFinish || scan.isBlocked) bits |= Saw.finish
    if (scan.usage !== undefined) bits |= this.#count(scan.usage)
    return scan.hasError || isNamedError ? bits | this.#fail(data) : bits
  }

  #follow({ index, isFinished }: ScannedCandidate): void {
    const known = this.#candidates.get(index)
    if (known === true || (known === false && !isFinished)) return
    if (known === undefined && this.#candidates.size >= maxCandidates) return
    this.#candidates.set(index, isFinished)
    if (known === false) this.#unfinished--
    else if (!isFinished) this.#unfinished++
  }

  #fail(data: Buffer): number {
    this.error ??= errorInside(parseJson(data) ?? textOfData(data))
    return Saw.error
  }

  /** Each event counts all of it so far; Vertex begins with one that counts nothing. */
  #count(raw: unknown): number {
    const merged = mergeUsage(this.rawUsage, raw)
    this.rawUsage = merged
    const usage = geminiUsage(merged)
    if (!usage) return 0
    this.usage = usage
    return Saw.usage
  }
}
