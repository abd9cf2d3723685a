import { isRecord, kinds, type FileDocument, type Kind } from '@sluice/config'
import type { Issue } from '@sluice/kernel'
import type { Fields } from './wanted.ts'

export interface Entries {
  readonly entries: readonly (readonly [kind: Kind, id: string, fields: Fields])[]
  /** Paths as `FileDocument.placeOf` gives them. */
  readonly issues: readonly Issue[]
}

/** What of a file can be sent, each under its id, and all that is wrong with how it is laid out: nothing is dropped unsaid. */
export function entriesOf(document: FileDocument): Entries {
  const issues = [...document.issues]
  const entries: (readonly [kind: Kind, id: string, fields: Fields])[] = []
  for (const kind of kinds) {
    for (const [id, fields] of document.entries(kind)) {
      const place = document.placeOf([kind, id])
      if (!isRecord(fields)) issues.push({ path: place, message: 'must be an object' })
      // The second of one id, and what has no id; the first is told of already.
      else if (id.startsWith('\0')) issues.push(...(document.issues.some(({ path }) => isBelow(path, place)) ? [] : [namelessness(kind, fields, place)]))
      else {
        issues.push(...idIssues(kind, id, fields, place))
        entries.push([kind, id, fields])
      }
    }
  }
  return { entries, issues }
}

function isBelow(path: Issue['path'], place: Issue['path']): boolean {
  return place.every((step, index) => path[index] === step)
}

function namelessness(kind: Kind, fields: Fields, place: Issue['path']): Issue {
  const field = kind === 'consumers' ? 'username' : 'id'
  return { path: [...place, field], message: field in fields ? `must be ${field === 'id' ? 'a text or a whole number' : 'a text'}` : 'is required' }
}

const partOfId = /^[A-Za-z0-9._-]{1,64}$/
const rule = "an id has up to 64 letters, digits, '.', '_' and '-'"

/** A name stands for an id where it can. */
function idIssues(kind: Kind, id: string, fields: Fields, place: Issue['path']): Issue[] {
  if (kind === 'plugin_metadata' || kind === 'consumers') return []
  const parts = id.split('/')
  if (kind === 'secrets' && parts.length !== 2) return [{ path: [...place, 'id'], message: 'must be <manager>/<id>, such as vault/one' }]
  if (parts.every((part) => partOfId.test(part)) && parts.length === (kind === 'secrets' || kind === 'credentials' ? 2 : 1)) return []
  return [{ path: [...place, 'id'], message: 'id' in fields ? `cannot be one: ${rule}` : `is required, for the name ${JSON.stringify(id)} cannot stand for it: ${rule}` }]
}
