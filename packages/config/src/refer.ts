import type { Entry } from './entry.ts'
import { singular, type Kind } from './kind.ts'
import type { Workbench } from './workbench.ts'

/** Where a reference leads. */
export interface Reference<T> {
  readonly id?: string
  readonly found?: T
  /** It was taken away although this refers to it. */
  readonly missing?: string
}

/** What the id under `field` leads to. Without `known` it is not looked at. */
export function refer<T>(
  { raw, path }: Entry,
  field: string,
  kind: Exclude<Kind, 'plugin_metadata'>,
  known: ReadonlyMap<string, T> | undefined,
  bench: Workbench,
): Reference<T> {
  const written = raw[field]
  if (!known || (typeof written !== 'string' && typeof written !== 'number')) return {}
  const id = String(written)
  const found = known.get(id)
  if (found !== undefined) return { id, found }
  const what = `${singular[kind]} [${id}]`
  if (bench.forced.has(`${kind}/${id}`)) return { id, missing: what }
  bench.problem([...path, field], `refers to ${what}, which does not exist`)
  return {}
}
