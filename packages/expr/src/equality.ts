import { toNumber } from './to-number.ts'

/** What may stand on the right of a comparison. */
export type Scalar = string | number | boolean | null

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/**
 * Equality with a configured value: strict by type, but a configured number makes the other side a number first, and
 * `null` equals what is absent.
 */
export function equalTo(expected: Scalar): (value: unknown) => boolean {
  if (expected === null) return (value) => value === undefined || value === null
  if (typeof expected === 'number') return (value) => toNumber(value) === expected
  return (value) => value === expected
}

/** Equality with any of several configured values, at the cost of one. */
export function equalToAny(expected: readonly Scalar[]): (value: unknown) => boolean {
  const plain = new Set<unknown>(expected.filter((value) => typeof value !== 'number'))
  const numbers = new Set<unknown>(expected.filter((value) => typeof value === 'number'))
  if (plain.delete(null)) plain.add(undefined)
  if (numbers.size === 0) return (value) => plain.has(value ?? undefined)
  return (value) => plain.has(value ?? undefined) || numbers.has(toNumber(value) ?? null)
}
