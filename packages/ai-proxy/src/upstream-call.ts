import { HttpError, type Exchange, type Outcome, type UpstreamRecord } from '@sluice/kernel'
import type { Dispatcher } from 'undici'
import { Clocks, type Stage, type TimeLimits } from './clocks.ts'
import type { Lane } from './lanes.ts'

export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Takes an answer's body as it comes. Exactly one of `end` and `fail` is called, once, last. */
export interface Receiver {
  data(chunk: Buffer): void
  end(): void
  /** Upstream died, stood still or was cut off by a limit; never called after `stop`. */
  fail(error: HttpError): void
}

export interface CallOptions {
  readonly ctx: Exchange
  readonly lane: Lane
  readonly record: UpstreamRecord
  readonly limits: TimeLimits
  /** Who is asked, for messages. */
  readonly provider: string
  /** The head is here: says who takes the body. */
  onHead(status: number, headers: IncomingHeaders, call: UpstreamCall): Receiver
  /** It failed before there was a head. */
  onFailure(error: HttpError): void
}

/** One request to a provider, at the level of undici's dispatch: no streams, no promise for each chunk. */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  readonly #options: CallOptions
  readonly #clocks: Clocks
  readonly #unsubscribe: () => void
  #controller: Dispatcher.DispatchController | undefined
  #receiver: Receiver | undefined
  #over = false
  #paused = false

  constructor(options: CallOptions) {
    this.#options = options
    this.#clocks = new Clocks(options.limits, (stage) => this.#expired(stage))
    this.#unsubscribe = options.ctx.onAbort((reason) => {
      this.#fail(new HttpError(499, 'client_closed_request', 'the client closed the request', { outcome: reason }))
    })
  }

  /** Sends. Everything that happens from now on is told through the options and the receiver. */
  dispatch(request: Pick<Dispatcher.DispatchOptions, 'path' | 'method' | 'headers' | 'body'>): void {
    if (this.#over) return
    const { lane } = this.#options
    try {
      const reset = lane.enter()
      lane.dispatcher.dispatch({ ...request, origin: lane.origin, reset }, this)
    } catch (error) {
      lane.leave()
      this.#fail(toHttpError(error, this.#options.provider))
    }
  }

  pause(): void {
    if (this.#paused || this.#over) return
    this.#paused = true
    this.#clocks.hold()
    this.#controller?.pause()
  }

  resume(): void {
    if (!this.#paused || this.#over) return
    this.#paused = false
    this.#clocks.heard()
    this.#controller?.resume()
  }

  /** Ends the call from our side; the receiver hears nothing more. */
  stop(reason: Outcome): void {
    this.#finish()
    this.#controller?.abort(new Error(reason))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#over) {
      controller.abort(new Error('given up'))
      return
    }
    this.#options.record.connectedAt = this.#now()
    this.#clocks.connected()
  }

  onRequestUpgrade(controller: Dispatcher.DispatchController): void {
    controller.abort(new Error('unexpected upgrade'))
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHeaders): void {
    if (status < 200 || this.#over) return
    const { record, onHead } = this.#options
    record.headAt = this.#now()
    record.status = status
    record.headers = headers
    this.#clocks.heard()
    this.#receiver = onHead(status, headers, this)
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    this.#options.record.bytes += chunk.byteLength
    if (!this.#paused) this.#clocks.heard()
    this.#receiver?.data(chunk)
  }

  onResponseEnd(): void {
    this.#options.lane.leave()
    if (this.#over) return
    this.#finish()
    this.#receiver?.end()
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#options.lane.leave()
    this.#fail(toHttpError(error, this.#options.provider))
  }

  #expired(stage: Stage): void {
    this.#fail(stage === 'total' ? durationExceeded() : timedOut(this.#options.provider, stage, this.#options.limits))
  }

  #fail(error: HttpError): void {
    if (this.#over) return
    this.#finish()
    this.#controller?.abort(error)
    if (this.#receiver) this.#receiver.fail(error)
    else this.#options.onFailure(error)
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#options.record.endedAt = this.#now()
    this.#clocks.stop()
    this.#unsubscribe?.()
  }

  #now(): number {
    return this.#options.ctx.clock.monotonic()
  }
}

function timedOut(provider: string, stage: Exclude<Stage, 'total'>, limits: TimeLimits): HttpError {
  const ms = { connect: limits.connect, 'first byte': limits.firstByte, idle: limits.idle }[stage]
  const what = {
    connect: `could not be reached within ${ms} ms`,
    'first byte': `did not answer within ${ms} ms`,
    idle: `sent nothing for ${ms} ms`,
  }[stage]
  return new HttpError(504, 'upstream_timeout', `${provider} ${what}`, { outcome: 'stalled' })
}

function durationExceeded(): HttpError {
  return new HttpError(504, 'stream_duration_exceeded', 'max_stream_duration_ms exceeded', { outcome: 'truncated' })
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'reset the connection',
  EPIPE: 'reset the connection',
  ENOTFOUND: 'has a host name that cannot be resolved',
  EAI_AGAIN: 'has a host name that cannot be resolved',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  UND_ERR_SOCKET: 'closed the connection',
  UND_ERR_HEADERS_OVERFLOW: 'sent more headers than allowed',
}

/** Says what went wrong below HTTP without naming hosts or addresses, which are the operator's. */
function toHttpError(error: unknown, provider: string): HttpError {
  const { code = '' } = error as { code?: string }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return new HttpError(504, 'upstream_timeout', `${provider} could not be reached in time`, { cause: error, outcome: 'stalled' })
  }
  const what = reasons[code] ?? (isTls(code) ? 'failed the TLS handshake' : 'could not be talked to')
  return new HttpError(502, 'upstream_unreachable', `${provider} ${what}`, { cause: error, outcome: 'upstream_error' })
}

function isTls(code: string): boolean {
  return /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)
}
