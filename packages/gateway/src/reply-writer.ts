import type { ServerResponse } from 'node:http'
import { restOfStream } from '@sluice/ai-core'
import {
  bodyLength,
  cancelBody,
  isStream,
  takeLoan,
  type Exchange,
  type HeaderMap,
  type Loan,
  type Outcome,
  type Reply,
  type ReplyBody,
  type ReplyStream,
  type Sink,
} from '@sluice/kernel'
import { finishTogether, type Finishing } from './finish-together.ts'

/** Milliseconds for which a client may take nothing of what waits for it. */
const stallTimeoutMs = 300_000

/** Milliseconds that a client gets to take the last bytes of an answer that is about to be cut. */
const cutGraceMs = 10_000

/** Writes one reply to one client; knows what was sent and how it went. Streams may be a plugin's, and do what they like. */
export class ReplyWriter implements Sink, Finishing {
  /** Names and values by turns that the head has beside the reply’s. */
  extra: readonly string[] | undefined
  readonly #res: ServerResponse
  readonly #ctx: Exchange
  #stream: ReplyStream | undefined
  #bodyBytes = 0
  /** Bytes that the head of a stream has promised and that have not come. */
  #promised = Infinity
  /** Of a body that ends with the connection, and says nothing of its own end: HTTP/1.0 has no chunks. */
  #endsUnseen = false
  #outcome: Outcome | undefined
  /** The client takes less than comes. */
  #isFull = false
  /** The head of a stream of events was sent before there was a reply. */
  #isAhead = false
  #commentBytes = 0
  #loan: Loan | undefined
  /** Of a whole body, what is still to be handed over. */
  #rest: string | Uint8Array | undefined

  constructor(res: ServerResponse, ctx: Exchange) {
    this.#res = res
    this.#ctx = ctx
  }

  get bodyBytes(): number {
    return this.#bodyBytes
  }

  /** Of a body that is lent: to be ended once it was sent and the exchange is settled. */
  get loan(): Loan | undefined {
    return this.#loan
  }

  /** How the stream ended, as far as upstream is concerned; undefined for a body that was whole. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** The same of a client that has closed the connection: undefined also where it had not taken all yet. */
  get delivered(): Outcome | undefined {
    return this.#outcome === 'complete' && this.#isFull ? undefined : this.#outcome
  }

