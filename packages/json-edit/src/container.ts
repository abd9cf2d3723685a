import { encodeName } from './encode.ts'
import type { Elements } from './elements.ts'
import { Members } from './members.ts'
import type { Segment } from './path.ts'
import type { Part, Value } from './pieces.ts'
import { Text } from './text.ts'

/** What an edit put in beside the entries that were there. */
interface Added {
  /** Of a member; empty for an element. */
  readonly name: string
  value: Value
}

/** Where an entry stands: among those put first, those that were there, those put last. */
interface Place {
  readonly among: 'before' | 'base' | 'after'
  readonly at: number
}

const comma = Buffer.from(',')

/**
 * An object or array with edits: the entries that were there stay bytes, edits lie over them by ordinal. What it
 * costs grows with the edits, not with the entries, whose number an attacker chooses.
 */
export class Container {
  /** The document that may change it; others make a copy first. */
  readonly owner: symbol
  readonly kind: 'object' | 'array'
  readonly #base: Text
  readonly #entries: Members | Elements
  readonly #replaced: Map<number, Value>
  /** Ordinals, ascending. */
  #removed: number[]
  #before: Added[]
  #after: Added[]

  private constructor(owner: symbol, base: Text, entries: Members | Elements, of?: Container) {
    this.owner = owner
    this.kind = entries instanceof Members ? 'object' : 'array'
    this.#base = base
    this.#entries = entries
    this.#replaced = new Map(of === undefined ? [] : of.#replaced)
    this.#removed = of === undefined ? [] : [...of.#removed]
    // Added entries are replaced in place, so a copy needs its own.
    this.#before = of === undefined ? [] : of.#before.map((added) => ({ ...added }))
    this.#after = of === undefined ? [] : of.#after.map((added) => ({ ...added }))
  }

