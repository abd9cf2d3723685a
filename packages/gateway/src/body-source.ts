import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { HttpError, PieceList, tooLarge, type BodySource } from '@sluice/kernel'
import { smallBody, type LargeBodies, type Share } from './large-bodies.ts'

/** Bytes from which on a piece is worth giving its memory back before the collector does. */
const worthFreeing = 16 * 1024

/** A request's body as Node receives it. */
export class SocketBody implements BodySource {
  readonly declaredLength: number | undefined
  readonly #req: IncomingMessage
  readonly #large: LargeBodies
  #kept: Share | undefined

  constructor(req: IncomingMessage, contentLength: string | undefined, large: LargeBodies) {
    this.#req = req
    this.#large = large
    this.declaredLength = lengthOf(req, contentLength)
  }

  /** Bounded by `limit` while it reads, by what other bodies take, and by the server's `requestTimeout` in time. */
  gather(limit: number): Promise<Buffer[]> {
    if (this.declaredLength === 0) return Promise.resolve([])
    const req = this.#req
    if (req.readableDidRead) return Promise.reject(consumed())
    if (req.destroyed) return Promise.reject(incomplete())
    return new Promise((resolve, reject) => {
      const gathered = new PieceList()
      let share: Share | undefined
      const stop = (error: Error | undefined): void => {
        req.off('data', take).off('end', end).off('error', gone).off('close', gone)
        if (error) {
          req.resume() // the rest is read and dropped, so that the refusal reaches a client that is still sending
          reject(error)
        } else resolve(gathered.pieces)
      }
      const take = (chunk: Buffer): void => {
        const size = gathered.length + chunk.byteLength
        try {
          if (size > limit) throw tooLarge(size, limit)
          if (size > smallBody) (share ??= this.#large.share(req)).grow(size)
          gathered.push(chunk)
        } catch (error) {
          stop(error as HttpError)
        }
      }
      const end = (): void => stop(undefined)
      const gone = (error?: Error): void => stop(error instanceof HttpError ? error : incomplete())
      req.on('data', take).on('end', end).on('error', gone).on('close', gone)
    })
  }

  /** Once: throws an `HttpError` 502 where some of it has gone up before. */
  stream(): Readable {
    if (this.#req.readableDidRead) throw consumed()
    return this.#req
  }

  free(pieces: readonly Buffer[]): void {
    for (const { buffer, byteLength } of pieces) {
      // Small ones share their memory with others, and are not worth it.
      if (byteLength >= worthFreeing && buffer.byteLength === byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
    }
  }

  keep(bytes: number): boolean {
    if (bytes <= smallBody && !this.#kept) return true
    return (this.#kept ??= this.#large.share(this.#req)).keep(bytes) > 0
  }
}

function incomplete(): HttpError {
  return new HttpError(400, 'incomplete_body', 'the request body ended before it was complete', { outcome: 'client_disconnect' })
}

/** A plugin asks again for what it let pass unread. */
function consumed(): HttpError {
  return new HttpError(502, 'body_is_gone', 'the request body has been sent on already, and was not kept to be sent again')
}

function lengthOf(req: IncomingMessage, contentLength: string | undefined): number | undefined {
  if (contentLength !== undefined) return Number(contentLength)
  // Without either field a request has no body: https://www.rfc-editor.org/rfc/rfc9112#section-6.3
  return req.headers['transfer-encoding'] === undefined ? 0 : undefined
}
