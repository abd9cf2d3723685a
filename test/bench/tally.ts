import type { Ran } from './load.ts'

/** Counts answers, and keeps what is wrong with the first few. */
export class Tally {
  #answers = 0
  #wrong = 0
  readonly #problems: string[] = []

  /** One more answer; `problem` says what is wrong with it. */
  add(problem?: string): void {
    this.#answers += 1
    if (problem === undefined) return
    this.#wrong += 1
    if (this.#problems.length < 3) this.#problems.push(problem)
  }

  /** A target that refuses at once would be asked a hundred thousand times. */
  get isHopeless(): boolean {
    return this.#wrong >= 20
  }

  get ran(): Ran {
    return { answers: this.#answers, wrong: this.#wrong, problems: this.#problems }
  }
}
