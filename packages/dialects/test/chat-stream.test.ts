import { describe, expect, test } from 'vitest'
import { Saw } from '../src/index.ts'
import { facts, recorded } from './recorded.ts'
import { eventOf, seen } from './seen.ts'

const chat = (payloads: readonly unknown[]) => seen('openai-chat', payloads)
const choice = (index: number, finish_reason: string | null) => ({ index, delta: {}, finish_reason })
const delta = (value: object, index = 0) => ({ choices: [{ index, delta: value, finish_reason: null }] })
const finish = (reason: string, index = 0) => ({ choices: [{ index, delta: {}, finish_reason: reason }] })
const tokens = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }

describe('a chunk of a chat', () => {
  test.for([
    ['text', { content: 'a' }],
    ['text that looks like usage', { content: '"usage":{"total_tokens":1}' }],
    ['a single space', { content: ' ' }],
    ['thinking', { content: null, reasoning_content: 'a' }],
    ['reasoning of OpenRouter and Groq', { content: '', reasoning: 'a' }],
    ['encrypted reasoning', { reasoning_details: [{ type: 'reasoning.encrypted', data: 'a', index: 0 }] }],
    [
      'thinking in parts, as Mistral sends it',
      { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'a' }] }] },
    ],
    ['a refusal', { refusal: 'a' }],
    ['audio', { audio: { id: 'audio_1', transcript: 'a' } }],
    ['an image', { images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,' } }] }],
    ['the start of a tool call', { tool_calls: [{ index: 0, id: 'c', function: { name: 'f', arguments: '' } }] }],
    ['a piece of arguments', { tool_calls: [{ index: 0, function: { arguments: '{' } }] }],
    ['a custom tool call', { tool_calls: [{ index: 0, custom: { name: 'f', input: '' } }] }],
    ['a function call of old', { function_call: { name: 'f', arguments: '' } }],
  ] as const)('has content: %s', ([, value]) => {
    const { reader, bits } = chat([delta(value)])
    expect(bits).toEqual([Saw.content])
    expect(reader.finished).toBe(false)
    expect(reader.usage).toBeUndefined()
    expect(reader.hasToolCalls).toBe('tool_calls' in value)
  })

  test.for([
    ['a role', { role: 'assistant' }],
    ['a role and empty text', { role: 'assistant', content: '', refusal: null }],
    ['null', { content: null, reasoning_content: null, tool_calls: null }],
    ['nothing', {}],
    ['no tool call', { tool_calls: [] }],
    ['an empty piece of arguments', { tool_calls: [{ index: 0, function: { arguments: '' } }] }],
    ['an empty part', { content: [{ type: 'text', text: '' }] }],
    ['audio that has only an id', { audio: { id: 'audio_1', transcript: '' } }],
    ['members that nobody knows', { annotations: [{ text: 'a' }], foo: 'bar' }],
  ] as const)('has no content: %s', ([, value]) => {
    const { reader, bits } = chat([delta(value)])
    expect(bits).toEqual([0])
    expect(reader.hasToolCalls).toBe(false)
  })

  test('of Azure that comes first is neither content nor the usage chunk', () => {
    const first = recorded('azure-stream').toString().split('\n\n')[0]
    const { reader, bits } = chat([`${first}\n\n`])
    expect(bits).toEqual([0])
    expect(reader.finished).toBe(false)
    expect(reader.model).toBeUndefined()
  })

  test('may have a choice without a delta', () => {
    expect(
      chat([{ choices: [{ index: 0, finish_reason: null, content_filter_offsets: { start: 1 } }] }]).bits,
    ).toEqual([0])
  })

  test.for([
    ['no choices', { choices: [], usage: tokens }],
    ['choices: null', { choices: null, usage: tokens }],
    ['no member choices', { usage: tokens }],
  ] as const)('is the usage chunk with %s', ([, chunk]) => {
    const { reader, bits } = chat([chunk])
    expect(bits).toEqual([Saw.usage | Saw.usageOnly])
    expect(reader.usage).toMatchObject({ promptTokens: 9, completionTokens: 4, totalTokens: 13 })
    expect(reader.rawUsage).toEqual(tokens)
  })

  test.for([
    ['null', { ...delta({ content: 'a' }), usage: null }],
    ['an empty object', { ...delta({ content: 'a' }), usage: {} }],
    ['deeper down', { ...delta({ content: 'a' }), meta: { usage: tokens }, message: { usage: tokens } }],
    ['inside a choice', { choices: [{ index: 0, delta: { content: 'a' }, usage: tokens }] }],
  ] as const)('has no usage: %s', ([, chunk]) => {
    const { reader, bits } = chat([chunk])
    expect(bits).toEqual([Saw.content])
    expect(reader.usage).toBeUndefined()
  })

  test('with its usage on the finish is not the usage chunk', () => {
    expect(chat([{ ...finish('stop'), usage: tokens }]).bits).toEqual([Saw.finish | Saw.usage])
  })

  test('counts the usage of Groq where there is no other, and the usual one where there is', () => {
    const groq = { x_groq: { id: 'r', usage: { ...tokens, prompt_tokens: 1 } } }
    expect(chat([{ ...finish('stop'), ...groq }]).reader.usage?.promptTokens).toBe(1)
    expect(chat([{ ...finish('stop'), usage: tokens, ...groq }]).reader.usage?.promptTokens).toBe(9)
    expect(chat([{ ...finish('stop'), ...groq, usage: null }]).reader.usage?.promptTokens).toBe(1)
  })

  test('overwrites usage that was told before', () => {
    const { reader } = chat([
      { choices: [], usage: tokens },
      { choices: [], usage: { ...tokens, completion_tokens: 7 } },
    ])
    expect(reader.usage?.completionTokens).toBe(7)
  })

  test('takes no count from what is no number', () => {
    const usage = '{"prompt_tokens":-1,"completion_tokens":"4","total_tokens":1e999,"prompt_tokens_details":[]}'
    const { reader } = chat([`data: {"choices":[],"usage":${usage}}\n\n`])
    expect(reader.usage).toEqual({
      promptTokens: 0,
      completionTokens: 0,
      totalTokens: 0,
      cacheReadTokens: 0,
      cacheCreationTokens: 0,
      reasoningTokens: 0,
    })
  })

  test('may be written with white space, and its data on several lines', () => {
    const { reader, bits } = chat([
      'data: { "model" : "m" , "choices" : [ { "index" : 0 ,\r\n' +
        'data: "delta" : { "content" : "a" } , "finish_reason" : "stop" } ] }\r\n\r\n',
    ])
    expect(bits).toEqual([Saw.content | Saw.finish])
    expect(reader.model).toBe('m')
    expect(reader.finished).toBe(true)
  })
})

