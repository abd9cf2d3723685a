import { editEvents } from '@sluice/ai-core'
import { definePlugin, Type } from '@sluice/kernel'
import { decodeMessage, encodeMessage } from '@sluice/provider'
import { startMockLlm, type Script } from '@sluice/mock-llm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { viewStream, viewWhole } from './support/client-view.ts'
import { schemaProblems } from './support/dialect-schemas.ts'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { bedrock, chat, eventsOf, gemini, messages, responses, stage, type Spoken, type Stage } from './support/stage.ts'

/** How a client of a dialect asks, and what it may get. */
interface Client {
  readonly spoken: Spoken
  readonly model: string
  readonly toolsOf: (name: string) => object[]
  readonly bundle: readonly ['openAi' | 'anthropic' | 'gemini' | 'bedrock', whole: string, error: string]
  /** Members that limit tokens, and that have a tool called. */
  readonly enough: object
  readonly asksForTool: object
  /** What its events have and those of others do not. */
  readonly mark: string
}

/** How a provider of a dialect is reached. */
interface Provider {
  readonly provider: string
  readonly endpoint?: string
  readonly config: object
  readonly upstream: string
  /** What it is asked with `the-routes-own` as model, and 0.25 as temperature. */
  readonly routed: { readonly url: string; readonly sent: object }
}

/** A client of one dialect on a provider of another. */
interface Crossing extends Omit<Client, 'spoken'>, Omit<Provider, 'provider' | 'endpoint'> {
  readonly name: string
  readonly client: Spoken
}

const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const asks = [{ role: 'user', content: 'call get_weather' }]

const clients = {
  messages: {
    spoken: messages,
    model: 'claude',
    toolsOf: (name: string) => [{ name, input_schema: schema }],
    bundle: ['anthropic', 'MessageComplete', 'Error'],
    enough: { max_tokens: 4096 },
    asksForTool: { messages: asks },
    mark: 'content_block_delta',
  },
  chat: {
    spoken: chat,
    model: 'gpt-4o',
    toolsOf: (name: string) => [{ type: 'function', function: { name, parameters: schema } }],
    bundle: ['openAi', 'CreateChatCompletionResponse', 'ErrorResponse'],
    enough: { max_tokens: 4096 },
    asksForTool: { messages: asks },
    mark: 'chat.completion.chunk',
  },
  responses: {
    spoken: responses,
    model: 'gpt-5',
    toolsOf: (name: string) => [{ type: 'function', name, parameters: schema }],
    bundle: ['openAi', 'Response', 'ErrorResponse'],
    enough: { max_output_tokens: 4096 },
    asksForTool: { input: asks },
    mark: 'response.output_text.delta',
  },
  gemini: {
    spoken: gemini,
    model: 'gemini-2.5-flash',
    toolsOf: (name: string) => [{ functionDeclarations: [{ name, parameters: schema }] }],
    bundle: ['gemini', 'WholeResponse', 'ErrorResponse'],
    enough: { generationConfig: { maxOutputTokens: 4096 } },
    asksForTool: { contents: [{ role: 'user', parts: [{ text: 'call get_weather' }] }] },
    mark: '"candidates"',
  },
  bedrock: {
    spoken: bedrock,
    model: 'anthropic.claude',
    toolsOf: (name: string) => [{ toolSpec: { name, inputSchema: { json: schema } } }],
    bundle: ['bedrock', 'ConverseResponse', 'Error'],
    enough: { inferenceConfig: { maxTokens: 4096 } },
    asksForTool: { messages: [{ role: 'user', content: [{ text: 'call get_weather' }] }] },
    mark: '"contentBlockIndex"',
  },
} as const satisfies Record<string, Client>

