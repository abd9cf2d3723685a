import { lowerF, lowerN, lowerT, openBrace, openBracket, quote } from './ascii.ts'
import { Elements } from './elements.ts'
import { Members } from './members.ts'
import type { Segment } from './path.ts'
import { readValue } from './read-value.ts'
import { Source } from './source.ts'

/** The value of a string of so many bytes is kept. */
const shortString = 48

/** What a JSON value can be. */
export type Kind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

/** One checked JSON value as its bytes, which never change; forks share it and what it has indexed. */
export class Text {
  #source: Source
  #start: number
  #end: number
  #entries: Members | Elements | undefined
  /** Entries that were asked for, so that what they have indexed is found again: of arrays, those that are containers. */
  #known: Map<number, Text> | undefined
  /** The value of a short string: nobody can change it, and a gateway asks for the model's name again and again. */
  #string: string | undefined

  constructor(source: Source, start: number, end: number, members?: Members) {
    this.#source = source
    this.#start = start
    this.#end = end
    this.#entries = members
  }

  /** Where its bytes are; another source, and other positions in it, once it was looked into. */
  get source(): Source {
    return this.#source
  }

  get start(): number {
    return this.#start
  }

  get end(): number {
    return this.#end
  }

  get kind(): Kind {
    const first = this.#source.byte(this.#start)
    if (first === quote) return 'string'
    if (first === openBrace) return 'object'
    if (first === openBracket) return 'array'
    if (first === lowerT || first === lowerF) return 'boolean'
    return first === lowerN ? 'null' : 'number'
  }

  /** Where members or elements stand, indexed at the first call; undefined for what has none. */
  get entries(): Members | Elements | undefined {
    if (this.#entries !== undefined) return this.#entries
    const first = this.#source.byte(this.#start)
    if (first !== openBrace && first !== openBracket) return undefined
    this.#flatten()
    this.#entries = first === openBrace ? Members.of(this.#source, this.#start) : new Elements(this.#source, this.#start)
    return this.#entries
  }

  /** Whether it is an object or array without entries. */
  get isEmpty(): boolean {
    return this.#source.skipSpace(this.#start + 1) === this.#end - 1
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
    const known = this.#known?.get(ordinal)
    if (known !== undefined) return known
    const { entries } = this
    if (entries === undefined) throw new RangeError('a scalar has no entries')
    const start = entries.valueStart(ordinal)
    const text = new Text(this.#source, start, entries.end(ordinal))
    const first = this.#source.byte(start)
    const isKept = entries instanceof Members || first === openBrace || first === openBracket
    if (isKept) (this.#known ??= new Map()).set(ordinal, text)
    return text
  }

  /** Its bytes in one piece. */
  get bytes(): Buffer {
    return this.#source.slice(this.#start, this.#end)
  }

  /** Its value. */
  parse(): unknown {
    if (this.#string !== undefined) return this.#string
    const first = this.#source.byte(this.#start)
    if (first === quote && this.#end - this.#start <= shortString) {
      return (this.#string = this.#source.string(this.#start, this.#end))
    }
    const { bytes } = this
    const json = bytes.toString('utf8')
    const mayBeMisread = (first === openBrace || first === openBracket) && json.includes('\\')
    if (!mayBeMisread) return JSON.parse(json)
    const source = Source.of(bytes)
    return source.hasEscapedName(0, bytes.length) ? readValue(source, 0) : JSON.parse(json)
  }

  /** What walks inside needs it in one piece. */
  #flatten(): void {
    if (this.#source.isFlat) return
    const { source, at } = this.#source.around(this.#start, this.#end)
    this.#end += at - this.#start
    this.#start = at
    this.#source = source
  }
}
