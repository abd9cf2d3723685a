import { checkInSteps, checkStructure } from './check-structure.ts'
import { Container } from './container.ts'
import { EditedString } from './edited-string.ts'
import { encode, encodeCharacters, encodeList, whole } from './encode.ts'
import { wrongKind } from './wrong-kind.ts'
import { Members } from './members.ts'
import { segmentsOf, showPath, type Path, type Segment } from './path.ts'
import { bytesOf, piecesOf, type Value } from './pieces.ts'
import { Source } from './source.ts'
import { Text, type Kind } from './text.ts'
import { wrap } from './wrap.ts'

/** What all forks of a document are made of. */
interface Received {
  readonly source: Source
  readonly text: Text
  /** Where the value stands between white space. */
  readonly start: number
  readonly end: number
  /** Somebody has bytes of it. */
  isKept: boolean
  /** Its bytes are gone. */
  isOver: boolean
}

/**
 * A JSON document over the bytes that were received, which must not change while it is in use. What no edit touches is
 * written as it came.
 */
export class Document {
  readonly #received: Received
  #root: Value
  /** Marks the containers that this document alone may change. */
  #owner = Symbol('document')
  #revision = 0
  #written: readonly Buffer[] | undefined

  private constructor(received: Received, root: Value) {
    this.#received = received
    this.#root = root
  }

  /**
   * Checks the structure of all of it, in one piece or in the pieces that it came in, cut anywhere. Throws a
   * `JsonSyntaxError`. A UTF-8 byte order mark in front is kept.
   */
  static parse(bytes: Uint8Array | readonly Uint8Array[]): Document {
    const source = new Source(bytes instanceof Uint8Array ? [bufferOf(bytes)] : bytes.map(bufferOf))
    return Document.#of(source, checkStructure(source, startsWithMark(source) ? 3 : 0))
  }

  /** As `parse`, in steps of one piece each, for those who must not be held up by millions of small values. */
  static *parseInSteps(pieces: readonly Uint8Array[]): Generator<undefined, Document, undefined> {
    const source = new Source(pieces.map(bufferOf))
    return Document.#of(source, yield* checkInSteps(source, startsWithMark(source) ? 3 : 0))
  }

