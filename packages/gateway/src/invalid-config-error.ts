import { formatProblem, type ReadConfigText, type Position, type Problem } from '@sluice/config'
import type { Issue } from '@sluice/kernel'

/** A configuration file that cannot serve; `problems` are lines for people, each with file, line and path, from top to bottom. */
export class InvalidConfigError extends Error {
  override readonly name = 'InvalidConfigError'
  readonly issues: readonly Issue[]
  readonly problems: readonly string[]

  /** Finds out where in the text the problems are. */
  static async of(issues: readonly Problem[], file: string, text: Pick<ReadConfigText, 'locate'>): Promise<InvalidConfigError> {
    const unplaced = issues.filter(({ position }) => position === undefined)
    const positions = await text.locate(unplaced.map(({ path }) => path))
    const found = new Map(unplaced.map((issue, index) => [issue, positions[index]]))
    const placed = issues.map((issue) => withPosition(issue, issue.position ?? found.get(issue)))
    return new InvalidConfigError(placed.toSorted(byPosition), file)
  }

  /** `issues` from top to bottom. */
  private constructor(issues: readonly Problem[], file: string) {
    const problems = issues.map((issue) => formatProblem(issue, file))
    super(`${file} has ${issues.length === 1 ? 'a problem' : `${issues.length} problems`}\n  ${problems.join('\n  ')}`)
    this.issues = issues
    this.problems = problems
  }
}

function withPosition(issue: Problem, position: Position | undefined): Problem {
  return position ? { ...issue, position } : issue
}

function byPosition({ position: a = nowhere }: Problem, { position: b = nowhere }: Problem): number {
  return a.line - b.line || a.column - b.column
}

const nowhere: Position = { line: 0, column: 0 }
