import { parseJson } from './parse-json.ts'
import { upstreamErrorOf, type UpstreamError } from './upstream-error.ts'

/** Response headers as undici gives them; names in lower case. */
export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>

/** What is read of an error; more is no error that someone wrote for us. */
const maxBytes = 64 * 1024

/**
 * Reads the error of a response that is no 2xx, in any of the shapes that providers use. What is no JSON is never
 * quoted: `Upstream returned HTTP 502 (text/html)`.
 */
export function readUpstreamError(status: number, headers: ResponseHeaders, body: Buffer): UpstreamError {
  const json = body.length <= maxBytes ? parseJson(body, hasMark(body) ? 3 : 0) : undefined
  const error = upstreamErrorOf(json, status >= 400 ? status : undefined)
  if (error.message === '') error.message = `Upstream returned HTTP ${status}${mediaType(headers)}`
  const type = first(headers['x-amzn-errortype'])?.split(':')[0]
  if (error.type === undefined && type !== undefined && type !== '') error.type = type
  const seconds = retryAfter(headers) ?? error.retryAfterSeconds
  if (seconds !== undefined) error.retryAfterSeconds = seconds
  return error
}

/** Azure sends `retry-after-ms: 0` beside `retry-after: 1`; the hint is the one above zero. */
function retryAfter(headers: ResponseHeaders): number | undefined {
  const milliseconds = Number(first(headers['retry-after-ms']) ?? Number.NaN)
  if (milliseconds > 0 && Number.isFinite(milliseconds)) return milliseconds / 1000
  const value = first(headers['retry-after'])?.trim()
  if (value === undefined || value === '') return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value)
  // By name of a day: V8 takes nearly anything for a date.
  const until = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : Number.NaN
  // The provider's own clock, where it tells it: ours may be off.
  const now = Date.parse(first(headers['date']) ?? '') || Date.now()
  return Number.isNaN(until) ? undefined : Math.max(0, (until - now) / 1000)
}

function mediaType(headers: ResponseHeaders): string {
  const type = first(headers['content-type'])?.split(';')[0]?.trim().toLowerCase() ?? ''
  return /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/.test(type) ? ` (${type})` : ''
}

function first(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

function hasMark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf
}
