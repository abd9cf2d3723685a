import type { HeaderMap } from '@sluice/kernel'
import type { Metadata } from './config.ts'

/** What a client is told of a limit. */
export interface Quota {
  readonly limit: number
  readonly remaining: number
  /** Seconds. */
  readonly reset: number
}

/** Names of the three headers of one rule, in lower case. */
export interface QuotaHeaders {
  readonly limit: string
  readonly remaining: string
  readonly reset: string
}

/** The names that the metadata gives. */
export function namedBy({ limit_header: limit, remaining_header: remaining, reset_header: reset }: Metadata): QuotaHeaders {
  return { limit: limit.toLowerCase(), remaining: remaining.toLowerCase(), reset: reset.toLowerCase() }
}

/** The names of one rule among several. */
export function prefixedBy(prefix: string): QuotaHeaders {
  const name = `x-${prefix.toLowerCase()}-ratelimit`
  return { limit: `${name}-limit`, remaining: `${name}-remaining`, reset: `${name}-reset` }
}

export function writeQuota(headers: HeaderMap, names: QuotaHeaders, { limit, remaining, reset }: Quota): void {
  headers[names.limit] = String(limit)
  headers[names.remaining] = String(remaining)
  headers[names.reset] = String(reset)
}
