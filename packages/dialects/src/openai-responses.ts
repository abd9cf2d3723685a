import { encodeEvent } from '@sluice/provider'
import type { Answer, ClientError, DialectFacts } from './dialect-facts.ts'
import { isRecord } from './is-record.ts'
import { joined } from './joined.ts'
import { looksLikeJson } from './looks-like-json.ts'
import { isOpenAiError, openAiError, openAiErrorBody } from './openai-error.ts'
import { parseJson } from './parse-json.ts'
import { ResponsesScan } from './responses-scan.ts'
import { errorOfResponse, ResponsesStream } from './responses-stream.ts'
import { jsonOf } from './stream-data.ts'
import { responsesUsage } from './usage.ts'

/** OpenAI's Responses: https://platform.openai.com/docs/api-reference/responses */
export const openAiResponses: DialectFacts = {
  name: 'openai-responses',
  suffix: '/responses',
  openStream: () => new ResponsesStream(),
  readAnswer,
  textOf,
  textOfEvent,
  errorBody: openAiErrorBody,
  errorEvent,
  isError: isOpenAiError,
}

function readAnswer(pieces: readonly Buffer[]): Answer {
  const body = joined(pieces)
  const scan = new ResponsesScan()
  scan.scan(body)
  const answer: Answer = { hasToolCalls: scan.hasToolCalls, isJson: looksLikeJson(pieces) }
  const usage = responsesUsage(scan.usage)
  if (usage) {
    answer.usage = usage
    answer.rawUsage = scan.usage
  }
  if (scan.model !== undefined) answer.model = scan.model
  if (scan.hasError || scan.hasFailed) answer.error = errorOfResponse(parseJson(body))
  return answer
}

function textOf(body: Buffer): string {
  const json = parseJson(body)
  if (!isRecord(json) || !Array.isArray(json['output'])) return ''
  return json['output']
    .filter(isRecord)
    .flatMap(({ type, content }) => (type === 'message' && Array.isArray(content) ? content.filter(isRecord) : []))
    .map(({ type, text }) => (type === 'output_text' && typeof text === 'string' ? text : ''))
    .filter((text) => text !== '')
    .join(' ')
}

function textOfEvent(event: Buffer): string {
  const json = jsonOf(event)
  if (!isRecord(json) || json['type'] !== 'response.output_text.delta') return ''
  return typeof json['delta'] === 'string' ? json['delta'] : ''
}

/**
 * OpenAI documents the flat members and sends the nested ones, and clients read either, so the event has both. Where
 * in the sequence it stands is not known here; clients that check for the number do not check its order.
 */
function errorEvent(error: ClientError): Buffer {
  const nested = openAiError(error)
  const { code, message, param } = nested
  const event = { type: 'error', code, message, param, sequence_number: 0, error: nested }
  return encodeEvent(JSON.stringify(event), 'error')
}
