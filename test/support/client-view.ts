import { binaryMessages } from '@sluice/provider'
import { decodeEvents } from '@sluice/testkit'

/** What a client makes of an answer, in OpenAI's terms whatever the dialect. */
export interface View {
  readonly choices: readonly ViewedChoice[]
  /** What an error event says. */
  readonly error?: string
}

export interface ViewedChoice {
  readonly content: string
  readonly refusal: string
  readonly finish: string | null
  readonly calls: readonly ViewedCall[]
}

export interface ViewedCall {
  readonly id: string | undefined
  readonly name: string
  readonly arguments: string
}

/** The parts of an answer that are looked at, while it is put together. */
interface Draft {
  content: string
  refusal: string
  finish: string | null
  calls: { id: string | undefined; name: string; arguments: string }[]
}

// oxlint-disable-next-line typescript/no-explicit-any -- nine providers' answers; what is not there is undefined
type Json = any

export type Api = 'chat' | 'responses' | 'messages' | 'gemini' | 'bedrock'

/** Reads a whole answer. */
export function viewWhole(api: Api, body: Buffer): View {
  const json = JSON.parse(body.toString()) as Json
  if (api === 'messages') return { choices: [ofMessage(json)] }
  if (api === 'responses') return { choices: [ofResponse(json)] }
  if (api === 'gemini') return { choices: candidatesOf([json]) }
  if (api === 'bedrock') return { choices: [ofConverse(json)] }
  return {
    choices: (json.choices as Json[]).map(({ message, finish_reason: finish }) => ({
      content: textOf(message?.content),
      refusal: message?.refusal ?? '',
      finish,
      calls: ((message?.tool_calls ?? []) as Json[]).map(callOf),
    })),
  }
}

/** Puts the events of a stream together, as clients do. */
export function viewStream(api: Api, body: Buffer): View {
  if (api === 'bedrock') return viewMessages(decodeEvents(body, binaryMessages))
  const events = dataOf(body)
    .filter((data) => data.trim() !== '[DONE]')
    .map((data) => JSON.parse(data) as Json)
  const failed = events
    .map((event) => event.error ?? (event.type === 'error' ? event : undefined))
    .find((error) => error)
  const choices = { chat: chatOf, responses: responsesOf, messages: messagesOf, gemini: candidatesOf }[api](events)
  return { choices, ...(failed && { error: String(failed.message) }) }
}

/** The same of binary messages; nothing but whole ones is read. */
function viewMessages(messages: readonly { event: string; data: string }[]): View {
  const content: Json[] = []
  let stopReason: string | null = null
  let error: string | undefined
  for (const { event, data } of messages) {
    const { contentBlockIndex: at, start, delta, message, stopReason: stop } = JSON.parse(data) as Json
    if (event.endsWith('Exception')) error = String(message)
    if (start?.toolUse) content[at] = { toolUse: { ...start.toolUse, json: '' } }
    if (delta?.text !== undefined) content[at] = { text: (content[at]?.text ?? '') + delta.text }
    if (delta?.toolUse) content[at].toolUse.json += delta.toolUse.input
    if (event === 'messageStop') stopReason = stop
  }
  for (const { toolUse } of content.filter(Boolean)) if (toolUse) toolUse.input = JSON.parse(toolUse.json || '{}')
  return { choices: [ofConverse({ output: { message: { content: content.filter(Boolean) } }, stopReason })], ...(error !== undefined && { error }) }
}

function ofConverse({ output, stopReason: stop }: Json): Draft {
  const reasons: Record<string, string> = { end_turn: 'stop', stop_sequence: 'stop', tool_use: 'tool_calls', max_tokens: 'length', guardrail_intervened: 'content_filter' }
  const content = output.message.content as Json[]
  return {
    ...draft(),
    content: content.map(({ text }) => text ?? '').join(''),
    finish: stop === null ? null : (reasons[stop] ?? stop),
    calls: content.flatMap(({ toolUse }) => (toolUse ? [{ id: toolUse.toolUseId, name: toolUse.name, arguments: JSON.stringify(toolUse.input) }] : [])),
  }
}

/** The data of all events, comments left out; whatever ends the lines. */
export function dataOf(body: Buffer): string[] {
  return body
    .toString()
    .split(/\r\n\r\n|\n\n|\r\r/)
    .map((event) =>
      event
        .split(/\r\n|\n|\r/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).replace(/^ /, ''))
        .join('\n'),
    )
    .filter((data) => data !== '')
}

function draft(): Draft {
  return { content: '', refusal: '', finish: null, calls: [] }
}

