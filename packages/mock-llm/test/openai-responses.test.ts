import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMockLlm, type MockLlm } from '../src/index.ts'
import { ask, eventsOf, json, type Loose } from './client.ts'

let mock: MockLlm
beforeAll(async () => void (mock = await startMockLlm()))
afterAll(() => mock.close())

const path = '/v1/responses'
const weather = {
  type: 'function',
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
}
const grep = { type: 'custom', name: 'grep' }

/** Ids are made from the request, which differs in `stream`. */
function anonymous(output: Loose[]) {
  return output.map(({ id: _id, call_id: _call, ...item }) => item)
}

test('answers a text, and repeats the request', async () => {
  const body = {
    model: 'gpt-5',
    input: 'Hello there',
    instructions: 'Be kind.',
    temperature: 0.5,
    metadata: { a: 'b' },
  }
  const response = json(await ask(mock, path, { body }))
  expect(response).toMatchObject({
    object: 'response',
    status: 'completed',
    model: 'gpt-5',
    instructions: 'Be kind.',
    temperature: 0.5,
    metadata: { a: 'b' },
    output: [{ type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text' }] }],
  })
  const { text } = response.output[0].content[0]
  expect(text).toContain('You said: "Hello there" I was told: "Be kind."')
  const words = text.split(' ').length
  expect(response.usage).toMatchObject({ input_tokens: 4, output_tokens: words, total_tokens: 4 + words })
})

test('answers the last user item of a list, or what a function has found behind it', async () => {
  const input = [
    { role: 'developer', content: 'D' },
    { role: 'user', content: [{ type: 'input_text', text: 'first' }] },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'x' }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'second' }] },
    { type: 'function_call_output', call_id: 'c', output: 'sunny' },
  ]
  const answers = await Promise.all([input.slice(0, -1), input].map((items) => ask(mock, path, { body: { model: 'm', input: items } })))
  expect(answers.map((answer) => json(answer).output[0].content[0].text)).toEqual([
    expect.stringContaining('You said: "second" I was told: "D"'),
    expect.stringContaining('You said: "sunny" I was told: "D"'),
  ])
})

test.for<[string, object, string]>([
  ['text', { input: 'hi' }, 'completed'],
  ['an answer cut short', { input: 'hi', max_output_tokens: 16 }, 'incomplete'],
  ['calls', { input: 'call get_weather and call grep', tools: [weather, grep] }, 'completed'],
  [
    'JSON',
    { input: 'hi', text: { format: { type: 'json_schema', name: 's', schema: { type: 'number' } } } },
    'completed',
  ],
])('streams %s with every event, numbered', async ([, body, status]) => {
  const whole = json(await ask(mock, path, { body: { model: 'm', ...body } }))
  const events = eventsOf(await ask(mock, path, { body: { model: 'm', ...body, stream: true } }))
  expect(events.map(({ data }) => data.sequence_number)).toEqual(events.map((_, i) => i))
  expect(events.every(({ name, data }) => name === data.type)).toBe(true)
  expect(events.slice(0, 2).map(({ name }) => name)).toEqual(['response.created', 'response.in_progress'])

  const last = events.at(-1)!
  expect(last.name).toBe(`response.${status}`)
  expect(anonymous(last.data.response.output)).toEqual(anonymous(whole.output))
  expect(last.data.response.usage).toEqual(whole.usage)

  const done = events.filter(({ name }) => name === 'response.output_item.done').map(({ data }) => data.item)
  expect(done).toEqual(last.data.response.output)
  for (const [index, item] of done.entries()) {
    const deltas = events.filter(({ name, data }) => name!.endsWith('.delta') && data.output_index === index)
    const joined = deltas.map(({ data }) => data.delta).join('')
    expect(joined).toBe(item.content?.[0].text ?? item.arguments ?? item.input)
  }
})

test('calls the tool that it is forced to, with arguments', async () => {
  const body = {
    model: 'm',
    input: 'hi',
    tools: [grep, weather],
    tool_choice: { type: 'function', name: 'get_weather' },
  }
  expect(json(await ask(mock, path, { body })).output).toEqual([
    {
      id: expect.stringMatching(/^fc_/),
      type: 'function_call',
      status: 'completed',
      call_id: expect.stringMatching(/^call_/),
      name: 'get_weather',
      arguments: '{"city":"example"}',
    },
  ])
})

test.for<[object, RegExp]>([
  [{ model: 'm' }, /Missing required parameter/],
  [{ model: 'm', input: [] }, /Invalid 'input'/],
  [{ input: 'hi' }, /must provide a model/],
  [{ model: 'm', input: 'hi', max_output_tokens: 15 }, />= 16/],
])('refuses %j', async ([body, message]) => {
  const heard = await ask(mock, path, { body })
  expect(heard.status).toBe(400)
  expect(json(heard).error.message).toMatch(message)
})
