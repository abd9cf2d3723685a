import { formatProblem, singular } from '@sluice/config'
import type { Call } from '../cli.ts'
import { exitCode } from '../exit-code.ts'
import { planFiles, type KernelSource, type Planned, type PlanOptions } from './plan-files.ts'
import type { Change, Plan } from './plan.ts'
import { problemIn } from './problem-lines.ts'
import { progressOn } from './progress.ts'
import { writeEach, type WrittenEach } from './write-each.ts'
import { writeWhole } from './write-whole.ts'

export type SyncOptions = PlanOptions & { readonly dryRun?: boolean }

/** Makes the server hold what the files say; gives the exit code. */
export async function sync(call: Call<SyncOptions>, kernelOf: KernelSource): Promise<number> {
  if (call.options.dryRun === true) return diff(call, kernelOf)
  const planned = await planFiles(call, kernelOf, false)
  const { changes, unsure } = planned.plan
  return changes.length + unsure.length === 0 ? exitCode.same : carryOut(call, planned)
}

/** Tells what `sync` would do; gives the exit code. */
export async function diff(call: Call<PlanOptions>, kernelOf: KernelSource): Promise<number> {
  const { plan } = await planFiles(call, kernelOf, true)
  return plan.changes.length === 0 ? exitCode.same : exitCode.different
}

async function carryOut(call: Call, { client, plan, remote }: Planned): Promise<number> {
  const { note, surroundings } = call
  const progress = progressOn(surroundings.stderr)
  if (remote.whole) {
    progress.says(`writing ${plan.changes.length + plan.unsure.length} in one step`)
    const { secretsChanged } = await writeWhole(client, plan, remote, remote.whole).finally(() => progress.end())
    if (plan.changes.length > 0) note(`Done, all in one step: ${doneOf(plan.changes)}.`)
    if (plan.unsure.length > 0) note(secretsLine(plan, secretsChanged))
    return exitCode.same
  }
  const written = await writeEach(client, plan, (done, all) => progress.at(done, all)).finally(() => progress.end())
  tell(written, plan, note)
  return written.failed.length > 0 ? exitCode.failed : exitCode.same
}

/** The server has them, and writes nothing where they are what it has. */
function secretsLine({ unsure }: Plan, changed: number): string {
  return `Secrets that cannot be compared were sent for ${unsure.length} ${unsure.length === 1 ? 'resource' : 'resources'}: ${changed === 0 ? 'all were what the server has' : `${changed} had others`}.`
}

function tell({ done, failed, undone }: WrittenEach, plan: Plan, note: Call['note']): void {
  for (const { change, reason } of failed) note(failureLine(change, reason))
  const unsure = new Set<Change>(plan.unsure)
  const counted = done.filter((change) => !unsure.has(change))
  const again = done.length - counted.length
  if (counted.length > 0) note(`Done: ${doneOf(counted)}.`)
  if (again > 0) note(`Written again, for secrets that cannot be compared: ${again}.`)
  if (failed.length > 0) note(`Failed: ${failed.length}.`)
  if (undone.length > 0) note(`Not done, because of that: ${namesOf(undone)}.`)
}

function failureLine(change: Change, reason: string): string {
  const what = `${verbs[change.action].plain} ${singular[change.kind]} ${change.id}: ${reason}`
  if (change.action === 'delete') return what
  return formatProblem(problemIn(change.wanted, [], what), change.wanted.file)
}

const verbs = {
  create: { plain: 'create', past: 'created' },
  update: { plain: 'update', past: 'updated' },
  delete: { plain: 'delete', past: 'deleted' },
} as const

/** `1 created, 2 deleted`. */
function doneOf(changes: readonly Change[]): string {
  return (['create', 'update', 'delete'] as const)
    .flatMap((action) => {
      const count = changes.filter((one) => one.action === action).length
      return count > 0 ? [`${count} ${verbs[action].past}`] : []
    })
    .join(', ')
}

/** The first ones by name. */
const named = 20

function namesOf(changes: readonly Change[]): string {
  const names = changes.slice(0, named).map(({ action, kind, id }) => `${verbs[action].plain} ${singular[kind]} ${id}`)
  return changes.length > named ? `${names.join(', ')} and ${changes.length - named} more` : names.join(', ')
}
