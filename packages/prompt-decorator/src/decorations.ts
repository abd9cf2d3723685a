import type { Dialect } from '@sluice/ai-core'
import { prepare, type Document, type Path, type Prepared } from '@sluice/json-edit'
import { HttpError } from '@sluice/kernel'
import type { Message } from './config.ts'

/** Adds the messages to a request body of one dialect. Throws an `HttpError` 400 where a member is not what the dialect says. */
export type Decoration = (document: Document) => void

/** Messages around a conversation. */
export interface Frame {
  readonly prepend: readonly Message[]
  readonly append: readonly Message[]
}

/** Top-level members that a decoration reads; none may stand twice. */
export const decorated = ['messages', 'system', 'instructions', 'input', 'prompt', 'echo', 'contents', 'systemInstruction', 'system_instruction']

/** Prepares the decorations of all dialects that have conversations; the others are left alone. */
export function decorationsOf(frame: Frame): Readonly<Partial<Record<Dialect, Decoration>>> {
  const [before, after] = [frame.prepend, frame.append].map(prepared)
  return {
    'openai-chat': (document) => surround(document, 'messages', before, after),
    'anthropic-messages': anthropicMessages(frame),
    'openai-responses': openaiResponses(frame),
    'openai-completions': openaiCompletions(frame),
    'bedrock-converse': bedrockConverse(frame),
    gemini: gemini(frame),
  }
}

/** The system prompt is a member of its own: text, or blocks of text. https://docs.anthropic.com/en/api/messages */
function anthropicMessages({ prepend, append }: Frame): Decoration {
  const [before, after] = [systemTextOf(prepend), systemTextOf(append)]
  const [first, last] = [spokenOf(prepend), spokenOf(append)].map(prepared)
  const [firstBlock, lastBlock] = [before, after].map((text) => prepared(text === undefined ? [] : [{ type: 'text', text }]))
  return (document) => {
    if (document.kind('system') === 'array') surround(document, 'system', firstBlock, lastBlock)
    else surroundText(document, 'system', { before, after, kinds: textOrArray })
    surround(document, 'messages', first, last)
  }
}

/** What comes before the conversation are `instructions`. https://platform.openai.com/docs/api-reference/responses/create */
function openaiResponses({ prepend, append }: Frame): Decoration {
  const [before, after] = [textOf(prepend), textOf(append)]
  const items = prepared(after === undefined ? [] : [{ type: 'message', role: 'user', content: after }])
  return (document) => {
    surroundText(document, 'instructions', { before, after: undefined, kinds: 'a string' })
    if (document.kind('input') === 'array') surround(document, 'input', [], items)
    else surroundText(document, 'input', { before: undefined, after, kinds: textOrArray })
  }
}

/** All there is is one text, which may stand in a list. https://platform.openai.com/docs/api-reference/completions/create */
function openaiCompletions({ prepend, append }: Frame): Decoration {
  const [before, after] = [textOf(prepend), textOf(append)]
  return (document) => {
    if (document.kind('echo') === 'boolean' && document.get('echo') === true) {
      throw new HttpError(400, 'unsupported_parameter', 'echo would repeat what this route puts around the prompt', { param: 'echo' })
    }
    const kind = document.kind('prompt')
    if (kind === undefined || kind === 'null') return // whoever answers asks for one
    const isListed = kind === 'array' && document.length('prompt') === 1
    surroundText(document, isListed ? ['prompt', 0] : ['prompt'], { before, after, kinds: 'a string' })
  }
}

/** All content is blocks. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
function bedrockConverse({ prepend, append }: Frame): Decoration {
  const [before, after, first, last] = [blocksOf(prepend), blocksOf(append), turnsOf(prepend), turnsOf(append)].map(prepared)
  return (document) => {
    surround(document, 'system', before, after)
    surround(document, 'messages', first, last)
  }
}

/** The system prompt is a content of its own, in either of Google's spellings. https://ai.google.dev/api/generate-content */
function gemini({ prepend, append }: Frame): Decoration {
  const [before, after] = [blocksOf(prepend), blocksOf(append)].map(prepared)
  const [first, last] = [contentsOf(prepend), contentsOf(append)].map(prepared)
  return (document) => {
    const name = document.has('system_instruction') ? 'system_instruction' : 'systemInstruction'
    clearNull(document, name)
    const kind = document.kind(name)
    if (kind !== undefined && kind !== 'object') throw unexpected(name, 'an object')
    surround(document, [name, 'parts'], before, after)
    surround(document, 'contents', first, last)
  }
}

function contentsOf(messages: readonly Message[]): object[] {
  return spokenOf(messages).map(({ role, content }) => ({ role: role === 'assistant' ? 'model' : role, parts: [{ text: content }] }))
}

function blocksOf(messages: readonly Message[]): object[] {
  return messages.filter(({ role }) => role === 'system').map(({ content }) => ({ text: content }))
}

function turnsOf(messages: readonly Message[]): object[] {
  return spokenOf(messages).map(({ role, content }) => ({ role, content: [{ text: content }] }))
}

/** As bytes: they are the same for each request. */
function prepared(values: readonly object[]): Prepared[] {
  return values.map(prepare)
}

type Items = readonly Prepared[]

function surround(document: Document, member: Path, before: Items = [], after: Items = []): void {
  if (before.length + after.length === 0) return
  clearNull(document, member)
  const kind = document.kind(member)
  if (kind !== undefined && kind !== 'array') throw unexpected(member, 'an array')
  if (before.length > 0) document.prepend(member, before)
  if (after.length > 0) document.append(member, after)
}

const textOrArray = 'a string or an array'

/** Text to go around a member's, and what a client may put there. */
interface TextFrame {
  readonly before: string | undefined
  readonly after: string | undefined
  readonly kinds: string
}

function surroundText(document: Document, member: Path, { before, after, kinds }: TextFrame): void {
  if (before === undefined && after === undefined) return
  clearNull(document, member)
  const kind = document.kind(member)
  if (kind !== undefined && kind !== 'string') throw unexpected(member, kinds)
  if (before !== undefined) document.prependText(member, kind === undefined ? before : `${before}\n`)
  if (after !== undefined) document.appendText(member, document.has(member) ? `\n${after}` : after)
}

/** SDKs write `null` for what is not set. */
function clearNull(document: Document, member: Path): void {
  if (document.kind(member) === 'null') document.delete(member)
}

function unexpected(path: Path, kinds: string): HttpError {
  const member = typeof path === 'string' ? path : String(path[0])
  return new HttpError(400, 'unexpected_member_type', `the request's member "${member}" must be ${kinds}`, { param: member })
}

/** All contents, one a line; undefined where there are none. */
function textOf(messages: readonly Message[]): string | undefined {
  return messages.length === 0 ? undefined : messages.map(({ content }) => content).join('\n')
}

function systemTextOf(messages: readonly Message[]): string | undefined {
  return textOf(messages.filter(({ role }) => role === 'system'))
}

function spokenOf(messages: readonly Message[]): Message[] {
  return messages.filter(({ role }) => role !== 'system')
}
