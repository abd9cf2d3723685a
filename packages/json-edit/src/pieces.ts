import type { Container } from './container.ts'
import type { EditedString } from './edited-string.ts'
import { Text } from './text.ts'

/** What stands at a place of the document: bytes as they came or were set, or those with edits in them. */
export type Value = Text | Container | EditedString

/** A stretch of bytes. */
export interface Span {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** What an edited value is written as, in order. */
export type Part = Span | Buffer | Value

/** Pieces up to this size are copied together: a piece of its own costs about as much as copying 1 KiB. */
const small = 1024

/** The bytes of the parts, neighbours joined, large stretches as views of what they came from. */
export function piecesOf(parts: readonly Part[]): Buffer[] {
  return join(spansOf(parts))
}

/** The bytes of one value; large edited ones are copied together. */
export function bytesOf(value: Value): Buffer {
  if (value instanceof Text) return value.source.bytes.subarray(value.start, value.end)
  const pieces = piecesOf([value])
  const [only] = pieces
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces)
}

/** A stack and no recursion: edits may lie as deep as paths go. */
function spansOf(parts: readonly Part[]): Span[] {
  const spans: Span[] = []
  const open = [{ parts, next: 0 }]
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const part = level.parts[level.next++]
    if (part === undefined) open.pop()
    else if (Buffer.isBuffer(part)) addSpan(spans, part, 0, part.length)
    else if (part instanceof Text) addSpan(spans, part.source.bytes, part.start, part.end)
    else if ('kind' in part) open.push({ parts: part.parts(), next: 0 })
    else addSpan(spans, part.bytes, part.start, part.end)
  }
  return spans
}

function addSpan(spans: Span[], bytes: Buffer, start: number, end: number): void {
  if (start === end) return
  const last = spans.at(-1)
  if (last?.bytes === bytes && last.end === start) spans[spans.length - 1] = { bytes, start: last.start, end }
  else spans.push({ bytes, start, end })
}

function join(spans: readonly Span[]): Buffer[] {
  const pieces: Buffer[] = []
  let run: Span[] = []
  const endRun = (): void => {
    if (run.length > 0) pieces.push(copy(run))
    run = []
  }
  for (const span of spans) {
    if (span.end - span.start <= small) run.push(span)
    else {
      endRun()
      pieces.push(span.bytes.subarray(span.start, span.end))
    }
  }
  endRun()
  return pieces
}

function copy(run: readonly Span[]): Buffer {
  const [first] = run
  if (run.length === 1 && first !== undefined) return first.bytes.subarray(first.start, first.end)
  const joined = Buffer.allocUnsafe(run.reduce((size, { start, end }) => size + end - start, 0))
  let at = 0
  for (const { bytes, start, end } of run) at += bytes.copy(joined, at, start, end)
  return joined
}
