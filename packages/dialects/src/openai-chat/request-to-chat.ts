import type { ChatRequest, ChatTool, ChatToolChoice, ResponseFormat, ThinkingControl } from '../pivot/chat-request.ts'
import { isRecord } from '../is-record.ts'
import { cacheControlOf } from '../translate/cache-control.ts'
import { malformed } from '../translate/errors.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { messagesToChat } from './messages-to-chat.ts'

/** Reads a chat completion request: the old spellings become the new ones, the rest stays as it is. */
export function requestToChat(body: Json, context: TranslationContext): ChatRequest {
  const { max_tokens, max_completion_tokens, messages, stop, tools, functions, tool_choice, function_call, ...others } = body
  const chat: ChatRequest = { ...others, messages: messagesToChat(messages, context) }
  const limit = max_completion_tokens ?? max_tokens
  if (limit !== undefined && limit !== null) chat.max_completion_tokens = tokenLimit(limit)
  const stops = stopsOf(stop)
  if (stops.length > 0) chat.stop = stops
  const allTools = toolsOf(tools, functions)
  if (allTools.length > 0) chat.tools = allTools
  const choice = choiceOf(tool_choice ?? legacyChoice(function_call))
  if (choice !== undefined) chat.tool_choice = choice
  if (chat.response_format !== undefined) chat.response_format = formatOf(chat.response_format)
  checkScalars(body)
  const control = thinkingOf(body['thinking'])
  if (control) chat.thinking = control
  else delete chat.thinking
  context.model = textIn(body['model']) ?? ''
  context.wantsFunctionCall = Array.isArray(functions) && !Array.isArray(tools)
  context.wantsUsage = isRecord(body['stream_options']) && body['stream_options']['include_usage'] === true
  return withoutNulls(chat)
}

/** As Anthropic and DeepSeek write it. */
function thinkingOf(thinking: unknown): ThinkingControl | undefined {
  if (!isRecord(thinking)) return undefined
  const { type, budget_tokens: budget } = thinking
  if (type === 'enabled') return { type, budget_tokens: countIn(budget) }
  return type === 'adaptive' || type === 'disabled' ? { type } : undefined
}

function tokenLimit(limit: unknown): number {
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1) {
    throw malformed('a token limit is a whole number above 0', 'max_completion_tokens')
  }
  return limit
}

const types: Readonly<Record<string, 'string' | 'number' | 'boolean'>> = {
  model: 'string',
  temperature: 'number',
  top_p: 'number',
  top_k: 'number',
  n: 'number',
  stream: 'boolean',
  parallel_tool_calls: 'boolean',
  reasoning_effort: 'string',
  user: 'string',
  service_tier: 'string',
}

function checkScalars(body: Json): void {
  for (const [name, type] of Object.entries(types)) {
    const value = body[name]
    if (value !== undefined && value !== null && typeof value !== type) throw malformed(`${name} is not a ${type}`, name)
  }
}

/** `null` means absent everywhere in a request. */
function withoutNulls(chat: ChatRequest): ChatRequest {
  for (const [name, value] of Object.entries(chat)) if (value === null) delete chat[name]
  return chat
}

function stopsOf(stop: unknown): string[] {
  if (stop === undefined || stop === null) return []
  const stops: unknown[] = Array.isArray(stop) ? stop : [stop]
  return stops.map((text) => {
    if (typeof text !== 'string') throw malformed('stop is neither a text nor a list of texts', 'stop')
    return text
  }).filter((text) => text !== '')
}

function toolsOf(tools: unknown, functions: unknown): ChatTool[] {
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) throw malformed('tools is not a list', 'tools')
  const legacy = Array.isArray(functions) ? functions.map((one: unknown) => ({ type: 'function', function: one })) : []
  return [...((tools ?? []) as unknown[]), ...legacy].map((tool, index) => toolOf(tool, `tools[${index}]`))
}

function toolOf(tool: unknown, at: string): ChatTool {
  if (!isRecord(tool)) throw malformed('a tool is not an object', at)
  if (tool['type'] === 'custom' && isRecord(tool['custom']) && textIn(tool['custom']['name']) !== undefined) {
    return tool as unknown as ChatTool
  }
  const own = tool['function']
  if (tool['type'] !== 'function' || !isRecord(own)) throw malformed('a tool has neither type function nor custom', `${at}.type`)
  const name = textIn(own['name'])
  if (name === undefined) throw malformed('a function without a name', `${at}.function.name`)
  const { parameters } = own
  if (parameters !== undefined && parameters !== null && !isRecord(parameters)) {
    throw malformed('the parameters of a function are not an object', `${at}.function.parameters`)
  }
  return {
    type: 'function',
    function: {
      name,
      ...(typeof own['description'] === 'string' && { description: own['description'] }),
      ...(isRecord(parameters) && { parameters }),
      ...(typeof own['strict'] === 'boolean' && { strict: own['strict'] }),
    },
    ...cacheControlOf(tool),
  }
}

function legacyChoice(choice: unknown): unknown {
  return isRecord(choice) ? { type: 'function', function: choice } : choice
}

function choiceOf(choice: unknown): ChatToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (choice === 'none' || choice === 'auto' || choice === 'required') return choice
  if (choice === 'any') return 'required' // Mistral's word
  if (isRecord(choice) && choice['type'] === 'function' && isRecord(choice['function'])) {
    const name = textIn(choice['function']['name'])
    if (name !== undefined) return { type: 'function', function: { name } }
  }
  throw malformed('tool_choice is none, auto, required or names a function', 'tool_choice')
}

function formatOf(format: unknown): ResponseFormat {
  if (isRecord(format)) {
    const { type, json_schema: schema } = format
    if (type === 'text' || type === 'json_object') return { type }
    if (type === 'json_schema' && isRecord(schema)) {
      if (schema['schema'] !== undefined && !isRecord(schema['schema'])) {
        throw malformed('the schema is not an object', 'response_format.json_schema.schema')
      }
      return format as unknown as ResponseFormat
    }
  }
  throw malformed('response_format is text, json_object or json_schema', 'response_format')
}