const inBody = { model: 'the-routes-own', temperature: 0.25 }
const native = { provider_conf: { dialect: 'native' } }
const providers = {
  openai: { provider: 'openai', config: {}, upstream: '/v1/chat/completions', routed: { url: '/v1/chat/completions', sent: inBody } },
  deepseek: { provider: 'deepseek', config: {}, upstream: '/chat/completions', routed: { url: '/chat/completions', sent: inBody } },
  anthropic: { provider: 'anthropic', config: native, upstream: '/v1/messages', routed: { url: '/v1/messages', sent: inBody } },
  responses: { provider: 'openai', endpoint: '/v1/responses', config: {}, upstream: '/v1/responses', routed: { url: '/v1/responses', sent: inBody } },
  gemini: {
    provider: 'gemini',
    config: native,
    upstream: '',
    routed: { url: '/v1beta/models/the-routes-own:generateContent', sent: { generationConfig: { temperature: 0.25 } } },
  },
  bedrock: {
    provider: 'bedrock',
    config: bedrock.config ?? {},
    upstream: '',
    routed: { url: '/model/the-routes-own/converse', sent: { inferenceConfig: { temperature: 0.25 } } },
  },
} as const satisfies Record<string, Provider>

const pairs: readonly (readonly [name: string, client: keyof typeof clients, provider: keyof typeof providers])[] = [
  ['a client of Anthropic’s on an OpenAI-compatible provider', 'messages', 'openai'],
  ['a chat client on Anthropic', 'chat', 'anthropic'],
  ['a client of the Responses API on an OpenAI-compatible provider', 'responses', 'deepseek'],
  ['a client of the Responses API on Anthropic', 'responses', 'anthropic'],
  ['a client of Gemini’s on an OpenAI-compatible provider', 'gemini', 'openai'],
  ['a client of Gemini’s on Anthropic', 'gemini', 'anthropic'],
  ['a client of Gemini’s on a provider that speaks Responses', 'gemini', 'responses'],
  ['a chat client on Gemini', 'chat', 'gemini'],
  ['a client of Anthropic’s on Gemini', 'messages', 'gemini'],
  ['a client of the Responses API on Gemini', 'responses', 'gemini'],
  ['a client of Bedrock’s on an OpenAI-compatible provider', 'bedrock', 'openai'],
  ['a client of Bedrock’s on Anthropic', 'bedrock', 'anthropic'],
  ['a client of Bedrock’s on a provider that speaks Responses', 'bedrock', 'responses'],
  ['a client of Bedrock’s on Gemini', 'bedrock', 'gemini'],
  ['a chat client on Bedrock', 'chat', 'bedrock'],
  ['a client of Anthropic’s on Bedrock', 'messages', 'bedrock'],
  ['a client of the Responses API on Bedrock', 'responses', 'bedrock'],
  ['a client of Gemini’s on Bedrock', 'gemini', 'bedrock'],
]

const crossings = pairs.map(([name, of, by]): Crossing => {
  const { spoken, ...client }: Client = clients[of]
  const { provider, endpoint, ...rest }: Provider = providers[by]
  const upstream = { gemini: `/v1beta/models/${client.model}:generateContent`, bedrock: `/model/${client.model}/converse` }[by as string] ?? rest.upstream
  return { name, ...client, ...rest, upstream, client: { ...spoken, config: {}, provider, ...(endpoint !== undefined && { endpoint }) } }
})

function staged({ client, config }: Crossing, more: object = {}): Promise<Stage> {
  return stage(client, { ...config, ...more })
}

async function scripted(crossing: Crossing, script: Script): Promise<Stage> {
  const one = await staged(crossing)
  one.mock.script(script)
  return one
}

/** Google's names of errors are a `status`. */
interface ToldError {
  readonly message: string
  readonly type?: string
  readonly status?: string
  readonly code?: string | number | null
  readonly param?: string | null
}

function errorOf({ bundle: [bundle, , error] }: Crossing, body: Buffer): ToldError {
  const json = JSON.parse(body.toString()) as { error: ToldError; message: string; __type: string }
  expect(schemaProblems(bundle, error, json)).toEqual([])
  const { message, __type: type, error: inner } = json
  return bundle === 'bedrock' ? { message, type } : inner
}

