import { isRecord } from '../is-record.ts'
import type { ChatRequest, ChatToolChoice, ResponseFormat, SystemMessage } from '../pivot/chat-request.ts'
import { effortOf } from '../translate/effort.ts'
import { unsupportedThread } from '../anthropic-messages.ts'
import { malformed, Untranslatable } from '../translate/errors.ts'
import { numberIn, textIn, type Json } from '../translate/json.ts'
import { refuseMembers } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { messagesToChat } from './messages-to-chat.ts'
import { textPartOf } from './parts-to-chat.ts'
import { requestToChatRules, threadRule } from './rules.ts'
import { thinkingControlOf } from './thinking-control.ts'
import { toolToChat } from './tools-to-chat.ts'

/** Reads a Messages request. Only what is known here comes through: a provider would refuse the rest. */
export function requestToChat(body: Json, context: TranslationContext): ChatRequest {
  if (isRecord(body['thread'])) throw new Untranslatable(unsupportedThread, threadRule.how, threadRule.what)
  refuseMembers(requestToChatRules, body)
  const chat: ChatRequest = { messages: [...systemOf(body['system']), ...messagesToChat(body['messages'])] }
  const model = textIn(body['model'])
  if (model !== undefined) chat.model = model
  context.model = model ?? ''
  const limit = body['max_tokens']
  if (limit !== undefined && limit !== null) chat.max_completion_tokens = tokenLimit(limit)
  for (const name of ['temperature', 'top_p', 'top_k'] as const) {
    const value = numberIn(body[name])
    if (value !== undefined) chat[name] = value
  }
  const stops = Array.isArray(body['stop_sequences']) ? body['stop_sequences'].filter((text) => typeof text === 'string' && text !== '') : []
  if (stops.length > 0) chat.stop = stops
  if (typeof body['stream'] === 'boolean') chat.stream = body['stream']
  addTools(chat, body)
  addThinking(chat, body)
  const format = formatOf(body)
  if (format) chat.response_format = format
  const user = isRecord(body['metadata']) ? textIn(body['metadata']['user_id']) : undefined
  if (user !== undefined) chat.user = user
  const tier = textIn(body['service_tier'])
  if (tier !== undefined) chat.service_tier = tier === 'standard_only' ? 'default' : tier
  return chat
}

function tokenLimit(limit: unknown): number {
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1) throw malformed('max_tokens is a whole number above 0', 'max_tokens')
  return limit
}

function systemOf(system: unknown): SystemMessage[] {
  if (system === undefined || system === null || system === '') return []
  if (typeof system === 'string') return [{ role: 'system', content: system }]
  if (!Array.isArray(system)) throw malformed('system is neither a text nor a list of text blocks', 'system')
  const parts = system.map((block: unknown, index) => textPartOf(block, `system[${index}]`)).flatMap((part) => {
    const text = withoutBillingHash(part.text)
    return text === '' ? [] : [{ ...part, text }]
  })
  return parts.length === 0 ? [] : [{ role: 'system', content: parts }]
}

const billing = 'x-anthropic-billing-header:'

/** Claude Code writes a hash of the request into its first block: with another provider it would only defeat the cache. */
function withoutBillingHash(text: string): string {
  if (!text.startsWith(billing)) return text
  const rest = text.slice(billing.length).replace(/\s*\bcch=[^;]*;?/, '')
  return rest.trim() === '' ? '' : billing + rest
}

function addTools(chat: ChatRequest, body: Json): void {
  const { tools, tool_choice: choice } = body
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) throw malformed('tools is not a list', 'tools')
  const read = (tools ?? []).flatMap((tool: unknown, index: number) => toolToChat(tool, `tools[${index}]`))
  if (read.length === 0) return
  chat.tools = read
  if (!isRecord(choice)) return
  chat.tool_choice = choiceOf(choice)
  if (choice['disable_parallel_tool_use'] === true) chat.parallel_tool_calls = false
}

function choiceOf({ type, name }: Json): ChatToolChoice {
  if (type === 'auto' || type === 'none') return type
  if (type === 'any') return 'required'
  const wanted = textIn(name)
  if (type === 'tool' && wanted !== undefined) return { type: 'function', function: { name: wanted } }
  throw malformed('tool_choice is auto, any, none, or names a tool', 'tool_choice')
}

function addThinking(chat: ChatRequest, { thinking, output_config: output }: Json): void {
  const effort = isRecord(output) ? textIn(output['effort']) : undefined
  if (isRecord(thinking)) {
    const control = thinkingControlOf(thinking, 'thinking')
    chat.thinking = control
    if (control.type === 'enabled') chat.reasoning_effort = effortOf(control.budget_tokens)
    if (control.type === 'adaptive') chat.reasoning_effort = effort ?? 'medium'
  } else if (effort !== undefined) chat.reasoning_effort = effort
}

function formatOf({ output_format, output_config: output }: Json): ResponseFormat | undefined {
  const format = isRecord(output_format) ? output_format : isRecord(output) && output['format']
  if (!isRecord(format) || format['type'] !== 'json_schema' || !isRecord(format['schema'])) return undefined
  if (Object.keys(format['schema']).length === 0) return undefined
  return { type: 'json_schema', json_schema: { name: 'structured_output', strict: true, schema: format['schema'] } }
}
