import type { UpstreamNonsense, Untranslatable } from './errors.ts'

/**
 * Runs a translation of what somebody else wrote. JSON may be nested deeper than the stack that walks it: that is the
 * writer's fault, and told as the error that is given.
 */
export function guarded<T>(work: () => T, tooDeep: () => Untranslatable | UpstreamNonsense): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep()
    throw error
  }
}
