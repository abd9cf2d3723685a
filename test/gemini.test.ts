import { startMockLlm, type MockLlm, type Script } from '@sluice/mock-llm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dataOf, viewStream, viewWhole } from './support/client-view.ts'
import { schemaProblems } from './support/dialect-schemas.ts'
import { askRaw, openRaw, type RawAnswer } from './support/raw-client.ts'
import { gemini, stage } from './support/stage.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'

const { body } = gemini
const model = 'gemini-2.5-flash'
const pathOf = (operation: string, name = model): string => `/v1beta/models/${name}:${operation}`

interface Staged {
  readonly mock: MockLlm
  readonly gateway: TestGateway
  ask(path: string, asked?: object | string, headers?: Record<string, string>): Promise<RawAnswer>
}

/** The provider in front of the mock, at `endpoint` of it. */
async function staged(config: object = {}, endpoint = ''): Promise<Staged> {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const gateway = await startGateway({ routes: [aiRoute(mock.url + endpoint, { provider: 'gemini', ...config })] })
  return { mock, gateway, ask: (path, asked = body, headers = {}) => askRaw(gateway.url + path, { body: asked, headers }) }
}

function sentTo({ mock }: Staged): Record<string, unknown> {
  return JSON.parse(mock.requests.at(-1)!.body.toString()) as Record<string, unknown>
}

function listOf({ body: answer }: RawAnswer): Record<string, unknown>[] {
  return JSON.parse(answer.toString()) as Record<string, unknown>[]
}

/** The mock counts its answers. */
function bytesButId({ body: answer }: RawAnswer): string {
  return answer.toString().replaceAll(/"responseId":"[^"]*"/g, '')
}

const vertex = { provider: 'vertex-ai', provider_conf: { project_id: 'p', region: 'us-central1' } }
const vertexPath = '/v1/projects/p/locations/us-central1/publishers/google'

