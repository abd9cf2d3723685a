/** What is awaited of an upstream: the connection, that it takes the request, the head of its answer, more of its body. */
export type Stage = 'connect' | 'send' | 'head' | 'idle'

/** Milliseconds for each stage. */
export interface TimeLimits extends Readonly<Record<Stage, number>> {
  /** The limit of the head is that of the first byte behind it: a head alone tells nothing. */
  readonly headIsBody?: boolean
  /** For all stages together. */
  readonly total?: TotalLimit
}

export interface TotalLimit {
  readonly ms: number
  /** The setting that says so, for the text of the error. */
  readonly name: string
  /** Code of the error. */
  readonly code: string
}

/** The time limits of one call: one timer for the stage that it is in, one for all of it. */
export class Clocks {
  readonly #limits: TimeLimits
  readonly #expire: (stage: Stage | 'total') => void
  readonly #total: NodeJS.Timeout | undefined
  /** Rings when the stage may be over; most are over long before, and move only what it is compared with. */
  #timer: NodeJS.Timeout | undefined
  #ringsAt = 0
  #stage: Stage | undefined
  #endsAt = 0

  constructor(limits: TimeLimits, expire: (stage: Stage | 'total') => void) {
    this.#limits = limits
    this.#expire = expire
    this.#total = limits.total === undefined ? undefined : setTimeout(expire, Math.min(limits.total.ms, longest), 'total')
  }

  /** Something is awaited from now on, in place of what was before; the same again begins anew. */
  await(stage: Stage): void {
    this.#stage = stage
    const now = performance.now()
    this.#endsAt = now + this.#limits[stage]
    if (this.#timer && this.#ringsAt <= this.#endsAt) return
    clearTimeout(this.#timer)
    this.#ringIn(this.#limits[stage], now)
  }

  isAwaiting(stage: Stage): boolean {
    return this.#stage === stage
  }

  /** Nothing is awaited of the upstream: it is somebody else's turn. */
  rest(): void {
    this.#stage = undefined
  }

  /** The call is over. */
  stop(): void {
    this.#stage = undefined
    clearTimeout(this.#timer)
    clearTimeout(this.#total)
  }

  #ringIn(ms: number, now: number): void {
    this.#ringsAt = now + ms
    this.#timer = setTimeout(() => this.#ring(), ms)
  }

  /** Nobody stops the timer while the call rests: letting it ring is cheaper. */
  #ring(): void {
    this.#timer = undefined
    if (this.#stage === undefined) return
    const now = performance.now()
    const left = this.#endsAt - now
    // A timer may ring a little early, by this clock.
    if (left < 1) this.#expire(this.#stage)
    else this.#ringIn(Math.ceil(left), now)
  }
}

/** What timers can count, in milliseconds. */
const longest = 0x7fff_ffff

/** Seconds as milliseconds, bounded by what timers can count. */
export function milliseconds(seconds: number): number {
  return Math.min(Math.ceil(seconds * 1000), longest)
}
