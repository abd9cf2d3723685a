import type { AssistantMessage, ChatMessage, RefusalPart, SystemMessage, TextPart } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { objectIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { cachePointFor } from './cache-points.ts'
import { DocumentNames } from './documents.ts'
import { maxToolName } from './max-tool-name.ts'
import type { ModelTraits } from './models.ts'
import { partFor } from './parts.ts'
import { reasoningBlocks } from './reasoning.ts'
import { toolUseIdFor } from './tool-ids.ts'
import { markOf, resultFor } from './tool-results.ts'

/** A block, and behind it the `cachePoint` that marks it. */
type Marked = readonly Json[]

interface Message {
  readonly role: 'user' | 'assistant'
  blocks: Marked[]
}

/** What a user is made to say where Bedrock wants a word from one. */
const beginning = '(The conversation begins with the assistant.)'
const aboutDocument = 'See the document.'

/** Writes messages for Bedrock: `system` taken out, users and assistants in turn, results of tools first in theirs. */
export function messagesFromChat(messages: readonly ChatMessage[], context: TranslationContext, traits: ModelTraits): Json[] {
  const written: Message[] = []
  const names = new DocumentNames()
  for (const [index, message] of messages.entries()) {
    if (isSystem(message)) continue
    const role = message.role === 'assistant' ? 'assistant' : 'user'
    const blocks = blocksFor(message, `messages[${index}]`, names, context, traits)
    const last = written.at(-1)
    if (blocks.length === 0) continue
    if (last?.role === role) last.blocks.push(...blocks)
    else written.push({ role, blocks })
  }
  const [first] = written
  if (!first) throw malformed('there is no message with anything in it', 'messages')
  if (first.role === 'assistant') written.unshift({ role: 'user', blocks: [[{ text: beginning }]] })
  return written.map(({ role, blocks }) => ({ role, content: role === 'user' ? userContent(blocks) : blocks.flat() }))
}

function isSystem(message: ChatMessage): message is SystemMessage {
  return message.role === 'system' || message.role === 'developer'
}

function userContent(blocks: readonly Marked[]): Json[] {
  const isResult = ([block]: Marked): number => Number(block !== undefined && 'toolResult' in block)
  const content = blocks.toSorted((a, b) => isResult(b) - isResult(a)).flat()
  // Bedrock refuses a document that nothing is said about.
  if (content.some((block) => 'document' in block) && !content.some((block) => 'text' in block)) content.push({ text: aboutDocument })
  return content
}

function blocksFor(message: Exclude<ChatMessage, SystemMessage>, at: string, names: DocumentNames, context: TranslationContext, traits: ModelTraits): Marked[] {
  if (message.role === 'assistant') return assistantBlocks(message, context, traits)
  if (message.role === 'tool') return [[resultFor(message, at, names, traits.hasShortIds), ...cachePointFor(markOf(message), traits)]]
  if (typeof message.content === 'string') return blank(message.content) ? [] : [[{ text: message.content }]]
  return message.content.flatMap((part, index): Marked[] => {
    const blocks = partFor(part, `${at}.content[${index}]`, names)
    return blocks.length === 0 ? [] : [[...blocks, ...cachePointFor(part.type === 'input_audio' ? undefined : part.cache_control, traits)]]
  })
}

function assistantBlocks({ content, refusal, tool_calls: calls = [], reasoning_details: details = [] }: AssistantMessage, context: TranslationContext, traits: ModelTraits): Marked[] {
  const blocks: Marked[] = traits.thinks === 'claude' ? reasoningBlocks(details, false).map((block) => [block]) : []
  const parts: readonly (TextPart | RefusalPart)[] = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
  for (const part of parts) {
    const [text, mark] = part.type === 'refusal' ? [part.refusal, undefined] : [part.text, part.cache_control]
    if (!blank(text)) blocks.push([{ text }, ...cachePointFor(mark, traits)])
  }
  if (typeof refusal === 'string' && !blank(refusal)) blocks.push([{ text: refusal }])
  for (const { id, function: { name, arguments: text }, cache_control } of calls) {
    const toolUse = { toolUseId: toolUseIdFor(id, traits.hasShortIds), name: context.toolNames.toProvider(name, maxToolName), input: objectIn(text) ?? {} }
    blocks.push([{ toolUse }, ...cachePointFor(cache_control, traits)])
  }
  return blocks
}

/** Bedrock refuses texts of white space. */
function blank(text: string): boolean {
  return text.trim() === ''
}
