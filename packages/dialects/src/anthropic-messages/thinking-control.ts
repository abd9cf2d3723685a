import type { ThinkingControl } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { countIn, type Json } from '../translate/json.ts'

/** Reads `thinking`, which stands at `at`. */
export function thinkingControlOf({ type, budget_tokens: budget }: Json, at: string): ThinkingControl {
  if (type === 'enabled') return { type, budget_tokens: countIn(budget) }
  if (type === 'adaptive' || type === 'disabled') return { type }
  throw malformed('thinking is enabled, adaptive or disabled', `${at}.type`)
}
