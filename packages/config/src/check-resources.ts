import type { Kernel } from '@sluice/kernel'
import { checkSteps, type Checked } from './check-document.ts'
import type { Env } from './env.ts'
import { readSteps } from './file-document.ts'
import { atOnce, inSlices, type Steps } from './steps.ts'

/**
 * Checks a whole file, as `parseConfig` gives it, and finds every problem at once; paths are those of the file. Pure: runs
 * no `setup`. The result is there where there are no issues.
 */
export function checkResources(value: unknown, kernel: Kernel, env: Env): Checked {
  return atOnce(check(value, kernel, env))
}

/** The same in a process that serves: exchanges go on meanwhile. */
export function checkResourcesInSlices(value: unknown, kernel: Kernel, env: Env): Promise<Checked> {
  return inSlices(check(value, kernel, env))
}

function* check(value: unknown, kernel: Kernel, env: Env): Steps<Checked> {
  const document = yield* readSteps(value)
  const checked = yield* checkSteps(document, { kernel, env })
  const issues = [...document.issues, ...document.placed(checked.issues)]
  return issues.length > 0 ? { issues } : checked
}
