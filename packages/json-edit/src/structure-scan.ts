import * as ascii from './ascii.ts'
import { Nesting } from './nesting.ts'
import * as states from './scan-states.ts'
import type { Source } from './source.ts'
import type { StringSkipper } from './string-skipper.ts'

// V8 folds a const of this module into the loops below and loads an imported one each time: a quarter of a scan.
const { backslash, closeBrace, closeBracket, colon, comma, dot, isDigit, isHex, isSpace, lowerE, lowerF, lowerN } = ascii
const { lowerT, lowerU, minus, openBrace, openBracket, plus, quote, upperE, zero } = ascii

/** So many bytes of a string value are looked at one by one before it is worth while to have the others skipped. */
const nearBytes = 16

const { behindDot, behindE, behindMinus, behindName, behindSign, behindValue, behindZero, escape, exponent } = states
const { farInString, firstElement, firstName, fraction, hexDigit, inName, inString, inWord, integer } = states
const { name, value } = states

/** Goes over JSON piece after piece, wherever those are cut, and keeps where its value and the outermost members stand. */
export class StructureScan {
  /** Where the names of the outermost object's members open. */
  readonly names: number[] = []
  /** Where the value begins. */
  start = -1
  /** Where it ends. */
  end = -1
  isObject = false
  readonly #source: Source
  readonly #nesting = new Nesting()
  readonly #skipper: StringSkipper | undefined
  #state = value
  /** Up to here the string is looked at one by one. */
  #nearUntil = 0
  #digits = 0
  #word = ''
  #letters = 0
  /** Whether the string at hand is a name. */
  #isName = false

  /** Without a skipper, all is looked at one by one. */
  constructor(source: Source, skipper: StringSkipper | undefined) {
    this.#source = source
    this.#skipper = skipper
  }

