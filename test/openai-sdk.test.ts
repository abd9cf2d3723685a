import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import OpenAI, {
  APIConnectionError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from 'openai'
import { makeParseableResponseFormat } from 'openai/lib/parser'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { playedProviders, playing } from './support/provider-dialects.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'

type Json = Readonly<Record<string, unknown>>

const question = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'What is 1+1?' }] }
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string', enum: ['Oslo'] } }, required: ['city'] },
  },
}
const callWeather = {
  model: 'gpt-4o',
  messages: [{ role: 'user' as const, content: 'call get_weather' }],
  tools: [weather],
}

interface Stage {
  readonly openai: OpenAI
  readonly mock: MockLlm
  readonly gateway: TestGateway
}

/** The unmodified SDK, in front of a gateway, in front of the mock. */
async function stage(config: Json = {}): Promise<Stage> {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const key = { auth: { header: { authorization: 'Bearer sk-of-the-route' } } }
  const gateway = await startGateway({ routes: [aiRoute(mock.url, { ...key, ...config })] })
  return { mock, gateway, openai: clientOf(gateway) }
}

function clientOf({ url }: TestGateway): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-of-the-client', maxRetries: 0 })
}

async function failureOf(asked: PromiseLike<unknown>): Promise<APIError> {
  const failure: unknown = await asked.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(failure).toBeInstanceOf(APIError)
  return failure as APIError
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}

function contents({ choices }: OpenAI.ChatCompletion): (string | null)[] {
  return choices.map(({ message }) => message.content)
}

function toCity(text: string): { city: string } {
  return JSON.parse(text) as { city: string }
}

type Chunk = OpenAI.ChatCompletionChunk

function textOf(chunks: readonly Chunk[]): string {
  return chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
}

describe('a chat of the SDK', () => {
  test('is answered', async () => {
    const { openai, mock, gateway } = await stage()
    const answer = await openai.chat.completions.create(question)
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } })
    expect(answer.choices[0]!.message.content).toContain('What is 1+1?')
    const [request] = mock.requests
    expect(request).toMatchObject({
      method: 'POST',
      url: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-of-the-route' },
    })
    expect(JSON.parse(String(request!.body))).toEqual(question)
    const [line] = await gateway.lines(1)
    expect(line).toMatchObject({
      outcome: 'complete',
      request_type: 'ai_chat',
      llm_prompt_tokens: answer.usage!.prompt_tokens,
      llm_completion_tokens: answer.usage!.completion_tokens,
      llm_total_tokens: answer.usage!.total_tokens,
      usage_source: 'provider',
    })
  })

  test('streams the text of the whole answer', async () => {
    const { openai, gateway } = await stage()
    const whole = await openai.chat.completions.create(question)
    const chunks = await collect(await openai.chat.completions.create({ ...question, stream: true }))
    expect(textOf(chunks)).toBe(whole.choices[0]!.message.content)
    expect(chunks.length).toBeGreaterThan(5)
    expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('stop')
    const [, line] = await gateway.lines(2)
    expect(line).toMatchObject({ outcome: 'complete', request_type: 'ai_stream', llm_stream: true })
  })

  test('shows the usage of a stream to who asked for it', async () => {
    const { openai, gateway } = await stage()
    const chunks = await collect(
      await openai.chat.completions.create({ ...question, stream: true, stream_options: { include_usage: true } }),
    )
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: expect.any(Number) as number } })
    const [line] = await gateway.lines(1)
    expect(line).toMatchObject({ llm_total_tokens: chunks.at(-1)!.usage!.total_tokens, usage_source: 'provider' })
  })

  test('shows no usage to who did not ask, and logs it', async () => {
    const { openai, mock, gateway } = await stage()
    const whole = await openai.chat.completions.create(question)
    const chunks = await collect(await openai.chat.completions.create({ ...question, stream: true }))
    expect(chunks.filter((chunk) => chunk.choices.length === 0)).toEqual([])
    expect(JSON.parse(String(mock.requests[1]!.body))).toMatchObject({ stream_options: { include_usage: true } })
    const [, line] = await gateway.lines(2)
    expect(line).toMatchObject({
      llm_prompt_tokens: whole.usage!.prompt_tokens,
      llm_completion_tokens: whole.usage!.completion_tokens,
      llm_total_tokens: whole.usage!.total_tokens,
      usage_source: 'provider',
    })
  })

  test('is put together by the helper for streams', async () => {
    const { openai } = await stage()
    const whole = await openai.chat.completions.create(question)
    const helper = openai.chat.completions.stream({ ...question, stream_options: { include_usage: true } })
    expect(await helper.finalContent()).toBe(whole.choices[0]!.message.content)
    expect(await helper.totalUsage()).toMatchObject({ total_tokens: whole.usage!.total_tokens })
  })

  test('gets every choice, whole and streamed', async () => {
    const { openai, gateway } = await stage()
    const whole = await openai.chat.completions.create({ ...question, n: 3 })
    const streamed = await openai.chat.completions.stream({ ...question, n: 3 }).finalChatCompletion()
    expect(new Set(contents(whole)).size).toBe(3)
    expect(contents(streamed)).toEqual(contents(whole))
    const lines = await gateway.lines(2)
    expect(lines.map((line) => line['llm_completion_tokens'])).toEqual([
      whole.usage!.completion_tokens,
      whole.usage!.completion_tokens,
    ])
  })

  test('gets JSON that fits the schema', async () => {
    const { openai, mock } = await stage()
    const schema = {
      type: 'object',
      properties: { answer: { type: 'integer' }, steps: { type: 'array', items: { type: 'string' }, minItems: 1 } },
      required: ['answer', 'steps'],
      additionalProperties: false,
    }
    const format = { type: 'json_schema' as const, json_schema: { name: 'sum', strict: true, schema } }
    const answer = await openai.chat.completions.parse({
      ...question,
      response_format: makeParseableResponseFormat(format, (text) => JSON.parse(text) as Json),
    })
    expect(answer.choices[0]!.message.parsed).toEqual({
      answer: expect.any(Number) as number,
      steps: [expect.any(String)],
    })
    expect(JSON.parse(String(mock.requests[0]!.body))).toMatchObject({ response_format: { json_schema: { schema } } })
  })
})

