import { formatProblem, type ParsedConfig } from '@sluice/config'
import type { Issue } from '@sluice/kernel'

/** A configuration file that cannot serve; `problems` are lines for people, each with file, line and path. */
export class InvalidConfigError extends Error {
  override readonly name = 'InvalidConfigError'
  readonly issues: readonly Issue[]
  readonly problems: readonly string[]

  constructor(issues: readonly Issue[], file: string, parsed: ParsedConfig) {
    const problems = issues.map((issue) => formatProblem(issue, file, parsed.locate))
    super(`${file} has ${issues.length === 1 ? 'a problem' : `${issues.length} problems`}\n  ${problems.join('\n  ')}`)
    this.issues = issues
    this.problems = problems
  }
}
