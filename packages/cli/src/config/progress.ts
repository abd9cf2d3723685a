import type { Output } from '../surroundings.ts'

/** Tells how far something has come, in one line that is written again and again; to a terminal alone. */
export interface Progress {
  at(done: number, all: number): void
  /** Says what takes its time. */
  says(what: string): void
  /** Takes the line away. */
  end(): void
}

/** No more often than people can see. Milliseconds. */
const pause = 100

export function progressOn(output: Output): Progress {
  if (output.isTTY !== true) return { at() {}, says() {}, end() {} }
  let last = 0
  let isShown = false
  const says = (what: string): void => {
    isShown = true
    output.write(`\r${what}\u001B[K`)
  }
  return {
    says,
    at(done, all) {
      const now = Date.now()
      if (now - last < pause && done < all) return
      last = now
      says(`${done} of ${all} done`)
    },
    end() {
      if (isShown) output.write('\r\u001B[K')
    },
  }
}
