import { afterAll, beforeAll, expect, test } from 'vitest'
import { startMockLlm, type MockLlm } from '../src/index.ts'
import { ask, json, type Loose } from './client.ts'

let mock: MockLlm
beforeAll(async () => void (mock = await startMockLlm()))
afterAll(() => mock.close())

async function embed(input: unknown, more: object = {}) {
  return json(
    await ask(mock, '/v1/embeddings', { body: { model: 'text-embedding-3-small', input, ...more } }),
  )
}

const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

test('gives one unit vector per input, in order', async () => {
  const { object, model, data, usage } = await embed(['one two', 'three'])
  expect({ object, model, usage }).toEqual({
    object: 'list',
    model: 'text-embedding-3-small',
    usage: { prompt_tokens: 3, total_tokens: 3 },
  })
  expect(data.map(({ index }: Loose) => index)).toEqual([0, 1])
  for (const { embedding } of data) {
    expect(embedding).toHaveLength(1_536)
    expect(dot(embedding, embedding)).toBeCloseTo(1, 5)
  }
})

test('gives equal texts equal vectors, and near ones to texts that share words', async () => {
  const [a, b, c] = (await embed(['the cat sat down', 'The cat lay down.', 'quarterly earnings rose'])).data
  expect((await embed('the cat sat down')).data[0].embedding).toEqual(a.embedding)
  expect(dot(a.embedding, b.embedding)).toBeGreaterThan(0.5)
  expect(dot(a.embedding, c.embedding)).toBeLessThan(0.2)
})

test('encodes the same numbers as base64', async () => {
  const { data: floats } = await embed('hi', { dimensions: 8 })
  const { data: encoded } = await embed('hi', { dimensions: 8, encoding_format: 'base64' })
  const bytes = Buffer.from(encoded[0].embedding, 'base64')
  const decoded = Array.from({ length: 8 }, (_, i) => bytes.readFloatLE(i * 4))
  expect(decoded).toEqual(floats[0].embedding.map(Math.fround))
})

test.for<[string, unknown, number, number]>([
  ['tokens', [1, 2, 3], 1, 3],
  ['lists of tokens', [[1, 2], [3]], 2, 3],
  ['white space', '  ', 1, 0],
])('takes %s', async ([, input, length, tokens]) => {
  const { data, usage } = await embed(input, { dimensions: 4 })
  expect(data).toHaveLength(length)
  expect(usage.prompt_tokens).toBe(tokens)
})

test.for<[string, object]>([
  ['no input', {}],
  ['an empty text', { input: '' }],
  ['an empty list', { input: [] }],
  ['a list with an empty text', { input: ['a', ''] }],
  ['objects', { input: [{}] }],
  ['fractions of tokens', { input: [1.5] }],
  ['too many inputs', { input: Array.from({ length: 2_049 }, () => 'a') }],
  [
    'more numbers than it likes to make',
    { input: Array.from({ length: 2_048 }, () => 'a'), dimensions: 8_192 },
  ],
  ['no dimensions', { input: 'a', dimensions: 0 }],
  ['no model', { input: 'a', model: undefined }],
])('refuses %s', async ([, body]) => {
  const heard = await ask(mock, '/v1/embeddings', { body: { model: 'm', ...body } })
  expect(heard.status).toBe(400)
  expect(json(heard).error.type).toBe('invalid_request_error')
})
