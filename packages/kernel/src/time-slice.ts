import { setImmediate } from 'node:timers/promises'

/** Milliseconds for which work beside the exchanges may hold them up. */
const lengthMs = 3

/** For long work in the process that serves: `if (slice.isOver) await slice.rest()` between its steps. */
export class TimeSlice {
  #end = performance.now() + lengthMs

  /** Whether it has taken its time, and others are to have theirs. */
  get isOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Lets everything else happen that can, then begins another slice. */
  async rest(): Promise<void> {
    await setImmediate()
    this.#end = performance.now() + lengthMs
  }
}
