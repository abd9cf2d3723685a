import type { HeaderMap } from './headers.ts'
import { isStream, type Reply, type ReplyBody, type ReplyStream } from './reply.ts'

type GiveBack = (pieces: readonly Uint8Array[]) => void

/** Bytes whose memory has another use once they were sent. */
export class Loan {
  readonly pieces: readonly Uint8Array[]
  readonly #giveBack: GiveBack
  isTaken = false
  isOver = false

  constructor(pieces: readonly Uint8Array[], giveBack: GiveBack) {
    this.pieces = pieces
    this.#giveBack = giveBack
  }

  /** For whoever took it: the pieces were sent, and nobody is to look at them again. */
  end(): void {
    if (this.isOver) return
    this.isOver = true
    this.#giveBack(this.pieces)
  }
}

const loans = new WeakMap<Reply, Loan>()

/**
 * A reply whose body is lent until its exchange is settled: a large answer needs its memory for a moment, and to have that
 * collected costs more than all else about it. To hooks it is a reply like others; whoever looks at `body` gets a copy
 * to keep and to change, and an error where it comes too late. `giveBack` is called once, or never where the pieces may still be in use.
 */
export function lendReply(status: number, headers: HeaderMap, pieces: readonly Uint8Array[], giveBack: GiveBack): Reply {
  return borrowed(status, headers, new Loan(pieces, giveBack))
}

/** The same answer under other headers; lent, where it is. */
export function withHeaders(reply: Reply, headers: HeaderMap): Reply {
  const loan = loans.get(reply)
  return loan ? borrowed(reply.status, headers, loan) : { ...reply, headers }
}

/** For whoever sends the reply; undefined where its body is nobody's loan, or somebody sends that already: then there is `body`. */
export function takeLoan(reply: Reply): Loan | undefined {
  const loan = loans.get(reply)
  if (!loan || loan.isTaken) return undefined
  loan.isTaken = true
  return loan
}

/** The stream that a reply's body is, if it is one. To find out copies nothing. */
export function streamOf(reply: Reply): ReplyStream | undefined {
  if (loans.has(reply)) return undefined
  const { body } = reply
  return isStream(body) ? body : undefined
}

function borrowed(status: number, headers: HeaderMap, loan: Loan): Reply {
  let own: ReplyBody | undefined
  const reply: Reply = {
    status,
    headers,
    get body() {
      if (own !== undefined) return own
      if (loan.isOver) throw new Error('the body of this reply was there until its exchange was settled: look at it before that, or keep a copy')
      own = Buffer.concat(loan.pieces)
      loans.delete(reply) // it may be changed in place, and is what is sent from now on
      return own
    },
    set body(body) {
      own = body
      loans.delete(reply)
    },
  }
  loans.set(reply, loan)
  return reply
}
