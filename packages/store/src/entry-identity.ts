import { isRecord, type Kind } from '@sluice/config'

/** What an entry of a list goes by: its `id`, else its `name` or `username`; numbers as text. Empty: by nothing. */
export function identityOf(entry: unknown): string {
  if (!isRecord(entry)) return ''
  for (const key of ['id', 'name', 'username']) {
    const value = entry[key]
    if (typeof value === 'number' || (typeof value === 'string' && value !== '')) return String(value)
  }
  return ''
}

/** The collection of a file that holds a kind. */
export function collectionOf(kind: Kind): string {
  return kind === 'credentials' ? 'consumers' : kind
}

/** What a resource goes by in a file: a credential says there that it is one. */
export function entryId(kind: Kind, id: string): string {
  const slash = id.indexOf('/')
  if (kind !== 'credentials' || slash === -1 || id.startsWith('credentials/', slash + 1)) return id
  return `${id.slice(0, slash)}/credentials/${id.slice(slash + 1)}`
}

/** A value as it is to stand in a list: it carries what it goes by. */
export function asEntry(id: string, value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return identityOf(value) === id ? value : { id, ...withoutId(value), ...('id' in value && { id }) }
}

/** A value as it is to stand in a map by id. */
export function asMember(id: string, value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return value['id'] === id ? withoutId(value) : value
}

function withoutId(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'id'))
}