function loudly(said: Buffer): Buffer {
  return Buffer.from(said.toString().replaceAll('1+1', 'ONE+ONE'))
}

describe.for(crossings)('$name', (crossing) => {
  const { client, upstream, toolsOf, bundle, enough, mark } = crossing
  const { api, terminal } = client

  test('P23: gets a whole answer in its own shape, and the provider a request in its', async () => {
    const { mock, ask, lines } = await staged(crossing)
    const { status, headers, body } = await ask(enough)
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    expect(viewWhole(api, body).choices[0]).toMatchObject({ finish: 'stop', calls: [] })
    expect(viewWhole(api, body).choices[0]?.content).toContain('What is 1+1?')
    expect(schemaProblems(bundle[0], bundle[1], JSON.parse(body.toString()))).toEqual([])
    expect(mock.requests).toMatchObject([{ method: 'POST', url: upstream }])
    const [line] = await lines()
    expect(line).toMatchObject({ outcome: 'complete', usage_source: 'provider', request_llm_model: crossing.model, llm_has_tool_calls: false })
    expect(Number(line?.['llm_completion_tokens'])).toBeGreaterThan(0)
  })

  test('P24: gets a stream in its own shape that says the same, with its end and usage', async () => {
    const { ask, stream, lines } = await staged(crossing)
    const whole = viewWhole(api, (await ask(enough)).body)
    const { status, headers, body, isWhole } = await stream({ ...enough, ...client.wantsUsage })
    expect([status, headers['content-type'], isWhole]).toEqual([200, expect.stringContaining(client.isBinary ? 'application/vnd.amazon.eventstream' : 'text/event-stream'), true])
    expect(viewStream(api, body)).toEqual(whole)
    expect(body.toString().split(terminal)).toHaveLength(api === 'messages' || api === 'responses' ? 3 : 2) // a named event says its type twice
    expect(body.toString()).toMatch(/"(output_tokens|completion_tokens|candidatesTokenCount|outputTokens)":[1-9]/)
    const [first, second] = await lines(2)
    expect(second).toMatchObject({ outcome: 'complete', usage_source: 'provider', llm_completion_tokens: first?.['llm_completion_tokens'] })
  })

  test.for([1, 7, 64])('gets the same stream where the provider’s comes in pieces of %i bytes', async (size) => {
    const { mock, stream } = await staged(crossing)
    const whole = await stream(enough)
    mock.script({ chunk: size })
    const again = await stream(enough)
    const views = [whole, again].map(({ body }) => viewStream(api, body))
    expect(views[1]).toEqual(views[0])
  })

  test('calls tools, whole and streamed', async () => {
    const { ask, stream, lines } = await staged(crossing)
    const tools = toolsOf('get_weather')
    const asked = { ...enough, ...crossing.asksForTool, ...(api === 'bedrock' ? { toolConfig: { tools } } : { tools }) }
    const whole = viewWhole(api, (await ask(asked)).body)
    expect(whole.choices[0]).toMatchObject({ finish: 'tool_calls', calls: [{ name: 'get_weather' }] })
    const streamed = viewStream(api, (await stream(asked)).body)
    const called = [whole, streamed].map(({ choices }) => choices[0]?.calls.map(({ name, arguments: text }) => [name, JSON.parse(text) as unknown]))
    expect(called[1]).toEqual(called[0])
    expect(await lines(2)).toMatchObject([{ llm_has_tool_calls: true, llm_tool_count: 1 }, { llm_has_tool_calls: true, llm_tool_count: 1 }])
  })

  test('is told a provider’s error in its own shape, with its status and when to come again', async () => {
    const { ask } = await scripted(crossing, { status: 429, headers: { 'retry-after': '7' }, message: 'slow down' })
    const { status, headers, body } = await ask(enough)
    expect([status, headers['retry-after']]).toEqual([429, '7'])
    expect(errorOf(crossing, body)).toMatchObject({
      message: 'slow down',
      [api === 'gemini' ? 'status' : 'type']: expect.stringMatching(/^(rate_limit_error|requests|RESOURCE_EXHAUSTED|ThrottlingException)$/) as string,
    })
  })

  test('is told that the provider is overloaded by a status that it knows', async () => {
    const { ask } = await scripted(crossing, { status: 529, message: 'overloaded' })
    const { status, body } = await ask(enough)
    expect(status).toBe(api === 'messages' ? 529 : 503)
    expect(errorOf(crossing, body).message).toBe('overloaded')
  })

  test('has a status for an error that comes before any content', async () => {
    const { stream, lines } = await scripted(crossing, { errorEvent: 0 })
    const { status, body } = await stream(enough)
    expect(status).toBeGreaterThanOrEqual(500)
    expect(errorOf(crossing, body).message).not.toBe('')
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error' }])
  })

  test('is told an error in the middle of a stream by one event of its own, and nothing after it', async () => {
    const { stream, lines } = await scripted(crossing, { errorEvent: 6 })
    const { status, body, isWhole } = await stream(enough)
    expect([status, isWhole]).toEqual([200, false])
    expect(viewStream(api, body).error).toBeDefined()
    expect(body.toString()).not.toContain(terminal)
    expect(eventsOf(body, client).at(-1)).toContain(client.isBinary ? ':exception-type' : '"error"')
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error' }])
  })

  test.for<[how: string, script: Script]>([
    ['breaks', { cutAfter: 6 }],
    ['ends properly', { endAfter: 6 }],
  ])('is never told that an answer is whole which %s in the middle', async ([, script]) => {
    const { stream, lines } = await scripted(crossing, script)
    const { body, isWhole } = await stream(enough)
    expect(isWhole).toBe(false)
    expect(viewStream(api, body).error).toBeDefined()
    expect(body.toString()).not.toContain(terminal)
    expect(await lines()).toMatchObject([{ outcome: 'truncated' }])
  })

  test.for<[what: string, script: Script, message: RegExp]>([
    ['no JSON', { garbage: 'json' }, /./],
    ['a page', { garbage: 'html' }, /not JSON/],
    ['nothing', { garbage: 'empty' }, /empty/],
    ['another API’s answer', { body: { hello: 'world' }, status: 200 }, /no (choices|content|output|candidates|message) in response/],
  ])('is told with a 502 that the provider answered with %s', async ([, script, message]) => {
    const { ask, lines } = await scripted(crossing, script)
    const { status, body } = await ask(enough)
    expect(status).toBe(502)
    expect(errorOf(crossing, body).message).toMatch(message)
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error', status: 502 }])
  })

  test('takes the provider’s connection with it when it leaves', async () => {
    const { mock, open, lines } = await scripted(crossing, { stallAfter: 6 })
    const reading = await open(enough)
    const request = await mock.waitForRequest()
    await reading.until(client.isBinary ? 'contentBlockDelta' : 'data: ')
    reading.hangUp()
    expect(await request.closed).toMatchObject({ by: 'client' })
    expect(await lines()).toMatchObject([{ outcome: 'client_disconnect' }])
  })

  test('is served through plugins that see its own dialect alone, and what they make of it', async () => {
    const seen: string[] = []
    const loud = definePlugin({
      name: 'loud',
      priority: 900,
      schema: Type.Object({}),
      setup: () => ({
        proxy: async (ctx, next) =>
          editEvents(ctx, await next(), {
            onEvent({ bytes, isWhole }) {
              seen.push(bytes.toString())
              if (!client.isBinary || isWhole) return isWhole || bytes.includes('1+1') ? [loudly(bytes)] : undefined
              const { headers, payload } = decodeMessage(bytes)
              return [encodeMessage(Object.fromEntries(headers) as Record<string, string>, loudly(payload))]
            },
          }),
      }),
    })
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    const { provider, path, streamPath, endpoint = '', body } = client
    const route = aiRoute(mock.url + endpoint, { provider, ...crossing.config }) as { plugins: object }
    const gateway = await startGateway({ routes: [{ ...route, plugins: { ...route.plugins, loud: {} } }] }, { plugins: [loud] })
    const says = streamPath ? {} : { stream: true }
    const asked = [[path, {}], [streamPath ?? path, says]] as const
    const answers = asked.map(async ([at, members]) => (await askRaw(gateway.url + at, { body: { ...body, ...enough, ...members } })).body)
    const [whole, streamed] = await Promise.all(answers)
    expect(viewWhole(api, whole!).choices[0]?.content).toContain('ONE+ONE')
    expect(viewStream(api, streamed!)).toEqual(viewWhole(api, whole!))
    const marks = Object.values(clients).map((one) => one.mark)
    expect(marks.filter((one) => seen.join('').includes(one))).toEqual([mark])
  })

  test('gets the model of the route, and members that the route adds', async () => {
    const { mock, ask } = await staged(crossing, { options: { model: 'the-routes-own', temperature: 0.25 } })
    const { body } = await ask(enough)
    expect(mock.requests[0]!.url).toBe(crossing.routed.url)
    expect(JSON.parse(mock.requests[0]!.body.toString())).toMatchObject(crossing.routed.sent)
    expect(body.toString()).toContain('the-routes-own')
  })
})

