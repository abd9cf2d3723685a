import { encodeMessage } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { readUpstreamError, Saw } from '../src/index.ts'
import { bedrockMessage, bedrockStream, ending, piece, type BedrockEvent } from './bedrock-streams.ts'
import { collectedBedrock } from './collected-bedrock.ts'
import { collectedChat, collectedMessage } from './collected.ts'
import { Random, seeds } from './random.ts'
import { facts, recorded } from './recorded.ts'
import { asked, chatStream, delta, streamed, translating, type Json } from './translating.ts'

interface Message {
  role: string
  content: Json[]
}

const hi = { role: 'user', content: [{ text: 'Hi' }] }
const data = 'data:image/png;base64,AAAA'
const withUsage = { stream_options: { include_usage: true } }

/** What a chat client makes of Bedrock's events. */
function chatOf(...events: readonly BedrockEvent[]) {
  return collectedChat(streamed(asked('openai-chat', 'bedrock-converse', withUsage).stream(), bedrockStream(...events)))
}

/** How a call begins in a stream of Bedrock's. */
function begin(index: number): BedrockEvent {
  return ['contentBlockStart', { contentBlockIndex: index, start: { toolUse: { toolUseId: `t${index}`, name: 'f' } } }]
}

/** A piece of a call in a stream of OpenAI's; the first has an id. */
function part(index: number, text: string, id?: string): Json {
  return delta({ tool_calls: [{ index, ...(id !== undefined && { id }), function: { ...(id !== undefined && { name: `f${index}` }), arguments: text } }] })
}

function messageOf(body: Json): Json {
  return (body['choices'] as { message: Json }[])[0]!.message
}

/** What a client of Bedrock's makes of a provider's chunks. */
function bedrockOf(...chunks: (Json | string)[]) {
  const events = streamed(asked('bedrock-converse', 'openai-chat').stream(), chatStream(...chunks))
  expect(events.flatMap(({ event, data: payload }) => schemaProblems('bedrock', event, JSON.parse(payload)))).toEqual([])
  return collectedBedrock(events)
}

function blocksOf(body: Json): Json[] {
  return (body['output'] as { message: Message }).message.content
}

function whole(body: Json): Json & { choices: (Json & { message: Json & { tool_calls?: Json[] } })[]; usage: Json } {
  return asked('openai-chat', 'bedrock-converse').answer(body) as never
}

function answer(content: Json[], more: Json = {}): Json {
  return { output: { message: { role: 'assistant', content } }, stopReason: 'end_turn', usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 }, metrics: { latencyMs: 1 }, ...more }
}

