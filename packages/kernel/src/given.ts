import type { Exchange } from './exchange.ts'
import type { Outcome } from './outcome.ts'
import { cancelBody, isStream, type Reply, type ReplyBody } from './reply.ts'
import { slot } from './slot.ts'

/** Streams that a wrapper may or may not use; they end with the exchange. */
const strays = slot<ReplyBody[]>('kernel.strays')

/** The replies that `next()` gave to one wrapper: those that it does not return are cancelled, so that no upstream goes on talking to nobody. */
export class Given {
  readonly #ctx: Exchange
  readonly #replies: Reply[] = []
  /** As given: the wrapper may put another body into the same reply. */
  readonly #bodies: ReplyBody[] = []
  /** The body that the wrapper returned; undefined while it runs. */
  #kept: ReplyBody | undefined

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

  /** The wrapper has ended with `kept`, or, null, without a body. */
  close(kept: ReplyBody): void {
    this.#kept = kept
    for (const body of this.#bodies) this.#giveUp(body, kept)
  }

  #add(reply: Reply): Reply {
    this.#replies.push(reply)
    this.#bodies.push(reply.body)
    if (this.#kept !== undefined) this.#giveUp(reply.body, this.#kept)
    return reply
  }

  #giveUp(body: ReplyBody, kept: ReplyBody): void {
    if (!isStream(body)) return
    for (let used: ReplyBody | undefined = kept ?? undefined; used && isStream(used); used = used.source) if (used === body) return
    // A stream that does not say what it wraps might wrap any of them.
    const isUnsure = isStream(kept) && !kept.source && !this.#bodies.includes(kept)
    if (isUnsure && !this.#ctx.settled) this.#ctx.set(strays, [...(this.#ctx.get(strays) ?? []), body])
    else cancelBody(body, 'refused')
  }
}

/** Cancels what no wrapper claimed; the exchange is over. */
export function cancelStrays(ctx: Exchange, outcome: Outcome): void {
  for (const body of ctx.get(strays) ?? []) cancelBody(body, outcome)
}
