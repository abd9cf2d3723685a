import { describe, expect, test } from 'vitest'
import { Saw } from '../src/index.ts'
import { eventOf, seen } from './seen.ts'

const messages = (payloads: readonly unknown[]) => seen('anthropic-messages', payloads)
const messageStart = (usage: object) => ({ type: 'message_start', message: { model: 'claude', content: [], usage } })
const messageStop = (usage: object) => ({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage })

describe('a stream of messages', () => {
  test('adds up the usage of its start and its end', () => {
    const { reader, bits } = messages([
      messageStart({
        input_tokens: 25,
        cache_read_input_tokens: 7,
        cache_creation_input_tokens: 3,
        output_tokens: 1,
      }),
      messageStop({ input_tokens: 0, cache_read_input_tokens: null, output_tokens: 15 }),
    ])
    expect(bits).toEqual([Saw.usage, Saw.finish | Saw.usage])
    expect(reader.usage).toEqual({
      promptTokens: 25,
      completionTokens: 15,
      totalTokens: 40,
      cacheReadTokens: 7,
      cacheCreationTokens: 3,
      reasoningTokens: 0,
    })
    expect(reader.rawUsage).toMatchObject({ input_tokens: 25, output_tokens: 15, cache_read_input_tokens: 7 })
    expect(reader.model).toBe('claude')
  })

  test('corrects its input tokens at the end, and takes a larger total for true', () => {
    const { reader } = messages([
      messageStart({ input_tokens: 25, output_tokens: 1 }),
      messageStop({ input_tokens: 30, output_tokens: 5, total_tokens: 50 }),
    ])
    expect(reader.usage).toMatchObject({ promptTokens: 30, completionTokens: 5, totalTokens: 50 })
  })

  test('cannot touch a prototype with its usage', () => {
    const { reader } = messages([
      'data: {"type":"message_start","message":{"usage":{"input_tokens":1,"__proto__":{"a":1}}}}\n\n',
      messageStop({ output_tokens: 2 }),
    ])
    expect(reader.usage?.promptTokens).toBe(1)
    expect(Object.getPrototypeOf(reader.rawUsage)).toBe(Object.prototype)
  })

  test('is finished by message_stop and by nothing before', () => {
    const { reader } = messages([messageStart({ input_tokens: 1 }), messageStop({ output_tokens: 1 })])
    expect(reader.finished).toBe(false)
    expect(reader.see(eventOf('event: message_stop\ndata: {"type":"message_stop"     }\n\n'))).toBe(Saw.finish)
    expect(reader.finished).toBe(true)
  })

  test('is not finished by an event that was cut off', () => {
    const whole = 'event: message_stop\ndata: {"type":"message_stop","error":{"message":"m"},"usage":{}}'
    for (let end = 0; end < whole.length; end++) {
      const { reader, bits } = messages([whole.slice(0, end)])
      expect(bits).toEqual([0])
      expect(reader.finished).toBe(false)
    }
  })

  test('goes by the name of an event where its data has no type', () => {
    const { reader, bits } = messages(['event: message_stop\ndata: {}\n\n'])
    expect(bits).toEqual([Saw.finish])
    expect(reader.finished).toBe(true)
  })

  test.for<[string, object, number]>([
    ['text', { type: 'content_block_delta', delta: { type: 'text_delta', text: 'a' } }, Saw.content],
    ['no text', { type: 'content_block_delta', delta: { type: 'text_delta', text: '' } }, 0],
    ['thinking', { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'a' } }, Saw.content],
    ['a signature', { type: 'content_block_delta', delta: { type: 'signature_delta', signature: 'a' } }, 0],
    ['input', { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: '{' } }, Saw.content],
    ['no input', { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: '' } }, 0],
    ['the start of text', { type: 'content_block_start', content_block: { type: 'text', text: '' } }, 0],
    [
      'the start of a tool call',
      { type: 'content_block_start', content_block: { type: 'tool_use', name: 'f', input: {} } },
      Saw.content,
    ],
    [
      'hidden thinking',
      { type: 'content_block_start', content_block: { type: 'redacted_thinking', data: 'a' } },
      Saw.content,
    ],
    ['a ping', { type: 'ping' }, 0],
  ])('weighs %s', ([, payload, bits]) => {
    const { reader, bits: found } = messages([payload])
    expect(found).toEqual([bits])
    expect(reader.hasToolCalls).toBe(JSON.stringify(payload).includes('tool_use'))
  })

  test('does not take a tool of the server for a call that the client has to answer', () => {
    const block = { type: 'server_tool_use', name: 'web_search', input: {} }
    expect(messages([{ type: 'content_block_start', content_block: block }]).reader.hasToolCalls).toBe(false)
  })

  test.for<[string, unknown, object]>([
    [
      'of Anthropic',
      { type: 'error', error: { type: 'overloaded_error', message: 'm' } },
      { status: 529, type: 'overloaded_error' },
    ],
    ['of its own servers', { type: 'error', error: { type: 'api_error', message: 'm' } }, { status: 502 }],
    ['without a type', { error: { type: 'rate_limit_error', message: 'm' } }, { status: 429 }],
    ['in plain text', 'event: error\ndata: m\n\n', { status: 502 }],
  ])('tells an error %s', ([, payload, expected]) => {
    const { reader, bits } = messages([payload])
    expect(bits).toEqual([Saw.error])
    expect(reader.finished).toBe(false)
    expect(reader.error).toMatchObject({ message: 'm', ...expected })
  })
})
