import { encodeName, whole } from './encode.ts'
import type { Elements } from './elements.ts'
import { Members } from './members.ts'
import type { Segment } from './path.ts'
import type { Part, Value } from './pieces.ts'
import { Text } from './text.ts'

/** What an edit put in beside the entries that were there. */
interface Added {
  /** Of a member; empty for an element. */
  readonly name: string
  readonly value: Value
}

/** Where an entry stands: an ordinal of those that were there, else an index among those put first or last. */
type Place = number | { readonly list: Added[]; readonly at: number }

/** In place of the value of an entry that was taken out. */
const removed = Symbol('removed')
const comma = whole(Buffer.from(','))

/**
 * An object or array with edits: the entries that were there stay bytes, edits lie over them by ordinal. What it
 * costs grows with the edits, not with the entries, whose number an attacker chooses.
 */
export class Container {
  /** The document that may change it; others make a copy first. */
  readonly owner: symbol
  readonly kind: 'object' | 'array'
  readonly #base: Text
  /** Entries that were replaced or removed: their ordinals, ascending, and beside each what stands there now. */
  #ordinals: number[]
  #values: (Value | typeof removed)[]
  #removedCount: number
  #before: Added[]
  #after: Added[]

  private constructor(owner: symbol, base: Text, of?: Container) {
    this.owner = owner
    this.kind = base.kind as 'object' | 'array'
    this.#base = base
    this.#ordinals = of === undefined ? [] : [...of.#ordinals]
    this.#values = of === undefined ? [] : [...of.#values]
    this.#removedCount = of === undefined ? 0 : of.#removedCount
    this.#before = of === undefined ? [] : [...of.#before]
    this.#after = of === undefined ? [] : [...of.#after]
  }

  /** A container that `owner` may edit, or undefined for a value without entries. */
  static owned(value: Value, owner: symbol): Container | undefined {
    if (value instanceof Container) return value.owner === owner ? value : new Container(owner, value.#base, value)
    const { kind } = value
    return value instanceof Text && (kind === 'object' || kind === 'array') ? new Container(owner, value) : undefined
  }

  /** Asked for where they are needed: to look into an array in several pieces takes a copy. */
  get #entries(): Members | Elements {
    return this.#base.entries as Members | Elements
  }