describe('tools of the SDK', () => {
  test('are called, and their results answered', async () => {
    const { openai, mock, gateway } = await stage()
    const asked = await openai.chat.completions.create(callWeather)
    const { message, finish_reason: finish } = asked.choices[0]!
    expect(finish).toBe('tool_calls')
    const call = message.tool_calls![0]!
    expect(call).toMatchObject({ type: 'function', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } })
    const result = { role: 'tool' as const, tool_call_id: call.id, content: '7 °C' }
    const answer = await openai.chat.completions.create({
      ...callWeather,
      messages: [...callWeather.messages, message, result],
      tool_choice: 'none',
    })
    expect(answer.choices[0]!.message.content).not.toBe('')
    expect((JSON.parse(String(mock.requests[1]!.body)) as { messages: unknown[] }).messages.slice(1)).toEqual([
      message,
      result,
    ])
    expect(await gateway.lines(2)).toMatchObject([
      { llm_has_tool_calls: true, llm_tool_count: 1 },
      { llm_has_tool_calls: false, llm_tool_count: 1 },
    ])
  })

  test('stream their arguments', async () => {
    const { openai, gateway } = await stage()
    const chunks = await collect(await openai.chat.completions.create({ ...callWeather, stream: true }))
    const pieces = chunks.flatMap((chunk) => chunk.choices[0]!.delta.tool_calls ?? [])
    expect(pieces[0]).toMatchObject({
      index: 0,
      id: expect.stringMatching(/^call_/) as string,
      function: { name: 'get_weather' },
    })
    expect(pieces.map((piece) => piece.function?.arguments ?? '').join('')).toBe('{"city":"Oslo"}')
    expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('tool_calls')
    expect(await gateway.lines(1)).toMatchObject([{ llm_has_tool_calls: true, llm_tool_count: 1 }])
  })

  test('run in the helper that calls them by itself', async () => {
    const { openai } = await stage()
    const seen: unknown[] = []
    const told = (args: { city: string }): string => {
      seen.push(args)
      return '7 °C'
    }
    const runner = openai.chat.completions.runTools(
      {
        ...callWeather,
        tools: [
          { ...weather, function: { ...weather.function, description: 'The weather.', parse: toCity, function: told } },
        ],
      },
    )
    expect(await runner.finalContent()).toContain('7 °C')
    expect(seen).toEqual([{ city: 'Oslo' }])
    expect(runner.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
  })
})

