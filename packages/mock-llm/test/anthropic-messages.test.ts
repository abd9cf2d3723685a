import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMockLlm, type MockLlm } from '../src/index.ts'
import { ask, eventsOf, json, type Event, type Loose } from './client.ts'

let mock: MockLlm
beforeAll(async () => void (mock = await startMockLlm()))
afterAll(() => mock.close())

const headers = { 'anthropic-version': '2023-06-01' }
const tools = [
  { name: 'get_weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } },
]

function send(body: object, at = '/v1/messages') {
  const messages = [{ role: 'user', content: 'Hello there' }]
  return ask(mock, at, { headers, body: { model: 'claude', max_tokens: 2_048, messages, ...body } })
}

/** Ids are made from the request, which differs in `stream`. */
function anonymous(content: Loose[]) {
  return content.map(({ id: _id, ...block }) => block)
}

function uses(message: Loose) {
  return message.content.filter(({ type }: Loose) => type === 'tool_use')
}

/** What a client makes of a stream. */
function assembled(events: readonly Event[]) {
  const blocks: Loose[] = []
  for (const { data } of events) {
    if (data.type === 'content_block_start') blocks[data.index] = { ...data.content_block, json: '' }
    if (data.type !== 'content_block_delta') continue
    const block = blocks[data.index]
    const { type, partial_json, ...more } = data.delta
    if (type === 'input_json_delta') block.json += partial_json
    for (const [name, text] of Object.entries(more)) block[name] += text
  }
  return blocks.map(({ json: input, ...block }) =>
    block.type === 'tool_use' ? { ...block, input: JSON.parse(input || '{}') } : block,
  )
}

test('answers a text', async () => {
  const heard = await send({ system: [{ type: 'text', text: 'Be kind.' }] })
  expect(heard.headers).toMatchObject({ 'request-id': expect.stringMatching(/^req_/) })
  const message = json(heard)
  expect(message).toMatchObject({
    type: 'message',
    role: 'assistant',
    model: 'claude',
    stop_reason: 'end_turn',
    stop_sequence: null,
  })
  expect(message.content).toEqual([
    { type: 'text', text: expect.stringContaining('You said: "Hello there" I was told: "Be kind."') },
  ])
  expect(message.usage).toMatchObject({
    input_tokens: 4,
    output_tokens: message.content[0].text.split(' ').length,
  })
})

test.for<[string, object, string, string[]]>([
  ['text', {}, 'end_turn', ['text']],
  ['thinking', { thinking: { type: 'enabled', budget_tokens: 1_024 } }, 'end_turn', ['thinking', 'text']],
  ['a limit', { max_tokens: 4 }, 'max_tokens', ['text']],
  ['a stop sequence', { stop_sequences: ['played'] }, 'stop_sequence', ['text']],
  ['a call', { tools, tool_choice: { type: 'any' } }, 'tool_use', ['text', 'tool_use']],
  [
    'a call without arguments',
    { tools: [{ name: 'f', input_schema: {} }], tool_choice: { type: 'tool', name: 'f' } },
    'tool_use',
    ['text', 'tool_use'],
  ],
  [
    'thoughts before a call',
    { tools, tool_choice: { type: 'any' }, thinking: { type: 'adaptive' } },
    'tool_use',
    ['thinking', 'text', 'tool_use'],
  ],
  [
    'a schema',
    { output_config: { format: { type: 'json_schema', schema: { type: 'number' } } } },
    'end_turn',
    ['text'],
  ],
])('streams %s as it answers it whole', async ([, body, reason, types]) => {
  const message = json(await send(body))
  expect(message.stop_reason).toBe(reason)
  expect(message.content.map(({ type }: Loose) => type)).toEqual(types)

  const events = eventsOf(await send({ ...body, stream: true }))
  expect(events.every(({ name, data }) => name === data.type)).toBe(true)
  expect(anonymous(assembled(events))).toEqual(anonymous(message.content))
  expect(events[0]!.data).toMatchObject({
    type: 'message_start',
    message: { content: [], stop_reason: null, usage: { output_tokens: 1 } },
  })
  expect(events[2]!.name).toBe('ping')
  expect(events.at(-1)!.name).toBe('message_stop')
  const { delta, usage } = events.at(-2)!.data
  expect(delta).toEqual({ stop_reason: reason, stop_sequence: message.stop_sequence })
  expect(message.usage).toMatchObject(usage)
})

test('says which stop sequence it met', async () => {
  expect(json(await send({ stop_sequences: ['nowhere', 'played'] }))).toMatchObject({
    stop_sequence: 'played',
  })
})

test('counts what is marked for the cache apart', async () => {
  const marked = { type: 'text', text: 'a b c', cache_control: { type: 'ephemeral' } }
  const { usage } = json(await send({ system: [marked], messages: [{ role: 'user', content: 'd e' }] }))
  expect(usage).toMatchObject({ input_tokens: 2, cache_creation_input_tokens: 3, cache_read_input_tokens: 0 })
})

test('calls one tool where parallel calls are off', async () => {
  const body = { tools, tool_choice: { type: 'auto', disable_parallel_tool_use: true } }
  const messages = [{ role: 'user', content: 'call get_weather, call get_weather' }]
  expect(uses(json(await send({ ...body, messages })))).toHaveLength(1)
  expect(uses(json(await send({ ...body, tool_choice: undefined, messages })))).toHaveLength(2)
})

test('counts tokens', async () => {
  const at = '/v1/messages/count_tokens'
  const heard = await send({ max_tokens: undefined, system: 'one two' }, at)
  expect(json(heard)).toEqual({ input_tokens: 4 })
})

test.for<[object, RegExp]>([
  [{ max_tokens: undefined }, /^max_tokens: Field required/],
  [{ model: undefined }, /^model: Field required/],
  [{ n: 1 }, /^n: Extra inputs are not permitted/],
  [{ messages: [] }, /at least one message/],
  [{ messages: 'hi' }, /valid array/],
  [{ messages: [{ role: 'tool', content: '' }] }, /messages.0.role/],
  [{ temperature: 1.5 }, /<= 1/],
  [{ thinking: { type: 'enabled', budget_tokens: 4_096 } }, /must be greater than/],
  [{ thinking: { type: 'enabled', budget_tokens: 1 } }, />= 1024/],
  [{ thinking: { type: 'enabled' } }, /Field required/],
])('refuses %j', async ([body, message]) => {
  const heard = await send(body)
  expect(heard.status).toBe(400)
  expect(json(heard)).toEqual({
    type: 'error',
    error: { type: 'invalid_request_error', message: expect.stringMatching(message) },
  })
})

test('requires the header anthropic-version, also of a request that it has answered with it', async () => {
  const body = { model: 'claude', max_tokens: 9, messages: [{ role: 'user', content: 'Hello' }] }
  expect((await ask(mock, '/v1/messages', { headers, body })).status).toBe(200)
  const heard = await ask(mock, '/v1/messages', { body })
  expect(heard.status).toBe(400)
  expect(json(heard).error.message).toBe('anthropic-version: header is required')
})

test('refuses the bad key in its own shape', async () => {
  const heard = await ask(mock, '/v1/messages', { headers: { ...headers, 'x-api-key': 'bad-key' } })
  expect(heard.status).toBe(401)
  expect(json(heard)).toMatchObject({ type: 'error', error: { type: 'authentication_error' } })
})
