import { isRecord } from '../is-record.ts'
import type { ChatRequest, ResponseFormat } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refuseMembers } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { messagesToChat } from './messages-to-chat.ts'
import { requestToChatRules } from './rules.ts'
import { toolsToChat } from './tools-to-chat.ts'

/** Members that mean the same in a chat. */
const same: Readonly<Record<string, 'string' | 'number' | 'boolean'>> = {
  model: 'string',
  temperature: 'number',
  top_p: 'number',
  stream: 'boolean',
  user: 'string',
  safety_identifier: 'string',
  prompt_cache_key: 'string',
  prompt_cache_retention: 'string',
  service_tier: 'string',
}

/** Members that the answer repeats. */
const repeated = ['instructions', 'max_output_tokens', 'max_tool_calls', 'metadata', 'parallel_tool_calls', 'prompt_cache_key', 'prompt_cache_retention', 'reasoning', 'safety_identifier', 'temperature', 'text', 'tool_choice', 'tools', 'top_logprobs', 'top_p', 'truncation', 'user'] as const

/** Reads a request of the Responses API. Only what is known here comes through. */
export function requestToChat(body: Json, context: TranslationContext): ChatRequest {
  refuseMembers(requestToChatRules, body)
  const { instructions } = body
  if (instructions !== undefined && instructions !== null && typeof instructions !== 'string') throw malformed('instructions are not a text', 'instructions')
  const messages = messagesToChat(body['input'], context)
  const chat: ChatRequest = { messages: instructions ? [{ role: 'system', content: instructions }, ...messages] : messages, ...toolsToChat(body, context) }
  for (const [name, type] of Object.entries(same)) {
    const value = body[name]
    if (value === undefined || value === null) continue
    if (typeof value !== type) throw malformed(`${name} is not a ${type}`, name)
    chat[name] = value
  }
  const limit = body['max_output_tokens']
  if (limit !== undefined && limit !== null) chat.max_completion_tokens = tokenLimit(limit)
  const effort = isRecord(body['reasoning']) ? textIn(body['reasoning']['effort']) : undefined
  if (effort !== undefined) chat.reasoning_effort = effort
  addText(chat, body['text'])
  addLogprobs(chat, body)
  context.model = chat.model ?? ''
  context.repeated = Object.fromEntries(repeated.filter((name) => body[name] !== undefined).map((name) => [name, body[name]]))
  return chat
}

function tokenLimit(limit: unknown): number {
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1) throw malformed('max_output_tokens is a whole number above 0', 'max_output_tokens')
  return limit
}

function addText(chat: ChatRequest, text: unknown): void {
  if (!isRecord(text)) return
  const format = formatOf(text['format'])
  if (format) chat.response_format = format
  const verbosity = textIn(text['verbosity'])
  if (verbosity !== undefined) chat['verbosity'] = verbosity
}

/** Plain text is what comes anyway. */
function formatOf(format: unknown): ResponseFormat | undefined {
  if (format === undefined || format === null) return undefined
  if (isRecord(format)) {
    const { type, schema, name, description, strict } = format
    if (type === 'text') return undefined
    if (type === 'json_object') return { type }
    if (type === 'json_schema' && isRecord(schema)) {
      return {
        type,
        json_schema: {
          name: textIn(name) ?? 'structured_output',
          ...(typeof description === 'string' && { description }),
          ...(typeof strict === 'boolean' && { strict }),
          schema,
        },
      }
    }
  }
  throw malformed('text.format is text, json_object, or json_schema with a schema', 'text.format')
}

function addLogprobs(chat: ChatRequest, { top_logprobs: top, include }: Json): void {
  const isAsked = Array.isArray(include) && include.includes('message.output_text.logprobs')
  const isCounted = typeof top === 'number' && top > 0
  if (isAsked || isCounted) chat['logprobs'] = true
  if (isCounted) chat['top_logprobs'] = top
}
