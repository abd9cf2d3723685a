/** Levels that a resource may have: a few less than the file that it may be kept in. */
const deepest = 190

/** Whether a value has more levels than a resource may have; no deeper does it look. */
export function isTooDeep(value: unknown, levels: number = deepest): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((member) => isTooDeep(member, levels - 1))
}

/** Values in a value, itself included; no more than `most`. Does without recursion. */
export function sizeOf(value: unknown, most: number): number {
  const waiting = [value]
  let count = 0
  while (waiting.length > 0 && count < most) {
    const next = waiting.pop()
    count += 1
    if (typeof next === 'object' && next !== null) waiting.push(...Object.values(next).slice(0, most))
  }
  return count
}
