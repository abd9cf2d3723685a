/** Where time comes from, so that tests can turn it. */
export interface Clock {
  /** Unix time, milliseconds. */
  now(): number
  /** Milliseconds since some fixed moment; never goes backwards. */
  monotonic(): number
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }
