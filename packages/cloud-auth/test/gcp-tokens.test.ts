import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { Agent, type Dispatcher } from 'undici'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CloudAuthError, GcpTokens, type GcpTokensOptions, parseServiceAccount } from '../src/index.ts'
import { type Answer, grant, privateKey, send, start, TokenEndpoint } from './token-endpoint.ts'

let endpoint: TokenEndpoint
let dispatcher: Agent
let now: number

beforeEach(async () => {
  endpoint = await new TokenEndpoint().listen()
  dispatcher = new Agent()
  now = start
})

afterEach(async () => {
  await dispatcher.destroy()
  await endpoint.close()
})

function tokens(options: Partial<GcpTokensOptions> = {}): GcpTokens {
  return new GcpTokens({ key: parseServiceAccount(endpoint.keyFile()), dispatcher, now: () => now, ...options })
}

function wait(seconds: number): void {
  now += seconds * 1_000
}

async function failure(promise: Promise<unknown>): Promise<CloudAuthError> {
  const error = await promise.then(() => undefined, (reason: unknown) => reason)
  expect(error).toBeInstanceOf(CloudAuthError)
  return error as CloudAuthError
}

test('it exchanges a signed assertion for an access token', async () => {
  expect(await tokens().token()).toBe('token-1')
  const { request, form, jwt } = endpoint.received[0]!
  expect(request.method).toBe('POST')
  expect(request.url).toBe('/token?a=1')
  expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded')
  expect([...form.keys()]).toEqual(['grant_type', 'assertion'])
  expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
  expect(jwt.protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
  const iat = Math.floor(start / 1_000)
  expect(jwt.payload).toEqual({
    iss: 'sluice@a-project.iam.gserviceaccount.com',
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    aud: endpoint.uri,
    iat,
    exp: iat + 3_600,
  })
})

test('it asks for another scope, and names no key, where it is told so', async () => {
  const key = parseServiceAccount(endpoint.keyFile({ private_key_id: undefined }))
  await tokens({ key, scope: 'a b' }).token()
  expect(endpoint.received[0]!.jwt.payload['scope']).toBe('a b')
  expect(endpoint.received[0]!.jwt.protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT' })
})

// `lasts`: seconds for which the first token is handed out.
test.for([
  { options: {}, expiresIn: 3_599, lasts: 3_539 },
  { options: { expireEarlySecs: 0 }, expiresIn: 3_599, lasts: 3_599 },
  { options: { expireEarlySecs: 600 }, expiresIn: 3_599, lasts: 2_999 },
  { options: { expireEarlySecs: 60 }, expiresIn: 60, lasts: 60 },
  { options: { expireEarlySecs: 60 }, expiresIn: 61, lasts: 1 },
  { options: { maxTtl: 100 }, expiresIn: 3_599, lasts: 100 },
  { options: { maxTtl: 3_600, expireEarlySecs: 60 }, expiresIn: 3_599, lasts: 3_539 },
  { options: { maxTtl: 100 }, expiresIn: 90, lasts: 30 },
  { options: {}, expiresIn: '1000', lasts: 940 },
  { options: {}, expiresIn: null, lasts: 3_540 },
  { options: {}, expiresIn: 'soon', lasts: 3_540 },
])('it keeps a token of $expiresIn s with $options for $lasts s', async ({ options, expiresIn, lasts }) => {
  endpoint.answer = (response) => grant(response, `token-${endpoint.received.length}`, expiresIn)
  const subject = tokens(options)
  expect(await subject.token()).toBe('token-1')
  wait(lasts - 0.001)
  expect(await subject.token()).toBe('token-1')
  wait(0.001)
  expect(await subject.token()).toBe('token-2')
})

test('it keeps no token that has expired on arrival, nor one from a future that a clock took back', async () => {
  endpoint.answer = (response) => grant(response, `token-${endpoint.received.length}`, -5)
  const subject = tokens()
  expect(await subject.token()).toBe('token-1')
  endpoint.answer = (response) => grant(response, `token-${endpoint.received.length}`)
  expect(await subject.token()).toBe('token-2')
  wait(-7_200)
  expect(await subject.token()).toBe('token-3')
})

test('it fetches once for callers who come at the same time', async () => {
  const subject = tokens()
  const all = await Promise.all(Array.from({ length: 20 }, () => subject.token(new AbortController().signal)))
  expect(new Set(all)).toEqual(new Set(['token-1']))
  expect(endpoint.received).toHaveLength(1)
})

test('it lets one caller go without disturbing the others', async () => {
  const held: ServerResponse[] = []
  endpoint.answer = (response) => void held.push(response)
  const subject = tokens()
  const gone = new AbortController()
  const arrival = endpoint.arrival()
  const first = subject.token(gone.signal)
  const second = subject.token(new AbortController().signal)
  const third = subject.token()
  await arrival
  gone.abort(new Error('client gone'))
  await expect(first).rejects.toThrow('client gone')
  grant(held[0]!, 'shared')
  expect(await Promise.all([second, third])).toEqual(['shared', 'shared'])
  expect(await subject.token()).toBe('shared')
  expect(endpoint.received).toHaveLength(1)
})

test('it cancels the request when all callers have gone, and starts afresh for the next one', async () => {
  let closed: Promise<unknown> | undefined
  endpoint.answer = (response) => {
    closed = once(response, 'close')
  }
  const subject = tokens()
  const callers = [new AbortController(), new AbortController()]
  const arrival = endpoint.arrival()
  const waiting = callers.map((caller) => subject.token(caller.signal))
  await arrival
  for (const caller of callers) caller.abort(new Error('client gone'))
  endpoint.answer = (response) => grant(response, 'next')
  const next = subject.token()
  await Promise.all(waiting.map((promise) => expect(promise).rejects.toThrow('client gone')))
  await closed
  expect(await next).toBe('next')
  expect(await subject.token()).toBe('next')
})

test('it does not even ask for a caller who has already gone', async () => {
  await expect(tokens().token(AbortSignal.abort(new Error('client gone')))).rejects.toThrow('client gone')
  expect(endpoint.received).toHaveLength(0)
})

const html = `<!doctype html><html><title>502</title>\r\n<body>Bad\u0000\u001b[31m   Gateway</body></html>`
const cut = `HTTP 500: ${'x'.repeat(199)}…`
const answers = (status: number, body: unknown): Answer => (response) => send(response, status, body)
const quoting: Answer = (response, { form }) =>
  send(response, 400, { error: 'invalid_grant', error_description: `bad ${form.get('assertion')} ya29.a0-S3CR3T` })

test.for<{ of: string; answer: Answer; kind: string; says: string }>([
  {
    of: 'a refusal',
    answer: answers(400, { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }),
    kind: 'refused',
    says: 'invalid_grant: Invalid JWT Signature.',
  },
  { of: 'a bare error', answer: answers(401, { error: 'invalid_client' }), kind: 'refused', says: 'invalid_client' },
  {
    of: 'an error of an API',
    answer: answers(403, { error: { code: 403, status: 'PERMISSION_DENIED', message: 'no' } }),
    kind: 'refused',
    says: 'PERMISSION_DENIED: no',
  },
  { of: 'an error with other types', answer: answers(400, { error: 7 }), kind: 'refused', says: 'HTTP 400' },
  { of: 'an empty 404', answer: answers(404, ''), kind: 'refused', says: 'HTTP 404' },
  { of: 'a quoting endpoint', answer: quoting, kind: 'refused', says: 'invalid_grant: bad [redacted] [redacted]' },
  { of: 'a 429', answer: answers(429, { error: 'slow_down' }), kind: 'unreachable', says: 'slow_down' },
  { of: 'an HTML page', answer: answers(502, html), kind: 'unreachable', says: 'HTTP 502: 502 Bad [31m Gateway' },
  { of: 'a long text', answer: answers(500, 'x'.repeat(9_999)), kind: 'unreachable', says: cut },
  { of: 'a redirect', answer: answers(307, 'S3CR3T'), kind: 'unreachable', says: 'HTTP 307' },
  {
    of: 'bad JSON',
    answer: answers(200, '{"access_token":"S3CR3T"'),
    kind: 'unreachable',
    says: 'the answer of the token endpoint is not a JSON object',
  },
  {
    of: 'JSON null',
    answer: answers(200, 'null'),
    kind: 'unreachable',
    says: 'the answer of the token endpoint is not a JSON object',
  },
  {
    of: 'an answer without a token',
    answer: answers(200, { id_token: 'S3CR3T' }),
    kind: 'unreachable',
    says: 'the answer of the token endpoint has no access_token',
  },
  {
    of: 'a token that would forge a header',
    answer: answers(200, { access_token: 'S3CR3T\r\nx: y' }),
    kind: 'unreachable',
    says: 'the access_token of the token endpoint is not one that a header can carry',
  },
  {
    of: 'a token that is no string',
    answer: answers(200, { access_token: { S3CR3T: 1 } }),
    kind: 'unreachable',
    says: 'the access_token of the token endpoint is not one that a header can carry',
  },
  {
    of: 'an endless answer',
    answer: (response) => void response.writeHead(200).write(Buffer.alloc(65_537, ' ')),
    kind: 'unreachable',
    says: 'the answer (HTTP 200) exceeds 64 KiB',
  },
  {
    of: 'a closed connection',
    answer: (response) => void response.destroy(),
    kind: 'unreachable',
    says: 'no answer from the token endpoint (UND_ERR_SOCKET)',
  },
  {
    of: 'half an answer',
    answer: (response) => void response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy()),
    kind: 'unreachable',
    says: 'no answer from the token endpoint (UND_ERR_RES_CONTENT_LENGTH_MISMATCH)',
  },
])('it tells operators of $of', async ({ answer, kind, says }) => {
  endpoint.answer = answer
  const error = await failure(tokens().token())
  expect(error.kind).toBe(kind)
  const prefix = 'failed to get gcp access token: '
  expect(error.message.slice(0, prefix.length)).toBe(prefix)
  expect(error.message.slice(prefix.length)).toEqual(says)
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/S3CR3T|eyJ|127\.0\.0\.1/)
  expect(endpoint.received).toHaveLength(1)
})

