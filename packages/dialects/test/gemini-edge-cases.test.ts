import { describe, expect, test } from 'vitest'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { readUpstreamError, translators, Untranslatable } from '../src/index.ts'
import { TranslationContext } from '../src/translate/translation-context.ts'
import { collectedGemini } from './collected-gemini.ts'
import { collectedChat, collectedMessage } from './collected.ts'
import { requestFor, writtenIn, type Says } from './conversations.ts'
import { seeds } from './random.ts'
import { facts, recorded } from './recorded.ts'
import { asked, chatStream, delta, streamed, translating, type Json } from './translating.ts'

interface Content {
  role: string
  parts: Json[]
}
type GeminiRequest = Json & { contents: Content[]; generationConfig?: Json; tools?: { functionDeclarations: Json[] }[] }
type ChatRequest = Json & { messages: Json[] }

const user = { role: 'user', content: 'Hi' }
const hi = { role: 'user', parts: [{ text: 'Hi' }] }
const parameters = { type: 'object', properties: { city: { type: 'string' } } }
const tool = { type: 'function', function: { name: 'get_weather', parameters } }
const format = { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false } } }

/** A chat client's request as Gemini gets it; valid, whatever it is. */
function toGemini(body: Json): GeminiRequest {
  const request = translating('openai-chat', 'gemini').request({ model: 'gemini-2.5-flash', messages: [user], ...body })
  expect(schemaProblems('gemini', 'GenerateContentRequest', request)).toEqual([])
  return request as GeminiRequest
}

/** A request of a client of Gemini's as an OpenAI-compatible provider gets it. */
function toChat(body: Json): ChatRequest {
  return translating('gemini', 'openai-chat', { extensions: ['extra_content'] }).request({ model: 'm', contents: [hi], ...body }) as ChatRequest
}

function refused(work: () => unknown): Untranslatable {
  try {
    work()
  } catch (error) {
    if (error instanceof Untranslatable) return error
    throw error
  }
  throw new Error('it was not refused')
}

function call(id: string, name = 'get_weather', text = '{}'): Json {
  return { id, type: 'function', function: { name, arguments: text } }
}

function geminiStream(...responses: Json[]): Buffer[] {
  return responses.map((response) => Buffer.from(`data: ${JSON.stringify(response)}\r\n\r\n`))
}

function said(parts: Json[], finishReason?: string, index = 0): Json {
  return { candidates: [{ content: { role: 'model', parts }, ...(finishReason !== undefined && { finishReason }), index }], modelVersion: 'g', responseId: 'r' }
}

function counted(usageMetadata: Json, finish?: string): Json {
  return { ...said([{ text: 'a' }], finish), usageMetadata }
}

/** A function to call, and a piece of a call. */
function named(name: string, schema?: Json): Json {
  return { type: 'function', function: { name, ...(schema && { parameters: schema }) } }
}

function piece(text: string, id?: string, index = 0): Json {
  return { tool_calls: [{ index, ...(id !== undefined && { id, type: 'function' }), function: { ...(id !== undefined && { name: 'f' }), arguments: text } }] }
}

function signatures(body: Json): unknown[] | undefined {
  return toGemini(body).contents[1]?.parts.map((part) => part['thoughtSignature'])
}

const withUsage = { stream_options: { include_usage: true } }

/** What a chat client makes of Gemini's responses. */
function chatOf(...responses: Json[]) {
  return collectedChat(streamed(asked('openai-chat', 'gemini', withUsage).stream(), geminiStream(...responses)))
}

/** What a client of Gemini's makes of a provider's chunks. */
function geminiOf(...chunks: (Json | string)[]) {
  return collectedGemini(streamed(asked('gemini', 'openai-chat').stream(), chatStream(...chunks)))
}

function whole(body: Json): Json & { choices: (Json & { message: Json & { tool_calls?: Json[] } })[]; usage: Json } {
  return asked('openai-chat', 'gemini').answer(body) as never
}

