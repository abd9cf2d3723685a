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
  /** Made once and started anew for each stage and each read, as long as the stages have one limit. */
  #timer: NodeJS.Timeout | undefined
  #timerMs = 0
  #stage: Stage | undefined

  constructor(limits: TimeLimits, expire: (stage: Stage | 'total') => void) {
    this.#limits = limits
    this.#expire = expire
    this.#total = limits.total === undefined ? undefined : setTimeout(expire, Math.min(limits.total.ms, longest), 'total')
  }

  /** Something is awaited from now on, in place of what was before; the same again begins anew. */
  await(stage: Stage): void {
    this.#stage = stage
    const ms = this.#limits[stage]
    if (this.#timer && this.#timerMs === ms) {
      this.#timer.refresh()
      return
    }
    clearTimeout(this.#timer)
    this.#timerMs = ms
    this.#timer = setTimeout(() => this.#ring(), ms)
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

  /** Nobody stops the timer while the call rests: starting it anew is cheaper. */
  #ring(): void {
    if (this.#stage !== undefined) this.#expire(this.#stage)
  }
}

/** What timers can count, in milliseconds. */
const longest = 0x7fff_ffff

/** Seconds as milliseconds, bounded by what timers can count. */
export function milliseconds(seconds: number): number {
  return Math.min(Math.ceil(seconds * 1000), longest)
}
