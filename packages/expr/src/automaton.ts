import { RE2JS, RE2JSException } from 're2js'
import { ExprError } from './expr-error.ts'

export interface PatternFlags {
  readonly ignoreCase?: boolean
  /** `^` and `$` match at the ends of lines, too. */
  readonly multiline?: boolean
  /** `.` matches the end of a line, too. */
  readonly dotAll?: boolean
}

/** Texts of this length are matched whatever the pattern: names, headers and paths are no longer. */
const short = 16 * 1024
/** Steps that a longer text may take: some seconds at the worst, a tenth of a second as a rule. */
const mostSteps = 30_000_000

const limits =
  'patterns run in linear time, so look-around, back-references and possessive or atomic groups are not supported'

/** Compiles a pattern in RE2's syntax. Throws an `ExprError` that says what it cannot take. */
export function automaton(source: string, { ignoreCase, multiline, dotAll }: PatternFlags): RE2JS {
  const flags = (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (multiline ? RE2JS.MULTILINE : 0) | (dotAll ? RE2JS.DOTALL : 0)
  try {
    return RE2JS.compile(source, flags)
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    const reason = error.message.replace(/^error parsing regexp: /, '')
    throw new ExprError(`invalid pattern ${JSON.stringify(source)}: ${reason} (${limits})`)
  }
}

/** Throws an `ExprError` for a text that is too long for a pattern of that size. */
export function expectFit(text: string, size: number): void {
  if (text.length > short && text.length * size > mostSteps) {
    throw new ExprError(`a text of ${text.length} characters is too long for a pattern that it is matched with`)
  }
}