describe('a stream of a chat', () => {
  test('is finished when every choice is that it has shown', () => {
    const reader = facts('openai-chat').openStream()
    const steps: [object, boolean][] = [
      [delta({ role: 'assistant' }, 0), false],
      [delta({ role: 'assistant' }, 1), false],
      [finish('stop', 1), false],
      [delta({ content: 'a' }, 0), false],
      [finish('length', 0), true],
    ]
    for (const [payload, finished] of steps) {
      reader.see(eventOf(payload))
      expect(reader.finished).toBe(finished)
    }
  })

  test('reads several choices of one chunk', () => {
    expect(chat([{ choices: [choice(0, 'stop'), choice(1, null)] }]).reader.finished).toBe(false)
    expect(chat([{ choices: [choice(0, 'stop'), choice(1, 'stop')] }]).reader.finished).toBe(true)
  })

  test('stays finished when filter results or a second finish follow', () => {
    expect(chat([finish('stop'), delta({})]).reader.finished).toBe(true)
    expect(chat([finish('stop'), finish('stop')]).reader.finished).toBe(true)
  })

  test('is finished by [DONE] alone', () => {
    const { reader, bits } = chat([delta({ content: 'a' }), 'data:  [DONE] \n\n'])
    expect(bits).toEqual([Saw.content, Saw.sentinel])
    expect(reader.finished).toBe(true)
    expect(reader.sentinelSeen).toBe(true)
  })

  test.for(['', 'null'])('is not finished by a finish reason that is none: %o', (reason) => {
    expect(chat([finish(reason)]).reader.finished).toBe(false)
  })

  test('is not finished by an event that was cut off', () => {
    for (const payload of [finish('stop'), { ...finish('stop'), usage: tokens }, { error: { message: 'a' } }]) {
      const whole = JSON.stringify(payload)
      for (let end = 0; end < whole.length; end++) {
        const { reader, bits } = chat([`data: ${whole.slice(0, end)}`])
        expect(bits).toEqual([0])
        expect(reader.finished).toBe(false)
        expect(reader.error).toBeUndefined()
      }
    }
  })

  test('does not follow more choices than any request may ask for', () => {
    const { reader } = chat(Array.from({ length: 5000 }, (_, index) => delta({}, index)))
    reader.see(eventOf('data: [DONE]\n\n'))
    expect(reader.finished).toBe(true)
  })

  test('tells comments from data', () => {
    const { bits } = chat([
      ': keep-alive\n\n',
      ': a\r\n: b\r\n\r\n',
      ': a\ndata: [DONE]\n\n',
      '\n',
      'event: ping\n\n',
      'a:b\n\n',
    ])
    expect(bits).toEqual([Saw.comment, Saw.comment, Saw.sentinel, 0, 0, 0])
  })

  test.for([
    ['not JSON', 'data: hello\n\n'],
    ['a number', 'data: 1\n\n'],
    ['null', 'data: null\n\n'],
    ['a list', 'data: []\n\n'],
    ['empty', 'data:\n\n'],
    ['nested without end', `data: ${'['.repeat(100_000)}\n\n`],
    ['objects without end', `data: ${'{"choices":[{"delta":'.repeat(20_000)}\n\n`],
  ] as const)('takes no harm from data that is %s', ([, event]) => {
    expect(chat([event]).bits).toEqual([0])
  })
})

