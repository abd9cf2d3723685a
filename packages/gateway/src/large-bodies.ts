import type { IncomingMessage } from 'node:http'
import { HttpError } from '@sluice/kernel'
import { answerOf } from './answer-of.ts'

/** Bytes up to which a body does not count: as many as a connection may cost anyway. */
export const smallBody = 64 * 1024

/** What one body holds of the memory for all. */
export interface Share {
  /** Throws an `HttpError` 503 where there is no room for so many bytes of it. */
  grow(bytes: number): void
  /** So many bytes of it are in memory, and nobody needs more there. For how many more there is room all the same: half is for those who do. */
  keep(bytes: number): number
}

/** The larger request bodies that are in memory, so that many slow clients cannot fill it together. */
export class LargeBodies {
  /** Bytes of all of them; may change. */
  limit: number
  #held = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Begins to count a request's body; what it held is free again when its answer is over. */
  share(req: IncomingMessage): Share {
    let mine = 0
    let isOver = false
    const release = (): void => {
      this.#held -= mine
      isOver = true
    }
    ;(answerOf(req.socket) ?? req.socket).once('close', release)
    return {
      grow: (bytes) => {
        if (isOver) return
        if (this.#held - mine + bytes > this.limit) throw noRoom()
        this.#held += bytes - mine
        mine = bytes
      },
      keep: (bytes) => {
        if (isOver) return 0
        this.#held += bytes - mine
        mine = bytes
        return Math.max(smallBody - bytes, this.limit / 2 - this.#held, 0)
      },
    }
  }
}

function noRoom(): HttpError {
  return new HttpError(503, 'overloaded', 'too many large requests are under way', { headers: { 'retry-after': '1' }, outcome: 'refused' })
}
