import type { Answer } from './answer.ts'
import type { Dialect } from '@sluice/provider'
import type { Head } from './play.ts'
import type { Script } from './script.ts'

const openai = [
  'openai-organization',
  'mock',
  'openai-processing-ms',
  '12',
  'openai-version',
  '2020-10-01',
  'x-ratelimit-limit-requests',
  '10000',
  'x-ratelimit-limit-tokens',
  '200000',
  'x-ratelimit-remaining-requests',
  '9999',
  'x-ratelimit-remaining-tokens',
  '199977',
  'x-ratelimit-reset-requests',
  '8.64s',
  'x-ratelimit-reset-tokens',
  '6ms',
]

const anthropic = [
  'anthropic-ratelimit-requests-limit',
  '4000',
  'anthropic-ratelimit-requests-remaining',
  '3999',
  'anthropic-ratelimit-requests-reset',
  '2026-01-02T03:04:05Z',
  'anthropic-ratelimit-tokens-limit',
  '480000',
  'anthropic-ratelimit-tokens-remaining',
  '479000',
  'anthropic-ratelimit-tokens-reset',
  '2026-01-02T03:04:05Z',
]

/** Google's own say nothing that anybody reads. */
const google = ['server-timing', 'gfet4t7; dur=12']

const usualHeaders: Partial<Record<Dialect, readonly string[]>> = { 'anthropic-messages': anthropic, gemini: google, 'bedrock-converse': [] }
const requestIdNames: Partial<Record<Dialect, string>> = { 'anthropic-messages': 'request-id', 'bedrock-converse': 'x-amzn-requestid' }

/** The head of an answer as its API sends it. A fixture brings headers of its own, and a script has the last word. */
export function answerHead(answer: Answer, { dialect, script, number }: AnswerHeadInit): Head {
  const requestId = [requestIdNames[dialect] ?? 'x-request-id', `req_mock_${String(number).padStart(8, '0')}`]
  const usual = answer.headers ?? usualHeaders[dialect] ?? openai
  const headers = ['content-type', answer.type, ...(answer.headers ? [] : requestId), ...usual, ...(answer.more ?? [])]
  if (!script) return { status: answer.status, headers, length: lengthOf(answer) }
  return {
    status: script.status ?? answer.status,
    headers: edited(headers, script),
    length: script.contentLength ?? (changesLength(script) ? undefined : lengthOf(answer, script.status)),
  }
}

interface AnswerHeadInit {
  readonly dialect: Dialect
  readonly script: Script | undefined
  /** Of the request, for its id. */
  readonly number: number
}

/** Known of whole answers; a 204 and a 304 have no body to measure. */
function lengthOf({ streams, bytes, status: usual }: Answer, status = usual): number | undefined {
  return streams || status === 204 || status === 304 ? undefined : bytes.length
}

function changesLength({ gzip, comments, errorEvent }: Script): boolean {
  return Boolean(gzip) || Boolean(comments) || errorEvent !== undefined
}

function edited(
  headers: readonly string[],
  { headers: added = {}, contentType, gzip }: Script,
): readonly string[] {
  const wanted = {
    ...(contentType !== undefined && { 'content-type': contentType }),
    ...(gzip && { 'content-encoding': 'gzip' }),
    ...added,
  }
  const replaced = new Set(Object.keys(wanted).map((name) => name.toLowerCase()))
  const kept = headers.filter((_, i) => !replaced.has((headers[i - (i % 2)] ?? '').toLowerCase()))
  return [...kept, ...Object.entries(wanted).flat()]
}
