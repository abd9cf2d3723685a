import { Dice } from '../../../test/support/fuzz.ts'

const milliseconds = Number(process.env['SLUICE_FUZZ_MS'] ?? 0) // beyond the rounds that are always tried
const firstSeed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 1)

/** Seeds to try a property with: so many, and as long as a fuzz run lasts. */
export function* seeds(rounds = 300): Generator<number> {
  const end = performance.now() + milliseconds
  for (let index = 0; index < rounds || performance.now() < end; index++) yield firstSeed + index
}

/** Chances that are the same again for the same seed. */
export class Random {
  readonly #dice: Dice

  constructor(seed: number) {
    this.#dice = new Dice(seed)
  }

  below(limit: number): number {
    return this.#dice.below(limit)
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return this.#dice.pick(list)
  }

  chance(percent = 50): boolean {
    return this.#dice.perhaps(percent)
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
