import { dataEvent, jsonAnswer, namedEvent, type Answer, type Part } from './answer.ts'
import { exceptionMessage } from './bedrock-events.ts'
import type { Dialect } from '@sluice/provider'

/** What an error says; `param` and `code` are OpenAI's. */
export interface Complaint {
  readonly status: number
  readonly message: string
  readonly param?: string | null
  readonly code?: string | null
}

/** An error as the API of that path words it: OpenAI's envelope, Anthropic's, Google's, or Amazon's, which names the error in a header. */
export function errorAnswer(dialect: Dialect, complaint: Complaint): Answer {
  if (dialect === 'bedrock-converse') {
    const { code, status } = complaint
    const type = code?.endsWith('Exception') ? code : (bedrockTypes[status] ?? (status >= 500 ? 'InternalServerException' : 'ValidationException'))
    const more = ['x-amzn-errortype', `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`]
    return { ...jsonAnswer({ message: complaint.message }, complaint.status), more }
  }
  return jsonAnswer(errorValue(dialect, complaint), complaint.status)
}

function errorValue(dialect: Dialect, complaint: Complaint) {
  if (dialect === 'anthropic-messages') return anthropicError(complaint)
  return { error: dialect === 'gemini' ? googleError(complaint) : openaiError(complaint) }
}

/** The event that ends a stream which fails after its head has left. `sequence` is the number of events before it. */
export function errorEvent(
  dialect: Dialect,
  { message, sequence }: { message: string; sequence: number },
): Part {
  if (dialect === 'bedrock-converse') return exceptionMessage('serviceUnavailableException', message)
  const { text, tokens } = eventText(dialect, { message, sequence })
  return { bytes: Buffer.from(text), tokens }
}

function eventText(dialect: Dialect, { message, sequence }: { message: string; sequence: number }) {
  const complaint = { status: 500, message }
  if (dialect === 'anthropic-messages') return namedEvent(anthropicError({ ...complaint, status: 529 }))
  if (dialect === 'gemini') return dataEvent({ error: googleError({ ...complaint, status: 503 }) })
  if (dialect !== 'openai-responses') return dataEvent({ error: openaiError(complaint) })
  return namedEvent({ type: 'error', code: 'server_error', message, param: null, sequence_number: sequence })
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors */
const bedrockTypes: Readonly<Record<number, string>> = {
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  408: 'ModelTimeoutException',
  424: 'ModelErrorException',
  429: 'ThrottlingException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
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

/** What Google says to a wrong key, with a 400. */
export const badGoogleKey = 'API key not valid. Please pass a valid API key.'

/** https://cloud.google.com/apis/design/errors; when to come again stands in the body, and in no header. */
function googleError({ status, message }: Complaint) {
  const word = googleStatuses[status] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT')
  const error = { code: status, message, status: word }
  if (status === 429) return { ...error, details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' }] }
  if (message !== badGoogleKey) return error
  return { ...error, details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID', domain: 'googleapis.com' }] }
}

const googleStatuses: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}
