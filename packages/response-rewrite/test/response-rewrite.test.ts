import { Buffer } from 'node:buffer'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { HttpError, type Logger, type Outcome, type Reply, type ReplyStream, type Sink } from '@sluice/kernel'
import { chatRequest, eventStream, exercise, type Exercise, type ExerciseOptions, type TestRequest } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { responseRewrite } from '../src/index.ts'

const answer: Reply = {
  status: 200,
  headers: { 'content-type': 'text/plain', etag: '"1"', 'x-a': 'old', 'set-cookie': ['c=1'] },
  body: 'hello, hello',
}

const rewritten = (config: object, options: ExerciseOptions = {}, request: TestRequest = { path: '/a' }): Promise<Exercise> =>
  exercise(responseRewrite, config, request, { answer, ...options })

/** An answerer that refuses. */
const gone = (): never => {
  throw new HttpError(502, 'gone', 'gone')
}

async function filtered(filters: readonly object[], body: Reply['body'] = 'hello, hello', headers: Reply['headers'] = {}): Promise<Exercise['reply']> {
  return (await rewritten({ filters }, { answer: { status: 200, headers, body } })).reply
}

/** A body that comes in pieces, and is no event stream. */
function pieces(texts: readonly string[], ending: Outcome = 'complete'): ReplyStream & { cancelled: Outcome[] } {
  const { promise: done, resolve } = Promise.withResolvers<Outcome>()
  return {
    cancelled: [],
    done,
    start(sink: Sink) {
      for (const text of texts) sink.write(Buffer.from(text))
      sink.end(ending)
      resolve(ending)
    },
    pause() {},
    resume() {},
    cancel(reason) {
      this.cancelled.push(reason)
      resolve(reason)
    },
  }
}

describe('status and body', () => {
  test('take the place of what there was; what spoke of the old body is gone', async () => {
    const { reply } = await rewritten({ status_code: 201, body: '{"ok":true}', headers: { set: { 'content-type': 'application/json' } } })
    expect([reply.status, reply.body, reply.headers['content-type'], reply.headers['etag']]).toEqual([201, '{"ok":true}', 'application/json', undefined])
  })

  test('a body can be any bytes', async () => {
    const bytes = Buffer.from([0, 255, 128])
    expect((await rewritten({ body: bytes.toString('base64'), body_base64: true })).reply.bytes).toEqual(bytes)
  })

  test('a stream in its place is cancelled', async () => {
    const body = pieces(['never'])
    const { reply, outcome } = await rewritten({ body: 'instead' }, { answer: { ...answer, body } })
    expect([reply.body, body.cancelled, outcome]).toEqual(['instead', ['complete'], 'complete'])
    const events = eventStream('openai-chat', ['{}'])
    const { reply: said } = await rewritten({ body: 'instead' }, { answer: { status: 200, headers: { 'content-type': 'text/event-stream' }, body: events } })
    expect([said.body, said.headers['content-type']]).toEqual(['instead', undefined])
  })

  test('errors behind it get them, too', async () => {
    const { reply, outcome } = await rewritten({ status_code: 503, body: 'later' }, { answer: gone })
    expect([reply.status, reply.body, outcome]).toEqual([503, 'later', 'gateway_error'])
  })
})

describe('headers', () => {
  test('are added to, removed and set, in this order', async () => {
    const headers = { add: ['X-A: new', 'Set-Cookie: d=2; Path=/', 'x-n:1'], remove: ['ETag'], set: { 'X-C': 'from $remote_addr', 'X-D': 4, 'x-s': '$status' } }
    const { reply } = await rewritten({ headers })
    expect(reply.headers).toMatchObject({ 'x-a': 'old, new', 'set-cookie': ['c=1', 'd=2; Path=/'], 'x-n': '1', 'x-c': 'from 203.0.113.7', 'x-d': '4', 'x-s': '200' })
    expect(reply.headers['etag']).toBeUndefined()
  })

  test('can be written flat, as in former times: an empty value removes', async () => {
    const { reply } = await rewritten({ headers: { 'X-A': '', 'X-B': 'new' } })
    expect([reply.headers['x-a'], reply.headers['x-b']]).toEqual([undefined, 'new'])
  })

  test('hold nothing that would end them, whatever a variable says', async () => {
    const request = { ...chatRequest('Hello', { user: 'a\r\nset-cookie: b' }) }
    const { reply } = await rewritten({ headers: { set: { 'x-user': '${post_arg.user}' } } }, {}, request)
    expect(reply.headers['x-user']).toBe('aset-cookie: b')
  })
})

describe('vars', () => {
  test.for([
    [['status', '==', 200], true],
    [['status', '==', '200'], true],
    [['status', '>=', 400], false],
    [['sent_http_x_a', '==', 'old'], true],
    [['arg_x', '==', '1'], false],
  ] as const)('%j decides: %s', async ([condition, applies]) => {
    const config = { vars: [condition], status_code: 299, filters: [{ regex: 'hello', replace: 'bye' }] }
    const { reply } = await rewritten(config)
    expect([reply.status, reply.body]).toEqual(applies ? [299, 'bye, hello'] : [200, 'hello, hello'])
  })

  test('can look into the body of the request', async () => {
    const config = { vars: [['post_arg.user', '==', 'me']], status_code: 299 }
    expect((await rewritten(config, {}, chatRequest('Hello', { user: 'me' }))).reply.status).toBe(299)
    expect((await rewritten(config, {}, chatRequest('Hello'))).reply.status).toBe(200)
  })
})

