import { isRecord, parseConfig, toPlain, type Targets } from '@sluice/config'
import { isAlias, isMap, isNode, parseDocument, visit, type Node, type Pair } from 'yaml'
import type { MarkedEditor } from './collection-plan.ts'
import type { EntryEdit, Wanted } from './kept-entries.ts'
import { changedText, slotAt } from './entry-edits.ts'
import { NodeEditor } from './node-editor.ts'
import { keyOf, plainOf } from './plain-nodes.ts'
import { sameValue } from './same-value.ts'
import { marksOf, readingForEdits, type CollectionLayout, type TextLayout } from './text-layout.ts'
import { columnOf, endWithComments } from './text-lines.ts'
import { writtenItems } from './tokens.ts'
import { withoutAliases } from './whole-text.ts'

/** A text without most of the entries: with one of them, and with those that define what its aliases repeat. */
interface Excerpt {
  readonly text: string
  /** Where the entry stands in it, and in the whole text. */
  readonly start: number
  readonly delta: number
  /** Which of its collection's entries it is there. */
  readonly index: number
}

/** An entry as it was read, with all that it refers to. */
interface Reading {
  readonly holder: Node
  readonly targets: Targets
  /** What its anchors stand for, in the order of the text. */
  readonly anchored: readonly (readonly [name: string, value: unknown])[]
  readonly item: Node | Pair
  /** Behind it, its comments included. */
  readonly end: number
}

/** Changes entries that share parts by anchors and aliases, as long as what others share of them stays as it is. */
export class MarkedEntries implements MarkedEditor {
  readonly #text: string
  readonly #layout: TextLayout

  constructor(text: string, layout: TextLayout) {
    this.#text = text
    this.#layout = layout
  }

  edit(name: string, index: number, wanted: unknown): EntryEdit | undefined {
    const { style } = this.#layout
    const excerpt = this.#excerpt(name, index)
    const before = excerpt && read(excerpt.text, name, excerpt.index)
    const slot = before && slotAt(excerpt.text, before.holder, excerpt.index)
    if (!slot) return undefined
    for (const way of ['change', 'replace'] as const) {
      const editor = new NodeEditor(excerpt.text, before.targets, style)
      editor[way](slot, wanted)
      const changed = changedText(excerpt.text, editor.splices)
      const after = changed === undefined ? undefined : read(changed, name, excerpt.index)
      if (changed === undefined || !after || !sameValue(valueIn(changed, name, excerpt.index), wanted)) continue
      if (this.#isShared(name, index, excerpt) && !sameValue(before.anchored, after.anchored)) continue
      const moved = editor.splices.map((one) => ({ ...one, start: one.start + excerpt.delta, end: one.end + excerpt.delta }))
      return { splices: moved, length: after.end - excerpt.start, marks: marksOf(after.item) }
    }
    return undefined
  }

  canRemove(name: string, index: number): boolean {
    const excerpt = this.#excerpt(name, index)
    return excerpt !== undefined && !this.#isShared(name, index, excerpt)
  }

  /** Whether anything else repeats, or may repeat, what this entry has anchors for. */
  #isShared(name: string, index: number, excerpt: Excerpt): boolean {
    const { collections } = this.#layout
    const id = collections.get(name)?.ids[index] ?? ''
    const anchors = new Set(collections.get(name)?.marks.get(id)?.anchors)
    if (anchors.size === 0) return false
    for (const [other, { marks }] of collections) {
      for (const [key, { aliases }] of marks) {
        if ((other !== name || key !== id) && aliases.some((alias) => anchors.has(alias))) return true
      }
    }
    // And what stands in no entry: of that the excerpt has all.
    const end = excerpt.start + this.#extent(name, index).length
    return [...excerpt.text.slice(end).matchAll(/\*([^\s,[\]{}]+)/g)].some(([, alias]) => anchors.has(alias ?? ''))
  }

