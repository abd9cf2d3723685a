import type { ServerResponse } from 'node:http'
import { bodyLength, isStream, type HeaderMap, type Outcome, type Reply, type ReplyBody, type ReplyStream, type Sink } from '@sluice/kernel'

/** Milliseconds that a client gets to take the last bytes of an answer that is about to be cut. */
const cutGraceMs = 10_000

/** Writes one reply to one client; knows what was sent and how it went. */
export class ReplyWriter implements Sink {
  readonly #res: ServerResponse
  #stream: ReplyStream | undefined
  #bodyBytes = 0
  #outcome: Outcome | undefined
  /** The client takes less than comes. */
  #isFull = false

  constructor(res: ServerResponse) {
    this.#res = res
  }

  get bodyBytes(): number {
    return this.#bodyBytes
  }

  /** How the stream ended, as far as upstream is concerned; undefined for a body that was whole. */
  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  /** The same of a client that has closed the connection: undefined also where it had not taken all yet. */
  get delivered(): Outcome | undefined {
    return this.#outcome === 'complete' && this.#isFull ? undefined : this.#outcome
  }

  /** Writes the head and begins the body. `hasBody` is false for the answer to a HEAD. */
  send(reply: Reply, id: string, hasBody: boolean): void {
    const { status, headers, body } = reply
    if (!hasBody || status === 204 || status === 304) {
      if (isStream(body)) body.cancel('complete')
      // What a GET would have said of its length is for the answerer to know.
      this.#res.writeHead(status, flatten(headers, id, headers['content-length']))
      this.#res.end()
    } else if (isStream(body)) this.#sendStream(reply, body, id)
    else {
      this.#bodyBytes = bodyLength(body) ?? 0
      this.#res.writeHead(status, flatten(headers, id, String(this.#bodyBytes)))
      this.#sendWhole(body)
    }
  }

  /** The client is gone: upstream has nobody to talk to. */
  giveUp(reason: Outcome): void {
    this.#stream?.cancel(reason)
  }

  write(bytes: Uint8Array): boolean {
    this.#bodyBytes += bytes.byteLength
    const wantsMore = this.#res.write(bytes)
    this.#isFull = !wantsMore
    return wantsMore
  }

  end(outcome: Outcome): void {
    this.#outcome = outcome
    this.#stream = undefined
    if (outcome === 'complete') this.#res.end()
    else this.#cut()
  }

  #sendWhole(body: Exclude<ReplyBody, ReplyStream>): void {
    if (body === null || typeof body === 'string' || body instanceof Uint8Array) {
      this.#res.end(body ?? undefined)
      return
    }
    this.#res.cork()
    for (const piece of body) this.#res.write(piece)
    this.#res.end()
  }

  #sendStream(reply: Reply, stream: ReplyStream, id: string): void {
    this.#stream = stream
    this.#res.writeHead(reply.status, flatten(reply.headers, id, reply.headers['content-length']))
    this.#res.on('drain', () => {
      this.#isFull = false
      this.#stream?.resume()
    })
    stream.start(this)
    // Committed without a byte: the client is to see the head all the same.
    if (this.#bodyBytes === 0 && this.#outcome === undefined) this.#res.flushHeaders()
  }

  /** What was sent is flushed, then the connection ends without the end of the body: no client can take it for whole. */
  #cut(): void {
    const { socket } = this.#res
    if (!socket) return
    this.#res.uncork()
    socket.setTimeout(cutGraceMs, () => socket.destroy())
    socket.destroySoon()
  }
}

/** Names and values by turns, in the form that Node writes without copying. There is always a request id to quote. */
function flatten(headers: HeaderMap, id: string, length: string | string[] | undefined): string[] {
  const flat: string[] = []
  for (const name in headers) {
    const value = headers[name]
    if (name === 'content-length' || name === 'x-sluice-request-id' || value === undefined) continue
    if (typeof value === 'string') flat.push(name, value)
    else for (const one of value) flat.push(name, one)
  }
  if (headers['x-request-id'] === undefined) flat.push('x-request-id', id)
  flat.push('x-sluice-request-id', id)
  if (typeof length === 'string') flat.push('content-length', length)
  return flat
}
