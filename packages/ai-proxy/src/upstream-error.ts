import { readUpstreamError, type UpstreamError } from '@sluice/dialects'
import { HttpError } from '@sluice/kernel'
import type { IncomingHeaders, Receiver } from '@sluice/upstream'
import { elapsed, type Attempt } from './attempt.ts'
import { relayedHeaders } from './response-headers.ts'

/** Bytes of an error body that are kept; a page from a firewall is not worth more. */
const maxErrorBytes = 256 * 1024

/** Gathers an answer with an error status and hands it to the client in the client's own shape. */
export class ErrorReceiver implements Receiver {
  readonly #attempt: Attempt
  readonly #status: number
  readonly #headers: IncomingHeaders
  readonly #stop: () => void
  readonly #pieces: Buffer[] = []
  #length = 0
  #cut = false

  constructor(attempt: Attempt, status: number, headers: IncomingHeaders, stop: () => void) {
    this.#attempt = attempt
    this.#status = status
    this.#headers = headers
    this.#stop = stop
  }

  data(chunk: Buffer): void {
    this.#attempt.account.firstByteMs ??= elapsed(this.#attempt)
    this.#length += chunk.byteLength
    this.#pieces.push(chunk)
    if (this.#length <= Math.min(maxErrorBytes, this.#attempt.maxResponseBytes)) return
    this.#cut = true
    this.#stop()
    this.end()
  }

  end(): void {
    const { account, ctx, facts } = this.#attempt
    account.durationMs = elapsed(this.#attempt)
    account.firstTokenMs = account.durationMs
    ctx.outcome = 'upstream_error'
    const body = Buffer.concat(this.#pieces)
    if (!this.#cut && facts?.isError(parsed(body)) && !repeats(body, this.#attempt.secrets)) {
      const headers = relayedHeaders(this.#headers)
      this.#attempt.resolve({ status: this.#status, headers, body })
      return
    }
    const error = readUpstreamError(this.#status, this.#headers, body)
    this.#attempt.reject(toUpstreamFailure(this.#attempt, { ...error, status: this.#status, headers: this.#headers }))
  }

  /** The status is known, the rest of the body is not worth another error. */
  fail(error: HttpError): void {
    if (error.outcome === 'client_disconnect') this.#attempt.reject(error)
    else this.end()
  }
}

/** An upstream's error as one that the gateway throws; the client's dialect shapes it. */
export function toUpstreamFailure(attempt: Attempt, error: UpstreamError & { headers: IncomingHeaders }): HttpError {
  const headers = relayedHeaders(error.headers)
  delete headers['content-type']
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] ??= String(Math.ceil(error.retryAfterSeconds))
  return new HttpError(error.status, error.code ?? 'upstream_error', withoutSecrets(error.message, attempt.secrets), {
    headers,
    outcome: 'upstream_error',
    ...(error.type !== undefined && { type: error.type }),
    ...(error.param !== undefined && { param: error.param }),
  })
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined // no JSON is no error shape; the text is wrapped
  }
}

function repeats(body: Buffer, secrets: readonly string[]): boolean {
  return secrets.some((secret) => body.includes(secret))
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((kept, secret) => kept.replaceAll(secret, '***'), text)
}
