import { ChatScan } from './chat-scan.ts'
import { ChatStream, errorOfChunk } from './chat-stream.ts'
import type { Answer, DialectFacts } from './dialect-facts.ts'
import { isRecord } from './is-record.ts'
import { joined } from './joined.ts'
import { looksLikeJson } from './looks-like-json.ts'
import { isOpenAiError, openAiErrorBody, openAiErrorEvent } from './openai-error.ts'
import { parseJson } from './parse-json.ts'
import { doneEvent, jsonOf } from './stream-data.ts'
import { chatUsage } from './usage.ts'

/** Chat Completions, OpenAI's and everybody else's: https://platform.openai.com/docs/api-reference/chat */
export const openAiChat: DialectFacts = {
  name: 'openai-chat',
  suffix: '/chat/completions',
  sentinel: doneEvent,
  openStream: (choices) => new ChatStream(choices),
  readAnswer,
  textOf: (body) => textsOf(parseJson(body), 'message').join(' '),
  textOfEvent: (event) => textsOf(jsonOf(event), 'delta').join(''),
  errorBody: openAiErrorBody,
  errorEvent: openAiErrorEvent,
  isError: isOpenAiError,
}

function readAnswer(pieces: readonly Buffer[]): Answer {
  const body = joined(pieces)
  const scan = new ChatScan()
  scan.scan(body, true)
  const answer: Answer = { hasToolCalls: scan.hasToolCalls, isJson: looksLikeJson(pieces) }
  const usage = chatUsage(scan.usage, false)
  if (usage) {
    answer.usage = usage
    answer.rawUsage = scan.usage
  }
  if (scan.model !== undefined) answer.model = scan.model
  if (scan.hasError || scan.hasFailed) answer.error = errorOfChunk(body)
  return answer
}

/** The contents of all choices that have one. */
function textsOf(json: unknown, member: 'message' | 'delta'): string[] {
  if (!isRecord(json) || !Array.isArray(json['choices'])) return []
  return json['choices']
    .filter(isRecord)
    .map((choice) => choice[member])
    .filter(isRecord)
    .map(({ content }) => textOfContent(content))
    .filter((text) => text !== '')
}

/** Content is text, or with Mistral a list of parts. */
function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .filter(isRecord)
    .map(({ type, text }) => (type === 'text' && typeof text === 'string' ? text : ''))
    .join('')
}
