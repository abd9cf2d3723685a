import type { Evaluation } from './evaluation.ts'

/**
 * Whether two JSON values are equal. Without recursion, since bodies nest as deep as they like; each member that is
 * looked at costs a step.
 */
export function sameJson(left: unknown, right: unknown, evaluation: Evaluation): boolean {
  const waiting: [unknown, unknown][] = [[left, right]]
  for (let pair = waiting.pop(); pair; pair = waiting.pop()) {
    evaluation.spend(1)
    const [a, b] = pair
    if (a === b) continue
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
    const size = sizeOf(a, evaluation)
    if (Array.isArray(a) !== Array.isArray(b) || size !== sizeOf(b, evaluation)) return false
    evaluation.spend(size)
    if (!pairUp(a, b, waiting)) return false
  }
  return true
}

/** How many members or elements it has. */
export function sizeOf(container: object, evaluation: Evaluation): number {
  if (Array.isArray(container)) return container.length
  const { length } = Object.keys(container)
  evaluation.spend(length)
  return length
}

function pairUp(a: object, b: object, waiting: [unknown, unknown][]): boolean {
  for (const [name, value] of Object.entries(a)) {
    const other = Object.getOwnPropertyDescriptor(b, name)
    if (!other) return false
    waiting.push([value, other.value])
  }
  return true
}
