import type { Logger } from '@sluice/kernel'
import { defaultGroup, type Group, type Store } from '@sluice/store'
import { namelessGroup, readGroup } from './group-value.ts'
import type { KeyLayout, Place } from './key-layout.ts'
import type { Known } from './known.ts'
import type { Observation } from './observation.ts'

export interface GroupListOptions {
  readonly store: Store
  readonly layout: KeyLayout
  readonly known: Known
  readonly log: Logger
}

/** Has a store know the groups that etcd has: those that something is told about, and those that hold something. */
export class GroupList {
  readonly #options: GroupListOptions

  constructor(options: GroupListOptions) {
    this.#options = options
  }

  /** Reads what is told about groups. False: nothing is. */
  take(observed: readonly { readonly observation: Observation; readonly place: Place }[]): boolean {
    const { known, log } = this.#options
    let isTold = false
    for (const { observation, place } of observed) {
      if (place.is !== 'group') continue
      isTold = true
      const entry = known.entry(observation.key)
      if (entry.own >= observation.revision) continue
      const group = observation.text === undefined ? undefined : readGroup(place.group, observation.text)
      if (group && 'problem' in group) {
        entry.refuse(observation, group.problem)
        log.error({ key: entry.key, problems: [group.problem] }, 'what etcd tells about a gateway group is refused')
      } else entry.take(observation)
    }
    return isTold
  }

  /** Adds the groups that there are now, and `others`. */
  async grow(others: Iterable<string>): Promise<void> {
    const { store } = this.#options
    const groups = new Map(store.groups().map((group) => [group.id, group]))
    for (const id of others) if (!groups.has(id)) groups.set(id, namelessGroup(id))
    for (const [id, group] of this.#told()) groups.set(id, group)
    await store.takeGroups(groups)
  }

  /** Takes away those that are no more. */
  async settle(): Promise<void> {
    const { store, known, layout } = this.#options
    const groups = this.#told()
    for (const { key, kept } of known.all()) {
      const place = layout.placeOf(key)
      if (!kept || place?.is !== 'resource' || place.group === defaultGroup || groups.has(place.group)) continue
      groups.set(place.group, namelessGroup(place.group))
    }
    await store.takeGroups(groups)
  }

  #told(): Map<string, Group> {
    const { known, layout } = this.#options
    const groups = new Map<string, Group>()
    for (const { key, kept } of known.all()) {
      const place = layout.placeOf(key)
      if (!kept || place?.is !== 'group') continue
      const group = readGroup(place.group, kept.text)
      if (!('problem' in group)) groups.set(place.group, group)
    }
    return groups
  }
}
