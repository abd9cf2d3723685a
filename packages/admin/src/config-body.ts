import { kinds, readDocument, type FileDocument, type Kind } from '@sluice/config'
import { formatPath, TimeSlice } from '@sluice/kernel'
import type { GroupState } from '@sluice/store'
import { refuse } from './refusal.ts'
import { hasId, ownId } from './resource-type.ts'
import type { Call } from './call.ts'
import type { Fields } from './view.ts'
import { stateOf } from './where.ts'

/** Kinds that a whole configuration lists; credentials stand among the consumers. */
export const listedKinds = kinds.filter((kind) => kind !== 'credentials')

/** A group’s resources as APISIX’s standalone mode has them, by kind; of what there is none, there is no list. */
export async function configOf(call: Call): Promise<Map<Kind, Fields[]>> {
  const state = stateOf(call)
  const slice = new TimeSlice()
  const lists = new Map<Kind, Fields[]>()
  for (const kind of kinds) {
    const list: Fields[] = []
    for (const resource of state.all(kind).values()) {
      if (slice.isOver) await slice.rest()
      const { id: own, ...value } = call.desk.redaction.show(kind, resource, { hasKeys: true })
      list.push({ ...idIn(kind, resource.id, own), ...value, modifiedIndex: resource.modifiedIndex })
    }
    const name = kind === 'credentials' ? 'consumers' : kind
    if (list.length > 0) lists.set(name, [...(lists.get(name) ?? []), ...list])
  }
  return lists
}

/** `own`: as it is stored; what was a number is one when it comes back. */
function idIn(kind: Kind, id: string, own: unknown): Fields {
  if (kind === 'consumers') return {}
  if (typeof own === 'number') return { id: own }
  return { id: kind === 'credentials' ? id.replace('/', '/credentials/') : id }
}

/** Of a list, which may hold two kinds. */
export function versionOf(state: Pick<GroupState, 'version'>, listed: Kind): number {
  return Math.max(...partsOf(listed).map((kind) => state.version(kind)))
}

/** Which kinds stand in a list. */
export function partsOf(listed: Kind): readonly Kind[] {
  return listed === 'consumers' ? ['consumers', 'credentials'] : [listed]
}

export interface WrittenConfig {
  readonly document: FileDocument
  /** `<kind>_conf_version`, where it is given. */
  readonly versions: ReadonlyMap<Kind, number>
}

/** Reads a whole configuration. Throws a `Refusal` that tells of every problem of its layout. */
export function readConfig(body: Fields): WrittenConfig {
  const versions = new Map<Kind, number>()
  const lists = new Map(Object.entries(body))
  for (const name of ['X-Digest', 'X-Last-Modified']) lists.delete(name)
  if (lists.has('gateway')) throw refuse(400, 'invalid configuration: gateway: the settings of the process are not changed here')
  for (const kind of listedKinds) {
    const name = `${kind}_conf_version`
    if (!lists.has(name)) continue
    const version = lists.get(name)
    if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 0) throw refuse(400, `${name} must be a number`)
    versions.set(kind, version)
    lists.delete(name)
  }
  const document = readDocument(Object.fromEntries(lists))
  if (document.issues.length > 0) throw refuse(400, `invalid configuration: ${document.issues.map(({ path, message }) => `${formatPath(path)}: ${message}`).join('; ')}`)
  return { document, versions }
}

/** What is stored of an entry: nothing that the server keeps, and the id as in the other endpoints. */
export function storedOf(kind: Kind, id: string, entry: Fields): Fields {
  const { id: own, modifiedIndex: _modified, createdIndex: _created, create_time: _time, update_time: _update, ...value } = entry
  if (!hasId(kind)) return value
  return { id: typeof own === 'number' ? own : ownId(kind, id), ...value }
}

/** Checks the versions that a configuration brings against those that are stored. Throws a `Refusal`. */
export function checkVersions(versions: WrittenConfig['versions'], state: Pick<GroupState, 'version'>): void {
  for (const [kind, version] of versions) {
    const stored = versionOf(state, kind)
    if (version < stored) throw refuse(400, `${kind}_conf_version must be greater than or equal to (${stored})`)
  }
}
