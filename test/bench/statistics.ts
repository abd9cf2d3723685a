/** A median with the interval that holds the true one with 95 % confidence. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

/**
 * The interval comes from the order statistics, which ask nothing of the distribution: the k-th value from either end,
 * where k is the largest with a chance of at most 2.5 % that fewer than k of n coin tosses come up heads. Below six values there is no
 * such k, and the interval is all there is.
 */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const n = sorted.length
  let chance = 0.5 ** n
  let below = chance
  let k = 0
  while (below <= 0.025) {
    k += 1
    chance *= (n - k + 1) / k
    below += chance
  }
  const rank = Math.max(k, 1)
  return { median: medianOf(sorted), low: sorted[rank - 1] ?? Number.NaN, high: sorted[n - rank] ?? Number.NaN }
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length / 2
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + high) / 2 : high
}
