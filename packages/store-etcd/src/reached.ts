import type { Known } from './known.ts'

/** Milliseconds after which nobody waits any longer: what is waited for may have been overwritten, or the watch be broken. */
const longestMs = 3_000

interface Waiter {
  readonly revisions: ReadonlyMap<string, number>
  resolve(): void
}

/** Those who wait for what etcd holds to be here. */
export class Reached {
  readonly #known: Known
  readonly #waiters = new Set<Waiter>()

  constructor(known: Known) {
    this.#known = known
  }

  /** Resolves once these keys are at these revisions, 0: gone; or once it has taken too long. */
  async wait(revisions: ReadonlyMap<string, number>): Promise<void> {
    if (this.#areThere(revisions)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter = { revisions, resolve }
    this.#waiters.add(waiter)
    const timer = setTimeout(resolve, longestMs)
    await promise
    clearTimeout(timer)
    this.#waiters.delete(waiter)
  }

  /** More has come. */
  look(): void {
    for (const { revisions, resolve } of this.#waiters) if (this.#areThere(revisions)) resolve()
  }

  #areThere(revisions: ReadonlyMap<string, number>): boolean {
    return [...revisions].every(([key, revision]) => {
      const entry = this.#known.get(key)
      return revision === 0 ? !entry?.isPresent : entry !== undefined && entry.base >= revision
    })
  }
}
