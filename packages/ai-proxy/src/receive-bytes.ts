import type { HeaderMap, HttpError, Outcome, ReplyStream, Sink } from '@sluice/kernel'
import { elapsed, type Attempt } from './attempt.ts'
import { relayedHeaders } from './response-headers.ts'
import type { Upstream } from './receive-events.ts'
import type { IncomingHeaders, Receiver } from './upstream-call.ts'

/** Pumps the answer of an operation that is passed through, whatever it holds. */
export class BytesReceiver implements Receiver, ReplyStream {
  readonly done: Promise<Outcome>
  readonly #attempt: Attempt
  readonly #upstream: Upstream
  #held: Buffer[] = []
  #sink: Sink | undefined
  #ending: Outcome | undefined
  #over = false
  #settle: (outcome: Outcome) => void = () => {}

  constructor(attempt: Attempt, status: number, incoming: IncomingHeaders, upstream: Upstream) {
    this.#attempt = attempt
    this.#upstream = upstream
    this.done = new Promise((resolve) => {
      this.#settle = resolve
    })
    const headers: HeaderMap = relayedHeaders(incoming)
    for (const name of ['content-encoding', 'content-length', 'content-disposition']) {
      const value = incoming[name]
      if (value !== undefined) headers[name] = value
    }
    attempt.ctx.outcome = status >= 400 ? 'upstream_error' : 'complete'
    attempt.resolve({ status, headers, body: hasNoBody(attempt, status) ? null : this })
  }

  data(chunk: Buffer): void {
    this.#attempt.account.firstByteMs ??= elapsed(this.#attempt)
    if (this.#sink) {
      if (!this.#sink.write(chunk)) this.#upstream.pause()
      return
    }
    this.#held.push(chunk)
    this.#upstream.pause()
  }

  end(): void {
    this.#finish('complete')
  }

  fail(error: HttpError): void {
    this.#finish(error.outcome === 'upstream_error' ? 'truncated' : error.outcome)
  }

  start(sink: Sink): void {
    this.#sink = sink
    let wantsMore = true
    for (const bytes of this.#held) wantsMore = sink.write(bytes) && wantsMore
    this.#held = []
    if (this.#ending !== undefined) sink.end(this.#ending)
    else if (wantsMore) this.#upstream.resume()
  }

  pause(): void {
    this.#upstream.pause()
  }

  resume(): void {
    this.#upstream.resume()
  }

  cancel(reason: Outcome): void {
    if (this.#over) return
    this.#sink = undefined
    this.#upstream.stop(reason)
    this.#close(reason)
  }

  #finish(outcome: Outcome): void {
    if (this.#over) return
    this.#close(outcome)
    this.#ending = outcome
    this.#sink?.end(outcome)
  }

  #close(outcome: Outcome): void {
    this.#over = true
    this.#attempt.account.durationMs = elapsed(this.#attempt)
    if (outcome !== 'complete') this.#attempt.ctx.outcome = outcome
    this.#settle(outcome)
  }
}

function hasNoBody({ ctx }: Attempt, status: number): boolean {
  return ctx.request.method === 'HEAD' || status === 204 || status === 304
}
