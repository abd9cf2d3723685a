import { isRecord, kinds, type Kind } from '@sluice/config'
import { compare, type Comparison } from './compare.ts'
import type { Existing, RemoteState } from './remote-state.ts'
import { keyOf, type Fields, type Wanted } from './wanted.ts'

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
  /** How many are left out of account, on either side. */
  readonly left: number
}

/** Which resources are taken into account; by default all. */
export interface Scope {
  readonly kinds?: ReadonlySet<Kind>
  /** Those that have this label, here or there; `value` undefined: whatever it says. */
  readonly label?: { readonly name: string; readonly value: string | undefined }
  /** Whether what is not wanted is deleted; it is by default. */
  readonly deletes?: boolean
}

/** Compares what is wanted with what is there. Pure. */
export function planOf(wanted: readonly Wanted[], remote: RemoteState, scope: Scope = {}): Plan {
  const changes: Change[] = []
  const unsure: Extract<Change, { action: 'update' }>[] = []
  const counts = { same: 0, kept: 0, left: 0 }
  const keys = new Set(wanted.map(keyOf))
  for (const one of wanted) {
    const { kind, id } = one
    const existing = remote.resources.get(keyOf(one))
    if (!isInScope(scope, kind, one.value, existing?.value)) counts.left += 1
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
    const { kind, id, value } = existing
    if (keys.has(key)) continue
    if (!isInScope(scope, kind, value)) counts.left += 1
    else if (scope.deletes === false) counts.kept += 1
    else changes.push({ action: 'delete', kind, id, existing })
  }
  const byKind = changes.toSorted((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
  return { changes: byKind, unsure, ...counts }
}

/** Whether there is nothing to do, as far as the server shows. */
export function isDone({ changes }: Plan): boolean {
  return changes.length === 0
}

/** Whether a resource is taken into account, by what it is here or there. */
export function isInScope({ kinds: chosen, label }: Scope, kind: Kind, ...values: readonly (Fields | undefined)[]): boolean {
  if (chosen && !chosen.has(kind)) return false
  return !label || values.some((value) => hasLabel(value, label))
}

function hasLabel({ labels }: Fields = {}, { name, value }: NonNullable<Scope['label']>): boolean {
  if (!isRecord(labels) || !Object.hasOwn(labels, name)) return false
  return value === undefined || labels[name] === value
}
