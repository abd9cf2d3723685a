import { isRecord, parseConfig, toPlain } from '@sluice/config'
import { isMap, isSeq, parseDocument, type Node, type Pair } from 'yaml'
import { NodeEditor } from './node-editor.ts'
import { sameValue } from './same-value.ts'
import { slotBehindDash, slotInFlow, slotOfPair, type Slot } from './slot.ts'
import { spliced, type Splice } from './splice.ts'
import { skipBlankLines } from './text-lines.ts'
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
): readonly Splice[] | undefined {
  const start = collection.starts[index] ?? 0
  const entry = text.slice(start, collection.ends[index])
  // Blank lines below become part of a text that ends in `|+`, once it is the last member.
  const below = text.slice(collection.ends[index], skipBlankLines(text, collection.ends[index] ?? text.length))
  const [before, after] = around(layout, collection, below)
  const fragment = before + entry + after
  const read = (changed: string): unknown => {
    const { value } = parseConfig(changed)
    const list = collection.form === 'block' && isRecord(value) ? value['k'] : value
    if (Array.isArray(list)) return list.length === 1 ? list[0] : undefined
    const members = isRecord(list) ? Object.values(list) : []
    return members.length === 1 ? members[0] : undefined
  }
  const document = parseDocument(fragment, readingForEdits)
  const root: Node | null = document.contents
  if (!root || document.errors.length > 0) return undefined
  const { targets, faults } = toPlain(root)
  const holder = collection.form === 'block' && isMap(root) ? root.items[0]?.value : root
  const slot = faults.length === 0 ? slotAt(fragment, holder, 0) : undefined
  if (!slot) return undefined
  const delta = start - before.length
  for (const way of ['change', 'replace'] as const) {
    const editor = new NodeEditor(fragment, targets, layout.style)
    editor[way](slot, wanted)
    const changed = changedText(fragment, editor.splices)
    if (changed !== undefined && changed.startsWith(before) && changed.endsWith(after) && sameValue(read(changed), wanted)) {
      return editor.splices.map((splice) => ({ ...splice, start: splice.start + delta, end: splice.end + delta }))
    }
  }
  return undefined
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