  #extent(name: string, index: number): { readonly start: number; readonly length: number } {
    const { starts, ends } = this.#layout.collections.get(name) ?? { starts: [], ends: [] }
    const start = starts[index] ?? 0
    return { start, length: (ends[index] ?? start) - start }
  }

  #excerpt(name: string, index: number): Excerpt | undefined {
    const collection = this.#layout.collections.get(name)
    if (!collection) return undefined
    const needed = this.#needed(name, index)
    const parts: string[] = []
    let at = 0
    let length = 0
    let start = 0
    let place = collection.form === 'block' ? 0 : index
    const inText = [...this.#layout.collections].toSorted(([, a], [, b]) => a.at - b.at)
    for (const [key, { form, ids, starts, ends }] of inText) {
      if (form !== 'block' && key === name) start = length + (starts[index] ?? 0) - at
      if (form !== 'block') continue
      for (const [each, id] of ids.entries()) {
        const isIt = key === name && each === index
        if (isIt || needed.has(`${key}/${id}`)) {
          if (isIt) start = length + (starts[each] ?? 0) - at
          else if (key === name && each < index) place += 1
          continue
        }
        const from = starts[each] ?? at
        parts.push(this.#text.slice(at, from))
        length += from - at
        at = ends[each] ?? at
      }
    }
    parts.push(this.#text.slice(at))
    return { text: parts.join(''), start, delta: (collection.starts[index] ?? 0) - start, index: place }
  }

  /** Entries that define what an entry repeats, and what they repeat in turn. */
  #needed(name: string, index: number): ReadonlySet<string> {
    const { collections } = this.#layout
    const ownId = collections.get(name)?.ids[index] ?? ''
    const needed = new Set<string>([`${name}/${ownId}`])
    const names = new Set(collections.get(name)?.marks.get(ownId)?.aliases)
    for (let size = -1; size < needed.size; ) {
      size = needed.size
      for (const [key, { marks }] of collections) {
        for (const [id, { anchors, aliases }] of marks) {
          if (needed.has(`${key}/${id}`) || !anchors.some((anchor) => names.has(anchor))) continue
          needed.add(`${key}/${id}`)
          for (const alias of aliases) names.add(alias)
        }
      }
    }
    return needed
  }
}

function read(text: string, name: string, index: number): Reading | undefined {
  const document = parseDocument(text, readingForEdits)
  const root: Node | null = document.contents
  if (!isMap(root) || document.errors.length > 0) return undefined
  const { targets, faults } = toPlain(root)
  const holder = root.items.find((pair) => keyOf(pair, targets) === name)?.value
  const item = isNode(holder) && 'items' in holder ? (holder.items[index] as Node | Pair | undefined) : undefined
  if (faults.length > 0 || !isNode(holder) || !item) return undefined
  const anchored: (readonly [string, unknown])[] = []
  for (const part of isNode(item) ? [item] : [item.key, item.value]) {
    if (!isNode(part)) continue
    visit(part, {
      Value: (_, node) => void (!isAlias(node) && node.anchor !== undefined && anchored.push([node.anchor, plainOf(node, targets)])),
    })
  }
  const extent = writtenItems(holder.srcToken, text)[index]?.extent
  if (!extent) return undefined
  const isFlow = holder.srcToken?.type === 'flow-collection'
  const end = isFlow ? extent.end : endWithComments(text, extent.end, columnOf(text, extent.start))
  return { holder, targets, anchored, item, end }
}

function valueIn(text: string, name: string, index: number): unknown {
  const { value } = parseConfig(text)
  const held = isRecord(value) ? value[name] : undefined
  return Array.isArray(held) ? held[index] : Object.values(isRecord(held) ? held : {})[index]
}

/** The text in which nothing repeats any part of these entries: where it did, it is written out. */
export function withoutAliasesInto(text: string, layout: TextLayout, wanted: ReadonlyMap<string, Wanted>): string {
  const extents = [...wanted].flatMap(([name, values]) => extentsOf(layout.collections.get(name), values))
  return withoutAliases(text, layout.style, ({ range }) => extents.some(([start, end]) => range && range[0] >= start && range[0] < end))
}

function extentsOf(collection: CollectionLayout | undefined, wanted: Wanted): readonly (readonly [start: number, end: number])[] {
  const { ids, starts, ends } = collection ?? { ids: [], starts: [], ends: [] }
  return ids.flatMap((id, index) => (wanted.has(id) ? [[starts[index] ?? 0, ends[index] ?? 0] as const] : []))
}
