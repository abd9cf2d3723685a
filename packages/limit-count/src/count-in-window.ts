import type { Awaitable, Count, Counters } from '@sluice/kernel'
import { andThen } from './and-then.ts'
import type { Limit } from './compile-rule.ts'

/** How a request stands to a limit. */
export interface Standing {
  readonly mayPass: boolean
  readonly remaining: number
  /** Milliseconds until the window ends. */
  readonly resetMs: number
}

/** Counts one request. `now` is Unix time in milliseconds. */
export type CountInWindow = (counters: Counters, limit: Limit, now: number) => Awaitable<Standing>

/** A window begins with its first request; the next begins at 0. */
export const fixedWindow: CountInWindow = (counters, { key, count, windowMs }) =>
  andThen(counters.add(key, { limit: count, windowMs }), ({ added, value, resetMs }) => ({
    mayPass: added,
    remaining: remainingOf(count, value),
    resetMs,
  }))

/**
 * Windows follow each other by the clock on the wall, and the one before counts for the part of it that a window that
 * ends now would reach: as if its requests had come evenly. Two counts a key, whatever the rate.
 */
export const slidingWindow: CountInWindow = (counters, { key, count, windowMs }, now) => {
  const index = Math.floor(now / windowMs)
  const resetMs = (index + 1) * windowMs - now
  const add = (of: number, by: number, limit: number): Awaitable<Count> => counters.add(`${key} ${of}`, { by, limit, windowMs: 2 * windowMs })
  return andThen(add(index - 1, 0, 0), ({ value }) => {
    const before = value * (resetMs / windowMs)
    return andThen(add(index, 1, count - before), (current) => ({
      mayPass: current.added,
      remaining: remainingOf(count, before + current.value),
      resetMs,
    }))
  })
}

function remainingOf(count: number, value: number): number {
  return Math.max(0, Math.floor(count - value))
}
