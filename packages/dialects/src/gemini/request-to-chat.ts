import { isRecord } from '../is-record.ts'
import type { ChatRequest, ChatToolChoice, ResponseFormat } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { numberIn, textIn, type Json } from '../translate/json.ts'
import { refusal, refuseMembers } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { contentsToChat, systemOf } from './messages-to-chat.ts'
import { member } from './member.ts'
import { enumFormatRule, modalitiesRule, requestToChatRules } from './rules.ts'
import { schemaIn } from './schema.ts'
import { thinkingOf } from './thinking.ts'
import { toolsToChat } from './tools-to-chat.ts'

/** Reads a request of Gemini's. `model` and `stream`, which stand in its path, are expected as members beside the others. */
export function requestToChat(body: Json, context: TranslationContext): ChatRequest {
  refuseMembers(requestToChatRules, { ...body, cachedContent: member(body, 'cachedContent') })
  const chat: ChatRequest = { messages: [...systemOf(member(body, 'systemInstruction')), ...contentsToChat(body['contents'])] }
  const model = textIn(body['model'])?.replace(/^models\//, '')
  if (model !== undefined) chat.model = model
  context.model = model ?? ''
  context.wantsUsage = true
  if (typeof body['stream'] === 'boolean') chat.stream = body['stream']
  const config = member(body, 'generationConfig')
  if (isRecord(config)) addConfig(chat, config)
  addTools(chat, body)
  const tier = textIn(member(body, 'serviceTier'))?.toLowerCase()
  if (tier === 'flex' || tier === 'priority') chat.service_tier = tier
  if (tier === 'standard') chat.service_tier = 'default'
  return chat
}

/** Numbers of `generationConfig` that a chat has under another name. */
const renamed = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  candidateCount: 'n',
  seed: 'seed',
  presencePenalty: 'presence_penalty',
  frequencyPenalty: 'frequency_penalty',
  logprobs: 'top_logprobs',
} as const

function addConfig(chat: ChatRequest, config: Json): void {
  for (const [own, name] of Object.entries(renamed)) {
    const value = numberIn(member(config, own))
    if (value !== undefined) chat[name] = value
  }
  if (chat.n === 1) delete chat.n
  if (member(config, 'responseLogprobs') === true) chat['logprobs'] = true
  const limit = member(config, 'maxOutputTokens')
  if (limit !== undefined && limit !== null) chat.max_completion_tokens = tokenLimit(limit)
  const stops = member(config, 'stopSequences')
  const texts = Array.isArray(stops) ? stops.filter((text) => typeof text === 'string' && text !== '') : []
  if (texts.length > 0) chat.stop = texts as string[]
  const modalities = member(config, 'responseModalities')
  if (Array.isArray(modalities) && modalities.some((one) => String(one).toUpperCase() !== 'TEXT')) throw refusal(modalitiesRule, 'generationConfig.responseModalities')
  const thinking = member(config, 'thinkingConfig')
  if (isRecord(thinking)) Object.assign(chat, thinkingOf(thinking))
  const format = formatOf(config)
  if (format) chat.response_format = format
}

function tokenLimit(limit: unknown): number {
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1) throw malformed('maxOutputTokens is a whole number above 0', 'generationConfig.maxOutputTokens')
  return limit
}

function formatOf(config: Json): ResponseFormat | undefined {
  const type = textIn(member(config, 'responseMimeType'))
  if (type === 'text/x.enum') throw refusal(enumFormatRule, 'generationConfig.responseMimeType')
  if (type !== 'application/json') return undefined
  const schema = schemaIn(member(config, 'responseJsonSchema'), member(config, 'responseSchema'))
  if (!schema) return { type: 'json_object' }
  return { type: 'json_schema', json_schema: { name: 'structured_output', strict: true, schema } }
}

function addTools(chat: ChatRequest, body: Json): void {
  const tools = toolsToChat(body['tools'])
  const config = member(body, 'toolConfig')
  const calling = isRecord(config) ? member(config, 'functionCallingConfig') : undefined
  if (tools.length === 0) return
  chat.tools = tools
  if (!isRecord(calling)) return
  const allowed = member(calling, 'allowedFunctionNames')
  const names = Array.isArray(allowed) ? allowed.filter((name) => typeof name === 'string') : []
  const choice = choiceOf(textIn(calling['mode'])?.toUpperCase(), names)
  if (choice !== undefined) chat.tool_choice = choice
  // Of several that are allowed, the others are not offered.
  if (names.length > 0 && typeof choice === 'string') chat.tools = tools.filter((tool) => tool.type !== 'function' || names.includes(tool.function.name))
}

function choiceOf(mode: string | undefined, [only, ...others]: readonly string[]): ChatToolChoice | undefined {
  switch (mode) {
    case 'NONE':
      return 'none'
    case 'ANY':
      return only !== undefined && others.length === 0 ? { type: 'function', function: { name: only } } : 'required'
    case 'AUTO':
    case 'VALIDATED':
      return 'auto'
    case undefined:
    case 'MODE_UNSPECIFIED':
      return undefined
    default:
      throw malformed('mode is AUTO, ANY, NONE or VALIDATED', 'toolConfig.functionCallingConfig.mode')
  }
}