describe('a client of Gemini’s on Gemini', () => {
  test.for<[asked: string, config: object, endpoint: string, expected: string]>([
    [pathOf('generateContent'), {}, '', '/v1beta/models/gemini-2.5-flash:generateContent'],
    [pathOf('streamGenerateContent'), {}, '', '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse'],
    [`${pathOf('streamGenerateContent')}?alt=sse&key=mine`, {}, '', '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse'],
    ['/v1/tunedModels/mine:generateContent', {}, '', '/v1beta/tunedModels/mine:generateContent'],
    [`${vertexPath}/models/gemini-2.5-pro:generateContent`, {}, '', '/v1beta/models/gemini-2.5-pro:generateContent'],
    [pathOf('generateContent', 'a%2Fb%3F'), {}, '', '/v1beta/models/a%2Fb%3F:generateContent'],
    // The route's model stands in the place of the client's.
    [pathOf('generateContent'), { options: { model: 'gemini-3-pro' } }, '', '/v1beta/models/gemini-3-pro:generateContent'],
    [pathOf('generateContent'), { options: { model: 'gemini-3-pro' }, options_mode: 'default' }, '', '/v1beta/models/gemini-2.5-flash:generateContent'],
    [pathOf('countTokens'), { options: { model: 'gemini-3-pro' } }, '', '/v1beta/models/gemini-3-pro:countTokens'],
    [pathOf('countTokens'), {}, '/v1', '/v1/models/gemini-2.5-flash:countTokens'],
    [pathOf('generateContent'), { options: { stream: true } }, '', '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse'],
    [`${pathOf('streamGenerateContent')}?alt=sse`, { options: { stream: false } }, '', '/v1beta/models/gemini-2.5-flash:generateContent'],
    // An endpoint is a base, or names model and operation itself.
    [pathOf('generateContent'), {}, '/proxy/v1beta', '/proxy/v1beta/models/gemini-2.5-flash:generateContent'],
    [pathOf('streamGenerateContent'), {}, '/v1beta?x=1', '/v1beta/models/gemini-2.5-flash:streamGenerateContent?x=1&alt=sse'],
    [pathOf('streamGenerateContent'), { auth: { query: { key: 'k' } } }, '', '/v1beta/models/gemini-2.5-flash:streamGenerateContent?key=k&alt=sse'],
    [pathOf('generateContent'), {}, '/v1beta/models/gemini-2.0:generateContent', '/v1beta/models/gemini-2.0:generateContent'],
    [pathOf('streamGenerateContent'), {}, '/v1beta/models/gemini-2.0:generateContent', '/v1beta/models/gemini-2.0:streamGenerateContent?alt=sse'],
    [pathOf('generateContent'), { options: { model: 'gemini-3-pro' } }, '/v1beta/models/gemini-2.0:generateContent', '/v1beta/models/gemini-3-pro:generateContent'],
    [pathOf('streamGenerateContent'), { override: { endpoint_mode: 'exact' } }, '/v1beta/models/gemini-2.0:streamGenerateContent?x=1', '/v1beta/models/gemini-2.0:streamGenerateContent?x=1&alt=sse'],
    [pathOf('generateContent'), { override: { endpoint_mode: 'exact' } }, '/v1beta/models/gemini-2.0:generateContent', '/v1beta/models/gemini-2.0:generateContent'],
    [pathOf('generateContent'), { override: { endpoint_mode: 'base' } }, '/google', '/google/models/gemini-2.5-flash:generateContent'],
    [pathOf('generateContent'), vertex, '', `${vertexPath}/models/gemini-2.5-flash:generateContent`],
    [pathOf('streamGenerateContent'), { ...vertex, options: { model: 'google/gemini-3-pro' } }, '', `${vertexPath}/models/gemini-3-pro:streamGenerateContent?alt=sse`],
    [pathOf('countTokens'), vertex, '', `${vertexPath}/models/gemini-2.5-flash:countTokens`],
    [pathOf('generateContent'), vertex, vertexPath, `${vertexPath}/models/gemini-2.5-flash:generateContent`],
  ])('%s with %j at %s is asked at %s', async ([asked, config, endpoint, expected]) => {
    const { mock, ask } = await staged(config, endpoint)
    expect((await ask(asked)).status).toBe(200)
    expect(mock.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([`POST ${expected}`])
  })

  test('an endpoint that names an operation of another dialect is asked in that one', async () => {
    const { mock, ask } = await staged({}, '/v1beta/openai/chat/completions')
    const { status, body: answer } = await ask(pathOf('generateContent'))
    expect([status, mock.requests[0]!.url]).toEqual([200, '/v1beta/openai/chat/completions'])
    expect(schemaProblems('gemini', 'GenerateContentResponse', JSON.parse(answer.toString()))).toEqual([])
  })

  test('the same dialect is the same bytes, up and down', async () => {
    const { mock, ask, gateway } = await staged()
    const odd = '{ "contents": [ {"parts":[{"text":"Hi \\u00e9"}], "role":"user"} ],"generationConfig":{"temperature":1.0,"seed":12345678}, "safetySettings":[] }'
    const whole = await ask(pathOf('generateContent'), odd)
    const streamed = await ask(`${pathOf('streamGenerateContent')}?alt=sse`, odd)
    expect(mock.requests.map((one) => one.body.toString())).toEqual([odd, odd])
    const direct = await Promise.all([pathOf('generateContent'), `${pathOf('streamGenerateContent')}?alt=sse`].map((path) => askRaw(mock.url + path, { body: odd })))
    expect([whole, streamed].map(bytesButId)).toEqual(direct.map(bytesButId))
    expect(streamed.headers['content-type']).toContain('text/event-stream')
    const told = { outcome: 'complete', usage_source: 'provider', request_llm_model: model, llm_model: model }
    expect(await gateway.lines(2)).toMatchObject([{ ...told, llm_stream: false, request_type: 'ai_chat' }, { ...told, llm_stream: true, request_type: 'ai_stream' }])
  })

  test('the log tells what the route made of it', async () => {
    const { ask, gateway } = await staged({ options: { model: 'gemini-3-pro' }, logging: { payloads: true } })
    const tools = [{ functionDeclarations: [{ name: 'get_weather' }, { name: 'get_time' }] }]
    await ask(pathOf('generateContent'), { contents: [{ role: 'user', parts: [{ text: 'call get_weather' }] }], tools })
    const [line] = await gateway.lines(1)
    expect(line).toMatchObject({ request_llm_model: model, llm_model: 'gemini-3-pro', llm_has_tool_calls: true, llm_tool_count: 2 })
    expect(Number(line?.['llm_prompt_tokens'])).toBeGreaterThan(0)
  })

  test('thoughts count, and stand beside what was written', async () => {
    const { ask, gateway } = await staged()
    await ask(`${pathOf('streamGenerateContent')}?alt=sse`, { ...body, generationConfig: { thinkingConfig: { includeThoughts: true } } })
    const [line] = await gateway.lines(1)
    expect(Number(line?.['llm_reasoning_tokens'])).toBeGreaterThan(0)
    expect(Number(line?.['llm_completion_tokens'])).toBeGreaterThan(Number(line?.['llm_reasoning_tokens']))
  })

  test('the route’s key goes up and the client’s does not', async () => {
    const { mock, ask } = await staged({ auth: { header: { 'x-goog-api-key': 'AIza-of-the-route' } } })
    await ask(`${pathOf('generateContent')}?key=mine`, body, { 'x-goog-api-key': 'mine', authorization: 'Bearer mine' })
    const [request] = mock.requests
    expect(request!.headers).toMatchObject({ 'x-goog-api-key': 'AIza-of-the-route' })
    expect(JSON.stringify(request!.headers) + request!.url).not.toContain('mine')
  })

  test.for<[what: string, config: object, asked: object, config_: object]>([
    ['options by OpenAI’s names', { options: { temperature: 0.5, top_p: 0.9, max_tokens: 99 } }, {}, { temperature: 0.5, topP: 0.9, maxOutputTokens: 99 }],
    ['options over the client’s', { options: { temperature: 0.5 } }, { generationConfig: { temperature: 1, topK: 3 } }, { temperature: 0.5, topK: 3 }],
    ['options where the client says nothing', { options: { temperature: 0.5, top_k: 9 }, options_mode: 'default' }, { generationConfig: { temperature: 1 } }, { temperature: 1, topK: 9 }],
    ['options beside null', { options: { temperature: 0.5 } }, { generationConfig: null }, { temperature: 0.5 }],
    ['a limit of tokens', { override: { llm_options: { max_tokens: 7 } } }, { generationConfig: { maxOutputTokens: 90, seed: 1 } }, { maxOutputTokens: 7, seed: 1 }],
    ['members of its own', { override: { request_body: { gemini: { generationConfig: { seed: 3 } } } } }, { generationConfig: { topK: 2 } }, { topK: 2, seed: 3 }],
  ])('a route sets %s', async ([, config, asked, expected]) => {
    const one = await staged(config)
    expect((await one.ask(pathOf('generateContent'), { ...body, ...asked })).status).toBe(200)
    expect(sentTo(one)).toEqual({ ...body, generationConfig: expected })
  })

  test('a route writes where the client writes, whichever of Google’s spellings it has', async () => {
    const one = await staged({ options: { top_p: 0.9, max_tokens: 99 } })
    await one.ask(pathOf('generateContent'), { ...body, generation_config: { max_output_tokens: 5 } })
    expect(sentTo(one)).toEqual({ ...body, generation_config: { topP: 0.9, max_output_tokens: 99 } })
  })

  test('neither the model nor the stream of a route is written into the body', async () => {
    const one = await staged({ options: { model: 'gemini-3-pro', stream: false }, override: { request_body: { gemini: { model: 'x' } }, request_body_force_override: true } })
    await one.ask(pathOf('generateContent'))
    expect(sentTo(one)).toEqual(body)
    expect(one.mock.requests[0]!.url).toBe('/v1beta/models/x:generateContent')
  })

  test('countTokens is passed on as it is, unread', async () => {
    const { ask, mock, gateway } = await staged()
    const odd = '{"contents":[{"parts":[{"text":"one two three"}]}] }'
    const { status, body: answer } = await ask(pathOf('countTokens'), odd)
    expect([status, JSON.parse(answer.toString())]).toEqual([200, { totalTokens: 3 }])
    expect(mock.requests[0]!.body.toString()).toBe(odd)
    expect(await gateway.lines(1)).toMatchObject([{ request_llm_model: model, llm_model: model, status: 200 }])
  })

  test('an error of Google’s is relayed byte for byte, with the status that it has', async () => {
    const { mock, ask, gateway } = await staged()
    mock.script({ status: 429, message: 'Quota exceeded' })
    const { status, headers, body: answer } = await ask(pathOf('generateContent'))
    expect(status).toBe(429)
    expect(JSON.parse(answer.toString())).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Quota exceeded' } })
    expect(answer.toString()).not.toContain('error_msg')
    expect(headers['content-type']).toContain('application/json')
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'upstream_error', status: 429 }])
  })

  test.for<[what: string, path: string, asked: object | string, status: number]>([
    ['no JSON', pathOf('generateContent'), '{', 400],
    ['an empty object', pathOf('generateContent'), {}, 400],
    ['two contents', pathOf('generateContent'), '{"contents":[],"contents":[]}', 400],
  ])('%s is refused in Google’s words', async ([, path, asked, expected]) => {
    const { ask, mock } = await staged()
    const { status, body: answer } = await ask(path, asked)
    expect(status).toBe(expected)
    expect(JSON.parse(answer.toString())).toMatchObject({ error: { message: expect.any(String) as string } })
    expect(mock.requests).toHaveLength(0)
  })
})

