import { encodeEvent } from '@sluice/provider'
import type { ClientError } from './dialect-facts.ts'
import { isRecord } from './is-record.ts'

/** An error as OpenAI writes it: https://platform.openai.com/docs/guides/error-codes */
export interface OpenAiError {
  message: string
  type: string
  param: string | null
  code: string | null
}

/** An error with what OpenAI's clients expect to find in one. */
export function openAiError({ status, message, type, code, param }: ClientError): OpenAiError {
  return {
    message,
    type: type ?? (code === 'insufficient_quota' ? code : typeOf(status)),
    param: param ?? null,
    code: code ?? defaultCode(status),
  }
}

/** An error as the body of a response to an OpenAI client. */
export function openAiErrorBody(error: ClientError): Record<string, unknown> {
  return { error: openAiError(error), error_msg: error.message }
}

/** An error as a chunk of a stream of chat completions: SDKs throw when they meet it. */
export function openAiErrorEvent(error: ClientError): Buffer {
  return encodeEvent(JSON.stringify({ error: openAiError(error) }))
}

/** Whether a body is an error that OpenAI's clients read as it is; a code that is a number is not. */
export function isOpenAiError(body: unknown): boolean {
  if (!isRecord(body) || !isRecord(body['error'])) return false
  const { message, type, code, param } = body['error']
  return typeof message === 'string' && [type, code, param].every(isTextOrNothing)
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string'
}

function typeOf(status: number): string {
  if (status >= 500 && status !== 504) return 'api_error'
  const types: Readonly<Record<number, string>> = {
    401: 'authentication_error',
    402: 'insufficient_quota',
    403: 'permission_error',
    408: 'timeout',
    429: 'rate_limit_error',
    504: 'timeout',
  }
  return types[status] ?? 'invalid_request_error'
}

function defaultCode(status: number): string | null {
  const codes: Readonly<Record<number, string>> = {
    401: 'invalid_api_key',
    404: 'model_not_found',
    408: 'timeout',
    429: 'rate_limit_exceeded',
    503: 'overloaded',
    504: 'timeout',
    529: 'overloaded',
  }
  return codes[status] ?? null
}
