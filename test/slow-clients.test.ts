import { once } from 'node:events'
import type { Socket } from 'node:net'
import { definePlugin, json, Type } from '@sluice/kernel'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { openSocket, sendBytes } from './support/raw-socket.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer, startUpstream } from './support/upstream.ts'

const body = '{"model":"m","messages":[]}'
const chatHead = (more: string): string => `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${more}\r\n`

const expects = (length: number): string => chatHead(`content-length: ${length}\r\nexpect: 100-continue\r\n`)

/** A provider behind a gateway of those settings; it counts what it was asked. */
async function serving(settings: object): Promise<TestGateway & { asked(): number }> {
  let asked = 0
  const upstream = await startUpstream((req, res) => {
    asked += 1
    req.resume().on('end', () => res.writeHead(200, { 'content-type': 'application/json' }).end(smallAnswer))
  })
  const nodes = { [`127.0.0.1:${upstream.port}`]: 1 }
  const routes = [
    { ...aiRoute(upstream.url), uri: '/v1/*' },
    { id: 'http', uri: '/http', upstream: { type: 'roundrobin', nodes } },
  ]
  return { ...(await startGateway({ gateway: settings, routes })), asked: () => asked }
}

async function servesOn({ url }: TestGateway): Promise<void> {
  expect((await askRaw(`${url}/v1/chat/completions`, { body })).status).toBe(200)
}

/** Reads to the end of the connection. */
async function rest(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  // Not `once` of events: who still writes hears an error before that, which is as good an end.
  if (!socket.closed) await new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
  return text
}

const isClosed = (socket: Socket): boolean => socket.resume().closed

/** Waits for what is to come; long, for the machine may have other things to do. */
const until = <T>(isSo: () => T | Promise<T>): Promise<T> => vi.waitUntil(isSo, { timeout: 15_000, interval: 5 }) as Promise<T>

/** Writes a byte now and then until the connection is closed. */
function drip(socket: Socket, bytes: string): void {
  let at = 0
  const timer = setInterval(() => socket.write(bytes[at++ % bytes.length] as string), 20)
  socket.once('close', () => clearInterval(timer))
  onTestFinished(() => clearInterval(timer))
}

const hasty = { header_timeout_ms: 200, request_timeout_ms: 400 }

describe('a client that is slow is not waited for', { timeout: 30_000 }, () => {
  test('with its head: 408, one line, and the connection ends', async () => {
    const gateway = await serving(hasty)
    const socket = await openSocket(gateway.url)
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nx-slow: ')
    drip(socket, 'a')
    expect(await rest(socket)).toMatch(/^HTTP\/1\.1 408 [^]*did not arrive in time/)
    expect(await gateway.lines(1)).toMatchObject([{ status: 408, outcome: 'refused' }])
    await servesOn(gateway)
  })

  test.for([
    ['a length', 'content-length: 1000\r\n', ' '],
    ['chunks', 'transfer-encoding: chunked\r\n', '1\r\n \r\n'],
  ] as const)('with its body of %s: 408 in the shape of its dialect, one line, nobody is asked', async ([, framing, bytes]) => {
    const gateway = await serving(hasty)
    const socket = await openSocket(gateway.url)
    socket.write(chatHead(framing))
    drip(socket, bytes)
    const answer = await rest(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*connection: close/i)
    expect(JSON.parse(answer.slice(answer.indexOf('{')))).toMatchObject({
      error: { message: 'the request body did not arrive in time', code: 'request_timeout' },
    })
    expect(await gateway.lines(1)).toMatchObject([{ status: 408, outcome: 'refused', route_id: 'ai' }])
    expect(gateway.asked()).toBe(0)
    await servesOn(gateway)
    expect(gateway.gateway.snapshot.inFlight).toBe(0)
  })

  test('with a body that goes on to an ordinary upstream as it comes', async () => {
    const gateway = await serving(hasty)
    const socket = await openSocket(gateway.url)
    socket.write('POST /http HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n')
    drip(socket, ' ')
    expect(await rest(socket)).toMatch(/^HTTP\/1\.1 408 /)
    expect(await gateway.lines(1)).toMatchObject([{ status: 408, outcome: 'refused', route_id: 'http' }])
    await servesOn(gateway)
  })

  test('where nobody reads its body, that is', async () => {
    const waits = definePlugin({
      name: 'waits',
      priority: 1,
      answers: true,
      schema: Type.Object({}),
      setup: () => ({
        proxy: ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(json(200, {})))),
      }),
    })
    const { url, lines } = await startGateway({ gateway: hasty, routes: [{ id: 'r', uri: '/*', plugins: { waits: {} } }] }, { plugins: [waits] })
    const socket = await openSocket(url)
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n')
    drip(socket, ' ')
    expect(await rest(socket)).toBe('')
    expect(await lines(1)).toMatchObject([{ status: 499, outcome: 'client_disconnect' }])
  })

  test('that opens a connection and sends nothing is let go without a word', async () => {
    const gateway = await serving(hasty)
    expect(await rest(await openSocket(gateway.url))).toBe('')
    await servesOn(gateway)
    expect(await gateway.lines(1)).toHaveLength(1)
  })

  test('the times that a changed file names hold at once', async () => {
    const gateway = await serving({ header_timeout_ms: 500, request_timeout_ms: 60_000 })
    await gateway.apply({ gateway: hasty, routes: [] })
    const socket = await openSocket(gateway.url)
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-le')
    expect(await rest(socket)).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('hundreds of them at once hold nobody else up', async () => {
    const gateway = await serving({ header_timeout_ms: 1000, request_timeout_ms: 1000 })
    const sockets = await Promise.all(Array.from({ length: 400 }, () => openSocket(gateway.url)))
    for (const [index, socket] of sockets.entries()) socket.resume().write(index % 2 === 0 ? 'POST /v1/cha' : chatHead('content-length: 27\r\n'))
    await servesOn(gateway)
    await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')))
    const lines = await gateway.lines(401)
    expect(lines.filter(({ status }) => status === 408)).toHaveLength(400)
    expect(gateway.gateway.snapshot.inFlight).toBe(0)
  })
})

