import { formatPath } from '@sluice/kernel'
import type { ParsedConfig, Problem } from './parse-config.ts'

/** One line for people and editors: `examples/x.yaml:12:7 routes[0].plugins.ai-proxy.timeout: must be integer`. */
export function formatProblem(problem: Problem, file: string, locate?: ParsedConfig['locate']): string {
  const position = problem.position ?? locate?.(problem.path)
  const where = position ? `${file}:${position.line}:${position.column}` : file
  return problem.path.length > 0
    ? `${where} ${formatPath(problem.path)}: ${problem.message}`
    : `${where} ${problem.message}`
}
