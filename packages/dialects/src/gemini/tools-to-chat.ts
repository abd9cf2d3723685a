import { isRecord } from '../is-record.ts'
import type { ChatTool, ServerToolKind } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { member } from './member.ts'
import { unknownToolRule } from './rules.ts'
import { schemaIn } from './schema.ts'

/** Tools that Google runs. */
const kinds: readonly (readonly [name: string, kind: ServerToolKind])[] = [
  ['googleSearch', 'web_search'],
  ['googleSearchRetrieval', 'web_search'],
  ['urlContext', 'web_fetch'],
  ['codeExecution', 'code_execution'],
  ['computerUse', 'computer'],
]

/** Reads the tools of a request: one entry may hold several. */
export function toolsToChat(tools: unknown): ChatTool[] {
  if (tools === undefined || tools === null) return []
  if (!Array.isArray(tools)) throw malformed('tools is not a list', 'tools')
  return tools.flatMap((tool: unknown, index): ChatTool[] => {
    const at = `tools[${index}]`
    if (!isRecord(tool)) throw malformed('a tool is not an object', at)
    return [...functionsOf(member(tool, 'functionDeclarations'), at), ...serverToolsOf(tool, at)]
  })
}

function functionsOf(declarations: unknown, at: string): ChatTool[] {
  if (declarations === undefined || declarations === null) return []
  if (!Array.isArray(declarations)) throw malformed('functionDeclarations is not a list', `${at}.functionDeclarations`)
  return declarations.map((one: unknown, index) => functionOf(one, `${at}.functionDeclarations[${index}]`))
}

function functionOf(declaration: unknown, at: string): ChatTool {
  const name = isRecord(declaration) ? textIn(declaration['name']) : undefined
  if (!isRecord(declaration) || name === undefined) throw malformed('a function without a name', `${at}.name`)
  const { description } = declaration
  const schema = schemaIn(member(declaration, 'parametersJsonSchema'), declaration['parameters'])
  return { type: 'function', function: { name, ...(typeof description === 'string' && { description }), ...(schema && { parameters: schema }) } }
}

function serverToolsOf(tool: Json, at: string): ChatTool[] {
  const known = kinds.filter(([name]) => member(tool, name) !== undefined)
  const others = Object.keys(tool).filter((name) => !/^function_?[dD]eclarations$/.test(name))
  if (others.length > known.length) throw refusal(unknownToolRule, at)
  return known.map(([name, kind]) => ({ type: 'server', server: { kind, native: { [name]: member(tool, name) }, dialect: 'gemini' } }))
}
