import { ApiError } from './api-error.ts'
import type { Asked } from './asked.ts'
import { integerIn, numberIn } from './check-body.ts'
import { isObject, type JsonObject } from './json-object.ts'

/** What https://docs.anthropic.com/en/api/messages knows; the API refuses anything else at the top of a body. */
const known = new Set(
  (
    'model messages max_tokens system temperature top_p top_k stop_sequences stream tools tool_choice thinking ' +
    'output_config output_format metadata service_tier container mcp_servers context_management cache_control ' +
    'inference_geo speed betas'
  ).split(' '),
)

/** Checks what Anthropic checks before it looks at the model; returns the messages. Counting tokens needs no limit. */
export function checkMessages(
  { body, headers }: Asked,
  { counting }: { counting: boolean },
): readonly JsonObject[] {
  if (!headers['anthropic-version']) throw new ApiError(400, 'anthropic-version: header is required')
  const stranger = Object.keys(body).find((name) => !known.has(name))
  if (stranger !== undefined) throw new ApiError(400, `${stranger}: Extra inputs are not permitted`)
  for (const name of counting ? ['model', 'messages'] : ['model', 'max_tokens', 'messages']) {
    if (body[name] === undefined) throw new ApiError(400, `${name}: Field required`)
  }
  numberIn(body, 'temperature', { min: 0, max: 1 })
  const { messages } = body
  if (!Array.isArray(messages)) throw new ApiError(400, 'messages: Input should be a valid array')
  if (messages.length === 0) throw new ApiError(400, 'messages: at least one message is required')
  const wrong = messages.findIndex((message) => !isObject(message) || !roles.has(String(message['role'])))
  if (wrong >= 0) throw new ApiError(400, `messages.${wrong}.role: Input should be 'user' or 'assistant'`)
  return messages as JsonObject[]
}

/** The newest models take a system message in the middle of a conversation. */
const roles = new Set(['user', 'assistant', 'system'])

/** `max_tokens`, which Anthropic requires. */
export function limitOf(body: JsonObject): number {
  return integerIn(body, 'max_tokens', { min: 1 }) ?? 1
}

/** Whether the answer is to begin with a thought. */
export function thinkingOf(body: JsonObject, limit: number): boolean {
  const { thinking } = body
  if (!isObject(thinking) || thinking['type'] === 'disabled') return false
  if (thinking['type'] !== 'enabled') return true
  const budget = integerIn(thinking, 'budget_tokens', { min: 1_024 })
  if (budget === undefined) throw new ApiError(400, 'thinking.enabled.budget_tokens: Field required')
  if (budget >= limit) throw new ApiError(400, '`max_tokens` must be greater than `thinking.budget_tokens`')
  return true
}
