import type { Kind } from './kind.ts'

interface Kept {
  readonly raw: unknown
  /** What it was made of beside its own text, such as the service that it refers to. */
  readonly parts: readonly unknown[]
  readonly made: unknown
}

/**
 * What checking a configuration has made of its entries, for the next check: an entry that is the same object and is made
 * of the same parts is the same again. Only of configurations without problems.
 */
export class Memo {
  readonly #basis: readonly unknown[]
  readonly #kept = new Map<Kind, Map<string, Kept>>()
  #last: Memo | undefined

  /** `basis`: what all entries are made of; where it is another than `last` had, nothing of that is used. */
  constructor(basis: readonly unknown[], last?: Memo) {
    this.#basis = basis
    this.#last = last && isSame(last.#basis, basis) ? last : undefined
  }

  take<T>(kind: Kind, id: string, raw: unknown, parts: readonly unknown[], make: () => T): T {
    const known = this.#last ? this.#last.#kept.get(kind)?.get(id) : undefined
    const kept = known?.raw === raw && known && isSame(known.parts, parts) ? known : { raw, parts, made: make() }
    let ofKind = this.#kept.get(kind)
    if (!ofKind) this.#kept.set(kind, (ofKind = new Map()))
    ofKind.set(id, kept)
    return kept.made as T
  }

  /** Lets go of the one before it. */
  finish(): this {
    this.#last = undefined
    return this
  }
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index])
}
