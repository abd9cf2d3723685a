import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMockLlm, type MockLlm } from '../src/index.ts'
import { ask, chat, eventsOf, json, type Event, type Loose } from './client.ts'

let mock: MockLlm
beforeAll(async () => void (mock = await startMockLlm()))
afterAll(() => mock.close())

const path = '/v1/chat/completions'
const weather = {
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}
const clock = { type: 'function', function: { name: 'get_time' } }
const grep = { type: 'custom', custom: { name: 'grep' } }

/** What a client makes of a stream: a message per choice. Ids are left out: they hang on the request's bytes. */
function assembled(events: readonly Event[]) {
  const choices = new Map<number, Loose>()
  for (const { data } of events) {
    for (const { index, delta, finish_reason } of data.choices ?? []) {
      const choice = choices.get(index) ?? { content: null, calls: [], finish_reason: null }
      choices.set(index, choice)
      if (typeof delta.content === 'string') choice.content = (choice.content ?? '') + delta.content
      for (const call of delta.tool_calls ?? []) {
        const known = (choice.calls[call.index] ??= { type: call.type, name: '', input: '' })
        const part = call.function ?? call.custom
        known.name += part.name ?? ''
        known.input += part.arguments ?? part.input ?? ''
      }
      choice.finish_reason = finish_reason ?? choice.finish_reason
    }
  }
  return [...choices.values()]
}

function whole({ choices }: Loose) {
  return choices.map(({ message, finish_reason }: Loose) => ({
    content: message.content,
    calls: (message.tool_calls ?? []).map(({ type, function: called, custom }: Loose) => ({
      type,
      name: (called ?? custom).name,
      input: called ? called.arguments : custom.input,
    })),
    finish_reason,
  }))
}

test('answers with the model, the question and what it was told', async () => {
  const messages = [
    { role: 'system', content: 'Answer in French.' },
    { role: 'user', content: 'What is 1+1?' },
  ]
  const heard = await ask(mock, path, { body: { model: 'gpt-4o', messages } })
  expect(heard.status).toBe(200)
  expect(heard.headers).toMatchObject({
    'content-type': 'application/json',
    'x-request-id': expect.stringMatching(/^req_/),
  })
  expect(json(heard)).toMatchObject({
    object: 'chat.completion',
    model: 'gpt-4o',
    choices: [{ index: 0, message: { role: 'assistant', refusal: null }, finish_reason: 'stop' }],
  })
  const { content } = json(heard).choices[0].message
  expect(content).toContain('This is gpt-4o')
  expect(content).toContain('You said: "What is 1+1?"')
  expect(content).toContain('I was told: "Answer in French."')
})

test('counts words as tokens', async () => {
  const { usage, choices } = json(await ask(mock, path, chat(' one two\nthree ')))
  const words = choices[0].message.content.split(/\s+/).length
  expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: words, total_tokens: 3 + words })
})

test('gives equal requests equal answers, byte for byte', async () => {
  const [first, second] = [await ask(mock, path, chat('again')), await ask(mock, path, chat('again'))]
  expect(second.bytes).toEqual(first.bytes)
  expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id'])
  expect((await ask(mock, path, chat('again!'))).text).not.toBe(first.text)
})

test.for<[string, object]>([
  ['text', {}],
  ['text beyond ASCII', { messages: [{ role: 'user', content: 'Grüße, 東京 👋🏽' }] }],
  ['parts', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'image_url' }] }] }],
  ['three choices', { n: 3 }],
  ['a limit', { max_tokens: 7 }],
  ['a stop sequence', { stop: ['mock', 'played'] }],
  ['one call', { tools: [weather], tool_choice: 'required' }],
  [
    'several calls',
    { tools: [weather, clock, grep], messages: [{ role: 'user', content: 'call get_time, call grep.' }] },
  ],
  ['calls in several choices', { n: 2, tools: [weather, clock], tool_choice: 'required' }],
  [
    'JSON',
    { response_format: { type: 'json_schema', json_schema: { schema: { type: 'array', items: {} } } } },
  ],
])('streams %s as it answers it whole', async ([, more]) => {
  const init = (extra: object) => chat('call nothing', { ...more, ...extra })
  const answer = json(await ask(mock, path, init({})))
  const heard = await ask(mock, path, init({ stream: true, stream_options: { include_usage: true } }))
  const events = eventsOf(heard)
  expect(heard.headers['content-type']).toMatch('text/event-stream')
  expect(assembled(events)).toEqual(whole(answer))
  expect(events.at(-1)!.data).toBe('[DONE]')
  expect(events.at(-2)!.data).toMatchObject({ choices: [], usage: answer.usage })
  expect(new Set(events.slice(0, -1).map(({ data }) => data.id)).size).toBe(1)
  expect(events.slice(0, -2).every(({ data }) => data.usage === null)).toBe(true)
})

test.for([undefined, {}, { include_usage: false }])(
  'streams no usage with stream_options %j',
  async (stream_options) => {
    const events = eventsOf(await ask(mock, path, chat('hi', { stream: true, stream_options })))
    expect(events.some(({ data }) => 'usage' in Object(data) || data.choices?.length === 0)).toBe(false)
  },
)

