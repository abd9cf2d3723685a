import type { TextStyle } from './render-value.ts'
import type { Splice } from './splice.ts'
import { beginsLine, columnOf, endWithComments, lineEnd, lineStart, nextLine, startWithComment } from './text-lines.ts'
import type { Extent } from './tokens.ts'

/** Takes items out of lists and maps that stand in lines, and puts others in. */
export class BlockEdits {
  readonly #text: string
  readonly #style: TextStyle

  constructor(text: string, style: TextStyle) {
    this.#text = text
    this.#style = style
  }

  /** At least one item has to stay. A comment right above an item in its column goes with it. Undefined: cannot be done in place. */
  remove(items: readonly Extent[], removed: ReadonlySet<number>, column: number, isList: boolean): Splice[] | undefined {
    const text = this.#text
    const splices: Splice[] = []
    let index = 0
    const first = items[0]
    if (first && removed.has(0) && !beginsLine(text, first.start)) {
      // It stands behind the dash of an outer list: what is next takes its place.
      while (removed.has(index)) index += 1
      const next = items[index]
      const last = items[index - 1]
      if (!next || !last) return undefined
      const comments = startWithComment(text, lineStart(text, next.start), column, nextLine(text, last.end))
      const isPlain = comments === lineStart(text, next.start)
      if (!isPlain && isList) return undefined
      splices.push({ start: first.start, end: isPlain ? next.start : lineEnd(text, last.end), text: '' })
    }
    for (; index < items.length; index++) {
      const item = items[index]
      if (!item || !removed.has(index)) continue
      const previous = items[index - 1]
      splices.push(this.removal(item, column, previous ? nextLine(text, previous.end) : 0))
    }
    return splices
  }

  /** Takes the lines of one item out, with its comments; `floor` is the first line that may be its own. */
  removal({ start, end }: Extent, column: number, floor: number): Splice {
    const text = this.#text
    const from = startWithComment(text, lineStart(text, start), column, floor)
    const to = endWithComments(text, end, column)
    if (to < text.length || text.endsWith('\n') || from === 0) return { start: from, end: to, text: '' }
    // It was the last line, and had no line break: the one before it has none now.
    return { start: lineEnd(text, lineStart(text, from - 1)), end: to, text: '' }
  }

  /** Puts lines in below what ends at `end` and stands in `column`, and below its comments. */
  below(end: number, column: number, lines: string): Splice {
    return this.at(endWithComments(this.#text, end, column), lines)
  }

  /** Puts lines in above what begins a line at `start`; undefined where it does not begin one. */
  above(start: number, lines: string): Splice | undefined {
    return beginsLine(this.#text, start) ? this.at(start - columnOf(this.#text, start), lines) : undefined
  }

  /** Puts lines in at the beginning of a line, or at the end of the text, of which the last line may have no line break. */
  at(place: number, lines: string): Splice {
    const { eol } = this.#style
    const isOpen = place === this.#text.length && place > 0 && this.#text[place - 1] !== '\n'
    return { start: place, end: place, text: isOpen ? eol + lines : lines + eol }
  }
}
