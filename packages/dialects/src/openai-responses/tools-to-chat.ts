import { isRecord } from '../is-record.ts'
import type { ChatRequest, ChatTool, ChatToolChoice } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { hostedChoiceRule, hostedToolRule } from './rules.ts'

/** Reads the tools and which of them may be called. */
export function toolsToChat({ tools, tool_choice: choice, parallel_tool_calls: parallel }: Json): Pick<ChatRequest, 'tools' | 'tool_choice' | 'parallel_tool_calls'> {
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) throw malformed('tools is not a list', 'tools')
  const all = (tools ?? []).map((tool: unknown, index: number) => toolOf(tool, `tools[${index}]`))
  const allowed = isRecord(choice) && choice['type'] === 'allowed_tools' ? namesOf(choice) : undefined
  const kept = allowed ? all.filter(({ function: { name } }) => allowed.has(name)) : all
  if (kept.length === 0) return {}
  const chosen = choiceOf(choice)
  return { tools: kept, ...(chosen !== undefined && { tool_choice: chosen }), ...(typeof parallel === 'boolean' && { parallel_tool_calls: parallel }) }
}

function toolOf(tool: unknown, at: string): Extract<ChatTool, { type: 'function' }> {
  if (!isRecord(tool)) throw malformed('a tool is not an object', at)
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

function namesOf({ tools }: Json): ReadonlySet<unknown> {
  if (!Array.isArray(tools)) throw malformed('allowed_tools without a list of tools', 'tool_choice.tools')
  return new Set(tools.map((tool: unknown, index) => {
    if (!isRecord(tool) || tool['type'] !== 'function') throw refusal(hostedChoiceRule, `tool_choice.tools[${index}].type`)
    return tool['name']
  }))
}

function choiceOf(choice: unknown): ChatToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined
  if (choice === 'none' || choice === 'auto' || choice === 'required') return choice
  if (isRecord(choice)) {
    if (choice['type'] === 'allowed_tools') return choice['mode'] === 'required' ? 'required' : 'auto'
    const name = textIn(choice['name'])
    if (choice['type'] === 'function' && name !== undefined) return { type: 'function', function: { name } }
  }
  throw refusal(hostedChoiceRule, 'tool_choice')
}
