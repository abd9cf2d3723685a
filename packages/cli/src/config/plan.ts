import { kinds, type Kind } from '@sluice/config'
import { compare, type Comparison } from './compare.ts'
import { byKey, type Existing, type RemoteState } from './remote-state.ts'
import { scopeTest, type Scope } from './scope.ts'
import { keyOf, type Wanted } from './wanted.ts'

/** One resource that is to be written or deleted. */
export type Change =
  | { readonly action: 'create'; readonly kind: Kind; readonly id: string; readonly wanted: Wanted }
  | { readonly action: 'update'; readonly kind: Kind; readonly id: string; readonly wanted: Wanted; readonly existing: Existing; readonly comparison: Comparison }
  | { readonly action: 'delete'; readonly kind: Kind; readonly id: string; readonly existing: Existing }

/** What makes a server hold what is wanted. */
export interface Plan {
  /** By kind; those that others build on come first. */
  readonly changes: readonly Change[]
  /** Resources that are the same as far as the server shows: their secrets may differ. */
  readonly unsure: readonly Extract<Change, { action: 'update' }>[]
  /** How many are as they are wanted. */
  readonly same: number
  /** How many are there and not wanted, and stay nevertheless. */
  readonly kept: number
  /** How many are not taken into account, on either side. */
  readonly left: number
}

/** Compares what is wanted with what is there. Pure. */
export function planOf(wanted: readonly Wanted[], remote: RemoteState, scope: Scope = {}): Plan {
  const changes: Change[] = []
  const unsure: Extract<Change, { action: 'update' }>[] = []
  const counts = { same: 0, kept: 0, left: 0 }
  const here = byKey(wanted)
  const isTaken = scopeTest(scope, here, remote.resources)
  for (const one of wanted) {
    const { kind, id } = one
    const existing = remote.resources.get(keyOf(one))
    if (!isTaken(one)) counts.left += 1
    else if (!existing) changes.push({ action: 'create', kind, id, wanted: one })
    else {
      const comparison = compare(kind, existing.value, one.value)
      const update = { action: 'update', kind, id, wanted: one, existing, comparison } as const
      if (comparison.changes.length > 0) changes.push(update)
      else if (comparison.unsure.length > 0) unsure.push(update)
      else counts.same += 1
    }
  }
  for (const [key, existing] of remote.resources) {
    const { kind, id } = existing
    if (here.has(key)) continue
    if (!isTaken(existing)) counts.left += 1
    else if (scope.deletes === false) counts.kept += 1
    else changes.push({ action: 'delete', kind, id, existing })
  }
  const byKind = changes.toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
  return { changes: byKind, unsure, ...counts }
}