describe('an answer of Bedrock’s', () => {
  test('5: counts the cache beside the prompt', () => {
    const usage = { inputTokens: 10, outputTokens: 5, totalTokens: 45, cacheReadInputTokens: 20, cacheWriteInputTokens: 10 }
    const counted = { promptTokens: 10, completionTokens: 5, totalTokens: 45, cacheReadTokens: 20, cacheCreationTokens: 10, reasoningTokens: 0 }
    expect(whole(answer([{ text: 'a' }], { usage })).usage).toEqual({ prompt_tokens: 40, completion_tokens: 5, total_tokens: 45, prompt_tokens_details: { cached_tokens: 20, cache_write_tokens: 10 } })
    expect(facts('bedrock-converse').readAnswer([Buffer.from(JSON.stringify(answer([], { usage })))]).usage).toEqual(counted)
    expect(facts('bedrock-converse').readAnswer([Buffer.from(JSON.stringify(answer([], { usage: { ...usage, totalTokens: undefined } })))]).usage).toEqual(counted)
  })

  test.for<[string, Json[], string]>([
    ['end_turn', [{ text: 'a' }], 'stop'],
    ['end_turn', [{ toolUse: { toolUseId: 'a', name: 'f', input: {} } }], 'tool_calls'],
    ['tool_use', [{ toolUse: { toolUseId: 'a', name: 'f', input: {} } }], 'tool_calls'],
    ['stop_sequence', [{ text: 'a' }], 'stop'],
    ['max_tokens', [{ text: 'a' }], 'length'],
    ['model_context_window_exceeded', [{ text: 'a' }], 'length'],
    ['guardrail_intervened', [{ text: 'masked' }], 'content_filter'],
    ['content_filtered', [], 'content_filter'],
    ['malformed_model_output', [], 'stop'],
    ['malformed_tool_use', [], 'stop'],
    ['a new one', [{ text: 'a' }], 'stop'],
  ])('21: that ends with %s, having said %j, ends with %s', ([stopReason, content, finish]) => {
    expect(whole(answer(content, { stopReason })).choices[0]).toMatchObject({ finish_reason: finish })
  })

  test('38: that a guardrail has masked is delivered', () => {
    const body = JSON.parse(recorded('bedrock-guardrail').toString()) as Json
    expect(whole(body).choices[0]).toMatchObject({ message: { content: expect.stringContaining('{ADDRESS}') as string }, finish_reason: 'content_filter' })
  })

  test('30: does not show calls of tools that Bedrock ran itself', () => {
    const servers = answer([{ toolUse: { toolUseId: 'a', name: 'nova_grounding', input: {}, type: 'server_tool_use' } }, { toolResult: { toolUseId: 'a' } }, { text: 'b' }])
    const { message } = whole(servers).choices[0]!
    expect(message).toEqual({ role: 'assistant', content: 'b', refusal: null })
    expect(facts('bedrock-converse').readAnswer([Buffer.from(JSON.stringify(servers))]).hasToolCalls).toBe(false)
  })

  test('32: joins texts that citations have split, and tells the pages', () => {
    const citations = [{ title: 'A', location: { web: { url: 'https://a.example', domain: 'a.example' } } }, { title: 'doc', location: { documentPage: { documentIndex: 0, start: 1, end: 2 } } }]
    const { message } = whole(answer([{ text: 'a' }, { citationsContent: { content: [{ text: 'b' }, { text: 'c' }], citations } }, { text: 'd' }])).choices[0]!
    expect(message).toMatchObject({ content: 'abcd', annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.example', title: 'A', start_index: 1, end_index: 3 } }] })
  })

  test('is told by the stop sequence that it met, where the model tells it', () => {
    const body = answer([{ text: 'a' }], { stopReason: 'stop_sequence', additionalModelResponseFields: { stop_sequence: 'END' } })
    expect(asked('anthropic-messages', 'bedrock-converse').answer(body)).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'END' })
  })

  test('31: has what was encrypted for those who know it', () => {
    const content = [{ reasoningContent: { reasoningText: { text: 'a', signature: 's' } } }, { reasoningContent: { redactedContent: 'Yg==' } }, { text: 'c' }]
    expect(asked('anthropic-messages', 'bedrock-converse').answer(answer(content))['content']).toEqual([{ type: 'thinking', thinking: 'a', signature: 's' }, { type: 'redacted_thinking', data: 'Yg==' }, { type: 'text', text: 'c' }])
    expect(whole(answer(content)).choices[0]?.message).toMatchObject({ content: 'c', reasoning_content: 'a' })
  })

  test.for<[string, Json]>([
    ['an error', { message: 'no' }],
    ['without a message', { output: {}, stopReason: 'end_turn' }],
    ['without content', { output: { message: { role: 'assistant' } } }],
  ])('that is none, %s, is not passed on', ([, body]) => {
    expect(() => whole(body)).toThrow('no message in response')
  })

  test('42: calls tools by names that Bedrock takes, and the client knows them by its own again, streamed too', () => {
    const name = `a.b/${'c'.repeat(80)}`
    const ask = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], tools: [{ type: 'function', function: { name } }], tool_choice: { type: 'function', function: { name } } }
    const translation = translating('openai-chat', 'bedrock-converse')
    const { toolConfig } = translation.request(ask) as { toolConfig?: { tools: Json[]; toolChoice?: Json } }
    const { toolSpec } = toolConfig!.tools[0] as { toolSpec: { name: string } }
    expect(toolSpec.name).toMatch(/^a_b_c{10,}_[0-9a-f]{8}$/)
    expect(toolSpec.name).toHaveLength(64)
    expect(toolConfig?.toolChoice).toEqual({ tool: { name: toolSpec.name } })
    const back = translation.answer(answer([{ toolUse: { toolUseId: 'a', name: toolSpec.name, input: {} } }])) as ReturnType<typeof whole>
    expect(back.choices[0]?.message.tool_calls).toMatchObject([{ function: { name } }])
    const events = bedrockStream(['contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'a', name: toolSpec.name } } }], ...ending('tool_use'))
    expect(messageOf(collectedChat(streamed(translation.stream(), events)).body)['tool_calls']).toMatchObject([{ function: { name } }])
  })
})

