import { binaryMessages, decodeMessage, encodeMessage, nameOfMessage } from '@sluice/provider'
import { exceptionFor, streamedExceptionFor } from './bedrock-converse/exceptions.ts'
import { bedrockPath } from './bedrock-path.ts'
import { BedrockScan } from './bedrock-scan.ts'
import { BedrockStream } from './bedrock-stream.ts'
import type { Answer, DialectFacts } from './dialect-facts.ts'
import { isRecord } from './is-record.ts'
import { joined } from './joined.ts'
import { looksLikeJson } from './looks-like-json.ts'
import { parseJson } from './parse-json.ts'
import { errorInside } from './upstream-error.ts'
import { bedrockUsage } from './usage.ts'

const places = {
  temperature: 'inferenceConfig.temperature',
  top_p: 'inferenceConfig.topP',
  max_tokens: 'inferenceConfig.maxTokens',
  max_completion_tokens: 'inferenceConfig.maxTokens',
  max_output_tokens: 'inferenceConfig.maxTokens',
} as const

/**
 * Amazon Bedrock's Converse, whose model stands in the path, and whose streams are binary, a message for each event:
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
 */
export const bedrockConverse: DialectFacts = {
  name: 'bedrock-converse',
  suffix: bedrockPath,
  places,
  framing: binaryMessages,
  openStream: () => new BedrockStream(),
  readAnswer,
  textOf: (body) => blocksOf(parseJson(body)).map(textOfBlock).filter((text) => text !== '').join(' '),
  textOfEvent,
  // SDKs look for the type in a header, and then here.
  errorBody: (error) => ({ __type: exceptionFor(error), message: error.message, error_msg: error.message }),
  errorEvent: (error) =>
    encodeMessage({ ':exception-type': streamedExceptionFor(error), ':content-type': 'application/json', ':message-type': 'exception' }, JSON.stringify({ message: error.message })),
  isError,
}

function readAnswer(pieces: readonly Buffer[]): Answer {
  const body = joined(pieces)
  const scan = new BedrockScan()
  scan.scan(body)
  const answer: Answer = { hasToolCalls: scan.hasToolCalls, isJson: looksLikeJson(pieces) }
  const usage = bedrockUsage(scan.usage)
  if (usage) {
    answer.usage = usage
    answer.rawUsage = scan.usage
  }
  if (!scan.hasOutput) {
    const json = parseJson(body)
    if (isError(json)) answer.error = errorInside(json)
  }
  return answer
}

/** Members of Bedrock's errors, and of ours. */
const members: ReadonlySet<string> = new Set(['message', '__type', 'originalStatusCode', 'originalMessage', 'resourceName', 'error_msg'])

function isError(body: unknown): boolean {
  return isRecord(body) && typeof body['message'] === 'string' && Object.keys(body).every((name) => members.has(name))
}

function blocksOf(json: unknown): Record<string, unknown>[] {
  const output = isRecord(json) ? json['output'] : undefined
  const message = isRecord(output) ? output['message'] : undefined
  return isRecord(message) && Array.isArray(message['content']) ? message['content'].filter(isRecord) : []
}

function textOfBlock({ text, citationsContent: cited }: Record<string, unknown>): string {
  if (typeof text === 'string') return text
  if (!isRecord(cited) || !Array.isArray(cited['content'])) return ''
  return cited['content'].filter(isRecord).map(({ text: piece }) => (typeof piece === 'string' ? piece : '')).join('')
}

function textOfEvent(message: Buffer): string {
  const decoded = decodeMessage(message)
  if (nameOfMessage(decoded) !== 'contentBlockDelta') return ''
  const json = parseJson(decoded.payload)
  const delta = isRecord(json) ? json['delta'] : undefined
  return isRecord(delta) && typeof delta['text'] === 'string' ? delta['text'] : ''
}
