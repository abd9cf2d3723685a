import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { definePlugin, Type, type Exchange, type Reply } from '@sluice/kernel'
import { Agents, callUpstream, outgoingBody, Pump } from '@sluice/upstream'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer, startUpstream, type Upstream } from './support/upstream.ts'

// A large request gives its memory back as soon as its exchange is settled. Until then, and to whoever keeps it, it is what it was.

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const path = '/v1/chat/completions'
const noConfig = Type.Object({})

/** A request that nobody else makes: whose it is is in every few bytes. */
function requestOf(name: string, bytes: number): string {
  const word = `${createHash('sha256').update(name).digest('hex')} `
  const content = word.repeat(Math.ceil(bytes / word.length)).slice(0, bytes)
  return JSON.stringify({ model: 'm', messages: [{ role: 'user', content }], user: name })
}

/** Remembers the bodies that come, by the user that they name. */
async function startListener(): Promise<Upstream & { heard: Map<string, string> }> {
  const heard = new Map<string, string>()
  const upstream = await startUpstream(async (req, res) => {
    const text = Buffer.concat(await req.toArray()).toString()
    heard.set((JSON.parse(text) as { user: string }).user, text)
    res.writeHead(200, { 'content-type': 'application/json' }).end(smallAnswer)
  })
  return { ...upstream, heard }
}

const ask = async ({ url }: TestGateway, name: string, bytes: number): Promise<number> => (await askRaw(url + path, { body: requestOf(name, bytes) })).status

const sizes = [1_000, 16_384, 50_000, 65_536, 100_000, 300_000, 1_000_000]

/** Those of many at once that did not arrive as they were sent. */
async function wrongOf(gateway: TestGateway, heard: Map<string, string>, rounds: number, label: string): Promise<string[]> {
  const wrong: string[] = []
  for (let round = 0; round < rounds; round++) {
    const asked = Array.from({ length: 30 }, (_, index) => [`${label}-${round}-${index}`, sizes[(index + round) % sizes.length]!] as const)
    await Promise.all(asked.map(([name, size]) => ask(gateway, name, size)))
    wrong.push(...asked.flatMap(([name, size]) => (heard.get(name) === requestOf(name, size) ? [] : [name])))
    heard.clear()
  }
  return wrong
}

test('many at once arrive as they were sent', async () => {
  const listener = await startListener()
  const gateway = await startGateway({ routes: [aiRoute(listener.url)] })
  expect(await wrongOf(gateway, listener.heard, 6, 'x')).toEqual([])
  expect(gateway.logged()).toBe('')
})

