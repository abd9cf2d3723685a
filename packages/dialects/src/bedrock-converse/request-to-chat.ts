import { isRecord } from '../is-record.ts'
import type { ChatRequest, ResponseFormat } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { numberIn, objectIn, textIn, type Json } from '../translate/json.ts'
import { refuseMembers } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { messagesToChat, systemOf } from './messages-to-chat.ts'
import { requestToChatRules } from './rules.ts'
import { tierOf } from './service-tier.ts'
import { thinkingOf } from './thinking.ts'
import { toolsToChat } from './tools-to-chat.ts'

/** Reads a Converse request. `model` and `stream`, which stand in its path, are expected as members beside the others. */
export function requestToChat(body: Json, context: TranslationContext): ChatRequest {
  refuseMembers(requestToChatRules, body)
  const { additionalModelRequestFields: fields, outputConfig: output, inferenceConfig: inference } = body
  const chat: ChatRequest = { messages: [...systemOf(body['system']), ...messagesToChat(body['messages'])] }
  const model = textIn(body['model'])
  if (model !== undefined) chat.model = model
  context.model = model ?? ''
  context.wantsUsage = true
  if (typeof body['stream'] === 'boolean') chat.stream = body['stream']
  if (isRecord(inference)) addInference(chat, inference)
  Object.assign(chat, toolsToChat(body['toolConfig']), tierOf(body['serviceTier']))
  const own = isRecord(fields) ? fields : {}
  const topK = topKOf(own)
  if (topK !== undefined) chat.top_k = topK
  Object.assign(chat, thinkingOf(own, output))
  const format = formatOf(output)
  if (format) chat.response_format = format
  return chat
}

function addInference(chat: ChatRequest, { maxTokens: limit, temperature, topP, stopSequences: stops }: Json): void {
  if (limit !== undefined && limit !== null) chat.max_completion_tokens = tokenLimit(limit)
  const numbers = { temperature: numberIn(temperature), top_p: numberIn(topP) }
  if (numbers.temperature !== undefined) chat.temperature = numbers.temperature
  if (numbers.top_p !== undefined) chat.top_p = numbers.top_p
  const texts = Array.isArray(stops) ? stops.filter((text) => typeof text === 'string' && text !== '') : []
  if (texts.length > 0) chat.stop = texts as string[]
}

function tokenLimit(limit: unknown): number {
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1) throw malformed('maxTokens is a whole number above 0', 'inferenceConfig.maxTokens')
  return limit
}

/** The fields of the models' own have several names for it. */
function topKOf({ top_k, topK, k, inferenceConfig: nova }: Json): number | undefined {
  return [top_k, topK, k, isRecord(nova) ? nova['topK'] : undefined].map(numberIn).find((value) => value !== undefined)
}

function formatOf(output: unknown): ResponseFormat | undefined {
  const format = isRecord(output) ? output['textFormat'] : undefined
  const structure = isRecord(format) ? format['structure'] : undefined
  const given = isRecord(structure) ? structure['jsonSchema'] : undefined
  if (!isRecord(given)) return undefined
  const schema = objectIn(textIn(given['schema']) ?? '')
  if (!schema) throw malformed('schema is not a JSON Schema as a text', 'outputConfig.textFormat.structure.jsonSchema.schema')
  const description = textIn(given['description'])
  return { type: 'json_schema', json_schema: { name: textIn(given['name']) ?? 'structured_output', ...(description !== undefined && { description }), strict: true, schema } }
}