describe('a client of Anthropic’s on an OpenAI-compatible provider', () => {
  const [crossing] = crossings as [Crossing, ...Crossing[]]
  const { enough } = crossing
  const long = 'mcp.files/' + 'x'.repeat(70)

  test('P25: tools with names that OpenAI refuses are called by their own names', async () => {
    const { mock, ask, stream } = await staged(crossing)
    const asked = { ...enough, tools: crossing.toolsOf(long), tool_choice: { type: 'tool', name: long } }
    expect(viewWhole('messages', (await ask(asked)).body).choices[0]?.calls).toMatchObject([{ name: long }])
    expect(viewStream('messages', (await stream(asked)).body).choices[0]?.calls).toMatchObject([{ name: long }])
    const { tools } = JSON.parse(mock.requests[0]!.body.toString()) as { tools: { function: { name: string } }[] }
    expect(tools[0]!.function.name).toMatch(/^[\w-]{1,64}$/)
    const history = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: long, input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'done' }] },
    ]
    await ask({ ...asked, messages: history })
    expect(mock.requests.at(-1)!.body.toString()).not.toContain(long)
  })

  test('P26: results of tools come before what the user says beside them', async () => {
    const { mock, ask } = await staged(crossing)
    const history = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
      { role: 'user', content: [{ type: 'text', text: 'and?' }, { type: 'tool_result', tool_use_id: 't', content: 'done' }] },
    ]
    expect((await ask({ ...enough, tools: crossing.toolsOf('f'), messages: history })).status).toBe(200)
    const { messages: sent } = JSON.parse(mock.requests[0]!.body.toString()) as { messages: { role: string }[] }
    expect(sent.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'user'])
  })

  test('keeps the digits of numbers that no double holds, both ways', async () => {
    const { mock, gateway } = await staged(crossing)
    const id = '12345678901234567890'
    const args = JSON.stringify(`{"id":${id}}`)
    mock.script({ body: `{"id":"c","model":"m","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":${args}}}]}}]}`, status: 200 })
    const said = `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{"id":${id}}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"1"}]}]}`
    const { body } = await askRaw(`${gateway.url}/v1/messages`, { body: said })
    expect(body.toString()).toContain(`"input":{"id":${id}}`)
    expect(mock.requests[0]!.body.toString()).toContain(`"arguments":${args}`)
  })

  test.for<[mode: string, limit: number]>([
    ['override', 77],
    ['default', 4096],
  ])('has one limit of tokens, whatever the route calls it by: options_mode %s', async ([options_mode, limit]) => {
    const { mock, ask } = await staged(crossing, { options_mode, options: { max_tokens: 77 } })
    expect((await ask(enough)).status).toBe(200)
    const sent = JSON.parse(mock.requests[0]!.body.toString()) as object
    expect(sent).toHaveProperty('max_completion_tokens', limit)
    expect(sent).not.toHaveProperty('max_tokens')
  })

  test('asks for usage, unless the route says never', async () => {
    const { mock, stream } = await staged(crossing)
    await stream(enough)
    expect(JSON.parse(mock.requests[0]!.body.toString())).toMatchObject({ stream_options: { include_usage: true } })
    const never = await staged(crossing, { include_usage: 'never' })
    await never.stream(enough)
    expect(JSON.parse(never.mock.requests[0]!.body.toString())).not.toHaveProperty('stream_options')
  })

  test('does not bother the provider with headers of Anthropic’s', async () => {
    const { mock, gateway } = await staged(crossing)
    const headers = { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'context-1m', 'x-stainless-lang': 'js' }
    expect((await askRaw(`${gateway.url}/v1/messages`, { headers, body: { ...crossing.client.body, ...enough } })).status).toBe(200)
    expect(mock.requests[0]!.headers).toMatchObject({ 'x-stainless-lang': 'js' })
    expect(Object.keys(mock.requests[0]!.headers).filter((name) => name.startsWith('anthropic-'))).toEqual([])
  })

  test('is refused what the provider cannot be told, without the provider being asked', async () => {
    const { mock, ask, lines } = await staged(crossing)
    const { status, body } = await ask({ ...enough, mcp_servers: [{ url: 'https://a.example' }] })
    expect(status).toBe(400)
    expect(errorOf(crossing, body)).toMatchObject({ type: 'invalid_request_error', message: 'servers of tools can be asked by Anthropic alone' })
    expect(mock.requests).toHaveLength(0)
    expect(await lines()).toMatchObject([{ outcome: 'refused', status: 400 }])
  })
})

