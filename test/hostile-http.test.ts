import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { openRawUpstream, type RawUpstream } from './support/raw-upstream.ts'
import { openSocket, sendBytes } from './support/raw-socket.ts'
import { aiRoute, openGateway, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer } from './support/upstream.ts'

let upstream: RawUpstream
let gateway: TestGateway & { close(): Promise<void> }
beforeAll(async () => {
  const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${smallAnswer.length}\r\n\r\n${smallAnswer}`
  upstream = await openRawUpstream((socket) => socket.write(answer))
  const nodes = { [`127.0.0.1:${upstream.port}`]: 1 }
  const ordinary = { type: 'roundrobin', nodes }
  gateway = await openGateway({
    routes: [
      { ...aiRoute(upstream.url), uri: '/v1/*' },
      { id: 'open', uri: '/open/*', upstream: ordinary },
      { id: 'admin', uri: '/admin/*', upstream: ordinary },
    ],
  })
})
beforeEach(() => void upstream.requests.splice(0))
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

/** Statuses of the answers to these bytes, up to where the gateway closes. */
async function answersTo(bytes: string | Buffer): Promise<number[]> {
  return Array.from((await sendBytes(gateway.url, bytes)).matchAll(/HTTP\/1\.1 (\d+) /g), ([, status]) => Number(status))
}

async function servesOn(): Promise<void> {
  await vi.waitUntil(() => gateway.gateway.snapshot.inFlight === 0, 10_000)
  expect((await askRaw(`${gateway.url}/v1/chat/completions`, { body: { messages: [] } })).status).toBe(200)
}

const smuggled = 'GET /admin/smuggled HTTP/1.1\r\nhost: x\r\n\r\n'
const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n${more}\r\n`
const close = 'connection: close\r\n'
const head = (fields: string): string => get('/open/x', fields)
const post = (fields: string, body = ''): string => `POST /open/x HTTP/1.1\r\nhost: x\r\n${fields}\r\n${body}`

describe('a request that says twice how long it is, or in a way that nobody else may understand, is refused with all behind it', { timeout: 30_000 }, () => {
  test.for<[what: string, request: string]>([
    ['a length and chunks', post('content-length: 5\r\ntransfer-encoding: chunked\r\n', `0\r\n\r\n${smuggled}`)],
    ['chunks and a length', post('transfer-encoding: chunked\r\ncontent-length: 5\r\n', `0\r\n\r\n${smuggled}`)],
    ['a length and chunks that differ in case', post('Content-Length: 5\r\nTRANSFER-ENCODING: CHUNKED\r\n', `0\r\n\r\n${smuggled}`)],
    ['two lengths', post('content-length: 5\r\ncontent-length: 6\r\n', `hello${smuggled}`)],
    ['one length twice', post('content-length: 5\r\ncontent-length: 5\r\n', `hello${smuggled}`)],
    ['two lengths in one field', post('content-length: 5, 5\r\n', `hello${smuggled}`)],
    ['a negative length', post('content-length: -1\r\n', smuggled)],
    ['a length with a sign', post('content-length: +5\r\n', `hello${smuggled}`)],
    ['a length in hexadecimal digits', post('content-length: 0x5\r\n', `hello${smuggled}`)],
    ['a length with a space in it', post('content-length: 1 0\r\n', `hello${smuggled}`)],
    ['no length where one is named', post('content-length:\r\n', smuggled)],
    ['a length beyond all numbers', post('content-length: 99999999999999999999999\r\n', smuggled)],
    ['chunks that are packed behind', post('transfer-encoding: chunked, gzip\r\n', `0\r\n\r\n${smuggled}`)],
    ['chunks under another name', post('transfer-encoding: xchunked\r\n', `0\r\n\r\n${smuggled}`)],
    ['chunks behind a control character', post('transfer-encoding: \x0bchunked\r\n', `0\r\n\r\n${smuggled}`)],
    ['chunks twice', post('transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n', `0\r\n\r\n${smuggled}`)],
    ['chunks and nothing', post('transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n', `0\r\n\r\n${smuggled}`)],
    ['a name that ends in a space', post('transfer-encoding : chunked\r\n', `0\r\n\r\n${smuggled}`)],
    ['chunks in HTTP/1.0', post('transfer-encoding: chunked\r\n', `0\r\n\r\n${smuggled}`).replace('HTTP/1.1', 'HTTP/1.0')],
    ['a size that is none', post('transfer-encoding: chunked\r\n', `zz\r\nhello\r\n0\r\n\r\n${smuggled}`)],
    ['a negative size', post('transfer-encoding: chunked\r\n', `-5\r\nhello\r\n0\r\n\r\n${smuggled}`)],
    ['a size with a prefix', post('transfer-encoding: chunked\r\n', `0x5\r\nhello\r\n0\r\n\r\n${smuggled}`)],
    ['a size beyond all numbers', post('transfer-encoding: chunked\r\n', `FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n${smuggled}`)],
    ['no size', post('transfer-encoding: chunked\r\n', `\r\nhello\r\n0\r\n\r\n${smuggled}`)],
    ['a size that ends in LF alone', post('transfer-encoding: chunked\r\n', `5\nhello\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk that is longer than it says', post('transfer-encoding: chunked\r\n', `2\r\nhello\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk that ends in LF alone', post('transfer-encoding: chunked\r\n', `5\r\nhello\n0\r\n\r\n${smuggled}`)],
    ['an extension without an end', post('transfer-encoding: chunked\r\n', `5;${'x'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n${smuggled}`)],
    ['an extension with LF in it', post('transfer-encoding: chunked\r\n', `5;a\n\r\nhello\r\n0\r\n\r\n${smuggled}`)],
  ])('%s', async ([, request]) => {
    const statuses = await answersTo(request)
    expect(statuses.length).toBeLessThanOrEqual(1)
    for (const status of statuses) expect([400, 413, 499]).toContain(status)
    expect(upstream.requests.filter((one) => one.includes('smuggled'))).toEqual([])
    await servesOn()
  })

  test.for<[what: string, body: string]>([
    ['extensions', '5;a=b;c="d e"\r\nhello\r\n0;last\r\n\r\n'],
    ['leading zeros', '0005\r\nhello\r\n000\r\n\r\n'],
    ['trailers', '5\r\nhello\r\n0\r\nx-trailer: canary\r\n\r\n'],
    ['many small ones', `${'1\r\nh\r\n'.repeat(5)}0\r\n\r\n`],
  ])('but chunks may have %s', async ([, body]) => {
    expect(await answersTo(post('connection: close\r\ntransfer-encoding: chunked\r\n', body))).toEqual([200])
    expect(upstream.requests).toHaveLength(1)
    expect(upstream.requests[0]).toMatch(/\r\n\r\n[\da-f]+\r\nh[^]*0\r\n\r\n$/)
    expect(upstream.requests[0]).not.toContain('trailer')
  })
})

describe('a head that is no HTTP is a 4xx, and nothing of it is passed on', { timeout: 30_000 }, () => {
  test.for<[what: string, request: string | Buffer, status?: number]>([
    ['a folded line', head('x: a\r\n b\r\n')],
    ['a folded line at the beginning', 'GET /open/x HTTP/1.1\r\n host: x\r\n\r\n'],
    ['lines that end in LF alone', 'GET /open/x HTTP/1.1\nhost: x\n\n'],
    ['one line that ends in LF alone', head('x: a\n')],
    ['a CR within a value', head('x: a\rb\r\n')],
    ['a NUL in a value', head('x: a\0b\r\n')],
    ['a NUL in a name', head('x\0: a\r\n')],
    ['another control character in a value', head('x: a\x01b\r\n')],
    ['a name without a colon', head('x\r\n')],
    ['an empty name', head(': a\r\n')],
    ['a name of two words', head('x y: a\r\n')],
    ['a name that is no token', head('x(y): a\r\n')],
    ['a name beyond ASCII', Buffer.from(head('xé: a\r\n'))],
    ['a head that is too large', head(`x: ${'a'.repeat(20_000)}\r\n`), 431],
    ['a head of too many lines, though it is small enough', head('a:\r\n'.repeat(3000)), 431],
    ['a path that is too long', `GET /open/${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
    ['trailers that are too large', post('transfer-encoding: chunked\r\n', `0\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`), 0],
    ['no method', '/open/x HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a method in lower case', head('').replace('GET', 'get')],
    ['a method that nobody knows', head('').replace('GET', 'STEAL')],
    ['a tab', head('').replace('GET ', 'GET\t')],
    ['a space in the path', head('').replace('/open/x', '/open/x y')],
    ['a control character in the path', head('').replace('/open/x', '/open/\x01')],
    ['bytes beyond ASCII in the path', Buffer.from(head('').replace('/open/x', '/open/é'))],
    ['no version', 'GET /open/x\r\n\r\n'],
    ['another protocol', head('').replace('HTTP/1.1', 'ICY/1.1')],
    ['a version to come', head('').replace('HTTP/1.1', 'HTTP/3.0')],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', Buffer.from('16030100a5010000a10303'.padEnd(340, '0'), 'hex')],
    ['noise', Buffer.from(Array.from({ length: 200 }, (_, index) => (index * 167 + 13) % 256))],
  ])('%s', async ([, request, status = 400]) => {
    const { length } = await gateway.lines()
    const statuses = await answersTo(request)
    // An answer that is under way when its request breaks cannot be followed by another one.
    expect(statuses).toEqual(status === 0 ? [] : [status])
    expect(upstream.requests.join('')).not.toMatch(/ \/open\/\S* HTTP\/1\.1\r\n[^]*\r\n\r\n$/)
    const lines = await gateway.lines(length + 1)
    expect(lines.at(-1)).toMatchObject(status === 0 ? {} : { status, outcome: 'refused' })
    await servesOn()
  })

  test('values may hold what is no ASCII, and tabs', async () => {
    expect(await answersTo(Buffer.from(head('connection: close\r\nx: caf\xe9\ty\r\n'), 'latin1'))).toEqual([200])
    expect(upstream.requests[0]).toContain('x: caf\xe9\ty\r\n')
  })

  test('an upgrade that nobody offers is an ordinary request', async () => {
    expect(await answersTo(head('connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n'))).toEqual([200])
    expect(upstream.requests[0]).not.toMatch(/^(?:upgrade|connection: upgrade)/im)
  })
})

describe('a path', { timeout: 30_000 }, () => {
  test.for<[path: string, route: string | undefined]>([
    ['/open/../admin/x', 'admin'],
    ['/open/%2e%2e/admin/x', 'admin'],
    ['/open/%2E./admin/x', 'admin'],
    ['/open/./x', 'open'],
    ['//open//x', 'open'],
    ['/%6fpen/x', 'open'],
    ['/open/..%2fadmin/x', 'open'],
    ['/open/%2e%2e%2fadmin/x', 'open'],
    ['/open%2fx', undefined],
    ['/../../open/x', 'open'],
    ['/open/x/../../nowhere', undefined],
    ['/open\\..\\admin/x', undefined],
    ['/open/x;a=/../../admin/x', 'admin'],
    ['/open/x?/../../admin', 'open'],
    ['http://other/open/x', 'open'],
    ['HTTP://other/admin/../open/x', 'open'],
  ])('%s is that of the route %s, however it is spelled', async ([path, route]) => {
    const { length } = await gateway.lines()
    expect(await answersTo(get(path, close))).toEqual([route === undefined ? 404 : 200])
    const lines = await gateway.lines(length + 1)
    expect(lines.at(-1)).toMatchObject({ route_id: route ?? null })
    expect(upstream.requests).toHaveLength(route === undefined ? 0 : 1)
  })

  test.for(['/open/%00', '/open/%0a', '/open/%0d%0ax: y', '/open/%7f', '/open/%c2%85', '/open/%', '/open/%zz', '/open/%ff', '/open/%c0%ae%c0%ae/x', '/open/%ed%a0%80', '*', 'open/x', 'mailto:x'])(
    '%s is none: 400, nobody is asked',
    async (path) => {
      expect(await answersTo(get(path.replace(' ', '%20'), close))).toEqual([400])
      expect(upstream.requests).toEqual([])
      await servesOn()
    },
  )

  test.for(['/v1/files/..%2f..%2fadmin', '/v1/files/%2e%2e/%2e%2e/admin', '/v1/files/..;/admin', '/v1/models/..%5c..%5cadmin'])(
    '%s does not lead the company’s key to another place of the provider',
    async (path) => {
      const [status] = await answersTo(get(path, close))
      for (const request of upstream.requests) expect(request).toMatch(/^GET \/(?:v1\/(?:files|models)|admin)\//)
      for (const request of upstream.requests) expect(decodeURIComponent(/^GET (\S+)/.exec(request)![1]!).startsWith('/v1/') && request.includes('..')).toBe(false)
      expect([200, 400, 404]).toContain(status)
    },
  )
})

describe('requests that come before their turn', { timeout: 30_000 }, () => {
  test('a hundred are answered in their turn', async () => {
    const paths = Array.from({ length: 100 }, (_, index) => `/open/${index}`)
    const statuses = await answersTo(paths.map((path) => get(path)).join('') + get('/nowhere', 'connection: close\r\n'))
    expect(statuses).toEqual([...paths.map(() => 200), 404])
    expect(upstream.requests.map((request) => request.split(' ')[1])).toEqual(paths)
  })

  test('what follows a request with a body of its own length is the next request, in whatever pieces it comes', async () => {
    const socket = await openSocket(gateway.url)
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    const bytes = post('content-length: 43\r\n', smuggled.padEnd(43)) + post('transfer-encoding: chunked\r\n', `2b\r\n${smuggled.padEnd(43)}\r\n0\r\n\r\n`) + get('/nowhere', 'connection: close\r\n')
    for (const byte of bytes) if (!socket.write(byte)) await once(socket, 'drain')
    await once(socket, 'close')
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404'])
    expect(upstream.requests.map((request) => request.split(' ')[1])).toEqual(['/open/x', '/open/x'])
  })

  test('one that is broken ends the connection behind the answers before it', async () => {
    const statuses = await answersTo(`${get('/open/a')}${get('/open/b')}GET / HTTP/1.1\r\nhost: x\r\nx y\r\n\r\n${get('/open/c')}`)
    expect(statuses.length).toBeLessThanOrEqual(3)
    expect(statuses.filter((status) => status !== 200)).toEqual(statuses.length === 3 ? [400] : [])
    expect(upstream.requests.join('')).not.toContain('/open/c')
    await servesOn()
  })
})

test('of all that nothing is left, and nothing was the gateway’s own fault', { timeout: 30_000 }, async () => {
  await vi.waitUntil(() => gateway.gateway.snapshot.inFlight === 0, 10_000)
  const lines = await gateway.lines()
  expect(lines.filter(({ status }) => Number(status) >= 500)).toEqual([])
  expect(gateway.logged()).not.toContain('could not be read')
})
