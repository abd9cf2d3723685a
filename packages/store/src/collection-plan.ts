import type { Steps } from '@sluice/config'
import { BlockEdits } from './block-edits.ts'
import { planEmptied, planFilled } from './empty-collection.ts'
import { editEntry } from './entry-edits.ts'
import { asEntry, asMember } from './entry-identity.ts'
import { keptEntries, type CollectionPlan, type EntryEdit, type Wanted } from './kept-entries.ts'
import { addToFlow, removeFromFlow, separator } from './flow-edits.ts'
import { renderBrackets, renderItems, renderLines, type NewEntry, type RenderedEntries } from './render-collection.ts'
import type { Splice } from './splice.ts'
import { indentOf, isBlankLine, lineEnd, lineStart, nextLine, skipBlankLines, startWithComment } from './text-lines.ts'
import type { CollectionLayout, TextLayout } from './text-layout.ts'

/** Changes entries that take part in what aliases repeat; undefined where that touches others. */
export interface MarkedEditor {
  edit(name: string, index: number, wanted: unknown): EntryEdit | undefined
  canRemove(name: string, index: number): boolean
}

interface Sorted {
  readonly removed: ReadonlySet<number>
  readonly edited: ReadonlyMap<number, EntryEdit>
  readonly added: readonly NewEntry[]
}

/** How to change the entries of a collection; undefined where that touches more than these entries. */
export function* planCollection(
  text: string,
  layout: TextLayout,
  name: string,
  collection: CollectionLayout,
  wanted: Wanted,
  marked: MarkedEditor,
): Steps<CollectionPlan | undefined> {
  const sorted = yield* sortWanted(text, layout, name, collection, wanted, marked)
  if (!sorted) return undefined
  const { removed, edited, added } = sorted
  const edits = [...edited.values()].flatMap(({ splices }) => splices)
  const isEmptied = removed.size === collection.ids.length
  if (isEmptied && added.length === 0) {
    return planEmptied(collection, collection.form === 'block' ? planLines(text, layout, collection, sorted).splices : [])
  }
  if (collection.form === 'empty') return planFilled(text, layout, collection, added)
  const plan = collection.form === 'block' ? planLines : planItems
  const { splices, adding, rendered } = plan(text, layout, collection, sorted)
  return {
    splices: [...edits, ...splices],
    layout: (shift, placeOf, after) => {
      const kept = keptEntries(collection, removed, edited, shift, after)
      const base = adding ? placeOf(adding.splice) + adding.offset : 0
      const isRewritten = isEmptied && collection.form === 'flow'
      return {
        ...kept,
        ...(isRewritten && { open: base, end: base + rendered.text.length }),
        ids: [...kept.ids, ...added.map(([id]) => id)],
        starts: [...kept.starts, ...rendered.starts.map((start) => base + start)],
        ends: [...kept.ends, ...rendered.ends.map((end) => Math.min(base + end, after.length))],
      }
    },
  }
}

function* sortWanted(
  text: string,
  layout: TextLayout,
  name: string,
  collection: CollectionLayout,
  wanted: Wanted,
  marked: MarkedEditor,
): Steps<Sorted | undefined> {
  const indexes = indexesOf(collection.ids, wanted)
  const removed = new Set<number>()
  const edited = new Map<number, EntryEdit>()
  const added: NewEntry[] = []
  const form = collection.isMap ? asMember : asEntry
  for (const [id, value] of wanted) {
    yield
    const index = indexes.get(id)
    const isMarked = collection.marks.has(id)
    if (index === undefined) {
      if (value) added.push([id, form(id, value)])
    } else if (!value) {
      if (isMarked && !marked.canRemove(name, index)) return undefined
      removed.add(index)
    } else {
      const entry = form(id, value)
      const edit = isMarked ? marked.edit(name, index, entry) : editEntry(text, layout, collection, index, entry)
      if (!edit) return undefined
      edited.set(index, edit)
    }
  }
  return { removed, edited, added }
}

/** Where entries stand in their collection, by id; of a few that are looked for, found without a table of all. */
function indexesOf(ids: readonly string[], wanted: Wanted): ReadonlyMap<string, number> {
  const few = wanted.size <= 8
  const found = few ? [...wanted.keys()].map((id) => [id, ids.indexOf(id)] as const) : ids.map((id, index) => [id, index] as const)
  return new Map(found.filter(([, index]) => index !== -1))
}

interface Planned {
  readonly splices: readonly Splice[]
  /** The one that adds, and how far within it the entries begin. */
  readonly adding: { readonly splice: Splice; readonly offset: number } | undefined
  readonly rendered: RenderedEntries
}

