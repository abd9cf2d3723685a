import { strictSchema } from '../openai-chat/strict-schema.ts'
import { shortUser } from '../openai-chat/short-user.ts'
import type { ChatRequest, ChatTool, ChatToolChoice, ResponseFormat } from '../pivot/chat-request.ts'
import type { Json } from '../translate/json.ts'
import { refuseMembers, refusal } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { maxToolName } from './max-tool-name.ts'
import { messagesFromChat, textOf } from './messages-from-chat.ts'
import { customToolRule, requestFromChatRules } from './rules.ts'

/** Members that mean the same in a chat. */
const same = ['model', 'temperature', 'top_p', 'stream', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention', 'service_tier', 'metadata', 'top_logprobs'] as const
/** The least that OpenAI takes. */
const leastTokens = 16

/** Writes a request of the Responses API: nothing but what it knows, for it refuses the rest. */
export function requestFromChat(chat: ChatRequest, context: TranslationContext): Json {
  refuseMembers(requestFromChatRules, chat)
  const { max_completion_tokens: limit, user } = chat
  const body: Json = {}
  for (const name of same) if (chat[name] !== undefined) body[name] = chat[name]
  addInput(body, chat, context)
  if (limit !== undefined) body['max_output_tokens'] = Math.max(leastTokens, limit)
  addTools(body, chat, context)
  addText(body, chat)
  if (user !== undefined) body['user'] = shortUser(user)
  addReasoning(body, chat)
  body['store'] = chat['store'] === true
  return body
}

/** The system speaks first in `instructions`; what it says later keeps its place. */
function addInput(body: Json, { messages }: ChatRequest, context: TranslationContext): void {
  const [first, ...rest] = messages
  const isSystem = first?.role === 'system' && rest.length > 0
  if (isSystem) body['instructions'] = textOf(first.content)
  body['input'] = isSystem ? messagesFromChat(rest, 1, context) : messagesFromChat(messages, 0, context)
}

/** What was thought can come back in the next turn in cipher alone, for nothing is stored; only models that think know it. */
function addReasoning(body: Json, { reasoning_effort: effort, logprobs }: ChatRequest): void {
  const include: string[] = []
  if (effort !== undefined) {
    body['reasoning'] = { effort }
    if (effort !== 'none') include.push('reasoning.encrypted_content')
  }
  if (logprobs === true) include.push('message.output_text.logprobs')
  if (include.length > 0) body['include'] = include
}

function addText(body: Json, { response_format: format, verbosity }: ChatRequest): void {
  if (format === undefined && verbosity === undefined) return
  body['text'] = { ...(format && { format: formatFor(format) }), ...(verbosity !== undefined && { verbosity }) }
}

function formatFor(format: ResponseFormat): Json {
  if (format.type !== 'json_schema') return { type: format.type }
  const { name, description, strict, schema } = format.json_schema
  const whole = schema ?? { type: 'object' }
  return {
    type: 'json_schema',
    name,
    ...(description !== undefined && { description }),
    ...(typeof strict === 'boolean' && { strict }),
    schema: strict === true ? strictSchema(whole) : whole,
  }
}

function addTools(body: Json, { tools, tool_choice: choice, parallel_tool_calls: parallel }: ChatRequest, context: TranslationContext): void {
  const functions = (tools ?? []).flatMap((tool, index) => toolFor(tool, `tools[${index}]`, context))
  if (functions.length === 0) return
  body['tools'] = functions
  if (choice !== undefined) body['tool_choice'] = choiceFor(choice, context)
  if (parallel !== undefined) body['parallel_tool_calls'] = parallel
}

/** Strictness is the default here, and the exception in a chat. */
function toolFor(tool: ChatTool, at: string, context: TranslationContext): Json[] {
  if (tool.type === 'server') return []
  if (tool.type === 'custom') throw refusal(customToolRule, `${at}.type`)
  const { name, description, parameters, strict } = tool.function
  return [
    {
      type: 'function',
      name: context.toolNames.toProvider(name, maxToolName),
      ...(typeof description === 'string' && { description }),
      parameters: parameters ?? { type: 'object', properties: {} },
      strict: strict === true,
    },
  ]
}

function choiceFor(choice: ChatToolChoice, context: TranslationContext): unknown {
  if (typeof choice === 'string') return choice
  return { type: 'function', name: context.toolNames.toProvider(choice.function.name, maxToolName) }
}