describe('a stream of Bedrock’s', () => {
  test('2: a call without arguments has {} for them', () => {
    const { body } = chatOf(begin(0), piece({ toolUse: { input: '' } }), ['contentBlockStop', { contentBlockIndex: 0 }], begin(1), ['contentBlockStop', { contentBlockIndex: 1 }], ...ending('tool_use'))
    expect(messageOf(body)['tool_calls']).toMatchObject([{ id: 't0', function: { arguments: '{}' } }, { id: 't1', function: { arguments: '{}' } }])
  })

  test('20: a call that the limit of tokens cuts off stays cut', () => {
    const { body } = chatOf(begin(0), piece({ toolUse: { input: '{"a' } }), ...ending('max_tokens'))
    expect(body['choices']).toMatchObject([{ finish_reason: 'length', message: { tool_calls: [{ function: { arguments: '{"a' } }] } }])
  })

  test('38: counts usage that comes behind the end, and ends then; without it when the stream does', () => {
    const said = [piece({ text: 'a' }), ['contentBlockStop', { contentBlockIndex: 0 }] as const]
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }
    expect(chatOf(...said, ...ending('end_turn'))).toMatchObject({ body: { usage }, terminals: ['[DONE]'] })
    const cut = chatOf(...said, ['messageStop', { stopReason: 'end_turn' }])
    expect(cut.terminals).toEqual(['[DONE]'])
    expect(cut.body).not.toHaveProperty('usage')
    expect(chatOf(...said).terminals).toEqual(['error'])
  })

  test('38: is over with its counts: what comes then is not heard', () => {
    const stream = asked('openai-chat', 'bedrock-converse').stream()
    streamed(stream, bedrockStream(piece({ text: 'a' }), ...ending('end_turn')))
    expect(stream.over).toBe(true)
    expect(stream.event({ event: 'throttlingException', data: '{"message":"late"}' })).toEqual([])
  })

  test('38: is not disturbed by padding, by empty pieces or by what is not known yet', () => {
    const { body } = chatOf(
      piece({ text: '' }),
      piece({ text: 'a' }),
      piece({ something: 'new' }),
      ['somethingNew', { p: 'abc' }],
      piece({ text: 'b' }, 1),
      ['contentBlockStop', { contentBlockIndex: 9 }],
      ...ending('end_turn'),
    )
    expect(messageOf(body)['content']).toBe('ab')
  })

  test.for([
    ['throttlingException', 429],
    ['serviceUnavailableException', 503],
    ['internalServerException', 500],
    ['validationException', 400],
    ['modelStreamErrorException', 502],
    ['modelTimeoutException', 408],
    ['somethingNewException', 502],
  ] as const)('38: that breaks off with a %s tells it, and no finish', ([type, status]) => {
    const { error, terminals, body } = chatOf(piece({ text: 'a' }), [type, { message: 'Broken.' }])
    expect(terminals).toEqual(['error'])
    expect(error?.['message']).toBe('Broken.')
    expect(body['choices']).toMatchObject([{ finish_reason: null }])
    const reader = facts('bedrock-converse').openStream()
    reader.see(bedrockMessage(type, { message: 'Broken.' }))
    expect(reader.error).toEqual({ status, message: 'Broken.', type: type.replace(/^./, (first) => first.toUpperCase()) })
  })

  test('38: an exception that says nothing is told by its name', () => {
    expect(chatOf(['throttlingException', '']).error?.['message']).toBe('Upstream reported an error of type ThrottlingException')
  })

  test.for([
    [{ ':error-code': 'InternalFailure', ':error-message': 'Gone.' }, 'Gone.'],
    [{ ':error-message': 'Gone.' }, 'Gone.'],
    [{}, 'Upstream reported an error of type Error'],
  ] as const)('38: that breaks off with an error of the framing, %j, tells it', ([headers, message]) => {
    const reader = facts('bedrock-converse').openStream()
    expect(reader.see(encodeMessage({ ':message-type': 'error', ...headers }, ''))).toBe(Saw.error)
    expect(reader.error).toMatchObject({ status: 502, message })
  })

  test('31: pieces of what was thought belong together, signed and encrypted', () => {
    const events = [
      piece({ reasoningContent: { text: 'h' } }),
      piece({ reasoningContent: { text: 'm' } }),
      piece({ reasoningContent: { signature: 'c2ln' } }),
      ['contentBlockStop', { contentBlockIndex: 0 }] as const,
      piece({ reasoningContent: { redactedContent: 'Yg==' } }, 1),
      ['contentBlockStop', { contentBlockIndex: 1 }] as const,
      piece({ text: 'a' }, 2),
      ['contentBlockStop', { contentBlockIndex: 2 }] as const,
    ]
    const { body } = collectedMessage(streamed(asked('anthropic-messages', 'bedrock-converse').stream(), bedrockStream(...events, ...ending('end_turn'))))
    expect(body['content']).toEqual([{ type: 'thinking', thinking: 'hm', signature: 'c2ln' }, { type: 'redacted_thinking', data: 'Yg==' }, { type: 'text', text: 'a' }])
  })

  test('30: does not show calls of tools that Bedrock ran itself', () => {
    const server = ['contentBlockStart', { contentBlockIndex: 0, start: { toolUse: { toolUseId: 'a', name: 'nova_grounding', type: 'server_tool_use' } } }] as const
    const { body } = chatOf(server, piece({ toolUse: { input: '{}' } }), ['contentBlockStop', { contentBlockIndex: 0 }], piece({ text: 'b' }, 1), ...ending('end_turn'))
    expect(messageOf(body)).toEqual({ role: 'assistant', content: 'b', refusal: null })
  })

  test('whose event is no JSON has failed', () => {
    const { terminals, error } = chatOf(piece({ text: 'a' }), ['contentBlockDelta', '{"delta"'])
    expect([terminals, error?.['message']]).toEqual([['error'], 'an event of the stream is not a JSON object'])
  })

  test('tells whoever accounts for it what it holds, event by event', () => {
    const reader = facts('bedrock-converse').openStream()
    const events = bedrockStream(piece({ text: '' }), piece({ text: 'a' }), piece({ reasoningContent: { text: 'a' } }), piece({ reasoningContent: { signature: 'a' } }), begin(1), piece({ toolUse: { input: '{' } }, 1), ...ending('tool_use'))
    expect(events.map((event) => reader.see(event))).toEqual([0, 0, 1, 1, 0, 1, 1, 2, 16])
    expect(reader).toMatchObject({ finished: true, hasToolCalls: true, usage: { totalTokens: 7 }, rawUsage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 } })
  })
})

