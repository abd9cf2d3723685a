import { isRecord } from '../is-record.ts'
import type { ChatTool, ServerToolKind } from '../pivot/chat-request.ts'
import { cacheControlOf } from '../translate/cache-control.ts'
import { malformed } from '../translate/errors.ts'
import { refusal } from '../translate/rule.ts'
import { textIn } from '../translate/json.ts'
import { unknownToolRule } from './rules.ts'

/** Beginnings of the types of tools that Anthropic runs, or that its models were trained on. */
const kinds: readonly (readonly [start: string, kind: ServerToolKind])[] = [
  ['web_search_', 'web_search'],
  ['web_fetch_', 'web_fetch'],
  ['code_execution_', 'code_execution'],
  ['computer_', 'computer'],
  ['bash_', 'bash'],
  ['text_editor_', 'text_editor'],
  ['memory_', 'memory'],
]

/** Reads one tool; nothing for one without a name. */
export function toolToChat(tool: unknown, at: string): ChatTool[] {
  if (!isRecord(tool)) throw malformed('a tool is not an object', at)
  const type = textIn(tool['type']) ?? 'custom'
  if (type !== 'custom') {
    const kind = kinds.find(([start]) => type.startsWith(start))?.[1]
    if (!kind) throw refusal(unknownToolRule, `${at}.type`)
    return [{ type: 'server', server: { kind, native: tool, dialect: 'anthropic-messages' } }]
  }
  const name = textIn(tool['name'])
  if (name === undefined) return []
  const { description, input_schema: schema, strict } = tool
  if (schema !== undefined && schema !== null && !isRecord(schema)) throw malformed('input_schema is not an object', `${at}.input_schema`)
  return [
    {
      type: 'function',
      function: {
        name,
        ...(typeof description === 'string' && { description }),
        ...(isRecord(schema) && { parameters: schema }),
        ...(typeof strict === 'boolean' && { strict }),
      },
      ...cacheControlOf(tool),
    },
  ]
}
