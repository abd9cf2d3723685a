import { compilePattern } from '@sluice/expr'

/** Who may read. */
export interface Origins {
  /** What the header says to a page of that origin, or to none; undefined: nothing, it may not read. */
  answerFor(origin: string | undefined): string | undefined
  /** Whether the answer depends on the origin. */
  readonly varies: boolean
}

/** Compiles patterns where there are any, else lists such as `https://a.example,https://b.example`, `*` and `**`. */
export function compileOrigins(patterns: readonly string[] | undefined, lists: readonly string[]): Origins {
  if (patterns) {
    const compiled = patterns.map((source) => compilePattern(source))
    const isAllowed = (origin: string): boolean => compiled.some((pattern) => pattern.test(origin))
    return { varies: true, answerFor: (origin) => (origin !== undefined && isAllowed(origin) ? origin : undefined) }
  }
  if (lists.includes('*')) return { varies: false, answerFor: () => '*' }
  if (lists.includes('**')) return { varies: true, answerFor: (origin) => origin ?? '*' }
  const allowed = new Set(lists.flatMap((list) => list.split(',')))
  return { varies: true, answerFor: (origin) => (origin !== undefined && allowed.has(origin) ? origin : undefined) }
}
