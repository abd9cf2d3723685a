import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { logOf } from './support/log-of.ts'
import { problemsOf } from './support/problems-of.ts'
import { aiRoute } from './support/start-gateway.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }

describe('keys appear nowhere', () => {
  const keys = {
    header: 'sk-header-11112222',
    query: 'sk-query+33/334444',
    mine: 'sk-client-55556666',
    cookie: 'sk-cookie-77778888',
    arg: 'sk-arg-99990000',
  }
  const auth = { header: { Authorization: `Bearer ${keys.header}` }, query: { key: keys.query } }
  const everything = {
    request_uri: '$request_uri',
    args: '$args',
    upstream_uri: '$upstream_uri',
    authorization: '$http_authorization',
    api: '$http_x_api_key',
    cookie: '$http_cookie',
    session: '$cookie_session',
    arg: '$arg_api_key',
    referer: '$http_referer',
    sent: '$sent_http_set_cookie',
    post: '${post_arg.api_key}',
    all: '$request_uri $http_authorization $args $upstream_uri $arg_api_key',
  }
  const ask = {
    path: `/v1/chat/completions?api_key=${keys.arg}&n=1`,
    headers: {
      authorization: `Bearer ${keys.mine}`,
      'x-api-key': keys.mine,
      cookie: `session=${keys.cookie}`,
      referer: `http://x/?api_key=${keys.arg}`,
    },
    body: { ...chat, api_key: keys.mine },
  }
  const echo = `you sent Authorization: Bearer ${keys.header} and key=${keys.query} and key=${encodeURIComponent(keys.query)}`
  const shaped = { error: { message: echo, type: 'x', param: null, code: 'y' } }
  const content = 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
  // In JSON, the same text without its bytes.
  const escaped = JSON.stringify(shaped).replaceAll('/', '\\/').replaceAll('sk-', '\\u0073k-')

  const answers: readonly [name: string, script: object, status: number, more?: object][] = [
    ['an answer', {}, 200],
    ['an error that repeats them, in our shape', { status: 401, body: shaped }, 401],
    ['one that spells them otherwise', { status: 401, body: escaped, contentType: 'application/json' }, 401],
    [
      'one that repeats them elsewhere',
      { status: 401, body: { error: { message: 'x', type: echo, param: echo, code: echo } } },
      401,
    ],
    ['one in another shape', { status: 400, body: { detail: echo } }, 400],
    ['a page', { status: 500, body: `<p>${echo}</p>`, contentType: 'text/html' }, 500],
    ['an error inside a 200', { body: { error: { message: echo } } }, 502],
    ['an error event', { event: [`data: ${JSON.stringify({ error: { message: echo } })}\n\n`] }, 502, { stream: true }],
    [
      'an error event behind content',
      { event: [content, `data: ${JSON.stringify(shaped)}\n\n`], slowBodyMs: 20 },
      200,
      { stream: true },
    ],
    ['one that spells them otherwise behind content', { event: [`${content}data: ${escaped}\n\n`] }, 200, { stream: true }],
    ['a redirect that carries them', { status: 302, headers: { location: `http://x/?key=${keys.query}` } }, 302],
    ['a provider that hangs up', { resetOnAccept: true }, 502],
  ]

  const spellings = [
    ...Object.values(keys),
    encodeURIComponent(keys.query),
    keys.query.replaceAll('/', '\\/'),
    '\\u0073k-',
  ]

  test.for(answers)('%s', async ([, script, status, more = {}]) => {
    mock.script(script)
    const { answer, text, stderr } = await logOf(
      mock.url,
      everything,
      { ...ask, body: { ...ask.body, ...more } },
      { auth },
    )
    expect(answer.status).toBe(status)
    const everywhere = [text, stderr, answer.body.toString(), JSON.stringify(answer.headers)].join('\n')
    for (const key of spellings) expect.soft(everywhere).not.toContain(key)
    expect(text).toContain('n=1')
  })

  test.for([
    ['shaped', escaped, 'application/json'],
    ['text', echo, 'text/plain'],
  ] as const)('an error of a passed operation: %s', async ([, body, contentType]) => {
    mock.script({ status: 404, body, contentType })
    const { answer, text, stderr } = await logOf(
      mock.url,
      everything,
      { ...ask, method: 'GET', path: `/v1/models?api_key=${keys.arg}`, body: undefined },
      { auth },
    )
    expect(answer.status).toBe(404)
    for (const key of spellings) expect.soft(text + stderr + answer.body.toString()).not.toContain(key)
  })

  test('of an endpoint’s own query', async () => {
    const key = 'sk-endpoint-13579'
    mock.script({ status: 400, body: { error: { message: `bad key ${key}` } } })
    const override = { endpoint: `${mock.url}/v1?key=${key}&v=2` }
    const { answer, text, stderr } = await logOf(mock.url, everything, ask, { override })
    expect(mock.requests[0]!.url).toBe(`/v1/chat/completions?key=${key}&v=2`)
    expect(text + stderr + answer.body.toString()).not.toContain(key)
  })

  test.for([
    ['refused', '/v1/chat/completions', '{'],
    ['unknown', '/v1/nothing', '{}'],
    ['malformed', '/%zz', '{}'],
  ])('of a request that is %s', async ([, path, body]) => {
    const { text, stderr, answer } = await logOf(
      mock.url,
      everything,
      { ...ask, path: `${path}?api_key=${keys.arg}`, body },
      { auth },
    )
    expect(answer.status).toBeGreaterThanOrEqual(400)
    for (const key of spellings) expect.soft(text + stderr + answer.body.toString()).not.toContain(key)
  })

  test('of a refused configuration', async () => {
    const problems = await problemsOf({ routes: [aiRoute('nonsense', { auth })] })
    expect(problems).toHaveLength(1)
    for (const key of spellings) expect(problems.join()).not.toContain(key)
  })
})
