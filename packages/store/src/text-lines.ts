/** Where the line begins in which `offset` stands. */
export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

/** Where the line ends in which `offset` stands, before its line break. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  if (end === -1) return text.length
  return end > offset && text[end - 1] === '\r' ? end - 1 : end
}

/** Where the line below begins; the end of the text where there is none. */
export function nextLine(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  return end === -1 ? text.length : end + 1
}

/** How far `offset` stands from the beginning of its line, from 0. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset)
}

/** White space at the beginning of the line in which `offset` stands. */
export function indentOf(text: string, offset: number): string {
  return /[ \t]*/y.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? ''
}

/** Whether nothing but white space stands before `offset` on its line. */
export function beginsLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === ''
}

type LineKind = 'blank' | 'other' | { readonly comment: number }

/** What stands on the line that begins at `start`; of a comment, its column. */
function kindOf(text: string, start: number): LineKind {
  let at = start
  while (text[at] === ' ' || text[at] === '\t') at += 1
  const first = text[at]
  if (first === '#') return { comment: at - start }
  return first === '\n' || first === undefined || (first === '\r' && text[at + 1] === '\n') ? 'blank' : 'other'
}

export function isBlankLine(text: string, start: number): boolean {
  return kindOf(text, start) === 'blank'
}

/** From the beginning of a line on, behind the blank lines there. */
export function skipBlankLines(text: string, start: number): number {
  let at = start
  while (at < text.length && isBlankLine(text, at)) at = nextLine(text, at)
  return at
}

/**
 * Where something begins together with its comment: the lines right above it that stand in its column. `start` is the
 * beginning of its line, `floor` that of the first line that may belong to it.
 */
export function startWithComment(text: string, start: number, column: number, floor: number): number {
  let owned = start
  while (owned > floor) {
    const above = lineStart(text, owned - 1)
    const kind = kindOf(text, above)
    if (above < floor || typeof kind === 'string' || kind.comment !== column) break
    owned = above
  }
  return owned
}

/** Where the lines of something end that ends at `end` and stands in `column`: behind the comments that stand deeper. */
export function endWithComments(text: string, end: number, column: number): number {
  return skipComments(text, nextLine(text, end), (comment) => comment > column)
}

/** From the beginning of a line on, behind the comments of which the column is one to skip, and the blank lines between them. */
export function skipComments(text: string, start: number, skips: (column: number, line: number) => boolean): number {
  let skipped = start
  let at = start
  while (at < text.length) {
    const kind = kindOf(text, at)
    if (kind === 'other' || (typeof kind === 'object' && !skips(kind.comment, at))) break
    at = nextLine(text, at)
    if (typeof kind === 'object') skipped = at
  }
  return skipped
}
