import { isRecord } from '../is-record.ts'
import type { ChatRequest, ChatTool, ChatToolChoice, FunctionTool, ServerToolKind } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { cachePointIn } from './cache-points.ts'
import { unknownToolRule } from './rules.ts'

/** Tools that Bedrock runs: https://docs.aws.amazon.com/nova/latest/nova2-userguide/using-tools.html */
const kinds: ReadonlyMap<unknown, ServerToolKind> = new Map([
  ['nova_grounding', 'web_search'],
  ['nova_code_interpreter', 'code_execution'],
])

/** Reads `toolConfig`. */
export function toolsToChat(config: unknown): Pick<ChatRequest, 'tools' | 'tool_choice'> {
  if (config === undefined || config === null) return {}
  if (!isRecord(config)) throw malformed('toolConfig is not an object', 'toolConfig')
  const tools = listOf(config['tools'])
  if (tools.length === 0) return {}
  const { toolChoice: choice } = config
  return { tools, ...(isRecord(choice) && { tool_choice: choiceOf(choice) }) }
}

function listOf(tools: unknown): ChatTool[] {
  if (!Array.isArray(tools)) throw malformed('tools is not a list', 'toolConfig.tools')
  const read: ChatTool[] = []
  for (const [index, tool] of tools.entries()) {
    const at = `toolConfig.tools[${index}]`
    if (!isRecord(tool)) throw malformed('a tool is not an object', at)
    const mark = cachePointIn(tool)
    const last = read.at(-1)
    if (!mark) read.push(toolOf(tool, at))
    else if (last?.type === 'function') last.cache_control = mark
  }
  return read
}

function toolOf(tool: Json, at: string): ChatTool {
  const { toolSpec: spec, systemTool: system } = tool
  if (isRecord(spec)) return functionOf(spec, `${at}.toolSpec`)
  const kind = isRecord(system) ? kinds.get(system['name']) : undefined
  if (kind === undefined) throw refusal(unknownToolRule, at)
  return { type: 'server', server: { kind, native: tool, dialect: 'bedrock-converse' } }
}

function functionOf({ name: given, description, inputSchema: input, strict }: Json, at: string): FunctionTool {
  const name = textIn(given)
  const schema = isRecord(input) ? input['json'] : undefined
  if (name === undefined) throw malformed('a tool without a name', `${at}.name`)
  if (!isRecord(schema)) throw malformed('inputSchema.json is not an object', `${at}.inputSchema.json`)
  return {
    type: 'function',
    function: { name, ...(typeof description === 'string' && { description }), parameters: schema, ...(typeof strict === 'boolean' && { strict }) },
  }
}

function choiceOf({ auto, any, tool }: Json): ChatToolChoice {
  const name = isRecord(tool) ? textIn(tool['name']) : undefined
  if (name !== undefined) return { type: 'function', function: { name } }
  if (isRecord(any)) return 'required'
  if (isRecord(auto)) return 'auto'
  throw malformed('toolChoice is auto, any, or a tool by its name', 'toolConfig.toolChoice')
}
