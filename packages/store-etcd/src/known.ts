import type { Observation } from './observation.ts'

/** A value that is served, or would be. */
export interface Kept {
  readonly created: number
  readonly revision: number
  readonly text: string
}

/** What is not taken, and why. */
export interface Refused {
  readonly observation: Observation
  readonly reason: string
}

/** What a gateway knows of one key. */
export class Entry {
  readonly key: string
  /** Of the newest that was heard of it. */
  seen = 0
  /** Of the newest that the store has taken in or refused: a change is made on top of that. */
  base = 0
  /** Of the last change that was made here. */
  own = 0
  /** Whether etcd held it at `base`. */
  isPresent = false
  /** The last good value; undefined where there is none. */
  kept: Kept | undefined
  refused: Refused | undefined

  constructor(key: string) {
    this.key = key
  }

  /** What etcd is to have of it, for a change to be on top of the newest. */
  get expected(): number {
    return this.isPresent ? this.base : 0
  }

  /** Written, or deleted, here. */
  write(revision: number, kept: Kept | undefined): void {
    this.own = revision
    this.seen = Math.max(this.seen, revision)
    this.take({ key: this.key, revision, created: kept?.created ?? 0, text: kept?.text })
  }

  take({ revision, created, text }: Observation): void {
    this.#settle(revision, text)
    this.kept = text === undefined ? undefined : { created, revision, text }
    this.refused = undefined
  }

  refuse(observation: Observation, reason: string): void {
    this.#settle(observation.revision, observation.text)
    this.refused = { observation, reason }
  }

  #settle(revision: number, text: string | undefined): void {
    this.base = revision
    this.isPresent = text !== undefined
  }

  /** Revisions count anew: this is another etcd than the one before. */
  forget(): void {
    this.seen = 0
    this.base = 0
    this.own = 0
  }
}

/** All keys of which something is known. */
export class Known {
  readonly #entries = new Map<string, Entry>()

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  entry(key: string): Entry {
    let entry = this.#entries.get(key)
    if (!entry) this.#entries.set(key, (entry = new Entry(key)))
    return entry
  }

  all(): Iterable<Entry> {
    return this.#entries.values()
  }

  /** The newest revision of which anything is known. */
  newest(): number {
    let newest = 0
    for (const { seen } of this.#entries.values()) newest = Math.max(newest, seen)
    return newest
  }

  *refused(): Iterable<Entry> {
    for (const entry of this.#entries.values()) if (entry.refused) yield entry
  }

  /** Lets go of what is gone and was last heard of before `revision`. */
  prune(revision: number): void {
    for (const [key, { isPresent, kept, refused, seen }] of this.#entries) {
      if (!isPresent && !kept && !refused && seen < revision) this.#entries.delete(key)
    }
  }
}
