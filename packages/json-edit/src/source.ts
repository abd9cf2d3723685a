import * as ascii from './ascii.ts'
import { JsonSyntaxError } from './json-syntax-error.ts'

// V8 folds a const of this module into the loops below and loads an imported one each time: a quarter of a scan.
const { backslash, closeBrace, closeBracket, colon, comma, isSpace, openBrace, openBracket, quote } = ascii

/** So many bytes of a string are looked through by hand before a native search for its end is worth the call. */
const near = 32

/** Where a source was cut out of another one, for errors that tell their place in the whole. */
interface Origin {
  readonly source: Source
  readonly at: number
}

/**
 * Bytes that hold JSON, in one piece or in the several that they were received in, and the ways to get over the parts
 * of it. Positions count from the first byte of the first piece. They must not change while anything reads them.
 */
export class Source {
  readonly pieces: readonly Buffer[]
  /** Bytes in all pieces. */
  readonly length: number
  /** All of it where it is one piece, or was joined. */
  #flat: Buffer | undefined
  readonly #origin: Origin | undefined
  /** Position of the first byte of each piece. */
  readonly #starts: readonly number[]
  /** The piece that was looked into last. */
  #current = 0

  constructor(pieces: readonly Buffer[], origin?: Origin) {
    this.pieces = pieces
    this.#origin = origin
    const [first = nothing] = pieces
    if (pieces.length < 2) {
      this.#flat = first
      this.length = first.length
      this.#starts = zero
      return
    }
    const starts: number[] = []
    let length = 0
    for (const piece of pieces) {
      starts.push(length)
      length += piece.length
    }
    this.#starts = starts
    this.length = length
  }

  static of(bytes: Buffer): Source {
    return new Source([bytes])
  }

