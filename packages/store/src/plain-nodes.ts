import { isMerge, isRecord, type Targets } from '@sluice/config'
import { isAlias, isMap, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml'
import { sameValue } from './same-value.ts'

/** A member of a map as it counts: its own, or one that it merges. */
export interface Member {
  /** Undefined: merged. */
  readonly pair: Pair | undefined
  readonly value: unknown
}

/** Members by key, as the configuration is read: what is written wins over what is merged, the first over the others. */
export function membersOf(map: YAMLMap, targets: Targets): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>()
  for (const pair of map.items) if (!isMerge(pair)) members.set(keyOf(pair, targets), { pair, value: pair.value })
  for (const pair of map.items) {
    if (!isMerge(pair)) continue
    const merged = resolve(pair.value, targets)
    for (const item of isSeq(merged) ? merged.items : [merged]) {
      const source = resolve(item, targets)
      if (!isMap(source)) continue
      for (const [key, { value }] of membersOf(source, targets)) {
        if (!members.has(key)) members.set(key, { pair: undefined, value })
      }
    }
  }
  return members
}

/** The text that a key is read as. */
export function keyOf({ key }: Pair, targets: Targets): string {
  const node = resolve(key, targets)
  if (!isScalar(node)) return ''
  return typeof node.value === 'string' ? node.value : String(node.source ?? node.value)
}

/** Whether a node is read as this value. */
export function matches(node: unknown, wanted: unknown, targets: Targets): boolean {
  const at = resolve(node, targets)
  if (isSeq(at)) {
    return (
      Array.isArray(wanted) &&
      wanted.length === at.items.length &&
      at.items.every((item, index) => matches(item, wanted[index], targets))
    )
  }
  if (isMap(at)) {
    if (!isRecord(wanted)) return false
    const members = membersOf(at, targets)
    const entries = entriesOf(wanted)
    return (
      entries.length === members.size &&
      entries.every(([key, value]) => {
        const member = members.get(key)
        return member !== undefined && matches(member.value, value, targets)
      })
    )
  }
  return sameValue(isScalar(at) ? at.value : null, wanted)
}

/** The value that a node is read as. */
export function plainOf(node: unknown, targets: Targets): unknown {
  const at = resolve(node, targets)
  if (isSeq(at)) return at.items.map((item) => plainOf(item, targets))
  if (isMap(at)) return Object.fromEntries([...membersOf(at, targets)].map(([key, { value }]) => [key, plainOf(value, targets)]))
  return isScalar(at) ? at.value : null
}

/** Members that have a value: one that is undefined is as good as none. */
export function entriesOf(value: Readonly<Record<string, unknown>>): readonly [string, unknown][] {
  return Object.entries(value).filter(([, member]) => member !== undefined)
}

function resolve(node: unknown, targets: Targets): unknown {
  return isAlias(node) ? targets.get(node) : node
}
