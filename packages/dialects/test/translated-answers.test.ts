import type { Dialect, SseEvent } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { completionProblems } from '../../../test/support/completion-schema.ts'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { readUpstreamError } from '../src/index.ts'
import { collectedCompletion } from './collected-completion.ts'
import { collectedResponse } from './collected-response.ts'
import { collectedGemini } from './collected-gemini.ts'
import { collectedChat, collectedMessage, type Collected } from './collected.ts'
import { Random } from './random.ts'
import { bytesOf, everything, facts, jsonArray, type Recorded } from './recorded.ts'
import { asked, streamed, type Json } from './translating.ts'

interface Expected {
  choices?: { index: number; content?: string | null; reasoning?: string; finish_reason: string; refusal?: string; tool_calls?: { id: string | null; name: string; arguments_json?: unknown; arguments?: string }[]; function_call?: { name: string; arguments: string } }[]
  usage?: Record<string, number> | null
  outcome: string
}

interface AsAnthropic {
  content: Json[]
  stop_reason: string
  stop_reason_also_acceptable?: string[]
  usage?: Json
  thinking_text_if_exposed?: string
}

const recorded = everything as (Recorded & { expected_as_anthropic?: AsAnthropic })[]
const ofChat = recorded.filter(({ api }) => api === 'chat')
const ofMessages = recorded.filter(({ api }) => api === 'messages')
const ofGemini = recorded.filter(({ api, id }) => /^(?:stream)?generateContent$/i.test(api) && id !== jsonArray)
const ofResponses = recorded.filter(({ api }) => api === 'responses')
const providers: Readonly<Record<string, Dialect>> = { chat: 'openai-chat', messages: 'anthropic-messages', responses: 'openai-responses', generateContent: 'gemini', streamGenerateContent: 'gemini' }

const collect: Partial<Record<Dialect, (events: readonly SseEvent[]) => Collected>> = {
  'openai-chat': collectedChat,
  'anthropic-messages': collectedMessage,
  'openai-responses': collectedResponse,
  gemini: collectedGemini,
  'openai-completions': collectedCompletion,
}

/** The provider's answer as its client collects it. */
function translated(entry: Recorded, client: Dialect, chunks?: readonly Buffer[]): Collected {
  const provider = providers[entry.api]!
  const isOld = entry.id === 'openai-chat-legacy-function-call'
  const more = { stream_options: { include_usage: true }, ...(isOld && { functions: [{ name: 'get_current_weather' }] }) }
  const translation = asked(client, provider, client === 'openai-chat' || client === 'openai-completions' ? more : {})
  const bytes = bytesOf(entry)
  if (!entry.streaming) return { body: translation.answer(JSON.parse(bytes.toString())), error: undefined, terminals: [] }
  const events = streamed(translation.stream(), chunks ?? [bytes])
  expect(events.flatMap((event) => eventProblems(client, event))).toEqual([])
  return collect[client]!(events)
}

function eventProblems(client: Dialect, { data }: SseEvent): string[] {
  if (client === 'gemini') return schemaProblems('gemini', 'StreamEvent', JSON.parse(data))
  if (client === 'openai-completions') return []
  if (client === 'openai-responses') return schemaProblems('openAi', 'ResponseStreamEvent', JSON.parse(data))
  if (client === 'anthropic-messages') return schemaProblems('anthropic', 'StreamEvent', JSON.parse(data))
  if (data === '[DONE]') return []
  const body = JSON.parse(data) as Json
  return schemaProblems('openAi', body['error'] ? 'ErrorResponse' : 'CreateChatCompletionStreamResponse', body)
}

function asExpectedChoice({ index, message, finish_reason }: Json & { message: Json }) {
  const one = message['function_call']
  const calls = ((message['tool_calls'] ?? (one ? [{ id: 'one', function: one }] : [])) as { id: string; function: { name: string; arguments: string } }[]).map(({ id, function: { name, arguments: text } }) => ({ id, name, arguments: JSON.parse(text || '{}') as unknown }))
  return { index, finish_reason, content: message['content'] || null, refusal: message['refusal'] ?? null, reasoning: message['reasoning_content'] ?? '', calls }
}

