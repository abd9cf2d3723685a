import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { asksForModels, formatError, offeredModelsSlot } from '@sluice/ai-core'
import type { Snapshot } from '@sluice/config'
import { asHttpError, cancelBody, Exchange, headerOf, HttpError, streamOf, type Chain, type ExchangeRequest, type Kernel, type Outcome, type Reply } from '@sluice/kernel'
import { needsBody } from '@sluice/router'
import Koa from 'koa'
import { dropRest } from './drop-rest.ts'
import { inTurn } from './in-turn.ts'
import { smallBody } from './large-bodies.ts'
import { offeredTo, offerOf } from './offered-models.ts'
import { ReplyWriter } from './reply-writer.ts'
import { requestOf, type RequestLimits } from './request-of.ts'
import { StreamKeepalive } from './stream-keepalive.ts'
import { traceHeaders } from './trace-headers.ts'
import type { Running } from './running.ts'
import { UnreadBodies } from './unread-bodies.ts'

export interface FrontOptions {
  readonly kernel: Kernel
  /** The configuration that serves now; an exchange stays on the one that it began with. */
  snapshot(): Snapshot
  limits(): RequestLimits
  /** Milliseconds between two signs of life to a client that waits for a stream; 0: none. */
  streamKeepaliveMs(): number
  /** Whether answers show the plugins of their route, and the status of upstream. */
  showsTrace(): boolean
  /** Holds every exchange from its beginning until it is settled. */
  readonly running: Running
  /** Whether clients are to leave: no connection is kept for another request. */
  isDraining(): boolean
  /** Called once for each exchange, after its log phase. */
  onSettled(ctx: Exchange): void
}

/** The HTTP face of the data plane: one Koa middleware that takes the response over. */
export function createFront(options: FrontOptions): Koa {
  const unread = new UnreadBodies()
  return new Front(({ req, res }) => inTurn(res, () => begin(req, res, options, unread)))
}

/**
 * Koa around one middleware that answers by itself and reports its own end. Koa's way of responding would watch each
 * response for errors and await a promise first, all for nothing: a tenth of what a small request costs.
 */
class Front extends Koa {
  readonly #answer: (koa: Koa.Context) => void

  constructor(answer: (koa: Koa.Context) => void) {
    super()
    this.#answer = answer
    this.use(answer)
  }

  override callback(): ReturnType<Koa['callback']> {
    return (req, res) => {
      this.#answer(this.createContext(req as IncomingMessage, res as ServerResponse))
      return done
    }
  }
}

const done = Promise.resolve()

function begin(req: IncomingMessage, res: ServerResponse, options: FrontOptions, unread: UnreadBodies): void {
  try {
    serve(req, res, options, unread)
  } catch (err) {
    options.kernel.log.error({ err }, 'a request could not be read')
    res.writeHead(500).end()
  }
}

function serve(req: IncomingMessage, res: ServerResponse, options: FrontOptions, unread: UnreadBodies): void {
  const limits = options.limits()
  const request = requestOf(req, limits)
  const { uri } = request
  const ctx = new Exchange({ id: randomUUID(), request: { ...request, uri: uri ?? request.path }, log: options.kernel.log })
  const snapshot = options.snapshot()
  snapshot.acquire()
  const visit = new Visit(ctx, res, snapshot, options)
  const refusal = uri === undefined ? malformedPath() : hostProblem(request)
  if (refusal) void visit.answer(snapshot.notFound, refusal)
  else visit.route()
  // A smaller one Node reads to its end, whoever wants it.
  if (req.readableFlowing === null && (request.body.receivedLength ?? Infinity) >= smallBody) unread.watch(req, limits.largeBodies, limits.maxBodyBytes)
}

/** One exchange between the socket and the chain. */
class Visit {
  readonly #ctx: Exchange
  readonly #res: ServerResponse
  readonly #snapshot: Snapshot
  readonly #options: FrontOptions
  readonly #writer: ReplyWriter
  readonly #socket: Socket | null
  readonly #sentBefore: number
  readonly #seat: number
  readonly #keepalive: StreamKeepalive | undefined
  #chain: Chain
  /** It asks for the list of models, and no provider knows it better. */
  #namesModels = false
  #answered = false
  #closed = false

  constructor(ctx: Exchange, res: ServerResponse, snapshot: Snapshot, options: FrontOptions) {
    this.#ctx = ctx
    this.#res = res
    this.#snapshot = snapshot
    this.#options = options
    this.#seat = options.running.add(ctx)
    this.#writer = new ReplyWriter(res, ctx)
    this.#chain = snapshot.notFound
    this.#socket = res.socket
    this.#sentBefore = res.socket?.bytesWritten ?? 0
    const everyMs = options.streamKeepaliveMs()
    if (everyMs > 0) this.#keepalive = new StreamKeepalive(ctx, this.#writer, everyMs)
    res.once('close', () => this.#close())
  }

  route(): void {
    let found: Chain | typeof needsBody
    try {
      found = this.#match(false)
    } catch (error) {
      return void this.#refuse(error)
    }
    if (found === needsBody) void this.#routeByBody()
    else void this.#answerBy(found)
  }

  #answerBy(chain: Chain): Promise<void> {
    return this.#namesModels ? this.#answerWithModels(chain) : this.answer(chain)
  }