function chatOf(events: readonly Json[]): Draft[] {
  const choices: Draft[] = []
  for (const { index, delta = {}, finish_reason: finish } of events.flatMap(
    (event) => (event.choices ?? []) as Json[],
  )) {
    const choice = (choices[index ?? 0] ??= draft())
    choice.content += textOf(delta.content)
    choice.refusal += delta.refusal ?? ''
    choice.finish = finish ?? choice.finish
    for (const piece of (delta.tool_calls ?? []) as Json[]) addCall(choice, piece)
  }
  return choices
}

/** A new id is a new call, also where every call has the index 0 or none. */
function addCall({ calls }: Draft, { index, id, function: called = {} }: Json): void {
  const last = calls.at(-1)
  const known = id ? calls.find((call) => call.id === id) : (calls[index ?? 0] ?? last)
  if (!known) calls.push({ id, name: called.name ?? '', arguments: called.arguments ?? '' })
  else known.arguments += called.arguments ?? ''
}

function messagesOf(events: readonly Json[]): Draft[] {
  const content: Json[] = []
  let stop: string | null = null
  for (const event of events) {
    if (event.type === 'content_block_start') content[event.index] = { ...event.content_block, json: '' }
    const block = content[event.index]
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') block.text += event.delta.text
    if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta')
      block.json += event.delta.partial_json
    if (event.type === 'message_delta') stop = event.delta.stop_reason
  }
  const input = (block: Json) => (block.json === '' || block.json === undefined ? block.input : JSON.parse(block.json))
  return [ofMessage({ content: content.map((block) => ({ ...block, input: input(block) })), stop_reason: stop })]
}

function ofMessage({ content, stop_reason: stop }: Json): Draft {
  const reasons: Record<string, string> = {
    end_turn: 'stop',
    stop_sequence: 'stop',
    tool_use: 'tool_calls',
    max_tokens: 'length',
  }
  return {
    ...draft(),
    content: (content as Json[]).map(({ type, text }) => (type === 'text' ? text : '')).join(''),
    finish: stop === null ? null : (reasons[stop] ?? stop),
    calls: (content as Json[])
      .filter(({ type }) => type === 'tool_use')
      .map(({ id, name, input }) => ({ id, name, arguments: JSON.stringify(input) })),
  }
}

function responsesOf(events: readonly Json[]): Draft[] {
  const last = events.findLast(({ type }) => /^response\.(completed|incomplete|failed)$/.test(type))
  const written = events.map(({ type, delta }) => (type === 'response.output_text.delta' ? delta : '')).join('')
  return [{ ...(last ? ofResponse(last.response) : draft()), content: written }]
}

function candidatesOf(events: readonly Json[]): Draft[] {
  const candidates: Draft[] = []
  const reasons: Record<string, string> = { STOP: 'stop', MAX_TOKENS: 'length', SAFETY: 'content_filter', PROHIBITED_CONTENT: 'content_filter' }
  for (const { index, content, finishReason: reason } of events.flatMap((event) => (event.candidates ?? []) as Json[])) {
    const candidate = (candidates[index ?? 0] ??= draft())
    for (const { text, thought, functionCall: call } of (content?.parts ?? []) as Json[]) {
      if (text !== undefined && !thought) candidate.content += text
      if (call) candidate.calls.push({ id: call.id, name: call.name, arguments: JSON.stringify(call.args ?? {}) })
    }
    if (reason) candidate.finish = candidate.calls.length > 0 && reason === 'STOP' ? 'tool_calls' : (reasons[reason] ?? reason)
  }
  return candidates
}

function ofResponse({ output, status }: Json): Draft {
  const parts = (output as Json[]).flatMap(({ type, content }) => (type === 'message' ? (content as Json[]) : []))
  const calls = (output as Json[]).filter(({ type }) => type === 'function_call')
  return {
    ...draft(),
    content: parts.map(({ text }) => text ?? '').join(''),
    finish: finishOf(status, calls.length > 0),
    calls: calls.map((call) => ({ id: call.call_id, name: call.name, arguments: call.arguments })),
  }
}

function finishOf(status: string, callsTools: boolean): string | null {
  if (status === 'incomplete') return 'length'
  if (status !== 'completed') return null
  return callsTools ? 'tool_calls' : 'stop'
}

function callOf({ id, function: called }: Json): ViewedCall {
  return { id, name: called.name, arguments: called.arguments }
}

/** Mistral sends lists of parts. */
function textOf(content: Json): string {
  if (Array.isArray(content)) return content.map(({ type, text }) => (type === 'text' ? text : '')).join('')
  return content ?? ''
}
