import { decodeMessage, nameOfMessage, type Message } from '@sluice/provider'
import { bedrockErrorOf, isException } from './bedrock-converse/exceptions.ts'
import { BedrockScan } from './bedrock-scan.ts'
import type { StreamReader } from './dialect-facts.ts'
import { parseJson } from './parse-json.ts'
import { Saw } from './saw.ts'
import type { UpstreamError } from './upstream-error.ts'
import { bedrockUsage, mergeUsage, type Usage } from './usage.ts'

/** Follows a stream of Converse, message by message: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html */
export class BedrockStream implements StreamReader {
  readonly #scan = new BedrockScan()
  finished = false
  /** None of Bedrock's own. */
  readonly sentinelSeen = false
  usage: Usage | undefined
  rawUsage: unknown
  hasToolCalls = false
  error: UpstreamError | undefined
  /** Answers do not name their model. */
  readonly model = undefined

  see(message: Buffer): number {
    const decoded = decodeMessage(message)
    const type = nameOfMessage(decoded)
    if (isException(type) || decoded.headers.get(':message-type') === 'error') return this.#fail(type || 'error', decoded)
    const scan = this.#scan
    scan.scan(decoded.payload)
    if (!scan.isWhole) return 0
    if (scan.hasToolCalls) this.hasToolCalls = true
    let bits = 0
    if (scan.hasContent) bits |= Saw.content
    if (type === 'messageStop') {
      this.finished = true
      bits |= Saw.finish
    }
    return scan.usage === undefined ? bits : bits | this.#count(scan.usage)
  }

  #fail(type: string, { headers, payload }: Message): number {
    const said = headers.get(':error-message')
    this.error ??= bedrockErrorOf(type, parseJson(payload) ?? { message: said })
    // Nothing comes behind an exception, and what it stands behind has failed.
    this.finished = false
    return Saw.error
  }

  #count(raw: unknown): number {
    const merged = mergeUsage(this.rawUsage, raw)
    const usage = bedrockUsage(merged)
    if (!usage) return 0
    this.rawUsage = merged
    this.usage = usage
    return Saw.usage
  }
}
