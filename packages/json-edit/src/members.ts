import { backslash, closeBrace, comma, quote } from './ascii.ts'
import { hashOf, NameHashes } from './name-hashes.ts'
import type { Source } from './source.ts'

/** An object with more members than this is nobody's request: its names are hashed before one is looked for. */
const many = 256

/** Where the members of an object stand, by the quotes of their names. */
export class Members {
  readonly source: Source
  /** Offset of the closing brace. */
  readonly close: number
  readonly #names: readonly number[]
  #hashes: NameHashes | undefined

  constructor(source: Source, names: readonly number[], close: number) {
    this.source = source
    this.#names = names
    this.close = close
  }

  /** Of the checked object whose brace stands at `open`. */
  static of(source: Source, open: number): Members {
    const names: number[] = []
    let at = source.skipSpace(open + 1)
    while (source.bytes[at] !== closeBrace) {
      names.push(at)
      at = source.skipSpace(source.valueEnd(valueAfter(source, at)))
      if (source.bytes[at] === comma) at = source.skipSpace(at + 1)
    }
    return new Members(source, names, at)
  }

  get count(): number {
    return this.#names.length
  }

  /** Where the member begins, its name included. */
  start(ordinal: number): number {
    return this.#names[ordinal] ?? this.close
  }

  /** Where its value begins. */
  valueStart(ordinal: number): number {
    return ordinal < this.count ? valueAfter(this.source, this.start(ordinal)) : this.close
  }

  /** Where its value ends: before the comma of the next one. */
  end(ordinal: number): number {
    const { source } = this
    if (ordinal + 1 >= this.count) return source.spaceBefore(this.close)
    return source.spaceBefore(source.spaceBefore(this.start(ordinal + 1)) - 1)
  }

  /** The name, decoded. */
  name(ordinal: number): string {
    return this.source.string(this.start(ordinal))
  }

  /** The last member of that name at or before `from`, or -1. The last, because that is what parsers take. */
  findLast(name: string, from = this.count - 1): number {
    const hash = this.count > many ? hashOf(name) : undefined
    if (hash !== undefined) return this.#findHashed(name, hash, from)
    const { source } = this
    const first = name.length === 0 ? quote : name.charCodeAt(0)
    for (let i = from; i >= 0; i--) {
      const open = this.#names[i] as number
      const byte = source.byte(open + 1) as number
      if ((byte === first || byte === backslash || byte >= 0x80) && this.#isNamed(open, name)) return i
    }
    return -1
  }

  /** All members of that name, in order. */
  findAll(name: string): number[] {
    const found: number[] = []
    for (let at = this.findLast(name); at !== -1; at = this.findLast(name, at - 1)) found.push(at)
    return found.toReversed()
  }

  #findHashed(name: string, hash: number, from: number): number {
    const hashes = (this.#hashes ??= new NameHashes(this.source.bytes, this.#names))
    let at = hashes.findLast(hash, from)
    while (at >= 0 && !this.#isNamed(this.#names[at] as number, name)) at = hashes.findLast(hash, at - 1)
    return at
  }

  #isNamed(open: number, name: string): boolean {
    const { source } = this
    for (let i = 0; i < name.length; i++) {
      const code = name.charCodeAt(i)
      const byte = source.byte(open + 1 + i) as number
      // Only plain ASCII on both sides compares byte by byte.
      if (byte === backslash || byte >= 0x80) return source.string(open) === name
      if (byte !== code) return false
    }
    return source.byte(open + 1 + name.length) === quote
  }
}

/** Where the value begins of the member whose name opens there. */
function valueAfter(source: Source, open: number): number {
  return source.skipSpace(source.skipSpace(source.stringEnd(open)) + 1)
}
