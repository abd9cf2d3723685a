import { isRecord } from '../is-record.ts'
import type { AssistantMessage, CacheControl, ChatMessage, ChatToolCall, SystemMessage, TextPart, ToolMessage, UserPart } from '../pivot/chat-request.ts'
import type { ReasoningDetail } from '../pivot/reasoning.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { cachePointIn } from './cache-points.ts'
import { guardedOf, userPartsOf } from './parts.ts'
import { reasoningOf } from './reasoning.ts'
import { unknownBlockRule } from './rules.ts'
import { resultOf } from './tool-results.ts'

type Markable = { cache_control?: CacheControl }

/** Reads `system`; nothing where it says nothing. */
export function systemOf(system: unknown): SystemMessage[] {
  if (system === undefined || system === null) return []
  if (!Array.isArray(system)) throw malformed('system is not a list of blocks', 'system')
  const parts = textsOf(system, 'system')
  return parts.length === 0 ? [] : [{ role: 'system', content: parts }]
}

/** Reads blocks where texts alone can stand, with their marks for the cache. */
function textsOf(blocks: readonly unknown[], at: string): TextPart[] {
  const parts: TextPart[] = []
  for (const [index, block] of blocks.entries()) {
    const place = `${at}[${index}]`
    if (!isRecord(block)) throw malformed('a block is not an object', place)
    const mark = cachePointIn(block)
    const part = mark ? undefined : textOf(block, place)
    if (mark) putMark(parts.at(-1), mark)
    else if (part && part.text !== '') parts.push(part)
  }
  return parts
}

function textOf(block: Json, at: string): TextPart {
  const part = block['guardContent'] === undefined ? undefined : guardedOf(block['guardContent'], at)
  if (part?.type === 'text') return part
  if (typeof block['text'] !== 'string') throw malformed('only text can stand here', at)
  return { type: 'text', text: block['text'] }
}

/** Reads the messages of a Converse request. The results of tools become messages of their own, before what the user says. */
export function messagesToChat(messages: unknown): ChatMessage[] {
  if (!Array.isArray(messages) || messages.length === 0) throw malformed('missing messages', 'messages')
  return messages.flatMap((message: unknown, index): ChatMessage[] => {
    const at = `messages[${index}]`
    if (!isRecord(message)) throw malformed('a message is not an object', at)
    const { role, content } = message
    if (!Array.isArray(content) || !content.every(isRecord)) throw malformed('content is not a list of blocks', `${at}.content`)
    if (role === 'user') return userMessages(content, `${at}.content`)
    if (role === 'assistant') return [assistantMessage(content, `${at}.content`)]
    if (role === 'system') return [{ role, content: textsOf(content, `${at}.content`) }]
    throw malformed('the role of a message is user or assistant', `${at}.role`)
  })
}

/** A mark belongs to what stands before it; sounds have none. */
function putMark(marked: (Markable & { readonly type?: string }) | undefined, mark: CacheControl): void {
  if (marked && marked.type !== 'input_audio') marked.cache_control = mark
}

function userMessages(blocks: readonly Json[], at: string): ChatMessage[] {
  const results: ToolMessage[] = []
  const said: UserPart[] = []
  let last: Markable | undefined
  for (const [index, block] of blocks.entries()) {
    const place = `${at}[${index}]`
    const mark = cachePointIn(block)
    if (mark) putMark(last, mark)
    else if (block['toolResult'] !== undefined) {
      // What a tool said that Bedrock has run belongs to no call of the client's.
      if (isServers(block['toolResult'])) continue
      const result = resultOf(block['toolResult'], place)
      results.push(result)
      last = result
    } else {
      const parts = userPartsOf(block, place)
      said.push(...parts)
      last = parts.at(-1) as Markable | undefined
    }
  }
  if (said.length > 0) return [...results, { role: 'user', content: said }]
  return results.length > 0 ? results : [{ role: 'user', content: '' }]
}

/** Blocks of tools that Bedrock ran, with their results, are left out: no other could say them. */
function assistantMessage(blocks: readonly Json[], at: string): AssistantMessage {
  const texts: TextPart[] = []
  const calls: ChatToolCall[] = []
  const details: ReasoningDetail[] = []
  let thought = ''
  let last: Markable | undefined
  for (const [index, block] of blocks.entries()) {
    const place = `${at}[${index}]`
    const mark = cachePointIn(block)
    if (mark) putMark(last, mark)
    else if (block['toolUse'] !== undefined) {
      if (isServers(block['toolUse'])) continue
      const call = callOf(block['toolUse'], place)
      calls.push(call)
      last = call
    } else if (block['reasoningContent'] !== undefined) {
      const detail = reasoningOf(block['reasoningContent'], details.length)
      if (detail?.type === 'reasoning.text') thought += detail.text ?? ''
      if (detail && isSigned(detail)) details.push(detail)
    } else if (block['toolResult'] === undefined) {
      const part: TextPart = { type: 'text', text: saidIn(block, place) }
      texts.push(part)
      last = part
    }
  }
  const message: AssistantMessage = { role: 'assistant' }
  if (texts.length > 0) message.content = texts
  if (calls.length > 0) message.tool_calls = calls
  if (thought !== '') message.reasoning_content = thought
  if (details.length > 0) message.reasoning_details = details
  return message
}

/** What was not signed is nobody's own. */
function isSigned(detail: ReasoningDetail): boolean {
  return detail.type !== 'reasoning.text' || Boolean(detail.signature)
}

/** What an assistant said: a text, or one with citations, which are left out. */
function saidIn(block: Json, at: string): string {
  if (typeof block['text'] === 'string') return block['text']
  const cited = block['citationsContent']
  if (isRecord(cited)) return Array.isArray(cited['content']) ? cited['content'].filter(isRecord).map(({ text }) => (typeof text === 'string' ? text : '')).join('') : ''
  throw refusal(unknownBlockRule, at)
}

/** Whether a call, or its result, is that of a tool which Bedrock runs. */
function isServers(block: unknown): boolean {
  const type = isRecord(block) ? textIn(block['type']) : undefined
  return type !== undefined && type !== 'tool_use' && type !== 'tool_result'
}

function callOf(toolUse: unknown, at: string): ChatToolCall {
  const place = `${at}.toolUse`
  if (!isRecord(toolUse)) throw malformed('a toolUse is not an object', place)
  const id = textIn(toolUse['toolUseId'])
  const name = textIn(toolUse['name'])
  if (id === undefined || name === undefined) throw malformed('a toolUse without toolUseId or name', place)
  const { input } = toolUse
  if (input !== undefined && input !== null && !isRecord(input)) throw malformed('the input of a toolUse is not an object', `${place}.input`)
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } }
}
