import { encodeMessage } from '@sluice/provider'
import { partsAnswer, type Answer, type Part } from './answer.ts'
import { isObject, type JsonObject } from './json-object.ts'
import { toPieces } from './words.ts'

interface Told {
  readonly stopReason: string
  readonly usage: JsonObject | undefined
  readonly metrics: JsonObject
}

/** An answer as messages: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. Usage comes behind the end. */
export function conversationStream(content: readonly JsonObject[], { stopReason, usage, metrics }: Told): Answer {
  return partsAnswer(binaryType, [
    message('messageStart', { role: 'assistant' }),
    ...content.flatMap(blockMessages),
    message('messageStop', { stopReason }),
    message('metadata', { metrics, usage }),
  ])
}

/** Media type of a stream of messages. */
export const binaryType = 'application/vnd.amazon.eventstream'

/** The message that ends a stream which fails after its head has left. */
export function exceptionMessage(type: string, text: string): Part {
  const headers = { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' }
  return { bytes: encodeMessage(headers, JSON.stringify({ message: text })), tokens: 0 }
}

/** Only calls are announced; the others begin with what they say. */
function blockMessages(block: JsonObject, contentBlockIndex: number): Part[] {
  const { toolUse } = block
  const start = isObject(toolUse) ? [message('contentBlockStart', { contentBlockIndex, start: { toolUse: { toolUseId: toolUse['toolUseId'], name: toolUse['name'] } } })] : []
  return [
    ...start,
    ...deltasOf(block).map((delta) => message('contentBlockDelta', { contentBlockIndex, delta }, 1)),
    message('contentBlockStop', { contentBlockIndex }),
  ]
}

function deltasOf({ text, toolUse, reasoningContent: thinking }: JsonObject): JsonObject[] {
  if (isObject(toolUse)) {
    const input = JSON.stringify(toolUse['input'])
    // A call without arguments has none of these.
    return input === '{}' ? [] : toPieces(input).map((piece) => ({ toolUse: { input: piece } }))
  }
  const reasoning = isObject(thinking) ? thinking['reasoningText'] : undefined
  if (!isObject(reasoning)) return toPieces(String(text)).map((piece) => ({ text: piece }))
  const thoughts = toPieces(String(reasoning['text'])).map((piece) => ({ reasoningContent: { text: piece } }))
  return [...thoughts, { reasoningContent: { signature: reasoning['signature'] } }]
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** Every payload is padded, so that lengths tell nobody what is said. */
function message(type: string, payload: JsonObject, tokens = 0): Part {
  const json = JSON.stringify({ ...payload, p: letters.slice(0, 1 + (JSON.stringify(payload).length * 7) % letters.length) })
  return { bytes: encodeMessage({ ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' }, json), tokens }
}