  /** How far it has come: no head, or the head of a stream of events and none of them yet, or further than that. */
  get state(): 'headless' | 'silent' | 'body' {
    if (!this.#res.headersSent) return 'headless'
    const isEvents = this.#isAhead || this.#stream?.dialect !== undefined
    return isEvents && this.#outcome === undefined && this.#bodyBytes === this.#commentBytes ? 'silent' : 'body'
  }

  /** Sends the head of a stream of events whose reply is yet to come, and a comment. Throws where HTTP cannot carry the head. */
  beginEvents(headers: HeaderMap, comment: Buffer): void {
    if (this.#res.req.method === 'HEAD') return
    this.#res.writeHead(200, flatten(headers, this.#ctx.id, undefined, this.extra))
    this.#isAhead = true
    this.comment(comment)
  }

  /** Keeps a `silent` stream from looking dead. */
  comment(comment: Buffer): void {
    if (this.#res.writableNeedDrain) return
    this.#commentBytes += comment.byteLength
    this.#bodyBytes += comment.byteLength
    this.#res.write(comment)
  }

  /** Writes the head and begins the body. Throws where HTTP cannot carry the reply; before the head is written, another may be sent. */
  send(reply: Reply): void {
    const { status, headers } = reply
    const { id } = this.#ctx
    if (this.#isAhead) return this.#sendRest(reply)
    this.#loan = takeLoan(reply)
    const body = this.#loan ? this.#loan.pieces : reply.body
    if (status < 200) throw new RangeError(`a reply cannot have the status ${status}: the client would wait for another one`)
    if (this.#res.req.method === 'HEAD' || status === 204 || status === 304) {
      cancelBody(body, 'complete')
      // What a GET would have said of its length is for the answerer to know; a 204 has none.
      this.#res.writeHead(status, flatten(headers, id, status === 204 ? undefined : headers['content-length'], this.extra))
      this.#res.end()
    } else if (isStream(body)) this.#sendStream(reply, body)
    else {
      const length = bodyLength(body) ?? 0
      this.#res.writeHead(status, flatten(headers, id, String(length), this.extra))
      this.#bodyBytes = length
      this.#sendWhole(body)
    }
  }

  /** The client is gone: upstream has nobody to talk to. */
  giveUp(reason: Outcome): void {
    cancelBody(this.#stream ?? null, reason)
  }

  write(bytes: Uint8Array): boolean {
    if (this.#outcome !== undefined) return false
    this.#promised -= bytes.byteLength
    if (this.#promised < 0) {
      this.#breakOff(new RangeError('the body is longer than its content-length'))
      return false
    }
    this.#bodyBytes += bytes.byteLength
    const wantsMore = this.#res.write(bytes)
    if (!wantsMore && !this.#isFull) this.#expectProgress()
    this.#isFull = !wantsMore
    return wantsMore
  }

  end(outcome: Outcome): void {
    if (this.#outcome !== undefined) return
    if (outcome === 'complete' && this.#promised > 0 && this.#promised !== Infinity) {
      return this.#breakOff(new RangeError('the body is shorter than its content-length'))
    }
    this.#outcome = outcome
    this.#stream = undefined
    if (outcome === 'complete') this.finish()
    else this.#cut()
  }

  #sendWhole(body: Exclude<ReplyBody, ReplyStream>): void {
    if (body === null || typeof body === 'string' || body instanceof Uint8Array) this.#rest = body ?? undefined
    else {
      this.#res.cork()
      for (const piece of body) this.#res.write(piece)
    }
    finishTogether(this)
  }

  /** Sends what is left of the answer, to nobody where the client has left meanwhile. Does not throw: others may wait behind it. */
  finish(): void {
    try {
      const rest = this.#rest
      // Whoever waits for bytes that do not come waits for good.
      if (typeof rest === 'object' && rest.byteLength !== this.#bodyBytes) throw new TypeError('its bytes were taken away before they were sent')
      this.#res.end(rest)
      if (this.#res.socket?.writableLength) this.#expectProgress()
    } catch (err) {
      this.#ctx.log.error({ err }, 'the reply could not be finished')
      this.#outcome = 'gateway_error'
      this.#res.destroy()
    }
  }

  /** Bytes wait for the client. Only then is there a timer: one for each connection would be set anew by every read and write. */
  #expectProgress(): void {
    this.#res.socket?.setTimeout(stallTimeoutMs)
  }

  /** The head has been sent: what is no stream of events can only be told in one. */
  #sendRest(reply: Reply): void {
    const rest = restOfStream(this.#ctx, reply)
    if (isStream(rest)) return this.#pump(rest)
    const { status } = reply
    this.#ctx.log.info({ status }, 'the status came behind the head of the stream, and was told in it')
    const outcome = this.#ctx.outcome ?? 'complete'
    this.write(rest)
    this.end(outcome === 'complete' ? 'upstream_error' : outcome)
  }

  #sendStream({ status, headers }: Reply, stream: ReplyStream): void {
    const length = headers['content-length']
    this.#res.writeHead(status, flatten(headers, this.#ctx.id, length, this.extra))
    if (typeof length === 'string') this.#promised = Number(length)
    else this.#endsUnseen = !this.#res.chunkedEncoding && stream.dialect === undefined
    this.#pump(stream)
  }

  #pump(stream: ReplyStream): void {
    this.#stream = stream
    this.#res.on('drain', () => this.#drained())
    stream.start(this)
    // Whoever gives the exchange up means the answer too. Upstream hears of it first, and may still say why.
    this.#ctx.onAbort((reason) => {
      this.giveUp(reason)
      this.end(reason)
    })
    // Committed without a byte: the client is to see the head all the same.
    if (this.#bodyBytes === 0 && this.#outcome === undefined) this.#res.flushHeaders()
  }

  #drained(): void {
    if (this.#isFull) this.#res.socket?.setTimeout(0)
    this.#isFull = false
    try {
      this.#stream?.resume()
    } catch (error) {
      this.#breakOff(error)
    }
  }

  /** The stream cannot be what it said that it is. */
  #breakOff(err: unknown): void {
    this.#ctx.log.error({ err }, 'the reply broke off')
    this.giveUp('gateway_error')
    this.end('gateway_error')
  }

  /** What was sent is flushed, then the connection ends without the end of the body: no client can take it for whole. */
  #cut(): void {
    const { socket } = this.#res
    if (!socket || socket.destroyed) return
    if (this.#bodyBytes === 0) this.#res.flushHeaders()
    this.#res.uncork()
    socket.setTimeout(cutGraceMs, () => socket.destroy())
    // Where a connection that ends is the end of the body, it must be seen to break.
    if (this.#endsUnseen) socket.write('', () => socket.resetAndDestroy())
    else socket.destroySoon()
  }
}

/** What says how long a body is, and under which name we know the exchange, is ours to say; plugins may copy a whole head. */
const ours: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'x-sluice-request-id'])

/** Names as they come again with every answer; bounded, for upstreams and plugins may invent some. */
const judged = new Map<string, boolean>()
const mostJudged = 1000

function isOurs(name: string): boolean {
  let verdict = judged.get(name)
  if (verdict === undefined) {
    verdict = ours.has(name.toLowerCase())
    if (judged.size < mostJudged) judged.set(name, verdict)
  }
  return verdict
}

/** Names and values by turns, in the form that Node writes without copying. There is always a request id to quote. */
function flatten(headers: HeaderMap, id: string, length: string | string[] | undefined, extra: readonly string[] | undefined): string[] {
  const flat: string[] = []
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || isOurs(name)) continue
    if (typeof value === 'string') flat.push(name, value)
    else for (const one of value) flat.push(name, one)
  }
  if (headers['x-request-id'] === undefined) flat.push('x-request-id', id)
  flat.push('x-sluice-request-id', id)
  if (typeof length === 'string') flat.push('content-length', length)
  if (extra) flat.push(...extra)
  return flat
}
