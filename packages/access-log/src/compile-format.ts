import type { Variables } from '@sluice/expr'
import type { Exchange, Issue } from '@sluice/kernel'
import { defaultFormat } from './default-format.ts'
import { compileObject } from './compile-object.ts'
import { compileText } from './compile-text.ts'
import { loggableVariables } from './loggable-variables.ts'
import { nearestName } from './nearest-name.ts'

/**
 * An object gives one JSON object a line; its values are templates, constants or objects of such. A template that is
 * exactly one variable keeps the type of its value and is null where the variable is absent. A string gives text.
 */
export type LogFormat = string | Readonly<Record<string, unknown>>

export interface CompiledFormat {
  /** The line of an exchange that is over, with its line feed. Never throws, and never holds another line feed. */
  line(ctx: Exchange): string
  readonly issues: readonly Issue[]
}

/** What the compilation of a format reports to. */
export interface FormatContext {
  /** Masked and cut as a log may show them. */
  readonly variables: Variables<Exchange>
  /** Leaves members out whose variable nobody provides, instead of complaining. */
  readonly isLenient: boolean
  complain(path: Issue['path'], message: string): void
  complainUnknown(path: Issue['path'], name: string): void
}

/** Compiles `gateway.access_log.format`, found at `path`. With issues, the line is what could be made of it. */
export function compileFormat(format: LogFormat, variables: Variables<Exchange>, path: Issue['path'] = []): CompiledFormat {
  const issues: Issue[] = []
  const loggable = loggableVariables(variables)
  const context: FormatContext = {
    variables: loggable,
    isLenient: format === defaultFormat,
    complain: (at, message) => issues.push({ path: at, message }),
    complainUnknown(at, name) {
      const near = nearestName(name, (candidate) => loggable(candidate) !== undefined)
      issues.push({ path: at, message: `uses the unknown variable $${name}${near ? `; did you mean $${near}?` : ''}` })
    },
  }
  const line = typeof format === 'string' ? compileText(format, context, path) : compileObject(format, context, path)
  return { line, issues }
}
