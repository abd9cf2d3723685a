import { isRecord, toPlain, type Targets } from '@sluice/config'
import { isMap, isSeq, parseDocument, type Node, type Pair } from 'yaml'
import { NodeEditor } from './node-editor.ts'
import { sameValue } from './same-value.ts'
import { slotBehindDash, slotInFlow, slotOfPair, type Slot } from './slot.ts'
import { spliced, type Splice } from './splice.ts'
import { columnOf, endWithComments, skipBlankLines } from './text-lines.ts'
import type { EntryEdit } from './kept-entries.ts'
import { readingForEdits, type CollectionLayout, type TextLayout } from './text-layout.ts'
import { writtenItems } from './tokens.ts'

/**
 * How to change the entry at `index` of a collection into `wanted`; undefined where it cannot be done within the entry.
 * Nothing but the entry is read. It must not take part in what aliases repeat.
 */
export function editEntry(
  text: string,
  layout: TextLayout,
  collection: CollectionLayout,
  index: number,
  wanted: unknown,
): EntryEdit | undefined {
  const start = collection.starts[index] ?? 0
  const end = collection.ends[index] ?? start
  // Blank lines below become part of a text that ends in `|+`, once it is the last member.
  const below = text.slice(end, skipBlankLines(text, end))
  const [before, after] = around(layout, collection, below)
  const fragment = before + text.slice(start, end) + after
  const reading = readEntry(fragment, collection)
  const slot = reading && slotAt(fragment, reading.holder, 0)
  if (!slot) return undefined
  const delta = start - before.length
  for (const way of ['change', 'replace'] as const) {
    const editor = new NodeEditor(fragment, reading.targets, layout.style)
    editor[way](slot, wanted)
    const changed = changedText(fragment, editor.splices)
    if (changed === undefined || !changed.startsWith(before) || !changed.endsWith(after)) continue
    const made = readEntry(changed, collection)
    if (!made || !sameValue(made.value, wanted)) continue
    return {
      splices: editor.splices.map((splice) => ({ ...splice, start: splice.start + delta, end: splice.end + delta })),
      length: made.end - before.length,
      marks: undefined,
    }
  }
  return undefined
}

interface EntryReading {
  readonly holder: Node
  readonly targets: Targets
  readonly value: unknown
  /** Behind the entry, its comments included. */
  readonly end: number
}

/** Reads a text of one entry; undefined where it is not that, or cannot be read. */
function readEntry(text: string, { form }: CollectionLayout): EntryReading | undefined {
  const document = parseDocument(text, readingForEdits)
  const root: Node | null = document.contents
  if (!root || document.errors.length + document.warnings.length > 0) return undefined
  const { targets, faults, value } = toPlain(root)
  const holder = form === 'block' && isMap(root) ? root.items[0]?.value : root
  if (faults.length > 0 || (!isMap(holder) && !isSeq(holder))) return undefined
  const held: unknown = form === 'block' && isRecord(value) ? value['k'] : value
  const values: unknown[] = Array.isArray(held) ? held : Object.values(isRecord(held) ? held : {})
  const [written, ...others] = writtenItems(holder.srcToken, text)
  if (!written || others.length > 0 || values.length !== 1) return undefined
  const { start, end } = written.extent
  return { holder, targets, value: values[0], end: form === 'block' ? endWithComments(text, end, columnOf(text, start)) : end }
}

/** The place of one entry of a collection, in the text that the collection was read from. */
export function slotAt(text: string, holder: unknown, index: number): Slot | undefined {
  if ((!isMap(holder) && !isSeq(holder)) || !holder.srcToken) return undefined
  const written = writtenItems(holder.srcToken, text)
  const { item, extent } = written[index] ?? {}
  if (!item || !extent || written.length !== holder.items.length) return undefined
  const isFlow = holder.srcToken.type === 'flow-collection'
  const node: unknown = holder.items[index]
  if (isMap(holder)) return slotOfPair(text, node as Pair, extent, isFlow)
  return isFlow ? slotInFlow(node, item, extent) : slotBehindDash(text, node, item, extent)
}

/** The text with the changes made; undefined where they are in each other's way. */
export function changedText(text: string, splices: readonly Splice[]): string | undefined {
  try {
    return spliced(text, splices).text
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** What makes a text of one entry that is read as it is within the whole. */
function around({ column, prologue, style }: TextLayout, { form, isMap: isByKey }: CollectionLayout, below: string): readonly [string, string] {
  if (form === 'block') return [`${prologue}${' '.repeat(column)}k:${style.eol}`, below]
  return isByKey ? [`${prologue}{`, '}'] : [`${prologue}[`, ']']
}
