/** Chance that comes out the same for the same seed: a linear congruence with the constants of Numerical Recipes. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number below `bound`. */
  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * bound)
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  /** True in so many of a hundred cases. */
  perhaps(percent: number): boolean {
    return this.below(100) < percent
  }
}
