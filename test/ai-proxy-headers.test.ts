import type { RequestListener } from 'node:http'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { problemsOf } from './support/problems-of.ts'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { smallAnswer, smallStream, startUpstream } from './support/upstream.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }
const message = { ...chat, max_tokens: 9 }

/** Asks with these headers; gives the names and values that the provider saw. */
async function seenOf(
  config: object,
  headers: Record<string, string>,
  path = '/v1/chat/completions',
  body: object = chat,
) {
  const { url } = await startGateway({ routes: [aiRoute(mock.url, config as Record<string, unknown>)] })
  await askRaw(`${url}${path}`, { body, headers })
  return (await mock.waitForRequest()).headers
}

/** What the client gets of an answer with these headers. */
async function answerWith(
  headers: Record<string, string>,
  script: object = {},
  config: object = {},
): Promise<RawAnswer> {
  const { url } = await startGateway({ routes: [aiRoute(mock.url, config as Record<string, unknown>)] })
  mock.script({ headers, ...script })
  return askRaw(`${url}/v1/chat/completions`, { body: chat })
}

const canary = 'canary-1f7a'
const told = {
  'anthropic-version': '2024-01-01',
  'anthropic-beta': 'a,b',
  'openai-beta': 'assistants=v2',
  'x-client-request-id': 'mine',
  'idempotency-key': 'once',
  'x-stainless-lang': 'js',
  'x-stainless-retry-count': '0',
  accept: 'application/json, text/x',
  'user-agent': 'tester/1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'a=b',
}
const gone = [
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'apikey',
  'cookie',
  'cookie2',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'forwarded',
  'via',
  'x-consumer-username',
  'x-credential-identifier',
  'openai-organization',
  'openai-project',
  'x-request-id',
  'x-sluice-request-id',
  'x-anything-else',
  'accept-language',
  'referer',
  'origin',
  'keep-alive',
  'te',
  'x-amz-security-token',
]

describe('headers up', () => {
  test('P1: the provider sees model, key and content type, and no accept-encoding', async () => {
    const config = { auth: { header: { Authorization: 'Bearer key-1' } }, options: { model: 'm' } }
    const headers = await seenOf(config, { 'accept-encoding': 'gzip, br', authorization: 'Bearer mine' })
    expect(headers).toMatchObject({ authorization: 'Bearer key-1', 'content-type': 'application/json' })
    expect(headers['accept-encoding']).toBeUndefined()
    expect(JSON.parse(mock.requests[0]!.body.toString())).toMatchObject({ model: 'm' })
    expect(headers['content-length']).toBe(String(mock.requests[0]!.body.length))
    expect(headers.host).toBe(new URL(mock.url).host)
  })

  test('what tells of the request goes up as it is', async () => {
    expect(await seenOf({}, told)).toMatchObject(told)
  })

  test.for([
    ['a chat', '/v1/chat/completions', chat],
    ['another operation', '/v1/moderations', { input: 'x' }],
  ] as const)('nothing else of %s does', async ([, path, body]) => {
    const hostile = Object.fromEntries(gone.map((name) => [name, name === 'te' ? 'trailers' : canary]))
    const headers = await seenOf({}, { ...told, ...hostile }, path, body)
    expect(JSON.stringify(headers)).not.toContain(canary)
    const own = ['host', 'connection', 'content-type', 'content-length', ...Object.keys(told)]
    expect(Object.keys(headers).filter((name) => !own.includes(name))).toEqual([])
  })

  test('what the client calls hop-by-hop does not go up, whoever forwards it', async () => {
    const config = { override: { forward_headers: ['x-hop'] } }
    const headers = await seenOf(config, {
      connection: 'close, X-Hop,tracestate',
      'x-hop': canary,
      tracestate: `a=${canary}`,
    })
    expect(JSON.stringify(headers)).not.toContain(canary)
  })

  test('the content type is sent once, also where it is forwarded', async () => {
    await seenOf({ override: { forward_headers: ['Content-Type'] } }, { 'content-type': 'application/json; x=y' })
    expect(mock.requests[0]!.rawHeaders.filter((name) => /^content-type$/i.test(name))).toHaveLength(1)
  })

  test('forward_headers names more, of any spelling', async () => {
    const config = { override: { forward_headers: ['OpenAI-Organization', 'x-tenant'] } }
    const headers = await seenOf(config, { 'openai-organization': 'org', 'X-Tenant': 't', 'x-other': canary })
    expect(headers).toMatchObject({ 'openai-organization': 'org', 'x-tenant': 't' })
    expect(JSON.stringify(headers)).not.toContain(canary)
  })

  test.for(['authorization', 'Cookie', 'x-api-key', 'host', 'connection', 'transfer-encoding', 'content-length'])(
    'forward_headers may not name %s',
    async (name) => {
      const routes = [aiRoute(mock.url, { override: { forward_headers: [name] } })]
      expect(await problemsOf({ routes })).toEqual([expect.stringMatching(/override\.forward_headers\[0\]/)])
    },
  )

  test('auth.header beats everything, in any spelling', async () => {
    const header = { 'API-Key': 'k', 'User-Agent': 'ours', 'x-stainless-lang': 'none', Accept: 'x/y' }
    const headers = await seenOf({ auth: { header } }, { ...told, 'api-key': canary })
    expect(headers).toMatchObject({ 'api-key': 'k', 'user-agent': 'ours', 'x-stainless-lang': 'none', accept: 'x/y' })
    expect(mock.requests[0]!.rawHeaders.filter((name) => /^(api-key|user-agent|accept)$/i.test(name))).toHaveLength(3)
  })

  test('anthropic gets a version where the client gave none', async () => {
    const config = { provider: 'anthropic', auth: { header: { 'x-api-key': 'k' } } }
    expect(await seenOf(config, {}, '/v1/messages', message)).toMatchObject({
      'anthropic-version': '2023-06-01',
      'x-api-key': 'k',
    })
    mock.reset()
    expect(await seenOf(config, { 'anthropic-version': '2024-01-01' }, '/v1/messages', message)).toMatchObject({
      'anthropic-version': '2024-01-01',
    })
  })

  test.for(['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.api+json'])(
    'a chat of type %s leaves as application/json',
    async (type) => {
      expect(await seenOf({}, { 'content-type': type })).toMatchObject({ 'content-type': 'application/json' })
    },
  )
})

