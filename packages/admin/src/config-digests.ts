import type { GroupState } from '@sluice/store'

interface Record {
  readonly digest: string
  /** Of the state that the configuration became. */
  readonly revision: number
  /** Unix time, seconds. */
  readonly at: number
}

/** What is known of configurations that were written whole, for as long as nothing else was written. */
export class ConfigDigests {
  readonly #records = new Map<string, Record>()

  set(group: string, digest: string, revision: number): void {
    this.#records.set(group, { digest, revision, at: Math.floor(Date.now() / 1_000) })
  }

  /** The digest that came with a group’s state; undefined: it was changed otherwise since. */
  digestOf(group: string, state: GroupState): string | undefined {
    return this.#of(group, state)?.digest
  }

  /** Unix time, seconds; 0: nothing was ever written. */
  lastModified(group: string, state: GroupState, updateTimes: Iterable<number>): number {
    const record = this.#of(group, state)
    if (record) return record.at
    let last = 0
    for (const time of updateTimes) last = Math.max(last, time)
    return last
  }

  #of(group: string, { revision }: GroupState): Record | undefined {
    const record = this.#records.get(group)
    return record?.revision === revision ? record : undefined
  }
}