describe('filters', () => {
  test.for([
    [[{ regex: 'hello', replace: 'bye' }], 'bye, hello'],
    [[{ regex: 'hello', replace: 'bye', scope: 'global' }], 'bye, bye'],
    [[{ regex: '(h)(e)', replace: '$2${1}$$1-$x', scope: 'global' }], 'eh$1-$xllo, eh$1-$xllo'],
    [[{ regex: 'HELLO', replace: 'bye', options: 'i' }], 'bye, hello'],
    [[{ regex: 'hello', replace: 'a' }, { regex: 'a.*', replace: 'b' }], 'b'],
    [[{ regex: 'nothing', replace: 'b' }], 'hello, hello'],
  ] as const)('%j', async ([filters, expected]) => {
    expect((await filtered(filters)).body).toBe(expected)
  })

  test('see a body that comes in pieces as a whole', async () => {
    expect((await filtered([{ regex: 'hello', replace: 'bye', scope: 'global' }], pieces(['hel', 'lo, h', 'ello']))).body).toBe('bye, bye')
  })

  test.for([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['zstd', zstdCompressSync],
  ] as const)('decompress %s', async ([encoding, compress]) => {
    const { body, headers } = await filtered([{ regex: 'hello', replace: 'bye' }], compress(Buffer.from('hello, hello')), { 'content-encoding': encoding, etag: '"1"' })
    expect([body, headers['content-encoding'], headers['etag']]).toEqual(['bye, hello', undefined, undefined])
  })

  test('leave bytes that are no text as they were', async () => {
    const { bytes } = await filtered([{ regex: 'a', replace: 'b' }], Buffer.from([255, 97, 128]))
    expect([...bytes]).toEqual([255, 98, 128])
  })

  test('do not apply to event streams, and to encodings that nobody knows; the log says so', async () => {
    const said: string[] = []
    const write = (_: object, message?: string): void => void said.push(message ?? '')
    const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log }
    const filters = [{ regex: 'hello', replace: 'bye' }]
    const spoken = { status: 200, headers: {}, body: eventStream('openai-chat', ['{"hello":1}']) }
    expect((await rewritten({ filters }, { answer: spoken, log })).reply.body).toContain('hello')
    const ordinary = { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' }, body: pieces(['data: hello\n\n']) }
    expect((await rewritten({ filters }, { answer: ordinary, log })).reply.body).toBe('data: hello\n\n')
    const packed = { status: 200, headers: { 'content-encoding': 'compress' }, body: 'hello' }
    expect((await rewritten({ filters }, { answer: packed, log })).reply.body).toBe('hello')
    expect(said.filter((line) => line === 'the filters of response-rewrite do not apply to this answer')).toHaveLength(3)
  })

  test.for([
    ['is broken off', pieces(['half'], 'truncated'), {}, 'upstream_broke_off'],
    ['is too large', pieces(Array.from({ length: 17 }, () => 'x'.repeat(1024 * 1024))), {}, 'response_too_large'],
    ['is not what it says', Buffer.from('no gzip'), { 'content-encoding': 'gzip' }, 'undecodable_response'],
    ['is a bomb', gzipSync(Buffer.alloc(17 * 1024 * 1024)), { 'content-encoding': 'gzip' }, 'undecodable_response'],
  ] as const)('a body that %s is a 502', async ([, body, headers, code]) => {
    const { reply, outcome } = await rewritten({ filters: [{ regex: 'a', replace: 'b' }] }, { answer: { status: 200, headers: { ...headers }, body } }, { path: '/v1/chat/completions' })
    expect([reply.status, outcome, JSON.parse(reply.body)]).toEqual([502, 'upstream_error', expect.objectContaining({ error: expect.objectContaining({ code }) as object })])
  })
})

const set = (name: string, value = 'x'): object => ({ headers: { set: { [name]: value } } })

test.for([
  [{}, 'plugins.response-rewrite: needs at least one of status_code, body, headers and filters'],
  [{ body: 'a', filters: [{ regex: 'a', replace: 'b' }] }, 'plugins.response-rewrite: takes body or filters, not both'],
  [{ body: 'a b', body_base64: true }, 'plugins.response-rewrite.body: must be base64'],
  [{ status_code: 199 }, 'plugins.response-rewrite.status_code: must be >= 200'],
  [{ status_code: 200, vars: [['status', '=', 200]] }, "plugins.response-rewrite.vars[0][1]: invalid operator '='"],
  [{ filters: [] }, 'plugins.response-rewrite.filters: must not be empty'],
  [{ filters: [{ regex: '(?=a)', replace: '' }] }, 'plugins.response-rewrite.filters[0].regex: invalid pattern'],
  [{ filters: [{ regex: 'a', replace: '$1' }] }, 'plugins.response-rewrite.filters[0].replace: uses $1, but the expression has 0 groups'],
  [{ filters: [{ regex: 'a', replace: '', options: 'x' }] }, 'plugins.response-rewrite.filters[0].options: must be letters out of'],
  [{ headers: { add: ['no colon'] } }, 'plugins.response-rewrite.headers.add[0]: must be a name and a value, such as x-a: b'],
  [set('Transfer-Encoding'), 'plugins.response-rewrite.headers: cannot change transfer-encoding: it speaks of one connection'],
  [set('X-Sluice-Request-Id'), 'plugins.response-rewrite.headers: cannot change x-sluice-request-id: it names the exchange'],
  [set('a', 'b\nc'), 'plugins.response-rewrite.headers: the value of a holds control characters'],
] as const)('%j is refused', async ([config, problem]) => {
  await expect(exercise(responseRewrite, config, {})).rejects.toThrow(problem)
})
