import { abandoned, HttpError, type Exchange, type Outcome, type UpstreamRecord } from '@sluice/kernel'
import type { Dispatcher } from 'undici'
import type { Lease } from './agents.ts'
import { allFields, keepFields, takeFields, type IncomingHeaders, type RawFields, type WantedFields } from './answer-fields.ts'
import { Clocks, type Stage, type TimeLimits } from './clocks.ts'
import type { Connecting } from './connections.ts'
import { durationExceeded, failureOf, timedOut } from './failure.ts'
import { Guarded } from './guarded.ts'
import type { OutgoingBody } from './outgoing-body.ts'
import { isReusable } from './socket-reads.ts'
import { Upload } from './upload.ts'

/** What a receiver may do to the call whose answer it takes. */
export interface Flow {
  pause(): void
  resume(): void
  /** Closes the connection; the receiver hears nothing more. */
  stop(reason: Outcome): void
}

/** Takes an answer's body as it comes. Exactly one of `end` and `fail` is called, once, last; neither after `stop`. Who throws hears `fail`. */
export interface Receiver {
  data(chunk: Buffer): void
  end(): void
  /** Upstream died, stood still, or the client left. */
  fail(error: HttpError): void
}

/** A call that ended before there was an answer. */
export interface CallFailure {
  readonly error: HttpError
  /** Whether the same request may be sent to another address: nothing can have come of it, or twice is as good as once. */
  readonly mayRepeat: boolean
}

export interface CallOptions {
  readonly ctx: Exchange
  readonly connections: Lease
  readonly record: UpstreamRecord
  readonly limits: TimeLimits
  /** Who is asked; errors begin with it: `the upstream`, `openai`. */
  readonly who: string
  readonly method: string
  readonly path: string
  /** Name and value by turns. */
  readonly headers: string[]
  readonly body: OutgoingBody
  /** Those that `onHead` is given of an answer with a 2xx; absent: all, as with every other status. */
  readonly wanted?: WantedFields
  /** The head is here: says who takes the body. */
  onHead(status: number, headers: IncomingHeaders, flow: Flow): Receiver
  onFailure(failure: CallFailure): void
}

/** Safe to send twice where nobody knows what became of the first: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2 */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** Sends one request. Everything that comes of it is told through the options and the receiver; the exchange's end ends it. */
export function callUpstream(options: CallOptions): void {
  new UpstreamCall(options).dispatch()
}

const nothing = (): void => {}

/** What is in memory need not be read before it is taken. */
const never = (): boolean => false

/** One request on undici's dispatch: no streams, and no promise for each chunk. */
class UpstreamCall implements Dispatcher.DispatchHandler, Connecting, Flow {
  readonly #options: CallOptions
  readonly #clocks: Clocks
  readonly #upload: Upload | undefined
  #unsubscribe = nothing
  #controller: Dispatcher.DispatchController | undefined
  #giveUpConnecting: (() => void) | undefined
  #receiver: Receiver | undefined
  #isConnected = false
  /** The connection has handed all of the request to the system. */
  #isSent = false
  #isPaused = false
  #isOver = false

