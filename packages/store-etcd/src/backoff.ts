/** Milliseconds. */
const first = 100
const longest = 3_000

/** Milliseconds to wait before the attempt after so many that failed; at random, so that not all gateways come at once. */
export function backoffMs(failures: number): number {
  return Math.min(longest, first * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2)
}
