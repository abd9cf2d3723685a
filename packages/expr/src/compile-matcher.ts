import type { RE2JS } from 're2js'
import { automaton, expectFit, type PatternFlags } from './automaton.ts'

/** Where a pattern matches. */
export interface Match {
  readonly start: number
  readonly end: number
  /** The whole match, then its groups; undefined for one that took no part. */
  readonly groups: readonly (string | undefined)[]
}

/** A compiled regular expression that tells what it matches, in time linear in the text. */
export interface Matcher {
  /** How many groups it has. */
  readonly groupCount: number
  /** The first match. Throws an `ExprError` for a text that is too long for so large a pattern. */
  first(text: string): Match | undefined
  /** All matches, none of which overlaps another. Throws as `first` does. */
  all(text: string): Iterable<Match>
}

/** As `compilePattern`, for those who want to know where it matches. Throws an `ExprError` that says what it cannot take. */
export function compileMatcher(source: string, flags: PatternFlags = {}): Matcher {
  const compiled = automaton(source, flags)
  const size = compiled.programSize()
  return {
    groupCount: compiled.groupCount(),
    first(text) {
      expectFit(text, size)
      for (const match of matches(compiled, text)) return match
      return undefined
    },
    all(text) {
      expectFit(text, size)
      return matches(compiled, text)
    },
  }
}

function* matches(compiled: RE2JS, text: string): Generator<Match> {
  const matcher = compiled.matcher(text)
  while (matcher.find()) {
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? undefined)
    yield { start: matcher.start(), end: matcher.end(), groups }
  }
}
