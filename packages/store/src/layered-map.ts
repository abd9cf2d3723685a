/** Entries that differ from those below, beyond which a map is made anew. */
const mostDiffering = 64

/** A map that shares with another one what they have in common: changing one of five thousand entries copies a few. */
export class LayeredMap<V> implements ReadonlyMap<string, V> {
  readonly #base: ReadonlyMap<string, V>
  /** What differs from the base; undefined: it is gone. */
  readonly #over: Map<string, V | undefined>
  /** Keys of the base that were gone for a while: they come last now. */
  readonly #returned: Set<string>
  #size: number

  /** One to be changed, that begins with what `map` has; that stays as it is. */
  static from<V>(map: ReadonlyMap<string, V>): LayeredMap<V> {
    if (!(map instanceof LayeredMap)) return new LayeredMap(map, new Map(), new Set(), map.size)
    if (map.#over.size > mostDiffering) return new LayeredMap(new Map(map), new Map(), new Set(), map.#size)
    return new LayeredMap(map.#base as ReadonlyMap<string, V>, new Map(map.#over as Map<string, V | undefined>), new Set(map.#returned), map.#size)
  }

  private constructor(base: ReadonlyMap<string, V>, over: Map<string, V | undefined>, returned: Set<string>, size: number) {
    this.#base = base
    this.#over = over
    this.#returned = returned
    this.#size = size
  }

  get size(): number {
    return this.#size
  }

  get(key: string): V | undefined {
    const own = this.#over.get(key)
    return own !== undefined || this.#over.has(key) ? own : this.#base.get(key)
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  set(key: string, value: V): void {
    if (!this.has(key)) {
      this.#size += 1
      if (this.#over.delete(key)) this.#returned.add(key)
    }
    this.#over.set(key, value)
  }

  delete(key: string): void {
    if (!this.has(key)) return
    this.#size -= 1
    this.#returned.delete(key)
    if (this.#base.has(key)) this.#over.set(key, undefined)
    else this.#over.delete(key)
  }

  /** In the order of the one below, then what is new. */
  *entries(): MapIterator<[string, V]> {
    for (const [key, value] of this.#base) {
      const now = this.#over.has(key) ? this.#over.get(key) : value
      if (now !== undefined && !this.#returned.has(key)) yield [key, now]
    }
    for (const [key, value] of this.#over) if (value !== undefined && (!this.#base.has(key) || this.#returned.has(key))) yield [key, value]
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  forEach(each: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) each(value, key, this)
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries()
  }
}
