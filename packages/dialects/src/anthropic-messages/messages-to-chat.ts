import { isRecord } from '../is-record.ts'
import type { AssistantMessage, ChatMessage, ChatToolCall, TextPart, ToolMessage, UserPart } from '../pivot/chat-request.ts'
import { anthropicFormat, type ReasoningDetail } from '../pivot/reasoning.ts'
import { cacheControlOf } from '../translate/cache-control.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { textPartOf, userPartsOf } from './parts-to-chat.ts'

/** Reads the messages of a Messages request. The results of tools become messages of their own, before what the user says. */
export function messagesToChat(messages: unknown): ChatMessage[] {
  if (!Array.isArray(messages) || messages.length === 0) throw malformed('missing messages', 'messages')
  return messages.flatMap((message: unknown, index): ChatMessage[] => {
    const at = `messages[${index}]`
    if (!isRecord(message)) throw malformed(`invalid message at index ${index + 1}`, at)
    const { role, content } = message
    if (role !== 'user' && role !== 'assistant' && role !== 'system') throw malformed(`invalid message at index ${index + 1}`, `${at}.role`)
    if (typeof content === 'string') return [{ role, content }]
    if (!Array.isArray(content) || !content.every(isRecord)) throw malformed(`invalid message content at index ${index + 1}`, `${at}.content`)
    if (role === 'system') return [{ role, content: content.map((block, part) => textPartOf(block, `${at}.content[${part}]`)) }]
    return role === 'user' ? userMessages(content, at) : [assistantMessage(content, at)]
  })
}

function userMessages(blocks: readonly Json[], at: string): ChatMessage[] {
  const results: ToolMessage[] = []
  const parts: UserPart[] = []
  for (const [index, block] of blocks.entries()) {
    const place = `${at}.content[${index}]`
    if (block['type'] === 'tool_result') results.push(resultOf(block, place))
    else parts.push(...userPartsOf(block, place))
  }
  if (parts.length > 0) return [...results, { role: 'user', content: parts }]
  return results.length > 0 ? results : [{ role: 'user', content: '' }]
}

function resultOf(block: Json, at: string): ToolMessage {
  const id = textIn(block['tool_use_id'])
  if (id === undefined) throw malformed('a tool_result does not say to which call', `${at}.tool_use_id`)
  const message: ToolMessage = { role: 'tool', tool_call_id: id, content: resultContent(block['content'], at), ...cacheControlOf(block) }
  if (block['is_error'] === true) message.is_error = true
  return message
}

function resultContent(content: unknown, at: string): string | UserPart[] {
  if (content === undefined || content === null) return ''
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) throw malformed('the content of a tool_result is neither a text nor a list of blocks', `${at}.content`)
  return content.flatMap((block: unknown, index) => {
    const place = `${at}.content[${index}]`
    if (!isRecord(block)) throw malformed('a block is not an object', place)
    return userPartsOf(block, place)
  })
}

/** Blocks of tools that the provider ran, with their results, are left out: no other could say them. */
function assistantMessage(blocks: readonly Json[], at: string): AssistantMessage {
  const texts: TextPart[] = []
  const calls: ChatToolCall[] = []
  const details: ReasoningDetail[] = []
  const thoughts: string[] = []
  for (const [index, block] of blocks.entries()) {
    const place = `${at}.content[${index}]`
    if (block['type'] === 'text') texts.push(textPartOf(block, place))
    else if (block['type'] === 'tool_use') calls.push(callOf(block, place))
    else if (block['type'] === 'thinking') {
      const text = textIn(block['thinking']) ?? ''
      if (text !== '') thoughts.push(text)
      const signature = textIn(block['signature'])
      if (signature !== undefined) details.push({ type: 'reasoning.text', text, signature, format: anthropicFormat, index: details.length })
    } else if (block['type'] === 'redacted_thinking' && typeof block['data'] === 'string') {
      details.push({ type: 'reasoning.encrypted', data: block['data'], format: anthropicFormat, index: details.length })
    }
  }
  const message: AssistantMessage = { role: 'assistant' }
  if (texts.length > 0) message.content = texts
  if (calls.length > 0) message.tool_calls = calls
  if (thoughts.length > 0) message.reasoning_content = thoughts.join('')
  if (details.length > 0) message.reasoning_details = details
  return message
}

function callOf(block: Json, at: string): ChatToolCall {
  const id = textIn(block['id'])
  const name = textIn(block['name'])
  if (id === undefined || name === undefined) throw malformed('a tool_use without id or name', at)
  const { input } = block
  if (input !== undefined && input !== null && !isRecord(input)) throw malformed('the input of a tool_use is not an object', `${at}.input`)
  return { id, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) }, ...cacheControlOf(block) }
}
