import type { Exchange } from '@sluice/kernel'

/**
 * The exchanges that are not settled yet. Not a `Set`: each time that V8 sweeps the gaps out of one it makes a new table and has
 * the old one point to it. Once a collection of the whole heap has moved such a table among the old objects, it
 * keeps its successors, and the exchanges that were in them, until the next such collection: scavenges then take four times as long,
 * for as long as the process lives.
 */
export class Running implements Iterable<Exchange> {
  readonly #seats: (Exchange | undefined)[] = []
  readonly #free: number[] = []

  get size(): number {
    return this.#seats.length - this.#free.length
  }

  /** Gives the seat that `remove` asks for. */
  add(ctx: Exchange): number {
    const seat = this.#free.pop() ?? this.#seats.length
    this.#seats[seat] = ctx
    return seat
  }

  /** Once for each seat that was given. */
  remove(seat: number): void {
    this.#seats[seat] = undefined
    this.#free.push(seat)
  }

  *[Symbol.iterator](): Iterator<Exchange> {
    for (const ctx of this.#seats) if (ctx) yield ctx
  }
}
