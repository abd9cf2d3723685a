import { dataOf, decodeEvent } from '@sluice/provider'
import type { StreamReader } from './dialect-facts.ts'
import { isRecord } from './is-record.ts'
import { parseJson } from './parse-json.ts'
import { ResponsesScan } from './responses-scan.ts'
import { Saw } from './saw.ts'
import { isComment, isDone, textOfData } from './stream-data.ts'
import { errorInside, type UpstreamError } from './upstream-error.ts'
import { responsesUsage, type Usage } from './usage.ts'

const terminal: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/** Follows a stream of the Responses API: https://platform.openai.com/docs/api-reference/responses-streaming */
export class ResponsesStream implements StreamReader {
  readonly #scan = new ResponsesScan()
  finished = false
  sentinelSeen = false
  usage: Usage | undefined
  rawUsage: unknown
  hasToolCalls = false
  error: UpstreamError | undefined

  get model(): string | undefined {
    return this.#scan.model
  }

  see(event: Buffer): number {
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
    // Text, refusals, thinking, arguments, audio: every `.delta` that holds text adds something to the answer.
    if (scan.hasDelta && type.endsWith('.delta')) bits |= Saw.content
    if (scan.hasToolCalls) {
      this.hasToolCalls = true
      if (type === 'response.output_item.added') bits |= Saw.content
    }
    if (terminal.has(type)) {
      this.finished = true
      bits |= Saw.finish
    }
    if (scan.usage !== undefined) bits |= this.#count(scan.usage)
    const isError = scan.hasError || scan.hasFailed || type === 'error' || type === 'response.failed'
    return isError ? bits | this.#fail(data) : bits
  }

  #fail(data: Buffer): number {
    this.error ??= errorOfResponse(parseJson(data) ?? textOfData(data))
    return Saw.error
  }

  #count(raw: unknown): number {
    const usage = responsesUsage(raw)
    if (!usage) return 0
    this.usage = usage
    this.rawUsage = raw
    return Saw.usage
  }
}

/** The error of a whole response, of an event that holds one, or of an `error` event, flat or nested. */
export function errorOfResponse(json: unknown): UpstreamError {
  if (isRecord(json) && isRecord(json['response'])) return errorOfResponse(json['response'])
  if (isRecord(json) && json['object'] === 'response') {
    // Its other members describe the request.
    return errorInside(isRecord(json['error']) ? { error: json['error'] } : {})
  }
  return errorInside(json)
}