test.for(['..%2Ffiles', '..', '%2e%2e%2ffiles'])('the model %s would lead to another operation, and nobody is asked for it', async (name) => {
  const { ask, mock } = await staged()
  expect((await ask(pathOf('generateContent', name))).status).toBe(400)
  expect(mock.requests).toHaveLength(0)
  const native = await staged({ provider_conf: { dialect: 'native' } })
  expect((await native.ask('/v1/chat/completions', { model: decodeURIComponent(name), messages: [{ role: 'user', content: 'Hi' }] })).status).toBe(400)
  expect(native.mock.requests).toHaveLength(0)
})

describe('a client of Gemini’s that does not ask for events', () => {
  const listPath = pathOf('streamGenerateContent')

  const providers: readonly [string, object][] = [
    ['Gemini', { provider: 'gemini' }],
    ['chats', { provider: 'openai' }],
    ['Anthropic’s Messages', { provider: 'anthropic', provider_conf: { dialect: 'native' } }],
  ]

  test.for(providers)('gets the stream of %s as one JSON array, with the same objects', async ([, config]) => {
    const { ask } = await staged(config)
    const events = await ask(`${listPath}?alt=sse`)
    const list = await ask(listPath)
    expect([list.status, list.headers['content-type'], list.isWhole]).toEqual([200, 'application/json; charset=UTF-8', true])
    const objects = listOf(list)
    expect(objects.length).toBeGreaterThan(5)
    expect(objects.flatMap((one) => schemaProblems('gemini', 'GenerateContentResponse', one))).toEqual([])
    const asEvents = Buffer.from(objects.map((one) => `data: ${JSON.stringify(one)}\n\n`).join(''))
    expect(viewStream('gemini', asEvents)).toEqual(viewStream('gemini', events.body))
  })

  test.for(providers)('gets each object of %s as soon as it is there', async ([, config]) => {
    const { mock, gateway } = await staged(config)
    mock.script({ stallAfter: 6 })
    const reading = await openRaw(gateway.url + listPath, { body })
    const text = await reading.until('"text"')
    expect(text.startsWith('[{')).toBe(true)
    const request = await mock.waitForRequest()
    reading.hangUp()
    expect(await request.closed).toMatchObject({ by: 'client' })
  })

  test.for<[how: string, script: Script]>([
    ['breaks', { cutAfter: 6 }],
    ['ends properly', { endAfter: 6 }],
    ['fails', { errorEvent: 6 }],
    ['stands still', { stallAfter: 6 }],
  ])('is told in the array that an answer %s in the middle, and the array has no end', async ([, script]) => {
    for (const [, config] of providers) {
      const { mock, ask } = await staged({ ...config, idle_timeout: 250 })
      mock.script(script)
      const { status, body: answer, isWhole } = await ask(listPath)
      expect([status, isWhole]).toEqual([200, false])
      const objects = JSON.parse(`${answer.toString()}]`) as { error?: { code: number; message: string; status: string } }[]
      expect(objects.at(-1)).toMatchObject({ error: { code: expect.any(Number) as number, status: expect.any(String) as string } })
      expect(objects.slice(0, -1).every(({ error }) => error === undefined)).toBe(true)
    }
  })

  test.for<[what: string, script: Script, expected: number]>([
    ['a status', { status: 429, message: 'slow down' }, 429],
    ['an error before any content', { errorEvent: 0 }, 503],
    ['a page', { garbage: 'html' }, 502],
  ])('is told %s in an array, as Google does', async ([, script, expected]) => {
    const { mock, ask } = await staged()
    mock.script(script)
    const { status, headers, body: answer, isWhole } = await ask(listPath)
    expect([status, isWhole]).toEqual([expected, true])
    expect(headers['content-type']).toContain('application/json')
    expect(JSON.parse(answer.toString())).toMatchObject([{ error: { code: expected } }])
  })

  test('hears no comment in between, however long it waits', async () => {
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    const gateway = await startGateway({ gateway: { stream_keepalive_ms: 1000 }, routes: [aiRoute(mock.url, { provider: 'gemini', timeout: 60_000 })] })
    mock.script({ stallBeforeFirstByteMs: 1500 })
    const list = await askRaw(gateway.url + listPath, { body })
    expect(listOf(list).length).toBeGreaterThan(1)
  })

  test('gets a whole answer where the route has none streamed', async () => {
    const { ask } = await staged({ options: { stream: false } })
    const { body: answer } = await ask(listPath)
    expect(viewWhole('gemini', answer).choices[0]).toMatchObject({ finish: 'stop' })
  })
})