  async #answerWithModels(chain: Chain): Promise<void> {
    try {
      this.#ctx.set(offeredModelsSlot, await offeredTo(this.#ctx, this.#snapshot))
    } catch (err) {
      this.#ctx.log.error({ err }, 'the models on this host could not be listed')
    }
    return this.answer(chain)
  }

  answer(chain: Chain, refusal?: HttpError): Promise<void> {
    this.#chain = chain
    this.#snapshot.choose(chain, this.#ctx)
    return chain.run(this.#ctx, refusal).then((reply) => this.#reply(reply))
  }

  #reply(reply: Reply): void {
    const ctx = this.#ctx
    this.#answered = true
    if (this.#closed) {
      cancelBody(streamOf(reply) ?? null, 'client_disconnect')
      return this.#settle('client_disconnect')
    }
    if (this.#options.isDraining()) this.#res.shouldKeepAlive = false
    this.#writer.extra = traceHeaders(ctx, this.#chain, this.#options.showsTrace())
    try {
      this.#writer.send(reply)
    } catch (err) {
      // A header that HTTP cannot carry, for one: the client is owed an answer, and the log the reason.
      ctx.log.error({ err }, 'the reply could not be written')
      cancelBody(reply.body, 'gateway_error')
      ctx.outcome = 'gateway_error'
      if (this.#res.headersSent) return this.#writer.end('gateway_error')
      this.#res.statusMessage = ''
      this.#writer.send(formatError(new HttpError(500, 'internal_error', 'internal error'), ctx))
    }
  }

  /** A candidate's `vars` look into the body. */
  async #routeByBody(): Promise<void> {
    let found: Chain | typeof needsBody
    try {
      await this.#ctx.request.body.read()
      found = this.#match(true)
    } catch (error) {
      return this.#refuse(error)
    }
    return this.#answerBy(found === needsBody ? this.#snapshot.notFound : found)
  }

  /** No route can be found for what is wrong with the request. */
  #refuse(error: unknown): Promise<void> {
    return this.answer(this.#snapshot.notFound, asHttpError(error))
  }

  #match(bodyIsRead: boolean): Chain | typeof needsBody {
    const { method, path, headers, remoteAddress } = this.#ctx.request
    const host = (headers['host'] as string | undefined) ?? ''
    const found = this.#snapshot.router.match({ method, path, host, address: remoteAddress }, this.#ctx, bodyIsRead)
    if (found === needsBody) return needsBody
    this.#namesModels = asksForModels(this.#ctx.request) && (found ? offerOf(found.value).models.length > 0 : isBase(this.#ctx.request.uri))
    if (found === undefined) return this.#snapshot.notFound
    this.#ctx.route = found.value.info
    this.#ctx.params = found.params
    return found.value.chain
  }

  /** The response is over, one way or the other. */
  #close(): void {
    this.#closed = true
    this.#keepalive?.stop()
    if (this.#res.writableFinished) {
      dropRest(this.#res.req)
      return this.#settle(this.#writer.outcome ?? 'complete')
    }
    this.#ctx.abort(this.#writer.outcome ?? 'client_disconnect')
    // Clients hang up at the last event: a stream that has sent it says now that it is complete.
    const outcome = this.#writer.delivered ?? 'client_disconnect'
    this.#writer.giveUp(outcome)
    // Before there is an answer, the chain goes on until it notices; it settles then.
    if (this.#answered) this.#settle(outcome)
  }

  #settle(outcome: Outcome): void {
    const ctx = this.#ctx
    const sent = (this.#socket?.bytesWritten ?? this.#sentBefore) - this.#sentBefore
    const { bodyBytes } = this.#writer
    const status = this.#res.headersSent ? this.#res.statusCode : 499
    const headerBytes = Math.max(0, sent - bodyBytes)
    const looking = this.#chain.settle(ctx, outcome, { status, headerBytes, bodyBytes })
    if (looking) void looking.then(() => this.#settled())
    else this.#settled()
  }

  #settled(): void {
    try {
      this.#options.onSettled(this.#ctx)
    } finally {
      this.#options.running.remove(this.#seat)
      this.#snapshot.release(this.#chain)
      this.#giveMemoryBack()
    }
  }

  /** What a connection may still have to send is left to the collector. */
  #giveMemoryBack(): void {
    if (this.#res.writableFinished) this.#writer.loan?.end()
    this.#ctx.request.body.end()
  }
}

/** Where SDKs look for the list of models when no route says otherwise. */
function isBase(uri: string): boolean {
  return uri.startsWith('/v1/') || uri.startsWith('/v1beta/')
}

const validHost = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+;=%-]*)(?::\d*)?$/i

/** RFC 9112 §3.2 asks for one host since HTTP/1.1, and for none that can be read in two ways. Node would answer on its own, past the log. */
function hostProblem({ httpVersion, headers }: Pick<ExchangeRequest, 'httpVersion' | 'headers'>): HttpError | undefined {
  const host = headerOf(headers, 'host')
  if (host !== undefined) return validHost.test(host) ? undefined : new HttpError(400, 'malformed_host', 'the request does not have one valid Host')
  return httpVersion === '1.0' ? undefined : new HttpError(400, 'missing_host', 'the request has no Host header')
}

function malformedPath(): HttpError {
  return new HttpError(400, 'malformed_path', 'the path of the request is malformed')
}
