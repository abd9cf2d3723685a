import { encodeEvent } from '@sluice/provider'
import type { Answer, ClientError, DialectFacts } from './dialect-facts.ts'
import { geminiPath } from './gemini-path.ts'
import { GeminiScan } from './gemini-scan.ts'
import { GeminiStream } from './gemini-stream.ts'
import { isRecord } from './is-record.ts'
import { joined } from './joined.ts'
import { JsonWalk } from './json-walk.ts'
import { looksLikeJson } from './looks-like-json.ts'
import { parseJson } from './parse-json.ts'
import { jsonOf } from './stream-data.ts'
import { errorInside } from './upstream-error.ts'
import { geminiUsage, mergeUsage } from './usage.ts'

const places = {
  temperature: 'generationConfig.temperature',
  top_p: 'generationConfig.topP',
  top_k: 'generationConfig.topK',
  n: 'generationConfig.candidateCount',
  seed: 'generationConfig.seed',
  presence_penalty: 'generationConfig.presencePenalty',
  frequency_penalty: 'generationConfig.frequencyPenalty',
  max_tokens: 'generationConfig.maxOutputTokens',
  max_completion_tokens: 'generationConfig.maxOutputTokens',
  max_output_tokens: 'generationConfig.maxOutputTokens',
} as const

/** Google's Gemini, whose model and method stand in the path: https://ai.google.dev/api/generate-content */
export const gemini: DialectFacts = {
  name: 'gemini',
  suffix: geminiPath,
  places,
  openStream: (candidates) => new GeminiStream(candidates),
  readAnswer,
  textOf: (body) => listOf(parseJson(body)).map(textOfResponse).join(''),
  textOfEvent: (event) => textOfResponse(jsonOf(event)),
  errorBody: (error) => ({ error: googleError(error), error_msg: error.message }),
  errorEvent: (error) => encodeEvent(JSON.stringify({ error: googleError(error) })),
  isError: (body) =>
    isRecord(body) &&
    isRecord(body['error']) &&
    typeof body['error']['code'] === 'number' &&
    typeof body['error']['message'] === 'string' &&
    typeof body['error']['status'] === 'string',
}

/** An answer is one response; a stream that was not asked for as events is a list of them. */
function readAnswer(pieces: readonly Buffer[]): Answer {
  const body = joined(pieces)
  const walk = new JsonWalk().over(body)
  const scan = new GeminiScan()
  const answer: Answer = { hasToolCalls: false, isJson: looksLikeJson(pieces) }
  let rawUsage: unknown
  let hasError = false
  const look = (): void => {
    if (!scan.scan(walk)) return walk.skipValue()
    rawUsage = mergeUsage(rawUsage, scan.usage)
    if (scan.hasToolCalls) answer.hasToolCalls = true
    if (scan.hasError) hasError = true
  }
  if (walk.enterArray()) while (walk.element()) look()
  else look()
  const usage = geminiUsage(rawUsage)
  if (usage) {
    answer.usage = usage
    answer.rawUsage = rawUsage
  }
  if (scan.model !== undefined) answer.model = scan.model
  if (hasError) answer.error = errorInside(listOf(parseJson(body)).find((one) => isRecord(one) && one['error'] !== undefined))
  return answer
}

function listOf(json: unknown): unknown[] {
  return Array.isArray(json) ? json : [json]
}

/** What the candidates say, their thoughts left out. */
function textOfResponse(json: unknown): string {
  if (!isRecord(json) || !Array.isArray(json['candidates'])) return ''
  return json['candidates'].filter(isRecord).map(textOfCandidate).filter((text) => text !== '').join(' ')
}

function textOfCandidate({ content }: Record<string, unknown>): string {
  if (!isRecord(content) || !Array.isArray(content['parts'])) return ''
  return content['parts'].filter(isRecord).map(({ text, thought }) => (typeof text === 'string' && thought !== true ? text : '')).join('')
}

/** https://cloud.google.com/apis/design/errors */
function googleError({ status, message, type }: ClientError): Record<string, unknown> {
  return { code: status, message, status: type !== undefined && names.has(type) ? type : nameOf(status) }
}

const namesByStatus: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  402: 'FAILED_PRECONDITION',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
  529: 'UNAVAILABLE',
}

/** The names that Google's clients know; a type of another protocol gives way to the status. */
const names: ReadonlySet<string> = new Set([...Object.values(namesByStatus), 'INTERNAL', 'UNKNOWN', 'OUT_OF_RANGE', 'ALREADY_EXISTS', 'DATA_LOSS'])

function nameOf(status: number): string {
  return namesByStatus[status] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT')
}
