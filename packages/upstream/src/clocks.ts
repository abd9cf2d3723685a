/** What is awaited of an upstream: the connection, that it takes the request, the head of its answer, more of its body. */
export type Stage = 'connect' | 'send' | 'head' | 'idle'

/** Milliseconds for each stage, and, where it is given, for all of them together. */
export type TimeLimits = Readonly<Record<Stage, number>> & { readonly total?: number | undefined }

/** The time limits of one call: one timer for the stage that it is in, one for all of it. */
export class Clocks {
  readonly #limits: TimeLimits
  readonly #expire: (stage: Stage | 'total') => void
  readonly #total: NodeJS.Timeout | undefined
  #timer: NodeJS.Timeout | undefined
  #stage: Stage | undefined

  constructor(limits: TimeLimits, expire: (stage: Stage | 'total') => void) {
    this.#limits = limits
    this.#expire = expire
    this.#total = limits.total === undefined ? undefined : setTimeout(expire, limits.total, 'total')
  }

  /** Something is awaited from now on, in place of what was before; the same again begins anew. */
  await(stage: Stage): void {
    if (this.#stage === stage) {
      this.#timer?.refresh()
      return
    }
    this.rest()
    this.#stage = stage
    this.#timer = setTimeout(this.#expire, this.#limits[stage], stage)
  }

  /** Nothing is awaited of the upstream: it is somebody else's turn. */
  rest(): void {
    clearTimeout(this.#timer)
    this.#stage = undefined
  }

  /** The call is over. */
  stop(): void {
    this.rest()
    clearTimeout(this.#total)
  }
}

/** Seconds as milliseconds, bounded by what timers can count. */
export function milliseconds(seconds: number): number {
  return Math.min(Math.ceil(seconds * 1000), 0x7fff_ffff)
}