describe('what one side alone can say', () => {
  const native = { provider_conf: { dialect: 'native' } }

  test('a signed thought of Gemini’s goes through a chat and back, with the call that it belongs to', async () => {
    const one = await staged(native)
    const path = '/v1/chat/completions'
    const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }]
    const messages: object[] = [{ role: 'user', content: 'call get_weather' }]
    const first = JSON.parse((await one.ask(path, { model: 'gemini-3-pro', messages, tools })).body.toString()) as { choices: { message: { tool_calls: { id: string; extra_content: { google: { thought_signature: string } } }[] } }[] }
    const { message } = first.choices[0]!
    const [call] = message.tool_calls
    messages.push(message, { role: 'tool', tool_call_id: call!.id, content: '{"sky":"blue"}' })
    expect((await one.ask(path, { model: 'gemini-3-pro', messages, tools })).status).toBe(200)
    const { contents } = sentTo(one) as { contents: { parts: { thoughtSignature?: string; functionCall?: object; functionResponse?: object }[] }[] }
    expect(contents[1]!.parts[0]).toMatchObject({ functionCall: { name: 'get_weather' }, thoughtSignature: call!.extra_content.google.thought_signature })
    expect(contents[2]!.parts[0]).toMatchObject({ functionResponse: { name: 'get_weather', response: { sky: 'blue' } } })
  })

  const city = { type: 'object', properties: { city: { type: 'string' } } }
  const name = 'get_weather'
  const asks = { role: 'user', content: 'call get_weather' }

  /** A client’s first request to Gemini 3, and its second with the call and its result. */
  const loops: Readonly<Record<string, readonly [path: string, first: object, then: (answer: never) => object]>> = {
    chat: [
      '/v1/chat/completions',
      { messages: [asks], tools: [{ type: 'function', function: { name, parameters: city } }] },
      ({ choices: [choice] }: { choices: { message: { tool_calls: { id: string }[] } }[] }) => ({
        messages: [asks, choice!.message, { role: 'tool', tool_call_id: choice!.message.tool_calls[0]!.id, content: 'grey' }],
      }),
    ],
    'chat that keeps nothing beyond OpenAI’s members': [
      '/v1/chat/completions',
      { messages: [asks], tools: [{ type: 'function', function: { name, parameters: city } }] },
      ({ choices: [choice] }: { choices: { message: { tool_calls: { id: string; function: object }[] } }[] }) => {
        const calls = choice!.message.tool_calls.map(({ id, function: called }) => ({ id, type: 'function', function: called }))
        return { messages: [asks, { role: 'assistant', content: null, tool_calls: calls }, { role: 'tool', tool_call_id: calls[0]!.id, content: 'grey' }] }
      },
    ],
    Messages: [
      '/v1/messages',
      { max_tokens: 4096, messages: [asks], tools: [{ name, input_schema: city }] },
      ({ content }: { content: { type: string; id: string }[] }) => ({
        messages: [asks, { role: 'assistant', content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: content.find(({ type }) => type === 'tool_use')!.id, content: 'grey' }] }],
      }),
    ],
    Responses: [
      '/v1/responses',
      { input: [asks], tools: [{ type: 'function', name, parameters: city }] },
      ({ output }: { output: { type: string; call_id: string }[] }) => ({
        input: [asks, ...output, { type: 'function_call_output', call_id: output.find(({ type }) => type === 'function_call')!.call_id, output: 'grey' }],
      }),
    ],
  }

  test.for(Object.entries(loops))('Gemini 3, which wants its calls back signed, takes them from a client of %s', async ([, [path, first, then]]) => {
    const one = await staged(native)
    const asked = { model: 'gemini-3-pro', ...first }
    const answer = await one.ask(path, asked)
    expect(answer.status).toBe(200)
    const second = await one.ask(path, { ...asked, ...then(JSON.parse(answer.body.toString()) as never) })
    expect([second.status, second.body.toString()]).toEqual([200, expect.stringContaining('grey') as string])
    const { contents } = sentTo(one) as { contents: { parts: { thoughtSignature?: string; functionCall?: object; functionResponse?: object }[] }[] }
    const call = contents.flatMap(({ parts }) => parts).find((part) => part.functionCall)
    expect(call).toMatchObject({ functionCall: { name }, thoughtSignature: expect.any(String) as string })
    expect(contents.at(-1)).toMatchObject({ role: 'user', parts: [{ functionResponse: { name } }] })
  })

  test('what Gemini thought is an Anthropic client’s thinking, and no text', async () => {
    const { ask } = await staged(native)
    const asked = { model, max_tokens: 9000, thinking: { type: 'enabled', budget_tokens: 2000 }, messages: [{ role: 'user', content: 'Hi' }] }
    const whole = JSON.parse((await ask('/v1/messages', asked)).body.toString()) as { content: { type: string; thinking?: string }[] }
    expect(whole.content.map(({ type }) => type)).toEqual(['thinking', 'text'])
    const streamed = await ask('/v1/messages', { ...asked, stream: true })
    const thought = dataOf(streamed.body).map((data) => (JSON.parse(data) as { delta?: { thinking?: string } }).delta?.thinking ?? '')
    expect(thought.join('')).toBe(whole.content[0]!.thinking)
  })

  test('a picture of a Gemini client’s is a picture of a chat, and of a chat client’s one of Gemini’s', async () => {
    const picture = 'iVBORw0KGgo='
    const chats = await staged({ provider: 'openai' })
    await chats.ask(pathOf('generateContent'), { contents: [{ role: 'user', parts: [{ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: picture } }] }] })
    expect(sentTo(chats)).toMatchObject({ messages: [{ content: [{ type: 'text' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${picture}` } }] }] })
    const google = await staged(native)
    await google.ask('/v1/chat/completions', { model, messages: [{ role: 'user', content: [{ type: 'text', text: 'What?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${picture}` } }] }] })
    expect(sentTo(google)).toMatchObject({ contents: [{ parts: [{ text: 'What?' }, { inlineData: { mimeType: 'image/png', data: picture } }] }] })
  })

  test('several candidates are several choices, whole and streamed', async () => {
    const { ask } = await staged(native)
    const asked = { model, n: 3, messages: [{ role: 'user', content: 'Hi' }] }
    const whole = viewWhole('chat', (await ask('/v1/chat/completions', asked)).body)
    const streamed = viewStream('chat', (await ask('/v1/chat/completions', { ...asked, stream: true })).body)
    expect(whole.choices.map(({ finish }) => finish)).toEqual(['stop', 'stop', 'stop'])
    expect(streamed).toEqual(whole)
  })

  test('a stream of several candidates that lacks the end of one was cut', async () => {
    const { mock, ask } = await staged()
    mock.script({ endAfter: -1 })
    const { isWhole } = await ask(`${pathOf('streamGenerateContent')}?alt=sse`, { ...body, generationConfig: { candidateCount: 2 } })
    expect(isWhole).toBe(false)
  })

  test('the whole answer that the provider’s own dialect gives is not asked for by the compatible endpoint', async () => {
    const { mock, ask } = await stage({ ...gemini, path: '/v1/chat/completions' })
    await ask({ model, messages: [{ role: 'user', content: 'Hi' }] })
    expect(mock.requests[0]!.url).toBe('/v1beta/openai/chat/completions')
  })
})
