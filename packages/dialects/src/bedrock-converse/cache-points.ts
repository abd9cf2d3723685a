import { isRecord } from '../is-record.ts'
import type { CacheControl } from '../pivot/chat-request.ts'
import type { Json } from '../translate/json.ts'
import type { ModelTraits } from './models.ts'

/** Reads a `cachePoint`, which stands behind what it marks; undefined where the block is something else. */
export function cachePointIn({ cachePoint }: Json): CacheControl | undefined {
  if (!isRecord(cachePoint)) return undefined
  const { ttl } = cachePoint
  return { type: 'ephemeral', ...(typeof ttl === 'string' && ttl !== '' && { ttl }) }
}

/** A mark for the cache as the block that goes behind what it marks; nothing where there is none, or the model knows none. */
export function cachePointFor(mark: CacheControl | undefined, { caches }: ModelTraits): Json[] {
  if (mark === undefined || caches === 'never') return []
  const ttl = caches === 'everywhere' && (mark.ttl === '5m' || mark.ttl === '1h') ? { ttl: mark.ttl } : {}
  return [{ cachePoint: { type: 'default', ...ttl } }]
}
