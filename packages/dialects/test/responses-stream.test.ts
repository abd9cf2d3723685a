import { describe, expect, test } from 'vitest'
import { Saw } from '../src/index.ts'
import { seen } from './seen.ts'

const responses = (payloads: readonly unknown[]) => seen('openai-responses', payloads)
const response = (status: string, more: object = {}) => ({
  object: 'response',
  status,
  model: 'm',
  error: null,
  output: [],
  usage: null,
  ...more,
})
const counts = {
  input_tokens: 5,
  input_tokens_details: { cached_tokens: 2, cache_write_tokens: 1 },
  output_tokens: 3,
  output_tokens_details: { reasoning_tokens: 1 },
}

describe('a stream of responses', () => {
  test.for(['completed', 'incomplete'] as const)('is finished, with its usage, when it is %s', (status) => {
    const { reader, bits } = responses([
      { type: `response.${status}`, response: response(status, { usage: counts }) },
    ])
    expect(bits).toEqual([Saw.finish | Saw.usage])
    expect(reader.finished).toBe(true)
    expect(reader.error).toBeUndefined()
    expect(reader.usage).toEqual({
      promptTokens: 5,
      completionTokens: 3,
      totalTokens: 8,
      cacheReadTokens: 2,
      cacheCreationTokens: 1,
      reasoningTokens: 1,
    })
  })

  test('is not finished by an event that was cut off', () => {
    const payload = { type: 'response.completed', response: response('completed', { usage: counts }) }
    const whole = `event: response.completed\ndata: ${JSON.stringify(payload)}`
    for (let end = 0; end < whole.length; end++) {
      const { reader, bits } = responses([whole.slice(0, end)])
      expect(bits).toEqual([0])
      expect(reader.finished).toBe(false)
    }
  })

  test('is finished by a failure, which is an error with its usage', () => {
    const error = { code: 'rate_limit_exceeded', message: 'slow down' }
    const { reader, bits } = responses([
      { type: 'response.failed', response: response('failed', { error, usage: counts }) },
    ])
    expect(bits).toEqual([Saw.finish | Saw.usage | Saw.error])
    expect(reader.finished).toBe(true)
    expect(reader.error).toEqual({ status: 429, message: 'slow down', code: 'rate_limit_exceeded' })
  })

  test.for<[string, unknown]>([
    ['flat', { type: 'error', code: 'server_error', message: 'm', param: null, sequence_number: 3 }],
    [
      'nested',
      { type: 'error', sequence_number: 3, error: { type: 'x', code: 'server_error', message: 'm', param: null } },
    ],
    ['without a type', 'event: error\ndata: {"error":{"message":"m","code":"server_error"}}\n\n'],
  ])('tells an error that is written %s', ([, payload]) => {
    const { reader, bits } = responses([payload])
    expect(bits).toEqual([Saw.error])
    expect(reader.error).toMatchObject({ status: 500, message: 'm', code: 'server_error' })
    expect(reader.finished).toBe(false)
  })

  test('takes no status of the request or the response for that of an error', () => {
    const { reader } = responses([
      { type: 'response.failed', response: response('failed', { metadata: { error: 'x' }, status_code: 404 }) },
    ])
    expect(reader.error).toEqual({ status: 502, message: 'Upstream reported an error' })
  })

  test.for<[string, object, number]>([
    ['text', { type: 'response.output_text.delta', delta: 'a' }, Saw.content],
    ['no text', { type: 'response.output_text.delta', delta: '' }, 0],
    ['thinking', { type: 'response.reasoning_summary_text.delta', delta: 'a' }, Saw.content],
    ['arguments', { type: 'response.function_call_arguments.delta', delta: '{' }, Saw.content],
    ['text once more', { type: 'response.output_text.done', text: 'a' }, 0],
    ['a message that begins', { type: 'response.output_item.added', item: { type: 'message', content: [] } }, 0],
    [
      'a call that begins',
      { type: 'response.output_item.added', item: { type: 'function_call', name: 'f' } },
      Saw.content,
    ],
  ])('weighs %s', ([, payload, bits]) => {
    expect(responses([payload]).bits).toEqual([bits])
  })

  test('finds tool calls in the finished response too', () => {
    const output = [{ type: 'reasoning' }, { type: 'function_call', name: 'f' }]
    expect(
      responses([{ type: 'response.completed', response: response('completed', { output }) }]).reader.hasToolCalls,
    ).toBe(true)
    const tools = [{ type: 'function_call' }]
    expect(
      responses([{ type: 'response.created', response: response('in_progress', { tools }) }]).reader.hasToolCalls,
    ).toBe(false)
  })
})
