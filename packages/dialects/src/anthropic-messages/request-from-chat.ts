import type { ChatRequest, ChatTool, ChatToolChoice, SystemMessage } from '../pivot/chat-request.ts'
import { refuseMembers, refusal } from '../translate/rule.ts'
import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { maxToolName } from './max-tool-name.ts'
import { messagesFromChat } from './messages-from-chat.ts'
import { traitsOf } from './models.ts'
import { customToolRule, requestFromChatRules } from './rules.ts'
import { lacksThinking, thinkingFor } from './thinking-from-chat.ts'

const fallbackMaxTokens = 4096
const inJson = 'Answer with one JSON object and nothing else.'

/** Writes a Messages request: nothing but what Anthropic knows, for it refuses the rest. */
export function requestFromChat(chat: ChatRequest, context: TranslationContext): Json {
  refuseMembers(requestFromChatRules, chat)
  const { model, stop, stream, user, service_tier, response_format: format } = chat
  const messages = messagesFromChat(chat.messages, context)
  const body: Json = { ...(model !== undefined && { model }), messages }
  const system = systemFor(chat)
  if (system !== undefined) body['system'] = system
  addTools(body, chat, context)
  const traits = traitsOf(model)
  const thinking = thinkingFor(chat, lacksThinking(messages), context.options.defaultMaxTokens ?? fallbackMaxTokens, traits)
  body['max_tokens'] = thinking.maxTokens
  if (thinking.control) body['thinking'] = thinking.control
  if (!thinking.isOn && !traits.fixedSampling) addSampling(body, chat)
  const stops = (stop ?? []).filter((text) => text.trim() !== '')
  if (stops.length > 0) body['stop_sequences'] = stops
  if (stream !== undefined) body['stream'] = stream
  const id = user ?? chat['safety_identifier']
  if (typeof id === 'string') body['metadata'] = { user_id: id }
  if (service_tier === 'auto') body['service_tier'] = 'auto'
  if (service_tier === 'default') body['service_tier'] = 'standard_only'
  const output: Json = {}
  if (thinking.effort !== undefined) output['effort'] = thinking.effort
  if (format?.type === 'json_schema') output['format'] = { type: 'json_schema', schema: format.json_schema.schema ?? { type: 'object' } }
  if (Object.keys(output).length > 0) body['output_config'] = output
  return body
}

/** One text where texts are all there is; else a block for each part, with its mark for the cache. */
function systemFor({ messages, response_format: format }: ChatRequest): unknown {
  const own = messages.filter((message): message is SystemMessage => message.role === 'system' || message.role === 'developer')
  const contents: SystemMessage['content'][] = own.map(({ content }) => content).filter((content) => content.length > 0)
  if (format?.type === 'json_object') contents.push(inJson)
  if (contents.length === 0) return undefined
  if (contents.every((content) => typeof content === 'string')) return contents.join('\n')
  const blocks = contents.flatMap((content) => (typeof content === 'string' ? [{ type: 'text', text: content }] : content))
  return blocks.filter(({ text }) => text !== '')
}

function addSampling(body: Json, { temperature, top_p, top_k }: ChatRequest): void {
  if (temperature !== undefined) body['temperature'] = Math.min(1, Math.max(0, temperature))
  if (top_p !== undefined) body['top_p'] = top_p
  if (top_k !== undefined) body['top_k'] = top_k
}

function addTools(body: Json, chat: ChatRequest, context: TranslationContext): void {
  const tools = (chat.tools ?? []).flatMap((tool, index) => toolFor(tool, `tools[${index}]`, context))
  if (tools.length > 0) {
    body['tools'] = tools
    const choice = choiceFor(chat, context)
    if (choice) body['tool_choice'] = choice
    return
  }
  const called = new Set(chat.messages.flatMap((message) => (message.role === 'assistant' ? (message.tool_calls ?? []) : [])).map((call) => call.function.name))
  if (called.size === 0) return
  // Anthropic refuses calls in the history of tools that it was not told of.
  body['tools'] = [...called].map((name) => ({ name: context.toolNames.toProvider(name, maxToolName), input_schema: { type: 'object' } }))
  body['tool_choice'] = { type: 'none' }
}

function toolFor(tool: ChatTool, at: string, context: TranslationContext): Json[] {
  if (tool.type === 'server') return tool.server.dialect === 'anthropic-messages' ? [tool.server.native] : []
  if (tool.type === 'custom') throw refusal(customToolRule, `${at}.type`)
  const { name, description, parameters, strict } = tool.function
  return [
    {
      name: context.toolNames.toProvider(name, maxToolName),
      ...(typeof description === 'string' && { description }),
      input_schema: { properties: {}, ...parameters, type: 'object' },
      ...(typeof strict === 'boolean' && { strict }),
      ...(tool.cache_control && { cache_control: tool.cache_control }),
    },
  ]
}

function choiceFor({ tool_choice: choice, parallel_tool_calls: parallel }: ChatRequest, context: TranslationContext): Json | undefined {
  const alone = parallel === false && { disable_parallel_tool_use: true }
  if (choice === undefined) return parallel === false ? { type: 'auto', ...alone } : undefined
  return choice === 'none' ? { type: 'none' } : { ...chosen(choice, context), ...alone }
}

function chosen(choice: Exclude<ChatToolChoice, 'none'>, context: TranslationContext): Json {
  if (choice === 'auto') return { type: 'auto' }
  if (choice === 'required') return { type: 'any' }
  return { type: 'tool', name: context.toolNames.toProvider(choice.function.name, maxToolName) }
}