test('lets choices take turns', async () => {
  const events = eventsOf(await ask(mock, path, chat('hi', { stream: true, n: 2 })))
  expect(events.slice(0, 6).map(({ data }) => data.choices[0].index)).toEqual([0, 1, 0, 1, 0, 1])
})

test.for(['max_tokens', 'max_completion_tokens'])('ends early at %s', async (name) => {
  const answer = json(await ask(mock, path, chat('hi', { [name]: 3 })))
  expect(answer.choices[0]).toMatchObject({
    message: { content: 'This is gpt-4o,' },
    finish_reason: 'length',
  })
  expect(answer.usage.completion_tokens).toBe(3)
})

test('ends before a stop sequence', async () => {
  const answer = json(await ask(mock, path, chat('hi', { stop: ['mock', ', played'] })))
  expect(answer.choices[0]).toMatchObject({ message: { content: 'This is gpt-4o' }, finish_reason: 'stop' })
})

test.for<[string, string, object, string[]]>([
  ['not, unless asked to', 'hi', {}, []],
  ['on demand', 'Please call get_time.', {}, ['get_time']],
  ['several on demand', 'call get_time and call get_weather', {}, ['get_time', 'get_weather']],
  [
    'one where parallel calls are off',
    'call get_time and call get_weather',
    { parallel_tool_calls: false },
    ['get_time'],
  ],
  ['the first where it must', 'hi', { tool_choice: 'required' }, ['get_weather']],
  [
    'the one it is forced to',
    'hi',
    { tool_choice: { type: 'function', function: { name: 'get_time' } } },
    ['get_time'],
  ],
  ['none where it may not', 'call get_time', { tool_choice: 'none' }, []],
  ['one of the allowed', 'hi', allowed('required'), ['get_time']],
  ['none that is not allowed', 'call get_weather', allowed('auto'), []],
  ['no tool that is not there', 'call toString', {}, []],
])('calls tools: %s', async ([, question, more, names]) => {
  const { choices } = json(await ask(mock, path, chat(question, { tools: [weather, clock], ...more })))
  const calls = choices[0].message.tool_calls ?? []
  expect(calls.map((call: Loose) => call.function.name)).toEqual(names)
  expect(choices[0].finish_reason).toBe(names.length > 0 ? 'tool_calls' : 'stop')
})

function allowed(mode: string) {
  return { tool_choice: { type: 'allowed_tools', allowed_tools: { mode, tools: [clock] } } }
}

test.for<[object, unknown]>([
  [
    { type: 'object', properties: { a: { type: 'integer', minimum: 3 }, b: { enum: ['x', 'y'] } } },
    { a: 3, b: 'x' },
  ],
  [{ type: 'object', properties: { at: { type: 'string', format: 'date' } } }, { at: '2026-01-02' }],
  [{ type: 'object', properties: { s: { type: 'string', minLength: 9, maxLength: 9 } } }, { s: 'example..' }],
  [
    { type: 'object', properties: { n: { type: 'number', exclusiveMinimum: 0, maximum: 0.25 } } },
    { n: 0.125 },
  ],
  [
    { type: 'object', properties: { l: { type: 'array', items: { type: 'boolean' }, minItems: 2 } } },
    { l: [true, true] },
  ],
  [
    { properties: { c: { const: 7 }, d: { default: [] }, o: { type: ['null', 'number'] } } },
    { c: 7, d: [], o: 0.5 },
  ],
  [{ $ref: '#/$defs/p', $defs: { p: { type: 'object', properties: { q: { type: 'null' } } } } }, { q: null }],
  [
    { anyOf: [{ type: 'object', properties: { a: { type: 'string' } } }, { type: 'null' }] },
    { a: 'example' },
  ],
  [
    {
      allOf: [{ properties: { a: { const: 1 } } }, { $ref: '#/$defs/b' }],
      $defs: { b: { properties: { b: { const: 2 } } } },
    },
    { a: 1, b: 2 },
  ],
  [
    JSON.parse('{"type":"object","properties":{"__proto__":{"const":1}}}') as object,
    JSON.parse('{"__proto__":1}'),
  ],
  [{ type: 'string' }, {}],
])('makes arguments from the schema %j', async ([parameters, expected]) => {
  const tools = [{ type: 'function', function: { name: 'f', parameters } }]
  const { choices } = json(await ask(mock, path, chat('call f', { tools })))
  expect(JSON.parse(choices[0].message.tool_calls[0].function.arguments)).toEqual(expected)
})

test('survives a schema that contains itself, and one that is huge', async () => {
  const self = {
    type: 'object',
    properties: { a: { $ref: '#' }, b: { type: 'array', items: { $ref: '#' } } },
  }
  const names = Array.from({ length: 5_000 }, (_, i) => [`p${i}`, { type: 'object', properties: { x: {} } }])
  for (const schema of [self, { type: 'object', properties: Object.fromEntries(names) as object }]) {
    const { choices } = json(
      await ask(
        mock,
        path,
        chat('hi', { response_format: { type: 'json_schema', json_schema: { schema } } }),
      ),
    )
    expect(JSON.parse(choices[0].message.content)).toBeTypeOf('object')
  }
})

