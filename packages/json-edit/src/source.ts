import * as ascii from './ascii.ts'
import { JsonSyntaxError } from './json-syntax-error.ts'

// V8 folds a const of this module into the loops below and loads an imported one each time: a quarter of a scan.
const { backslash, closeBrace, closeBracket, colon, comma, isHex, isSpace } = ascii
const { lowerN, lowerU, openBrace, openBracket, quote } = ascii

/** How far a string is walked byte by byte before whole words pay. */
const short = 8

/** How far it is walked by words before the two native searches pay; beyond, control characters are not looked for. */
const long = 512

/** Bytes that hold JSON, and the ways to get over the parts of it. They must not change while anything reads them. */
export class Source {
  readonly bytes: Buffer
  #words: Int32Array | undefined
  /** Offset of the first word: views of four bytes must be aligned, received bytes need not be. */
  #firstWord = 0
  /** Between the two is no backslash. Forgotten, the search for one far away would be repeated for each string. */
  #clearFrom = 0
  #nextBackslash = -1

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** The first position from `at` on that is not white space. */
  skipSpace(at: number): number {
    while (isSpace(this.bytes[at])) at++
    return at
  }

  /** The end of what stands before the white space before `at`. */
  spaceBefore(at: number): number {
    while (isSpace(this.bytes[at - 1])) at--
    return at
  }

  /**
   * The position after the string whose opening quote stands at `open`. Checks escapes everywhere, control characters
   * in the 512 bytes after the quote or an escape; throws a `JsonSyntaxError`.
   */
  stringEnd(open: number): number {
    const { bytes } = this
    const { length } = bytes
    let at = open + 1
    let near = Math.min(at + short, length)
    for (;;) {
      while (at < near) {
        const byte = bytes[at] as number
        if (byte === quote) return at + 1
        if (byte === backslash) {
          const escaped = bytes[at + 1]
          at = escaped === quote || escaped === lowerN ? at + 2 : this.#escapeEnd(at)
          near = Math.min(at + short, length)
        } else if (byte < 0x20) throw new JsonSyntaxError(bytes, at, 'it escaped in a string')
        else at++
      }
      at = this.#plainEnd(at)
      near = Math.min(at + short, length)
    }
  }

  /** The position after the value at `start`, which has been checked before. */
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
      } else if (depth === 0) return this.#scalarEnd(at)
      else {
        at++
        continue
      }
      if (depth === 0) return at
    }
  }

  /** The characters of the string at `open`. */
  string(open: number): string {
    const text = this.bytes.toString('utf8', open + 1, this.stringEnd(open) - 1)
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
  }

  /** Whether an object from `at` to `end` has a member whose name is spelled with an escape. */
  hasEscapedName(at: number, end: number): boolean {
    const { bytes } = this
    while (this.#backslashFrom(at) < end) {
      while (bytes[at] !== quote) if (++at >= end) return false
      const close = this.stringEnd(at)
      if (this.#backslashFrom(at) < close && bytes[this.skipSpace(close)] === colon) return true
      at = close
    }
    return false
  }

  /** The first control character in a string from `at` on, where there is known to be one. */
  controlInString(at: number): number {
    const { bytes } = this
    for (;;) {
      at = bytes.indexOf(quote, at)
      if (at === -1) return bytes.length
      const end = this.stringEnd(at)
      while (at < end && (bytes[at] as number) >= 0x20) at++
      if (at < end) return at
    }
  }

  /** The end of a number, `true`, `false` or `null`. */
  #scalarEnd(at: number): number {
    for (;;) {
      const byte = this.bytes[at]
      if (byte === comma || byte === closeBrace || byte === closeBracket) return at
      if (byte === undefined || isSpace(byte)) return at
      at++
    }
  }

  #escapeEnd(at: number): number {
    const { bytes } = this
    const byte = bytes[at + 1]
    if (byte === lowerU) {
      for (let digit = at + 2; digit < at + 6; digit++) {
        if (!isHex(bytes[digit])) throw new JsonSyntaxError(bytes, digit, 'four hexadecimal digits after \\u')
      }
      return at + 6
    }
    if (byte === quote || byte === backslash || byte === 0x2f || byte === 0x62 || byte === 0x66) return at + 2
    if (byte === 0x6e || byte === 0x72 || byte === 0x74) return at + 2
    throw new JsonSyntaxError(bytes, at + 1, 'one of "\\/bfnrtu after a backslash')
  }

  /**
   * A position at or shortly before the next quote, backslash or control character. The `short` bytes before `at` are
   * known to be plain, so the first word may reach back over some of them.
   */
  #plainEnd(at: number): number {
    const { bytes } = this
    if (at >= bytes.length) throw new JsonSyntaxError(bytes, at, 'the quote that ends the string')
    const words = (this.#words ??= this.#view())
    let word = (at - this.#firstWord) >> 2
    const near = Math.min(word + (long >> 2), words.length - 3)
    for (; word < near; word += 4) {
      const a = words[word] as number
      const b = words[word + 1] as number
      const c = words[word + 2] as number
      const d = words[word + 3] as number
      if ((special(a) | special(b) | special(c) | special(d)) !== 0) {
        if (special(a) !== 0) break
        if (special(b) !== 0) word += 1
        else word += special(c) !== 0 ? 2 : 3
        return this.#firstWord + (word << 2)
      }
    }
    at = Math.max(at, this.#firstWord + (word << 2))
    if (word < near || near === words.length - 3) return at
    const end = bytes.indexOf(quote, at)
    if (end === -1) throw new JsonSyntaxError(bytes, bytes.length, 'the quote that ends the string')
    return Math.min(end, this.#backslashFrom(at))
  }

  #backslashFrom(at: number): number {
    if (at < this.#clearFrom || at > this.#nextBackslash) {
      this.#clearFrom = at
      this.#nextBackslash = this.bytes.indexOf(backslash, at)
      if (this.#nextBackslash === -1) this.#nextBackslash = this.bytes.length
    }
    return this.#nextBackslash
  }

  #view(): Int32Array {
    const { buffer, byteOffset, length } = this.bytes
    this.#firstWord = -byteOffset & 3
    const count = (length - this.#firstWord) >> 2
    return count > 0 ? new Int32Array(buffer, byteOffset + this.#firstWord, count) : new Int32Array(0)
  }
}

/**
 * Not zero if one of the four bytes is a quote, a backslash or a control character. Subtracting borrows into the high
 * bit of a byte only if it, or one below it that is special itself, was too small; flipping bit 1 puts the quote (0x22)
 * right behind the control characters and moves nothing else across that border.
 */
function special(word: number): number {
  return (((word ^ 0x02020202) - 0x21212121) | ((word ^ 0x5c5c5c5c) - 0x01010101)) & ~word & 0x80808080
}