function expectedChoice({ index, finish_reason, content, refusal, reasoning, tool_calls: calls, function_call: one }: NonNullable<Expected['choices']>[number], made: readonly { id: string }[]) {
  return {
    index,
    finish_reason,
    content: content || null,
    refusal: refusal ?? null,
    reasoning: reasoning ?? '',
    calls: (calls ?? (one ? [{ id: 'one', ...one }] : [])).map(({ id, name, arguments_json, arguments: text }: { id: string | null; name: string; arguments_json?: unknown; arguments?: string }, position) => ({ id: id || made[position]?.id, name, arguments: arguments_json ?? JSON.parse(text ?? '{}') })),
  }
}

function flatUsage(usage: Json | undefined): Json | undefined {
  if (!usage) return undefined
  const { cached_tokens, cache_write_tokens } = (usage['prompt_tokens_details'] ?? {}) as Json
  return { prompt_tokens: usage['prompt_tokens'], completion_tokens: usage['completion_tokens'], total_tokens: usage['total_tokens'], cached_tokens, cache_write_tokens }
}

function expectedUsage(usage: Expected['usage']): Json | undefined {
  if (!usage) return undefined
  const { prompt_tokens = 0, completion_tokens = 0, total_tokens, cached_tokens = 0, cache_write_tokens = 0 } = usage
  return { prompt_tokens, completion_tokens, total_tokens, cached_tokens, cache_write_tokens }
}

function expectChat({ body }: Collected, expected: Expected): void {
  const choices = body['choices'] as (Json & { message: Json })[]
  const read = choices.map(asExpectedChoice)
  expect(read).toEqual((expected.choices ?? []).map((choice, index) => expectedChoice(choice, read[index]?.calls ?? [])))
  expect(flatUsage(body['usage'] as Json | undefined)).toEqual(expectedUsage(expected.usage))
}

function expectMessage({ body }: Collected, expected: AsAnthropic): void {
  const content = body['content'] as Json[]
  const thinking = content.filter(({ type }) => type === 'thinking').map((block) => block['thinking']).join('')
  expect(content.filter(({ type }) => type !== 'thinking').map((block) => ({ ...block }))).toEqual(
    expected.content.map((block, index) => ({ ...block, ...(block['type'] === 'tool_use' && [undefined, null, '', '(generated)'].includes(block['id'] as string) && { id: content[index]?.['id'] }) })),
  )
  expect(thinking).toBe(expected.thinking_text_if_exposed ?? thinking)
  expect([expected.stop_reason, ...(expected.stop_reason_also_acceptable ?? [])]).toContain(body['stop_reason'])
  expect(body['usage']).toMatchObject(expected.usage ?? {})
}

const ok = ({ expected }: Recorded): boolean => expected.outcome === 'ok'

describe('an answer of an OpenAI-compatible provider', () => {
  test.for(ofChat.filter(({ expected_as_anthropic: as }) => as))('$id is what a client of Anthropic’s should get', (entry) => {
    const message = translated(entry, 'anthropic-messages')
    expectMessage(message, entry.expected_as_anthropic!)
    expect(schemaProblems('anthropic', 'MessageComplete', message.body)).toEqual([])
    expect(message.terminals).toEqual(entry.streaming ? ['message_stop'] : [])
  })

  test.for(ofChat.filter(ok))('$id is strictly a chat completion, whatever its server leaves out or adds', (entry) => {
    const chat = translated(entry, 'openai-chat')
    expectChat(chat, entry.expected as Expected)
    expect(entry.streaming ? [] : schemaProblems('openAi', 'CreateChatCompletionResponse', chat.body)).toEqual([])
    expect(chat.terminals).toEqual(entry.streaming ? ['[DONE]'] : [])
  })
})

