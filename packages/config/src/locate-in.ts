import type { Issue } from '@sluice/kernel'
import { isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'
import { isMerge, type Targets } from './to-plain.ts'

interface Place {
  readonly offset: number | undefined
  readonly value: unknown
}

/** Offset of what stands at `path`, or of the nearest that exists above it. */
export function locateIn(root: Node, targets: Targets, path: Issue['path']): number | undefined {
  let place: Place = { offset: root.range?.[0], value: root }
  for (const step of path) {
    const inner = stepInto(place.value, step, targets)
    if (!inner) break
    place = inner
  }
  return place.offset
}

function stepInto(at: unknown, step: string | number, targets: Targets): Place | undefined {
  const node = isAlias(at) ? targets.get(at) : at
  if (isSeq(node)) {
    const item: unknown = node.items[Number(step)]
    return isNode(item) ? { offset: item.range?.[0], value: item } : undefined
  }
  if (!isMap(node)) return undefined
  const { own, merges } = indexOf(node)
  const pair = own.get(String(step))
  if (pair) return { offset: (pair.key as Node).range?.[0], value: pair.value }
  for (const merge of merges) {
    const source = isAlias(merge.value) ? targets.get(merge.value) : merge.value
    for (const map of isSeq(source) ? source.items : [source]) {
      const inner = stepInto(map, step, targets)
      if (inner) return inner
    }
  }
  return undefined
}

interface Members {
  readonly own: ReadonlyMap<string, Pair>
  readonly merges: readonly Pair[]
}

const indexes = new WeakMap<YAMLMap, Members>()

/** Members by key; made once per map, since there may be a problem in each of ten thousand. */
function indexOf(map: YAMLMap): Members {
  let members = indexes.get(map)
  if (!members) {
    const own = new Map<string, Pair>()
    for (const pair of map.items) if (isScalar(pair.key)) own.set(String(pair.key.source ?? pair.key.value), pair)
    members = { own, merges: map.items.filter(isMerge) }
    indexes.set(map, members)
  }
  return members
}
