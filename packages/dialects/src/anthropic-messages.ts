import { encodeEvent } from '@sluice/provider'
import { AnthropicScan } from './anthropic-scan.ts'
import { AnthropicStream } from './anthropic-stream.ts'
import type { Answer, ClientError, DialectFacts } from './dialect-facts.ts'
import { isRecord } from './is-record.ts'
import { joined } from './joined.ts'
import { looksLikeJson } from './looks-like-json.ts'
import { parseJson } from './parse-json.ts'
import { jsonOf } from './stream-data.ts'
import { errorInside } from './upstream-error.ts'
import { anthropicUsage } from './usage.ts'

/** Anthropic's Messages: https://docs.anthropic.com/en/api/messages */
export const anthropicMessages: DialectFacts = {
  name: 'anthropic-messages',
  suffix: '/messages',
  openStream: () => new AnthropicStream(),
  readAnswer,
  textOf,
  textOfEvent,
  errorBody: (error, requestId) => ({ ...envelope(error, requestId), error_msg: error.message }),
  errorEvent: (error, requestId) => encodeEvent(JSON.stringify(envelope(error, requestId)), 'error'),
  isError: (body) =>
    isRecord(body) &&
    body['type'] === 'error' &&
    isRecord(body['error']) &&
    typeof body['error']['type'] === 'string' &&
    typeof body['error']['message'] === 'string',
}

function readAnswer(pieces: readonly Buffer[]): Answer {
  const body = joined(pieces)
  const scan = new AnthropicScan()
  scan.scan(body)
  const answer: Answer = { hasToolCalls: scan.hasToolCalls, isJson: looksLikeJson(pieces) }
  const usage = anthropicUsage(scan.usage)
  if (usage) {
    answer.usage = usage
    answer.rawUsage = scan.usage
  }
  if (scan.model !== undefined) answer.model = scan.model
  if (scan.hasError || scan.type === 'error') answer.error = errorInside(parseJson(body))
  return answer
}

function textOf(body: Buffer): string {
  const json = parseJson(body)
  if (!isRecord(json) || !Array.isArray(json['content'])) return ''
  return json['content']
    .filter(isRecord)
    .map(textOfPart)
    .filter((text) => text !== '')
    .join(' ')
}

function textOfEvent(event: Buffer): string {
  const json = jsonOf(event)
  if (!isRecord(json)) return ''
  const part = json['type'] === 'content_block_start' ? json['content_block'] : json['delta']
  return isRecord(part) ? textOfPart(part) : ''
}

function textOfPart({ type, text }: Record<string, unknown>): string {
  return (type === 'text' || type === 'text_delta') && typeof text === 'string' ? text : ''
}

/** https://docs.anthropic.com/en/api/errors */
/** Why a request that starts or continues a thread is refused. */
export const unsupportedThread = 'unsupported_thread'

/** Anthropic's SDK goes on without a thread, if its user said so, where it is told so: its `ThreadState`. */
const threadDetails = { details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] } }

function envelope({ status, message, type, code }: ClientError, requestId?: string): Record<string, unknown> {
  const error = { type: type !== undefined && types.has(type) ? type : typeOf(status), message, ...(code === unsupportedThread && threadDetails) }
  return requestId === undefined ? { type: 'error', error } : { type: 'error', error, request_id: requestId }
}

const typesByStatus: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

/** The names that Anthropic's clients know; a type of another protocol gives way to the status. */
const types: ReadonlySet<string> = new Set([...Object.values(typesByStatus), 'api_error', 'invalid_request_error'])

function typeOf(status: number): string {
  return typesByStatus[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
}
