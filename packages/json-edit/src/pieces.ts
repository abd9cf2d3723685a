import type { Container } from './container.ts'
import type { EditedString } from './edited-string.ts'
import type { Source } from './source.ts'
import { Text } from './text.ts'

/** What stands at a place of the document: bytes as they came or were set, or those with edits in them. */
export type Value = Text | Container | EditedString

/** A stretch of a source. */
export interface Span {
  readonly source: Source
  readonly start: number
  readonly end: number
}

/** What an edited value is written as, in order. */
export type Part = Span | Container | EditedString

/** Pieces up to this size are copied together: a piece of its own costs about as much as copying 1 KiB. */
const small = 1024

/** The bytes of the parts, small neighbours copied together, large stretches as views of what they came from. */
export function piecesOf(parts: readonly Part[]): Buffer[] {
  const writer = new Writer()
  // A stack and no recursion: edits may lie as deep as paths go.
  const open = [{ parts, next: 0 }]
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const part = level.parts[level.next++]
    if (part === undefined) open.pop()
    else if ('parts' in part) open.push({ parts: part.parts(), next: 0 })
    else writer.add(part)
  }
  return writer.finish()
}

/** The bytes of one value; large edited ones are copied together. */
export function bytesOf(value: Value): Buffer {
  if (value instanceof Text) return value.bytes
  const pieces = piecesOf([value])
  const [only] = pieces
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces)
}

class Writer {
  readonly #pieces: Buffer[] = []
  /** Small spans that will be one piece. */
  #run: Span[] = []
  #runLength = 0
  /** The last span, which the next one may go on with. */
  #span: Span | undefined

  add(span: Span): void {
    const { source, start, end } = span
    if (start === end) return
    const last = this.#span
    if (last === undefined) this.#span = span
    else if (last.source === source && last.end === start) this.#span = { source, start: last.start, end }
    else {
      this.#put(last)
      this.#span = span
    }
  }

  finish(): Buffer[] {
    if (this.#span !== undefined) this.#put(this.#span)
    this.#endRun()
    return this.#pieces
  }

  #put(span: Span): void {
    const length = span.end - span.start
    if (length <= small) {
      this.#run.push(span)
      this.#runLength += length
    } else {
      this.#endRun()
      span.source.addViews(span.start, span.end, this.#pieces)
    }
  }

  #endRun(): void {
    const run = this.#run
    if (run.length === 0) return
    if (run.length === 1) for (const { source, start, end } of run) this.#pieces.push(source.slice(start, end))
    else {
      const joined = Buffer.allocUnsafe(this.#runLength)
      let at = 0
      for (const { source, start, end } of run) at = source.copyTo(joined, at, start, end)
      this.#pieces.push(joined)
    }
    this.#run = []
    this.#runLength = 0
  }
}
