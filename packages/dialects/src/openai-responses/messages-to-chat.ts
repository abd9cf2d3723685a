import { isRecord } from '../is-record.ts'
import type { AssistantMessage, ChatMessage, RefusalPart, TextPart } from '../pivot/chat-request.ts'
import { malformed } from '../translate/errors.ts'
import { refusal } from '../translate/rule.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { argumentsFor } from './custom-tools.ts'
import { partsOf, textOfPart, userContentOf } from './parts-to-chat.ts'
import { reasoningToChat, thoughtOf } from './reasoning-to-chat.ts'
import { itemReferenceRule, unknownItemRule } from './rules.ts'

/** Calls of tools that OpenAI runs itself, with what came of them. */
const ranByOpenAi: ReadonlySet<unknown> = new Set(['web_search_call', 'file_search_call', 'code_interpreter_call', 'image_generation_call', 'mcp_call', 'mcp_list_tools'])

/** Reads the input: a text, or items. What the assistant thought, said and called in one go is one message. */
export function messagesToChat(input: unknown, context: TranslationContext): ChatMessage[] {
  if (typeof input === 'string' && input !== '') return [{ role: 'user', content: input }]
  if (!Array.isArray(input) || input.length === 0) throw malformed('missing input: a text, or a list of items', 'input')
  const messages: ChatMessage[] = []
  /** The assistant's message that the next item may still belong to. */
  const own = (): AssistantMessage | undefined => {
    const last = messages.at(-1)
    return last?.role === 'assistant' ? last : undefined
  }
  const begun = (): AssistantMessage => {
    const message: AssistantMessage = { role: 'assistant' }
    messages.push(message)
    return message
  }
  for (const [index, item] of input.entries()) {
    const at = `input[${index}]`
    if (!isRecord(item)) throw malformed('an item is not an object', at)
    switch (item['type'] ?? 'message') {
      case 'message':
        if (item['role'] === 'assistant') say(item, at, own(), begun)
        else messages.push(messageOf(item, at))
        break
      case 'reasoning': {
        const last = own()
        // Whoever has answered and has nothing open begins anew.
        think(item, last && (last.tool_calls || last.content === undefined) ? last : begun())
        break
      }
      case 'function_call':
      case 'custom_tool_call':
        call(item, at, own() ?? begun(), context)
        break
      case 'function_call_output':
      case 'custom_tool_call_output':
        messages.push({ role: 'tool', tool_call_id: idOf(item, at), content: userContentOf(item['output'] ?? '', `${at}.output`) })
        break
      case 'item_reference':
        throw refusal(itemReferenceRule, at)
      default:
        if (!ranByOpenAi.has(item['type'])) throw refusal(unknownItemRule, `${at}.type`)
    }
  }
  const kept = messages.filter((message) => !isEmpty(message))
  if (kept.length === 0) throw malformed('the input has no message', 'input')
  return kept
}

/** Of reasoning without text, cipher or anything that follows nothing is left. */
function isEmpty(message: ChatMessage): boolean {
  return message.role === 'assistant' && message.content === undefined && message.refusal === undefined && !message.tool_calls && !message.reasoning_content && !message.reasoning_details
}

function messageOf(item: Json, at: string): ChatMessage {
  const { role, content } = item
  if (role === 'user') return { role, content: userContentOf(content, `${at}.content`) }
  if (role !== 'system' && role !== 'developer') throw malformed('a message has no role that is known here', `${at}.role`)
  if (typeof content === 'string') return { role, content }
  return { role, content: partsOf(content, `${at}.content`).map(([part, place]): TextPart => ({ type: 'text', text: textOfPart(part, place) })) }
}

/** A message of the assistant's goes with calls that are under way: nothing may stand between them and their results. */
function say({ content }: Json, at: string, last: AssistantMessage | undefined, begun: () => AssistantMessage): void {
  const said = answerContent(content, `${at}.content`)
  if (!last || (last.content !== undefined && !last.tool_calls)) {
    begun().content = said
    return
  }
  last.content = last.content === undefined || last.content === null ? said : [...listOf(last.content), ...listOf(said)]
}

function listOf(content: string | (TextPart | RefusalPart)[]): (TextPart | RefusalPart)[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function answerContent(content: unknown, at: string): string | (TextPart | RefusalPart)[] {
  if (typeof content === 'string') return content
  return partsOf(content, at).map(([part, place]) => {
    if (part['type'] === 'refusal' && typeof part['refusal'] === 'string') return { type: 'refusal', refusal: part['refusal'] }
    return { type: 'text', text: textOfPart(part, place) }
  })
}

function think(item: Json, message: AssistantMessage): void {
  const details = [...(message.reasoning_details ?? []), ...reasoningToChat(item, message.reasoning_details?.length ?? 0)]
  if (details.length > 0) message.reasoning_details = details
  const thought = thoughtOf(details)
  if (thought !== '') message.reasoning_content = thought
}

function call(item: Json, at: string, message: AssistantMessage, context: TranslationContext): void {
  const name = textIn(item['name'])
  if (name === undefined) throw malformed('a call without the name of its function', `${at}.name`)
  const { arguments: given } = item
  const id = textIn(item['call_id']) ?? textIn(item['id']) ?? context.newId('call_')
  const isCustom = item['type'] === 'custom_tool_call'
  const text = isCustom ? argumentsFor(item['input']) : textFor(given)
  message.tool_calls = [...(message.tool_calls ?? []), { id, type: 'function', function: { name, arguments: text } }]
}

function textFor(given: unknown): string {
  return typeof given === 'string' ? given : JSON.stringify(given ?? {})
}

function idOf(item: Json, at: string): string {
  const id = textIn(item['call_id'])
  if (id === undefined) throw malformed('the output of a function does not say to which call', `${at}.call_id`)
  return id
}
