import { formatProblem, type Position, type Problem } from '@sluice/config'
import type { Issue } from '@sluice/kernel'
import type { Wanted } from './wanted.ts'

/** A problem in one of several files. */
export interface FileProblem extends Problem {
  readonly file: string
}

/** A problem in a field of a resource, where the file has it. */
export function problemIn({ file, locate }: Wanted, field: Issue['path'], message: string): FileProblem {
  const { path, position } = locate(field)
  return { file, path, message, ...(position && { position }) }
}

/** A line each, file by file, from top to bottom. */
export function problemLines(problems: readonly FileProblem[]): string[] {
  const byFile = [...Map.groupBy(problems, ({ file }) => file).values()]
  return byFile.flatMap((some) => some.toSorted((a, b) => compare(a.position, b.position))).map((problem) => formatProblem(problem, problem.file))
}

function compare(a: Position = nowhere, b: Position = nowhere): number {
  return a.line - b.line || a.column - b.column
}

const nowhere: Position = { line: 0, column: 0 }
