import type { Kind } from '@sluice/config'
import type { AdminClient, AdminRequest } from '../admin-client.ts'
import type { Call } from '../cli.ts'
import { lostSecrets } from '../config/lost-secrets.ts'
import { maskOf } from '../config/mask-secrets.ts'
import type { KernelSource } from '../config/plan-files.ts'
import { planOf } from '../config/plan.ts'
import { planValue } from '../config/plan-value.ts'
import { byKey, type Existing } from '../config/remote-state.ts'
import { renderPlan } from '../config/render-plan.ts'
import { ownFields, type Wanted } from '../config/wanted.ts'
import { exitCode } from '../exit-code.ts'
import { formatValue } from '../format-value.ts'
import { ProblemsError } from '../problems-error.ts'
import { nameOf } from '../read-input.ts'
import { hasColours } from '../surroundings.ts'
import type { Fields } from '../fields.ts'
import { findOne, type Scope } from './read.ts'
import type { ResourceType } from './resource-type.ts'

/** A write that is not sent, and what it would write. */
export interface Intended {
  /** Undefined: the server would make one up. */
  readonly key: string | undefined
  readonly request: AdminRequest
}

/** Prints, field by field, what writes would change; gives the exit code. */
export async function preview(type: ResourceType, kind: Kind, client: AdminClient, writes: readonly Intended[], call: Call<Scope & { readonly file?: string }>, kernelOf: KernelSource): Promise<number> {
  const { options, surroundings, format, print } = call
  const there: Existing[] = []
  for (const { key } of writes) {
    const shown = key === undefined ? undefined : await findOne(type, client, key, options)
    if (shown) there.push({ kind, id: idOf(type, key, options), value: ownFields(shown), shown })
  }
  const file = options.file === undefined ? 'the command line' : nameOf(options.file)
  const wanted = writes.map(({ key, request }): Wanted => ({ kind, id: idOf(type, key, options), value: ownFields(request.body as Fields), file, locate: (path) => ({ path, position: undefined }) }))
  const plan = planOf(wanted, { resources: byKey(there), whole: undefined })
  const lost = lostSecrets(plan)
  if (lost.length > 0) throw new ProblemsError(lost)
  const shown = { mask: maskOf(await kernelOf(undefined)), isRedacted: false, hasColours: hasColours(surroundings.stdout, surroundings), isWhole: true }
  print(format === 'json' || format === 'yaml' ? formatValue(planValue(plan, shown), format) : renderPlan(plan, shown))
  return plan.changes.length > 0 ? exitCode.different : exitCode.same
}

/** As configurations have it: a credential goes by its consumer, too. */
function idOf({ isOfConsumer }: ResourceType, key = '(new)', { consumer }: Scope): string {
  return isOfConsumer ? `${consumer}/${key}` : key
}