describe('connections beyond max_connections', { timeout: 30_000 }, () => {
  test('close the oldest that never asked for anything, then the oldest that waits', async () => {
    const gateway = await serving({ max_connections: 3 })
    const served = await openSocket(gateway.url)
    served.write('GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(served, 'data')
    const silent = await openSocket(gateway.url)
    const half = await openSocket(gateway.url)
    half.write('GET / HTTP/1.1\r\nhos')
    const fourth = await openSocket(gateway.url)
    await until(() => isClosed(silent))
    const fifth = await openSocket(gateway.url)
    await until(() => isClosed(half))
    expect([served, fourth, fifth].map(isClosed)).toEqual([false, false, false])
    for (const socket of [fourth, fifth]) {
      socket.write('GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n')
      await until(() => socket.bytesRead > 0)
    }
    await servesOn(gateway)
    await until(() => isClosed(served))
    expect(gateway.logged().match(/more connections than gateway\.max_connections/g)).toHaveLength(1)
  })

  test('are closed themselves where all others are at work', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const upstream = await startUpstream(async (_, res) => {
      await promise
      res.end('done')
    })
    const upstreams = { type: 'roundrobin', nodes: { [`127.0.0.1:${upstream.port}`]: 1 } }
    const gateway = await startGateway({ gateway: { max_connections: 2 }, routes: [{ id: 'r', uri: '/*', upstream: upstreams }] })
    const busy = [await openSocket(gateway.url), await openSocket(gateway.url)]
    for (const socket of busy) socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    await until(() => upstream.open() === 2)
    const late = await openSocket(gateway.url)
    expect(await rest(late)).toBe('')
    resolve()
    expect((await Promise.all(busy.map(rest))).every((text) => text.includes('done'))).toBe(true)
    expect((await askRaw(gateway.url, { method: 'GET' })).status).toBe(200)
  })
})

describe('bodies beyond max_buffered_bytes, all together', { timeout: 30_000 }, () => {
  const megabyte = 1024 * 1024
  const large = `{"model":"m","messages":[],"x":"${'x'.repeat(megabyte)}"}`

  test('are a 503 that says when to come again; small ones and those that come later are served', async () => {
    const gateway = await serving({ max_body_bytes: 2 * megabyte, max_buffered_bytes: 2 * megabyte })
    const holding = await openSocket(gateway.url)
    holding.write(chatHead(`content-length: ${large.length}\r\n`) + large.slice(0, -1))
    await until(() => gateway.gateway.snapshot.inFlight === 1)
    await until(() => holding.writableLength === 0)
    const refused = await until(async () => {
      const answer = await askRaw(`${gateway.url}/v1/chat/completions`, { body: large.replace('"x"', `"${'y'.repeat(10)}"`) })
      return answer.status === 503 ? answer : undefined
    })
    expect(refused?.headers).toMatchObject({ 'retry-after': '1' })
    expect(String(refused?.body)).toContain('too many large requests are under way')
    await servesOn(gateway)
    holding.write('}')
    await once(holding, 'data')
    holding.destroy()
    await until(() => gateway.gateway.snapshot.inFlight === 0)
    for (let again = 0; again < 4; again++) {
      expect((await askRaw(`${gateway.url}/v1/chat/completions`, { body: large })).status).toBe(200)
    }
    expect(gateway.logged()).not.toMatch(/"level":50/)
  })

  test('count no more once their client is gone', async () => {
    const gateway = await serving({ max_body_bytes: 2 * megabyte, max_buffered_bytes: 2 * megabyte })
    for (let again = 0; again < 4; again++) {
      const holding = await openSocket(gateway.url)
      holding.write(chatHead(`content-length: ${large.length}\r\n`) + large.slice(0, -1))
      await until(() => holding.writableLength === 0)
      await until(() => gateway.gateway.snapshot.inFlight === 1)
      holding.destroy()
      await until(() => gateway.gateway.snapshot.inFlight === 0)
    }
    expect((await askRaw(`${gateway.url}/v1/chat/completions`, { body: large })).status).toBe(200)
  })
})

