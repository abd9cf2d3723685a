import { decodeEvent } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { readUpstreamError, Saw, type ResponseHeaders } from '../src/index.ts'
import { everything, facts, bytesOf } from './recorded.ts'

const openAi = ['openai-chat', 'openai-responses', 'openai-embeddings'] as const
const all = [...openAi, 'anthropic-messages', 'gemini', 'bedrock-converse'] as const

const read = (status: number, body: unknown, headers: ResponseHeaders = {}) =>
  readUpstreamError(status, headers, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))

describe('readUpstreamError', () => {
  test.for<[string, unknown, string]>([
    ['the error member', { error: { message: 'm' }, message: 'no' }, 'm'],
    ['an error that is a text', { error: 'm', error_description: 'no' }, 'm'],
    ['a message', { message: 'm' }, 'm'],
    ['a Message', { Message: 'm' }, 'm'],
    ['a detail', { detail: 'm' }, 'm'],
    ['details', { detail: [{ loc: ['body', 'a', 0], msg: 'm' }, { msg: 'n' }] }, 'body.a.0: m; n'],
    ['a description', { error_description: 'm' }, 'm'],
    ['a list of errors', { errors: [{ message: 'm' }] }, 'm'],
    ['a list', [{ error: { message: 'm' } }], 'm'],
    ['the first that is no white space', { error: { message: ' ' }, message: ' m\n' }, 'm'],
    ['none', { error: {} }, 'Upstream returned HTTP 500 (application/json)'],
    ['none in an empty object', {}, 'Upstream returned HTTP 500 (application/json)'],
    ['none in null', 'null', 'Upstream returned HTTP 500 (application/json)'],
    ['none in a text', '"m"', 'Upstream returned HTTP 500 (application/json)'],
    ['none in an empty body', '', 'Upstream returned HTTP 500 (application/json)'],
  ])('34: takes the message from %s', ([, body, message]) => {
    expect(read(500, body, { 'content-type': 'application/json; charset=utf-8' })).toMatchObject({
      status: 500,
      message,
    })
  })

  test('never quotes what is no JSON, nor a type that is none', () => {
    expect(read(502, '<html>secret</html>', { 'content-type': 'text/html' }).message).toBe(
      'Upstream returned HTTP 502 (text/html)',
    )
    expect(read(502, 'secret').message).toBe('Upstream returned HTTP 502')
    expect(read(502, '', { 'content-type': 'evil "x"/<b>' }).message).toBe('Upstream returned HTTP 502')
  })

  test('reads no more than 64 KiB', () => {
    expect(read(500, { message: 'm'.repeat(70_000) }).message).toBe('Upstream returned HTTP 500')
  })

  test('takes the type of a provider that tells it in a header', () => {
    expect(read(403, { message: 'm' }, { 'x-amzn-errortype': 'AccessDenied:http://x/' }).type).toBe('AccessDenied')
  })

  test.for<[ResponseHeaders, unknown, number | undefined]>([
    [{ 'retry-after-ms': '0', 'retry-after': '1' }, {}, 1],
    [{ 'retry-after-ms': '1500', 'retry-after': '2' }, {}, 1.5],
    [{ 'retry-after': ['3', '4'] }, {}, 3],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' }, {}, 30],
    [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:30 GMT' }, {}, 0],
    [{ 'retry-after': 'soon' }, {}, undefined],
    [{ 'retry-after': '-1', 'retry-after-ms': 'NaN' }, {}, undefined],
    [{}, { error: { details: [{ reason: 'x' }, { '@type': 'x.RetryInfo', retryDelay: '48.939s' }] } }, 48.939],
    [{}, [{ error: { details: [{ retryDelay: '48s' }] } }], 48],
    [{}, { error: { details: 'none' } }, undefined],
  ])('35: reads from %j and %j that it may be tried again in %j s', ([headers, body, seconds]) => {
    expect(read(429, body, headers).retryAfterSeconds).toBe(seconds)
  })
})

describe('an error for a client', () => {
  test.for([
    [400, 'invalid_request_error', null, 'invalid_request_error'],
    [401, 'authentication_error', 'invalid_api_key', 'authentication_error'],
    [402, 'insufficient_quota', null, 'billing_error'],
    [403, 'permission_error', null, 'permission_error'],
    [404, 'invalid_request_error', 'model_not_found', 'not_found_error'],
    [408, 'timeout', 'timeout', 'timeout_error'],
    [413, 'invalid_request_error', null, 'request_too_large'],
    [422, 'invalid_request_error', null, 'invalid_request_error'],
    [429, 'rate_limit_error', 'rate_limit_exceeded', 'rate_limit_error'],
    [500, 'api_error', null, 'api_error'],
    [502, 'api_error', null, 'api_error'],
    [503, 'api_error', 'overloaded', 'overloaded_error'],
    [504, 'timeout', 'timeout', 'timeout_error'],
    [529, 'api_error', 'overloaded', 'overloaded_error'],
  ] as const)('with status %i has the type and code that its SDK knows', ([status, type, code, anthropicType]) => {
    const error = { status, message: 'm' }
    for (const name of openAi) {
      expect(facts(name).errorBody(error, 'r1')).toEqual({
        error: { message: 'm', type, param: null, code },
        error_msg: 'm',
      })
    }
    expect(facts('anthropic-messages').errorBody(error, 'r1')).toEqual({
      type: 'error',
      error: { type: anthropicType, message: 'm' },
      request_id: 'r1',
      error_msg: 'm',
    })
  })

  test('keeps what is known of it', () => {
    const error = { status: 429, message: 'm', type: 'requests', code: 'insufficient_quota', param: 'model' }
    expect(facts('openai-chat').errorBody(error)['error']).toEqual({
      message: 'm',
      type: 'requests',
      code: 'insufficient_quota',
      param: 'model',
    })
    expect(facts('openai-chat').errorBody({ ...error, type: undefined })['error']).toMatchObject({
      type: 'insufficient_quota',
    })
    // `requests` is no type of Anthropic's.
    expect(facts('anthropic-messages').errorBody(error)['error']).toEqual({ type: 'rate_limit_error', message: 'm' })
    expect(facts('anthropic-messages').errorBody({ ...error, type: 'api_error' })['error']).toMatchObject({
      type: 'api_error',
    })
  })

  test.for(all)('in %s is an error to whoever reads it back, as a body and as an event', (name) => {
    const dialect = facts(name)
    const error = { status: 503, message: 'a "quoted"\nline', code: 'upstream_timeout' }
    const body = dialect.errorBody(error, 'r1')
    expect(dialect.isError(body)).toBe(true)
    expect(read(503, body).message).toBe(error.message)
    expect(dialect.readAnswer([Buffer.from(JSON.stringify(body))]).error?.message).toBe(error.message)
    const reader = dialect.openStream()
    expect(reader.see(dialect.errorEvent(error, 'r1'))).toBe(Saw.error)
    expect(reader.error?.message).toBe(error.message)
  })

  test('in a stream of responses has the members of both shapes that clients know', () => {
    const event = facts('openai-responses').errorEvent({ status: 500, message: 'm' })
    const error = { type: 'api_error', code: null, message: 'm', param: null }
    expect(JSON.parse(decodeEvent(event).data)).toEqual({ ...error, type: 'error', sequence_number: 0, error })
  })

  test.for([
    ['openai-chat', ''],
    ['openai-embeddings', ''],
    ['openai-responses', 'error'],
    ['anthropic-messages', 'error'],
    ['gemini', ''],
  ] as const)('in a stream of %s is an event called %j', ([name, event]) => {
    expect(decodeEvent(facts(name).errorEvent({ status: 500, message: 'm' })).event).toBe(event)
  })
})

describe('isError', () => {
  const ids = (name: (typeof all)[number]) =>
    everything
      .filter(({ streaming, http, file }) => !streaming && http.status >= 400 && file.endsWith('.json'))
      .filter((entry) => facts(name).isError(JSON.parse(bytesOf(entry).toString())))
      .map(({ id }) => id)

  test('takes the errors of OpenAI and of those who write as it does', () => {
    const found = ids('openai-chat')
    expect(found).toEqual(
      expect.arrayContaining(['openai-chat-err-401', 'deepseek-err-401', 'azure-err-401', 'openai-embed-err-404']),
    )
    // A code that is a number, a text for an error, no envelope.
    for (const id of [
      'perplexity-err-401',
      'openrouter-err-429',
      'mistral-err-401',
      'vllm-err-400',
      'gemini-err-503',
    ]) {
      expect(found).not.toContain(id)
    }
  })

  test('takes the errors of Anthropic alone', () => {
    expect(ids('anthropic-messages').every((id) => id.startsWith('anthropic-'))).toBe(true)
    expect(ids('anthropic-messages')).toContain('anthropic-err-529')
  })

  test('takes the errors of Google alone', () => {
    expect(ids('gemini')).toEqual(expect.arrayContaining(['gemini-err-503', 'vertex-err-401']))
    expect(ids('gemini').every((id) => /^(?:gemini|vertex)-/.test(id))).toBe(true)
  })

  test('takes the errors of Bedrock alone', () => {
    expect(ids('bedrock-converse')).toEqual(expect.arrayContaining(['bedrock-err-403', 'bedrock-err-400-model', 'bedrock-err-403-expired']))
    expect(ids('bedrock-converse').every((id) => id.startsWith('bedrock-'))).toBe(true)
  })

  test.for(all)('in %s refuses what is no error', (name) => {
    for (const body of [
      null,
      undefined,
      1,
      'error',
      [],
      {},
      { error: null },
      { error: 'm' },
      { error: {} },
      { error: { message: 1 } },
    ]) {
      expect(facts(name).isError(body)).toBe(false)
    }
  })
})