describe.for(playedProviders)('a chat of the SDK on a provider of $name', (provider) => {
  const through = async () => {
    const { mock, gateway } = await playing(provider)
    return { mock, openai: clientOf(gateway) }
  }

  test('is answered whole, and streams the same', async () => {
    const { openai, mock } = await through()
    const whole = await openai.chat.completions.create(question)
    expect(whole).toMatchObject({ object: 'chat.completion', model: 'the-routes-own', choices: [{ finish_reason: 'stop' }] })
    expect(whole.choices[0]!.message.content).toContain('What is 1+1?')
    const streamed = openai.chat.completions.stream({ ...question, stream_options: { include_usage: true } })
    expect(await streamed.finalContent()).toBe(whole.choices[0]!.message.content)
    expect(await streamed.totalUsage()).toMatchObject({ completion_tokens: whole.usage!.completion_tokens })
    expect(mock.requests.every(({ url }) => provider.asked.test(url))).toBe(true)
  })

  test.for([false, true])('runs tools, and goes on with what they found (stream: %s)', async (stream) => {
    const { openai, mock } = await through()
    const seen: unknown[] = []
    const run = (args: { city: string }): string => {
      seen.push(args)
      return '7 °C'
    }
    const asked = { ...callWeather, tools: [{ ...weather, function: { ...weather.function, description: 'The weather.', parse: toCity, function: run } }] }
    const runner = stream ? openai.chat.completions.runTools({ ...asked, stream }) : openai.chat.completions.runTools(asked)
    expect(await runner.finalContent()).toContain('7 °C')
    expect(seen).toEqual([{ city: 'Oslo' }])
    expect(mock.requests).toHaveLength(2)
  })
})

describe('embeddings of the SDK', () => {
  const asked = { model: 'text-embedding-3-small', input: ['one', 'two'] }

  test('39: come as the SDK asks for them, in base64, and as numbers', async () => {
    const { openai, mock, gateway } = await stage()
    const packed = await openai.embeddings.create(asked)
    const plain = await openai.embeddings.create({ ...asked, encoding_format: 'float' })
    expect(JSON.parse(String(mock.requests[0]!.body))).toEqual({ ...asked, encoding_format: 'base64' })
    expect(packed.data.map(({ embedding }) => embedding.length)).toEqual([1536, 1536])
    for (const [index, { embedding }] of plain.data.entries()) {
      expect(packed.data[index]!.embedding.every((value, at) => Math.abs(value - embedding[at]!) < 1e-6)).toBe(true)
    }
    const counted = {
      outcome: 'complete',
      request_type: 'ai_chat',
      llm_prompt_tokens: 2,
      llm_completion_tokens: 0,
      llm_total_tokens: 2,
    }
    expect(await gateway.lines(2)).toMatchObject([counted, counted])
  })
})

