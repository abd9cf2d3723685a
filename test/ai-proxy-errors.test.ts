import { startMockLlm, type MockLlm, type Script } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { askThrough, chat, companyKey, openAiError, type AskThrough, type Seen } from './support/ask-through.ts'
import { freePort } from './support/free-port.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

function askScripted(script: Script, options?: AskThrough): Promise<Seen> {
  mock.script(script)
  return askThrough(mock.url, options)
}

describe('errors of the provider', () => {
  const shaped = '{ "error": {"message":"no","type":"x_error","param":null,"code":"y"},\n"extra":1.0 }'

  test.for([400, 401, 403, 404, 409, 422, 429, 500, 502, 503])(
    'P13: %i in the client’s own shape is relayed byte for byte',
    async (status) => {
      const seen = await askScripted({ status, body: shaped, contentType: 'application/json; charset=utf-8' })
      expect([seen.status, seen.text, seen.type]).toEqual([status, shaped, 'application/json; charset=utf-8'])
      expect(seen.log).toMatchObject({
        status,
        upstream_status: status,
        outcome: 'upstream_error',
        llm_total_tokens: 0,
        usage_source: 'none',
      })
    },
  )

  test('P14: a 429 keeps its Retry-After', async () => {
    const { status, headers } = await askScripted({ status: 429, headers: { 'retry-after': '13' } })
    expect([status, headers['retry-after']]).toEqual([429, '13'])
  })

  test('an error that repeats the key is told without it', async () => {
    const message = `Incorrect API key provided: ${companyKey}. Bearer ${companyKey} is wrong`
    const { status, json } = await askScripted({
      status: 401,
      body: { error: { message, type: 'auth', param: null, code: 'invalid_api_key' } },
    })
    expect([status, json]).toEqual([
      401,
      openAiError('Incorrect API key provided: ***. *** is wrong', 'auth', 'invalid_api_key'),
    ])
  })

  const others: readonly [name: string, script: Script, message: string, type: string, code: string | null][] = [
    ['a message at the top', { status: 400, body: { message: 'wrong' } }, 'wrong', 'invalid_request_error', null],
    ['an error that is a text', { status: 400, body: { error: 'wrong' } }, 'wrong', 'invalid_request_error', null],
    [
      'FastAPI',
      { status: 422, body: { detail: [{ loc: ['body', 'x'], msg: 'is wrong' }] } },
      'body.x: is wrong',
      'invalid_request_error',
      null,
    ],
    [
      'Google',
      { status: 403, body: [{ error: { code: 403, message: 'no', status: 'PERMISSION_DENIED' } }] },
      'no',
      'PERMISSION_DENIED',
      '403',
    ],
    [
      'a page',
      { status: 502, body: '<html>secret page</html>', contentType: 'text/html' },
      'Upstream returned HTTP 502 (text/html)',
      'api_error',
      null,
    ],
    [
      'text',
      { status: 401, body: 'nope', contentType: 'text/plain' },
      'Upstream returned HTTP 401 (text/plain)',
      'authentication_error',
      'invalid_api_key',
    ],
    ['nothing', { status: 503, body: '' }, 'Upstream returned HTTP 503 (application/json)', 'api_error', 'overloaded'],
    ['a redirect', { redirect: true }, 'Upstream returned HTTP 307 (text/plain)', 'invalid_request_error', null],
  ]
  test.for(others)('%s is wrapped with its text', async ([, script, message, type, code]) => {
    const { status, json, type: contentType, headers } = await askScripted(script)
    expect([status, contentType]).toEqual([script.redirect ? 307 : script.status, 'application/json'])
    expect(json).toEqual(openAiError(message, type, code))
    expect(JSON.stringify([json, headers])).not.toMatch(/secret page|"location"/)
  })

  test('an error inside a 200 has a status after all', async () => {
    const limited = await askScripted({ body: { error: { message: 'slow', type: 'rate_limit_error', code: 429 } } })
    expect([limited.status, limited.json]).toEqual([429, openAiError('slow', 'rate_limit_error', '429')])
    expect(limited.log).toMatchObject({ outcome: 'upstream_error', upstream_status: 200 })
    const vague = await askScripted({ body: { error: { message: 'oh' } } })
    expect([vague.status, vague.json['error_msg']]).toEqual([502, 'oh'])
  })

  test('a client of Messages gets Anthropic’s shape', async () => {
    const messages = { config: { provider: 'anthropic' }, path: '/v1/messages', body: { ...chat, max_tokens: 9 } }
    const own = '{"type":"error", "error":{"type":"overloaded_error","message":"busy"}}'
    const relayed = await askScripted({ status: 529, body: own, contentType: 'application/json' }, messages)
    expect([relayed.status, relayed.text]).toEqual([529, own])
    const wrapped = await askScripted({ status: 429, body: { error: { message: 'slow', type: 'requests' } } }, messages)
    expect([wrapped.status, wrapped.json]).toEqual([429, expect.objectContaining({ type: 'error', error_msg: 'slow' })])
    const down = await askThrough(`http://127.0.0.1:${await freePort()}`, messages)
    expect([down.status, down.json['error']]).toEqual([
      502,
      { type: 'api_error', message: 'anthropic refused the connection' },
    ])
  })
})
