import { RE2JS, RE2JSException } from 're2js'
import { ExprError } from './expr-error.ts'

/** A compiled regular expression that takes time linear in the text, whatever both are. */
export interface Pattern {
  /** Whether it matches anywhere in the text. */
  test(text: string): boolean
}

/**
 * Compiles a regular expression in RE2's syntax: PCRE without look-around, back-references and possessive groups,
 * which no linear engine can express. Throws an `ExprError` that says what it cannot take.
 */
export function compilePattern(source: string, flags: { readonly ignoreCase?: boolean } = {}): Pattern {
  const ignoreCase = flags.ignoreCase ?? false
  return (ignoreCase ? undefined : literal(source)) ?? automaton(source, ignoreCase)
}

/** Most patterns of routes are plain text with or without anchors: no engine is needed for those. */
function literal(source: string): Pattern | undefined {
  const [, start, text = '', end] = /^(\^?)([^\\^$.|?*+()[\]{}]*)(\$?)$/.exec(source) ?? []
  if (start === undefined) return undefined
  if (start && end) return { test: (subject) => subject === text }
  if (start) return { test: (subject) => subject.startsWith(text) }
  if (end) return { test: (subject) => subject.endsWith(text) }
  return { test: (subject) => subject.includes(text) }
}

const limits =
  'patterns run in linear time, so look-around, back-references and possessive or atomic groups are not supported'

function automaton(source: string, ignoreCase: boolean): Pattern {
  try {
    const compiled = RE2JS.compile(source, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
    return { test: (subject) => compiled.test(subject) }
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const reason = error.message.replace(/^error parsing regexp: /, '')
    throw new ExprError(`invalid pattern ${JSON.stringify(source)}: ${reason} (${limits})`)
  }
}
