import type { Resolved } from './check-document.ts'
import type { GatewaySettings } from './gateway-schema.ts'
import type { Kind } from './kind.ts'
import type { Layers } from './resolve-route.ts'

interface Kept {
  readonly raw: unknown
  /** What it was made of beside its own text, such as the service that it refers to. */
  readonly parts: readonly unknown[]
  readonly made: unknown
}

/** What stays as it is while nothing but routes, and what is kept for tools, changes. */
export interface Frame {
  /** Of everything else: the same objects as long as nothing of it changes. */
  readonly tokens: readonly unknown[]
  readonly layers: Layers
  readonly settings: GatewaySettings
  readonly rest: Pick<Resolved, 'globals' | 'consumers'>
}

/**
 * What checking a configuration has made of its entries, for the next check: an entry that is the same object and is made
 * of the same parts is the same again. Only of configurations without problems.
 */
export class Memo {
  /** There once the check has found no problems. */
  frame: Frame | undefined
  readonly #basis: readonly unknown[]
  readonly #kept = new Map<Kind, Map<string, Kept>>()
  #last: Memo | undefined

  /** `basis`: what all entries are made of; where it is another than `last` had, nothing of that is used. */
  constructor(basis: readonly unknown[], last?: Memo) {
    this.#basis = basis
    this.#last = last && isSame(last.#basis, basis) ? last : undefined
  }

  take<T>(kind: Kind, id: string, raw: unknown, parts: readonly unknown[], make: () => T): T {
    const known = (this.#last ?? this).#kept.get(kind)?.get(id)
    const kept = known?.raw === raw && known && isSame(known.parts, parts) ? known : { raw, parts, made: make() }
    if (this.#last || kept !== known) this.#keep(kind, id, kept)
    return kept.made as T
  }

  /** It is gone. */
  forget(kind: Kind, id: string): void {
    this.#kept.get(kind)?.delete(id)
  }

  /** Whether an entry that was taken is not what it was. */
  isNew(kind: Kind, id: string): boolean {
    const last = this.#last ? this.#last.#kept : undefined
    return last?.get(kind)?.get(id) !== this.#kept.get(kind)?.get(id)
  }

  /** Lets go of the one before it. */
  finish(frame: Frame): this {
    this.#last = undefined
    this.frame = frame
    return this
  }

  #keep(kind: Kind, id: string, kept: Kept): void {
    let ofKind = this.#kept.get(kind)
    if (!ofKind) this.#kept.set(kind, (ofKind = new Map()))
    ofKind.set(id, kept)
  }
}

export function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index])
}