test('it takes an answer of 64 KiB', async () => {
  const body = JSON.stringify({ access_token: 'big' })
  endpoint.answer = answers(200, body + ' '.repeat(65_536 - body.length))
  expect(await tokens().token()).toBe('big')
})

test('it says when nobody listens', async () => {
  const server = createTcpServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  const key = parseServiceAccount(endpoint.keyFile({ token_uri: `http://127.0.0.1:${port}/token` }))
  const error = await failure(tokens({ key }).token())
  expect(error.kind).toBe('unreachable')
  expect(error.message).toBe('failed to get gcp access token: no answer from the token endpoint (ECONNREFUSED)')
})

test.for<{ of: string; answer: Answer }>([
  { of: 'never answers', answer: () => {} },
  { of: 'stops in the middle', answer: (response) => void response.writeHead(200).write('{"access_') },
])('it gives up on an endpoint that $of', async ({ answer }) => {
  endpoint.answer = answer
  const error = await failure(tokens({ timeout: 50 }).token())
  expect(error.kind).toBe('timeout')
  expect(error.message).toBe('failed to get gcp access token: the token endpoint did not answer within 50 ms')
})

// An interceptor is told by its two parameters.
const holdBack: Dispatcher.Dispatch = (_options, _handler) => true

test.for<{ of: string; hanging: () => Dispatcher }>([
  { of: 'a connection that never comes about', hanging: () => new Agent({ connect: () => {} }) },
  { of: 'a dispatcher that holds the request back', hanging: () => new Agent().compose(() => holdBack) },
])('it gives up on $of', async ({ hanging }) => {
  const held = hanging()
  expect((await failure(tokens({ timeout: 50, dispatcher: held }).token())).kind).toBe('timeout')
  const caller = new AbortController()
  const waiting = tokens({ dispatcher: held, timeout: 50 }).token(caller.signal)
  caller.abort(new Error('client gone'))
  await expect(waiting).rejects.toThrow('client gone')
  void held.destroy()
})

