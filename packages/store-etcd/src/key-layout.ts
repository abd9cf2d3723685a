import { kinds, type Kind } from '@sluice/config'
import { defaultGroup } from '@sluice/store'

/** What a key is of. */
export type Place =
  /** A resource of a group. */
  | { readonly is: 'resource'; readonly group: string; readonly kind: Kind; readonly id: string }
  /** Written with every change of a group that a gateway makes: who has not seen it last has not seen the group. */
  | { readonly is: 'guard'; readonly group: string }
  /** What is told about a group. */
  | { readonly is: 'group'; readonly group: string }
  /** The guard of the list of groups. */
  | { readonly is: 'groups' }

/** All keys from `from` on and before `to`. */
export interface KeyRange {
  readonly from: string
  readonly to: string
}

const byName: ReadonlyMap<string, Kind> = new Map(kinds.map((kind) => [kind, kind]))
const guardName = 'sluice/writes'

/**
 * Where things stand in etcd: the group `default` as APISIX has it, `/apisix/routes/<id>`; other groups below
 * `/apisix-groups/<group>/` in the same way, and what is told about each at `/apisix-groups/<group>`.
 */
export class KeyLayout {
  readonly #own: string
  readonly #groups: string

  constructor(prefix: string) {
    this.#own = `${prefix}/`
    this.#groups = `${prefix}-groups/`
  }

  /** What is read and watched; of a group all in one. */
  get ranges(): readonly KeyRange[] {
    return [this.#own, this.#groups].map(rangeOf)
  }

  /** Guards the list of groups. */
  get groupsGuard(): string {
    return this.#groups
  }

  guardOf(group: string): string {
    return this.#rootOf(group) + guardName
  }

  groupKey(group: string): string {
    return this.#groups + group
  }

  /** All that a group other than `default` holds. */
  rangeOf(group: string): KeyRange {
    return rangeOf(this.#rootOf(group))
  }

  keyOf(group: string, kind: Kind, id: string): string {
    return this.#rootOf(group) + placeOf(kind, id)
  }

  /** Undefined: nothing of ours, such as what APISIX keeps beside resources. */
  placeOf(key: string): Place | undefined {
    if (key.startsWith(this.#own)) return inGroup(defaultGroup, key.slice(this.#own.length))
    if (!key.startsWith(this.#groups)) return undefined
    const rest = key.slice(this.#groups.length)
    if (rest === '') return { is: 'groups' }
    const slash = rest.indexOf('/')
    if (slash === -1) return { is: 'group', group: rest }
    const group = rest.slice(0, slash)
    return group === '' || group === defaultGroup ? undefined : inGroup(group, rest.slice(slash + 1))
  }

  #rootOf(group: string): string {
    return group === defaultGroup ? this.#own : `${this.#groups}${group}/`
  }
}

function placeOf(kind: Kind, id: string): string {
  if (kind !== 'credentials') return `${kind}/${id}`
  const slash = id.indexOf('/')
  return `consumers/${id.slice(0, slash)}/credentials/${id.slice(slash + 1)}`
}

function inGroup(group: string, path: string): Place | undefined {
  if (path === guardName) return { is: 'guard', group }
  const slash = path.indexOf('/')
  const kind = byName.get(path.slice(0, slash))
  const id = path.slice(slash + 1)
  // APISIX writes `/apisix/routes/` to have a directory.
  if (slash === -1 || kind === undefined || kind === 'credentials' || id === '') return undefined
  const credential = kind === 'consumers' ? /^([^/]+)\/credentials\/([^/]+)$/.exec(id) : null
  if (credential) return { is: 'resource', group, kind: 'credentials', id: `${credential[1]}/${credential[2]}` }
  return { is: 'resource', group, kind, id }
}

/** All keys that begin with a text that ends with a slash. */
function rangeOf(root: string): KeyRange {
  return { from: root, to: `${root.slice(0, -1)}0` }
}
