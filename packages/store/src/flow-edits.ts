import type { Splice } from './splice.ts'
import { indentOf } from './text-lines.ts'
import type { Extent } from './tokens.ts'

/** A list or a map within brackets: where its items stand, and its closing bracket. */
export interface FlowItems {
  readonly open: number
  readonly close: number
  readonly items: readonly Extent[]
}

/** What stands between two items, its comma apart: where that is. */
interface Gap {
  readonly start: number
  readonly end: number
  /** Of the comma; undefined where there is none. */
  readonly comma: number | undefined
}

/** Takes items out. At least one has to stay. */
export function removeFromFlow(text: string, { open, close, items }: FlowItems, removed: ReadonlySet<number>): Splice[] {
  const gaps = items.map(({ start }, index) => gap(text, items[index - 1]?.end ?? open + 1, start))
  gaps.push(gap(text, items.at(-1)?.end ?? open + 1, close))
  const splices: Splice[] = []
  for (const [index, { end }] of items.entries()) {
    const before = gaps[index]
    const after = gaps[index + 1]
    if (!removed.has(index) || !before || !after) continue
    const from = spaceBefore(text, before)
    const to = after.comma === undefined ? end : after.comma + 1
    // A comment may stand between the item and its comma; and one before it must not swallow what follows.
    const comment = text.slice(end, after.comma ?? end).trim()
    const isBehindComment = text.slice(before.start, from).includes('#') || comment !== ''
    const lineBreak = isBehindComment && !/^[ \t]*(?:#|\r?\n)/.test(text.slice(to, close)) ? '\n' : ''
    splices.push({ start: from, end: to, text: (comment && ` ${comment}`) + lineBreak })
  }
  const lastKept = items.findLastIndex((_, index) => !removed.has(index))
  const comma = gaps[lastKept + 1]?.comma
  if (lastKept < items.length - 1 && comma !== undefined && gaps.at(-1)?.comma === undefined) {
    splices.push({ start: comma, end: comma + 1, text: '' })
  }
  return splices
}

/** Puts items in before the one at `index`, or behind the last one; laid out as those that are there, of which there has to be one. */
export function addToFlow(text: string, { open, items }: FlowItems, index: number, added: readonly string[], isTight: boolean): Splice[] {
  const previous = items[index - 1]
  const neighbour = previous ?? items[0]
  if (!neighbour) return []
  const space = separator(text, open, items, isTight)
  if (previous) return [{ start: previous.end, end: previous.end, text: added.map((item) => `,${space}${item}`).join('') }]
  return [{ start: neighbour.start, end: neighbour.start, text: added.map((item) => `${item},${space}`).join('') }]
}

/** White space between a comma and the item behind it. */
export function separator(text: string, open: number, items: readonly Extent[], isTight: boolean): string {
  const [first, second] = items
  if (!first) return ' '
  const from = second ? first.end : open + 1
  const between = text.slice(from, second?.start ?? first.start)
  const eol = /\r?\n/.exec(between)?.[0]
  if (eol !== undefined) return eol + indentOf(text, (second ?? first).start)
  return isTight || (second && !/\s$/.test(between)) ? '' : ' '
}

function gap(text: string, start: number, end: number): Gap {
  let at = start
  while (at < end) {
    if (text[at] === ',') return { start, end, comma: at }
    const isComment = text[at] === '#' && /\s/.test(text[at - 1] ?? ' ')
    at = isComment ? Math.max(at + 1, endOfLine(text, at)) : at + 1
  }
  return { start, end, comma: undefined }
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end
}

/** Where the white space begins that stands right before the end of a gap; behind a comment, its line break included. */
function spaceBefore(text: string, { start, end, comma }: Gap): number {
  const from = comma === undefined ? start : comma + 1
  const between = text.slice(from, end)
  return from + between.trimEnd().length
}
