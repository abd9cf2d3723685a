import { createHash } from 'node:crypto'

/** By this label ADC marks what it manages. */
export const managerLabel = 'managed-by'

/** By this one it knows to which service an upstream belongs. */
export const ownerLabel = '__ADC_UPSTREAM_SERVICE_ID'

/** The id of what has none: of the names that say which it is, as ADC joins them. */
export function adcId(...names: readonly string[]): string {
  return createHash('sha1').update(names.join('.')).digest('hex')
}