const response = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${smallAnswer.length}\r\n\r\n${smallAnswer}`

/** Takes what it is sent only when it is asked what came; answers when it has seen a head, and whenever it is told to. */
async function startHasty(): Promise<{ url: string; answer: () => void; came: () => Promise<string[]> }> {
  const sockets: Socket[] = []
  const texts: string[] = []
  const server = createServer((socket) => {
    const index = sockets.push(socket) - 1
    texts[index] = ''
    socket.setEncoding('latin1').on('error', () => {})
    socket.on('data', (text: string) => {
      if (texts[index] === '') {
        socket.write(response)
        socket.pause()
      }
      texts[index] += text
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: () => void sockets[0]!.write(response),
    async came() {
      for (const socket of sockets) socket.resume()
      let before = -1
      await vi.waitUntil(() => before === (before = texts.reduce((length, text) => length + text.length, 0)), { timeout: 30_000, interval: 200 })
      return texts.flatMap(bodiesOf)
    },
  }
}

/** The bodies of the requests that came on one connection, the last one as far as it came. */
function bodiesOf(text: string): string[] {
  const bodies: string[] = []
  for (let at = 0; at < text.length; ) {
    const from = text.indexOf('\r\n\r\n', at) + 4
    const length = Number(/content-length: (\d+)/.exec(text.slice(at, from))?.[1])
    bodies.push(text.slice(from, (at = from + length)))
  }
  return bodies
}

/** Bytes that the system takes for somebody who does not read. */
async function takenBySystem(): Promise<number> {
  const server = createServer((socket) => void socket.pause().on('error', () => {})).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {})
  onTestFinished(() => {
    socket.destroy()
    server.close()
  })
  const piece = Buffer.alloc(64 * 1024)
  let written = 0
  for (let before = -1; before !== written - socket.writableLength; ) {
    before = written - socket.writableLength
    while (socket.writableLength === 0 && written < 200_000_000) {
      socket.write(piece)
      written += piece.length
      await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return written - socket.writableLength
}

test('an upstream that answers before it has taken one gets nothing else of us', async () => {
  const [hasty, listener] = [await startHasty(), await startListener()]
  let sent: (() => void) | undefined
  const noting = definePlugin({
    name: 'noting',
    priority: 5000,
    schema: noConfig,
    setup: () => ({
      proxy(_, next) {
        const reply = next()
        sent?.()
        return reply
      },
    }),
  })
  const route = aiRoute(hasty.url) as { plugins: object }
  const gateway = await startGateway(
    { routes: [{ ...route, id: 'hasty', uri: `${path}/hasty`, plugins: { ...route.plugins, noting: {} } }, aiRoute(listener.url)] },
    { plugins: [noting] },
  )
  // With the first the system has nearly all that it takes. Those behind it, on the same connection, wait in the gateway, answered.
  const asked = [requestOf('first', (await takenBySystem()) - 20_000), ...Array.from({ length: 12 }, (_, index) => requestOf(`behind-${index}`, 50_000))]
  for (const [index, body] of asked.entries()) {
    const isSent = new Promise<void>((resolve) => (sent = resolve))
    const answer = askRaw(`${gateway.url}${path}/hasty`, { body })
    await isSent
    if (index > 0) hasty.answer()
    expect((await answer).status).toBe(200)
  }
  await vi.waitUntil(() => gateway.gateway.snapshot.inFlight === 0, { timeout: 15_000 })
  expect(await wrongOf(gateway, listener.heard, 4, 'others')).toEqual([])
  const came = await hasty.came()
  expect(came.map((text, index) => text === asked[index])).toEqual(asked.map(() => true))
})

test('a plugin keeps what it takes of one, and hears of it where it looks too late', async () => {
  const listener = await startListener()
  const kept: Record<string, { bytes: () => string }> = {}
  const late: Exchange[] = []
  const taking = definePlugin({
    name: 'taking',
    priority: 5000,
    body: 'whole',
    schema: noConfig,
    setup: () => ({
      access(ctx) {
        const { body } = ctx.request
        const user = String(body.document.get('user'))
        const { document } = body
        if (user === 'bytes') kept[user] = { bytes: ((bytes) => () => String(bytes))(body.bytes) }
        else if (user === 'buffers') kept[user] = { bytes: ((pieces) => () => String(Buffer.concat(pieces)))(body.toBuffers()) }
        else if (user === 'document') kept[user] = { bytes: ((pieces) => () => String(Buffer.concat(pieces)))(document.toBuffers()) }
        else if (user === 'raw') kept[user] = { bytes: ((raw) => () => String(raw))(document.raw([])!) }
        else late.push(ctx)
      },
    }),
  })
  const gateway = await startGateway({ routes: [aiRoute(listener.url)], global_rules: [{ id: 'take', plugins: { taking: {} } }] }, { plugins: [taking] })
  const names = ['bytes', 'buffers', 'document', 'raw']
  for (const name of names) expect(await ask(gateway, name, 300_000)).toBe(200)
  expect(await ask(gateway, 'late', 300_000)).toBe(200)
  expect(await wrongOf(gateway, listener.heard, 3, 'others')).toEqual([])
  for (const name of names) expect(kept[name]!.bytes()).toBe(requestOf(name, 300_000))
  const { body } = late[0]!.request
  await vi.waitUntil(() => gateway.gateway.snapshot.inFlight === 0, { timeout: 15_000 })
  expect(() => body.bytes).toThrow('the request is over')
  expect(() => body.document.get('user')).toThrow(/over|ended/)
})

test('a call that goes on when its exchange is over sends what it began to send', async () => {
  const [hasty, listener] = [await startHasty(), await startListener()]
  const agents = new Agents()
  const connections = agents.acquire({ origin: hasty.url, verify: true, connectMs: 5000, idle: { size: 100, ms: 60_000 } })
  onTestFinished(() => connections.release())
  const shadow = definePlugin({
    name: 'shadow',
    priority: 5000,
    body: 'whole',
    schema: noConfig,
    setup: () => ({
      proxy(ctx, next): Promise<Reply> {
        callUpstream({
          ctx: new Proxy(ctx, { get: (target, name) => (name === 'onAbort' ? () => () => {} : Reflect.get(target, name, target)) }),
          connections,
          record: { address: 'x', host: 'x', scheme: 'http', uri: '/', balancer: 'x', startedAt: 0, bytes: 0 },
          limits: { connect: 5000, send: 60_000, head: 60_000, idle: 60_000 },
          who: 'the shadow',
          method: 'POST',
          path: '/',
          headers: ['content-length', String(ctx.request.body.receivedLength)],
          body: outgoingBody(ctx),
          onHead: (_, __, flow) => new Pump(flow),
          onFailure() {},
        })
        return next()
      },
    }),
  })
  const route = aiRoute(listener.url) as { plugins: object }
  const gateway = await startGateway({ routes: [route, { ...route, id: 'shadowed', uri: `${path}/shadowed`, plugins: { ...route.plugins, shadow: {} } }] }, { plugins: [shadow] })
  const taken = await takenBySystem()
  const asked = Array.from({ length: 20 }, (_, index) => requestOf(`shadow-${index}`, taken - 100_000 + index * 20_000))
  await Promise.all(asked.map((body) => askRaw(`${gateway.url}${path}/shadowed`, { body })))
  expect(await wrongOf(gateway, listener.heard, 2, 'others')).toEqual([])
  const came = await hasty.came()
  expect(came.length).toBeGreaterThan(10)
  expect(came.filter((text) => !asked.some((body) => body.startsWith(text))).map((text) => text.slice(0, 200))).toEqual([])
})
