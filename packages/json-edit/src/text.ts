import { lowerF, lowerN, lowerT, openBrace, openBracket, quote } from './ascii.ts'
import { Elements } from './elements.ts'
import { JsonSyntaxError } from './json-syntax-error.ts'
import { Members } from './members.ts'
import type { Segment } from './path.ts'
import { readValue } from './read-value.ts'
import type { Source } from './source.ts'

/** What a JSON value can be. */
export type Kind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

/** One checked JSON value as its bytes. Never changes; forks share it and what it has indexed. */
export class Text {
  readonly source: Source
  readonly start: number
  readonly end: number
  #entries: Members | Elements | undefined
  /** Containers that were asked for, so that what they have indexed is found again. */
  #containers: Map<number, Text> | undefined

  constructor(source: Source, start: number, end: number, members?: Members) {
    this.source = source
    this.start = start
    this.end = end
    this.#entries = members
  }

  get kind(): Kind {
    const first = this.source.bytes[this.start]
    if (first === openBrace) return 'object'
    if (first === openBracket) return 'array'
    if (first === quote) return 'string'
    if (first === lowerT || first === lowerF) return 'boolean'
    return first === lowerN ? 'null' : 'number'
  }

  /** Where members or elements stand, indexed at the first call; undefined for what has none. */
  get entries(): Members | Elements | undefined {
    if (this.#entries !== undefined) return this.#entries
    const first = this.source.bytes[this.start]
    if (first === openBrace) this.#entries = Members.of(this.source, this.start)
    if (first === openBracket) this.#entries = new Elements(this.source, this.start)
    return this.#entries
  }

  /** Whether it is an object or array without entries. */
  get isEmpty(): boolean {
    return this.source.skipSpace(this.start + 1) === this.end - 1
  }

  child(segment: Segment): Text | undefined {
    const { entries } = this
    if (entries instanceof Members) {
      const ordinal = typeof segment === 'string' ? entries.findLast(segment) : -1
      return ordinal === -1 ? undefined : this.at(ordinal)
    }
    if (entries === undefined || typeof segment === 'string') return undefined
    const ordinal = segment < 0 ? entries.count + segment : segment
    return entries.has(ordinal) ? this.at(ordinal) : undefined
  }

  /** The value of the entry with that ordinal, which must exist. */
  at(ordinal: number): Text {
    const known = this.#containers?.get(ordinal)
    if (known !== undefined) return known
    const { entries } = this
    if (entries === undefined) throw new RangeError('a scalar has no entries')
    const text = new Text(this.source, entries.valueStart(ordinal), entries.end(ordinal))
    const first = this.source.bytes[text.start]
    if (first === openBrace || first === openBracket) (this.#containers ??= new Map()).set(ordinal, text)
    return text
  }

  /** Its value; a `JsonSyntaxError` for a control character that the structure check let pass. */
  parse(): unknown {
    const { bytes } = this.source
    try {
      if (this.source.hasEscapedName(this.start, this.end)) return readValue(this.source, this.start)
      return JSON.parse(bytes.toString('utf8', this.start, this.end))
    } catch (cause) {
      // JSON.parse knows no byte offsets; the one thing that it can refuse is a control character in a string.
      if (!(cause instanceof SyntaxError)) throw cause
      throw new JsonSyntaxError(bytes, this.source.controlInString(this.start), 'it escaped in a string')
    }
  }
}
