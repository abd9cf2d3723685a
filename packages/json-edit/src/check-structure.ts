import * as ascii from './ascii.ts'
import { JsonSyntaxError } from './json-syntax-error.ts'
import { Members } from './members.ts'
import { Nesting } from './nesting.ts'
import type { Source } from './source.ts'
import { Text } from './text.ts'

// V8 folds a const of this module into the loops below and loads an imported one each time: a quarter of a scan.
const { closeBrace, closeBracket, colon, comma, dot, isDigit, isSpace, lowerE, lowerF, lowerN } = ascii
const { lowerT, minus, openBrace, openBracket, plus, quote, upperE, zero } = ascii

/**
 * Checks that exactly one JSON value stands in `source` from `start` on, white space around it allowed, and gives it
 * with the members of the outermost object. Throws a `JsonSyntaxError`.
 */
export function checkStructure(source: Source, start = 0): Text {
  const { bytes } = source
  const nesting = new Nesting()
  const names: number[] = []
  const first = source.skipSpace(start)
  let at = first

  value: for (;;) {
    if (nesting.inObject) {
      const open = at
      at = nameEnd(source, open)
      if (nesting.depth === 1) names.push(open)
    }
    const byte = bytes[at]
    if (byte === quote) at = source.stringEnd(at)
    else if (byte === openBrace || byte === openBracket) {
      const isObject = byte === openBrace
      at = source.skipSpace(at + 1)
      if (bytes[at] !== (isObject ? closeBrace : closeBracket)) {
        nesting.enter(isObject)
        continue
      }
      at++
    } else if (byte !== zero && isDigit(byte)) {
      // Arrays of tokens are whole numbers and little else: no call for those.
      do at++
      while (isDigit(bytes[at]))
      if (bytes[at] !== comma) at = fractionEnd(bytes, at)
    } else at = byte === minus || byte === zero ? numberEnd(bytes, at) : wordEnd(bytes, at)

    while (nesting.depth > 0) {
      let next = bytes[at]
      if (isSpace(next)) {
        at = source.skipSpace(at + 1)
        next = bytes[at]
      }
      at++
      if (next === comma) {
        if (isSpace(bytes[at])) at = source.skipSpace(at + 1)
        continue value
      }
      if (next !== (nesting.inObject ? closeBrace : closeBracket)) {
        throw new JsonSyntaxError(bytes, at - 1, nesting.inObject ? 'a comma or "}"' : 'a comma or "]"')
      }
      nesting.leave()
    }
    break
  }

  const rest = source.skipSpace(at)
  if (rest !== bytes.length) throw new JsonSyntaxError(bytes, rest, 'nothing after the value')
  const members = bytes[first] === openBrace ? new Members(source, names, at - 1) : undefined
  return new Text(source, first, at, members)
}

/** Where the value of the member begins whose name should open here. */
function nameEnd(source: Source, open: number): number {
  const { bytes } = source
  if (bytes[open] !== quote) throw new JsonSyntaxError(bytes, open, 'a member name in quotes')
  let at = source.stringEnd(open)
  if (at - open > 1024) checkLongName(bytes, open + 1, at)
  if (isSpace(bytes[at])) at = source.skipSpace(at + 1)
  if (bytes[at] !== colon) throw new JsonSyntaxError(bytes, at, 'a colon after the member name')
  at++
  return isSpace(bytes[at]) ? source.skipSpace(at + 1) : at
}

/** Names are decoded by lookups, where nobody expects an error: they are checked to the end. */
function checkLongName(bytes: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    if ((bytes[at] as number) < 0x20) throw new JsonSyntaxError(bytes, at, 'it escaped in a string')
  }
}

function wordEnd(bytes: Buffer, at: number): number {
  const byte = bytes[at]
  if (byte === lowerT) return expectWord(bytes, at, 'true')
  if (byte === lowerF) return expectWord(bytes, at, 'false')
  if (byte === lowerN) return expectWord(bytes, at, 'null')
  throw new JsonSyntaxError(bytes, at, 'a value')
}

function expectWord(bytes: Buffer, at: number, word: string): number {
  for (let i = 1; i < word.length; i++) {
    if (bytes[at + i] !== word.charCodeAt(i)) throw new JsonSyntaxError(bytes, at + i, `the word ${word}`)
  }
  return at + word.length
}

/** Of a number that begins with a minus or a zero. */
function numberEnd(bytes: Buffer, at: number): number {
  if (bytes[at] === minus) at++
  // A zero ends the integer part: a digit behind it is then refused as no comma.
  return fractionEnd(bytes, bytes[at] === zero ? at + 1 : digitsEnd(bytes, at))
}

function fractionEnd(bytes: Buffer, at: number): number {
  if (bytes[at] === dot) at = digitsEnd(bytes, at + 1)
  if (bytes[at] !== lowerE && bytes[at] !== upperE) return at
  const sign = bytes[at + 1]
  return digitsEnd(bytes, sign === plus || sign === minus ? at + 2 : at + 1)
}

function digitsEnd(bytes: Buffer, at: number): number {
  if (!isDigit(bytes[at])) throw new JsonSyntaxError(bytes, at, 'a digit')
  do at++
  while (isDigit(bytes[at]))
  return at
}
