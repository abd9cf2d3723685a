import type { Issue, TSchema } from '@sluice/kernel'
import { formatPath } from '@sluice/kernel'
import { isRecord } from './is-record.ts'
import type { Steps } from './steps.ts'
import type { Workbench } from './workbench.ts'

/** One resource of a collection. */
export interface Entry {
  /** As other resources refer to it: its `id`, else its `name`. */
  readonly id: string
  readonly path: Issue['path']
  /** As written. */
  readonly raw: Readonly<Record<string, unknown>>
  /** Checked, defaults filled in; its types hold only while there are no issues. */
  readonly checked: Readonly<Record<string, unknown>>
}

export type CollectionName = 'routes' | 'services' | 'upstreams' | 'plugin_configs' | 'global_rules'

/** Reads one collection; its entries by id, in the order in which they are written. Without a schema they are not checked. */
export function* readCollection(
  document: Entry['raw'],
  name: CollectionName,
  schema: TSchema | undefined,
  bench: Workbench,
): Steps<Map<string, Entry>> {
  const list = document[name] ?? []
  const entries = new Map<string, Entry>()
  if (!Array.isArray(list)) {
    bench.problem([name], 'must be a list')
    return entries
  }
  for (const [index, raw] of (list as unknown[]).entries()) {
    yield
    const path = [name, index]
    if (!isRecord(raw)) {
      bench.problem(path, 'must be an object')
      continue
    }
    const checked = schema ? bench.check(schema, raw, path) : raw
    const id = idOf(raw)
    const known = id === undefined ? undefined : entries.get(id)
    if (known) bench.problem([...path, 'id'], `${id} is the id of ${formatPath(known.path)} already`)
    // Global rules have no names, and their schema asks for the id.
    if (id === undefined && !('id' in raw) && name !== 'global_rules') {
      bench.problem([...path, 'id'], 'is required where there is no name')
    }
    // What has no id, or another's, is still checked with the rest.
    const key = id === undefined || known ? `\0${index}` : id
    entries.set(key, { id: id ?? '', path, raw, checked })
  }
  return entries
}

function idOf({ id, name }: Entry['raw']): string | undefined {
  if (id === undefined) return typeof name === 'string' && name !== '' ? name : undefined
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}
