import { formatPath, nearestOf, type Issue } from '@sluice/kernel'
import type { Document } from './document.ts'
import { isRecord } from './is-record.ts'
import { kinds, type Kind } from './kind.ts'
import { atOnce, type Steps } from './steps.ts'

type Path = Issue['path']

/** The members of a file: its resources, in lists by the name of their kind; credentials stand among the consumers. */
const lists = kinds.filter((kind) => kind !== 'credentials' && kind !== 'plugin_metadata')
const members: readonly string[] = ['version', 'gateway', ...lists, 'plugin_metadata']

/** What goes by `id` in consumers: `<username>/credentials/<id>`. */
const credentialId = /^([^/]+)\/credentials\/([^/]+)$/

/** One file, read into resources by kind and id. */
export class FileDocument implements Document {
  readonly settings: unknown
  /** What is wrong with how it is laid out; paths as in the file. */
  readonly issues: readonly Issue[]
  readonly #entries: ReadonlyMap<Kind, ReadonlyMap<string, unknown>>
  /** Where entries stand in the file, by kind and id. */
  readonly #places: ReadonlyMap<string, Path>

  constructor(settings: unknown, issues: readonly Issue[], entries: ReadonlyMap<Kind, ReadonlyMap<string, unknown>>, places: ReadonlyMap<string, Path>) {
    this.settings = settings
    this.issues = issues
    this.#entries = entries
    this.#places = places
  }

  entries(kind: Kind): ReadonlyMap<string, unknown> {
    return this.#entries.get(kind) ?? new Map()
  }

  /** `[kind, id, ...field]` as a path in the file: `['routes', 0, ...field]`. */
  placeOf(path: Path): Path {
    const [kind, id, ...field] = path
    const place = this.#places.get(`${kind}\0${id}`)
    return place ? [...place, ...field] : path
  }

  /** All of them, as `placeOf` has it. */
  placed<T extends Issue>(issues: readonly T[]): T[] {
    return issues.map((issue) => ({ ...issue, path: this.placeOf(issue.path) }))
  }
}

/** Sorts what `parseConfig` gives by kind and id. Finds what is no list, no object, without an id, or there twice. */
export function readDocument(value: unknown): FileDocument {
  return atOnce(readSteps(value))
}

/** The same, in steps. */
export function* readSteps(value: unknown): Steps<FileDocument> {
  const issues: Issue[] = []
  const entries = new Map<Kind, Map<string, unknown>>(kinds.map((kind) => [kind, new Map()]))
  const places = new Map<string, Path>()
  const add = (kind: Kind, id: string, entry: unknown, place: Path): void => {
    const known = places.get(`${kind}\0${id}`)
    if (known) issues.push({ path: [...place, kind === 'consumers' ? 'username' : 'id'], message: `${id} is the id of ${formatPath(known)} already` })
    // What has another’s id is still checked with the rest.
    const key = known ? `\0${place[1]}` : id
    places.set(`${kind}\0${key}`, place)
    entries.get(kind)?.set(key, entry)
  }
  if (!isRecord(value)) return new FileDocument(undefined, [{ path: [], message: 'must be an object' }], entries, places)
  checkTop(value, issues)
  for (const kind of lists) yield* readList(value, kind, issues, add)
  readMetadata(value['plugin_metadata'] ?? {}, issues, add)
  return new FileDocument(value['gateway'], issues, entries, places)
}

type Add = (kind: Kind, id: string, entry: unknown, place: Path) => void

function checkTop(value: Readonly<Record<string, unknown>>, issues: Issue[]): void {
  for (const name of Object.keys(value)) {
    if (members.includes(name)) continue
    const nearest = nearestOf(name, members)
    const hint = name === 'credentials' ? '; a credential is an entry of consumers, with the id <username>/credentials/<id>' : nearest && `; did you mean ${nearest}?`
    issues.push({ path: [name], message: `is not a known field${hint ?? ''}` })
  }
  const { version = '1' } = value
  if (typeof version !== 'string' && typeof version !== 'number') issues.push({ path: ['version'], message: 'must be a string or a number' })
}

function* readList(value: Readonly<Record<string, unknown>>, kind: Kind, issues: Issue[], add: Add): Steps<void> {
  const list = value[kind] ?? []
  if (!Array.isArray(list)) return void issues.push({ path: [kind], message: 'must be a list' })
  for (const [index, entry] of (list as unknown[]).entries()) {
    yield
    const place = [kind, index]
    if (!isRecord(entry)) {
      issues.push({ path: place, message: 'must be an object' })
      continue
    }
    const id = kind === 'consumers' ? consumerId(entry) : idOf(entry)
    const [, username, credential] = kind === 'consumers' ? (credentialId.exec(id ?? '') ?? []) : []
    if (credential !== undefined) add('credentials', `${username}/${credential}`, entry, place)
    // What has no id is still checked with the rest, and what it says of the id is the schema’s.
    else if (id === undefined) addNameless(kind, entry, place, issues, add)
    else add(kind, id, entry, place)
  }
}

function addNameless(kind: Kind, entry: Readonly<Record<string, unknown>>, place: Path, issues: Issue[], add: Add): void {
  // Of consumers and global rules the schema asks for it.
  if (!('id' in entry) && kind !== 'global_rules' && kind !== 'consumers') issues.push({ path: [...place, 'id'], message: 'is required where there is no name' })
  add(kind, `\0${place[1]}`, entry, place)
}

/** A map by plugin name; or a list whose entries name the plugin as `id`. */
function readMetadata(raw: unknown, issues: Issue[], add: Add): void {
  const kind = 'plugin_metadata'
  if (isRecord(raw)) {
    for (const [name, metadata] of Object.entries(raw)) add(kind, name, metadata, [kind, name])
    return
  }
  if (!Array.isArray(raw)) return void issues.push({ path: [kind], message: 'must be a map by plugin name, or a list' })
  const seen = new Set<unknown>()
  for (const [index, entry] of (raw as unknown[]).entries()) {
    const place = [kind, index]
    if (!isRecord(entry)) {
      issues.push({ path: place, message: 'must be an object' })
      continue
    }
    const { id } = entry
    if (typeof id !== 'string') issues.push({ path: [...place, 'id'], message: 'must be the name of a plugin' })
    else if (seen.has(id)) issues.push({ path: [...place, 'id'], message: `${id} has metadata already` })
    else add(kind, id, entry, place)
    seen.add(id)
  }
}

function consumerId({ id, username }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof id === 'string' && credentialId.test(id)) return id
  return typeof username === 'string' && username !== '' ? username : undefined
}

/** As other resources refer to it: its `id`, else its `name`. */
function idOf({ id, name }: Readonly<Record<string, unknown>>): string | undefined {
  if (id === undefined) return typeof name === 'string' && name !== '' ? name : undefined
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}
