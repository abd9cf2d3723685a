import type { Kind } from '@sluice/config'
import type { Fields, Wanted } from './wanted.ts'

/** The list that holds resources of a kind where they are sent together: credentials stand among the consumers. */
export function listOf(kind: Kind): Exclude<Kind, 'credentials'> {
  return kind === 'credentials' ? 'consumers' : kind
}

/** A resource as an entry of that list. `id`: as the server spells it, where it has it. */
export function entryOf({ kind, id, value }: Pick<Wanted, 'kind' | 'id' | 'value'>, spelled: unknown = undefined): Fields {
  if (kind === 'consumers') return value
  return { id: spelled ?? (kind === 'credentials' ? id.replace('/', '/credentials/') : id), ...value }
}
