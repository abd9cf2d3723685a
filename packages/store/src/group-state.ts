import type { Document, Kind } from '@sluice/config'

/** A resource as it was sent, with its `id`; nothing is filled in. */
export type Value = Readonly<Record<string, unknown>>

/** One resource of a group, and what the store knows of it. */
export interface Resource {
  /** Of a credential `<username>/<id>`, of a secret `<manager>/<id>`; plugin metadata goes by the plugin’s name, a consumer by its own. */
  readonly id: string
  /** Immutable: the same object for as long as nothing changes it. */
  readonly value: Value
  /** Revision that it came with. */
  readonly createdIndex: number
  /** Revision that changed it last. */
  readonly modifiedIndex: number
  /** Unix time, seconds. */
  readonly createTime: number
  /** Unix time, seconds. */
  readonly updateTime: number
  /** Unix time, milliseconds, at which it ends by itself. */
  readonly expiresAt?: number
  /** Where it is kept stands something else by now that is not fit to serve: written again as it is, it takes that place. */
  readonly isOverwritten?: boolean
}

/** All resources of one kind, by id, in the order in which they are written or came. */
export type Collection = ReadonlyMap<string, Resource>

/** What one gateway group holds at one moment. Immutable. */
export class GroupState implements Document {
  /** Of the change that made it; grows with every change of any group. */
  readonly revision: number
  /** The `gateway` section of a file, as it is written. */
  readonly settings: unknown
  readonly #collections: ReadonlyMap<Kind, Collection>
  readonly #versions: ReadonlyMap<Kind, number>
  readonly #forced: ReadonlySet<string>
  /** What it holds is not known yet: nothing was read of it. */
  readonly isPending: boolean

  constructor(
    revision: number,
    settings: unknown,
    collections: ReadonlyMap<Kind, Collection>,
    versions: ReadonlyMap<Kind, number>,
    forced: ReadonlySet<string> = new Set(),
    isPending = false,
  ) {
    this.revision = revision
    this.settings = settings
    this.#collections = collections
    this.#versions = versions
    this.#forced = forced
    this.isPending = isPending
  }

  get(kind: Kind, id: string): Resource | undefined {
    return this.#collections.get(kind)?.get(id)
  }

  all(kind: Kind): Collection {
    return this.#collections.get(kind) ?? none
  }

  *entries(kind: Kind): Iterable<readonly [id: string, value: Value]> {
    for (const [id, { value }] of this.all(kind)) yield [id, value]
  }

  token(kind: Kind): Collection {
    return this.all(kind)
  }

  value(kind: Kind, id: string): Value | undefined {
    return this.get(kind, id)?.value
  }

  /** Grows with every change of this kind: the revision that came with it, unless somebody has set it further; 0: nothing ever did. */
  version(kind: Kind): number {
    return this.#versions.get(kind) ?? 0
  }

  get versions(): ReadonlyMap<Kind, number> {
    return this.#versions
  }

  /** `<kind>/<id>` of what was deleted although others refer to it. */
  get forced(): ReadonlySet<string> {
    return this.#forced
  }
}

const none: Collection = new Map()

export const emptyState = new GroupState(0, undefined, new Map(), new Map())

/** Of a group of which nothing was read yet. */
export const pendingState = new GroupState(0, undefined, new Map(), new Map(), undefined, true)

/** Says how a resource is kept. For a backend that knows, before anybody has seen the resource. */
export function renumber(resource: Resource, kept: Partial<Pick<Resource, 'createdIndex' | 'modifiedIndex' | 'createTime' | 'updateTime'>>): void {
  Object.assign(resource, kept)
}
