import type { Clock } from './clock.ts'
import type { Awaitable } from './plugin.ts'

/** What is to be added to a count. */
export interface Addition {
  /** 1 by default. Negative: something is given back. 0: the count is only looked at. */
  readonly by?: number
  /** Where the count would come to lie above it, nothing is added. Without it there is no limit. */
  readonly limit?: number
  /** Milliseconds that a count lives, from its first addition on; then it begins again at 0. */
  readonly windowMs: number
}

export interface Count {
  /** False: it would have passed the limit, and nothing was added. */
  readonly added: boolean
  /** The count, this addition included where it was added. */
  readonly value: number
  /** Milliseconds until it begins again at 0. */
  readonly resetMs: number
}

/**
 * Counts that are one for the whole gateway, however many processes serve. One call is one step that nothing comes in
 * between. A count is gone with its window and with nothing else: neither `dispose`, nor a reload, nor the end of a
 * worker takes back what was added. They live in memory and do not outlive the gateway.
 */
export interface Counters {
  /**
   * A value where the count is kept in this process, else a promise: `await` it. Throws a `RangeError` where the addition
   * makes no sense. Rejects with a `CountersUnavailableError` where whoever keeps the count does not answer in time.
   */
  add(key: string, addition: Addition): Awaitable<Count>
}

/** Nobody knows whether it was counted. */
export class CountersUnavailableError extends Error {
  override readonly name = 'CountersUnavailableError'
}

/** Throws a `RangeError` where an addition makes no sense: what a plugin got wrong is to be seen where it calls. */
export function checkAddition({ by = 1, limit = 0, windowMs }: Addition): void {
  if (!Number.isFinite(by)) throw new RangeError(`a counter is raised by a finite number, not by ${by}`)
  if (Number.isNaN(limit)) throw new RangeError('the limit of a counter must be a number')
  if (!(windowMs > 0 && windowMs < Infinity)) throw new RangeError(`the window of a counter takes more than 0 ms and less than for ever, not ${windowMs}`)
}

interface Kept {
  value: number
  /** On `clock.monotonic()`. */
  readonly endsAt: number
}

/** Counts kept in this process; those whose window is over are dropped as others come. */
export class MemoryCounters implements Counters {
  readonly #clock: Clock
  readonly #most: number
  /** In the order in which their windows began. */
  readonly #kept = new Map<string, Kept>()
  /** Goes round and round over all of them. */
  #sweep: Iterator<[string, Kept]> = this.#kept.entries()

  /** `most`: counts that are kept at once, 200,000 by default (some 50 MB); one more takes the place of the one that began first. */
  constructor(clock: Clock, most = 200_000) {
    this.#clock = clock
    this.#most = most
  }

  get size(): number {
    return this.#kept.size
  }

  add(key: string, addition: Addition): Count {
    checkAddition(addition)
    const { by = 1, limit = Infinity, windowMs } = addition
    const now = this.#clock.monotonic()
    const known = this.#kept.get(key)
    const kept = known && known.endsAt > now ? known : { value: 0, endsAt: now + windowMs }
    const added = by <= 0 || kept.value + by <= limit
    if (added && by !== 0) {
      if (kept !== known) this.#keep(key, kept, now)
      kept.value += by
    }
    return { added, value: kept.value, resetMs: kept.endsAt - now }
  }

  #keep(key: string, kept: Kept, now: number): void {
    this.#kept.delete(key) // so that its place is that of its new window
    for (let looks = 0; looks < 2; looks++) this.#sweepOne(now)
    if (this.#kept.size >= this.#most) this.#kept.delete(this.#kept.keys().next().value ?? '')
    this.#kept.set(key, kept)
  }

  /** Two looks for each new count: none that is over outlives a round. */
  #sweepOne(now: number): void {
    const { done, value } = this.#sweep.next()
    if (done) this.#sweep = this.#kept.entries()
    else if (value[1].endsAt <= now) this.#kept.delete(value[0])
  }
}

/** The same counters under names of their own. */
export function scopedCounters(counters: Counters, scope: string): Counters {
  return { add: (key, addition) => counters.add(`${scope} ${key}`, addition) }
}