test('refuses to write without end', async () => {
  const schema = { const: 'x'.repeat(100_000) }
  const more = { response_format: { type: 'json_schema', json_schema: { schema } } }
  expect((await ask(mock, path, chat('hi', { ...more, n: 2 }))).status).toBe(200)
  const heard = await ask(mock, path, chat('hi', { ...more, n: 11 }))
  expect(heard.status).toBe(400)
  expect(json(heard).error.message).toContain('at most 1000000 characters')
})

test('answers json_object with an object', async () => {
  const { choices } = json(
    await ask(mock, path, chat('in JSON, please', { response_format: { type: 'json_object' } })),
  )
  expect(JSON.parse(choices[0].message.content)).toHaveProperty('answer')
})

test.for([
  '/v1/chat/completions',
  '/chat/completions',
  '/api/v1/chat/completions',
  '/v1beta/openai/chat/completions',
  '/v1beta1/projects/p/locations/eu/endpoints/openapi/chat/completions?x=1',
  '/models/chat/completions',
])('answers at %s', async (at) => {
  expect((await ask(mock, at, chat('hi'))).status).toBe(200)
})

test('takes the model of an Azure deployment from the path', async () => {
  const at = '/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21'
  expect(json(await ask(mock, at, chat('hi', { model: undefined })))).toMatchObject({ model: 'my-gpt' })
})

test.for<[unknown, RegExp, string | null]>([
  ['{"model":', /could not parse the JSON body/, null],
  ['', /it is empty/, null],
  ['[]', /to be an object/, null],
  [{ messages: [{ role: 'user', content: 'hi' }] }, /must provide a model/, 'model'],
  [{ model: 7, messages: [] }, /'model': expected a string/, 'model'],
  [{ model: 'm' }, /Missing required parameter: 'messages'/, 'messages'],
  [{ model: 'm', messages: [] }, /empty array/, 'messages'],
  [{ model: 'm', messages: [{ role: 'god', content: 'x' }] }, /must be one of developer/, 'messages[0].role'],
  [{ model: 'm', messages: ['x'] }, /must be one of developer/, 'messages[0].role'],
  [chat('x', { stream: 'yes' }).body, /expected a boolean/, 'stream'],
  [chat('x', { stream_options: {} }).body, /only allowed when 'stream'/, 'stream_options'],
  [chat('x', { n: 129 }).body, /<= 128/, 'n'],
  [chat('x', { max_tokens: 0 }).body, />= 1/, 'max_tokens'],
  [chat('x', { max_tokens: 1.5 }).body, /an integer/, 'max_tokens'],
  [chat('x', { max_tokens: 1, max_completion_tokens: 1 }).body, /at the same time/, null],
  [chat('x', { temperature: 3 }).body, /<= 2/, 'temperature'],
  [chat('x', { stop: ['a', 'b', 'c', 'd', 'e'] }).body, /at most 4/, 'stop'],
  [chat('x', { response_format: { type: 'json_object' } }).body, /the word 'json'/, 'messages'],
])('refuses %j', async ([body, message, param]) => {
  const heard = await ask(mock, path, { body: body ?? '' })
  expect(heard.status).toBe(400)
  expect(json(heard)).toMatchObject({
    error: { message: expect.stringMatching(message), type: 'invalid_request_error', param },
  })
})

test('ignores keys, except for the one that is bad', async () => {
  const wanted = { ...chat('hi'), headers: { authorization: 'Bearer sk-anything' } }
  expect((await ask(mock, path, wanted)).status).toBe(200)
  for (const headers of [
    { authorization: 'Bearer bad-key' },
    { 'api-key': 'bad-key' },
    { 'x-api-key': 'bad-key' },
  ]) {
    const heard = await ask(mock, path, { ...chat('hi'), headers: headers as Record<string, string> })
    expect(heard.status).toBe(401)
    expect(json(heard)).toMatchObject({ error: { code: 'invalid_api_key', type: 'invalid_request_error' } })
  }
})

test('lists models, in the shape of the client', async () => {
  expect(json(await ask(mock, '/v1/models', { method: 'GET' }))).toMatchObject({ object: 'list' })
  expect(json(await ask(mock, '/v1/models/gpt-9', { method: 'GET' }))).toMatchObject({
    id: 'gpt-9',
    object: 'model',
  })
  const headers = { 'anthropic-version': '2023-06-01' }
  expect(json(await ask(mock, '/v1/models', { method: 'GET', headers }))).toMatchObject({
    data: [{ type: 'model' }, {}, {}],
  })
})

test('knows neither other paths nor other methods', async () => {
  const stranger = await ask(mock, '/v1/nothing', chat('hi'))
  expect(stranger.status).toBe(404)
  expect(json(stranger)).toMatchObject({
    error: { code: 'unknown_url', message: expect.stringContaining('(POST /v1/nothing)') },
  })
  expect((await ask(mock, path, { method: 'GET' })).status).toBe(405)
})
