import { isRecord } from '../is-record.ts'
import { textIn } from '../translate/json.ts'
import { member } from './member.ts'

const tiers: ReadonlyMap<string, string> = new Map([
  ['standard', 'default'],
  ['flex', 'flex'],
  ['priority', 'priority'],
])

/** The tier that served a request, as OpenAI calls it. */
export function tierOf(usage: unknown): string | undefined {
  return isRecord(usage) ? tiers.get(textIn(member(usage, 'serviceTier'))?.toLowerCase() ?? '') : undefined
}
