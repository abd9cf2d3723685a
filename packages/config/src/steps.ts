import { TimeSlice } from '@sluice/kernel'

/** Work in short steps; the last one gives what comes of it. */
export type Steps<T> = Generator<undefined, T, undefined>

/** Does it without a rest. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Does it beside whatever else the process does, which it holds up for a few milliseconds at a time. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  const slice = new TimeSlice()
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (slice.isOver) await slice.rest()
  }
}

/** `change`, one step for each value. */
export function* mapSteps<T, U>(values: Iterable<T>, change: (value: T) => U): Steps<U[]> {
  const changed: U[] = []
  for (const value of values) {
    changed.push(change(value))
    yield
  }
  return changed
}
