/** Milliseconds; absent: no limit. */
export interface TimeLimits {
  readonly connect: number
  readonly firstByte: number
  readonly idle: number
  readonly total?: number | undefined
}

export type Stage = 'connect' | 'first byte' | 'idle' | 'total'

/** The time limits of one upstream call: one timer for the stage that it is in, one for all of it. */
export class Clocks {
  readonly #limits: TimeLimits
  readonly #expire: (stage: Stage) => void
  readonly #total: NodeJS.Timeout | undefined
  #timer: NodeJS.Timeout | undefined
  #stage: Stage = 'connect'

  constructor(limits: TimeLimits, expire: (stage: Stage) => void) {
    this.#limits = limits
    this.#expire = expire
    this.#total = limits.total === undefined ? undefined : setTimeout(expire, limits.total, 'total')
    this.#arm('connect', limits.connect)
  }

  /** The connection stands and the request goes out. */
  connected(): void {
    this.#arm('first byte', this.#limits.firstByte)
  }

  /** Something came from upstream. */
  heard(): void {
    if (this.#stage === 'idle') this.#timer?.refresh()
    else this.#arm('idle', this.#limits.idle)
  }

  /** It is us who do not read: silence is not upstream's. */
  hold(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#stage = 'first byte'
  }

  stop(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#total)
  }

  #arm(stage: Stage, ms: number): void {
    clearTimeout(this.#timer)
    this.#stage = stage
    this.#timer = setTimeout(this.#expire, ms, stage)
  }
}
