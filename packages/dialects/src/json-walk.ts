import { parseJson } from './parse-json.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const nothing = Buffer.alloc(0)

/** So many bytes of a string are looked through by hand before a native search for its end is worth the call. */
const nearBytes = 48

/**
 * Walks over the members of JSON in its bytes: nothing is decoded, nothing allocated, any depth, and each byte once. It
 * expects well-formed JSON; what is not ends the walk early, and `broken` says so.
 *
 * Every member or element has to be consumed, by `skipValue` or by entering it and walking to its end.
 */
export class JsonWalk {
  bytes: Buffer = nothing
  at = 0
  end = 0
  broken = false
  #keyStart = 0
  #keyEnd = 0

  /** Begins at the first value in `bytes`, from `at` on. */
  over(bytes: Buffer, at = 0): this {
    this.bytes = bytes
    this.at = at
    this.end = bytes.length
    this.broken = false
    if (at === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.at = 3
    this.#toNext()
    return this
  }

  /** Steps into the object that stands here; false, and no step, where none does. */
  enterObject(): boolean {
    return this.#enter(OPEN_OBJECT)
  }

  /** Steps into the array that stands here; false, and no step, where none does. */
  enterArray(): boolean {
    return this.#enter(OPEN_ARRAY)
  }

  /** Goes to the value of the object's next member; false behind its end. */
  member(): boolean {
    this.#toNext()
    if (this.at >= this.end) return this.#break()
    if (this.bytes[this.at] === CLOSE_OBJECT) {
      this.at++
      return false
    }
    if (this.bytes[this.at] !== QUOTE) return this.#break()
    this.#keyStart = this.at + 1
    this.at = this.#behindString(this.at)
    this.#keyEnd = this.at - 1
    this.#skipSpace()
    if (this.bytes[this.at] !== COLON) return this.#break()
    this.at++
    this.#skipSpace()
    return this.at < this.end || this.#break()
  }

  /** Goes to the array's next element; false behind its end. */
  element(): boolean {
    this.#toNext()
    if (this.at >= this.end) return this.#break()
    if (this.bytes[this.at] !== CLOSE_ARRAY) return true
    this.at++
    return false
  }

  /** Whether the member that was reached is called `key`, written without escapes. */
  is(key: Uint8Array): boolean {
    const start = this.#keyStart
    if (this.#keyEnd - start !== key.length) return false
    for (let i = 0; i < key.length; i++) if (this.bytes[start + i] !== key[i]) return false
    return true
  }

  isOneOf(keys: readonly Uint8Array[]): boolean {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]
      if (key !== undefined && this.is(key)) return true
    }
    return false
  }

  get atObject(): boolean {
    return this.bytes[this.at] === OPEN_OBJECT
  }

  get atString(): boolean {
    return this.bytes[this.at] === QUOTE
  }

  /** A string with something in it stands here. */
  get atText(): boolean {
    return this.bytes[this.at] === QUOTE && this.at + 1 < this.end && this.bytes[this.at + 1] !== QUOTE
  }

  /** Whether the string that stands here is `text`, written without escapes. */
  atStringOf(text: Uint8Array): boolean {
    const start = this.at + 1
    if (this.bytes[this.at] !== QUOTE || this.bytes[start + text.length] !== QUOTE) return false
    for (let i = 0; i < text.length; i++) if (this.bytes[start + i] !== text[i]) return false
    return true
  }

  /** Steps over the value that stands here, whatever it is. */
  skipValue(): void {
    const first = this.bytes[this.at]
    if (first === QUOTE) this.at = this.#behindString(this.at)
    else if (first === OPEN_OBJECT || first === OPEN_ARRAY) this.#skipContainer()
    else this.#skipScalar()
  }

  /** Steps over the value that stands here and parses it; undefined where it is no JSON. */
  take(): unknown {
    const start = this.at
    this.skipValue()
    return parseJson(this.bytes, start, this.at)
  }

  /** Steps over the string that stands here and gives it as it is written, for names that have no escapes. */
  takeName(): string {
    const start = this.at
    this.skipValue()
    return this.bytes.toString('latin1', start + 1, this.at - 1)
  }

  /** Steps over the string that stands here and gives what it says. */
  takeText(): string {
    const start = this.at
    this.skipValue()
    const text = this.bytes.toString('utf8', start + 1, this.at - 1)
    return text.includes('\\') ? String(parseJson(this.bytes, start, this.at)) : text
  }