describe('the Responses API of the SDK', () => {
  const asked = { model: 'gpt-5', input: 'What is 1+1?' }

  test('answers, whole and streamed alike', async () => {
    const { openai, gateway } = await stage()
    const whole = await openai.responses.create(asked)
    expect(whole.output_text).toContain('What is 1+1?')
    const events = await collect(await openai.responses.create({ ...asked, stream: true }))
    expect(events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('')).toBe(
      whole.output_text,
    )
    expect(events.at(-1)!.type).toBe('response.completed')
    const streamed = await openai.responses.stream(asked).finalResponse()
    expect(streamed.output_text).toBe(whole.output_text)
    const { input_tokens: prompt, output_tokens: completion, total_tokens: total } = whole.usage!
    const counted = {
      outcome: 'complete',
      llm_prompt_tokens: prompt,
      llm_completion_tokens: completion,
      llm_total_tokens: total,
      usage_source: 'provider',
    }
    expect(await gateway.lines(3)).toMatchObject([
      { ...counted, request_type: 'ai_chat' },
      { ...counted, request_type: 'ai_stream' },
      { ...counted, request_type: 'ai_stream' },
    ])
  })

  test('calls tools', async () => {
    const { openai, gateway } = await stage()
    const { name, parameters } = weather.function
    const tools = [{ type: 'function' as const, name, parameters, strict: false }]
    const whole = await openai.responses.create({ model: 'gpt-5', input: 'call get_weather', tools })
    expect(whole.output[0]).toMatchObject({ type: 'function_call', name, arguments: '{"city":"Oslo"}' })
    const streamed = await openai.responses.stream({ model: 'gpt-5', input: 'call get_weather', tools }).finalResponse()
    expect(streamed.output[0]).toMatchObject({ type: 'function_call', name, arguments: '{"city":"Oslo"}' })
    const counted = { llm_has_tool_calls: true, llm_tool_count: 1 }
    expect(await gateway.lines(2)).toMatchObject([counted, counted])
  })
})

test('models are listed, and one is told of', async () => {
  const { openai, gateway } = await stage()
  const models = await collect(openai.models.list())
  expect(models.map(({ id }) => id)).toContain('mock-llm')
  expect(await openai.models.retrieve('gpt-4o')).toMatchObject({ id: 'gpt-4o', object: 'model' })
  expect(await gateway.lines(2)).toMatchObject([{ outcome: 'complete' }, { outcome: 'complete' }])
})

describe('a client that aborts', () => {
  test.for([
    [
      'a chat',
      (openai: OpenAI, signal: AbortSignal) =>
        openai.chat.completions.create({ ...question, stream: true }, { signal }),
    ],
    [
      'a response',
      (openai: OpenAI, signal: AbortSignal) =>
        openai.responses.create({ model: 'gpt-5', input: 'Hi', stream: true }, { signal }),
    ],
  ] as const)('mid-stream closes the connection to the provider within a second: %s', async ([, ask]) => {
    const { openai, mock, gateway } = await stage()
    mock.script({ stallAfter: 6 })
    const controller = new AbortController()
    const stream = await ask(openai, controller.signal)
    let seen = 0
    let abortedAt = 0
    for await (const _ of stream) {
      if (++seen < 3) continue
      abortedAt = performance.now()
      controller.abort()
    }
    const { by, at } = await (await mock.waitForRequest()).closed
    expect(by).toBe('client')
    expect(at - abortedAt).toBeLessThan(1000)
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'client_disconnect', status: 200, usage_source: 'none' }])
  })

  test('by leaving the loop does the same', async () => {
    const { openai, mock, gateway } = await stage()
    mock.script({ stallAfter: 6 })
    for await (const chunk of await openai.chat.completions.create({ ...question, stream: true }))
      if (chunk.choices[0]!.delta.content) break
    expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'client_disconnect' }])
  })

  test('a whole answer that upstream still thinks about does the same', async () => {
    const { openai, mock, gateway } = await stage()
    mock.script({ stallBeforeFirstByteMs: 'forever' })
    const controller = new AbortController()
    const asked = failureOf(openai.chat.completions.create(question, { signal: controller.signal }))
    const request = await mock.waitForRequest()
    const abortedAt = performance.now()
    controller.abort()
    expect(await asked).toBeInstanceOf(APIUserAbortError)
    const { by, at } = await request.closed
    expect(by).toBe('client')
    expect(at - abortedAt).toBeLessThan(1000)
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'client_disconnect', status: 499 }])
  })

  test('at [DONE], as the SDK does, has had everything', async () => {
    const { openai, mock, gateway } = await stage()
    mock.script({ stallAfter: 1000 })
    const chunks = await collect(await openai.chat.completions.create({ ...question, stream: true }))
    expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('stop')
    expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'complete', usage_source: 'provider' }])
  })

  test('leaves the gateway fit for the next request', async () => {
    const { openai, mock, gateway } = await stage()
    mock.script({ stallAfter: 6 })
    for await (const chunk of await openai.chat.completions.create({ ...question, stream: true }))
      if (chunk.choices[0]!.delta.content) break
    expect((await openai.chat.completions.create(question)).choices).toHaveLength(1)
    expect((await gateway.lines(2)).map((line) => line['outcome']).toSorted()).toEqual([
      'client_disconnect',
      'complete',
    ])
  })
})

