import type { AssistantMessage, CacheControl, ChatMessage, FilePart, SystemMessage, ToolMessage, UserPart } from '../pivot/chat-request.ts'
import { isAnthropics } from '../pivot/reasoning.ts'
import { dataUrl } from '../translate/data-url.ts'
import { Untranslatable } from '../translate/errors.ts'
import { objectIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { maxToolName } from './max-tool-name.ts'

type Content = string | Json[]

/** Writes messages for Anthropic: `system` taken out, neighbours of one role in one message, results of tools first in theirs. */
export function messagesFromChat(messages: readonly ChatMessage[], context: TranslationContext): Json[] {
  const written: { role: 'user' | 'assistant'; content: Content }[] = []
  for (const [index, message] of messages.entries()) {
    if (isSystem(message)) continue
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const content = contentFor(message, `messages[${index}]`, context)
    if (content.length === 0) continue
    const last = written.at(-1)
    if (last?.role === role) last.content = resultsFirst([...blocksOf(last.content), ...blocksOf(content)])
    else written.push({ role, content })
  }
  return written
}

function resultsFirst(blocks: Json[]): Json[] {
  return blocks.toSorted((a, b) => Number(b['type'] === 'tool_result') - Number(a['type'] === 'tool_result'))
}

function blocksOf(content: Content): Json[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function isSystem(message: ChatMessage): message is SystemMessage {
  return message.role === 'system' || message.role === 'developer'
}

function contentFor(message: Exclude<ChatMessage, SystemMessage>, at: string, context: TranslationContext): Content {
  if (message.role === 'tool') return [resultFor(message, at)]
  if (message.role === 'user') return typeof message.content === 'string' ? message.content : partsFor(message.content, at)
  return assistantFor(message, context)
}

function assistantFor(message: AssistantMessage, context: TranslationContext): Content {
  const { content, refusal, tool_calls: calls } = message
  const blocks = thoughtsFor(message)
  if (blocks.length === 0 && typeof content === 'string' && !calls?.length && typeof refusal !== 'string') return content
  for (const part of typeof content === 'string' ? [{ type: 'text', text: content } as const] : (content ?? [])) {
    if (part.type === 'refusal') blocks.push({ type: 'text', text: part.refusal })
    else if (part.text !== '') blocks.push(textFor(part))
  }
  if (typeof refusal === 'string' && refusal !== '') blocks.push({ type: 'text', text: refusal })
  for (const { id, function: { name, arguments: text }, cache_control } of calls ?? []) {
    blocks.push({ type: 'tool_use', id: idFor(id), name: context.toolNames.toProvider(name, maxToolName), input: objectIn(text) ?? {}, ...marked(cache_control) })
  }
  return blocks
}

/** What Anthropic signed itself; it refuses the rest. */
function thoughtsFor({ reasoning_content, reasoning_details }: AssistantMessage): Json[] {
  const details = (reasoning_details ?? []).filter(isAnthropics)
  const signed = details.filter((detail) => detail.type === 'reasoning.text' && detail.signature)
  return details.flatMap((detail): Json[] => {
    if (detail.type === 'reasoning.encrypted') return [{ type: 'redacted_thinking', data: detail.data }]
    if (detail.type !== 'reasoning.text' || !detail.signature) return []
    // Clients that collect a stream may keep the text apart from its signature.
    const text = detail.text ?? (signed.length === 1 ? reasoning_content : undefined) ?? ''
    return [{ type: 'thinking', thinking: text, signature: detail.signature }]
  })
}

function resultFor({ tool_call_id, content, is_error, cache_control }: ToolMessage, at: string): Json {
  return {
    type: 'tool_result',
    tool_use_id: idFor(tool_call_id),
    content: typeof content === 'string' ? content : partsFor(content, at),
    ...(is_error === true && { is_error }),
    ...marked(cache_control),
  }
}

/** Anthropic's ids are letters, digits, `_` and `-`; call and result change alike. */
function idFor(id: string): string {
  return id.replaceAll(/[^\w-]/g, '_')
}

function marked(mark: CacheControl | undefined): { cache_control?: CacheControl } {
  return mark === undefined ? {} : { cache_control: mark }
}

function textFor({ text, cache_control }: { text: string; cache_control?: CacheControl }): Json {
  return { type: 'text', text, ...marked(cache_control) }
}

function partsFor(parts: readonly UserPart[], at: string): Json[] {
  return parts.flatMap((part, index): Json[] => {
    const place = `${at}.content[${index}]`
    switch (part.type) {
      case 'text':
        return part.text === '' ? [] : [textFor(part)]
      case 'image_url':
        return [{ type: 'image', source: pictureSource(part.image_url.url, place), ...marked(part.cache_control) }]
      case 'file':
        return [documentFor(part, place)]
      default:
        throw new Untranslatable('unsupported_content', 'Anthropic does not hear: the message has audio', place)
    }
  })
}

function pictureSource(url: string, at: string): Json {
  const data = dataUrl(url)
  if (data) return { type: 'base64', media_type: data.media, data: data.base64 }
  if (/^https?:/i.test(url)) return { type: 'url', url }
  throw new Untranslatable('invalid_image_url', 'a picture is a data: URL in base64, or an http(s) URL', `${at}.image_url.url`)
}

function documentFor({ file, cache_control }: FilePart, at: string): Json {
  const { filename, context, citations } = file
  return {
    type: 'document',
    source: documentSource(file, at),
    ...(filename !== undefined && { title: filename }),
    ...(context !== undefined && { context }),
    ...(citations === true && { citations: { enabled: true } }),
    ...marked(cache_control),
  }
}

function documentSource({ text, file_url, file_data }: FilePart['file'], at: string): Json {
  if (text !== undefined) return { type: 'text', media_type: 'text/plain', data: text }
  if (file_url !== undefined) return { type: 'url', url: file_url }
  const data = dataUrl(file_data ?? '')
  if (data?.media === 'application/pdf') return { type: 'base64', media_type: data.media, data: data.base64 }
  if (data?.media.startsWith('text/')) return { type: 'text', media_type: 'text/plain', data: Buffer.from(data.base64, 'base64').toString() }
  const what = file_data === undefined ? 'a file that lies with another provider cannot be read' : 'a file is a PDF or text, as a data: URL in base64'
  throw new Untranslatable('unsupported_document', what, `${at}.file`)
}
