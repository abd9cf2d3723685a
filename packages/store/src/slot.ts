import type { CST, Pair } from 'yaml'
import type { Extent } from './tokens.ts'
import { columnOf } from './text-lines.ts'

/** A place for a value: behind a key, behind a dash, or between two commas. */
export interface Slot {
  /** What stands in it. */
  readonly node: unknown
  /** What it begins with: behind the colon or the dash; between commas, at the value itself. */
  readonly start: number
  /** Behind the last character of the value; `start` where there is none. */
  readonly end: number
  /** Where the value itself begins, behind its anchor and tag; `start` where it has them, or where there is no value. */
  readonly valueStart: number
  /** Column of the key or the dash. */
  readonly column: number
  readonly kind: 'key' | 'dash' | 'flow-key' | 'flow-item'
  /** On the line of the key or the dash, although the value is below it. */
  readonly comment: string
  readonly hasTag: boolean
}

/** The place behind a key. Undefined where there is no colon, or a form of key that is not written in configurations. */
export function slotOfPair(text: string, pair: Pair, extent: Extent, isFlow: boolean): Slot | undefined {
  const item = pair.srcToken
  const colon = item?.sep?.find(({ type }) => type === 'map-value-ind')
  const isExplicit = item?.start.some(({ type }) => type === 'explicit-key-ind')
  if (!item?.key || !colon || isExplicit) return undefined
  const behind = item.sep?.slice(item.sep.indexOf(colon) + 1) ?? []
  return slot(text, pair.value, colon, behind, item.value, extent, isFlow ? 'flow-key' : 'key')
}

/** The place of an item of a list in block form. */
export function slotBehindDash(text: string, node: unknown, { start, value }: CST.CollectionItem, extent: Extent): Slot | undefined {
  const dash = start.find(({ type }) => type === 'seq-item-ind')
  return dash && slot(text, node, dash, start.slice(start.indexOf(dash) + 1), value, extent, 'dash')
}

/** The place of an item between commas. */
export function slotInFlow(node: unknown, { start, key, sep, value }: CST.CollectionItem, extent: Extent): Slot {
  const hasTag = start.some(({ type }) => type === 'tag')
  const isPlain = !key && !sep && value !== undefined && value !== null && value.offset === extent.start
  const valueStart = isPlain ? value.offset : extent.start
  return { node, ...extent, valueStart, column: 0, kind: 'flow-item', comment: '', hasTag: hasTag || !isPlain }
}

function slot(
  text: string,
  node: unknown,
  sign: CST.SourceToken,
  behind: readonly CST.SourceToken[],
  value: CST.Token | undefined,
  extent: Extent,
  kind: Slot['kind'],
): Slot {
  const start = sign.offset + sign.source.length
  const hasProps = behind.some(({ type }) => type === 'anchor' || type === 'tag')
  const header = value?.type === 'block-scalar' ? value.props : behind
  const lineBreak = header.findIndex(({ type }) => type === 'newline')
  const comment = header.slice(0, lineBreak === -1 ? undefined : lineBreak).find(({ type }) => type === 'comment')
  return {
    node,
    start,
    end: value || hasProps ? extent.end : start,
    valueStart: value && !hasProps ? value.offset : start,
    column: columnOf(text, extent.start),
    kind,
    comment: comment && value && 'source' in comment ? comment.source : '',
    hasTag: behind.some(({ type }) => type === 'tag'),
  }
}
