/** A source of chances that gives the same ones again for the same seed. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] as T
  }

  chance(percent = 50): boolean {
    return this.below(100) < percent
  }

  /** The members now and then, else none: to be spread. */
  sometimes<T extends object>(members: () => T, percent = 50): Partial<T> {
    return this.chance(percent) ? members() : {}
  }

  /** As many as there happen to be, at least `least`. */
  some<T>(least: number, most: number, make: (index: number) => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, (_, index) => make(index))
  }
}