describe('an answer of Anthropic', () => {
  test.for(ofMessages.filter(ok))('$id is what a client of OpenAI’s should get', (entry) => {
    const chat = translated(entry, 'openai-chat')
    expectChat(chat, entry.expected as Expected)
    expect(entry.streaming ? [] : schemaProblems('openAi', 'CreateChatCompletionResponse', chat.body)).toEqual([])
    expect(chat.terminals).toEqual(entry.streaming ? ['[DONE]'] : [])
  })

  test('that breaks off with an error tells it, and no finish', () => {
    const entry = recorded.find(({ id }) => id === 'anthropic-stream-error-mid')!
    const { body, error, terminals } = translated(entry, 'openai-chat')
    expect(terminals).toEqual(['error'])
    expect(error?.['message']).toBe(entry.expected.stream_error?.message)
    expect((body['choices'] as Json[])[0]?.['finish_reason']).toBeNull()
  })
})

describe('an answer of OpenAI’s Responses', () => {
  test.for(ofResponses.filter(ok))('$id is what a chat client should get', (entry) => {
    const chat = translated(entry, 'openai-chat')
    expectChat(chat, entry.expected as Expected)
    expect(entry.streaming ? [] : schemaProblems('openAi', 'CreateChatCompletionResponse', chat.body)).toEqual([])
    expect(chat.terminals).toEqual(entry.streaming ? ['[DONE]'] : [])
  })

  test.for(ofResponses.filter(({ expected_as_anthropic: as }) => as))('$id is what a client of Anthropic’s should get', (entry) => {
    const message = translated(entry, 'anthropic-messages')
    expectMessage(message, entry.expected_as_anthropic!)
    expect(schemaProblems('anthropic', 'MessageComplete', message.body)).toEqual([])
    expect(message.terminals).toEqual(entry.streaming ? ['message_stop'] : [])
  })
})

describe('an answer of Gemini', () => {
  test.for(ofGemini.filter(ok))('$id is what a client of OpenAI’s should get', (entry) => {
    const chat = translated(entry, 'openai-chat')
    expectChat(chat, entry.expected as Expected)
    expect(entry.streaming ? [] : schemaProblems('openAi', 'CreateChatCompletionResponse', chat.body)).toEqual([])
    expect(chat.terminals).toEqual(entry.streaming ? ['[DONE]'] : [])
  })

  test.for(ofGemini.filter(({ expected_as_anthropic: as }) => as))('$id is what a client of Anthropic’s should get', (entry) => {
    const message = translated(entry, 'anthropic-messages')
    expectMessage(message, entry.expected_as_anthropic!)
    expect(schemaProblems('anthropic', 'MessageComplete', message.body)).toEqual([])
    expect(message.terminals).toEqual(entry.streaming ? ['message_stop'] : [])
  })
})

describe('a response of Gemini’s', () => {
  test.for([...ofChat, ...ofMessages, ...ofResponses].filter(ok))('is what its client gets of $id', (entry) => {
    const { body, terminals } = translated(entry, 'gemini')
    expect(schemaProblems('gemini', 'WholeResponse', body)).toEqual([])
    const { choices = [], usage } = entry.expected as Expected
    const candidates = body['candidates'] as (Json & { content: { parts: Json[] } })[]
    expect(candidates.map(asSaid)).toEqual(choices.map((choice, index) => toBeSaid(choice, candidates[index]?.content.parts ?? [])))
    expect(body['usageMetadata'] ?? {}).toMatchObject(usage ? { promptTokenCount: usage['prompt_tokens'], totalTokenCount: usage['total_tokens'] } : {})
    expect(terminals).toEqual(entry.streaming ? ['finish'] : [])
  })
})