describe('headers down', () => {
  const kept = {
    'retry-after': '7',
    'retry-after-ms': '7000',
    'x-ratelimit-remaining-tokens': '9',
    'x-ratelimit-limit-requests': '10',
    'anthropic-ratelimit-tokens-reset': 'soon',
    'request-id': 'req_1',
    'x-request-id': 'req_2',
    'openai-processing-ms': '12',
    'openai-organization': 'org',
    'x-should-retry': 'false',
  }
  const dropped = {
    'set-cookie': canary,
    server: canary,
    'x-powered-by': canary,
    via: canary,
    'cf-ray': canary,
    'access-control-allow-origin': canary,
    'strict-transport-security': canary,
    'x-sluice-request-id': canary,
    'www-authenticate': canary,
    location: canary,
    'alt-svc': canary,
    'keep-alive': 'timeout=1234',
    'x-anything-else': canary,
  }

  test.for([
    ['a whole answer', {}],
    ['an error', { status: 429 }],
    ['an error that is wrapped', { status: 500, body: 'no JSON', contentType: 'text/plain' }],
    [
      'a stream',
      {
        event: [
          'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n',
          'data: [DONE]\n\n',
        ],
      },
    ],
  ] as const)('of %s', async ([, script]) => {
    const { headers } = await answerWith({ ...kept, ...dropped }, script)
    expect(headers).toMatchObject(kept)
    expect(JSON.stringify(headers)).not.toContain(canary)
    expect(headers['keep-alive']).not.toBe('timeout=1234')
  })

  test('the content type is the provider’s, the length ours', async () => {
    const body = '{"choices":[]}'
    const { headers } = await answerWith({}, { body, contentType: 'application/json; charset=utf-8' })
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(body.length),
    })
  })

  test('x-sluice-request-id is ours and in the log, x-request-id the provider’s', async () => {
    const { url, linesOf } = await startGateway({ routes: [aiRoute(mock.url)] })
    mock.script({ headers: { 'x-request-id': 'req_theirs' } })
    const { headers, id } = await askRaw(`${url}/v1/chat/completions`, {
      body: chat,
      headers: { 'x-request-id': 'mine', 'x-sluice-request-id': 'mine' },
    })
    expect(headers['x-request-id']).toBe('req_theirs')
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(await linesOf(id)).toHaveLength(1)
  })

  const silent: Record<string, RequestListener> = {
    'an answer': (_, res) => void res.end(smallAnswer),
    'an error': (_, res) => void res.writeHead(500).end('no JSON'),
    'an error in our shape': (_, res) => void res.writeHead(400).end('{"error":{"message":"x"}}'),
    'a stream': (_, res) => void res.setHeader('content-type', 'text/event-stream').end(smallStream),
    'a hang-up': (req) => void req.socket.destroy(),
  }
  test.for(Object.entries(silent))(
    'where the provider gives none, x-request-id is ours too: %s',
    async ([, handle]) => {
      const upstream = await startUpstream(handle)
      const { url } = await startGateway({ routes: [aiRoute(upstream.url)] })
      const { headers, id } = await askRaw(`${url}/v1/chat/completions`, { body: chat })
      expect(id).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers['x-request-id']).toBe(id)
      const refused = await askRaw(`${url}/v1/chat/completions`, { body: {} })
      expect(refused.headers['x-request-id']).toBe(refused.id)
    },
  )
})