describe('a chat client on Anthropic', () => {
  const crossing = crossings[1]!

  test('is refused what Anthropic cannot be told, with the member', async () => {
    const { mock, ask, lines } = await staged(crossing)
    const { status, body } = await ask({ n: 2 })
    expect(status).toBe(400)
    expect(errorOf(crossing, body)).toMatchObject({ code: 'unsupported_parameter', param: 'n' })
    expect(mock.requests).toHaveLength(0)
    expect(await lines()).toMatchObject([{ outcome: 'refused', status: 400 }])
  })

  test('is served by the compatible endpoint unless the route says otherwise', async () => {
    const { mock, ask } = await stage({ ...chat, provider: 'anthropic' })
    expect((await ask()).status).toBe(200)
    expect(mock.requests).toMatchObject([{ url: '/v1/chat/completions' }])
  })

  test('thinks within the limit of tokens that the route sets', async () => {
    const { mock, ask } = await staged(crossing, { options: { max_tokens: 2000 } })
    expect((await ask({ max_tokens: 9000, reasoning_effort: 'high' })).status).toBe(200)
    expect(JSON.parse(mock.requests[0]!.body.toString())).toMatchObject({ max_tokens: 2000, thinking: { budget_tokens: 1999 } })
  })

  test('needs no limit of tokens, and its usage chunk is its own to ask for', async () => {
    const { mock, stream } = await staged(crossing)
    const { body } = await stream()
    expect(body.toString()).not.toContain('"usage"')
    expect(JSON.parse(mock.requests[0]!.body.toString())).toMatchObject({ max_tokens: 4096, stream: true })
    expect(mock.requests[0]).toMatchObject({ headers: { 'anthropic-version': '2023-06-01' } })
  })
})
