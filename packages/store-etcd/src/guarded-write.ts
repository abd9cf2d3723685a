import { randomUUID } from 'node:crypto'
import { ConflictError, OutdatedError, UnavailableError } from '@sluice/store'
import type { EtcdClient } from './etcd-client.ts'
import { EtcdAwayError, EtcdError } from './etcd-error.ts'
import type { Known } from './known.ts'
import { commit, type Made, type Transaction } from './transaction.ts'

/** Keys in one transaction; etcd takes 128 by default, the guard included. */
const mostKeys = 100
/** Characters in one transaction; etcd takes requests of 1.5 MiB by default. */
const mostCharacters = 1_000_000

/** What is to be written. */
export interface Write extends Omit<Transaction, 'expected'> {
  /** Written with it. */
  readonly guard: string
  /** Further keys that must be as they are known. */
  readonly alsoExpected?: readonly string[]
}

export interface GuardedWriteOptions {
  readonly client: EtcdClient
  readonly known: Known
  /** Resolves once these keys are known to be at these revisions. */
  reached(revisions: ReadonlyMap<string, number>): Promise<void>
}

/**
 * Writes on top of what is known, or not at all: the keys themselves must be as they are known, and so must the guard, which
 * every gateway writes with every change. Who has not seen a change of another one, whatever it was of, does not get through.
 */
export class GuardedWrite {
  readonly #options: GuardedWriteOptions

  constructor(options: GuardedWriteOptions) {
    this.#options = options
  }

  /**
   * Gives the revision of each key. What is too large for one transaction takes several, in its order; the guard says that
   * more is to come. Rejects with an `OutdatedError`, a `ConflictError` or an `UnavailableError`.
   */
  async write({ guard, writes, deletes = [], alsoExpected = [] }: Write): Promise<ReadonlyMap<string, number>> {
    const { known } = this.#options
    const revisions = new Map<string, number>()
    let guardAt = known.get(guard)?.expected ?? 0
    const parts = inParts(writes)
    for (const [index, part] of parts.entries()) {
      const isLast = index === parts.length - 1
      const id = randomUUID()
      const expected = new Map([...part.keys(), ...alsoExpected].map((key) => [key, known.get(key)?.expected ?? 0]))
      expected.set(guard, guardAt)
      const about = JSON.stringify({ write: id, ...(!isLast && { more: true }) })
      const isGuardDeleted = isLast && deletes.some(({ from, to }) => guard >= from && guard < to)
      const transaction = { expected, writes: isGuardDeleted ? part : new Map([...part, [guard, about]]), ...(isLast && { deletes }) }
      guardAt = await this.#commit(transaction, guard, id, index)
      for (const key of [...part.keys(), guard]) revisions.set(key, guardAt)
    }
    return revisions
  }

  async #commit(transaction: Transaction, guard: string, id: string, partsBefore: number): Promise<number> {
    const made = await this.#made(transaction, partsBefore)
    if ('revision' in made) return made.revision
    // It was sent twice, because the first time nobody answered; it is our own change that is in the way.
    const last = made.found.get(guard)
    if (last?.text?.includes(id)) return last.revision
    const revisions = new Map([...transaction.expected.keys()].map((key) => [key, made.found.get(key)?.revision ?? 0]))
    throw new OutdatedError('another gateway has changed the configuration meanwhile', this.#options.reached(revisions))
  }

  async #made(transaction: Transaction, partsBefore: number): Promise<Made> {
    const partly = partsBefore > 0 ? '; a part of the change is made' : ''
    try {
      return await commit(this.#options.client, transaction)
    } catch (error) {
      if (error instanceof EtcdAwayError) {
        const fate = error.mayBeDone ? 'whether it was changed is not known' : 'nothing was changed'
        throw new UnavailableError(`etcd cannot be reached, and what serves goes on serving; ${partly === '' ? fate : partly.slice(2)}: ${error.message}`, { cause: error })
      }
      if (!(error instanceof EtcdError)) throw error
      if (/request is too large|exceeds/.test(error.message)) throw new ConflictError(`etcd takes no value of this size (${error.message})${partly}`, { cause: error })
      throw new UnavailableError(`etcd refuses the change: ${error.message}${partly}`, { cause: error })
    }
  }
}

function inParts(writes: Transaction['writes']): Map<string, string | undefined>[] {
  let part = new Map<string, string | undefined>()
  const parts = [part]
  let characters = 0
  for (const [key, text = ''] of writes) {
    characters += key.length + text.length
    if (part.size >= mostKeys || (characters > mostCharacters && part.size > 0)) {
      part = new Map()
      parts.push(part)
      characters = key.length + text.length
    }
    part.set(key, writes.get(key))
  }
  return parts
}