describe('an error of the provider', () => {
  const errors = [
    [400, BadRequestError],
    [401, AuthenticationError],
    [402, APIError],
    [403, PermissionDeniedError],
    [404, NotFoundError],
    [422, UnprocessableEntityError],
    [429, RateLimitError],
    [500, InternalServerError],
    [503, InternalServerError],
    [529, InternalServerError],
  ] as const

  test.for(
    errors.flatMap(([status, kind]) => [false, true].map((stream) => ({ status, kind, stream, name: kind.name }))),
  )('of status $status is the SDK’s $name (stream: $stream)', async ({ status, kind, stream }) => {
    const { openai, mock, gateway } = await stage()
    mock.script({ status, message: 'No, and this is why.' })
    const error = await failureOf(openai.chat.completions.create({ ...question, stream }))
    expect(error).toBeInstanceOf(kind)
    expect(error).toMatchObject({ status, message: `${status} No, and this is why.`, requestID: 'req_mock_00000001' })
    expect(mock.requests).toHaveLength(1)
    expect(await gateway.lines(1)).toMatchObject([{ status, upstream_status: status, outcome: 'upstream_error' }])
  })

  test('of the provider for its own key reaches the client without the key', async () => {
    const { openai } = await stage({ auth: { header: { authorization: 'Bearer bad-key' } } })
    const error = await failureOf(openai.chat.completions.create(question))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ code: 'invalid_api_key', type: 'invalid_request_error' })
    expect(JSON.stringify(error)).not.toContain('bad-key')
  })

  test('of status 429 is tried again when the provider says', async () => {
    const { openai, mock, gateway } = await stage()
    mock.script({ status: 429, headers: { 'retry-after': '1' } })
    const answer = await openai.chat.completions.create(question, { maxRetries: 1 })
    expect(answer.choices).toHaveLength(1)
    const [first, second] = mock.requests
    // Without the hint the SDK waits half a second at most.
    expect(second!.at - first!.at).toBeGreaterThan(900)
    expect(second!.headers['x-stainless-retry-count']).toBe('1')
    expect(await gateway.lines(2)).toMatchObject([{ status: 429 }, { status: 200 }])
  })

  test('that says not to try again is not', async () => {
    const { openai, mock } = await stage()
    mock.script({ status: 503, headers: { 'x-should-retry': 'false' } })
    expect(await failureOf(openai.chat.completions.create(question, { maxRetries: 2 }))).toBeInstanceOf(
      InternalServerError,
    )
    expect(mock.requests).toHaveLength(1)
  })

  test('inside a 200 is an error with a status, whole and as the first event', async () => {
    const { openai, mock } = await stage()
    const event =
      'data: {"error":{"message":"Slow down","type":"rate_limit_error","code":"rate_limit_exceeded","param":null}}\n\n'
    mock.script({ errorIn200: true, message: 'Broken inside.' }, { event, headers: { 'retry-after': '7' } })
    expect(await failureOf(openai.chat.completions.create(question))).toMatchObject({
      status: 500,
      message: '500 Broken inside.',
    })
    const early = await failureOf(openai.chat.completions.create({ ...question, stream: true }))
    expect(early).toBeInstanceOf(RateLimitError)
    expect(early).toMatchObject({ status: 429, code: 'rate_limit_exceeded', message: '429 Slow down' })
    expect(early.headers!.get('retry-after')).toBe('7')
  })

  test.for([
    ['an error event', { errorEvent: 4, message: 'Overloaded' }, 'Overloaded'],
    ['a cut', { cutAfter: 4 }, 'openai closed the connection'],
    ['an early end', { endAfter: 4 }, 'openai ended the stream before it was complete'],
  ] as const)('in the middle of a stream reaches the loop that reads it: %s', async ([, script, message]) => {
    const { openai, mock } = await stage()
    mock.script(script, script)
    const texts: string[] = []
    const read = async (): Promise<void> => {
      for await (const chunk of await openai.chat.completions.create({ ...question, stream: true }))
        texts.push(chunk.choices[0]!.delta.content ?? '')
    }
    expect(await failureOf(read())).toMatchObject({ message })
    expect(texts.join('')).not.toBe('')
    const events: string[] = []
    const readResponse = async (): Promise<void> => {
      for await (const event of await openai.responses.create({ model: 'gpt-5', input: 'Hi', stream: true }))
        events.push(event.type)
    }
    mock.reset()
    mock.script({ ...script, ...('errorEvent' in script ? { errorEvent: 8 } : { [Object.keys(script)[0]!]: 8 }) })
    expect(await failureOf(readResponse())).toMatchObject({ message })
    expect(events).toContain('response.output_text.delta')
  })
})

