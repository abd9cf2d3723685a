import { isRecord } from '../is-record.ts'
import type { AssistantMessage, ChatMessage, ChatToolCall, SystemMessage, TextPart, ToolMessage, UserPart } from '../pivot/chat-request.ts'
import type { ReasoningDetail } from '../pivot/reasoning.ts'
import { malformed } from '../translate/errors.ts'
import { textIn, type Json } from '../translate/json.ts'
import { resultOf } from './function-response.ts'
import { member } from './member.ts'
import { partToChat } from './parts-to-chat.ts'
import { geminiFormat, withSignature } from './signature.ts'

/** Calls of the last content of the model that wait for their result. */
type Waiting = { readonly id: string; readonly name: string }[]

/** Reads `systemInstruction`; nothing where it says nothing. */
export function systemOf(instruction: unknown): SystemMessage[] {
  if (instruction === undefined || instruction === null) return []
  const parts = typeof instruction === 'string' ? [{ text: instruction }] : partsOf(instruction, 'systemInstruction')
  const texts = parts.flatMap((part): TextPart[] => {
    const text = textIn(part['text'])
    return text === undefined ? [] : [{ type: 'text', text }]
  })
  return texts.length === 0 ? [] : [{ role: 'system', content: texts }]
}

/** Reads the contents of a request. Results of functions become messages of their own, before what the user says. */
export function contentsToChat(contents: unknown): ChatMessage[] {
  const all = listOf(contents)
  if (all.length === 0) throw malformed('contents is not specified', 'contents')
  let waiting: Waiting = []
  return all.flatMap((content, index): ChatMessage[] => {
    const at = `contents[${index}]`
    const parts = partsOf(content, at)
    const role = isRecord(content) ? content['role'] : undefined
    if (role === 'model') {
      const message = modelMessage(parts, at)
      waiting = (message.tool_calls ?? []).map(({ id, function: { name } }) => ({ id, name }))
      return [message]
    }
    if (role !== undefined && role !== null && role !== 'user' && role !== 'function' && role !== '') {
      throw malformed('Please use a valid role: user, model.', `${at}.role`)
    }
    return userMessages(parts, at, waiting)
  })
}

/** Google's servers take a single thing for a list of one. */
function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined || value === null ? [] : [value]
}

function partsOf(content: unknown, at: string): Json[] {
  if (!isRecord(content)) throw malformed('a content is not an object', at)
  return listOf(content['parts']).map((part, index) => {
    if (!isRecord(part)) throw malformed('a part is not an object', `${at}.parts[${index}]`)
    return part
  })
}

function userMessages(parts: readonly Json[], at: string, waiting: Waiting): ChatMessage[] {
  const results: ToolMessage[] = []
  const said: UserPart[] = []
  for (const [index, part] of parts.entries()) {
    const place = `${at}.parts[${index}]`
    const result = member(part, 'functionResponse')
    if (result === undefined) said.push(...partToChat(part, place))
    else {
      if (!isRecord(result)) throw malformed('a functionResponse is not an object', `${place}.functionResponse`)
      const nested = Array.isArray(result['parts']) ? result['parts'].filter(isRecord) : []
      said.push(...nested.flatMap((one, inner) => partToChat(one, `${place}.functionResponse.parts[${inner}]`)))
      results.push({ role: 'tool', tool_call_id: callOfResult(result, place, waiting), ...resultOf(result['response']) })
    }
  }
  if (said.length > 0) return [...results, { role: 'user', content: said }]
  return results.length > 0 ? results : [{ role: 'user', content: '' }]
}

/** By its id, else the first call of that name that has no result yet. */
function callOfResult(result: Json, at: string, waiting: Waiting): string {
  const id = textIn(result['id'])
  const name = textIn(result['name'])
  if (id === undefined && name === undefined) throw malformed('a functionResponse does not say of which function', `${at}.functionResponse.name`)
  const found = waiting.findIndex((call) => (id === undefined ? call.name === name : call.id === id))
  const [call] = found === -1 ? [] : waiting.splice(found, 1)
  if (call) return call.id
  if (id !== undefined) return id
  throw malformed(`a functionResponse of ${String(name).slice(0, 64)} belongs to no call before it`, `${at}.functionResponse`)
}

/** Code that Google ran, with its output, is left out: no other could say it. */
function modelMessage(parts: readonly Json[], at: string): AssistantMessage {
  const texts: TextPart[] = []
  const thoughts: string[] = []
  const details: ReasoningDetail[] = []
  const calls: ChatToolCall[] = []
  for (const [index, part] of parts.entries()) {
    const signature = textIn(member(part, 'thoughtSignature'))
    const call = member(part, 'functionCall')
    const text = textIn(part['text'])
    if (call !== undefined) calls.push(callOf(call, `${at}.parts[${index}]`, `${at}/${index}`, signature))
    else if (part['thought'] === true) {
      if (text !== undefined) thoughts.push(text)
      details.push({ type: 'reasoning.text', text: text ?? '', ...(signature !== undefined && { signature }), format: geminiFormat, index: details.length })
    } else {
      if (text !== undefined) texts.push({ type: 'text', text })
      if (signature !== undefined) details.push({ type: 'reasoning.encrypted', data: signature, format: geminiFormat, index: details.length })
    }
  }
  const message: AssistantMessage = { role: 'assistant' }
  if (texts.length > 0) message.content = texts
  if (calls.length > 0) message.tool_calls = calls
  if (thoughts.length > 0) message.reasoning_content = thoughts.join('')
  if (details.length > 0) message.reasoning_details = details
  return message
}

/** `place` tells calls without an id apart: the same conversation gives the same ids, and providers find it in their cache. */
function callOf(call: unknown, at: string, place: string, signature: string | undefined): ChatToolCall {
  if (!isRecord(call)) throw malformed('a functionCall is not an object', `${at}.functionCall`)
  const { name, args, id } = call
  const called = textIn(name)
  if (called === undefined) throw malformed('a functionCall without a name', `${at}.functionCall.name`)
  if (args !== undefined && args !== null && !isRecord(args)) throw malformed('the args of a functionCall are not an object', `${at}.functionCall.args`)
  return {
    id: textIn(id) ?? `call_${place.replaceAll(/\D+/g, '_').replace(/^_/, '')}`,
    type: 'function',
    function: { name: called, arguments: JSON.stringify(args ?? {}) },
    ...withSignature(signature),
  }
}
