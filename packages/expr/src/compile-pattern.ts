import { automaton, expectFit } from './automaton.ts'

/** A compiled regular expression that takes time linear in the text, whatever both are. */
export interface Pattern {
  /** Whether it matches anywhere in the text. Throws an `ExprError` for a text from a body that is too long for so large a pattern. */
  test(text: string): boolean
  /** Steps that one character of a text may take, at the worst. */
  readonly size: number
}

/**
 * Compiles a regular expression in RE2's syntax: PCRE without look-around, back-references and possessive groups,
 * which no linear engine can express. Throws an `ExprError` that says what it cannot take.
 */
export function compilePattern(source: string, flags: { readonly ignoreCase?: boolean } = {}): Pattern {
  const ignoreCase = flags.ignoreCase ?? false
  return (ignoreCase ? undefined : literal(source)) ?? general(source, ignoreCase)
}

/** Most patterns of routes are plain text with or without anchors: no engine is needed for those. */
function literal(source: string): Pattern | undefined {
  const [, start, text = '', end] = /^(\^?)([^\\^$.|?*+()[\]{}]*)(\$?)$/.exec(source) ?? []
  if (start === undefined) return undefined
  const size = 0
  if (start && end) return { size, test: (subject) => subject === text }
  if (start) return { size, test: (subject) => subject.startsWith(text) }
  if (end) return { size, test: (subject) => subject.endsWith(text) }
  return { size, test: (subject) => subject.includes(text) }
}

function general(source: string, ignoreCase: boolean): Pattern {
  const compiled = automaton(source, { ignoreCase })
  const size = compiled.programSize()
  return {
    size,
    test(subject) {
      expectFit(subject, size)
      return compiled.test(subject)
    },
  }
}