const geminiReasons: Readonly<Record<string, string>> = { stop: 'STOP', tool_calls: 'STOP', function_call: 'STOP', length: 'MAX_TOKENS', content_filter: 'SAFETY' }

/** What a candidate says, kind by kind. */
function asSaid({ index, finishReason, content: { parts } }: Json & { content: { parts: Json[] } }) {
  const textOf = (isThought: boolean): string => parts.filter(({ thought = false }) => thought === isThought).map(({ text }) => (text as string | undefined) ?? '').join('')
  return { index, finishReason, text: textOf(false), thought: textOf(true), calls: parts.flatMap(({ functionCall: call }) => (call ? [call] : [])) }
}

function toBeSaid(choice: NonNullable<Expected['choices']>[number], parts: readonly Json[]) {
  const made = parts.flatMap(({ functionCall: call }) => (call ? [call as { id: string }] : []))
  const { index, content, refusal, reasoning, calls, finish_reason: finish } = expectedChoice(choice, made)
  return {
    index,
    finishReason: refusal === null ? geminiReasons[finish] : 'SAFETY',
    text: (content ?? '') + (refusal ?? ''),
    thought: reasoning,
    calls: calls.map(({ id, name, arguments: args }, at) => ({ id: id === 'one' ? made[at]?.id : id, name, args })),
  }
}

describe('a response', () => {
  test.for([...ofChat, ...ofMessages, ...ofGemini].filter(ok))('is what a client of the Responses API gets of $id', (entry) => {
    const { body, terminals } = translated(entry, 'openai-responses')
    expect(schemaProblems('openAi', 'Response', body)).toEqual([])
    expect((body['output'] as Json[]).flatMap((item) => schemaProblems('openAi', outputSchemas[item['type'] as string]!, item))).toEqual([])
    const [expected] = (entry.expected as Expected).choices!
    expectResponse(body, expected!, (entry.expected as Expected).usage)
    expect(terminals).toEqual(entry.streaming ? [`response.${String(body['status'])}`] : [])
  })
})

const incomplete: Readonly<Record<string, string>> = { length: 'max_output_tokens', content_filter: 'content_filter' }
const outputSchemas: Readonly<Record<string, string>> = { message: 'OutputMessage', function_call: 'FunctionToolCall', reasoning: 'ReasoningItem' }

function expectResponse(body: Json, expected: NonNullable<Expected['choices']>[number], usage: Expected['usage']): void {
  const output = body['output'] as (Json & { content?: Json[]; summary?: Json[] })[]
  const partsOf = (type: string, member: string) => output.flatMap(({ content = [], summary = [] }) => [...content, ...summary]).filter((part) => part['type'] === type).map((part) => part[member]).join('')
  const calls = output.filter(({ type }) => type === 'function_call')
  const { content, refusal, reasoning, tool_calls, function_call: one, finish_reason: finish } = expected
  expect(partsOf('output_text', 'text')).toBe(content ?? '')
  expect(partsOf('refusal', 'refusal')).toBe(refusal ?? '')
  expect(partsOf('summary_text', 'text')).toBe(reasoning ?? '')
  expect(calls.map((call) => ({ id: call['call_id'], name: call['name'], arguments: JSON.parse(call['arguments'] as string) as unknown }))).toEqual(
    (tool_calls ?? (one ? [{ id: null, ...one }] : [])).map(({ id, name, arguments_json, arguments: text }: { id: string | null; name: string; arguments_json?: unknown; arguments?: string }, index) => ({ id: id || calls[index]?.['call_id'], name, arguments: arguments_json ?? JSON.parse(text ?? '{}') })),
  )
  const reason = incomplete[finish]
  expect({ status: body['status'], details: body['incomplete_details'] }).toEqual(reason === undefined ? { status: 'completed', details: null } : { status: 'incomplete', details: { reason } })
  if (!usage) return
  expect(body['usage']).toMatchObject({
    input_tokens: usage['prompt_tokens'],
    output_tokens: usage['completion_tokens'],
    input_tokens_details: { cached_tokens: usage['cached_tokens'] ?? 0 },
    output_tokens_details: { reasoning_tokens: usage['reasoning_tokens'] ?? 0 },
  })
}

