import type { AssistantMessage, ChatMessage, ChatToolCall, FilePart, ToolMessage, UserPart } from '../pivot/chat-request.ts'
import { Untranslatable } from '../translate/errors.ts'
import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { maxToolName } from './max-tool-name.ts'

type Takes = ReadonlySet<string>

/** Writes messages for a provider that speaks OpenAI's chat. */
export function messagesFromChat(messages: readonly ChatMessage[], context: TranslationContext, takes: Takes): Json[] {
  const written: Json[] = []
  /** Pictures that came out of tools: they wait for the last result of the turn. */
  let pictures: Json[] = []
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`
    if (message.role !== 'tool' && pictures.length > 0) {
      written.push({ role: 'user', content: pictures })
      pictures = []
    }
    if (message.role === 'tool') {
      const result = resultFor(message, at, takes)
      written.push(result.message)
      pictures.push(...result.pictures)
    } else if (message.role === 'assistant') written.push(assistantFor(message, context, takes))
    else if (message.role === 'user') written.push({ ...message, content: userContent(message.content, at, takes) })
    else written.push({ ...message, content: joined(message.content, takes) })
  }
  if (pictures.length > 0) written.push({ role: 'user', content: pictures })
  return written
}

function assistantFor(message: AssistantMessage, context: TranslationContext, takes: Takes): Json {
  const { content, refusal, tool_calls: calls, reasoning_content, reasoning_details } = message
  const written: Json = { role: 'assistant' }
  written['content'] = content === undefined || content === null ? null : joined(content, takes)
  if (written['content'] === null && !calls?.length && typeof refusal !== 'string') written['content'] = ''
  if (typeof refusal === 'string') written['refusal'] = refusal
  if (calls && calls.length > 0) written['tool_calls'] = calls.map((call) => callFor(call, context, takes))
  if (reasoning_content !== undefined && takes.has('reasoning_content')) written['reasoning_content'] = reasoning_content
  if (reasoning_details && takes.has('reasoning_details')) written['reasoning_details'] = reasoning_details
  return written
}

function callFor({ id, function: { name, arguments: text }, extra_content }: ChatToolCall, context: TranslationContext, takes: Takes): Json {
  const call: Json = { id, type: 'function', function: { name: context.toolNames.toProvider(name, maxToolName), arguments: text } }
  if (extra_content && takes.has('extra_content')) call['extra_content'] = extra_content
  return call
}

/** OpenAI's tools answer in text; a picture or a file follows as a message of the user's. */
function resultFor(message: ToolMessage, at: string, takes: Takes): { message: Json; pictures: Json[] } {
  const { tool_call_id, content, cache_control } = message
  const parts = typeof content === 'string' ? [] : content
  const texts = typeof content === 'string' ? content : joined(parts.filter((part) => part.type === 'text'), takes)
  const written: Json = { role: 'tool', tool_call_id, content: texts }
  if (cache_control && takes.has('cache_control')) written['cache_control'] = cache_control
  return { message: written, pictures: parts.filter((part) => part.type !== 'text').map((part) => partFor(part, at, takes)) }
}

/** Many servers take a text alone where OpenAI takes parts; marks for the cache are worth the parts where they are read. */
function joined(content: NonNullable<AssistantMessage['content']>, takes: Takes): unknown {
  if (typeof content === 'string') return content
  if (takes.has('cache_control') && content.some((part) => part.type === 'text' && part.cache_control)) return content
  if (content.some((part) => part.type === 'refusal')) return content.map((part) => (part.type === 'text' ? { type: 'text', text: part.text } : part))
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

function userContent(content: string | readonly UserPart[], at: string, takes: Takes): unknown {
  if (typeof content === 'string') return content
  if (content.length === 0) return ''
  return content.map((part, index) => partFor(part, `${at}.content[${index}]`, takes))
}

function partFor(part: UserPart, at: string, takes: Takes): Json {
  const written = part.type === 'file' ? fileFor(part, at) : { ...part }
  if (!takes.has('cache_control')) delete written['cache_control']
  return written
}

function fileFor({ file, cache_control }: FilePart, at: string): Json {
  const mark = cache_control && { cache_control }
  if (file.text !== undefined) return { type: 'text', text: titled(file.text, file.filename), ...mark }
  const { filename, file_data, file_id } = file
  if (file_data === undefined && file_id === undefined) {
    throw new Untranslatable('unsupported_document', 'the provider takes a document as data or by its id, not by its URL', at)
  }
  return {
    type: 'file',
    file: file_data === undefined ? { file_id } : { file_data, filename: filename ?? 'document.pdf' },
    ...mark,
  }
}

function titled(text: string, title: string | undefined): string {
  return title === undefined ? text : `${title}\n\n${text}`
}