describe('a payload that is damaged', () => {
  test('breaks no reader', () => {
    const marks = [...Buffer.from('"\\{}[],:\0\n')]
    const payloads = [piece({ text: 'a "b"' }), piece({ toolUse: { input: '{"a":1}' } }), ...ending('tool_use')] as const
    const { openStream, textOfEvent, readAnswer, textOf } = facts('bedrock-converse')
    for (const seed of seeds()) {
      const random = new Random(seed)
      const [type, payload] = random.pick(payloads)
      const bytes = Buffer.from(JSON.stringify(random.chance() ? payload : answer([{ text: 'a' }])))
      for (let hits = 1 + random.below(4); hits > 0; hits--) bytes[random.below(bytes.length)] = random.pick(marks as [number, ...number[]])
      const message = bedrockMessage(type, bytes.toString('latin1'))
      const kinds = [typeof openStream().see(message), typeof textOfEvent(message), typeof readAnswer([bytes]).isJson, typeof textOf(bytes)]
      expect({ seed, kinds }).toEqual({ seed, kinds: ['number', 'string', 'boolean', 'string'] })
    }
  })
})

describe('a client of Bedrock’s', () => {
  test('29: gets a refusal as text, with the reason for it', () => {
    const refuses = { id: 'c', choices: [{ index: 0, message: { role: 'assistant', content: null, refusal: 'No.' }, finish_reason: 'stop' }] }
    const body = asked('bedrock-converse', 'openai-chat').answer(refuses)
    expect(body).toMatchObject({ output: { message: { content: [{ text: 'No.' }] } }, stopReason: 'content_filtered' })
    expect(bedrockOf(delta({ refusal: 'No.' }), delta({}, 'stop'), '[DONE]').body).toMatchObject({ output: { message: { content: [{ text: 'No.' }] } }, stopReason: 'content_filtered' })
  })

  test('14: gets parallel calls one after the other, however they came', () => {
    const { body } = bedrockOf(part(0, '{"a"', 'c0'), part(1, '{"b":', 'c1'), part(0, ':1}'), part(1, '2}'), delta({}, 'tool_calls'), '[DONE]')
    expect(blocksOf(body)).toEqual([{ toolUse: { toolUseId: 'c0', name: 'f0', input: { a: 1 } } }, { toolUse: { toolUseId: 'c1', name: 'f1', input: { b: 2 } } }])
  })

  test('14: gets a call behind a text at once, though the call before it never came to its end', () => {
    const { body } = bedrockOf(part(0, '{"a"', 'c0'), delta({ content: 'x' }), part(1, '{}', 'c1'), delta({ content: 'y' }), delta({}, 'tool_calls'), '[DONE]')
    expect(blocksOf(body).map((block) => block['text'] ?? (block['toolUse'] as Json)['toolUseId'])).toEqual(['c0', 'x', 'c1', 'y'])
  })

  test('14: gets no more than may be held of calls that wait', () => {
    const stream = asked('bedrock-converse', 'openai-chat', {}, { maxHeld: 8 }).stream()
    const { error, terminals } = collectedBedrock(streamed(stream, chatStream(part(0, '{', 'c0'), part(1, '{"long":"long"', 'c1'))))
    expect([terminals, error?.['message']]).toEqual([['exception'], 'parallel tool calls are too large to be put in order'])
  })

  test('38: gets counts behind the end of the message, whether there are any or not', () => {
    const { body, terminals } = bedrockOf(delta({ content: 'a' }), delta({}, 'stop'), '[DONE]')
    expect(terminals).toEqual(['metadata'])
    expect(body).toMatchObject({ stopReason: 'end_turn', usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 }, metrics: { latencyMs: 0 } })
  })

  test('is told how long the answer took', () => {
    let now = 100
    const translation = translating('bedrock-converse', 'openai-chat', { now: () => now })
    translation.request({ model: 'm', messages: [hi] })
    now = 103
    expect(translation.answer({ choices: [{ index: 0, message: { content: 'a' }, finish_reason: 'stop' }] })).toMatchObject({ metrics: { latencyMs: 3000 } })
  })

  test('gets pictures that a model made', () => {
    const image = { format: 'png', source: { bytes: 'AAAA' } }
    const parts = [{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }]
    const response = { candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }], modelVersion: 'g', responseId: 'r' }
    expect(blocksOf(asked('bedrock-converse', 'gemini').answer(response))).toEqual([{ text: 'a' }, { image }])
    const events = streamed(asked('bedrock-converse', 'gemini').stream(), [Buffer.from(`data: ${JSON.stringify(response)}\n\n`)])
    expect(blocksOf(collectedBedrock(events).body)).toEqual([{ text: 'a' }, { image }])
  })

  test('makes pictures for others', () => {
    const image = { format: 'png', source: { bytes: 'AAAA' } }
    expect(whole(answer([{ image }])).choices[0]?.message['images']).toEqual([{ type: 'image_url', image_url: { url: data } }])
    const events = bedrockStream(['contentBlockStart', { contentBlockIndex: 0, start: { image: { format: 'png' } } }], piece({ image: { source: { bytes: 'AAAA' } } }), ...ending('end_turn'))
    const chunks = streamed(asked('openai-chat', 'bedrock-converse').stream(), events).map(({ data: text }) => text)
    expect(chunks.filter((text) => text.includes(data))).toHaveLength(1)
  })

  test.for([
    [429, 'ThrottlingException', 'throttlingException'],
    [400, 'ValidationException', 'validationException'],
    [401, 'UnrecognizedClientException', 'validationException'],
    [403, 'AccessDeniedException', 'validationException'],
    [404, 'ResourceNotFoundException', 'validationException'],
    [500, 'InternalServerException', 'internalServerException'],
    [502, 'InternalServerException', 'modelStreamErrorException'],
    [503, 'ServiceUnavailableException', 'serviceUnavailableException'],
    [504, 'ModelTimeoutException', 'modelStreamErrorException'],
    [529, 'ServiceUnavailableException', 'serviceUnavailableException'],
  ] as const)('34: knows an error with status %i as %s, and in a stream as %s', ([status, name, inStream]) => {
    const { errorBody, errorEvent } = facts('bedrock-converse')
    expect(errorBody({ status, message: 'm', type: 'api_error' })).toEqual({ __type: name, message: 'm', error_msg: 'm' })
    expect(errorEvent({ status, message: 'm' }).toString('latin1')).toContain(`:exception-type\x07\x00${String.fromCharCode(inStream.length)}${inStream}`)
  })

  test('34: keeps the name that Bedrock itself gave an error', () => {
    const error = readUpstreamError(403, { 'x-amzn-errortype': 'ExpiredTokenException:http://internal.amazon.com/' }, Buffer.from('{"message":"m"}'))
    expect(facts('bedrock-converse').errorBody(error)).toMatchObject({ __type: 'ExpiredTokenException' })
  })
})
