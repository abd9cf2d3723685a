import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { definePlugin, isStream, Type, type Exchange, type Plugin } from '@sluice/kernel'
import { describe, expect, test, vi } from 'vitest'
import { startGateway } from './gateway.ts'
import { ask, startRaw, startUpstream, type Upstream } from './upstream.ts'

interface Seen {
  line: string
  headers: Record<string, string>
  raw: string
}

/** Answers 200 to everything and tells what it saw of the head, byte for byte. */
async function recorder(seen: Seen[], answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'): Promise<Upstream> {
  return startRaw((socket) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (!text.includes('\r\n\r\n')) return
      const [line = '', ...fields] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')
      const headers = Object.fromEntries(fields.map((field) => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 2)]))
      seen.push({ line, headers, raw: text })
      socket.end(answer, 'latin1')
    })
  })
}

/** What a client sends that has no manners. */
async function sendRaw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text, 'latin1')
  return Buffer.concat(await socket.toArray()).toString('latin1')
}

describe('the request', () => {
  test('goes up with its end-to-end headers, and those of a reverse proxy', async () => {
    const seen: Seen[] = []
    await using upstream = await recorder(seen)
    await using gateway = await startGateway({ nodes: [upstream.node] })
    await sendRaw(
      gateway.port,
      [
        'GET /a%20b/%fc/../c?q=%7B&x HTTP/1.1',
        'Host: api.test:8080',
        'Connection: close, X-Private , te, host',
        'Keep-Alive: timeout=5',
        'Proxy-Connection: keep-alive',
        'Proxy-Authorization: Basic x',
        'Proxy: http://evil.test',
        'TE: trailers',
        'Trailer: x',
        'Upgrade: h2c',
        'HTTP2-Settings: x',
        'X-Private: mine',
        'X-Forwarded-For: 1.1.1.1',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: evil.test',
        'X-Forwarded-Port: 1',
        'X-Real-IP: 1.1.1.1',
        'Forwarded: for=1.1.1.1',
        'Authorization: Bearer t',
        'Cookie: a=b',
        'X-Latin: gr\xfc\xdfe',
        '',
        '',
      ].join('\r\n'),
    )
    expect(seen[0]?.line).toBe('GET /a%20b/%fc/../c?q=%7B&x HTTP/1.1')
    expect(seen[0]?.headers).toEqual({
      host: 'api.test:8080',
      connection: 'keep-alive',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': String(gateway.port),
      'x-forwarded-host': 'api.test:8080',
      'x-real-ip': '127.0.0.1',
      authorization: 'Bearer t',
      cookie: 'a=b',
      'x-latin': 'gr\xfc\xdfe',
    })
  })

  test('keeps what a trusted proxy says, less what its client made up, and adds that proxy', async () => {
    const seen: Seen[] = []
    await using upstream = await recorder(seen)
    const trusted = { remoteAddress: '203.0.113.7', peerAddress: '10.0.0.2' }
    await using gateway = await startGateway({ nodes: [upstream.node] }, { request: trusted })
    const headers = {
      host: 'inner',
      'x-forwarded-for': '6.6.6.6, 203.0.113.7,10.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.test',
      forwarded: 'for=203.0.113.7',
    }
    await ask(gateway.port, { headers })
    expect(seen[0]?.headers).toMatchObject({
      'x-forwarded-for': '203.0.113.7, 10.0.0.1, 10.0.0.2',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.test',
      'x-forwarded-port': String(gateway.port),
      'x-real-ip': '203.0.113.7',
      forwarded: 'for=203.0.113.7',
    })
  })

  test.for([
    [{ pass_host: 'pass' }, 'api.test'],
    [{ pass_host: 'node' }, 'the node'],
    [{ pass_host: 'rewrite', upstream_host: 'inner.test' }, 'inner.test'],
  ] as const)('names the host that %j asks for', async ([config, host]) => {
    const seen: Seen[] = []
    await using upstream = await recorder(seen)
    await using gateway = await startGateway({ nodes: [upstream.node], ...config })
    await ask(gateway.port, { headers: { host: 'api.test' } })
    expect(seen[0]?.headers['host']).toBe(host === 'the node' ? `127.0.0.1:${upstream.port}` : host)
  })

  test('goes up while the client is still sending it', async () => {
    let got = ''
    await using upstream = await startUpstream((req, res) => {
      req.on('data', (chunk) => (got += chunk)).on('end', () => res.end('thanks'))
    })
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const req = request({ port: gateway.port, host: '127.0.0.1', method: 'POST', agent: false })
    req.write('first ')
    await vi.waitFor(() => expect(got).toBe('first '), { timeout: 15_000 })
    req.end('second')
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    expect(Buffer.concat(await res.toArray()).toString()).toBe('thanks')
    expect(got).toBe('first second')
  })

  test.for([
    ['GET', undefined, undefined, undefined],
    ['POST', undefined, '0', undefined],
    ['POST', '', '0', undefined],
    ['GET', 'body', '4', undefined],
    ['DELETE', 'body', '4', undefined],
    ['PUT', 'body', undefined, 'chunked'],
  ] as const)('of a %s with body %j has the framing that it came with', async ([method, body, length, encoding]) => {
    const seen: Seen[] = []
    await using upstream = await recorder(seen)
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const headers = encoding ? { 'transfer-encoding': encoding } : { ...(length !== undefined && { 'content-length': length }) }
    await ask(gateway.port, { method, headers }, body)
    expect(seen[0]?.headers['content-length']).toBe(length)
    expect(seen[0]?.headers['transfer-encoding']).toBe(encoding)
  })

  test('drops trailers', async () => {
    const seen: Seen[] = []
    await using upstream = await recorder(seen)
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const chunks = '4\r\nbody\r\n0\r\nX-Trailer: t\r\n\r\n'
    const answer = await sendRaw(gateway.port, `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\ntrailer: x-trailer\r\n\r\n${chunks}`)
    expect(answer).toMatch(/^HTTP\/1.1 200/)
    await vi.waitFor(() => expect(seen[0]?.raw).not.toContain('railer'), { timeout: 15_000 })
  })

  test('that a plugin has given what HTTP cannot carry is a 400, not a crash', async () => {
    const seen: Seen[] = []
    await using upstream = await recorder(seen)
    await using broken = await startGateway({ nodes: [upstream.node] }, { others: [rewriter(({ request: { headers } }) => (headers['x'] = 'a\r\nb: c'))] })
    expect((await ask(broken.port)).status).toBe(400)
    await using odd = await startGateway({ nodes: [upstream.node] }, { others: [rewriter(({ request: it }) => (it.path = '/日 本\ud800\r\n'))] })
    expect((await ask(odd.port)).status).toBe(200)
    expect(seen.map(({ line }) => line)).toEqual(['GET /%E6%97%A5%20%E6%9C%AC%EF%BF%BD%0D%0A HTTP/1.1'])
  })
})

