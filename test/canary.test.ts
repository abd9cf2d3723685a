import { aiVariables } from '@sluice/ai-core'
import { variableNames } from '@sluice/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRawUpstream, type RawUpstream } from './support/raw-upstream.ts'
import { sendBytes } from './support/raw-socket.ts'
import { aiRoute, openGateway, type LogLine, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer, smallStream } from './support/upstream.ts'

// Each value says where it stood: `canary-header-x-secret`.
const mark = (where: string): string => `canary-${where.toLowerCase()}`

/** Goes to a provider: it tells about the request. */
const allowed = [
  'accept',
  'anthropic-beta',
  'anthropic-version',
  'idempotency-key',
  'openai-beta',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-client-request-id',
  'x-stainless-lang',
  'x-stainless-retry-count',
]
/** Speaks of one connection: goes nowhere. */
const hopByHop = ['http2-settings', 'keep-alive', 'proxy', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'upgrade']
/** Named by `Connection`: goes nowhere either, whatever it is. */
const nominated = ['x-nominated', 'x-stainless-nominated', 'x-api-key']
/** Say who asks, which is not the client's to say: gone on arrival. */
const identity = ['x-consumer-username', 'X-Consumer-Custom-ID', 'x-credential-identifier', 'X_Consumer_Username']
/** The gateway says these itself. */
const ours = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto', 'x-real-ip', 'forwarded']
/** Goes to an ordinary upstream, and to no provider. */
const others = [
  'accept-encoding',
  'accept-language',
  'api-key',
  'apikey',
  'authentication',
  'authorization',
  'cookie2',
  'from',
  'if-none-match',
  'openai-organization',
  'openai-project',
  'origin',
  'range',
  'referer',
  'via',
  'warning',
  'x-amz-security-token',
  'x-csrf-token',
  'x-goog-api-key',
  'x-internal',
  'x-request-id',
  'x-sluice-request-id',
  'x-user-id',
  '__proto__',
  'constructor',
]
const cookies = ['session', 'theme', '__proto__']
const parameters = ['api_key', 'access_token', 'page', 'Key', '__proto__']
const headers = [...allowed, ...hopByHop, ...nominated, ...identity, ...ours, ...others]

const query = parameters.map((name) => `${name}=${mark(`query-${name}`)}`).join('&')
const lines = [
  'host: canary-host.example',
  `connection: close, ${nominated.join(', ')}`,
  `cookie: ${cookies.map((name) => `${name}=${mark(`cookie-${name}`)}`).join('; ')}`,
  ...headers.map((name) => `${name}: ${mark(`header-${name}`)}`),
]

/** The company's own, which nobody but the provider may see. */
const secrets = { header: 'sk-company-header', other: 'sk-company-other', query: 'sk-company-query', endpoint: 'sk-company-endpoint' }

/** Variables that show what a client sent, which whoever names them asks for. */
const showing = ['args', 'request_uri', 'upstream_uri', 'uri', 'host', 'content_type', 'connection', 'original_x_forwarded_for']
const format = Object.fromEntries(
  [...variableNames, ...Object.keys(aiVariables), 'llm_summary', 'llm_request', 'llm_response_text'].map((name) => [name, `$${name}`]),
)

