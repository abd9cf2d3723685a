import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { definePlugin, json, Type } from '@sluice/kernel'
import { describe, expect, test, vi } from 'vitest'
import { startGateway } from './gateway.ts'
import { ask, startRaw, startUpstream } from './upstream.ts'

const quick = { connect: 5, send: 0.1, read: 0.1 }
const errorOf = (body: Buffer): unknown => (JSON.parse(body.toString()) as { error_msg: string }).error_msg

/** Opens a request and hands its response over, unread. */
async function open(port: number, options = {}): Promise<IncomingMessage> {
  const req = request({ port, host: '127.0.0.1', agent: false, ...options }).on('error', () => {})
  req.end()
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  return res.on('error', () => {})
}

function closeOf(res: IncomingMessage): Promise<void> {
  return new Promise((resolve) => res.once('close', resolve))
}

describe('an upstream that', () => {
  test.for([
    ['refuses to speak HTTP', (socket: Socket) => socket.end('garbage\r\n\r\n'), 502, 'sent an answer that is not HTTP'],
    ['switches protocols', (socket: Socket) => socket.write('HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'), 502, 'switched protocols'],
    ['sends headers without end', (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`), 502, 'sent more headers than are taken'],
    ['says nothing', () => {}, 504, 'did not answer within'],
    ['stops within its head', (socket: Socket) => socket.write('HTTP/1.1 200 OK\r\nx: '), 504, 'did not answer within'],
    ['hangs up within its head', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nx: '), 502, ''],
    ['says that it will go on', (socket: Socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 502, ''],
  ] as const)('%s is a %#', async ([, act, status, message]) => {
    await using upstream = await startRaw((socket) => socket.once('data', () => act(socket)))
    await using gateway = await startGateway({ nodes: [upstream.node], timeout: quick })
    const answer = await ask(gateway.port, { method: 'POST' }, 'x')
    expect(answer.status).toBe(status)
    expect(errorOf(answer.body)).toContain(`the upstream ${message}`)
    expect(gateway.settled[0]?.outcome).toBe(status === 504 ? 'stalled' : 'upstream_error')
    await vi.waitFor(() => expect(upstream.sockets.size).toBe(0), { timeout: 15_000 })
  })

  test('does not take the request is a 504', async () => {
    await using upstream = await startRaw((socket) => socket.pause())
    await using gateway = await startGateway({ nodes: [upstream.node], timeout: quick })
    const settled = gateway.next()
    // Whether the client reads the answer while it is still sending is its own affair.
    await ask(gateway.port, { method: 'POST' }, randomBytes(32 << 20)).catch(() => {})
    const { outcome, reply } = await settled
    expect({ outcome, status: reply?.status }).toEqual({ outcome: 'stalled', status: 504 })
    expect(reply?.body).toContain('the upstream did not take the request for')
  })

  const beginnings = {
    length: 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning',
    chunks: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\nthe beginning\r\n',
  }

  test.for(['length', 'chunks'] as const)('breaks off (%s) leaves the client with a broken answer', async (kind) => {
    await using upstream = await startRaw((socket) => socket.once('data', () => socket.write(beginnings[kind])))
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const res = await open(gateway.port)
    const [chunk] = (await once(res, 'data')) as [Buffer]
    expect(chunk.toString()).toBe('the beginning')
    for (const socket of upstream.sockets) socket.end()
    await closeOf(res)
    expect(res.complete).toBe(false)
    await vi.waitFor(() => expect(gateway.settled[0]?.outcome).toBe('truncated'), { timeout: 15_000 })
  })

  test('stands still in the middle is cut off', async () => {
    await using upstream = await startRaw((socket) => socket.once('data', () => socket.write(beginnings.chunks)))
    await using gateway = await startGateway({ nodes: [upstream.node], timeout: quick })
    const res = await open(gateway.port)
    res.resume()
    await closeOf(res)
    expect(res.complete).toBe(false)
    await vi.waitFor(() => expect(gateway.settled[0]?.outcome).toBe('stalled'), { timeout: 15_000 })
    await vi.waitFor(() => expect(upstream.sockets.size).toBe(0), { timeout: 15_000 })
  })

  test('cuts its answer in the same breath is a 502', async () => {
    await using upstream = await startRaw((socket) => socket.once('data', () => socket.end(beginnings.length)))
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const settled = gateway.next()
    const { status } = await ask(gateway.port).catch(() => ({ status: 0 }))
    expect(`${status} ${(await settled).outcome}`).toMatch(/^(0 truncated|502 upstream_error)$/)
  })

  test('ends with its connection has ended well', async () => {
    await using upstream = await startRaw((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nto the end')))
    await using gateway = await startGateway({ nodes: [upstream.node] })
    expect((await ask(gateway.port)).body.toString()).toBe('to the end')
  })

  test('answers before it has the whole request is heard', async () => {
    await using upstream = await startRaw((socket) => socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nno!')))
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const req = request({ port: gateway.port, host: '127.0.0.1', method: 'POST', agent: false }).on('error', () => {})
    req.write('the first of many')
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    expect(res.statusCode).toBe(413)
    expect(Buffer.concat(await res.toArray()).toString()).toBe('no!')
    req.destroy()
  })
})

describe('a client that leaves', () => {
  test('before the head closes the upstream', async () => {
    await using upstream = await startRaw((socket) => socket.resume())
    await using gateway = await startGateway({ nodes: [upstream.node, upstream.node] })
    const req = request({ port: gateway.port, host: '127.0.0.1', agent: false }).on('error', () => {})
    req.end()
    await vi.waitFor(() => expect(upstream.sockets.size).toBe(1), { timeout: 15_000 })
    const settled = gateway.next()
    req.destroy()
    expect((await settled).outcome).toBe('client_disconnect')
    await vi.waitFor(() => expect(upstream.sockets.size).toBe(0), { timeout: 15_000 })
  })

  test('in the middle of the answer closes the upstream', async () => {
    await using upstream = await startUpstream((_, res) => void res.write('one'))
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const res = await open(gateway.port)
    const settled = gateway.next()
    res.destroy()
    expect((await settled).outcome).toBe('client_disconnect')
    await vi.waitFor(() => expect(upstream.sockets.size).toBe(0), { timeout: 15_000 })
  })

  test('in the middle of its request closes the upstream', async () => {
    let got = ''
    await using upstream = await startUpstream((req) => void req.on('data', (chunk) => (got += chunk)).on('error', () => {}))
    await using gateway = await startGateway({ nodes: [upstream.node] })
    const socket = connect(gateway.port, '127.0.0.1').on('error', () => {})
    socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf')
    await vi.waitFor(() => expect(got).toBe('half'), { timeout: 15_000 })
    const settled = gateway.next()
    socket.destroy()
    expect((await settled).outcome).toBe('client_disconnect')
    await vi.waitFor(() => expect(upstream.sockets.size).toBe(0), { timeout: 15_000 })
  })
})

test('a plugin that gives the answer up closes the upstream', async () => {
  await using upstream = await startUpstream((_, res) => void res.write('one'))
  const plugin = definePlugin({
    name: 'guard',
    priority: 1,
    schema: Type.Object({}),
    setup: () => ({
      async proxy(_, next) {
        await next()
        return json(403, {})
      },
    }),
  })
  await using gateway = await startGateway({ nodes: [upstream.node] }, { others: [plugin] })
  const { statusCode } = await open(gateway.port)
  expect(statusCode).toBe(403)
  await vi.waitFor(() => expect(upstream.sockets.size).toBe(0), { timeout: 15_000 })
})

test('a client that reads slowly holds the upstream back, and misses nothing', async () => {
  const size = 64 << 20
  const piece = randomBytes(1 << 20)
  let sent = 0
  const hash = createHash('sha256')
  await using upstream = await startUpstream(async (_, res) => {
    res.writeHead(200, { 'content-length': size })
    while (sent < size) {
      hash.update(piece)
      sent += piece.byteLength
      if (!res.write(piece)) await once(res, 'drain')
    }
    res.end()
  })
  await using gateway = await startGateway({ nodes: [upstream.node] })
  const res = await open(gateway.port)
  let before = -1
  await vi.waitFor(
    () => {
      const now = sent
      const isStill = now === before
      before = now
      expect(isStill).toBe(true)
    },
    { interval: 200 },
  )
  // What the sockets of this machine hold is most of it.
  expect(sent).toBeLessThan(24 << 20)
  const got = createHash('sha256')
  let length = 0
  for await (const chunk of res) {
    got.update(chunk as Buffer)
    length += (chunk as Buffer).byteLength
  }
  expect(length).toBe(size)
  expect(got.digest('hex')).toBe(hash.digest('hex'))
})

test('a client that reads slowly does not make the upstream late', async () => {
  const body = randomBytes(16 << 20)
  await using upstream = await startUpstream((_, res) => void res.end(body))
  await using gateway = await startGateway({ nodes: [upstream.node], timeout: quick })
  const res = await open(gateway.port)
  const started = performance.now()
  await vi.waitFor(() => expect(performance.now() - started).toBeGreaterThan(400), { timeout: 15_000 }) // four times the limit
  expect(Buffer.concat(await res.toArray()).equals(body)).toBe(true)
  expect(gateway.settled[0]?.outcome ?? 'complete').toBe('complete')
})
