import { createHash } from 'node:crypto'
import type { AssistantMessage, ChatMessage, FilePart, UserPart } from '../pivot/chat-request.ts'
import { isOpenAis, type ReasoningDetail } from '../pivot/reasoning.ts'
import { refusal as refusalOf } from '../translate/rule.ts'
import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { maxToolName } from './max-tool-name.ts'
import { audioRule } from './rules.ts'

/** Writes messages as items. `first` is the number that the first of them has in the request. */
export function messagesFromChat(messages: readonly ChatMessage[], first: number, context: TranslationContext): Json[] {
  return messages.flatMap((message, index): Json[] => {
    const at = `messages[${first + index}]`
    switch (message.role) {
      case 'assistant':
        return assistantFor(message, context)
      case 'tool':
        return [{ type: 'function_call_output', call_id: idFor(message.tool_call_id), output: contentFor(message.content, at) }]
      case 'user':
        return [{ role: 'user', content: contentFor(message.content, at) }]
      default:
        return [{ role: message.role, content: textOf(message.content) }]
    }
  })
}

/** The text of a content that is nothing else. */
export function textOf(content: string | readonly { text: string }[]): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('')
}

/** What it thought, then what it said, then what it called: reasoning that nothing follows is refused. */
function assistantFor(message: AssistantMessage, context: TranslationContext): Json[] {
  const calls = (message.tool_calls ?? []).map(({ id, function: { name, arguments: text } }) => ({
    type: 'function_call',
    call_id: idFor(id),
    name: context.toolNames.toProvider(name, maxToolName),
    arguments: text === '' ? '{}' : text,
  }))
  const said = [...saidFor(message, context), ...calls]
  return said.length > 0 ? [...thoughtsFor(message.reasoning_details ?? [], context), ...said] : []
}

function saidFor({ content, refusal }: AssistantMessage, context: TranslationContext): Json[] {
  const parts = typeof content === 'string' ? [{ type: 'text', text: content } as const] : (content ?? [])
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  const refused = parts.map((part) => (part.type === 'refusal' ? part.refusal : '')).join('') + (refusal ?? '')
  if (refused === '') return text === '' ? [] : [{ role: 'assistant', content: text }]
  const texts = text === '' ? [] : [{ type: 'output_text', text, annotations: [], logprobs: [] }]
  return [{ type: 'message', id: context.newId('msg_'), status: 'completed', role: 'assistant', content: [...texts, { type: 'refusal', refusal: refused }] }]
}

/** What OpenAI can read again: its own cipher, with the summary that belongs to it. */
function thoughtsFor(details: readonly ReasoningDetail[], context: TranslationContext): Json[] {
  const items = new Map<string, { id: string; summary: Json[]; content: Json[]; cipher: string | undefined }>()
  for (const detail of details.filter(isOpenAis)) {
    const key = detail.id ?? ''
    const item = items.get(key) ?? { id: key === '' ? context.newId('rs_') : key, summary: [], content: [], cipher: undefined }
    items.set(key, item)
    if (detail.type === 'reasoning.encrypted') item.cipher = detail.data
    else if (detail.type === 'reasoning.summary') item.summary.push({ type: 'summary_text', text: detail.summary })
    else item.content.push({ type: 'reasoning_text', text: detail.text ?? '' })
  }
  return [...items.values()].flatMap(({ id, summary, content, cipher }): Json[] =>
    cipher === undefined ? [] : [{ type: 'reasoning', id, summary, ...(content.length > 0 && { content }), encrypted_content: cipher }],
  )
}

/** Longest id of a call that OpenAI takes. */
const longestId = 64

function idFor(id: string): string {
  return id.length <= longestId ? id : createHash('sha256').update(id).digest('hex')
}

function contentFor(content: string | readonly UserPart[], at: string): string | Json[] {
  return typeof content === 'string' ? content : content.map((part, index) => partFor(part, `${at}.content[${index}]`))
}

function partFor(part: UserPart, at: string): Json {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text }
    case 'image_url':
      return { type: 'input_image', image_url: part.image_url.url, detail: part.image_url.detail ?? 'auto' }
    case 'file':
      return fileFor(part)
    default:
      throw refusalOf(audioRule, at)
  }
}

function fileFor({ file: { filename, file_data, file_id, file_url, text } }: FilePart): Json {
  if (text !== undefined) return { type: 'input_text', text: filename === undefined ? text : `${filename}\n\n${text}` }
  if (file_url !== undefined) return { type: 'input_file', file_url }
  return file_data === undefined ? { type: 'input_file', file_id } : { type: 'input_file', filename: filename ?? 'document.pdf', file_data }
}
