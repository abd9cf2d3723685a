import { isRecord } from '@sluice/config'
import type { Issue } from '@sluice/kernel'
import { redacted } from '../redacted.ts'
import { isReference, type FieldChange } from './compare.ts'
import type { Mask } from './mask-secrets.ts'
import type { Change } from './plan.ts'
import type { Fields } from './wanted.ts'

export interface ShowOptions {
  readonly mask: Mask
  /** The server redacts secrets, by the schemas of all its plugins: what it shows is none. */
  readonly isRedacted: boolean
}

/** Both sides of a field as they may be shown; a side is missing where the field is not there. */
export function shownField({ path, before, after }: FieldChange, { kind, id, existing, wanted }: Extract<Change, { action: 'update' }>, { mask, isRedacted }: ShowOptions): { readonly before?: unknown; readonly after?: unknown } {
  const old = isRedacted ? before : at(mask(kind, id, existing.value), path, before)
  const now = isRedacted && isNoSecret(before) ? after : at(mask(kind, id, wanted.value), path, after)
  return { ...(before !== undefined && { before: old }), ...(after !== undefined && { after: now }) }
}

/** A value that the server shows is no secret, unless it only refers to one. */
function isNoSecret(before: unknown): boolean {
  return before !== undefined && before !== redacted && typeof before !== 'object' && !isReference(before)
}

/** What stands there once secrets are masked; the field itself where it was called otherwise when it was compared. */
function at(value: Fields, path: Issue['path'], field: unknown): unknown {
  let inner: unknown = value
  for (const step of path) {
    if (isRecord(inner) && Object.hasOwn(inner, String(step))) inner = inner[String(step)]
    else if (Array.isArray(inner)) inner = inner[Number(step)]
    else return field
  }
  return inner
}
