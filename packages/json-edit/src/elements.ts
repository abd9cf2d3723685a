import { closeBracket, comma } from './ascii.ts'
import type { Source } from './source.ts'

/** Where the elements of a checked array stand, found as far as someone asked. */
export class Elements {
  readonly source: Source
  readonly #starts: number[] = []
  /** Where the next element begins, while the closing bracket has not been seen. */
  #next: number
  #close = -1
  #count = -1

  /** `open` is the offset of the opening bracket. */
  constructor(source: Source, open: number) {
    this.source = source
    this.#next = source.skipSpace(open + 1)
    if (source.bytes[this.#next] === closeBracket) this.#close = this.#next
  }

  /** Walks the whole array once, and remembers nothing else of it: there may be millions. */
  get count(): number {
    if (this.#count === -1) this.#count = this.#close === -1 ? this.#countOn() : this.#starts.length
    return this.#count
  }

  /** Walks no further than that element. */
  has(ordinal: number): boolean {
    if (!Number.isInteger(ordinal) || ordinal < 0) return false
    this.#reach(ordinal)
    return ordinal < this.#starts.length
  }

  /** Where the element begins. */
  start(ordinal: number): number {
    this.#reach(ordinal)
    return this.#starts[ordinal] ?? this.#close
  }

  /** The same: an element is its value. */
  valueStart(ordinal: number): number {
    return this.start(ordinal)
  }

  /** Where it ends: before the white space and the comma behind it. */
  end(ordinal: number): number {
    const { source } = this
    const next = this.#starts[ordinal + 1]
    if (next !== undefined) return source.spaceBefore(source.spaceBefore(next) - 1)
    return this.#close === -1 ? source.valueEnd(this.start(ordinal)) : source.spaceBefore(this.#close)
  }

  #countOn(): number {
    const { source } = this
    let count = this.#starts.length
    let at = this.#starts.at(-1)
    if (at === undefined) {
      at = this.#next
      count++
    }
    for (;;) {
      at = source.skipSpace(source.valueEnd(at))
      if (source.bytes[at] !== comma) return count
      at = source.skipSpace(at + 1)
      count++
    }
  }

  #reach(ordinal: number): void {
    const { source } = this
    while (this.#close === -1 && this.#starts.length <= ordinal) {
      // The element before is walked only now, when someone wants the one after it.
      const last = this.#starts.at(-1)
      if (last !== undefined) {
        const at = source.skipSpace(source.valueEnd(last))
        if (source.bytes[at] !== comma) {
          this.#close = at
          return
        }
        this.#next = source.skipSpace(at + 1)
      }
      this.#starts.push(this.#next)
    }
  }
}
