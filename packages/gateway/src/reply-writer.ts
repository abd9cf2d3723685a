import type { ServerResponse } from 'node:http'
import { bodyLength, isStream, type HeaderMap, type Outcome, type Reply, type ReplyStream, type Sink } from '@sluice/kernel'

/** Milliseconds that a client gets to take the last bytes of an answer that is about to be cut. */
const cutGraceMs = 10_000

/** Writes one reply to one client; knows what was sent and how it went. */
export class ReplyWriter implements Sink {
  readonly #res: ServerResponse
  #stream: ReplyStream | undefined
  #bodyBytes = 0
  #outcome: Outcome | undefined

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

  /** Writes the head and begins the body. `hasBody` is false for the answer to a HEAD. */
  send(reply: Reply, id: string, hasBody: boolean): void {
    const { body } = reply
    if (isStream(body)) {
      if (hasBody) this.#sendStream(reply, body, id)
      else {
        body.cancel('complete')
        this.#res.writeHead(reply.status, flatten(reply.headers, id, undefined))
        this.#res.end()
      }
      return
    }
    const length = bodyLength(body) ?? 0
    const isEmpty = reply.status === 204 || reply.status === 304
    this.#res.writeHead(reply.status, flatten(reply.headers, id, isEmpty ? undefined : length))
    if (!hasBody || isEmpty || body === null) this.#res.end()
    else {
      this.#bodyBytes = length
      this.#sendWhole(body)
    }
  }

  /** The client is gone: upstream has nobody to talk to. */
  giveUp(reason: Outcome): void {
    this.#stream?.cancel(reason)
  }

  write(bytes: Uint8Array): boolean {
    this.#bodyBytes += bytes.byteLength
    return this.#res.write(bytes)
  }

  end(outcome: Outcome): void {
    this.#outcome = outcome
    this.#stream = undefined
    if (outcome === 'complete') this.#res.end()
    else this.#cut()
  }

  #sendWhole(body: string | Uint8Array | readonly Uint8Array[]): void {
    if (typeof body === 'string' || body instanceof Uint8Array) {
      this.#res.end(body)
      return
    }
    this.#res.cork()
    for (const piece of body) this.#res.write(piece)
    this.#res.end()
  }

  #sendStream(reply: Reply, stream: ReplyStream, id: string): void {
    this.#stream = stream
    const { headers } = reply
    const length = headers['content-length']
    delete headers['content-length']
    this.#res.writeHead(reply.status, flatten(headers, id, typeof length === 'string' ? Number(length) : undefined))
    this.#res.on('drain', () => this.#stream?.resume())
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

/** Names and values by turns, in the form that Node writes without copying. */
function flatten(headers: HeaderMap, id: string, length: number | undefined): string[] {
  const flat: string[] = []
  for (const name in headers) {
    const value = headers[name]
    if (name === 'content-length' || value === undefined) continue
    if (typeof value === 'string') flat.push(name, value)
    else for (const one of value) flat.push(name, one)
  }
  flat.push('x-sluice-request-id', id)
  if (length !== undefined) flat.push('content-length', String(length))
  return flat
}