describe('a text completion', () => {
  test.for([...ofChat, ...ofMessages, ...ofResponses, ...ofGemini].filter(ok))('is what an old client gets of $id', (entry) => {
    const { body, terminals } = translated(entry, 'openai-completions')
    expect(completionProblems(body, false)).toEqual([])
    const { choices, usage } = entry.expected as Expected
    expect((body['choices'] as Json[]).map(({ index, text, finish_reason: finish }) => ({ index, text, finish }))).toEqual(
      choices!.map(({ index, content, refusal, finish_reason: finish }) => ({ index, text: content || refusal || '', finish: finish === 'tool_calls' || finish === 'function_call' ? 'stop' : finish })),
    )
    const counted = usage && { prompt_tokens: usage['prompt_tokens'], completion_tokens: usage['completion_tokens'], total_tokens: usage['total_tokens'] }
    expect(body['usage'] ?? {}).toMatchObject(counted ?? {})
    expect(terminals).toEqual(entry.streaming ? ['[DONE]'] : [])
  })
})

describe('a stream', () => {
  const streams = [...ofChat, ...ofMessages, ...ofResponses, ...ofGemini].filter(({ streaming }) => streaming)
  const clients: readonly Dialect[] = ['openai-chat', 'anthropic-messages', 'openai-responses', 'gemini', 'openai-completions']
  const pairs = streams.flatMap((entry) => clients.map((client) => ({ id: entry.id, client, entry })))

  test.for(pairs)('$id reaches a client of $client alike, wherever it is cut', ({ client, entry }) => {
    const bytes = bytesOf(entry)
    const whole = translated(entry, client)
    const random = new Random(bytes.length)
    const anywhere = (): number => 1 + random.below(200)
    for (const sizeOf of [() => 1, () => 2, () => 3, () => 7, () => 1000, anywhere, anywhere]) {
      const chunks: Buffer[] = []
      for (let at = 0, size = sizeOf(); at < bytes.length; at += size, size = sizeOf()) chunks.push(bytes.subarray(at, at + size))
      expect(translated(entry, client, chunks)).toEqual(whole)
    }
  })

  test.for(pairs.filter(({ entry }) => ok(entry)))('$id that ends at any event before its last never looks finished to a client of $client', ({ client, entry }) => {
    const provider = providers[entry.api]!
    const text = bytesOf(entry).toString()
    const whole = translated(entry, client).terminals
    const reader = facts(provider).openStream()
    const events = text.split(/(?<=\n\n|\r\n\r\n)/).map((event) => Buffer.from(event))
    for (const [index, event] of events.entries()) {
      const { terminals } = collect[client]!(streamed(asked(client, provider).stream(), events.slice(0, index)))
      expect(terminals).toEqual(reader.finished ? whole : [client === 'openai-responses' ? 'response.failed' : 'error'])
      reader.see(event)
    }
  })
})

describe('an error', () => {
  const errors = recorded.filter(({ streaming, expected }) => !streaming && expected.outcome === 'error')

  test.for(errors)('$id reaches the clients of each in their own shape', (entry) => {
    const error = readUpstreamError(entry.http.status, entry.http.headers, bytesOf(entry))
    expect(schemaProblems('openAi', 'ErrorResponse', facts('openai-chat').errorBody(error))).toEqual([])
    expect(schemaProblems('openAi', 'ErrorResponse', facts('openai-responses').errorBody(error))).toEqual([])
    expect(schemaProblems('gemini', 'ErrorResponse', facts('gemini').errorBody(error))).toEqual([])
    expect(schemaProblems('anthropic', 'Error', facts('anthropic-messages').errorBody(error, 'req_1'))).toEqual([])
  })
})
