import type { Kind } from '@sluice/config'
import type { Change } from './draft.ts'

/** The longest that a timer can wait, in milliseconds. */
const longestMs = 2 ** 31 - 1

type Due = readonly (readonly [kind: Kind, id: string])[]

/** Resources that end by themselves. */
export class Expiry {
  readonly #now: () => number
  readonly #onDue: (group: string, due: Due) => Promise<void>
  /** When each ends, Unix time in milliseconds; by group, kind and id. */
  readonly #ends = new Map<string, { group: string; kind: Kind; id: string; at: number }>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(now: () => number, onDue: (group: string, due: Due) => Promise<void>) {
    this.#now = now
    this.#onDue = onDue
  }

  /** A group was changed. */
  watch(group: string, changes: readonly Change[]): void {
    let isOther = false
    for (const { kind, id, after } of changes) {
      const key = keyOf(group, kind, id)
      if (after?.expiresAt === undefined) isOther = this.#ends.delete(key) || isOther
      else {
        this.#ends.set(key, { group, kind, id, at: after.expiresAt })
        isOther = true
      }
    }
    if (isOther) this.#arm()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#ends.size === 0 || this.#isClosed) return
    let next = Infinity
    for (const { at } of this.#ends.values()) next = Math.min(next, at)
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(0, next - this.#now()), longestMs)).unref()
  }

  #fire(): void {
    const now = this.#now()
    const due = [...this.#ends].filter(([, { at }]) => at <= now)
    for (const [key] of due) this.#ends.delete(key)
    const byGroup = Map.groupBy(due, ([, { group }]) => group)
    for (const [group, ends] of byGroup) {
      const gone = ends.map(([, { kind, id }]) => [kind, id] as const)
      void this.#onDue(group, gone).catch(() => {}) // the group is gone, and they with it
    }
    this.#arm()
  }
}

function keyOf(group: string, kind: Kind, id: string): string {
  return `${group}\0${kind}\0${id}`
}