  /** A container that `owner` may edit, or undefined for a value without entries. */
  static owned(value: Value, owner: symbol): Container | undefined {
    if (value instanceof Container) {
      return value.owner === owner ? value : new Container(owner, value.#base, value.#entries, value)
    }
    const entries = value instanceof Text ? value.entries : undefined
    return entries === undefined || !(value instanceof Text) ? undefined : new Container(owner, value, entries)
  }

  /** Number of entries; walks an array to its end. */
  get count(): number {
    return this.#before.length + this.#entries.count - this.#removed.length + this.#after.length
  }

  /** Names in order, each as often as it stands there; empty for an array. */
  get names(): string[] {
    const names: string[] = []
    const entries = this.#entries
    if (!(entries instanceof Members)) return names
    for (let i = 0; i < entries.count; i++) if (!this.#isRemoved(i)) names.push(entries.name(i))
    for (const { name } of this.#after) names.push(name)
    return names
  }

  child(segment: Segment): Value | undefined {
    const place = this.#find(segment)
    return place && this.#valueAt(place)
  }

  /** The child as a container that this one's owner may edit; undefined when it is not there or has no entries. */
  ownedChild(segment: Segment): Container | undefined {
    const place = this.#find(segment)
    const child = place && Container.owned(this.#valueAt(place), this.owner)
    if (child !== undefined && place !== undefined) this.#put(place, child)
    return child
  }

  /** Replaces the entry, or adds it as the last member. */
  set(segment: Segment, value: Value): void {
    const place = this.#find(segment)
    if (place !== undefined) this.#put(place, value)
    else this.#after.push({ name: String(segment), value })
  }

  prepend(values: readonly Value[]): void {
    this.#before = [...values.map((value) => ({ name: '', value })), ...this.#before]
  }

  append(values: readonly Value[]): void {
    for (const value of values) this.#after.push({ name: '', value })
  }

  /** Takes out the element, or every member of that name. */
  delete(segment: Segment): boolean {
    const place = this.#find(segment)
    if (place === undefined) return false
    const entries = this.#entries
    if (entries instanceof Members) {
      this.#after = this.#after.filter(({ name }) => name !== segment)
      // All at once: a million members of one name must not cost a search each.
      this.#remove(entries.findAll(String(segment)))
    } else if (place.among === 'base') this.#remove([place.at])
    else this.#listOf(place).splice(place.at, 1)
    return true
  }

  /** The kept bytes and the edits. An entry that goes takes the comma before it along, the first one that after it. */
  parts(): Part[] {
    const { source, start, end } = this.#base
    const { bytes } = source
    const parts: Part[] = [{ bytes, start, end: start + 1 }]
    let isFirst = true
    const add = ({ name, value }: Added): void => {
      if (!isFirst) parts.push(comma)
      isFirst = false
      if (this.kind === 'object') parts.push(encodeName(name))
      parts.push(value)
    }
    for (const added of this.#before) add(added)
    const tail = source.spaceBefore(end - 1)
    if (this.#hasKept()) {
      if (!isFirst) parts.push(comma)
      isFirst = false
      this.#addKept(parts, tail)
    }
    for (const added of this.#after) add(added)
    parts.push({ bytes, start: tail, end })
    return parts
  }

  #addKept(parts: Part[], tail: number): void {
    const { source, start } = this.#base
    const { bytes } = source
    const entries = this.#entries
    let gone = 0
    while (this.#removed[gone] === gone) gone++
    let from = start + 1
    if (gone > 0) {
      parts.push({ bytes, start: from, end: entries.start(0) })
      from = entries.start(gone)
    }
    const edits = [...this.#removed.slice(gone), ...this.#replaced.keys()].toSorted((a, b) => a - b)
    for (const ordinal of edits) {
      const value = this.#replaced.get(ordinal)
      const until = value === undefined ? entries.end(ordinal - 1) : entries.valueStart(ordinal)
      if (from < until) parts.push({ bytes, start: from, end: until })
      if (value !== undefined) parts.push(value)
      from = entries.end(ordinal)
    }
    if (from < tail) parts.push({ bytes, start: from, end: tail })
  }

  #hasKept(): boolean {
    if (this.#removed.length === 0) return !this.#base.isEmpty
    return this.#removed.length < this.#entries.count
  }

  #find(segment: Segment): Place | undefined {
    const entries = this.#entries
    if (entries instanceof Members) {
      if (typeof segment !== 'string') return undefined
      const added = this.#after.findLastIndex(({ name }) => name === segment)
      if (added !== -1) return { among: 'after', at: added }
      let at = entries.findLast(segment)
      while (at !== -1 && this.#isRemoved(at)) at = entries.findLast(segment, at - 1)
      return at === -1 ? undefined : { among: 'base', at }
    }
    return typeof segment === 'string' ? undefined : this.#findElement(entries, segment)
  }

  #findElement(entries: Elements, index: number): Place | undefined {
    let at = index < 0 ? this.count + index : index
    if (!Number.isInteger(at) || at < 0) return undefined
    if (at < this.#before.length) return { among: 'before', at }
    at -= this.#before.length
    let ordinal = at
    for (const removed of this.#removed) if (removed <= ordinal) ordinal++
    if (entries.has(ordinal)) return { among: 'base', at: ordinal }
    at -= entries.count - this.#removed.length
    return at < this.#after.length ? { among: 'after', at } : undefined
  }

  #valueAt(place: Place): Value {
    if (place.among === 'base') return this.#replaced.get(place.at) ?? this.#base.at(place.at)
    return (this.#listOf(place)[place.at] as Added).value
  }

  #put(place: Place, value: Value): void {
    if (place.among === 'base') this.#replaced.set(place.at, value)
    else (this.#listOf(place)[place.at] as Added).value = value
  }

  #listOf(place: Place): Added[] {
    return place.among === 'before' ? this.#before : this.#after
  }

  #remove(ordinals: readonly number[]): void {
    const gone = ordinals.filter((ordinal) => !this.#isRemoved(ordinal))
    for (const ordinal of gone) this.#replaced.delete(ordinal)
    this.#removed = [...this.#removed, ...gone].toSorted((a, b) => a - b)
  }

  #isRemoved(ordinal: number): boolean {
    return this.#removed[this.#rank(ordinal)] === ordinal
  }

  /** How many of the removed ordinals are smaller. */
  #rank(ordinal: number): number {
    let low = 0
    let high = this.#removed.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#removed[middle] as number) < ordinal) low = middle + 1
      else high = middle
    }
    return low
  }
}