describe('uploads that nobody takes', { timeout: 30_000 }, () => {
  const megabyte = 1024 * 1024
  const large = `{"model":"m","messages":[],"x":"${'x'.repeat(megabyte)}"}`

  test.for([
    ['upstream', '/http'],
    ['a hook that waits', '/waits'],
  ] as const)('for %s leave half of max_buffered_bytes to others: their clients wait', async ([, path]) => {
    const sockets: Socket[] = []
    const goOn = Promise.withResolvers<void>()
    const waits = definePlugin({ name: 'waits', priority: 1, schema: Type.Object({}), setup: () => ({ access: () => goOn.promise }) })
    const stubborn = await startUpstream((req) => void sockets.push(req.pause().socket))
    const chats = await startUpstream((req, res) => void req.resume().on('end', () => res.end(smallAnswer)))
    const nodes = { [`127.0.0.1:${stubborn.port}`]: 1 }
    const gateway = await startGateway({
      gateway: { max_body_bytes: 2 * megabyte, max_buffered_bytes: 6 * megabyte },
      routes: [
        { ...aiRoute(chats.url), uri: '/v1/*' },
        { id: 'http', uri: '/http', upstream: { type: 'roundrobin', nodes } },
        { id: 'waits', uri: '/waits', plugins: { waits: {} }, upstream: { type: 'roundrobin', nodes } },
      ],
    }, { plugins: [waits] })
    const clients: Socket[] = []
    for (let uploads = 1; uploads <= 4; uploads++) {
      const client = await openSocket(gateway.url)
      clients.push(client)
      client.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${60 * megabyte}\r\n\r\n`)
      client.write(Buffer.alloc(60 * megabyte))
      let before = -1
      await vi.waitUntil(
        () => {
          const isAtRest = gateway.gateway.snapshot.inFlight === uploads && client.bytesWritten - client.writableLength === before
          before = client.bytesWritten - client.writableLength
          return isAtRest
        },
        { timeout: 15_000, interval: 200 },
      )
      expect(client.writableLength).toBeGreaterThan(0)
      const answers = await Promise.all([1, 2].map(() => askRaw(`${gateway.url}/v1/chat/completions`, { body: large })))
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
    }
    goOn.resolve()
    await until(() => {
      for (const socket of [...sockets, ...clients]) socket.destroy()
      return gateway.gateway.snapshot.inFlight === 0
    })
    // What they held is free again.
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => askRaw(`${gateway.url}/v1/chat/completions`, { body: large })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  })
})

describe('Expect: 100-continue', { timeout: 30_000 }, () => {
  test('is answered once the body is read', async () => {
    const gateway = await serving({})
    const socket = await openSocket(gateway.url)
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    for (const turn of [1, 2]) {
      text = ''
      socket.write(expects(body.length))
      await until(() => text === 'HTTP/1.1 100 Continue\r\n\r\n')
      socket.write(body)
      await until(() => text.endsWith(smallAnswer))
      expect(text.match(/^HTTP\/1\.1 200 /gm), `request ${turn}`).toHaveLength(1)
    }
    socket.destroy()
  })

  test.for([
    ['a body that is too large', expects(101), 413],
    ['a path without a route', expects(10).replace('/v1/chat/completions', '/nowhere'), 404],
    ['two hosts', expects(10).replace('host: x', 'host: x\r\nhost: y'), 400],
  ] as const)('is not answered for %s, and the connection ends with the refusal', async ([, head, status]) => {
    const gateway = await serving({ max_body_bytes: 100 })
    const answer = await sendBytes(gateway.url, head)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*connection: close`, 'i'))
    await servesOn(gateway)
  })

  test('is answered for an ordinary upstream when that takes the body', async () => {
    const gateway = await serving({})
    const socket = await openSocket(gateway.url)
    socket.write('POST /http HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n')
    const [first] = await once(socket, 'data')
    expect(String(first)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write('hello')
    expect(await rest(socket)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('of anything else is ignored', async () => {
    const { url } = await serving({})
    const answer = await sendBytes(url, chatHead(`content-length: ${body.length}\r\nexpect: tea\r\nconnection: close\r\n`) + body)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  })
})