describe('an error in a stream of a chat', () => {
  test.for<[string, unknown, object]>([
    [
      'of OpenAI',
      { error: { message: 'm', type: 'server_error', param: null, code: null } },
      { status: 500, type: 'server_error' },
    ],
    [
      'with a name for a code',
      { error: { message: 'm', type: 't', code: 'rate_limit_exceeded' } },
      { status: 429, code: 'rate_limit_exceeded' },
    ],
    ['with a number for a code', { error: { message: 'm', code: 529 } }, { status: 529, code: '529' }],
    ['with a number in a text', { error: { message: 'm', code: '401' } }, { status: 401, code: '401' }],
    ['that is a text', { error: 'm', code: 'invalid-argument' }, { status: 400, code: 'invalid-argument' }],
    [
      'of OpenRouter, beside a choice',
      { ...finish('error'), error: { code: 502, message: 'm' } },
      { status: 502, code: '502' },
    ],
    [
      'of OpenRouter, inside a choice',
      { choices: [{ index: 0, delta: {}, error: { code: 503, message: 'm' } }] },
      { status: 503 },
    ],
    [
      'of Groq',
      { error: { message: 'm', type: 'invalid_request_error', code: 'tool_use_failed', status_code: 400 } },
      { status: 400 },
    ],
    ['of Groq, in its own member', { ...finish('stop'), x_groq: { error: 'm' } }, { status: 502 }],
    [
      'of vLLM',
      { object: 'error', message: 'm', type: 'BadRequestError', param: null, code: 400 },
      { status: 400, type: 'BadRequestError' },
    ],
    [
      'of Gemini, in a list',
      [{ error: { code: 503, message: 'm', status: 'UNAVAILABLE' } }],
      { status: 503, type: 'UNAVAILABLE' },
    ],
    ['under a name', 'event: error\ndata: {"message":"m"}\n\n', { status: 502 }],
    ['under a name, in plain text', 'event:error\r\ndata: m\r\n\r\n', { status: 502 }],
    ['with usage', { error: { message: 'm', code: 500 }, usage: tokens }, { status: 500 }],
  ])('is seen: %s', ([, payload, expected]) => {
    const { reader, bits } = chat([delta({ content: 'a' }), payload])
    expect(bits[1]! & Saw.error).toBe(Saw.error)
    expect(bits[1]! & Saw.usageOnly).toBe(0)
    expect(reader.error).toMatchObject({ message: 'm', ...expected })
  })

  test('is seen where the provider gives no more than a finish reason', () => {
    expect(chat([finish('error')]).reader.error).toMatchObject({
      status: 502,
      message: expect.stringContaining('"error"'),
    })
  })

  test.for([
    ['null', { ...delta({}), error: null }],
    ['false', { ...delta({}), error: false }],
    ['empty', { ...delta({}), error: '' }],
    ['an empty object', { ...delta({}), error: {} }],
    ['deeper down', { ...delta({}), meta: { error: 'no' } }],
    ['in what the model says', delta({ tool_calls: [{ index: 0, function: { name: '' }, extra: { error: 'no' } }] })],
  ] as const)('is not seen where it is %s', ([, payload]) => {
    const { reader, bits } = chat([payload])
    expect(bits).toEqual([0])
    expect(reader.error).toBeUndefined()
  })

  test('is kept when another follows', () => {
    expect(chat([{ error: { message: 'first' } }, { error: { message: 'second' } }]).reader.error?.message).toBe(
      'first',
    )
  })

  test('stands for a status although the stream began with 200', () => {
    const { reader } = chat([recorded('sse-error-first').toString()])
    expect(reader.error).toEqual({
      status: 429,
      message: 'Rate limit reached for requests',
      type: 'rate_limit_error',
      code: 'rate_limit_exceeded',
    })
  })
})
