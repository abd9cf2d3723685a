import type { AssistantMessage, ChatMessage, SystemMessage, ToolMessage, UserPart } from '../pivot/chat-request.ts'
import type { ReasoningDetail } from '../pivot/reasoning.ts'
import { malformed } from '../translate/errors.ts'
import { objectIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { maxToolName } from './max-tool-name.ts'
import { mediaFor } from './media.ts'
import { responseFor } from './function-response.ts'
import { isGoogles, noSignature, signatureIn } from './signature.ts'

interface Content {
  readonly role: 'user' | 'model'
  readonly parts: Json[]
  /** Results of functions: Gemini counts them against the calls before, so that nothing else stands among them. */
  readonly isResults: boolean
}

/** Writes contents for Gemini: neighbours of one role in one content, all results of a turn in one of their own. */
export function contentsFromChat(messages: readonly ChatMessage[], context: TranslationContext, wantsSignatures: boolean): Json[] {
  const names = namesOfCalls(messages)
  const written: Content[] = []
  const add = (role: Content['role'], parts: Json[], isResults = false): void => {
    const last = written.at(-1)
    if (parts.length === 0) return
    if (last?.role === role && last.isResults === isResults) last.parts.push(...parts)
    else written.push({ role, parts, isResults })
  }
  /** Pictures that came out of functions: they wait for the last result of the turn. */
  let pictures: Json[] = []
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`
    if (isSystem(message)) continue
    if (message.role === 'tool') {
      add('user', [resultFor(message, at, names, context)], true)
      pictures.push(...mediaIn(message.content, at))
      continue
    }
    add('user', pictures)
    pictures = []
    if (message.role === 'user') add('user', partsFor(message.content, at))
    else add('model', modelParts(message, context, wantsSignatures))
  }
  add('user', pictures)
  if (written.length === 0) throw malformed('there is no message with anything in it', 'messages')
  return written.map(({ role, parts }) => ({ role, parts }))
}

function isSystem(message: ChatMessage): message is SystemMessage {
  return message.role === 'system' || message.role === 'developer'
}

function namesOfCalls(messages: readonly ChatMessage[]): Map<string, string> {
  const names = new Map<string, string>()
  for (const message of messages) {
    if (message.role !== 'assistant') continue
    for (const { id, function: { name } } of message.tool_calls ?? []) names.set(id, name)
  }
  return names
}

/** Gemini knows results by the name of their function, which is that of the call. */
function resultFor({ tool_call_id: id, content, is_error }: ToolMessage, at: string, names: ReadonlyMap<string, string>, { toolNames }: TranslationContext): Json {
  const name = names.get(id)
  if (name === undefined) throw malformed('the answer of a tool belongs to no call before it', `${at}.tool_call_id`)
  const text = typeof content === 'string' ? content : content.map((part) => (part.type === 'text' ? part.text : '')).join('')
  return { functionResponse: { id, name: toolNames.toProvider(name, maxToolName), response: responseFor(text, is_error === true) } }
}

function mediaIn(content: ToolMessage['content'], at: string): Json[] {
  if (typeof content === 'string') return []
  return content.flatMap((part, index) => (part.type === 'text' ? [] : [mediaFor(part, `${at}.content[${index}]`)]))
}

/** Gemini refuses empty texts. */
function partsFor(content: string | readonly UserPart[], at: string): Json[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }]
  return content.flatMap((part, index): Json[] => {
    if (part.type !== 'text') return [mediaFor(part, `${at}.content[${index}]`)]
    return part.text === '' ? [] : [{ text: part.text }]
  })
}

function modelParts({ content, refusal, tool_calls: calls = [], reasoning_details: details = [] }: AssistantMessage, context: TranslationContext, wantsSignatures: boolean): Json[] {
  const parts: Json[] = [...thoughtsFor(details), ...textsFor(content, refusal, details)]
  for (const [index, { id, function: { name, arguments: text }, extra_content }] of calls.entries()) {
    // Of parallel calls the first alone has one.
    const signature = signatureIn(extra_content) ?? (wantsSignatures && index === 0 ? noSignature : undefined)
    const functionCall = { id, name: context.toolNames.toProvider(name, maxToolName), args: objectIn(text) ?? {} }
    parts.push({ functionCall, ...(signature !== undefined && { thoughtSignature: signature }) })
  }
  return parts
}

/** What Google thought itself; nobody else's thoughts are its own. */
export function thoughtsFor(details: readonly ReasoningDetail[]): Json[] {
  return details.flatMap((detail): Json[] => {
    if (detail.type !== 'reasoning.text' || !isGoogles(detail) || !detail.text) return []
    return [{ text: detail.text, thought: true, ...(detail.signature && { thoughtSignature: detail.signature }) }]
  })
}

function textsFor(content: AssistantMessage['content'], refusal: AssistantMessage['refusal'], details: readonly ReasoningDetail[]): Json[] {
  const all = typeof content === 'string' ? [content] : (content ?? []).map((part) => (part.type === 'refusal' ? part.refusal : part.text))
  if (typeof refusal === 'string') all.push(refusal)
  return signedTexts(all, details)
}

/** Texts as parts, the last of them with its signature where Google gave one; nothing that is empty. */
export function signedTexts(texts: readonly string[], details: readonly ReasoningDetail[]): Json[] {
  const parts: Json[] = texts.filter((text) => text !== '').map((text) => ({ text }))
  const signature = details.findLast((detail) => detail.type === 'reasoning.encrypted' && isGoogles(detail))
  if (signature?.type !== 'reasoning.encrypted') return parts
  const last = parts.pop() ?? { text: '' }
  return [...parts, { ...last, thoughtSignature: signature.data }]
}
