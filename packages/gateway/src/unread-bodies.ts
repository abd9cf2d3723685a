import type { IncomingMessage } from 'node:http'
import type { LargeBodies, Share } from './large-bodies.ts'

/** Milliseconds between two looks. */
const lookMs = 40

/** Bytes that may come until the next one. */
const stepBytes = 8 * 1024 * 1024

/** Pieces of a body that are kept while nobody reads it: each costs something, however small it is. */
const mostPieces = 16 * 1024

interface Unread {
  readonly large: LargeBodies
  /** Bytes of one body. */
  readonly limit: number
  /** What Node keeps by itself. */
  readonly before: number
  share: Share | undefined
}

/** What of a stream's state has no name of its own: https://github.com/nodejs/node/blob/main/lib/internal/streams/readable.js */
interface State {
  highWaterMark: number
  readonly buffer: { readonly length: number }
}

/**
 * Bodies that nobody reads yet, while a hook waits for something or a connection is being made. Node stops reading them
 * after 64 KiB and would not see that the client is gone, which stands behind all that it has sent: so they are let in
 * further, within the same bounds as what is read ahead for an upstream. Those that are being read cost nothing.
 */
export class UnreadBodies {
  readonly #unread = new Map<IncomingMessage, Unread>()
  #timer: NodeJS.Timeout | undefined

  watch(req: IncomingMessage, large: LargeBodies, limit: number): void {
    this.#unread.set(req, { large, limit, before: stateOf(req).highWaterMark, share: undefined })
    this.#timer ??= setInterval(() => this.#look(), lookMs).unref()
  }

  #look(): void {
    for (const [req, unread] of this.#unread) {
      const isRead = req.destroyed || req.readableFlowing !== null
      // All of it is here, and Node watches the connection again; what is kept of it counts until somebody takes it.
      if (isRead || (req.complete && !unread.share)) this.#leave(req, unread)
      else if (!req.complete && req.readableLength >= stateOf(req).highWaterMark) letIn(req, unread)
    }
    if (this.#unread.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #leave(req: IncomingMessage, { before, share }: Unread): void {
    this.#unread.delete(req)
    stateOf(req).highWaterMark = before
    share?.keep(0)
  }
}

function letIn(req: IncomingMessage, unread: Unread): void {
  const length = req.readableLength
  const { large, limit } = unread
  const share = (unread.share ??= large.share(req))
  const step = Math.min(stepBytes, share.keep(length), limit - length)
  if (step <= 0 || stateOf(req).buffer.length > mostPieces) return
  share.keep(length + step)
  stateOf(req).highWaterMark = length + step
  req.read(0) // goes on filling what is kept, and takes nothing out
}

function stateOf(req: IncomingMessage): State {
  const { _readableState: state } = req as unknown as { _readableState: State }
  return state
}
