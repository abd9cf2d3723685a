import { isRecord } from '../is-record.ts'
import type { Json } from '../translate/json.ts'

/** Bedrock's tiers that OpenAI has too, under the same names. */
const shared: ReadonlySet<unknown> = new Set(['default', 'flex', 'priority'])

/** Reads `serviceTier`, of a request or an answer, as a member to spread. */
export function tierOf(tier: unknown): { service_tier?: string } {
  return isRecord(tier) && shared.has(tier['type']) ? { service_tier: String(tier['type']) } : {}
}

/** The tier as a member to spread; nothing for one that Bedrock does not have. */
export function tierFor(tier: string | undefined): Json {
  return shared.has(tier) ? { serviceTier: { type: tier } } : {}
}
