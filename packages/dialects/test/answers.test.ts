import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Dialect } from '@sluice/provider'
import { dialectOf } from '../src/index.ts'
import { facts, recorded } from './recorded.ts'

const read = (dialect: Dialect, body: unknown) =>
  facts(dialect).readAnswer([Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))])

const cutAt = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const ends = [...places.toSorted((a, b) => a - b), bytes.length]
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
}

const withContent = (content: unknown) => ({ message: { content } })
const withBlock = (type: string) => ({
  content: [
    { type: 'text', text: 'a' },
    { type, name: 'f', input: {} },
  ],
})

const tokens = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }
const answer = (message: object, more: object = {}) => ({
  choices: [{ index: 0, message, finish_reason: 'stop' }],
  ...more,
})

test.for(['cohere-chat'] as const)('%s is a name without facts so far', (name) => {
  expect(dialectOf(name)).toBeUndefined()
})

describe('an answer of a chat', () => {
  test('36: may come after the empty lines that kept the connection alive', () => {
    const found = read('openai-chat', `\n\n\r\n${recorded('deepseek-basic').toString()}\n`)
    expect(found).toMatchObject({ isJson: true, usage: { totalTokens: 13 }, model: 'deepseek-v4-flash' })
  })

  test('is summed up where no total is given', () => {
    const usage = { prompt_tokens: 9, completion_tokens: 4 }
    expect(read('openai-chat', answer({}, { usage })).usage?.totalTokens).toBe(13)
  })

  test.for([
    ['OpenAI', { prompt_tokens_details: { cached_tokens: 3, cache_write_tokens: 2 } }, 3, 2],
    ['DeepSeek', { prompt_cache_hit_tokens: 3 }, 3, 0],
    ['a translated Anthropic', { prompt_tokens_details: { cached_tokens: 3, cache_creation_input_tokens: 2 } }, 3, 2],
    ['nobody', { prompt_tokens_details: null }, 0, 0],
  ] as const)('knows the cache as %s counts it', ([, details, cacheReadTokens, cacheCreationTokens]) => {
    const { usage } = read('openai-chat', answer({}, { usage: { ...tokens, ...details } }))
    expect(usage).toMatchObject({ cacheReadTokens, cacheCreationTokens })
  })

  test('is told from what looks like it, deeper down and in what the model says', () => {
    const fake = '"usage":{"total_tokens":99},"error":{"message":"no"},"tool_calls":[{"name":"no"}]'
    const body = answer(
      { content: fake, annotations: [{ usage: tokens, error: 'no' }] },
      { meta: { usage: { total_tokens: 1 } } },
    )
    expect(read('openai-chat', body)).toEqual({ hasToolCalls: false, isJson: true })
    expect(read('openai-chat', { ...body, usage: tokens }).usage?.totalTokens).toBe(13)
    expect(read('openai-chat', { usage: tokens, ...body }).usage?.totalTokens).toBe(13)
  })

  test.for([
    ['of OpenRouter', { error: { code: 429, message: 'm', metadata: {} }, user_id: 'u' }, 429],
    ['inside a choice', { choices: [{ index: 0, message: {}, error: { code: 502, message: 'm' } }] }, 502],
    ['that is a text', { error: 'm' }, 502],
    ['in a list', [{ error: { message: 'm', code: 400, status: 'INVALID_ARGUMENT' } }], 400],
  ] as const)('may be an error in spite of its 200: %s', ([, body, status]) => {
    expect(read('openai-chat', body).error).toMatchObject({ status, message: 'm' })
  })

  test.for([
    ['<html></html>', false],
    ['', false],
    ['   ', false],
    ['"text"', false],
    ['{"a":1', false],
    ['\uFEFF{"a":1}', true],
    [' [] ', true],
  ] as const)('looks at both ends to tell whether %j is JSON', ([body, isJson]) => {
    for (const name of ['openai-chat', 'openai-responses', 'openai-embeddings', 'anthropic-messages'] as const) {
      expect(read(name, body)).toEqual({ hasToolCalls: false, isJson })
    }
  })

  test('gives the contents of all choices as its text, parts of Mistral too', () => {
    const parts = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'no' }] },
      { type: 'text', text: 'b' },
      { type: 'text', text: 'c' },
    ]
    const body = Buffer.from(
      JSON.stringify({ choices: [withContent('a'), withContent(null), withContent(parts), 'x', null] }),
    )
    expect(facts('openai-chat').textOf(body)).toBe('a bc')
  })

  test('reads a text full of escapes in time that grows with its size alone', () => {
    const texts = ['\\'.repeat(1 << 20), '"'.repeat(1 << 20), '\\"'.repeat(1 << 19), 'a'.repeat(1 << 22)]
    const bodies = texts.map((content) => Buffer.from(JSON.stringify(answer({ content }, { usage: tokens }))))
    const started = performance.now()
    for (const body of bodies) expect(facts('openai-chat').readAnswer([body]).usage?.totalTokens).toBe(13)
    // A few milliseconds.
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('an answer with embeddings', () => {
  const floats = Array.from({ length: 1536 }, (_, index) => Math.sin(index))
  const data = Array.from({ length: 10 }, (_, index) => ({ object: 'embedding', embedding: floats, index }))
  const usage = { prompt_tokens: 5, total_tokens: 5 }

  const bodies: [string, object][] = [
    ['behind them', { object: 'list', data, model: 'm', usage }],
    ['before them', { object: 'list', model: 'm', usage, data }],
    ['on both sides', { usage, data, model: 'm' }],
    [
      'among other members',
      { data, usage: { ...usage, details: [[1], { a: ']' }] }, model: 'm', warnings: ['],"x":1}'], n: [] },
    ],
    ['behind none', { data: [], model: 'm', usage }],
    ['behind something else', { data: { a: 1 }, model: 'm', usage }],
  ]

  test.for(bodies)('is read the same in pieces, wherever they are cut, with its usage %s', ([, body]) => {
    const bytes = Buffer.from(JSON.stringify(body))
    const whole = read('openai-embeddings', body)
    const near = Array.from({ length: 300 }, (_, at) => at)
    for (const at of [...near, 65_536, ...near.map((back) => bytes.length - back)]) {
      if (at < 0 || at > bytes.length) continue
      for (const pieces of [cutAt(bytes, [at]), cutAt(bytes, [at, at + 1]), cutAt(bytes, [9, 70_000, at])]) {
        expect(facts('openai-embeddings').readAnswer(pieces)).toEqual(whole)
      }
    }
  })

  test('in pieces is not copied together', () => {
    const bytes = Buffer.from(JSON.stringify({ object: 'list', data, model: 'm', usage }))
    const concat = vi.spyOn(Buffer, 'concat')
    onTestFinished(() => concat.mockRestore())
    facts('openai-embeddings').readAnswer(cutAt(bytes, [65_536, 131_072]))
    expect(concat).not.toHaveBeenCalled()
  })

  test.for(bodies)('is read with its usage %s', ([, body]) => {
    const found = read('openai-embeddings', body)
    expect(found).toMatchObject({ isJson: true, hasToolCalls: false, model: 'm' })
    expect(found.usage).toMatchObject({ promptTokens: 5, completionTokens: 0, totalTokens: 5 })
    expect(found.rawUsage).toMatchObject(usage)
  })

  test('is read through where none of the last brackets is the right one', () => {
    const more = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`x${index}`, [index]]))
    const found = read('openai-embeddings', { data, model: 'm', usage: { ...usage, more } })
    expect(found).toMatchObject({ model: 'm', usage: { totalTokens: 5 } })
  })

  test('takes nothing from the vectors', () => {
    const odd = [{ embedding: 'AAAA', usage, model: 'no' }, { embedding: ['],"usage":{"total_tokens":1}}'] }]
    expect(read('openai-embeddings', { data: odd, object: 'list' })).toEqual({ hasToolCalls: false, isJson: true })
  })

  test('may be an error in spite of its 200', () => {
    expect(read('openai-embeddings', { error: { message: 'm', code: 503 } }).error).toMatchObject({
      status: 503,
      message: 'm',
    })
    expect(read('openai-embeddings', { data: [1], error: { message: 'm' } }).error).toMatchObject({
      status: 502,
      message: 'm',
    })
  })
})

describe('an answer of the other dialects', () => {
  test('with messages has tool calls where a block is one', () => {
    expect(read('anthropic-messages', withBlock('tool_use')).hasToolCalls).toBe(true)
    expect(read('anthropic-messages', withBlock('server_tool_use')).hasToolCalls).toBe(false)
  })

  test('with messages may be an error', () => {
    const body = { type: 'error', error: { type: 'overloaded_error', message: 'm' } }
    expect(read('anthropic-messages', body).error).toEqual({ status: 529, message: 'm', type: 'overloaded_error' })
  })

  test('with a response may have failed', () => {
    const body = {
      object: 'response',
      status: 'failed',
      error: { code: 'server_error', message: 'm' },
      model: 'm',
      output: [],
    }
    expect(read('openai-responses', body)).toMatchObject({
      model: 'm',
      error: { status: 500, message: 'm', code: 'server_error' },
    })
    const incomplete = {
      object: 'response',
      status: 'incomplete',
      error: null,
      incomplete_details: { reason: 'max_output_tokens' },
    }
    expect(read('openai-responses', incomplete).error).toBeUndefined()
  })
})