test('it answers with the same failure for a second, then asks again', async () => {
  endpoint.answer = answers(503, '')
  const subject = tokens()
  const error = await failure(subject.token())
  wait(0.999)
  expect(await failure(subject.token())).toBe(error)
  expect(endpoint.received).toHaveLength(1)
  wait(0.001)
  endpoint.answer = (response) => grant(response, 'again')
  expect(await subject.token()).toBe('again')
})

test('it does not take callers who went for a failure', async () => {
  endpoint.answer = () => {}
  const subject = tokens()
  const caller = new AbortController()
  const arrival = endpoint.arrival()
  const waiting = subject.token(caller.signal)
  await arrival
  caller.abort()
  await expect(waiting).rejects.toHaveProperty('name', 'AbortError')
  endpoint.answer = (response) => grant(response, 'at-once')
  expect(await subject.token()).toBe('at-once')
})

test('it goes on with the old token in its early window when a refresh fails, but not beyond', async () => {
  endpoint.answer = (response) => grant(response, 'old', 100)
  const subject = tokens()
  expect(await subject.token()).toBe('old')
  endpoint.answer = answers(503, '')
  wait(40)
  expect(await subject.token()).toBe('old')
  wait(0.5)
  expect(await subject.token()).toBe('old')
  expect(endpoint.received).toHaveLength(2)
  wait(59.499)
  expect(await subject.token()).toBe('old')
  expect(endpoint.received).toHaveLength(3)
  wait(0.001)
  await failure(subject.token())
})

test('it holds to max_ttl also when a refresh fails', async () => {
  const subject = tokens({ maxTtl: 100 })
  expect(await subject.token()).toBe('token-1')
  endpoint.answer = answers(503, '')
  wait(100)
  await failure(subject.token())
})

test('it forgets a dropped token, also as a last resort, but no other', async () => {
  const subject = tokens()
  const first = await subject.token()
  subject.drop('another')
  expect(await subject.token()).toBe(first)
  subject.drop(first)
  expect(await subject.token()).toBe('token-2')
  subject.drop(first)
  expect(await subject.token()).toBe('token-2')
  endpoint.answer = answers(503, '')
  subject.drop('token-2')
  await failure(subject.token())
})

test('it shows nothing of its key or token', async () => {
  const subject = tokens()
  await subject.token()
  const shown = JSON.stringify(subject) + inspect(subject, { depth: 9, showHidden: true, getters: true })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  for (const secret of ['token-1', 'PRIVATE', pem.split('\n')[3]!]) expect(shown).not.toContain(secret)
})
