import type { Exchange } from './exchange.ts'
import { streamOf } from './lent-reply.ts'
import type { Outcome } from './outcome.ts'
import { cancelBody, type Reply, type ReplyStream } from './reply.ts'
import { slot } from './slot.ts'

/** Streams that a wrapper may or may not use; they end with the exchange. */
const strays = slot<ReplyStream[]>('kernel.strays')

/** The replies that `next()` gave to one wrapper: those that it does not return are cancelled, so that no upstream goes on talking to nobody. */
export class Given {
  readonly #ctx: Exchange
  readonly #replies: Reply[] = []
  /** As given: the wrapper may put another body into the same reply. */
  readonly #streams: ReplyStream[] = []
  /** The stream that the wrapper returned, null where that was none; undefined while it runs. */
  #kept: ReplyStream | null | undefined

  constructor(ctx: Exchange) {
    this.#ctx = ctx
  }

  /** Hands a reply to the wrapper as soon as it comes. */
  take(coming: Promise<Reply>): Promise<Reply> {
    const taken = coming.then((reply) => this.#add(reply))
    // A wrapper that has let go of `next()`, as in a race against a timer, does not hear of its failure; unhandled, it would end the process.
    taken.catch(() => {})
    return taken
  }

  has(reply: Reply): boolean {
    return this.#replies.includes(reply)
  }

  /** The wrapper has ended with a stream, or, null, without one. */
  close(kept: ReplyStream | null): void {
    this.#kept = kept
    for (const stream of this.#streams) this.#giveUp(stream, kept)
  }

  #add(reply: Reply): Reply {
    this.#replies.push(reply)
    const stream = streamOf(reply)
    if (!stream) return reply
    this.#streams.push(stream)
    if (this.#kept !== undefined) this.#giveUp(stream, this.#kept)
    return reply
  }

  #giveUp(stream: ReplyStream, kept: ReplyStream | null): void {
    for (let used = kept ?? undefined; used; used = used.source) if (used === stream) return
    // A stream that does not say what it wraps might wrap any of them.
    const isUnsure = kept && !kept.source && !this.#streams.includes(kept)
    if (isUnsure && !this.#ctx.settled) this.#ctx.set(strays, [...(this.#ctx.get(strays) ?? []), stream])
    else cancelBody(stream, 'refused')
  }
}

/** Cancels what no wrapper claimed; the exchange is over. */
export function cancelStrays(ctx: Exchange, outcome: Outcome): void {
  for (const body of ctx.get(strays) ?? []) cancelBody(body, outcome)
}
