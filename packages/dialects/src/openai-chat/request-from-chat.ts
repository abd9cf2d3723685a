import type { ChatExtension } from '@sluice/provider'
import type { ChatRequest, ChatTool, ChatToolChoice, ResponseFormat } from '../pivot/chat-request.ts'
import { refuseMembers } from '../translate/rule.ts'
import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { maxToolName } from './max-tool-name.ts'
import { messagesFromChat } from './messages-from-chat.ts'
import { requestFromChatRules } from './rules.ts'
import { strictSchema } from './strict-schema.ts'
import { shortUser } from './short-user.ts'

/** https://platform.openai.com/docs/api-reference/chat/create: a fifth is a 400. */
const maxStops = 4

/** Members of a request that a strict server refuses unless it knows them. */
const notEverywhere: readonly ChatExtension[] = ['top_k', 'thinking', 'verbosity', 'prompt_cache_key', 'prompt_cache_retention', 'safety_identifier']

/** Writes a chat completion request for a provider: what every server takes, and of the extensions those that it takes. */
export function requestFromChat(chat: ChatRequest, context: TranslationContext): Json {
  refuseMembers(requestFromChatRules, chat)
  const takes = new Set<string>(context.options.extensions)
  const { messages, max_completion_tokens, tools, tool_choice, parallel_tool_calls, response_format, stop, user = endUserOf(chat, takes), stream, ...others } = chat
  const body: Json = { ...others, messages: messagesFromChat(messages, context, takes) }
  for (const name of notEverywhere) if (!takes.has(name)) delete body[name]
  if (max_completion_tokens !== undefined) body[context.options.tokenLimit ?? 'max_completion_tokens'] = max_completion_tokens
  const functions = (tools ?? []).flatMap((tool) => toolFor(tool, context, takes))
  if (functions.length > 0) {
    body['tools'] = functions
    if (tool_choice !== undefined) body['tool_choice'] = choiceFor(tool_choice, context)
    if (parallel_tool_calls !== undefined) body['parallel_tool_calls'] = parallel_tool_calls
  }
  if (response_format !== undefined) body['response_format'] = formatFor(response_format)
  if (stop !== undefined) body['stop'] = stop.slice(0, maxStops)
  if (user !== undefined) body['user'] = shortUser(user)
  if (refusesEffort(chat.model)) delete body['reasoning_effort']
  delete body['stream_options']
  if (stream === true) {
    body['stream'] = true
    body['stream_options'] = { include_usage: true }
  }
  return body
}

/** The other name of `user`, where the provider does not know it. */
function endUserOf({ safety_identifier: name }: ChatRequest, takes: ReadonlySet<string>): string | undefined {
  return typeof name === 'string' && !takes.has('safety_identifier') ? name : undefined
}

/** OpenAI's models that do not reason answer 400 to an effort; who else does not know it mostly overlooks it. */
function refusesEffort(model = ''): boolean {
  return /(^|\/)(chatgpt-4|gpt-3\.5|gpt-4)/.test(model)
}

/** Nothing for a tool that the provider would have to run. */
function toolFor(tool: ChatTool, context: TranslationContext, takes: ReadonlySet<string>): Json[] {
  if (tool.type === 'server') return []
  if (tool.type === 'custom') return [{ ...tool }]
  const written: Json = { type: 'function', function: { ...tool.function, name: context.toolNames.toProvider(tool.function.name, maxToolName) } }
  if (tool.cache_control && takes.has('cache_control')) written['cache_control'] = tool.cache_control
  return [written]
}

function choiceFor(choice: ChatToolChoice, context: TranslationContext): unknown {
  if (typeof choice === 'string') return choice
  return { type: 'function', function: { name: context.toolNames.toProvider(choice.function.name, maxToolName) } }
}

function formatFor(format: ResponseFormat): ResponseFormat {
  if (format.type !== 'json_schema' || format.json_schema.strict !== true || !format.json_schema.schema) return format
  return { ...format, json_schema: { ...format.json_schema, schema: strictSchema(format.json_schema.schema) } }
}
