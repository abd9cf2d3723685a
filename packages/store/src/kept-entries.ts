import type { Splice } from './splice.ts'
import { nextLine } from './text-lines.ts'
import type { CollectionLayout, Marks } from './text-layout.ts'

/** Values by id as they are to be; undefined: there is to be none. */
export type Wanted = ReadonlyMap<string, Readonly<Record<string, unknown>> | undefined>

/** What is to be done to one collection. */
export interface CollectionPlan {
  readonly splices: readonly Splice[]
  /** Where it stands once all splices, those of other collections too, are made. `shift` is to be asked in ascending order. */
  layout(shift: (offset: number) => number, placeOf: (splice: Splice) => number, text: string): CollectionLayout
}

/** How to change one entry, and how long it is and what marks it has then. */
export interface EntryEdit {
  readonly splices: readonly Splice[]
  readonly length: number
  readonly marks: Marks | undefined
}

/** Where the entries stand that stay, once all changes are made. */
export function keptEntries(
  collection: CollectionLayout,
  removed: ReadonlySet<number>,
  edited: ReadonlyMap<number, EntryEdit>,
  shift: (offset: number) => number,
  text: string,
): CollectionLayout {
  const { ids, starts, ends, at, end, open } = collection
  const isKept = (_: unknown, index: number): boolean => !removed.has(index)
  const newAt = shift(at - 1) + 1
  const newOpen = open === 0 ? 0 : shift(open)
  const moved = starts.map(shift)
  const grown = moved.map((start, index) => {
    return start + (edited.get(index)?.length ?? (ends[index] ?? 0) - (starts[index] ?? 0))
  })
  const keptEnds = removed.size === 0 ? grown : grown.filter(isKept)
  const last = keptEnds.at(-1)
  // At the end of the text a line break may have come behind it, or gone.
  if (last !== undefined && collection.form === 'block' && text[last - 1] !== '\n') {
    keptEnds[keptEnds.length - 1] = nextLine(text, Math.min(last, text.length))
  }
  return {
    ...collection,
    at: newAt,
    open: newOpen,
    end: end === 0 ? 0 : shift(end - 1) + 1,
    ids: removed.size === 0 ? ids : ids.filter(isKept),
    starts: removed.size === 0 ? moved : moved.filter(isKept),
    ends: keptEnds,
    marks: keptMarks(collection, removed, edited),
  }
}

function keptMarks(
  { ids, marks }: CollectionLayout,
  removed: ReadonlySet<number>,
  edited: ReadonlyMap<number, EntryEdit>,
): ReadonlyMap<string, Marks> {
  if (marks.size === 0) return marks
  const kept = new Map(marks)
  for (const index of removed) kept.delete(ids[index] ?? '')
  for (const [index, edit] of edited) {
    if (edit.marks) kept.set(ids[index] ?? '', edit.marks)
    else kept.delete(ids[index] ?? '')
  }
  return kept
}

/** A collection to which nothing happens. */
export function unchanged(collection: CollectionLayout, shift: (offset: number) => number, text: string): CollectionLayout {
  return keptEntries(collection, new Set(), new Map(), shift, text)
}
