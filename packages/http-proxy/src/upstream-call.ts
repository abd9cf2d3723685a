import { abandoned, HttpError, type Exchange, type Outcome, type Reply, type ReplyBody, type UpstreamRecord } from '@sluice/kernel'
import type { Dispatcher } from 'undici'
import type { SharedAgent } from './agents.ts'
import { Clocks, type Stage } from './clocks.ts'
import type { UpstreamConfig } from './config.ts'
import { Pump, type Source } from './pump.ts'
import type { OutgoingBody } from './request-body.ts'
import { responseHeaders, type IncomingHeaders } from './response-headers.ts'
import { Upload } from './upload.ts'
import { failureOf, timedOut } from './upstream-error.ts'

export interface CallOptions {
  readonly ctx: Exchange
  readonly agent: SharedAgent
  readonly record: UpstreamRecord
  readonly timeout: UpstreamConfig['timeout']
  readonly path: string
  readonly headers: string[]
  readonly body: OutgoingBody
}

/** Safe to send twice where nobody knows what became of the first: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2 */
const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** One request to one node, on undici's dispatch: no stream and no promise on the way down. */
export class UpstreamCall implements Dispatcher.DispatchHandler, Source {
  /** Settles with the head of the answer; rejects with an `HttpError`. */
  readonly reply: Promise<Reply>
  readonly #options: CallOptions
  readonly #clocks: Clocks
  readonly #upload: Upload | undefined
  #unsubscribe: () => void = () => {}
  #resolve: (reply: Reply) => void = () => {}
  #reject: (error: unknown) => void = () => {}
  #controller: Dispatcher.DispatchController | undefined
  #pump: Pump | undefined
  #isConnected = false
  #isPaused = false
  #isOver = false
  #isCounted = false
  /** Why it failed before there was an answer to give. */
  #error: HttpError | undefined
  /** Whether another try may be made, now that this one has failed. */
  mayRepeat = false

  constructor(options: CallOptions) {
    this.#options = options
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#clocks = new Clocks(options.timeout, (stage) => this.#fail(timedOut(overdue[stage]), stage === 'connect'))
    const { content } = options.body
    if (content && !Buffer.isBuffer(content)) this.#upload = new Upload(content, this.#blocked, this.#flowing)
    this.#unsubscribe = options.ctx.onAbort((reason) => this.#fail(abandoned(reason), false))
  }

  /** Sends. Call once. */
  dispatch(): void {
    if (this.#isOver) return
    const { agent, ctx, path, headers, body } = this.#options
    this.#clocks.await('connect')
    this.#isCounted = true
    agent.dispatcher.dispatch(
      {
        origin: agent.origin,
        path,
        method: ctx.request.method,
        headers,
        // undici asks no more of a stream than an upload has.
        body: (this.#upload as Dispatcher.DispatchOptions['body']) ?? (body.content as Buffer | null),
        reset: agent.begin(),
      },
      this,
    )
  }

  pause(): void {
    if (this.#isOver || this.#isPaused) return
    this.#isPaused = true
    this.#clocks.stop()
    this.#controller?.pause()
  }

  resume(): void {
    if (this.#isOver || !this.#isPaused) return
    this.#isPaused = false
    this.#clocks.await('read')
    this.#controller?.resume()
  }

  stop(reason: Outcome): void {
    this.#finish()
    this.#controller?.abort(new Error(reason))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isOver) {
      controller.abort(new Error('given up'))
      return
    }
    this.#isConnected = true
    this.#options.record.connectedAt = this.#now()
    this.#clocks.stop()
  }

  onRequestSent(): void {
    if (!this.#isOver && !this.#pump) this.#clocks.await('read')
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHeaders): void {
    if (this.#isOver || status < 200) return
    const { record } = this.#options
    record.headAt = this.#now()
    record.status = status
    record.headers = headers
    this.#clocks.await('read')
    this.#pump = new Pump(this)
    // What came in one read with the head is taken in first: a small answer is whole by then, and leaves in one write.
    queueMicrotask(() => this.#deliver(status, headers))
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return
    this.#options.record.bytes += chunk.byteLength
    if (!this.#isPaused) this.#clocks.await('read')
    this.#pump?.data(chunk)
  }

  onResponseEnd(): void {
    this.#countOut()
    if (this.#isOver) return
    this.#finish()
    this.#pump?.end('complete')
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    this.#countOut()
    const broken = this.#upload?.broken
    if (broken) return this.#fail(broken instanceof HttpError ? broken : abandoned('client_disconnect'), false)
    const { error, isConnection } = failureOf(cause)
    this.#fail(error, isConnection)
  }

  /** From here on the reply is out of our hands. */
  #deliver(status: number, incoming: IncomingHeaders): void {
    const pump = this.#pump
    if (!pump || this.#error) return
    const { ctx } = this.#options
    ctx.outcome = status >= 500 ? 'upstream_error' : 'complete'
    const headers = responseHeaders(incoming)
    if (status === 204) delete headers['content-length']
    const hasBody = ctx.request.method !== 'HEAD' && status !== 204 && status !== 304
    const body: ReplyBody = hasBody ? (pump.whole ?? pump) : null
    this.#resolve({ status, headers, body: Array.isArray(body) && body.length === 0 ? null : body })
  }

  #fail(error: HttpError, isConnection: boolean): void {
    if (this.#isOver) return
    this.#finish()
    this.#controller?.abort(error)
    this.mayRepeat = isConnection && this.#pump === undefined && this.#isRepeatable()
    this.#error = error
    this.#reject(error) // does nothing where the answer has begun
    this.#pump?.end(error.outcome === 'upstream_error' ? 'truncated' : error.outcome)
  }

  #isRepeatable(): boolean {
    const { ctx, body } = this.#options
    if (!body.isRepeatable && this.#upload?.isBegun) return false
    return !this.#isConnected || (body.isRepeatable && idempotent.has(ctx.request.method))
  }

  #finish(): void {
    this.#isOver = true
    this.#options.record.endedAt = this.#now()
    this.#clocks.stop()
    this.#unsubscribe()
  }

  #countOut(): void {
    if (this.#isCounted) this.#options.agent.end()
    this.#isCounted = false
  }

  readonly #blocked = (): void => {
    if (!this.#isOver && !this.#pump) this.#clocks.await('send')
  }

  /** It is the client's turn, and the front watches the client. */
  readonly #flowing = (): void => {
    if (!this.#isOver && !this.#pump) this.#clocks.stop()
  }

  #now(): number {
    return this.#options.ctx.clock.monotonic()
  }
}

const overdue: Readonly<Record<Stage, string>> = {
  connect: 'could not be reached in time',
  send: 'did not take the request in time',
  read: 'sent nothing for too long',
}
