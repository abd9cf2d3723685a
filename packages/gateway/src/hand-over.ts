import type { Socket } from 'node:net'

/** Connections that a worker may have been sent without a word that it has them. */
const mostSent = 64
/** Connections that wait here while no worker can take one. */
const mostWaiting = 4_096
/** Milliseconds for which one waits: a worker that has died is replaced in less, or the client had better ask elsewhere. */
const waitMs = 5_000

/** Whoever connections are handed to. */
export interface Taker {
  /** Sends a connection; its answer is told with `accepted`. */
  take(id: number, socket: Socket): void
}

interface Member {
  readonly taker: Taker
  /** Sent, and not accepted yet. Our own end of each stays open, for the case that it never is. */
  readonly sent: Map<number, Socket>
}

/**
 * Hands connections to workers, in turn, and first to those who have answered for all that they were sent: so one that
 * is at work for long, or hangs, gets the fewest. What a worker was sent and had not accepted when it died goes to another.
 */
export class HandOver {
  readonly #members: Member[] = []
  readonly #waiting: Socket[] = []
  #ids = 0
  #settled: (() => void) | undefined

  /** Takes in a connection that nobody has read from. */
  take(socket: Socket): void {
    socket.on('error', () => {}) // it is the client's to say what became of it
    if (this.#waiting.length >= mostWaiting) return void socket.destroy()
    socket.on('timeout', () => this.#giveUp(socket))
    this.#waiting.push(socket.setTimeout(waitMs))
    this.#next()
  }

  join(taker: Taker): void {
    this.#members.push({ taker, sent: new Map() })
    this.#next()
  }

  accepted(taker: Taker, id: number): void {
    const member = this.#members.find((one) => one.taker === taker)
    member?.sent.get(id)?.destroy() // our end of it: the connection is the worker's now
    member?.sent.delete(id)
    this.#next()
  }

  leave(taker: Taker): void {
    const at = this.#members.findIndex((one) => one.taker === taker)
    if (at < 0) return
    const [member] = this.#members.splice(at, 1)
    const back = [...(member?.sent.values() ?? [])]
    this.#waiting.unshift(...back.map((socket) => socket.setTimeout(waitMs)))
    this.#next()
  }

  /** Resolves once every connection has found its worker. */
  async settled(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#settled = resolve
    this.#next()
    await promise
  }

  /** Closes what is still here. */
  close(): void {
    for (const socket of [...this.#waiting, ...this.#members.flatMap(({ sent }) => [...sent.values()])]) socket.destroy()
    this.#waiting.length = 0
  }

  #next(): void {
    for (let member = this.#freest(); member && this.#waiting.length > 0; member = this.#freest()) {
      const socket = (this.#waiting.shift() as Socket).setTimeout(0)
      const id = ++this.#ids
      member.sent.set(id, socket)
      // Behind the others, for its next turn.
      this.#members.push(...this.#members.splice(this.#members.indexOf(member), 1))
      member.taker.take(id, socket)
    }
    if (this.#waiting.length === 0 && this.#members.every(({ sent }) => sent.size === 0)) this.#settled?.()
  }

  /** No worker could take it in time. */
  #giveUp(socket: Socket): void {
    socket.destroy()
    this.#waiting.splice(this.#waiting.indexOf(socket), 1)
  }

  #freest(): Member | undefined {
    let freest: Member | undefined
    for (const member of this.#members) {
      if (member.sent.size < mostSent && (!freest || member.sent.size < freest.sent.size)) freest = member
    }
    return freest
  }
}
