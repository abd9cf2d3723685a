import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { createGzip } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { anyPorts, eventually, runGateway, type RunningGateway } from './support/program.ts'
import { askRaw } from './support/raw-client.ts'
import { chat } from './support/stage.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { startUpstream } from './support/upstream.ts'
import { root } from './support/workspace.ts'

const MiB = 1024 * 1024
/** What each stream would send, were it taken. */
const streamBytes = 50 * MiB
/** So many that what a stream holds stands out of what a process needs besides. */
const clients = 12

function eventOf(bytes: number): Buffer {
  const choices = [{ index: 0, delta: { content: 'x'.repeat(bytes) }, finish_reason: null }]
  return Buffer.from(`data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices })}\n\n`)
}

/** An upstream that sends as fast as it is taken, in the way that the model's name says, and tells how much it has sent. */
async function fastUpstream(): Promise<{ url: string; sent(): number }> {
  let sent = 0
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      const { model = '' } = JSON.parse(body) as { model?: string }
      const [kind = '', size = '', total = ''] = model.split('-')
      const piece = eventOf(Number(size))
      const left = total === '' ? streamBytes : Number(total)
      const packed = kind === 'gzip'
      res.writeHead(200, { 'content-type': kind === 'bytes' ? 'audio/mpeg' : 'text/event-stream', ...(packed && { 'content-encoding': 'gzip' }) })
      if (packed) {
        const pack = createGzip({ level: 1 })
        pack.pipe(res)
        pump(pack, piece, left, (bytes) => (sent += bytes))
      } else pump(res, piece, left, (bytes) => (sent += bytes))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent: () => sent }
}

function pump(to: ServerResponse | ReturnType<typeof createGzip>, piece: Buffer, total: number, count: (bytes: number) => void): void {
  let left = total
  const write = (): void => {
    if (to.destroyed) return
    if (left <= 0) return void to.end('data: [DONE]\n\n')
    left -= piece.length
    count(piece.length)
    if (to.write(piece)) setImmediate(write)
    else to.once('drain', write)
  }
  write()
}

/** A gateway in a process of its own, which tells its memory at `/memory`. */
async function gatewayTo(url: string): Promise<RunningGateway> {
  return runGateway({
    gateway: { ...anyPorts, access_log: false, plugins: [join(root, 'test/support/tell-memory.ts')] },
    routes: [
      { id: 'ai', uri: '/v1/*', plugins: { 'ai-proxy': { provider: 'openai', auth: {}, override: { endpoint: url } } } },
      { id: 'memory', uri: '/memory', plugins: { 'tell-memory': {} } },
    ],
  })
}

/** Bytes that a gateway holds; the kernel's socket buffers are not among them. */
async function heldBy({ url }: RunningGateway): Promise<number> {
  const { body } = await askRaw(`${url}/memory`, { method: 'GET' })
  return (JSON.parse(body.toString()) as { held: number }).held
}

/** Asks for a stream and reads its head, and then a kilobyte a second. */
async function slowReader(url: string, path: string, body: object): Promise<Socket> {
  const text = JSON.stringify(body)
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`)
  await new Promise((resolve) => socket.once('readable', resolve))
  const timer = setInterval(() => socket.read(1024), 1000)
  onTestFinished(() => clearInterval(timer))
  return socket
}

/** Waits until nothing is sent any more, and says how much was. */
async function atRest(sent: () => number): Promise<number> {
  let before = -1
  let still = 0
  await eventually('the streams come to rest', () => {
    still = sent() === before ? still + 1 : 0
    before = sent()
    return still >= 30
  })
  return before
}

const kinds = [
  ['events', chat.path, 'events-16000'],
  ['large events', chat.path, 'events-250000'],
  ['compressed events', chat.path, 'gzip-16000'],
  ['bytes that are passed through', '/v1/audio/speech', 'bytes-16000'],
] as const

describe('memory', () => {
  test('stays below a mebibyte for a client that reads a kilobyte a second, whatever comes', { timeout: 120_000 }, async () => {
    const upstream = await fastUpstream()
    const gateway = await gatewayTo(upstream.url)
    const body = { ...chat.body, stream: true }
    for (const [, path, model] of kinds) {
      const warm = { ...body, model: `${model}-${MiB}` }
      await Promise.all(Array.from({ length: clients }, () => askRaw(gateway.url + path, { body: warm })))
    }
    const before = await heldBy(gateway)
    for (const [what, path, model] of kinds) {
      const sentBefore = upstream.sent()
      const sockets: Socket[] = []
      for (let count = 0; count < clients; count++) sockets.push(await slowReader(gateway.url, path, { ...body, model }))
      const sent = (await atRest(upstream.sent)) - sentBefore
      const each = ((await heldBy(gateway)) - before) / clients
      for (const socket of sockets) socket.destroy()
      // Packed, all of it fits into the kernel's buffers; of the others, those hold what upstream could send.
      const isTooFast = sent > (model.startsWith('gzip') ? 1.01 : 0.5) * clients * streamBytes
      expect({ what, isTooFast, isTooMuch: each > MiB && each }).toEqual({ what, isTooFast: false, isTooMuch: false })
    }
  })

  test('stays flat while a hundred megabytes are passed through', { timeout: 60_000 }, async () => {
    const upstream = await fastUpstream()
    const gateway = await gatewayTo(upstream.url)
    const path = '/v1/audio/speech'
    await askRaw(gateway.url + path, { body: { model: `bytes-16000-${MiB}` } })
    const before = await heldBy(gateway)
    const asking = request(gateway.url + path, { method: 'POST' })
    asking.end(JSON.stringify({ model: `bytes-16000-${100 * MiB}` }))
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    const held: number[] = []
    let received = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      received += chunk.length
      if (received > (held.length + 1) * 20 * MiB) held.push((await heldBy(gateway)) - before)
    }
    expect(received).toBeGreaterThan(100 * MiB)
    expect(held).toHaveLength(5)
    expect(Math.max(...held)).toBeLessThan(2 * MiB)
  })
})

describe('a whole answer', () => {
  const most = 64 * MiB
  const frame = '{"choices":[],"text":""}'

  test.for([
    ['of 64 MiB is relayed', most, {}, 200],
    ['of one byte more is a 502', most + 1, {}, 502],
    ['is bounded by max_response_bytes below that', 1001, { max_response_bytes: 1000 }, 502],
    ['is not bounded by more than that', most + 1, { max_response_bytes: 2 * most }, 502],
  ] as const)('%s', { timeout: 30_000 }, async ([, size, config, status]) => {
    const body = Buffer.from(frame.replace('""', `"${'x'.repeat(size - frame.length)}"`))
    const { url } = await startUpstream((_, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end(body))
    const gateway = await startGateway({ routes: [aiRoute(url, config)] })
    const answer = await askRaw(gateway.url + chat.path, { body: chat.body })
    expect(answer.status).toBe(status)
    expect(answer.body.equals(body)).toBe(status === 200)
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ outcome: status === 200 ? 'complete' : 'upstream_error' }])
  })
})