  /** All bytes in one piece: copied together at the first call where they are several. */
  get bytes(): Buffer {
    return (this.#flat ??= Buffer.concat(this.pieces, this.length))
  }

  get isFlat(): boolean {
    return this.#flat !== undefined
  }

  /** Undefined beyond the end. */
  byte(at: number): number | undefined {
    return this.#flat === undefined ? this.#byteInPieces(at) : this.#flat[at]
  }

  /** A stretch in one piece: a view where it lies in one, else a copy of it alone. */
  slice(start: number, end: number): Buffer {
    if (this.#flat !== undefined) return this.#flat.subarray(start, end)
    const views: Buffer[] = []
    this.addViews(start, end, views)
    const [only] = views
    return only !== undefined && views.length === 1 ? only : Buffer.concat(views, end - start)
  }

  /** Adds a stretch as views of the pieces that it lies in. */
  addViews(start: number, end: number, to: Buffer[]): void {
    if (this.pieces.length < 2) {
      to.push((this.#flat as Buffer).subarray(start, end))
      return
    }
    for (let index = this.#pieceAt(start); start < end; index++) {
      const from = this.#starts[index] as number
      const piece = this.pieces[index] as Buffer
      const until = Math.min(end, from + piece.length)
      if (until > start) to.push(piece.subarray(start - from, until - from))
      start = Math.max(start, until)
    }
  }

  /** Copies a stretch to `at` in `to`; gives the position behind it there. */
  copyTo(to: Buffer, at: number, start: number, end: number): number {
    const bytes = this.#flat
    if (bytes === undefined) {
      const views: Buffer[] = []
      this.addViews(start, end, views)
      for (const view of views) at += view.copy(to, at)
      return at
    }
    if (end - start > near) return at + bytes.copy(to, at, start, end)
    for (let from = start; from < end; from++) to[at++] = bytes[from] as number
    return at
  }

  /** A source in one piece that holds the stretch, and where it begins there; nothing is copied if one piece has it. */
  around(start: number, end: number): Origin {
    const index = this.#pieceAt(start)
    const from = this.#starts[index] as number
    const piece = this.pieces[index] as Buffer
    if (end <= from + piece.length) return { source: new Source([piece], { source: this, at: from }), at: start - from }
    return { source: new Source([this.slice(start, end)], { source: this, at: start }), at: 0 }
  }

  /** The error of what stands at a position, told by its place in the document. */
  problem(at: number, expected: string): JsonSyntaxError {
    const origin = this.#origin
    if (origin !== undefined) return origin.source.problem(origin.at + at, expected)
    return new JsonSyntaxError(this.pieces, at, expected)
  }

  /** The first position from `at` on that is not white space. */
  skipSpace(at: number): number {
    while (isSpace(this.byte(at))) at++
    return at
  }

  /** The end of what stands before the white space before `at`. */
  spaceBefore(at: number): number {
    while (isSpace(this.byte(at - 1))) at--
    return at
  }

  /** The position after the checked string whose opening quote stands at `open`. */
  stringEnd(open: number): number {
    const bytes = this.#flat
    if (bytes === undefined) return this.#stringEndInPieces(open)
    const { length } = bytes
    let at = open + 1
    for (;;) {
      for (const end = Math.min(at + near, length); at < end; at++) {
        const byte = bytes[at]
        if (byte === quote) return at + 1
        if (byte === backslash) at++
      }
      const found = bytes.indexOf(quote, at)
      if (found === -1) return length
      if (!isEscaped(bytes, at, found)) return found + 1
      at = found + 1
    }
  }

  /** The position after the value at `start`, which has been checked before; of sources in one piece. */
  valueEnd(start: number): number {
    const { bytes } = this
    let at = start
    let depth = 0
    for (;;) {
      const byte = bytes[at]
      if (byte === quote) at = this.stringEnd(at)
      else if (byte === openBrace || byte === openBracket) {
        depth++
        at++
        continue
      } else if (byte === closeBrace || byte === closeBracket) {
        depth--
        at++
      } else if (depth === 0) return scalarEnd(bytes, at)
      else {
        at++
        continue
      }
      if (depth === 0) return at
    }
  }

  /** The characters of the string at `open`, all of which was checked. */
  string(open: number, end = this.stringEnd(open)): string {
    const flat = this.#flat ?? this.slice(open, end)
    const start = this.#flat === undefined ? 0 : open
    const text = flat.toString('utf8', start + 1, start + end - open - 1)
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
  }

  /** Whether an object from `at` to `end` has a member whose name is spelled with an escape. */
  hasEscapedName(at: number, end: number): boolean {
    const { bytes } = this
    let escape = -1
    for (;;) {
      if (escape < at) escape = bytes.indexOf(backslash, at)
      if (escape === -1 || escape >= end) return false
      while (bytes[at] !== quote) if (++at >= end) return false
      const close = this.stringEnd(at)
      if (escape < close && bytes[this.skipSpace(close)] === colon) return true
      at = close
    }
  }

  #byteInPieces(at: number): number | undefined {
    let piece = this.pieces[this.#current] as Buffer
    let from = this.#starts[this.#current] as number
    if (at < from || at >= from + piece.length) {
      this.#current = this.#pieceAt(at)
      piece = this.pieces[this.#current] as Buffer
      from = this.#starts[this.#current] as number
    }
    return piece[at - from]
  }

  #stringEndInPieces(open: number): number {
    for (let at = open + 1; ; at++) {
      const byte = this.#byteInPieces(at)
      if (byte === quote || byte === undefined) return at + 1
      if (byte === backslash) at++
    }
  }

  /** The last piece that begins at or before `at`. */
  #pieceAt(at: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] as number) <= at) low = middle
      else high = middle - 1
    }
    return low
  }
}

const nothing = Buffer.alloc(0)
const zero: readonly number[] = [0]

/** Whether the backslashes before `at`, back to `from` which is itself behind none, escape what stands there. */
export function isEscaped(bytes: Buffer, from: number, at: number): boolean {
  let first = at
  while (first > from && bytes[first - 1] === backslash) first--
  return ((at - first) & 1) === 1
}

/** The end of a number, `true`, `false` or `null`. */
function scalarEnd(bytes: Buffer, at: number): number {
  for (;;) {
    const byte = bytes[at]
    if (byte === comma || byte === closeBrace || byte === closeBracket) return at
    if (byte === undefined || isSpace(byte)) return at
    at++
  }
}
