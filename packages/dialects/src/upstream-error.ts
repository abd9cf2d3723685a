import { isRecord } from './is-record.ts'

/** What a provider says went wrong, whatever its shape. */
export interface UpstreamError {
  /** HTTP status; of an error inside a 200 the one that it stands for, 502 where it does not say. */
  status: number
  message: string
  type?: string
  /** Numbers too come as text. */
  code?: string
  param?: string
  /** A fraction, where the provider gives one. */
  retryAfterSeconds?: number
}

/** Reads a parsed error body in any of the shapes that providers use; its message is empty where it has none. */
export function upstreamErrorOf(json: unknown, status?: number): UpstreamError {
  const first: unknown = Array.isArray(json) ? json[0] : json
  const body = isRecord(first) ? first : {}
  const inner = isRecord(body['error']) ? body['error'] : body
  const error: UpstreamError = { status: status ?? statusOf(inner, body), message: messageOf(inner, body) }
  const type = text(inner['type']) ?? text(inner['status']) ?? text(body['type'])
  const code = codeOf(inner['code']) ?? codeOf(body['code'])
  const param = text(inner['param']) ?? text(body['param'])
  const retryAfterSeconds = retryInfo(inner['details'])
  // `"type": "error"` names the envelope, not the error.
  if (type !== undefined && type !== 'error') error.type = type
  if (code !== undefined) error.code = code
  if (param !== undefined) error.param = param
  if (retryAfterSeconds !== undefined) error.retryAfterSeconds = retryAfterSeconds
  return error
}

/** Reads a parsed error that came inside a 200. */
export function errorInside(json: unknown): UpstreamError {
  const error = upstreamErrorOf(json)
  if (error.message === '') error.message = 'Upstream reported an error'
  return error
}

function messageOf(inner: Record<string, unknown>, body: Record<string, unknown>): string {
  const { errors } = body
  const found =
    text(inner['message']) ??
    text(body['error']) ??
    text(body['message']) ??
    text(body['Message']) ??
    detailOf(body['detail']) ??
    text(body['error_description']) ??
    (Array.isArray(errors) && isRecord(errors[0]) ? text(errors[0]['message']) : undefined)
  return found ?? ''
}

/** FastAPI: text, or a list of places and what is wrong there. */
function detailOf(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return isRecord(detail) ? text(detail['message']) : text(detail)
  const problems = detail.filter(isRecord).map(({ loc, msg }) => {
    const place = Array.isArray(loc) ? loc.join('.') : ''
    return [place, text(msg) ?? ''].filter((part) => part !== '').join(': ')
  })
  return text(problems.join('; '))
}

function codeOf(code: unknown): string | undefined {
  return typeof code === 'number' ? String(code) : text(code)
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

/** Google: `{"@type": "….RetryInfo", "retryDelay": "48.9s"}`, https://cloud.google.com/apis/design/errors. */
function retryInfo(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined
  for (const detail of details.filter(isRecord)) {
    const delay = /^(\d+(?:\.\d+)?)s$/.exec(text(detail['retryDelay']) ?? '')?.[1]
    if (delay !== undefined) return Number(delay)
  }
  return undefined
}

/** What the names of errors stand for; asked in this order. */
const statuses: readonly (readonly [RegExp, number])[] = [
  [/rate_limit|quota|resource_exhausted|throttl/i, 429],
  [/^overloaded_error$/, 529],
  [/overloaded|unavailable/i, 503],
  [/timeout|deadline_exceeded/i, 504],
  [/authenticat|invalid_api_key/i, 401],
  [/billing/i, 402],
  [/permission/i, 403],
  [/not_found/i, 404],
  [/request_too_large/i, 413],
  [/^server_error$|^internal/i, 500],
  [/invalid|context_length_exceeded|unsupported|tool_use_failed|content_filter/i, 400],
]

function statusOf(inner: Record<string, unknown>, body: Record<string, unknown>): number {
  const { status_code, status, code } = inner
  const numbers = [status_code, status, code, body['statusCode'], body['status'], body['code']]
  const given = numbers.map(Number).find((number) => Number.isInteger(number) && number >= 400 && number <= 599)
  if (given !== undefined) return given
  for (const name of [text(inner['code']), text(inner['type']), text(body['code']), text(body['type'])]) {
    const known = name !== undefined && statuses.find(([pattern]) => pattern.test(name))
    if (known) return known[1]
  }
  return 502
}