function rewriter(rewrite: (ctx: Exchange) => unknown, body: 'none' | 'whole' = 'none'): Plugin {
  return definePlugin({ name: 'rewriter', priority: 1, schema: Type.Object({}), body, setup: () => ({ rewrite: (ctx) => void rewrite(ctx) }) })
}

describe('the answer', () => {
  test('comes down with its end-to-end headers', async () => {
    const head = [
      'HTTP/1.1 200 Fine',
      'Content-Type: text/plain',
      'Set-Cookie: a=1, x',
      'Set-Cookie: b=2',
      'Vary: a',
      'Vary: b',
      'X-Latin: gr\xfc\xdfe',
      'X-Private: mine',
      'Connection: close, x-private',
      'Keep-Alive: timeout=9',
      'Proxy-Authenticate: x',
      'Trailer: x',
      'ETag: "1"',
      'Transfer-Encoding: chunked',
      'Date: yesterday',
    ]
    const body = 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'
    await using upstream = await recorder([], `${body}${head.join('\r\n')}\r\n\r\n2\r\nok\r\n0\r\nX-Trailer: t\r\n\r\n`)
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const answer = await ask(gateway.port)
    expect(answer.body.toString()).toBe('ok')
    const { connection, 'transfer-encoding': encoding, ...headers } = answer.headers
    expect([connection, encoding]).toEqual(['close', 'chunked']) // those of the test's own front
    expect(headers).toEqual({
      'content-type': 'text/plain',
      'set-cookie': ['a=1, x', 'b=2'],
      vary: 'a, b',
      'x-latin': 'gr\xfc\xdfe',
      etag: '"1"',
      date: 'yesterday',
    })
  })

  test.for([
    ['HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n', 200, '1000'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204, undefined],
    ['GET', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n', 304, '1000'],
    ['GET', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', 200, '0'],
  ] as const)('to a %s has no body where it may have none (%#)', async ([method, head, status, length]) => {
    await using upstream = await recorder([], head)
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const answer = await ask(gateway.port, { method })
    expect({ status: answer.status, length: answer.headers['content-length'], body: answer.body.toString() }).toEqual({ status, length, body: '' })
    expect(gateway.settled[0]?.reply?.body).toBeNull()
  })

  test('keeps its length, whatever its Connection field says', async () => {
    await using upstream = await recorder([], 'HTTP/1.1 200 OK\r\nconnection: close, content-length\r\ncontent-length: 2\r\n\r\n')
    await using gateway = await startGateway({ nodes: [upstream.node] })
    expect((await ask(gateway.port, { method: 'HEAD' })).headers['content-length']).toBe('2')
  })

  test('is whole where it came in one piece', async () => {
    await using upstream = await startUpstream((_, res) => void res.end('small'))
    await using gateway = await startGateway({ nodes: [upstream.node] })
    expect((await ask(gateway.port)).body.toString()).toBe('small')
    expect(gateway.settled[0]?.reply?.body).toEqual([Buffer.from('small')])
  })

  test('of a server that sends events arrives event by event', async () => {
    const more: (() => void)[] = []
    await using upstream = await startUpstream((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write('data: 1\n\n')
      more.push(() => res.end('data: 2\n\n'))
    })
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const req = request({ port: gateway.port, host: '127.0.0.1', agent: false })
    req.end()
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    const [first] = (await once(res, 'data')) as [Buffer]
    expect(first.toString()).toBe('data: 1\n\n')
    more[0]!()
    expect(Buffer.concat(await res.toArray()).toString()).toBe('data: 2\n\n')
    expect(isStream(gateway.settled[0]!.reply!.body)).toBe(true)
  })

  test.for([
    [200, 'complete'],
    [404, 'complete'],
    [503, 'upstream_error'],
  ] as const)('of %i counts as %s', async ([status, outcome]) => {
    await using upstream = await startUpstream((_, res) => void res.writeHead(status).end('x'))
    await using gateway = await startGateway({ nodes: [upstream.node] })
    expect((await ask(gateway.port)).status).toBe(status)
    expect(gateway.settled[0]?.outcome).toBe(outcome)
  })
})

const big = randomBytes(12 << 20)
const echo = (): Promise<Upstream> =>
  startUpstream((req, res) => {
    const length = req.headers['content-length']
    res.writeHead(200, { 'x-length': length ?? 'none', ...(length !== undefined && { 'content-length': length }) })
    req.pipe(res)
  })

describe('bodies', { timeout: 20_000 }, () => {
  test.for(['length', 'chunked'])('are the same on both sides, however large (%s)', async (framing) => {
    await using upstream = await echo()
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const headers = framing === 'length' ? { 'content-length': big.byteLength } : { 'transfer-encoding': 'chunked' }
    const req = request({ port: gateway.port, host: '127.0.0.1', method: 'POST', headers, agent: false })
    req.end(big)
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    expect(res.headers['x-length']).toBe(framing === 'length' ? String(big.byteLength) : 'none')
    expect(res.headers['content-length']).toBe(framing === 'length' ? String(big.byteLength) : undefined)
    expect(Buffer.concat(await res.toArray()).equals(big)).toBe(true)
  })

  test.for([0, 5, 300_000, big.byteLength])('of %i bytes that a plugin has read go up from memory', async (size) => {
    await using upstream = await echo()
    await using gateway = await startGateway({ nodes: [upstream.node] }, { others: [rewriter(() => {}, 'whole')] })
    const answer = await ask(gateway.port, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, big.subarray(0, size))
    expect(answer.headers['x-length']).toBe(String(size))
    expect(answer.body.equals(big.subarray(0, size))).toBe(true)
  })

  test('that a plugin has changed go up changed, with the length that they have now', async () => {
    await using upstream = await echo()
    const plugin = rewriter(({ request: it }) => it.body.document.set(['model'], 'longer than before'), 'whole')
    await using gateway = await startGateway({ nodes: [upstream.node] }, { others: [plugin] })
    const answer = await ask(gateway.port, { method: 'POST', headers: { 'content-type': 'application/json' } }, '{ "model":"m", "n": 1.0 }')
    expect(answer.body.toString()).toBe('{ "model":"longer than before", "n": 1.0 }')
    expect(answer.headers['x-length']).toBe(String(answer.body.byteLength))
  })
})

test('tells what it did for the log', async () => {
  await using upstream = await startUpstream((_, res) => void res.writeHead(201, { 'x-a': 'b' }).end('four'))
  await using gateway = await startGateway({ nodes: [upstream.node] })
  const settled = gateway.next()
  await ask(gateway.port, { path: '/p?a=1&token=secret' })
  const { upstream: record } = await settled
  expect(record).toMatchObject({
    address: `127.0.0.1:${upstream.port}`,
    scheme: 'http',
    host: '127.0.0.1',
    uri: '/p?a=1&token=***',
    balancer: '127.0.0.1',
    balancerPort: upstream.port,
    status: 201,
    bytes: 4,
  })
  expect(record!.header!('x-a')).toBe('b')
  const { startedAt, connectedAt, headAt, endedAt } = record!
  expect([startedAt, connectedAt!, headAt!, endedAt!].toSorted((a, b) => a - b)).toEqual([startedAt, connectedAt, headAt, endedAt])
})