describe('a request to Gemini', () => {
  const history = [user, { role: 'assistant', content: null, tool_calls: [call('a'), call('b')] }, { role: 'tool', tool_call_id: 'b', content: 'second' }, { role: 'tool', tool_call_id: 'a', content: '[1]' }]

  test('16: results go by the name of their call, and stand together', () => {
    const { contents } = toGemini({ messages: [...history, user], tools: [tool] })
    expect(contents.map(({ role }) => role)).toEqual(['user', 'model', 'user', 'user'])
    expect(contents[2]?.parts).toEqual([
      { functionResponse: { id: 'b', name: 'get_weather', response: { result: 'second' } } },
      { functionResponse: { id: 'a', name: 'get_weather', response: { result: '[1]' } } },
    ])
  })

  test.for<[string, Json]>([
    ['{"temp":24}', { temp: 24 }],
    ['18C', { result: '18C' }],
    ['[1,2]', { result: '[1,2]' }],
    ['3', { result: '3' }],
    ['null', { result: 'null' }],
    ['', { result: '' }],
    ['{"result":"a"}', { result: '{"result":"a"}' }],
  ])('17: the result %s is an object', ([content, response]) => {
    const { contents } = toGemini({ messages: [...history.slice(0, 2), { role: 'tool', tool_call_id: 'a', content }, { role: 'tool', tool_call_id: 'b', content: 'x' }] })
    expect(contents[2]?.parts[0]).toEqual({ functionResponse: { id: 'a', name: 'get_weather', response } })
  })

  test('18: calls in the history without tools are taken as they are', () => {
    expect(toGemini({ messages: history }).tools).toBeUndefined()
  })

  test('a result that belongs to no call is refused, for it would have no name', () => {
    expect(refused(() => toGemini({ messages: [user, { role: 'tool', tool_call_id: 'x', content: 'y' }] }))).toMatchObject({ param: 'messages[1].tool_call_id' })
  })

  test('19: several answers are several candidates', () => {
    expect(toGemini({ n: 3 }).generationConfig).toEqual({ candidateCount: 3 })
  })

  test('22: empty text is no part, and a message without any is left out', () => {
    const { contents } = toGemini({ messages: [user, { role: 'assistant', content: '' }, { role: 'user', content: [{ type: 'text', text: '' }, { type: 'text', text: 'a' }] }] })
    expect(contents).toEqual([{ role: 'user', parts: [{ text: 'Hi' }, { text: 'a' }] }])
    expect(refused(() => toGemini({ messages: [{ role: 'system', content: 'a' }] })).param).toBe('messages')
  })

  test('23: system and developer messages in the middle are hoisted in order', () => {
    const { systemInstruction } = toGemini({ messages: [{ role: 'system', content: 'a' }, user, { role: 'developer', content: [{ type: 'text', text: 'b' }] }, user] })
    expect(systemInstruction).toEqual({ parts: [{ text: 'a' }, { text: 'b' }] })
  })

  test('41: an empty list of tools is left out, and an empty choice with it', () => {
    expect(toGemini({ tools: [], tool_choice: 'auto', stop: [] })).toEqual({ contents: [hi] })
  })

  test('42: names that Gemini refuses are changed, and restored in answers', () => {
    const translation = translating('openai-chat', 'gemini')
    const request = translation.request({ model: 'm', messages: [user], tools: [{ type: 'function', function: { name: 'files.read file' } }] }) as GeminiRequest
    const name = request.tools?.[0]?.functionDeclarations[0]?.['name'] as string
    expect(name).toMatch(/^files_read_file_[0-9a-f]{8}$/)
    const answer = translation.answer(said([{ functionCall: { name } }], 'STOP'))
    expect(JSON.stringify(answer)).toContain('"name":"files.read file"')
  })

  test('a schema stays as it is, in the member that takes all of it', () => {
    const rich = { ...parameters, additionalProperties: false, $defs: {} }
    const { tools } = toGemini({ tools: [named('a', parameters), named('b', rich), named('c', { type: 'object', properties: {} }), named('d')] })
    expect(tools).toEqual([{ functionDeclarations: [{ name: 'a', parameters }, { name: 'b', parametersJsonSchema: rich }, { name: 'c' }, { name: 'd' }] }])
  })

  test('a format beside functions is a sentence before Gemini 3, which takes both', () => {
    const body = { tools: [tool], response_format: format }
    const old = toGemini(body)
    expect(old.generationConfig).toBeUndefined()
    expect(JSON.stringify(old['systemInstruction'])).toContain('additionalProperties')
    expect(toGemini({ ...body, model: 'gemini-3-pro-preview' }).generationConfig).toEqual({ responseMimeType: 'application/json', responseJsonSchema: format.json_schema.schema })
  })

  test.for<[string, string, unknown]>([
    ['gemini-2.5-flash', 'low', { thinkingBudget: 1024, includeThoughts: true }],
    ['gemini-2.5-flash', 'none', { thinkingBudget: 0 }],
    ['gemini-2.5-pro', 'none', { thinkingBudget: 128 }],
    ['gemini-3-pro-preview', 'medium', { thinkingLevel: 'medium', includeThoughts: true }],
    ['gemini-3-pro-preview', 'max', { thinkingLevel: 'high', includeThoughts: true }],
    ['gemini-3-pro-preview', 'none', { thinkingLevel: 'low' }],
    ['gemini-2.0-flash', 'high', undefined],
  ])('%s thinks with effort %s as it can', ([model, reasoning_effort, thinkingConfig]) => {
    expect(toGemini({ model, reasoning_effort }).generationConfig?.['thinkingConfig']).toEqual(thinkingConfig)
  })

  test('a signature comes back with its call; one that was lost is not looked for by Gemini 3', () => {
    const signed = { ...call('a'), extra_content: { google: { thought_signature: 'c2ln' } } }
    const messages = (first: Json) => [user, { role: 'assistant', tool_calls: [first, call('b')] }, ...history.slice(2)]
    expect(signatures({ messages: messages(signed) })).toEqual(['c2ln', undefined])
    expect(signatures({ model: 'gemini-3-pro-preview', messages: messages(signed) })).toEqual(['c2ln', undefined])
    expect(signatures({ model: 'gemini-3-pro-preview', messages: messages(call('a')) })).toEqual(['skip_thought_signature_validator', undefined])
    expect(signatures({ messages: messages(call('a')) })).toEqual([undefined, undefined])
  })

  test('hears sounds, sees pictures by their address, and reads documents', () => {
    const { contents } = toGemini({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
            { type: 'image_url', image_url: { url: 'https://a.example/b.webp?x=1' } },
            { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a.pdf' } },
          ],
        },
      ],
    })
    expect(contents[0]?.parts).toEqual([
      { inlineData: { mimeType: 'audio/mp3', data: 'AAAA' } },
      { fileData: { mimeType: 'image/webp', fileUri: 'https://a.example/b.webp?x=1' } },
      { inlineData: { mimeType: 'application/pdf', data: 'JVBERi0=' } },
    ])
  })
})

