import { randomInt } from 'node:crypto'
import { backslash, lowerU, quote } from './ascii.ts'

/** In place of the hash of a name with characters beyond ASCII. */
const beyondAscii = -1
const nine = 0x39
/** Nobody outside can make names that share a hash. */
const seed = randomInt(2 ** 31)
/** https://datatracker.ietf.org/doc/html/draft-eastlake-fnv */
const prime = 0x01000193

/** What the short escapes stand for, by the byte behind the backslash. */
const escapes = new Uint8Array(128)
for (const [letter, character] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  escapes[(letter as string).charCodeAt(0)] = (character as string).charCodeAt(0)
}

/** A number that equal names share, however they are spelled; undefined for a name with characters beyond ASCII. */
export function hashOf(name: string): number | undefined {
  let hash = seed
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code >= 0x80) return undefined
    hash = Math.imul(hash ^ code, prime)
  }
  return hash >>> 1
}

/** Hashes of checked names whose quotes stand at `opens`: a million of them are passed over in a millisecond, or not at all. */
export class NameHashes {
  readonly #hashes: Int32Array
  /** A bit for each hash that there is, and for some others that share it: most names that nobody sent are told by it. */
  readonly #present: Uint32Array
  readonly #mask: number

  constructor(bytes: Buffer, opens: readonly number[]) {
    const { length } = opens
    const bits = 2 ** Math.min(Math.ceil(Math.log2(length * 8)), 27)
    this.#hashes = new Int32Array(length)
    this.#present = new Uint32Array(bits >>> 5)
    this.#mask = bits - 1
    for (let i = 0; i < length; i++) {
      const hash = hashAt(bytes, (opens[i] as number) + 1)
      this.#hashes[i] = hash
      const bit = hash & this.#mask
      this.#present[bit >>> 5] = (this.#present[bit >>> 5] as number) | (1 << (bit & 31))
    }
  }

  /** The last name of that hash at or before `from`; -1: there is none. */
  findLast(hash: number, from: number): number {
    const bit = hash & this.#mask
    if (((this.#present[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return -1
    const hashes = this.#hashes
    let at = from
    while (at >= 0 && hashes[at] !== hash) at--
    return at
  }
}

function hashAt(bytes: Buffer, at: number): number {
  let hash = seed
  for (;;) {
    let code = bytes[at] as number
    if (code === quote) return hash >>> 1
    if (code === backslash) {
      const escaped = bytes[at + 1] as number
      code = escaped === lowerU ? codeAt(bytes, at + 2) : (escapes[escaped] as number)
      at += escaped === lowerU ? 6 : 2
    } else at++
    if (code >= 0x80) return beyondAscii
    hash = Math.imul(hash ^ code, prime)
  }
}

/** Of four hexadecimal digits. */
function codeAt(bytes: Buffer, at: number): number {
  let code = 0
  for (let end = at + 4; at < end; at++) {
    const digit = bytes[at] as number
    code = (code << 4) | (digit <= nine ? digit & 0xf : (digit & 0xf) + 9)
  }
  return code
}
