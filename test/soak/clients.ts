import { Dice } from './dice.ts'
import { malformed } from './malformed.ts'
import type { End, Seen } from './seen.ts'
import { visit } from './visit.ts'

/** Those who ask, each one thing after the other. */
export class Clients {
  readonly seen: Seen[] = []
  readonly #url: string
  readonly #seed: number
  readonly #count: number
  #round: Promise<unknown> = Promise.resolve()
  #isGoing = false
  #named = 0

  constructor(url: string, { seed, clients }: { readonly seed: number; readonly clients: number }) {
    this.#url = url
    this.#seed = seed
    this.#count = clients
  }

  /** A name for one request. */
  nextName(): string {
    return `n${(this.#named += 1)}`
  }

  go(): void {
    this.#isGoing = true
    this.#round = Promise.all(Array.from({ length: this.#count }, (_, n) => this.#keepAsking(new Dice(this.#seed + n + this.#named))))
  }

  /** Begins nothing more, and waits for what has begun. */
  async rest(): Promise<void> {
    this.#isGoing = false
    await this.#round
  }

  tally(): Readonly<Record<End, number>> {
    const tally = { whole: 0, error: 0, cut: 0, left: 0, nothing: 0 }
    for (const { end } of this.seen) tally[end] += 1
    return tally
  }

  async #keepAsking(dice: Dice): Promise<void> {
    while (this.#isGoing) {
      const ask = dice.perhaps(10) ? malformed : visit
      this.seen.push(await ask(this.#url, this.nextName(), dice))
    }
  }
}