describe('a request of Gemini’s', () => {
  test('16: calls of one function without ids are told apart, the same way each time, and their results find them', () => {
    const functionCall = { name: 'f', args: {} }
    const contents = [hi, { role: 'model', parts: [{ functionCall }, { functionCall }] }, { role: 'user', parts: ['one', 'two'].map((result) => ({ functionResponse: { name: 'f', response: { result } } })) }]
    const { messages } = toChat({ contents })
    const ids = ((messages[1]?.['tool_calls'] ?? []) as Json[]).map(({ id }) => id)
    expect(new Set(ids).size).toBe(2)
    expect(messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: ids[0], content: 'one' },
      { role: 'tool', tool_call_id: ids[1], content: 'two' },
    ])
    expect(toChat({ contents })).toEqual({ model: 'm', messages })
  })

  test('is read in snake case too, and by a single part', () => {
    const { messages, max_completion_tokens: limit, tools } = toChat({
      contents: { parts: { text: 'Hi' } },
      system_instruction: { parts: [{ text: 'Be brief' }] },
      generation_config: { max_output_tokens: 9 },
      tools: [{ function_declarations: [{ name: 'f', parameters: { type: 'OBJECT', properties: { a: { type: 'STRING', nullable: true } } } }] }],
    })
    expect(messages).toEqual([{ role: 'system', content: 'Be brief' }, { role: 'user', content: [{ type: 'text', text: 'Hi' }] }])
    expect({ limit, tools }).toEqual({ limit: 9, tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: { a: { type: ['string', 'null'] } } } } }] })
  })

  test.for<[string, Json]>([
    ['44: no tokens at all', { generationConfig: { maxOutputTokens: 0 } }],
    ['no contents', { contents: [] }],
    ['a role of others', { contents: [{ role: 'assistant', parts: [{ text: 'a' }] }] }],
    ['a result without its call', { contents: [hi, { role: 'user', parts: [{ functionResponse: { name: 'f', response: {} } }] }] }],
    ['what lies in Google’s cache', { cached_content: 'cachedContents/a' }],
  ])('%s is refused here', ([, body]) => {
    expect(refused(() => toChat(body)).status).toBe(400)
  })

  test('of functions that alone are allowed, the others are not offered', () => {
    const tools = [{ functionDeclarations: ['a', 'b', 'c'].map((name) => ({ name })) }]
    const chosen = (allowedFunctionNames: string[]) => toChat({ tools, toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames } } })
    expect(chosen(['b'])).toMatchObject({ tools: [{}, {}, {}], tool_choice: { type: 'function', function: { name: 'b' } } })
    expect(chosen(['a', 'c'])).toMatchObject({ tools: [{ function: { name: 'a' } }, { function: { name: 'c' } }], tool_choice: 'required' })
  })

  test('has its signatures where Google’s own endpoint for OpenAI’s clients looks for them', () => {
    const contents = [hi, { role: 'model', parts: [{ functionCall: { id: 'a', name: 'f' }, thoughtSignature: 'c2ln' }] }]
    expect(toChat({ contents }).messages[1]).toMatchObject({ tool_calls: [{ extra_content: { google: { thought_signature: 'c2ln' } } }] })
  })
})