  static #of(source: Source, text: Text): Document {
    return new Document({ source, text, start: text.start, end: text.end, isKept: false, isOver: false }, text)
  }

  /** Undefined: it is not there. */
  kind(path: Path): Kind | undefined {
    return this.#at(path)?.kind
  }

  has(path: Path): boolean {
    return this.#at(path) !== undefined
  }

  /** The value, parsed at each call; undefined when it is not there. Of members of one name it is the last. */
  get(path: Path): unknown {
    const value = this.#at(path)
    if (value === undefined) return undefined
    return (value instanceof Text ? value : whole(bytesOf(value))).parse()
  }

  /** The bytes of the value as they will be written; undefined when it is not there. */
  raw(path: Path): Buffer | undefined {
    this.#received.isKept = true
    const value = this.#at(path)
    return value && bytesOf(value)
  }

  /** Names of the members of an object, decoded, in order, each once; empty for anything else. */
  keys(path: Path = []): string[] {
    const value = this.#at(path)
    if (value instanceof Container) return [...new Set(value.names)]
    const entries = value instanceof Text ? value.entries : undefined
    if (!(entries instanceof Members)) return []
    return [...new Set(Array.from({ length: entries.count }, (_, ordinal) => entries.name(ordinal)))]
  }

  /** Number of elements of an array; undefined for anything else. */
  length(path: Path): number | undefined {
    const value = this.#at(path)
    if (value?.kind !== 'array') return undefined
    return value instanceof Container ? value.count : (value as Text).entries?.count
  }

  /** Whether the document is an object or an array without entries; reads none of them. */
  get isEmpty(): boolean {
    const root = this.#living
    if (root instanceof Container) return root.count === 0
    return root instanceof Text && (root.kind === 'object' || root.kind === 'array') && root.isEmpty
  }

  /**
   * Replaces the value, or adds it as the last member of its object, creating objects on the way. What is put in often
   * is prepared once (`prepare`). Throws a `TypeError` for what JSON cannot say and for a path through something else,
   * a `RangeError` for an element that is not there.
   */
  set(path: Path, value: unknown): void {
    this.#put(segmentsOf(path), encode(value))
  }

  /** As `set`, with a value that is JSON already and kept as it is. Throws a `JsonSyntaxError`. */
  setRaw(path: Path, json: Uint8Array): void {
    this.#put(segmentsOf(path), checkStructure(Source.of(bufferOf(json))))
  }

  /** Takes out a member (every one of that name) or an element, with its comma. False: it was not there. */
  delete(path: Path): boolean {
    const segments = segmentsOf(path)
    const last = segments.at(-1)
    if (last === undefined) throw new TypeError('cannot delete the document: a document is always a value')
    if (this.#at(path) === undefined) return false
    return this.#edited(segments.slice(0, -1)).delete(last)
  }

  /** Puts values in front of an array's elements; an array that is not there is created. */
  prepend(path: Path, values: readonly unknown[]): void {
    this.#insert('prepend', path, values)
  }

  /** Puts values behind an array's elements; an array that is not there is created. */
  append(path: Path, values: readonly unknown[]): void {
    this.#insert('append', path, values)
  }

  /** Puts text in front of a string, whose own characters are not decoded; one that is not there is created. */
  prependText(path: Path, text: string): void {
    this.#insertText('prepend', path, text)
  }

  /** Puts text behind a string, whose own characters are not decoded; one that is not there is created. */
  appendText(path: Path, text: string): void {
    this.#insertText('append', path, text)
  }

  /** The first of these names that two top-level members have, however they spell it. */
  duplicate(names: readonly string[]): string | undefined {
    const root = this.#living
    if (root instanceof Container) return root.duplicate(names)
    const entries = root instanceof Text ? root.entries : undefined
    if (!(entries instanceof Members)) return undefined
    return names.find((name) => {
      const last = entries.findLast(name)
      return last > 0 && entries.findLast(name, last - 1) !== -1
    })
  }

  /** A document of its own with the same content; neither sees edits of the other from now on. Copies nothing. */
  fork(): Document {
    const fork = new Document(this.#received, this.#root)
    fork.#revision = this.#revision
    fork.#written = this.#written
    // What both now share belongs to neither.
    this.#owner = Symbol('document')
    return fork
  }

  /** The document in pieces to write one after the other, large stretches as views of the received bytes. */
  toBuffers(): Buffer[] {
    this.#received.isKept = true
    return [...this.views()]
  }

  /** The same for whoever is done with it before `end`. */
  views(): readonly Buffer[] {
    const root = this.#living
    return (this.#written ??= root === this.#received.text ? this.#received.source.pieces : this.#write())
  }

  /**
   * Nobody reads this document or a fork of it again: reading throws from now on, and the received bytes may be put to
   * another use. False where that cannot be, because somebody was given some of them to keep.
   */
  end(): boolean {
    if (this.#received.isKept) return false
    this.#received.isOver = true
    return true
  }

  /** Of all pieces together. */
  get byteLength(): number {
    return this.views().reduce((length, piece) => length + piece.length, 0)
  }

  /** False: `toBuffers()` gives the received pieces themselves. */
  get changed(): boolean {
    return this.#root !== this.#received.text
  }

  /** Grows by every edit. */
  get revision(): number {
    return this.#revision
  }

  /** The value, while its bytes are there: whoever reads on without them may not come to an end. */
  get #living(): Value {
    if (this.#received.isOver) throw new TypeError('this document was ended, and its bytes are gone: read it before that')
    return this.#root
  }

  #write(): Buffer[] {
    const { source, start, end } = this.#received
    return piecesOf([{ source, start: 0, end: start }, this.#root, { source, start: end, end: source.length }])
  }

  #at(path: Path): Value | undefined {
    let value: Value | undefined = this.#living
    if (typeof path === 'string') return value instanceof EditedString ? undefined : value.child(path)
    for (const segment of path) {
      if (value === undefined || value instanceof EditedString) return undefined
      value = value.child(segment)
    }
    return value
  }

  #insert(verb: 'prepend' | 'append', path: Path, values: readonly unknown[]): void {
    const segments = segmentsOf(path)
    const target = this.#at(path)
    if (target === undefined) return this.#put(segments, encodeList(values))
    if (target.kind !== 'array') throw wrongKind(target, 'array', `${verb} to ${showPath(segments)}`, segments)
    const texts = values.map(encode)
    if (texts.length > 0) this.#edited(segments)[verb](texts)
  }

  #insertText(verb: 'prepend' | 'append', path: Path, text: string): void {
    const segments = segmentsOf(path)
    const target = this.#at(path)
    if (target === undefined) return this.#put(segments, encode(text))
    if (target.kind !== 'string') throw wrongKind(target, 'string', `${verb} text to ${showPath(segments)}`, segments)
    if (text === '' || target instanceof Container) return
    const string = target instanceof Text ? new EditedString(target) : target
    this.#put(segments, string[verb === 'prepend' ? 'prepended' : 'appended'](encodeCharacters(text)))
  }

  /** Replaces or adds, with the objects that lead there. Checks everything before it changes anything. */
  #put(segments: readonly Segment[], value: Value): void {
    let depth = 0
    let parent: Value = this.#living
    for (; depth < segments.length - 1; depth++) {
      if (parent instanceof EditedString) break
      const next: Value | undefined = parent.child(segments[depth] as Segment)
      if (next === undefined) break
      parent = next
    }
    const segment = segments[depth]
    if (segment === undefined) {
      this.#root = value
      return this.#touch()
    }
    const needed = typeof segment === 'string' ? 'object' : 'array'
    if (parent.kind !== needed) throw wrongKind(parent, needed, `set ${showPath(segments)}`, segments.slice(0, depth))
    if (typeof segment === 'number' && (parent as Text | Container).child(segment) === undefined) {
      throw new RangeError(`cannot set ${showPath(segments)}: there is no element ${segment}`)
    }
    const wrapped = depth === segments.length - 1 ? value : wrap(segments, depth + 1, value)
    this.#edited(segments.slice(0, depth)).set(segment, wrapped)
  }

  /** The container at the path, which exists, as one that may be edited, and is now. */
  #edited(segments: readonly Segment[]): Container {
    let container = Container.owned(this.#living, this.#owner)
    if (container !== undefined) this.#root = container
    for (const segment of segments) container = container?.ownedChild(segment)
    if (container === undefined) throw new TypeError(`${showPath(segments)} is neither an object nor an array`)
    this.#touch()
    return container
  }

  #touch(): void {
    this.#revision++
    this.#written = undefined
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function startsWithMark(source: Source): boolean {
  return source.byte(0) === 0xef && source.byte(1) === 0xbb && source.byte(2) === 0xbf
}
