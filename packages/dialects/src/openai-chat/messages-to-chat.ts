import { isRecord } from '../is-record.ts'
import type { AssistantMessage, ChatMessage, ChatToolCall, ToolMessage } from '../pivot/chat-request.ts'
import { cacheControlOf } from '../translate/cache-control.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { answerPart, contentOf, textPart, userPart } from './parts-to-chat.ts'
import { detailsOf } from './reasoning-to-chat.ts'

/** Reads the messages of a chat. Calls and results of the old `function_call` get ids that belong together. */
export function messagesToChat(messages: unknown, context: TranslationContext): ChatMessage[] {
  if (!Array.isArray(messages) || messages.length === 0) throw malformed('missing messages', 'messages')
  let lastId = ''
  return messages.map((message: unknown, index) => {
    const at = `messages[${index}]`
    if (!isRecord(message)) throw malformed('a message is not an object', at)
    switch (message['role']) {
      case 'system':
      case 'developer':
        return { role: message['role'], content: contentOf(message['content'], at, textPart) }
      case 'user':
        return { role: 'user', content: contentOf(message['content'], at, userPart) }
      case 'assistant': {
        const read = assistantOf(message, at, context)
        lastId = read.tool_calls?.at(-1)?.id ?? lastId
        return read
      }
      case 'tool':
        return toolOf(message, at)
      case 'function':
        return { role: 'tool', tool_call_id: lastId, content: contentOf(message['content'] ?? '', at, userPart) }
      default:
        throw malformed('a message has no role that is known here', `${at}.role`)
    }
  })
}

function assistantOf(message: Json, at: string, context: TranslationContext): AssistantMessage {
  const read: AssistantMessage = { role: 'assistant' }
  const { content, refusal, tool_calls: calls, function_call: legacy, reasoning_content, reasoning } = message
  if (content !== undefined && content !== null) read.content = contentOf(content, at, answerPart)
  if (typeof refusal === 'string') read.refusal = refusal
  const all = [...listOf(calls, `${at}.tool_calls`), ...(isRecord(legacy) ? [{ id: context.newId('call_'), type: 'function', function: legacy }] : [])]
  if (all.length > 0) read.tool_calls = all.map((call, index) => callOf(call, `${at}.tool_calls[${index}]`, context))
  const thought = textIn(reasoning_content) ?? textIn(reasoning)
  if (thought !== undefined) read.reasoning_content = thought
  const details = detailsOf(message['reasoning_details'])
  if (details.length > 0) read.reasoning_details = details
  return read
}

function toolOf(message: Json, at: string): ToolMessage {
  const id = textIn(message['tool_call_id'])
  if (id === undefined) throw malformed('the answer of a tool does not say to which call', `${at}.tool_call_id`)
  const content = contentOf(message['content'] ?? '', at, userPart)
  const read: ToolMessage = { role: 'tool', tool_call_id: id, content, ...cacheControlOf(message) }
  if (message['is_error'] === true) read.is_error = true
  return read
}

function callOf(call: unknown, at: string, context: TranslationContext): ChatToolCall {
  if (!isRecord(call)) throw malformed('a tool call is not an object', at)
  const own = call['function']
  if (!isRecord(own)) throw malformed('only calls of functions are known here', `${at}.type`)
  const name = textIn(own['name'])
  if (name === undefined) throw malformed('a call without the name of its function', `${at}.function.name`)
  const { arguments: given } = own
  const read: ChatToolCall = {
    id: textIn(call['id']) ?? context.newId('call_'),
    type: 'function',
    function: { name, arguments: typeof given === 'string' ? given : JSON.stringify(given ?? {}) },
    ...cacheControlOf(call),
  }
  if (isRecord(call['extra_content'])) read.extra_content = call['extra_content']
  return read
}

function listOf(value: unknown, at: string): unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw malformed('not a list', at)
  return value
}