  /** Number of entries; walks an array to its end. */
  get count(): number {
    return this.#before.length + this.#entries.count - this.#removedCount + this.#after.length
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

  /** The first of these names that two members have. */
  duplicate(names: readonly string[]): string | undefined {
    const entries = this.#entries
    if (!(entries instanceof Members)) return undefined
    return names.find((name) => {
      let count = 0
      for (const added of this.#after) if (added.name === name) count++
      let at = entries.findLast(name)
      for (; at !== -1 && count < 2; at = entries.findLast(name, at - 1)) if (!this.#isRemoved(at)) count++
      return count > 1
    })
  }

  child(segment: Segment): Value | undefined {
    const place = this.#find(segment)
    return place === undefined ? undefined : this.#valueAt(place)
  }

  /** The child as a container that this one's owner may edit; undefined when it is not there or has no entries. */
  ownedChild(segment: Segment): Container | undefined {
    const place = this.#find(segment)
    if (place === undefined) return undefined
    const value = this.#valueAt(place)
    const child = Container.owned(value, this.owner)
    if (child !== undefined && child !== value) this.#put(place, child)
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
    } else if (typeof place === 'number') this.#remove([place])
    else place.list.splice(place.at, 1)
    return true
  }

  /** The kept bytes and the edits. An entry that goes takes the comma before it along, the first one that after it. */
  parts(): Part[] {
    const hasKept = this.#hasKept()
    const { source, start, end } = this.#base
    const parts: Part[] = [{ source, start, end: start + 1 }]
    for (const added of this.#before) this.#addAdded(parts, added)
    const tail = source.spaceBefore(end - 1)
    if (hasKept) {
      if (parts.length > 1) parts.push(comma)
      this.#addKept(parts, tail)
    }
    for (const added of this.#after) this.#addAdded(parts, added)
    parts.push({ source, start: tail, end })
    return parts
  }

  #addAdded(parts: Part[], { name, value }: Added): void {
    if (parts.length > 1) parts.push(comma)
    if (this.kind === 'object') parts.push(encodeName(name))
    parts.push(value)
  }

  #addKept(parts: Part[], tail: number): void {
    const { source, start } = this.#base
    const ordinals = this.#ordinals
    const values = this.#values
    let from = start + 1
    let gone = 0
    while (ordinals[gone] === gone && values[gone] === removed) gone++
    if (gone > 0) {
      parts.push({ source, start: from, end: this.#entries.start(0) })
      from = this.#entries.start(gone)
    }
    for (let i = gone; i < ordinals.length; i++) {
      const ordinal = ordinals[i] as number
      const value = values[i] as Value | typeof removed
      const until = value === removed ? this.#entries.end(ordinal - 1) : this.#entries.valueStart(ordinal)
      if (from < until) parts.push({ source, start: from, end: until })
      if (value !== removed) parts.push(value)
      from = this.#entries.end(ordinal)
    }
    if (from < tail) parts.push({ source, start: from, end: tail })
  }

  #hasKept(): boolean {
    if (this.#removedCount === 0) return !this.#base.isEmpty
    return this.#removedCount < this.#entries.count
  }

  #find(segment: Segment): Place | undefined {
    if (this.kind === 'array') return typeof segment === 'string' ? undefined : this.#findElement(segment)
    if (typeof segment !== 'string') return undefined
    const entries = this.#entries as Members
    for (let at = this.#after.length - 1; at >= 0; at--) {
      if (this.#after[at]?.name === segment) return { list: this.#after, at }
    }
    let at = entries.findLast(segment)
    while (at !== -1 && this.#isRemoved(at)) at = entries.findLast(segment, at - 1)
    return at === -1 ? undefined : at
  }

  #findElement(index: number): Place | undefined {
    let at = index < 0 ? this.count + index : index
    if (!Number.isInteger(at) || at < 0) return undefined
    if (at < this.#before.length) return { list: this.#before, at }
    const entries = this.#entries
    at -= this.#before.length
    let ordinal = at
    for (const [i, edited] of this.#ordinals.entries()) if (this.#values[i] === removed && edited <= ordinal) ordinal++
    if ((entries as Elements).has(ordinal)) return ordinal
    at -= entries.count - this.#removedCount
    return at < this.#after.length ? { list: this.#after, at } : undefined
  }

  #valueAt(place: Place): Value {
    if (typeof place === 'object') return (place.list[place.at] as Added).value
    const rank = this.#rank(place)
    return this.#ordinals[rank] === place ? (this.#values[rank] as Value) : this.#base.at(place)
  }

  #put(place: Place, value: Value): void {
    if (typeof place === 'object') {
      const { list, at } = place
      // Copies share what was added: it gives way as a whole.
      list[at] = { name: (list[at] as Added).name, value }
      return
    }
    const rank = this.#rank(place)
    if (this.#ordinals[rank] === place) this.#values[rank] = value
    else if (rank === this.#ordinals.length) {
      this.#ordinals.push(place)
      this.#values.push(value)
    } else {
      this.#ordinals.splice(rank, 0, place)
      this.#values.splice(rank, 0, value)
    }
  }

  /** Takes out entries that are there, by ascending ordinals. */
  #remove(gone: readonly number[]): void {
    const ordinals: number[] = []
    const values: (Value | typeof removed)[] = []
    let next = 0
    this.#removedCount = 0
    const add = (ordinal: number, value: Value | typeof removed): void => {
      ordinals.push(ordinal)
      values.push(value)
      if (value === removed) this.#removedCount++
    }
    for (const [i, ordinal] of this.#ordinals.entries()) {
      while (next < gone.length && (gone[next] as number) < ordinal) add(gone[next++] as number, removed)
      const isGone = gone[next] === ordinal
      if (isGone) next++
      add(ordinal, isGone ? removed : (this.#values[i] as Value | typeof removed))
    }
    while (next < gone.length) add(gone[next++] as number, removed)
    this.#ordinals = ordinals
    this.#values = values
  }

  #isRemoved(ordinal: number): boolean {
    if (this.#removedCount === 0) return false
    const rank = this.#rank(ordinal)
    return this.#ordinals[rank] === ordinal && this.#values[rank] === removed
  }

  /** How many of the edited ordinals are smaller. */
  #rank(ordinal: number): number {
    let low = 0
    let high = this.#ordinals.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ordinals[middle] as number) < ordinal) low = middle + 1
      else high = middle
    }
    return low
  }
}
