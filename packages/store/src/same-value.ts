import { isRecord } from '@sluice/config'

/** Whether two plain JSON values are the same; the order of members does not count, nor do those that are undefined. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameValue(item, b[index]))
  }
  if (!isRecord(a) || !isRecord(b)) return false
  const others = new Map(Object.entries(b))
  for (const [key, value] of Object.entries(a)) {
    if (!sameValue(value, others.get(key))) return false
    others.delete(key)
  }
  return [...others.values()].every((value) => value === undefined)
}
