import { isRecord } from '../is-record.ts'
import type { ChatRequest, ChatToolChoice, FunctionTool } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { customToolToChat } from './custom-tools.ts'
import { hostedChoiceRule, hostedToolRule } from './rules.ts'

/** Reads the tools and which of them may be called. */
export function toolsToChat(
  { tools, tool_choice: choice, parallel_tool_calls: parallel }: Json,
  context: TranslationContext,
): Pick<ChatRequest, 'tools' | 'tool_choice' | 'parallel_tool_calls'> {
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) throw malformed('tools is not a list', 'tools')
  const all = (tools ?? []).map((tool: unknown, index: number) => toolOf(tool, `tools[${index}]`, context))
  const allowed = isRecord(choice) && choice['type'] === 'allowed_tools' ? namesOf(choice) : undefined
  const kept = allowed ? all.filter(({ function: { name } }) => allowed.has(name)) : all
  if (kept.length === 0) return {}
  const chosen = choiceOf(choice)
  return { tools: kept, ...(chosen !== undefined && { tool_choice: chosen }), ...(typeof parallel === 'boolean' && { parallel_tool_calls: parallel }) }
}

function toolOf(tool: unknown, at: string, context: TranslationContext): FunctionTool {
  if (!isRecord(tool)) throw malformed('a tool is not an object', at)
  if (tool['type'] === 'custom') {
    const custom = customToolToChat(tool, at)
    context.customTools.add(custom.function.name)
    return custom
  }
  if (tool['type'] !== 'function') throw refusal(hostedToolRule, `${at}.type`)
  const name = textIn(tool['name'])
  if (name === undefined) throw malformed('a function without a name', `${at}.name`)
  const { description, parameters, strict } = tool
  if (parameters !== undefined && parameters !== null && !isRecord(parameters)) throw malformed('the parameters of a function are not an object', `${at}.parameters`)
  return {
    type: 'function',
    function: {
      name,
      ...(typeof description === 'string' && { description }),
      ...(isRecord(parameters) && { parameters }),
      ...(strict === true && { strict }),
    },
  }
}

/** The types of tools that the client runs itself. */
function isOwn(type: unknown): boolean {
  return type === 'function' || type === 'custom'
}

function namesOf({ tools }: Json): ReadonlySet<unknown> {
  if (!Array.isArray(tools)) throw malformed('allowed_tools without a list of tools', 'tool_choice.tools')
  return new Set(tools.map((tool: unknown, index) => {
    if (!isRecord(tool) || !isOwn(tool['type'])) throw refusal(hostedChoiceRule, `tool_choice.tools[${index}].type`)
    return tool['name']
  }))
}

function choiceOf(choice: unknown): ChatToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (choice === 'none' || choice === 'auto' || choice === 'required') return choice
  if (isRecord(choice)) {
    if (choice['type'] === 'allowed_tools') return choice['mode'] === 'required' ? 'required' : 'auto'
    const name = textIn(choice['name'])
    if (isOwn(choice['type']) && name !== undefined) return { type: 'function', function: { name } }
  }
  throw refusal(hostedChoiceRule, 'tool_choice')
}