const nothing: RenderedEntries = { text: '', starts: [], ends: [] }

function planLines(
  text: string,
  { style }: TextLayout,
  collection: CollectionLayout,
  sorted: Sorted,
): Planned {
  const { starts, ends, column, isMap } = collection
  const { removed, added } = sorted
  const last = starts.length - 1
  const splices = [...removed].map((index) => removalOf(text, collection, sorted, index))
  if (added.length === 0) return { splices, adding: undefined, rendered: nothing }
  const gap = text.slice(ends[last - 1], starts[last])
  const between = last > 0 && /^[ \t]*\r?\n/m.test(gap) && !mayTakeBlankLines(text, collection, removed, last + 1) ? style.eol : ''
  const rendered = renderLines(added, isMap, column, style, between)
  const splice = new BlockEdits(text, style).at(ends[last] ?? text.length, between + rendered.text)
  const offset = splice.text.indexOf(rendered.text)
  return { splices: [...splices, splice], adding: { splice, offset }, rendered }
}

/** Whether the entry that stays above the one at `below` may end in a text to which the blank lines below it belong. */
function mayTakeBlankLines(text: string, { starts, ends }: CollectionLayout, removed: ReadonlySet<number>, below: number): boolean {
  const index = lastKept(removed, below)
  return index >= 0 && /[|>]\d?\+/.test(text.slice(starts[index], ends[index]))
}

/** The entry above the one at `below` that stays; -1: none does. */
function lastKept(removed: ReadonlySet<number>, below: number): number {
  let index = below - 1
  while (removed.has(index)) index -= 1
  return index
}

/** An entry's lines with the comment right above it, and one of the blank lines around it. */
function removalOf(text: string, collection: CollectionLayout, { removed, edited, added }: Sorted, index: number): Splice {
  const { starts, ends, column, at } = collection
  const floor = ends[index - 1] ?? nextLine(text, at)
  const behind = ends[index] ?? text.length
  const isLast = index === starts.length - 1
  // What is added stands between an entry that takes blank lines and those below.
  const isCovered = isLast && added.length > 0
  const end = !isCovered && mayTakeBlankLines(text, collection, removed, index) ? skipBlankLines(text, behind) : behind
  const start = startWithComment(text, starts[index] ?? end, column, floor)
  const above = start > floor ? lineStart(text, start - 1) : start
  if (end === text.length && !text.endsWith('\n') && !edited.has(lastKept(removed, index))) {
    return { start: lineEnd(text, lineStart(text, (above < start && isBlankLine(text, above) ? above : start) - 1)), end, text: '' }
  }
  if (index > 0 && above === floor && above < start && isBlankLine(text, above) && (isLast || isBlankLine(text, end))) {
    return { start: above, end, text: '' }
  }
  if (index === 0 && start === floor && !isLast && isBlankLine(text, end)) return { start, end: nextLine(text, end), text: '' }
  return { start, end, text: '' }
}

function planItems(
  text: string,
  { style }: TextLayout,
  collection: CollectionLayout,
  { removed, added }: Sorted,
): Planned {
  const isEmptied = removed.size === collection.ids.length
  const { open, end, isMap, starts, ends } = collection
  const items = starts.map((start, index) => ({ start, end: ends[index] ?? start }))
  const first = starts[0] ?? open
  const isInLines = text.slice(open, first).includes('\n')
  if (isEmptied) {
    const rendered = renderBrackets(added, isMap, style, isInLines ? indentOf(text, open) : undefined)
    const splice = { start: open, end, text: rendered.text }
    return { splices: [splice], adding: { splice, offset: 0 }, rendered }
  }
  const flow = { open, close: end - 1, items }
  const splices = removed.size > 0 ? removeFromFlow(text, flow, removed) : []
  if (added.length === 0) return { splices, adding: undefined, rendered: nothing }
  const texts = renderItems(added, isMap, style, isInLines ? indentOf(text, first) : undefined)
  const [splice] = addToFlow(text, flow, lastKept(removed, items.length) + 1, texts, style.isTight)
  if (!splice) return { splices, adding: undefined, rendered: nothing }
  const skipped = 1 + separator(text, open, items, style.isTight).length
  let at = 0
  const beginnings = texts.map((item) => {
    const start = at + skipped
    at = start + item.length
    return start
  })
  const rendered = { text: splice.text, starts: beginnings, ends: beginnings.map((start, index) => start + (texts[index]?.length ?? 0)) }
  return { splices: [...splices, splice], adding: { splice, offset: 0 }, rendered }
}