  /** Goes over one piece from `at` on; `base` is where the piece begins. Throws a `JsonSyntaxError`. */
  over(bytes: Buffer, base: number, at: number): void {
    const { length } = bytes
    const nesting = this.#nesting
    let state = this.#state
    this.#skipper?.leave()
    while (at < length) {
      const byte = bytes[at] as number
      switch (state) {
        case behindValue:
          if (byte === comma && nesting.depth > 0) {
            at++
            state = nesting.inObject ? name : value
          } else if (isSpace(byte)) at++
          else if (nesting.depth > 0 && byte === (nesting.inObject ? closeBrace : closeBracket)) {
            at++
            this.#close(base + at)
          } else throw this.#unexpected(base + at, state)
          continue
        case firstElement:
        case value:
          if (isSpace(byte)) {
            do at++
            while (at < length && isSpace(bytes[at]))
            continue
          }
          if (this.start === -1) this.start = base + at
          if (byte === closeBracket && state === firstElement) {
            at++
            state = this.#close(base + at)
          } else if (byte === quote) {
            at++
            this.#nearUntil = base + at + nearBytes
            state = inString
          } else if (byte === openBrace || byte === openBracket) {
            at++
            if (nesting.depth === 0) this.isObject = byte === openBrace
            nesting.enter(byte === openBrace)
            state = byte === openBrace ? firstName : firstElement
          } else if (byte === zero) {
            at++
            state = behindZero
          } else if (isDigit(byte)) state = integer
          else if (byte === minus) {
            at++
            state = behindMinus
          } else {
            at++
            this.#word = wordOf(byte)
            if (this.#word === '') throw this.#unexpected(base + at - 1, value)
            this.#letters = 1
            state = inWord
          }
          continue
        case inString: {
          const until = Math.min(length, this.#nearUntil - base)
          let within = quote
          while (at < until && (within = bytes[at] as number) !== quote && within !== backslash && within >= 0x20) at++
          if (at >= until) {
            if (at < length) state = farInString
          } else if (within === quote) {
            at++
            state = behindValue
            if (nesting.depth === 0) this.end = base + at
          } else if (within === backslash) {
            at++
            this.#isName = false
            state = escape
          } else throw this.#unescaped(base + at)
          continue
        }
        case farInString:
          if (this.#skipper !== undefined) at = this.#skipper.skip(bytes, at)
          if (at === length) continue
          if (bytes[at] === quote) {
            at++
            state = behindValue
            if (nesting.depth === 0) this.end = base + at
          } else {
            // What is wrong, and is told there, or what lies across two windows.
            this.#nearUntil = base + at + nearBytes
            state = inString
          }
          continue
        case firstName:
        case name:
          if (isSpace(byte)) {
            do at++
            while (at < length && isSpace(bytes[at]))
          } else if (byte === quote) {
            if (nesting.depth === 1) this.names.push(base + at)
            at++
            state = inName
          } else if (byte === closeBrace && state === firstName) {
            at++
            state = this.#close(base + at)
          } else throw this.#unexpected(base + at, state)
          continue
        case inName: {
          let within = quote
          while (at < length && (within = bytes[at] as number) !== quote && within !== backslash && within >= 0x20) at++
          if (at === length) continue
          if (within === quote) {
            at++
            if (bytes[at] === colon) {
              at++
              state = value
            } else state = behindName
          } else if (within === backslash) {
            at++
            this.#isName = true
            state = escape
          } else throw this.#unescaped(base + at)
          continue
        }
        case integer:
          for (;;) {
            while (at < length && isDigit(bytes[at])) at++
            // Arrays of tokens are whole numbers and little else.
            if (at + 1 >= length || bytes[at] !== comma || nesting.inObject || nesting.depth === 0) break
            const next = bytes[at + 1]
            if (next === zero || !isDigit(next)) break
            at++
          }
          if (at < length) state = this.#behindInteger(bytes[at], base + at)
          if (state === behindDot || state === behindE) at++
          continue
        case behindName:
          if (byte === colon) state = value
          else if (!isSpace(byte)) throw this.#unexpected(base + at, state)
          at++
          continue
        case escape:
          if (byte === lowerU) {
            this.#digits = 4
            state = hexDigit
          } else if (isShortEscape(byte)) state = this.#isName ? inName : inString
          else throw this.#unexpected(base + at, state)
          at++
          continue
        case hexDigit:
          if (!isHex(byte)) throw this.#unexpected(base + at, state)
          at++
          if (--this.#digits === 0) state = this.#isName ? inName : inString
          continue
        case behindZero:
          state = this.#behindInteger(byte, base + at)
          if (state === behindDot || state === behindE) at++
          continue
        case behindMinus:
          if (!isDigit(byte)) throw this.#unexpected(base + at, state)
          at++
          // A zero ends the integer part: a digit behind it is then refused as no comma.
          state = byte === zero ? behindZero : integer
          continue
        case behindDot:
          if (!isDigit(byte)) throw this.#unexpected(base + at, state)
          state = fraction
          continue
        case fraction:
          while (at < length && isDigit(bytes[at])) at++
          if (at === length) continue
          if (bytes[at] === lowerE || bytes[at] === upperE) {
            at++
            state = behindE
          } else state = this.#ended(base + at)
          continue
        case behindE:
          state = behindSign
          if (byte === plus || byte === minus) at++
          continue
        case behindSign:
          if (!isDigit(byte)) throw this.#unexpected(base + at, state)
          state = exponent
          continue
        case exponent:
          while (at < length && isDigit(bytes[at])) at++
          if (at < length) state = this.#ended(base + at)
          continue
        default:
          if (byte !== this.#word.charCodeAt(this.#letters)) throw this.#unexpected(base + at, state)
          at++
          if (++this.#letters === this.#word.length) state = this.#ended(base + at)
      }
    }
    this.#state = state
  }

  /** The input ends at `length`. Throws a `JsonSyntaxError` where something is missing. */
  finish(length: number): void {
    if (this.#nesting.depth > 0 || !states.mayEndIn(this.#state)) throw this.#unexpected(length, this.#state)
    if (this.end === -1) this.end = length
  }

  /** The innermost object or array ends before `at`. */
  #close(at: number): number {
    this.#nesting.leave()
    return this.#ended(at)
  }

  /** A value ends before `at`. */
  #ended(at: number): number {
    if (this.#nesting.depth === 0) this.end = at
    return behindValue
  }

  #behindInteger(byte: number | undefined, at: number): number {
    if (byte === dot) return behindDot
    return byte === lowerE || byte === upperE ? behindE : this.#ended(at)
  }

  #unescaped(at: number): Error {
    return this.#source.problem(at, 'it escaped in a string')
  }

  #unexpected(at: number, state: number): Error {
    return this.#source.problem(at, states.wantedIn(state, this.#word, this.#nesting))
  }
}

function wordOf(byte: number): string {
  if (byte === lowerT) return 'true'
  if (byte === lowerF) return 'false'
  return byte === lowerN ? 'null' : ''
}

/** One of `"\/bfnrt`. */
function isShortEscape(byte: number | undefined): boolean {
  if (byte === quote || byte === backslash || byte === lowerN || byte === 0x2f) return true
  return byte === 0x62 || byte === lowerF || byte === 0x72 || byte === lowerT
}
