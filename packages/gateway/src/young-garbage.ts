import type { Exchange } from '@sluice/kernel'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options: { type: 'minor' }) => void

/** Bytes of bodies after which young garbage is collected; V8 would begin to mark the whole heap not long behind. */
const collectAfter = 24 * 1024 * 1024

/**
 * Takes away the bodies of exchanges that are over before V8 takes them for a reason to look through the whole heap. It
 * counts the memory of buffers as if it were old, and starts a full collection for each few dozen megabytes of them,
 * though none outlives its exchange: with answers of 300 KB, that cost more than relaying them. A collection of the
 * young generation finds the same garbage in about a millisecond.
 */
export class YoungGarbage {
  readonly #take: () => Collect | undefined
  #collect: Collect | undefined
  #bytes = 0
  #isReady = false

  /** `take` gives the collector, at the first moment that it is needed. */
  constructor(take: () => Collect | undefined = collectorOfV8) {
    this.#take = take
  }

  /** An exchange is over, and what it received may go. */
  add({ request, upstream }: Exchange): void {
    this.#bytes += (request.body.receivedLength ?? 0) + (upstream?.bytes ?? 0)
    if (this.#bytes < collectAfter) return
    this.#bytes = 0
    if (!this.#isReady) {
      this.#isReady = true
      this.#collect = this.#take()
    }
    this.#collect?.({ type: 'minor' })
  }
}

/** The one that V8 shows to contexts that are made while this flag is set; undefined where it does not. */
function collectorOfV8(): Collect | undefined {
  // Swept by another thread, buffers count as garbage that is still there until the next collection.
  setFlagsFromString('--no-concurrent-array-buffer-sweeping')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('globalThis.gc') as Collect | undefined
  setFlagsFromString('--no-expose-gc')
  return collect
}
