import { isRecord } from '../is-record.ts'
import type { CacheControl } from '../pivot/chat-request.ts'
import { textIn, type Json } from './json.ts'

/** A mark for the cache as a member to spread; nothing where there is none. */
export function cacheControlOf({ cache_control: mark }: Json): { cache_control?: CacheControl } {
  if (!isRecord(mark)) return {}
  const ttl = textIn(mark['ttl'])
  return { cache_control: { type: 'ephemeral', ...(ttl !== undefined && { ttl }) } }
}
