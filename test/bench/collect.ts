import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What a process holds, bytes. */
export interface Held {
  /** JavaScript's objects and the memory outside the heap that they hold, which is where buffers are. */
  readonly heap: number
  readonly resident: number
}

/** Twice what it takes: from the fourth on the heap keeps its size to some hundred bytes. */
const collections = 8
/** Milliseconds between two. */
const pauseMs = 20

// Here and not on the command line: the program under test starts as users start it.
setFlagsFromString('--expose-gc')
const collectOnce = runInNewContext('gc') as () => void

/**
 * Collects all garbage of this process; says what is left. One collection is not enough: what it sets free holds things
 * for the next one, finalizers run in turns of the loop between them, and buffers are given back by a thread of its own.
 */
export async function collect(): Promise<Held> {
  for (let n = 0; n < collections; n += 1) {
    collectOnce()
    await sleep(pauseMs)
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, resident: rss }
}
