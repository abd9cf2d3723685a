/** Milliseconds that each property is tried for; `npm run fuzz` sets more. */
export const fuzzMs = Number(process.env['SLUICE_FUZZ_MS'] ?? 300)
/** The first of the seeds, which count up from it. */
const firstSeed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 20_261_128)
/** Rounds that are tried at the least, however slow the machine is. */
const fewest = 20

/** Chance that is the same for the same seed (a Weyl sequence through an integer hash). */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A whole number from 0 up to `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return Math.floor((((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32) * bound)
  }

  perhaps(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** From none to `most` of what `make` makes. */
  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make)
  }
}

/** Tries a property with one seed after the other while time lasts; a failure names its seed. Gives how often it held. */
export function fuzz(holds: (dice: Dice) => void): number {
  const end = performance.now() + fuzzMs
  let rounds = 0
  for (; rounds < fewest || performance.now() < end; rounds++) {
    try {
      holds(new Dice(firstSeed + rounds))
    } catch (cause) {
      throw failure(firstSeed + rounds, cause)
    }
  }
  return rounds
}

/** The same of what takes its time, `abreast` of them at once. */
export async function fuzzAsync(abreast: number, holds: (dice: Dice) => Promise<void>): Promise<number> {
  const end = performance.now() + fuzzMs
  let rounds = 0
  for (; rounds < fewest || performance.now() < end; rounds += abreast) {
    const from = firstSeed + rounds
    const seeds = Array.from({ length: abreast }, (_, index) => from + index)
    await Promise.all(seeds.map((seed) => holds(new Dice(seed)).catch((cause: unknown) => Promise.reject(failure(seed, cause)))))
  }
  return rounds
}

function failure(seed: number, cause: unknown): Error {
  return new Error(`npm run fuzz -- --seed ${seed} shows it at once: ${String(cause)}`, { cause })
}

/** Damages bytes: some are changed, put in, taken out, doubled or swapped; `pieces` are what may be put in. */
export function damaged(bytes: Buffer, dice: Dice, pieces: readonly (string | Buffer)[]): Buffer {
  let result = bytes
  for (let hits = 1 + dice.below(4); hits > 0; hits--) {
    const at = dice.below(result.length + 1)
    const until = Math.min(result.length, at + dice.below(dice.perhaps(20) ? 200 : 6))
    const [before, middle, after] = [result.subarray(0, at), result.subarray(at, until), result.subarray(until)]
    const piece = Buffer.from(dice.pick(pieces) as string)
    const put = dice.pick([
      () => [before, piece, middle, after],
      () => [before, piece, after],
      () => [before, after],
      () => [before, middle, middle, after],
      () => [before, Buffer.from([dice.below(256)]), after],
      () => [after, middle, before],
    ])
    result = Buffer.concat(put())
  }
  return result
}

/** Cuts bytes anywhere. */
export function cutAnywhere(bytes: Buffer, dice: Dice): Buffer[] {
  const pieces: Buffer[] = []
  const longest = dice.pick([1, 3, 20, 1000])
  for (let at = 0; at < bytes.length;) {
    const size = 1 + dice.below(longest)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}