let upstream: RawUpstream
let gateway: TestGateway & { close(): Promise<void> }
beforeAll(async () => {
  upstream = await openRawUpstream()
  const auth = { header: { Authorization: `Bearer ${secrets.header}`, 'x-company': secrets.other }, query: { key: secrets.query } }
  const override = { endpoint: `${upstream.url}/v1?subscription-key=${secrets.endpoint}` }
  const logging = { summaries: true, payloads: true }
  const ai = (id: string, provider: string): object => ({
    ...aiRoute(upstream.url, { provider, auth, override, logging, timeout: 2000 }),
    id,
    uri: `/${id}/*`,
  })
  gateway = await openGateway({
    gateway: { access_log: { format } },
    routes: [
      ai('openai', 'openai'),
      ai('anthropic', 'anthropic'),
      { id: 'ordinary', uri: '/ordinary/*', upstream: { type: 'roundrobin', nodes: { [`127.0.0.1:${upstream.port}`]: 1 } } },
    ],
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

interface Seen {
  readonly status: number
  /** What the client got. */
  readonly answer: string
  /** What the upstream got; empty where it was not asked. */
  readonly up: string
  readonly line: LogLine
  /** What was said on stderr meanwhile. */
  readonly stderr: string
}

type Answers = (request: string) => string

async function ask(path: string, body: string | undefined, answers: Answers, more = ''): Promise<Seen> {
  upstream.requests.splice(0)
  upstream.speaks = (socket, request) => socket.end(answers(request))
  const said = gateway.logged().length
  const { length } = await gateway.lines()
  const content = body === undefined ? '' : `content-type: application/json; x=canary-type\r\ncontent-length: ${body.length}\r\n`
  const method = body === undefined ? 'GET' : 'POST'
  const answer = await sendBytes(gateway.url, `${method} ${path}?${query} HTTP/1.1\r\n${lines.join('\r\n')}\r\n${content}${more}\r\n${body ?? ''}`)
  const all = await gateway.lines(length + 1)
  expect(all).toHaveLength(length + 1)
  return { status: Number(answer.slice(9, 12)), answer, up: upstream.requests.join(''), line: all.at(-1)!, stderr: gateway.logged().slice(said) }
}

const canariesIn = (text: string): string[] => [...new Set(text.match(/canary-[\w.-]+/g))].toSorted()
const inHeaders = (names: readonly string[]): string[] => names.map((name) => mark(`header-${name}`)).toSorted()

/** What holds whatever was asked and answered. */
function expectSilence({ answer, line, stderr, up }: Seen): void {
  for (const [name, value] of Object.entries(line)) expect([name, showing.includes(name) ? [] : canariesIn(JSON.stringify(value))]).toEqual([name, []])
  expect(canariesIn(stderr)).toEqual([])
  for (const secret of Object.values(secrets)) {
    expect(JSON.stringify(line) + stderr).not.toContain(secret)
    expect(answer).not.toContain(secret)
  }
  for (const name of ['args', 'request_uri', 'upstream_uri']) {
    for (const canary of canariesIn(String(line[name]))) expect(['canary-query-page', 'canary-query-__proto__']).toContain(canary)
  }
  // The provider gets the company's keys, and nobody's beside them.
  const isAi = up.includes(secrets.header)
  expect(up.includes(secrets.other) && up.includes(secrets.query)).toBe(isAi)
}

const http = (status: number, type: string, body: string, more = ''): string =>
  `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\n${more}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
const well: Answers = (request) =>
  request.includes('"stream":true') ? http(200, 'text/event-stream', smallStream) : http(200, 'application/json', smallAnswer)
/** Repeats all that it was sent in every place that an answer has. */
const echo = (status: number, shape: (text: string) => string): Answers => (request) => {
  const text = request.replaceAll(/[\r\n]+/g, ' ')
  const told = ['x-request-id', 'x-ratelimit-echo', 'openai-echo', 'retry-after', 'set-cookie', 'server', 'x-echo', 'location'].map((name) => `${name}: ${text}\r\n`)
  return http(status, 'application/json', shape(text), told.join(''))
}
const openAi = (text: string): string => JSON.stringify({ error: { message: text, type: text, param: text, code: text } })
const claude = (text: string): string => JSON.stringify({ type: 'error', error: { type: text, message: text } })
const event = (text: string): string => `data: ${openAi(text)}\n\n`

const spoken: [what: string, path: string, body: string][] = [
  ['a chat', '/openai/v1/chat/completions', '{"model":"m","messages":[]}'],
  ['a streamed chat', '/openai/v1/chat/completions', '{"model":"m","messages":[],"stream":true}'],
  ['embeddings', '/openai/v1/embeddings', '{"model":"m","input":"x"}'],
  ['a response', '/openai/v1/responses', '{"model":"m","input":"x"}'],
  ['a streamed response', '/openai/v1/responses', '{"model":"m","input":"x","stream":true}'],
  ['Messages', '/anthropic/v1/messages', '{"model":"m","max_tokens":1,"messages":[]}'],
  ['streamed Messages', '/anthropic/v1/messages', '{"model":"m","max_tokens":1,"messages":[],"stream":true}'],
]
const answers: [what: string, answers: Answers][] = [
  ['an answer', well],
  ['an error that repeats everything', echo(400, openAi)],
  ['an error of another shape that does', echo(401, claude)],
  ['a page that does', echo(500, (text) => `<p>${text}</p>`)],
  ['an error inside a 200 that does', echo(200, openAi)],
  ['an event that does', (request) => http(200, 'text/event-stream', event(request.replaceAll(/[\r\n]+/g, ' ')))],
  ['a redirect that does', echo(307, (text) => text)],
  ['no answer', () => ''],
  ['no HTTP', (request) => request],
]

describe('of what a client sends beside its body, a provider gets what is listed, and no log gets anything', { timeout: 30_000 }, () => {
  test.for(spoken.flatMap(([what, path, body]) => answers.map(([how, answer]) => [what, how, path, body, answer] as const)))(
    '%s: %s',
    async ([, , path, body, answer]) => {
      const seen = await ask(path, body, answer)
      expectSilence(seen)
      expect(canariesIn(seen.up)).toEqual(inHeaders(allowed))
      expect(seen.up).toContain(`Bearer ${secrets.header}`)
    },
  )

  const passed: [path: string, body: string | undefined][] = [
    ['/openai/v1/audio/speech', '{"input":"x"}'],
    ['/openai/v1/models', undefined],
    ['/anthropic/v1/messages/count_tokens', '{"messages":[]}'],
  ]
  // An answer that is no error is nobody's to read.
  const unread = ['an error inside a 200 that does', 'an event that does']
  const read = answers.filter(([how]) => !unread.includes(how))
  test.for(passed.flatMap(([path, body]) => read.map(([how, answer]) => [path, how, body, answer] as const)))(
    'also the query, where the operation is passed: %s, %s',
    async ([path, , body, answer]) => {
      const seen = await ask(path, body, answer)
      expectSilence(seen)
      const type = body === undefined ? [] : ['canary-type']
      expect(canariesIn(seen.up)).toEqual([...inHeaders(allowed), ...parameters.map((name) => mark(`query-${name}`)), ...type].toSorted())
    },
  )
})

describe('of a request that is refused, no log gets anything', { timeout: 30_000 }, () => {
  const refusals: [what: string, path: string, body: string | undefined, status: number, more?: string][] = [
    ['no JSON', '/openai/v1/chat/completions', '{', 400],
    ['no dialect', '/openai/v1/chat/completions', '{}', 400],
    ['another dialect', '/openai/v1/messages', '{"messages":[]}', 400],
    ['two members', '/openai/v1/chat/completions', '{"messages":[],"messages":[]}', 400],
    ['no route', '/nowhere', undefined, 404],
    ['no operation', '/openai/v1/fine_tuning/jobs', undefined, 400],
    ['a path that is malformed', '/openai/%00', undefined, 400],
    ['two hosts', '/openai/v1/models', undefined, 400, 'host: canary-other.example\r\n'],
    ['a line that is none', '/openai/v1/models', undefined, 400, 'canary line\r\n'],
    ['a header that is too large', '/openai/v1/models', undefined, 431, `x-large: canary-${'x'.repeat(20_000)}\r\n`],
    ['a user in its target', 'http://canary-user:canary-password@canary-host.example:80/openai/v1/models', undefined, 400],
  ]
  test.for(refusals)('%s', async ([what, path, body, status, more]) => {
    const seen = await ask(path, body, well, more)
    expectSilence(seen)
    expect([seen.status, seen.up]).toEqual([status, ''])
    expect(JSON.stringify(seen.line)).not.toMatch(/canary-(?:user|password)/)
    expect(what === 'a user in its target' ? seen.line['host'] : 'canary-host.example').toBe('canary-host.example')
  })
})

describe('an ordinary upstream gets what a reverse proxy gives, and no log gets anything', { timeout: 30_000 }, () => {
  const goes = [
    ...inHeaders([...allowed, ...others]),
    ...cookies.map((name) => mark(`cookie-${name}`)),
    ...parameters.map((name) => mark(`query-${name}`)),
    'canary-host.example', // as x-forwarded-host and Host
    'canary-type',
  ].toSorted()
  test.for(answers)('%s', async ([, answer]) => {
    const seen = await ask('/ordinary/x', '{"any":"thing"}', answer)
    expectSilence(seen)
    expect(canariesIn(seen.up)).toEqual(goes)
  })

  test('trailers go nowhere', async () => {
    const chunks = 'transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nx-late: canary-trailer\r\n'
    const seen = await ask('/ordinary/x', undefined, well, chunks)
    expectSilence(seen)
    expect(seen.up).not.toContain('canary-trailer')
  })
})