  /** Steps over the value that stands here and takes it for a whole number; -1 where it is none below a million. */
  takeIndex(): number {
    const start = this.at
    this.skipValue()
    if (this.at === start || this.at - start > 6) return -1
    let value = 0
    for (let i = start; i < this.at; i++) {
      const digit = (this.bytes[i] ?? 0) - 0x30
      if (digit < 0 || digit > 9) return -1
      value = value * 10 + digit
    }
    return value
  }

  /** Steps over the value that stands here and tells whether it is an object, array or text with something in it. */
  takeIsFilled(): boolean {
    let isFilled = this.atText
    if (!isFilled && (this.atObject || this.bytes[this.at] === OPEN_ARRAY)) {
      let next = this.at + 1
      while (isSpace(this.bytes[next])) next++
      isFilled = this.bytes[next] !== CLOSE_OBJECT && this.bytes[next] !== CLOSE_ARRAY
    }
    this.skipValue()
    return isFilled
  }

  /** Steps over the value that stands here and tells whether it says something: text anywhere below one of `keys`. */
  takeSubstance(keys: readonly Uint8Array[]): boolean {
    if (this.atString) {
      const { atText } = this
      this.skipValue()
      return atText
    }
    let depth = 0
    let isWanted = false
    let found = false
    do {
      this.#toNext()
      if (this.at >= this.end) return this.#break() || found
      const byte = this.bytes[this.at]
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        depth++
        this.at++
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth--
        this.at++
      } else if (byte === QUOTE) {
        const start = this.at + 1
        this.at = this.#behindString(this.at)
        const end = this.at - 1
        this.#skipSpace()
        if (this.bytes[this.at] === COLON) {
          this.at++
          this.#keyStart = start
          this.#keyEnd = end
          isWanted = this.isOneOf(keys)
        } else if (isWanted && end > start) found = true
      } else this.#skipScalar()
    } while (depth > 0)
    return found
  }

  #enter(open: number): boolean {
    if (this.bytes[this.at] !== open) return false
    this.at++
    return true
  }

  /** Over white space and commas, which the walk need not tell apart. */
  #toNext(): void {
    let { at } = this
    const { bytes } = this
    for (let byte = bytes[at]; byte === COMMA || isSpace(byte); byte = bytes[at]) at++
    this.at = at
  }

  #skipSpace(): void {
    while (isSpace(this.bytes[this.at])) this.at++
  }

  #skipScalar(): void {
    const start = this.at
    let at = start
    for (; at < this.end; at++) {
      const byte = this.bytes[at]
      if (byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY || isSpace(byte)) break
    }
    this.at = at
    // A stray bracket where a value belongs: not a step would ever be made.
    if (at === start) this.#break()
  }

  #skipContainer(): void {
    const { bytes, end } = this
    let { at } = this
    let depth = 0
    while (at < end) {
      const byte = bytes[at]
      if (byte === QUOTE) {
        at = this.#behindString(at)
        continue
      }
      at++
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++
      else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) {
        this.at = at
        return
      }
    }
    this.#break()
  }

  /** Position behind the string that begins at `start`. */
  #behindString(start: number): number {
    const { bytes, end } = this
    let at = start + 1
    while (at < end) {
      // By hand first, and again behind an escaped quote: where quotes stand close together a native call costs more.
      const near = Math.min(end, at + nearBytes)
      for (; at < near; at++) {
        const byte = bytes[at]
        if (byte === QUOTE) return at + 1
        if (byte === BACKSLASH) at++
      }
      // Each backslash has taken the byte behind it along, so `at` is escaped by nothing.
      const quote = bytes.indexOf(QUOTE, at)
      if (quote === -1) break
      let escapes = quote
      while (escapes > at && bytes[escapes - 1] === BACKSLASH) escapes--
      if ((quote - escapes) % 2 === 0) return quote + 1
      at = quote + 1
    }
    this.#break()
    return end
  }

  #break(): false {
    this.broken = true
    this.at = this.end
    return false
  }
}

/** Other control characters are no JSON anyway. */
function isSpace(byte: number | undefined): boolean {
  return byte !== undefined && byte <= 0x20
}

/** A key as the walk compares it. */
export function bytesOf(name: string): Uint8Array {
  return Buffer.from(name)
}
