import type { UpstreamConfig } from './config.ts'

export type Stage = keyof UpstreamConfig['timeout']

/** The three time limits of a call, of which at most one runs at any moment. */
export class Clocks {
  readonly #seconds: UpstreamConfig['timeout']
  readonly #expire: (stage: Stage) => void
  #timer: NodeJS.Timeout | undefined
  #stage: Stage | undefined

  constructor(seconds: UpstreamConfig['timeout'], expire: (stage: Stage) => void) {
    this.#seconds = seconds
    this.#expire = expire
  }

  /** Something is awaited from now on, in place of what was before. */
  await(stage: Stage): void {
    if (this.#stage === stage) {
      this.#timer?.refresh()
      return
    }
    this.stop()
    this.#stage = stage
    this.#timer = setTimeout(this.#expire, milliseconds(this.#seconds[stage]), stage)
  }

  /** Nothing is awaited of the upstream. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#stage = undefined
  }
}

/** Bounded by what timers can count. */
export function milliseconds(seconds: number): number {
  return Math.min(Math.ceil(seconds * 1000), 0x7fff_ffff)
}
