import { isRecord } from '../is-record.ts'
import type { CacheControl, ToolMessage, UserPart } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { objectIn, textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import type { DocumentNames } from './documents.ts'
import { userPartsOf, partFor } from './parts.ts'
import { soundResultRule } from './rules.ts'
import { toolUseIdFor } from './tool-ids.ts'

/** The result of a tool as a block. */
export function resultFor({ tool_call_id: id, content, is_error }: ToolMessage, at: string, names: DocumentNames, hasShortIds: boolean): Json {
  return {
    toolResult: {
      toolUseId: toolUseIdFor(id, hasShortIds),
      content: typeof content === 'string' ? textFor(content) : content.flatMap((part, index) => inResult(part, `${at}.content[${index}]`, names)),
      ...(is_error === true && { status: 'error' }),
    },
  }
}

/** The mark for the cache of a result, or of anything in it: it stands behind the whole. */
export function markOf({ content, cache_control: own }: ToolMessage): CacheControl | undefined {
  if (own || typeof content === 'string') return own
  return content.map((part) => (part.type === 'input_audio' ? undefined : part.cache_control)).find((mark) => mark !== undefined)
}

/** Bedrock knows results that are objects; an empty text it refuses. */
function textFor(text: string): Json[] {
  const object = objectIn(text)
  if (object) return [{ json: object }]
  return text.trim() === '' ? [] : [{ text }]
}

function inResult(part: UserPart, at: string, names: DocumentNames): Json[] {
  if (part.type === 'input_audio') throw refusal(soundResultRule, at)
  return partFor(part, at, names)
}

/** Reads a `toolResult` block. */
export function resultOf(result: unknown, at: string): ToolMessage {
  const id = isRecord(result) ? textIn(result['toolUseId']) : undefined
  if (!isRecord(result) || id === undefined) throw malformed('a toolResult does not say to which call', `${at}.toolResult.toolUseId`)
  const { content } = result
  if (content !== undefined && content !== null && !Array.isArray(content)) throw malformed('the content of a toolResult is not a list', `${at}.toolResult.content`)
  const parts = (content ?? []).flatMap((block: unknown, index: number) => partOf(block, `${at}.toolResult.content[${index}]`))
  return { role: 'tool', tool_call_id: id, content: plainly(parts), ...(result['status'] === 'error' && { is_error: true }) }
}

function partOf(block: unknown, at: string): UserPart[] {
  if (!isRecord(block)) throw malformed('a block is not an object', at)
  return block['json'] === undefined ? userPartsOf(block, at) : [{ type: 'text', text: JSON.stringify(block['json']) }]
}

/** One text is as good as a list of it, and nothing as an empty one. */
function plainly(parts: UserPart[]): ToolMessage['content'] {
  const [only, ...others] = parts
  if (only === undefined) return ''
  return only.type === 'text' && others.length === 0 ? only.text : parts
}
