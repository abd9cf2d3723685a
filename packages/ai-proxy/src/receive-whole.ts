import { HttpError, type Reply } from '@sluice/kernel'
import type { IncomingHeaders, Receiver } from '@sluice/upstream'
import { elapsed, type Attempt } from './attempt.ts'
import { relayedHeaders } from './response-headers.ts'
import { toUpstreamFailure } from './upstream-error.ts'

/** Bytes that are gathered at most, whatever the route allows. */
const maxWholeBytes = 64 * 1024 * 1024

/** Gathers an answer that is not streamed, accounts for it, and hands it on as it came. */
export class WholeReceiver implements Receiver {
  readonly #attempt: Attempt
  readonly #status: number
  readonly #headers: IncomingHeaders
  readonly #stop: () => void
  readonly #pieces: Buffer[] = []
  #length = 0

  constructor(attempt: Attempt, status: number, headers: IncomingHeaders, stop: () => void) {
    this.#attempt = attempt
    this.#status = status
    this.#headers = headers
    this.#stop = stop
  }

  data(chunk: Buffer): void {
    this.#attempt.account.firstByteMs ??= elapsed(this.#attempt)
    this.#length += chunk.byteLength
    if (this.#length > Math.min(this.#attempt.maxResponseBytes, maxWholeBytes)) {
      this.#stop()
      this.fail(responseTooLarge())
      return
    }
    this.#pieces.push(chunk)
  }

  end(): void {
    const attempt = this.#attempt
    const { account, facts } = attempt
    account.durationMs = elapsed(attempt)
    account.firstTokenMs = account.durationMs
    const body = this.#pieces.length === 1 && this.#pieces[0] ? this.#pieces[0] : Buffer.concat(this.#pieces)
    if (!facts) return
    const problem = notAnAnswer(body, this.#headers, attempt.provider)
    if (problem) return attempt.reject(problem)
    const answer = facts.readAnswer(body)
    if (answer.error) {
      return attempt.reject(toUpstreamFailure(attempt, { ...answer.error, headers: this.#headers }))
    }
    account.usage = answer.usage
    account.usageSource = answer.usage ? 'provider' : 'none'
    account.hasToolCalls = answer.hasToolCalls
    attempt.payloads?.add(facts.textOf(body))
    attempt.ctx.outcome = 'complete'
    attempt.resolve(this.#reply(body))
  }

  fail(error: HttpError): void {
    this.#attempt.account.durationMs = elapsed(this.#attempt)
    this.#attempt.reject(error)
  }

  #reply(body: Buffer): Reply {
    return { status: this.#status, headers: relayedHeaders(this.#headers), body }
  }
}

export function responseTooLarge(): HttpError {
  return new HttpError(502, 'response_too_large', 'max_response_bytes exceeded', { outcome: 'upstream_error' })
}

/** A 2xx that cannot be an answer: nothing, a page, or something that was cut before its closing brace. */
function notAnAnswer(body: Buffer, headers: IncomingHeaders, provider: string): HttpError | undefined {
  const first = edge(body, 0, 1)
  const last = edge(body, body.byteLength - 1, -1)
  const isJson = (first === 0x7b && last === 0x7d) || (first === 0x5b && last === 0x5d)
  if (isJson) return undefined
  const type = String(headers['content-type'] ?? 'no content type').split(';')[0]
  const what = first === undefined ? 'an empty body' : `a body that is not JSON (${type})`
  return new HttpError(502, 'invalid_upstream_response', `${provider} answered with ${what}`, { outcome: 'upstream_error' })
}

/** The first byte that is no white space and no byte order mark, looking in one direction. */
function edge(body: Buffer, from: number, step: 1 | -1): number | undefined {
  for (let at = from; at >= 0 && at < body.byteLength; at += step) {
    const byte = body[at] as number
    if (byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf) return byte
  }
  return undefined
}
