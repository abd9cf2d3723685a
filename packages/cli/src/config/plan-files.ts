import type { Kernel } from '@sluice/kernel'
import type { AdminClient } from '../admin-client.ts'
import type { Call } from '../cli.ts'
import { formatValue } from '../format-value.ts'
import { ProblemsError } from '../problems-error.ts'
import { hasColours } from '../surroundings.ts'
import { readConfigFiles } from './config-files.ts'
import { lostSecrets } from './lost-secrets.ts'
import { maskOf } from './mask-secrets.ts'
import { planOf, type Plan } from './plan.ts'
import { planValue } from './plan-value.ts'
import { readRemote } from './read-remote.ts'
import { readWanted } from './read-wanted.ts'
import type { RemoteState } from './remote-state.ts'
import { renderPlan } from './render-plan.ts'
import { scopeOf, type ScopeOptions } from './scope.ts'
import type { FileFormat } from './file-formats.ts'
import type { WantedState } from './wanted.ts'

export interface FileOptions {
  readonly file: readonly string[]
  readonly format?: FileFormat
}

export type PlanOptions = FileOptions & ScopeOptions

/** A kernel that knows the plugins, those included that a file names in its `gateway` section: their schemas tell what is secret and what is valid. */
export type KernelSource = (settings: WantedState['settings']) => Promise<Kernel>

export interface Planned {
  readonly client: AdminClient
  readonly plan: Plan
  readonly remote: RemoteState
}

/** What files ask for; tells what of them is not synced. Throws a `ProblemsError`. */
export async function wantedOf({ options: { file, format }, surroundings, note }: Call<FileOptions>): Promise<WantedState> {
  const { env } = surroundings
  const wanted = readWanted(await readConfigFiles(file, surroundings), { env: (name) => env[name], ...(format && { format }) })
  for (const line of wanted.notes) note(line)
  return wanted
}

/** Compares files with a server, and prints what is to be done. `isWhole`: with all fields of what is new. */
export async function planFiles(call: Call<PlanOptions>, kernelOf: KernelSource, isWhole: boolean): Promise<Planned> {
  const { options, surroundings, print, format } = call
  const scope = scopeOf(options)
  const wanted = await wantedOf(call)
  const client = await call.client()
  const [remote, kernel] = await Promise.all([readRemote(client), kernelOf(wanted.settings)])
  const plan = planOf(wanted.resources, remote, scope)
  const lost = lostSecrets(plan)
  if (lost.length > 0) throw new ProblemsError(lost)
  const shown = { mask: maskOf(kernel), isRedacted: remote.whole !== undefined, hasColours: hasColours(surroundings.stdout, surroundings), isWhole }
  print(format === 'json' || format === 'yaml' ? formatValue(planValue(plan, shown), format) : renderPlan(plan, shown))
  return { client, plan, remote }
}
