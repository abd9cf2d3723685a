import { isMerge, isRecord, type Targets } from '@sluice/config'
import { isMap, isScalar, isSeq, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import { BlockEdits } from './block-edits.ts'
import { addToFlow, removeFromFlow, type FlowItems } from './flow-edits.ts'
import { entriesOf, matches, membersOf } from './plain-nodes.ts'
import { renderBehind, renderBlock, renderFlow, type TextStyle } from './render-value.ts'
import { slotBehindDash, slotInFlow, slotOfPair, type Slot } from './slot.ts'
import type { Splice } from './splice.ts'
import { columnOf, indentOf, lineEnd } from './text-lines.ts'
import { writtenItems, type Extent } from './tokens.ts'

type Collection = YAMLMap | YAMLSeq

/** Finds the smallest changes of a text that turn a value in it into another; all else stays as it is, to the byte. */
export class NodeEditor {
  readonly #text: string
  readonly #targets: Targets
  readonly #style: TextStyle
  readonly #block: BlockEdits
  #splices: Splice[] = []

  /** `text` is what the nodes were read from, with their tokens; `targets` what its aliases stand for. */
  constructor(text: string, targets: Targets, style: TextStyle) {
    this.#text = text
    this.#targets = targets
    this.#style = style
    this.#block = new BlockEdits(text, style)
  }

  get splices(): readonly Splice[] {
    return this.#splices
  }

  /** Has `slot` hold `wanted`. */
  change(slot: Slot, wanted: unknown): void {
    const { node } = slot
    if (matches(node, wanted, this.#targets)) return
    const before = this.#splices.length
    if (!slot.hasTag && isMap(node) && isRecord(wanted) && this.#changeMap(node, wanted)) return
    if (!slot.hasTag && isSeq(node) && Array.isArray(wanted) && this.#changeList(node, wanted)) return
    this.#splices.length = before
    this.replace(slot, wanted)
  }

  /** Writes `wanted` anew, whatever `slot` holds. */
  replace(slot: Slot, wanted: unknown): void {
    if (slot.kind === 'flow-key' || slot.kind === 'flow-item') this.#replaceInFlow(slot, wanted)
    else this.#replaceInBlock(slot, wanted)
  }

  /** False: the map has to be written anew. */
  #changeMap(map: YAMLMap, wanted: Readonly<Record<string, unknown>>): boolean {
    const extents = this.#extents(map)
    if (!extents) return false
    const members = membersOf(map, this.#targets)
    const values = new Map(entriesOf(wanted))
    const gone = [...members].filter(([key]) => !values.has(key))
    const merges = map.items.some(isMerge)
    // What is merged shows again once the map's own is gone.
    if (merges && gone.length > 0) return false
    const removed = new Set(gone.map(([, { pair }]) => map.items.indexOf(pair as Pair)))
    if (removed.size === map.items.length) return false
    const isFlow = map.srcToken?.type === 'flow-collection'
    for (const [key, { pair, value }] of members) {
      if (!pair || !values.has(key) || matches(value, values.get(key), this.#targets)) continue
      const extent = extents[map.items.indexOf(pair)]
      const slot = extent && slotOfPair(this.#text, pair, extent, isFlow)
      if (!slot) return false
      this.change(slot, values.get(key))
    }
    const added = [...values].filter(([key, value]) => {
      const member = members.get(key)
      return !member || (!member.pair && !matches(member.value, value, this.#targets))
    })
    return isFlow
      ? this.#changeFlow(map, extents, removed, map.items.length, added.map(([key, value]) => this.#flowMember(map, key, value)))
      : this.#changeLines(map, extents, removed, map.items.length, added.length === 0 ? [] : [Object.fromEntries(added)])
  }

  #changeList(list: YAMLSeq, wanted: readonly unknown[]): boolean {
    const extents = this.#extents(list)
    if (!extents) return false
    const [head, tail] = this.#kept(list.items, wanted)
    const old = list.items.length - head - tail
    const now = wanted.length - head - tail
    if (head + tail === 0 && Math.min(old, now) === 0) return false
    const isFlow = list.srcToken?.type === 'flow-collection'
    const written = list.srcToken ? writtenItems(list.srcToken, this.#text) : []
    for (let index = head; index < head + Math.min(old, now); index++) {
      const { item, extent } = written[index] ?? {}
      if (!item || !extent) return false
      const node: unknown = list.items[index]
      const slot = isFlow ? slotInFlow(node, item, extent) : slotBehindDash(this.#text, node, item, extent)
      if (!slot) return false
      this.change(slot, wanted[index])
    }
    const removed = new Set(Array.from({ length: Math.max(0, old - now) }, (_, index) => head + now + index))
    const added = wanted.slice(head + old, head + Math.max(old, now))
    const at = head + old
    return isFlow
      ? this.#changeFlow(list, extents, removed, at, added.map((value) => renderFlow(value, this.#style, this.#indentIn(list))))
      : this.#changeLines(list, extents, removed, at, added.length === 0 ? [] : [added])
  }

  /** How many items at the beginning, and how many at the end, are as they are to be. */
  #kept(items: readonly unknown[], wanted: readonly unknown[]): readonly [head: number, tail: number] {
    const most = Math.min(items.length, wanted.length)
    let head = 0
    while (head < most && matches(items[head], wanted[head], this.#targets)) head += 1
    let tail = 0
    while (tail < most - head && matches(items.at(-1 - tail), wanted.at(-1 - tail), this.#targets)) tail += 1
    return [head, tail]
  }

  /** Undefined where the nodes are not in step with what is written. */
  #extents(node: Collection): readonly Extent[] | undefined {
    if (!node.srcToken) return undefined
    const extents = writtenItems(node.srcToken, this.#text).map(({ extent }) => extent)
    return extents.length === node.items.length ? extents : undefined
  }

  #changeLines(node: Collection, extents: readonly Extent[], removed: ReadonlySet<number>, at: number, added: readonly object[]): boolean {
    const column = columnOf(this.#text, extents[0]?.start ?? 0)
    const removals = this.#block.remove(extents, removed, column, isSeq(node))
    const previous = extents[at - 1]
    const first = extents[0]
    if (!removals) return false
    this.#splices.push(...removals)
    for (const value of added) {
      const lines = renderBlock(value, column, this.#style)
      const addition = previous ? this.#block.below(previous.end, column, lines) : first && this.#block.above(first.start, lines)
      if (!addition) return false
      this.#splices.push(addition)
    }
    return true
  }

  #changeFlow(node: Collection, items: readonly Extent[], removed: ReadonlySet<number>, at: number, added: readonly string[]): boolean {
    const token = node.srcToken
    if (token?.type !== 'flow-collection') return false
    const close = token.end[0]
    if (!close) return false
    const flow: FlowItems = { open: token.offset, close: close.offset, items }
    if (removed.size > 0) this.#splices.push(...removeFromFlow(this.#text, flow, removed))
    if (added.length === 0) return true
    const lastKept = removed.has(at - 1) ? items.findLastIndex((_, index) => !removed.has(index)) + 1 : at
    this.#splices.push(...addToFlow(this.#text, flow, lastKept, added, this.#style.isTight))
    return true
  }

  #flowMember(map: YAMLMap, key: string, value: unknown): string {
    if (!this.#style.isJson) return renderFlow(Object.fromEntries([[key, value]]), this.#style).slice(1, -1).trim()
    const colon = this.#style.isTight ? ':' : ': '
    return JSON.stringify(key) + colon + renderFlow(value, this.#style, this.#indentIn(map))
  }

  /** What the items of a JSON text are indented by; undefined where they stand on one line. */
  #indentIn(node: Collection): string | undefined {
    const first = this.#extents(node)?.[0]
    const open = node.range?.[0] ?? 0
    return first && this.#text.slice(open, first.start).includes('\n') ? indentOf(this.#text, first.start) : undefined
  }

  #replaceInFlow({ node, start, end, valueStart, kind }: Slot, wanted: unknown): void {
    const indent = indentOf(this.#text, start)
    const text = renderFlow(wanted, this.#style, indent, isScalar(node) ? node : undefined)
    const isWhole = kind === 'flow-key' && valueStart === start && !this.#style.isTight
    this.#splices.push({ start: valueStart, end, text: isWhole ? ` ${text}` : text })
  }

  #replaceInBlock({ node, start, end, valueStart, column, kind, comment }: Slot, wanted: unknown): void {
    const text = this.#text
    const isFlow = (isMap(node) || isSeq(node)) && node.srcToken?.type === 'flow-collection' && node.items.length > 0
    const { step, indentsLists } = this.#style
    const below = column + (kind === 'dash' ? 2 : step)
    const columns = { map: below, list: kind === 'key' && !indentsLists ? column : below }
    const { inline, lines } =
      isFlow && typeof wanted === 'object'
        ? { inline: renderFlow(wanted, this.#style), lines: undefined }
        : renderBehind(wanted, columns, this.#style, isScalar(node) ? node : undefined)
    const isOneLine = !text.slice(start, end).includes('\n')
    if (inline !== '' && lines === undefined && isOneLine && valueStart > start) {
      this.#splices.push({ start: valueStart, end, text: inline })
      return
    }
    const atEnd = lineEnd(text, end)
    const remark = comment === '' || isOneLine ? '' : ` ${comment}`
    const behind = (inline && ` ${inline}`) + remark
    if (kind === 'dash' && inline === '' && lines !== undefined && behind === '' && text.slice(end, atEnd).trim() === '') {
      this.#splices.push({ start, end, text: ` ${lines.trimStart()}` })
      return
    }
    this.#splices.push({ start, end, text: behind })
    if (lines !== undefined) this.#splices.push({ start: atEnd, end: atEnd, text: this.#style.eol + lines })
  }
}