describe('an answer of Gemini', () => {
  const weather = { functionCall: { name: 'get_weather', args: { city: 'Paris' } } }

  test('3: calls that come before a last piece with STOP are the reason to stop', () => {
    const { body, terminals } = chatOf(said([weather]), said([{ text: '' }], 'STOP'))
    expect(body['choices']).toMatchObject([{ finish_reason: 'tool_calls', message: { content: null, tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }] } }])
    expect(terminals).toEqual(['[DONE]'])
  })

  test('4: counts of later events take the place of earlier ones, thoughts are part of the completion, the cache of the prompt', () => {
    const { body } = chatOf(
      counted({ trafficType: 'ON_DEMAND' }),
      counted({ promptTokenCount: 9, candidatesTokenCount: 1, totalTokenCount: 10 }),
      counted({ promptTokenCount: 9, cachedContentTokenCount: 4, toolUsePromptTokenCount: 2, candidatesTokenCount: 5, thoughtsTokenCount: 7, totalTokenCount: 23 }, 'STOP'),
      // Vertex sends events that count nothing: what was counted stays.
      counted({ trafficType: 'ON_DEMAND' }),
    )
    expect(body['usage']).toEqual({ prompt_tokens: 11, completion_tokens: 12, total_tokens: 23, prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 }, completion_tokens_details: { reasoning_tokens: 7 } })
  })

  test('13: without [DONE] a finish is enough, with one it is told once, and without a finish nothing is', () => {
    expect(chatOf(said([{ text: 'a' }], 'STOP')).terminals).toEqual(['[DONE]'])
    const done = [...geminiStream(said([{ text: 'a' }], 'STOP')), Buffer.from('data: [DONE]\n\n'), Buffer.from('data: [DONE]\n\n')]
    expect(collectedChat(streamed(asked('openai-chat', 'gemini').stream(), done)).terminals).toEqual(['[DONE]'])
    expect(chatOf(said([{ text: 'a' }])).terminals).toEqual(['error'])
    expect(chatOf().terminals).toEqual(['error'])
  })

  test('15: calls without ids get some of their own, the same however the answer is read', () => {
    const body = said([weather, weather], 'STOP')
    const ids = (whole(body).choices[0]?.message.tool_calls ?? []).map(({ id }) => id)
    expect(new Set(ids).size).toBe(2)
    const { body: streamedBody } = chatOf(said([weather]), said([weather], 'STOP'))
    expect((streamedBody['choices'] as { message: { tool_calls: Json[] } }[])[0]?.message.tool_calls.map(({ id }) => id)).toEqual(ids)
  })

  test('19: candidates that take turns have states of their own', () => {
    const { body } = chatOf(said([{ text: 'a' }], undefined, 0), said([weather], undefined, 1), said([{ text: 'b' }], 'STOP', 0), said([weather], 'STOP', 1))
    expect(body['choices']).toMatchObject([
      { index: 0, finish_reason: 'stop', message: { content: 'ab' } },
      { index: 1, finish_reason: 'tool_calls', message: { tool_calls: [{}, {}] } },
    ])
    expect(chatOf(said([{ text: 'a' }], 'STOP', 0), said([{ text: 'b' }], undefined, 1)).terminals).toEqual(['error'])
  })

  test.for<[string, Json, string]>([
    ['no content', { candidates: [{ finishReason: 'SAFETY', index: 0 }] }, 'content_filter'],
    ['an empty content', { candidates: [{ content: {}, finishReason: 'MAX_TOKENS' }] }, 'length'],
    ['a role alone', { candidates: [{ content: { role: 'model' }, finishReason: 'RECITATION' }] }, 'content_filter'],
    ['a blocked prompt', { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } }, 'content_filter'],
    ['a blocked prompt and no candidates', { candidates: [], promptFeedback: { blockReason: 'SAFETY' } }, 'content_filter'],
  ])('33: with %s is an answer, with nothing in it', ([, body, finish]) => {
    const usageMetadata = { promptTokenCount: 9, totalTokenCount: 9 }
    const choices = [{ index: 0, message: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: finish }]
    const answer = whole({ ...body, usageMetadata })
    expect(answer.choices).toEqual(choices)
    expect(answer.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 0, total_tokens: 9 })
    expect(schemaProblems('openAi', 'CreateChatCompletionResponse', answer)).toEqual([])
    const { body: streamedBody, terminals } = chatOf({ ...body, usageMetadata })
    expect(streamedBody['choices']).toEqual(choices)
    expect(terminals).toEqual(['[DONE]'])
    const reader = facts('gemini').openStream()
    for (const event of geminiStream({ ...body, usageMetadata })) reader.see(event)
    expect(reader.finished).toBe(true)
  })

  test('33: with neither candidates nor a reason is none', () => {
    expect(() => whole({ usageMetadata: { promptTokenCount: 1 } })).toThrow('no candidates in response')
  })

  test('34: a bad key is Google’s 400, as it came', () => {
    const error = readUpstreamError(400, {}, recorded('gemini-err-400-key'))
    expect(error).toMatchObject({ status: 400, type: 'INVALID_ARGUMENT', code: '400' })
    expect(schemaProblems('openAi', 'ErrorResponse', facts('openai-chat').errorBody(error))).toEqual([])
  })

  test('35: when to come again stands in the error itself', () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '48.939s' }]
    const body = Buffer.from(JSON.stringify({ error: { code: 429, message: 'm', status: 'RESOURCE_EXHAUSTED', details } }))
    expect(readUpstreamError(429, {}, body).retryAfterSeconds).toBe(48.939)
  })

  test('an error in the middle of a stream is one, also in an array', () => {
    const error = { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }
    for (const last of [error, [error] as unknown as Json]) {
      const { error: told, terminals } = chatOf(said([{ text: 'a' }]), last)
      expect({ message: told?.['message'], terminals }).toEqual({ message: 'The model is overloaded.', terminals: ['error'] })
    }
  })

  test('45: whole numbers that no double holds keep their digits in streamed calls', () => {
    const event = Buffer.from('data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"id":1234567890123456789}}}]},"finishReason":"STOP"}]}\n\n')
    const events = streamed(asked('openai-chat', 'gemini').stream(), [event])
    expect(events.map(({ data }) => data).join('')).toContain('{\\"id\\":1234567890123456789}')
  })

  test('47: joined emoji and separators of lines pass', () => {
    const text = '👩‍👩‍👧‍👦\u2028\u2029'
    expect(whole(said([{ text }], 'STOP')).choices[0]?.message['content']).toBe(text)
  })

  test('49, 50: tier and model are those that served', () => {
    const answer = whole({ ...said([{ text: 'a' }], 'STOP'), usageMetadata: { promptTokenCount: 1, serviceTier: 'STANDARD' } })
    expect(answer).toMatchObject({ model: 'g', service_tier: 'default', id: 'r' })
  })

  test('its thoughts are thinking for a client of Anthropic’s, without a signature that is none of Anthropic’s', () => {
    const responses = [said([{ text: 'hm', thought: true }]), said([{ text: 'm', thought: true, thoughtSignature: 'c2ln' }]), said([{ text: 'Hi' }], 'STOP')]
    const { body } = collectedMessage(streamed(asked('anthropic-messages', 'gemini').stream(), geminiStream(...responses)))
    expect(body['content']).toEqual([{ type: 'thinking', thinking: 'hmm', signature: '' }, { type: 'text', text: 'Hi' }])
  })

  test('pages that it rests on are annotations, counted in characters', () => {
    const groundingMetadata = {
      groundingChunks: [{ web: { uri: 'https://a.example', title: 'A' } }, { retrievedContext: {} }],
      groundingSupports: [{ segment: { startIndex: 0, endIndex: 7, text: 'Grüße' }, groundingChunkIndices: [0, 1, 7] }],
    }
    const annotations = [{ type: 'url_citation', url_citation: { url: 'https://a.example', title: 'A', start_index: 0, end_index: 5 } }]
    const body = { ...said([], 'STOP'), candidates: [{ content: { parts: [{ text: 'Grüße, Welt' }] }, finishReason: 'STOP', groundingMetadata }] }
    expect(whole(body).choices[0]?.message['annotations']).toEqual(annotations)
    expect(chatOf(body).body['choices']).toMatchObject([{ message: { annotations } }])
  })

  test('pictures that it made are images beside the text, and likelihoods those of the tokens', () => {
    const logprobsResult = { chosenCandidates: [{ token: 'a', logProbability: -0.5 }], topCandidates: [{ candidates: [{ token: 'b', logProbability: -1 }] }] }
    const body = { candidates: [{ content: { parts: [{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }] }, finishReason: 'STOP', logprobsResult }] }
    const [choice] = whole(body).choices
    expect(choice?.message['images']).toEqual([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }])
    expect(choice?.['logprobs']).toEqual({ content: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -1, bytes: [98] }] }], refusal: null })
    expect(schemaProblems('openAi', 'CreateChatCompletionResponse', whole(body))).toEqual([])
  })
})

