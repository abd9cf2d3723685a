import { formatProblem, type ParsedConfig, type Problem } from '@sluice/config'
import type { Issue } from '@sluice/kernel'

/** A configuration file that cannot serve; `problems` are lines for people, each with file, line and path, from top to bottom. */
export class InvalidConfigError extends Error {
  override readonly name = 'InvalidConfigError'
  readonly issues: readonly Issue[]
  readonly problems: readonly string[]

  constructor(issues: readonly Issue[], file: string, parsed: ParsedConfig) {
    const sorted = inOrder(issues, parsed)
    const problems = sorted.map((issue) => formatProblem(issue, file, parsed.locate))
    super(`${file} has ${issues.length === 1 ? 'a problem' : `${issues.length} problems`}\n  ${problems.join('\n  ')}`)
    this.issues = sorted
    this.problems = problems
  }
}

function inOrder(issues: readonly Problem[], parsed: ParsedConfig): readonly Problem[] {
  const placed = issues.map((issue) => ({ issue, at: issue.position ?? parsed.locate(issue.path) ?? { line: 0, column: 0 } }))
  return placed.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column).map(({ issue }) => issue)
}