  constructor(options: CallOptions) {
    this.#options = options
    options.ctx.request.body.hold()
    this.#clocks = new Clocks(options.limits, (stage) => this.#expired(stage))
    const { content, maxBytes, mayReadOn } = options.body
    if (content && !Buffer.isBuffer(content)) {
      const flow = { onBlocked: () => this.#blocked(), onFlowing: () => this.#flowing() }
      this.#upload = new Upload({ source: content, ...flow, maxBytes, mayReadOn: mayReadOn ?? never })
    }
    this.#unsubscribe = options.ctx.onAbort((reason) => this.#fail(abandoned(reason), false))
  }

  dispatch(): void {
    if (this.#isOver) return
    const { connections, method, path, headers, body } = this.#options
    connections.dispatcher.dispatch(
      {
        origin: connections.origin,
        path,
        method: method as Dispatcher.HttpMethod,
        headers,
        // undici asks no more of a stream than an upload has.
        body: (this.#upload as Dispatcher.DispatchOptions['body']) ?? (body.content as Buffer | null),
      },
      this,
    )
    // A connection that was waiting has taken the request by now, and needs no timer.
    if (!this.#isConnected && !this.#isOver) this.#clocks.await('connect')
  }

  pause(): void {
    if (this.#isOver || this.#isPaused) return
    this.#isPaused = true
    this.#clocks.rest()
    this.#controller?.pause()
  }

  resume(): void {
    if (this.#isOver || !this.#isPaused) return
    this.#isPaused = false
    this.#clocks.await('idle')
    this.#controller?.resume()
  }

  stop(reason: Outcome): void {
    if (this.#isOver) return
    this.#finish()
    this.#close(new Error(reason))
  }

  onConnecting(giveUp: () => void): void {
    this.#giveUpConnecting = giveUp
  }

  onDrained(): void {
    this.#isSent = true
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) {
      controller.abort(new Error('given up'))
      return
    }
    this.#isConnected = true
    if (this.#options.wanted) keepFields(controller)
    this.#options.record.connectedAt = this.#now()
    this.#clocks.rest()
  }

  onRequestSent(): void {
    if (!this.#isOver && !this.#receiver) this.#clocks.await('head')
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, decoded: IncomingHeaders): void {
    const fields = takeFields()
    if (this.#isOver || status < 200) return
    const { ctx, record, limits, onHead } = this.#options
    record.headAt = this.#now()
    record.status = status
    const headers = fields ? this.#headersOf(status, fields) : this.#tell(decoded)
    if (!limits.headIsBody) this.#clocks.await('idle')
    else if (!this.#clocks.isAwaiting('head')) this.#clocks.await('head') // it answers while it still takes the request
    this.#receiver = new Guarded(onHead(status, headers, this), ctx, () => this.stop('gateway_error'))
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return
    this.#options.record.bytes += chunk.byteLength
    if (!this.#isPaused) this.#clocks.await('idle')
    this.#receiver?.data(chunk)
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    this.#finish()
    this.#receiver?.end()
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    const broken = this.#upload?.broken
    if (broken) return this.#fail(broken instanceof HttpError ? broken : abandoned('client_disconnect'), false)
    const { error, isConnection } = failureOf(this.#options.who, cause)
    this.#fail(error, isConnection)
  }

  #headersOf(status: number, fields: RawFields): IncomingHeaders {
    const { wanted, record } = this.#options
    // What others may be read into does not keep what it says.
    if (!wanted || status >= 300 || (fields[0] && isReusable(fields[0]))) return this.#tell(allFields(fields))
    let all: IncomingHeaders | undefined
    record.header = (name) => valueIn((all ??= allFields(fields)), name)
    return wanted.of(fields)
  }

  #tell(headers: IncomingHeaders): IncomingHeaders {
    this.#options.record.header = (name) => valueIn(headers, name)
    return headers
  }

  #expired(stage: Stage | 'total'): void {
    const { who, limits } = this.#options
    const hasHead = this.#receiver !== undefined
    if (stage !== 'total') this.#fail(timedOut(who, stage === 'head' && hasHead ? 'body' : stage, limits[stage]), stage === 'connect')
    else if (limits.total) this.#fail(durationExceeded(limits.total, hasHead), false)
  }

  #fail(error: HttpError, isConnection: boolean): void {
    if (this.#isOver) return
    this.#finish()
    this.#close(error)
    if (this.#receiver) this.#receiver.fail(error)
    else this.#options.onFailure({ error, mayRepeat: isConnection && this.#isRepeatable() })
  }

  #isRepeatable(): boolean {
    const { method, body } = this.#options
    if (!body.isRepeatable && this.#upload?.isBegun) return false
    return !this.#isConnected || (body.isRepeatable && idempotent.has(method))
  }

  #finish(): void {
    this.#isOver = true
    const { ctx, record, body } = this.#options
    record.endedAt = this.#now()
    if (this.#isSent || body.content === null) ctx.request.body.release()
    this.#clocks.stop()
    this.#unsubscribe()
  }

  /** Ends the connection, also where it does not stand yet. */
  #close(reason: Error): void {
    if (this.#controller) this.#controller.abort(reason)
    else this.#giveUpConnecting?.()
  }

  #blocked(): void {
    if (!this.#isOver && !this.#receiver) this.#clocks.await('send')
  }

  /** It is the client's turn, and the front watches the client. */
  #flowing(): void {
    if (!this.#isOver && !this.#receiver) this.#clocks.rest()
  }

  #now(): number {
    return this.#options.ctx.clock.monotonic()
  }
}

function valueIn(headers: IncomingHeaders, name: string): string | string[] | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined
}