describe('an answer to a client of Gemini’s', () => {
  test('tells how likely each token was, whole and beside its piece, and is told so by Gemini', () => {
    const told = { content: [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -1, bytes: [98] }] }], refusal: null }
    const logprobsResult = { chosenCandidates: [{ token: 'a', logProbability: -0.5 }], topCandidates: [{ candidates: [{ token: 'b', logProbability: -1 }] }] }
    const answer = asked('gemini', 'openai-chat').answer({ choices: [{ index: 0, message: { content: 'a' }, logprobs: told, finish_reason: 'stop' }] })
    expect(answer['candidates']).toMatchObject([{ logprobsResult }])
    expect(schemaProblems('gemini', 'WholeResponse', answer)).toEqual([])
    const [first] = streamed(asked('gemini', 'openai-chat').stream(), chatStream({ ...delta({ content: 'a' }), choices: [{ index: 0, delta: { content: 'a' }, logprobs: told }] }, delta({}, 'stop')))
    expect(JSON.parse(first!.data)).toMatchObject({ candidates: [{ content: { parts: [{ text: 'a' }] }, logprobsResult }] })
    const { body } = chatOf({ candidates: [{ content: { parts: [{ text: 'a' }] }, finishReason: 'STOP', logprobsResult }] })
    expect(body['choices']).toMatchObject([{ message: { content: 'a' }, logprobs: told }])
  })

  test('calls come whole, text is never held', () => {
    const stream = asked('gemini', 'openai-chat').stream()
    const events = chatStream(delta({ content: 'a' }), delta(piece('{"x":', 'c1')), delta(piece('{}', 'c2', 1)), delta(piece('1}')), delta({}, 'tool_calls'), '[DONE]')
    const out = events.map((event) => stream.event({ event: '', data: event.toString().slice(6).trim() }).length)
    expect(out).toEqual([1, 0, 0, 0, 0, 1])
    const { body, terminals } = geminiOf(...events.map((event) => event.toString().slice(6).trim()))
    expect(body['candidates']).toEqual([{ index: 0, content: { role: 'model', parts: [{ text: 'a' }, { functionCall: { id: 'c1', name: 'f', args: { x: 1 } } }, { functionCall: { id: 'c2', name: 'f', args: {} } }] }, finishReason: 'STOP' }])
    expect(terminals).toEqual(['finish'])
  })

  test('20: a call that the limit of tokens cut off is not told', () => {
    const { body } = geminiOf(delta(piece('{"x":', 'c1')), delta({}, 'length'), '[DONE]')
    expect(body['candidates']).toEqual([{ index: 0, content: { role: 'model', parts: [] }, finishReason: 'MAX_TOKENS' }])
  })

  test('19: choices are candidates, and all end in one event', () => {
    const { body, terminals } = geminiOf(delta({ content: 'a' }, null, 0), delta({ content: 'b' }, null, 1), delta({}, 'stop', 1), delta({}, 'length', 0), '[DONE]')
    expect(body['candidates']).toMatchObject([{ index: 0, finishReason: 'MAX_TOKENS' }, { index: 1, finishReason: 'STOP' }])
    expect(terminals).toEqual(['finish'])
  })

  test('29: a refusal is text, and ends with SAFETY', () => {
    const { body } = geminiOf(delta({ refusal: 'No.' }), delta({}, 'stop'), '[DONE]')
    expect(body['candidates']).toMatchObject([{ content: { parts: [{ text: 'No.' }] }, finishReason: 'SAFETY' }])
  })

  test('counts stand in the last event, thoughts beside what was said', () => {
    const usage = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21, prompt_tokens_details: { cached_tokens: 4 }, completion_tokens_details: { reasoning_tokens: 7 } }
    const { body } = geminiOf(delta({ content: 'a' }, 'stop'), { ...delta({}), choices: [], usage }, '[DONE]')
    expect(body['usageMetadata']).toEqual({ promptTokenCount: 9, candidatesTokenCount: 5, thoughtsTokenCount: 7, cachedContentTokenCount: 4, totalTokenCount: 21 })
  })

  test('what has to be held is bounded', () => {
    const stream = asked('gemini', 'openai-chat', {}, { maxHeld: 8 }).stream()
    const { error } = collectedGemini(streamed(stream, chatStream(delta(piece('{"x":"0123456789"}', 'c1')))))
    expect(error).toMatchObject({ code: 502, status: 'INTERNAL' })
  })

  test('that breaks off is an error of Google’s shape', () => {
    const { error, terminals } = geminiOf(delta({ content: 'a' }))
    expect(error).toEqual({ code: 502, message: expect.stringContaining('before it was complete') as string, status: 'INTERNAL' })
    expect(terminals).toEqual(['error'])
  })
})

const everything: Says = {
  cacheControl: true,
  signedReasoning: true,
  thinkingBudget: true,
  topK: true,
  isError: true,
  picturesFromTools: true,
  documents: false,
  citations: true,
  severalChoices: true,
  refusal: true,
  stopSequence: true,
}

describe('requests to Gemini', () => {
  test('out of generated conversations of every dialect are valid', () => {
    for (const { dialect, requestFromChat } of translators) {
      if (dialect === 'gemini') continue
      for (const seed of seeds()) {
        const context = new TranslationContext({ now: () => 0, newId: () => 'x', maxHeld: 1 << 20 })
        const body = requestFromChat(requestFor(writtenIn(dialect, everything), seed), context)
        const request = translating(dialect, 'gemini').request(JSON.parse(JSON.stringify(body)))
        expect({ dialect, seed, problems: schemaProblems('gemini', 'GenerateContentRequest', request) }).toEqual({ dialect, seed, problems: [] })
      }
    }
  })
})
