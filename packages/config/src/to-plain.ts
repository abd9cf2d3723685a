import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Alias,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'

/** Something that YAML allows and JSON does not have, or that hides a mistake. */
export interface Fault {
  /** Into the text, UTF-16 code units. */
  readonly offset: number
  readonly message: string
}

/** Deeper than any configuration, and shallow enough for everything that walks it by recursion. */
export const deepest = 200
/** Values that aliases may stand for in all, so that a few lines cannot become gigabytes. */
const mostAliased = 1_000_000

/** What each alias stands for. */
export type Targets = ReadonlyMap<Alias, Node>

export interface Plain {
  readonly value: unknown
  readonly faults: readonly Fault[]
  readonly targets: Targets
}

/** A document as plain JSON values. What an alias repeats is one object, shared. Linear in the size of the text. */
export function toPlain(root: Node): Plain {
  const reader = new Reader()
  const { value } = reader.read(root, 0)
  return { value, faults: reader.faults, targets: reader.targets }
}

/** A value, of how many values it is made, and how deep they nest, aliases counted as if they were written out. */
interface Read {
  readonly value: unknown
  readonly size: number
  readonly height: number
}

const nothing: Read = { value: null, size: 1, height: 0 }

class Reader {
  readonly faults: Fault[] = []
  readonly targets = new Map<Alias, Node>()
  /** By name, the latest so far: nodes are read in the order of the text. */
  readonly #anchors = new Map<string, Node>()
  /** What anchored nodes gave; one that is not here yet is still being read. */
  readonly #known = new Map<Node, Read>()
  #aliased = 0

  read(node: unknown, depth: number): Read {
    if (isAlias(node)) return this.#alias(node, depth)
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return nothing // an empty value
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    const read = this.#own(node, depth)
    if (node.anchor !== undefined) this.#known.set(node, read)
    return read
  }

  #own(node: Scalar | YAMLMap | YAMLSeq, depth: number): Read {
    if (isScalar(node)) return { ...nothing, value: this.#scalar(node.value, node) }
    if (depth >= deepest) return this.#tooDeep(node)
    return isMap(node) ? this.#map(node, depth) : this.#list(node.items, depth)
  }

  #list(items: readonly unknown[], depth: number): Read {
    let size = 1
    let height = 0
    const value = items.map((item) => {
      const read = this.read(item, depth + 1)
      size += read.size
      height = Math.max(height, read.height)
      return read.value
    })
    return { value, size, height: height + 1 }
  }

  #map(map: YAMLMap, depth: number): Read {
    const own = new Map<string, unknown>()
    const merged: unknown[] = []
    let size = 1
    let height = 0
    for (const pair of map.items) {
      const key = isMerge(pair) ? undefined : this.#key(pair.key)
      const read = this.read(pair.value, depth + 1)
      size += read.size
      height = Math.max(height, read.height)
      if (isMerge(pair)) merged.push(...this.#merged(read.value, pair))
      if (key === undefined) continue
      if (own.has(key)) this.#fault(pair.key, `the key ${JSON.stringify(key)} is written twice`)
      own.set(key, read.value)
    }
    // What is written wins over what is merged; of several merged, the first wins.
    for (const source of merged) {
      for (const [key, value] of Object.entries(source as object)) if (!own.has(key)) own.set(key, value)
    }
    return { value: Object.fromEntries(own), size, height: height + 1 }
  }

  #merged(value: unknown, pair: Pair): unknown[] {
    const sources: unknown[] = Array.isArray(value) ? value : [value]
    const maps = sources.filter((source) => typeof source === 'object' && source !== null && !Array.isArray(source))
    if (maps.length < sources.length) this.#fault(pair.key, 'the merge key << takes a map, or a list of maps')
    return maps
  }

  #key(key: unknown): string | undefined {
    const { value } = isScalar(key) || isAlias(key) ? this.read(key, deepest) : nothing
    if (typeof value === 'string') return value
    // `1:` and `true:` are read as what they would be in JSON, text.
    if (isScalar(key) && value !== null) return String(key.source ?? value)
    this.#fault(key, 'the key of a map must be text')
    return undefined
  }

  #alias(alias: Alias, depth: number): Read {
    const target = this.#anchors.get(alias.source)
    if (!target) return this.#fault(alias, "the alias refers to nothing above it; a text that begins with '*' needs quotes")
    const read = this.#known.get(target)
    if (!read) return this.#fault(alias, 'the alias stands within what it refers to')
    if (depth + read.height > deepest) return this.#tooDeep(alias)
    this.targets.set(alias, target)
    const before = this.#aliased
    this.#aliased += read.size
    if (this.#aliased <= mostAliased) return read
    return before > mostAliased ? nothing : this.#fault(alias, `the aliases stand for more than ${mostAliased} values`)
  }

  #scalar(value: unknown, node: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        return Number.isFinite(value) ? value : this.#fault(node, 'is not a finite number').value
      default:
        return value === null ? null : this.#fault(node, 'is not a value that JSON has').value
    }
  }

  #tooDeep(node: Node): Read {
    return this.#fault(node, `is nested deeper than ${deepest} levels`)
  }

  #fault(node: unknown, message: string): Read {
    const range = (node as Node | null)?.range
    this.faults.push({ offset: range?.[0] ?? 0, message })
    return nothing
  }
}

/** Whether a pair is `<<: *base`; a quoted `<<` is a key like any other. */
export function isMerge({ key }: Pair): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN'
}
