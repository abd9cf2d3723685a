import { malformed } from '../translate/errors.ts'

/** How long vectors are to be; undefined where the client leaves it to the model. */
export function dimensionsOf(value: unknown, at: string): number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  throw malformed(`${at} is a whole number above 0`, at)
}
