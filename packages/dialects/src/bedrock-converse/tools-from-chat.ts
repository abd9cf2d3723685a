import type { ChatRequest, ChatTool, ChatToolChoice } from '../pivot/chat-request.ts'
import type { Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { cachePointFor } from './cache-points.ts'
import { maxToolName } from './max-tool-name.ts'
import type { ModelTraits } from './models.ts'
import { customToolRule } from './rules.ts'

/** What a request says about tools: `toolConfig`, and what Bedrock has no word for. */
export interface Tools {
  readonly config?: Json
  /** Tools have to be declared, and none is to be called. */
  readonly mustNotCall: boolean
}

/** Writes the tools of a request. Bedrock refuses calls in the history unless there are some, and cannot be told to call none. */
export function toolsFromChat(chat: ChatRequest, context: TranslationContext, traits: ModelTraits): Tools {
  const given = (chat.tools ?? []).flatMap((tool, index) => toolFor(tool, `tools[${index}]`, context, traits))
  const called = namesOfCalls(chat)
  if (given.length === 0) {
    if (called.size === 0) return { mustNotCall: false }
    const tools = [...called].map((name) => ({ toolSpec: { name: context.toolNames.toProvider(name, maxToolName), inputSchema: { json: { type: 'object' } } } }))
    return { config: { tools }, mustNotCall: true }
  }
  const { tool_choice: choice } = chat
  if (choice === 'none') return called.size === 0 ? { mustNotCall: false } : { config: { tools: given }, mustNotCall: true }
  return { config: { tools: given, ...(choice !== undefined && { toolChoice: choiceFor(choice, context) }) }, mustNotCall: false }
}

function namesOfCalls({ messages }: ChatRequest): ReadonlySet<string> {
  return new Set(messages.flatMap((message) => (message.role === 'assistant' ? (message.tool_calls ?? []) : [])).map((call) => call.function.name))
}

function toolFor(tool: ChatTool, at: string, context: TranslationContext, { caches, takesSchemas, ...traits }: ModelTraits): Json[] {
  if (tool.type === 'server') return tool.server.dialect === 'bedrock-converse' ? [tool.server.native] : []
  if (tool.type === 'custom') throw refusal(customToolRule, `${at}.type`)
  const { name, description, parameters, strict } = tool.function
  const toolSpec = {
    name: context.toolNames.toProvider(name, maxToolName),
    ...(typeof description === 'string' && description.trim() !== '' && { description }),
    inputSchema: { json: { properties: {}, ...parameters, type: 'object' } },
    ...(takesSchemas && strict === true && { strict }),
  }
  return [{ toolSpec }, ...(caches === 'everywhere' ? cachePointFor(tool.cache_control, { ...traits, caches, takesSchemas }) : [])]
}

function choiceFor(choice: Exclude<ChatToolChoice, 'none'>, context: TranslationContext): Json {
  if (choice === 'auto') return { auto: {} }
  if (choice === 'required') return { any: {} }
  return { tool: { name: context.toolNames.toProvider(choice.function.name, maxToolName) } }
}
