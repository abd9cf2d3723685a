import { RE2JS, RE2JSException } from 're2js'
import { ExprError } from './expr-error.ts'

/** A compiled regular expression that takes time linear in the text, whatever both are. */
export interface Pattern {
  /** Whether it matches anywhere in the text. Throws an `ExprError` for a text from a body that is too long for so large a pattern. */
  test(text: string): boolean
  /** Steps that one character of a text may take, at the worst. */
  readonly size: number
}

/** Texts of this length are matched whatever the pattern: names, headers and paths are no longer. */
const short = 16 * 1024
/** Steps that a longer text may take: some seconds at the worst, a tenth of a second as a rule. */
const mostSteps = 30_000_000

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
  const size = 0
  if (start && end) return { size, test: (subject) => subject === text }
  if (start) return { size, test: (subject) => subject.startsWith(text) }
  if (end) return { size, test: (subject) => subject.endsWith(text) }
  return { size, test: (subject) => subject.includes(text) }
}

const limits =
  'patterns run in linear time, so look-around, back-references and possessive or atomic groups are not supported'

function automaton(source: string, ignoreCase: boolean): Pattern {
  try {
    const compiled = RE2JS.compile(source, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
    const size = compiled.programSize()
    return {
      size,
      test(subject) {
        if (subject.length > short && subject.length * size > mostSteps) {
          throw new ExprError(`a text of ${subject.length} characters is too long for a pattern that it is matched with`)
        }
        return compiled.test(subject)
      },
    }
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const reason = error.message.replace(/^error parsing regexp: /, '')
    throw new ExprError(`invalid pattern ${JSON.stringify(source)}: ${reason} (${limits})`)
  }
}
