import { isDeepStrictEqual } from 'node:util'
import { kinds, type Kind } from '@sluice/config'
import { GroupState, type Collection, type Resource, type Value } from './group-state.ts'
import { LayeredMap } from './layered-map.ts'

export interface PutOptions {
  /** Seconds after which the resource ends by itself. */
  readonly ttl?: number | undefined
}

/** One resource that a change touched: what it was, what it is. */
export interface Change {
  readonly kind: Kind
  readonly id: string
  readonly before: Resource | undefined
  readonly after: Resource | undefined
}

/** A group as a change is about to make it: read it, and write to it. Nobody else sees it. */
export class Draft {
  readonly #base: GroupState
  readonly #revision: number
  readonly #now: number
  readonly #collections = new Map<Kind, LayeredMap<Resource>>()
  readonly #versions: Map<Kind, number>
  #forced: ReadonlySet<string>
  /** What was written or deleted, by kind and id. */
  readonly #touched = new Map<string, readonly [kind: Kind, id: string]>()
  #settings: unknown
  #isPending: boolean
  #isTouched = false

  /** `now`: Unix time, milliseconds. */
  constructor(base: GroupState, revision: number, now: number) {
    this.#base = base
    this.#revision = revision
    this.#now = now
    this.#settings = base.settings
    this.#versions = new Map(base.versions)
    this.#forced = base.forced
    this.#isPending = base.isPending
  }

  /** Of the state that comes of it, where something changes. */
  get revision(): number {
    return this.#revision
  }

  get(kind: Kind, id: string): Resource | undefined {
    return this.all(kind).get(id)
  }

  /** As it stands, what was written to the draft included. */
  all(kind: Kind): Collection {
    return this.#collections.get(kind) ?? this.#base.all(kind)
  }

  version(kind: Kind): number {
    return this.#versions.get(kind) ?? 0
  }

  /**
   * Writes a resource; gives what there is of it then. A value equal to the one that is there changes nothing, its
   * indexes and times included. Do not change `value` afterwards.
   */
  put(kind: Kind, id: string, value: Value, { ttl }: PutOptions = {}): Resource {
    const before = this.get(kind, id)
    if (before && !before.isOverwritten && ttl === undefined && before.expiresAt === undefined && isDeepStrictEqual(before.value, value)) return before
    const seconds = Math.floor(this.#now / 1_000)
    const resource: Resource = {
      id,
      value,
      createdIndex: before?.createdIndex ?? this.#revision,
      modifiedIndex: this.#revision,
      createTime: before?.createTime ?? seconds,
      updateTime: seconds,
      ...(ttl !== undefined && { expiresAt: this.#now + ttl * 1_000 }),
    }
    this.#write(kind, id).set(id, resource)
    if (this.#forced.has(`${kind}/${id}`)) this.#forced = new Set([...this.#forced].filter((one) => one !== `${kind}/${id}`))
    return resource
  }

  /**
   * Takes a resource in as somebody else has made it, with its indexes and times. A value equal to the one that is there
   * stays that object, so that nothing is made of it anew.
   */
  take(kind: Kind, resource: Resource): void {
    const { id } = resource
    const before = this.get(kind, id)
    const isEqual = before !== undefined && isDeepStrictEqual(before.value, resource.value)
    this.#write(kind, id).set(id, isEqual ? { ...resource, value: before.value } : resource)
  }

  /** Puts a collection in another order; one that is in it already stays as it is. */
  sort(kind: Kind, compare: (a: Resource, b: Resource) => number): void {
    const before = [...this.all(kind).values()]
    const sorted = before.toSorted(compare)
    if (sorted.every((resource, index) => resource === before[index])) return
    this.#open(kind)
    this.#collections.set(kind, LayeredMap.from(new Map(sorted.map((resource) => [resource.id, resource]))))
  }

  /** What the group holds is known from now on. */
  settle(): void {
    if (!this.#isPending) return
    this.#isPending = false
    this.#isTouched = true
  }

  /** Takes a resource out; gives what it was. `force`: although others may refer to it. */
  delete(kind: Kind, id: string, { force = false } = {}): Resource | undefined {
    const before = this.get(kind, id)
    if (!before) return undefined
    this.#write(kind, id).delete(id)
    if (force) this.#forced = new Set(this.#forced).add(`${kind}/${id}`)
    return before
  }

  /** Makes a whole collection anew, in this order. What is equal to what was there stays what it was. */
  replace(kind: Kind, values: Iterable<readonly [id: string, value: Value]>): void {
    const before = this.all(kind)
    const ids = [...before.keys()]
    const wanted = new Map(values)
    for (const id of ids) if (!wanted.has(id)) this.delete(kind, id)
    // The same object is no write: what ends by itself goes on to.
    for (const [id, value] of wanted) if (this.get(kind, id)?.value !== value) this.put(kind, id, value)
    const order = [...wanted.keys()]
    const now = this.all(kind)
    if (order.length === now.size && [...now.keys()].every((id, index) => id === order[index])) return
    const resources = order.map((id) => [id, now.get(id)] as [string, Resource])
    this.#open(kind)
    this.#collections.set(kind, LayeredMap.from(new Map(resources)))
  }

  set settings(settings: unknown) {
    if (isDeepStrictEqual(settings, this.#settings)) return
    this.#settings = settings
    this.#isTouched = true
  }

  /** Says at which version a kind is, for those who keep count themselves. */
  setVersion(kind: Kind, version: number): void {
    if (this.version(kind) === version) return
    this.#versions.set(kind, version)
    this.#isTouched = true
  }

  /** What came of it; the state that it began with where nothing did. */
  finish(): GroupState {
    if (!this.#isTouched && this.#collections.size === 0) return this.#base
    const collections = new Map<Kind, Collection>()
    for (const kind of kinds) collections.set(kind, this.all(kind))
    return new GroupState(this.#revision, this.#settings, collections, this.#versions, this.#forced, this.#isPending)
  }

  /** What differs from the state that it began with, in the order in which it was touched. */
  changes(): Change[] {
    const all = [...this.#touched.values()].map(([kind, id]) => ({ kind, id, before: this.#base.get(kind, id), after: this.get(kind, id) }))
    return all.filter(({ before, after }) => before !== after)
  }

  #write(kind: Kind, id: string): LayeredMap<Resource> {
    this.#touched.set(`${kind}/${id}`, [kind, id])
    return this.#open(kind)
  }

  #open(kind: Kind): LayeredMap<Resource> {
    let collection = this.#collections.get(kind)
    if (!collection) {
      collection = LayeredMap.from(this.#base.all(kind))
      this.#collections.set(kind, collection)
      // Whoever sets versions may be ahead of the revisions, and is to see that something else has changed.
      this.#versions.set(kind, Math.max(this.#revision, this.version(kind) + 1))
    }
    return collection
  }
}

/** What differs between two states, in the order in which a data plane can take it in. */
export function changesBetween(before: GroupState, after: GroupState): Change[] {
  const changes: Change[] = []
  for (const kind of kinds) {
    const [old, now] = [before.all(kind), after.all(kind)]
    if (old === now) continue
    for (const [id, resource] of now) {
      const was = old.get(id)
      if (was !== resource) changes.push({ kind, id, before: was, after: resource })
    }
    for (const [id, resource] of old) if (!now.has(id)) changes.push({ kind, id, before: resource, after: undefined })
  }
  return changes
}
