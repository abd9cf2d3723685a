import { dataEvent, jsonAnswer, namedEvent, type Answer, type EventText } from './answer.ts'
import type { Dialect } from '@sluice/provider'

/** What an error says; `param` and `code` are OpenAI's. */
export interface Complaint {
  readonly status: number
  readonly message: string
  readonly param?: string | null
  readonly code?: string | null
}

/** An error as the API of that path words it: OpenAI's envelope, or Anthropic's. */
export function errorAnswer(dialect: Dialect, complaint: Complaint): Answer {
  const value =
    dialect === 'anthropic-messages' ? anthropicError(complaint) : { error: openaiError(complaint) }
  return jsonAnswer(value, complaint.status)
}

/** The event that ends a stream which fails after its head has left. `sequence` is the number of events before it. */
export function errorEvent(
  dialect: Dialect,
  { message, sequence }: { message: string; sequence: number },
): EventText {
  const complaint = { status: 500, message }
  if (dialect === 'anthropic-messages') return namedEvent(anthropicError({ ...complaint, status: 529 }))
  if (dialect !== 'openai-responses') return dataEvent({ error: openaiError(complaint) })
  return namedEvent({ type: 'error', code: 'server_error', message, param: null, sequence_number: sequence })
}

/** https://platform.openai.com/docs/guides/error-codes */
function openaiError({ status, message, param = null, code = null }: Complaint) {
  const [type, usualCode] = openaiTypes[status] ?? [
    status >= 500 ? 'server_error' : 'invalid_request_error',
    null,
  ]
  return { message, type, param, code: code ?? usualCode }
}

const openaiTypes: Readonly<Record<number, readonly [type: string, code: string | null]>> = {
  401: ['invalid_request_error', 'invalid_api_key'],
  404: ['invalid_request_error', 'model_not_found'],
  429: ['requests', 'rate_limit_exceeded'],
  503: ['service_unavailable_error', null],
}

/** https://docs.anthropic.com/en/api/errors */
function anthropicError({ status, message }: Complaint) {
  const type = anthropicTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
  return { type: 'error', error: { type, message } }
}

const anthropicTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}