describe('an error of the gateway', () => {
  test('that cannot reach the provider is a 502', async () => {
    const gateway = await startGateway({ routes: [aiRoute(`http://127.0.0.1:${await freePort()}`)] })
    const error = await failureOf(clientOf(gateway).chat.completions.create(question))
    expect(error).toBeInstanceOf(InternalServerError)
    const [line] = await gateway.lines(1)
    expect(error).toMatchObject({
      status: 502,
      message: '502 openai refused the connection',
      code: 'upstream_unreachable',
      requestID: line!['request_id'],
    })
    expect(line).toMatchObject({ outcome: 'upstream_error', status: 502 })
  })

  test.for([false, true])('that waits in vain is a 504 (stream: %s)', async (stream) => {
    const { openai, mock, gateway } = await stage({ timeout: 100 })
    mock.script({ stallBeforeFirstByteMs: 'forever' })
    const error = await failureOf(openai.chat.completions.create({ ...question, stream }))
    expect(error).toBeInstanceOf(InternalServerError)
    expect(error).toMatchObject({
      status: 504,
      message: '504 openai did not answer within 100 ms',
      code: 'upstream_timeout',
    })
    expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'stalled', status: 504 }])
  })

  test('that cannot be translated is a 400', async () => {
    const { openai, mock, gateway } = await stage({ provider: 'deepseek' })
    const error = await failureOf(openai.responses.create({ model: 'gpt-5', input: 'Hi', previous_response_id: 'resp_1' }))
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({
      status: 400,
      message: '400 a translated conversation is kept nowhere: send all of it as input',
      param: 'previous_response_id',
    })
    expect(mock.requests).toHaveLength(0)
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'refused', status: 400 }])
  })

  test('for a path that no route has is a 404', async () => {
    const gateway = await startGateway({ routes: [] })
    const error = await failureOf(clientOf(gateway).chat.completions.create(question))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'refused', status: 404 }])
  })

  test('does not look like a lost connection', async () => {
    const { openai, mock } = await stage()
    mock.script({ resetOnAccept: true })
    const error = await failureOf(openai.chat.completions.create(question))
    expect(error).not.toBeInstanceOf(APIConnectionError)
    expect(error).toMatchObject({ status: 502 })
  })
})

test('the id of a request is the provider’s, and the gateway’s beside it', async () => {
  const { openai, gateway } = await stage()
  const { request_id: id, response } = await openai.chat.completions.create(question).withResponse()
  expect(id).toBe('req_mock_00000001')
  const [line] = await gateway.lines(1)
  expect(response.headers.get('x-sluice-request-id')).toBe(line!['request_id'])
})
