import { kinds, type Document, type Kind } from '@sluice/config'
import { TimeSlice } from '@sluice/kernel'
import { changesBetween, type GroupState } from '@sluice/store'

/** Entries in one piece: what a worker reads of it takes no more than some milliseconds. */
const pieceLength = 200

type WireEntry = readonly [kind: Kind, id: string, value: unknown]

/** What a primary tells its workers of a configuration: all of it, or what has changed since the one before. */
export interface WireDocument {
  readonly settings: unknown
  readonly forced: readonly string[]
  readonly isPending: boolean
  /** Lists of `[kind, id, value]` as JSON; of a change, a value that is missing says that the entry is gone. */
  readonly pieces: readonly string[]
  /** Of the kinds whose order is another than that of what was there before and what came: the ids in their order. */
  readonly orders: readonly (readonly [kind: Kind, ids: readonly string[]])[]
}

/** Everything that a state holds. */
export function toWire(state: GroupState): WireDocument {
  const entries = kinds.flatMap((kind) => [...state.entries(kind)].map(([id, value]): WireEntry => [kind, id, value]))
  return { settings: state.settings, forced: [...state.forced], isPending: state.isPending, pieces: inPieces(entries), orders: [] }
}

/** What differs between two states. */
export function changesToWire(before: GroupState, after: GroupState): WireDocument {
  const changes = changesBetween(before, after).map(({ kind, id, after: now }): WireEntry => [kind, id, now?.value])
  return { settings: after.settings, forced: [...after.forced], isPending: after.isPending, pieces: inPieces(changes), orders: kinds.flatMap((kind) => orderOf(kind, before, after)) }
}

function inPieces(entries: readonly WireEntry[]): string[] {
  const pieces: string[] = []
  for (let at = 0; at < entries.length; at += pieceLength) pieces.push(JSON.stringify(entries.slice(at, at + pieceLength)))
  return pieces
}

function orderOf(kind: Kind, before: GroupState, after: GroupState): (readonly [Kind, readonly string[]])[] {
  const [old, now] = [before.all(kind), after.all(kind)]
  if (old === now) return []
  // As a map has it where changes are applied one by one.
  const expected = [...[...old.keys()].filter((id) => now.has(id)), ...[...now.keys()].filter((id) => !old.has(id))]
  const ids = [...now.keys()]
  return ids.every((id, index) => id === expected[index]) ? [] : [[kind, ids]]
}

/** A configuration as a worker holds it. Immutable; values that have not changed stay the same objects. */
export class ReceivedDocument implements Document {
  readonly settings: unknown
  readonly forced: ReadonlySet<string>
  readonly isPending: boolean
  readonly #entries: ReadonlyMap<Kind, ReadonlyMap<string, unknown>>

  /** `before`: what the changes are changes of; nothing where all of a configuration was sent. Exchanges go on meanwhile. */
  static async from({ settings, forced, isPending, pieces, orders }: WireDocument, before?: ReceivedDocument): Promise<ReceivedDocument> {
    const slice = new TimeSlice()
    const entries = new Map<Kind, Map<string, unknown>>()
    for (const kind of kinds) entries.set(kind, new Map(before?.entries(kind)))
    for (const piece of pieces) {
      for (const [kind, id, value] of JSON.parse(piece) as WireEntry[]) {
        if (value === undefined || value === null) entries.get(kind)?.delete(id)
        else entries.get(kind)?.set(id, value)
      }
      if (slice.isOver) await slice.rest()
    }
    for (const [kind, ids] of orders) {
      const unordered = entries.get(kind)
      entries.set(kind, new Map(ids.map((id) => [id, unordered?.get(id)])))
    }
    return new ReceivedDocument({ settings, forced: new Set(forced), isPending }, entries)
  }

  private constructor({ settings, forced, isPending }: Pick<ReceivedDocument, 'settings' | 'forced' | 'isPending'>, entries: ReadonlyMap<Kind, ReadonlyMap<string, unknown>>) {
    this.settings = settings
    this.forced = forced
    this.isPending = isPending
    this.#entries = entries
  }

  entries(kind: Kind): ReadonlyMap<string, unknown> {
    return this.#entries.get(kind) ?? new Map()
  }
}
