import { backslash, isHex, lowerU, quote } from './ascii.ts'
import { Source } from './source.ts'
import { isShortEscape } from './structure-scan.ts'

/** What is wrong in a string, and where. */
interface Fault {
  readonly at: number
  readonly expected: string
}

/** The first control character or false escape in the strings of a value whose structure is right, where there is one. */
export function faultInStrings(bytes: Buffer): Fault {
  const source = Source.of(bytes)
  for (let at = bytes.indexOf(quote); at !== -1; at = bytes.indexOf(quote, at)) {
    const end = source.stringEnd(at)
    const fault = faultWithin(bytes, at + 1, end - 1)
    if (fault !== undefined) return fault
    at = end
  }
  return { at: bytes.length, expected: 'a value' }
}

function faultWithin(bytes: Buffer, start: number, end: number): Fault | undefined {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte < 0x20) return { at, expected: 'it escaped in a string' }
    if (byte !== backslash) continue
    at++
    if (bytes[at] === lowerU) {
      for (const last = at + 4; at < last; at++) {
        if (!isHex(bytes[at + 1])) return { at: at + 1, expected: 'four hexadecimal digits after \\u' }
      }
    } else if (!isShortEscape(bytes[at])) return { at, expected: 'one of "\\/bfnrtu after a backslash' }
  }
  return undefined
}
