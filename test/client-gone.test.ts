import { createHash, randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { definePlugin, Type, type Exchange, type Plugin } from '@sluice/kernel'
import { describe, expect, onTestFinished, test } from 'vitest'
import { sendRaw, type Ask, type Pending } from './support/raw-client.ts'
import { openSocket } from './support/raw-socket.ts'
import { chat, messages, responses, stage } from './support/stage.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'
import { startUpstream } from './support/upstream.ts'

/** Upstream is to be closed within 100 ms; ten times that is what a busy machine may take. */
const bound = 1000

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2))
}

/** A request whose client will not be there for the answer. */
function begin(url: string, ask: Ask): Pending {
  const pending = sendRaw(url, ask)
  pending.answer.catch(() => {})
  return pending
}

/** Leaves, and says after how many milliseconds upstream's connection was `closed`. */
async function leave(hangUp: () => void, closed: Promise<unknown>, gateway: TestGateway): Promise<number> {
  const leftAt = performance.now()
  hangUp()
  await closed
  const took = performance.now() - leftAt
  await onlyLine(gateway)
  return took
}

async function onlyLine({ gateway, lines }: TestGateway): Promise<void> {
  expect(await lines(1)).toMatchObject([{ outcome: 'client_disconnect' }])
  expect(await lines()).toHaveLength(1)
  expect(gateway.snapshot.inFlight).toBe(0)
}

async function aWhile(): Promise<unknown> {
  return once(process, 'never', { signal: AbortSignal.timeout(50) }).catch(() => {})
}

/** Waits in one hook until the exchange is over, and longer than that. */
function waiting(phase: 'rewrite' | 'access', reached: () => void, until: (ctx: Exchange) => Promise<unknown> = aWhile): Plugin {
  const wait = async (ctx: Exchange): Promise<void> => {
    reached()
    await until(ctx)
  }
  return definePlugin({ name: 'waiting', priority: 2000, schema: Type.Object({}), setup: () => ({ [phase]: wait }) })
}

/** An upstream that takes connections, and shows them. */
async function accepting(): Promise<{ port: number; socket: Promise<Socket> }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const socket = once(server, 'connection').then(([accepted]) => {
    ;(accepted as Socket).on('error', () => {})
    onTestFinished(() => void (accepted as Socket).destroy())
    return accepted as Socket
  })
  return { port: (server.address() as AddressInfo).port, socket }
}

const upload = 'POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\ncontent-type: audio/wav\r\n'

/** Begins an upload and sends, once the gateway is at `reached`, more of it than is kept of a body that nobody wants. */
async function sendMuch(gateway: TestGateway, reached: Promise<unknown>): Promise<Socket> {
  const client = await openSocket(gateway.url)
  client.write(`${upload}content-length: 30000000\r\n\r\n`)
  await reached
  client.write(Buffer.alloc(20_000_000, 'some'))
  while (client.writableLength > 0) await turn()
  return client
}

/** Behind a hook that waits, and an upstream that is told of. */
async function behindHook(phase: 'rewrite' | 'access', port: number, until: (ctx: Exchange) => Promise<unknown>) {
  const reached = Promise.withResolvers<void>()
  const nodes = { [`127.0.0.1:${port}`]: 1 }
  const gateway = await startGateway(
    { routes: [{ id: 'http', uri: '/*', plugins: { waiting: {} }, upstream: { type: 'roundrobin', nodes } }] },
    { plugins: [waiting(phase, reached.resolve, until)] },
  )
  return { gateway, client: await sendMuch(gateway, reached.promise) }
}

describe('a client that leaves', () => {
  test.for(['POST /v1/chat/completions', 'POST /v1/messages', 'POST /v1/responses'])(
    'in the middle of its body has asked nobody: %s',
    async (line) => {
      let asked = 0
      const { url } = await startUpstream(() => void (asked += 1))
      const gateway = await startGateway({ routes: [aiRoute(url)] })
      const socket = await openSocket(gateway.url)
      socket.write(`${line} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"model":`)
      await expect.poll(() => gateway.gateway.snapshot.inFlight, { timeout: 15_000 }).toBe(1)
      socket.destroy()
      await onlyLine(gateway)
      expect(asked).toBe(0)
    },
  )

  test.for(['rewrite', 'access'] as const)('while a hook of %s waits has asked nobody', async (phase) => {
    let asked = 0
    const { url } = await startUpstream(() => void (asked += 1))
    const reached = Promise.withResolvers<void>()
    const route = aiRoute(url) as { plugins: object }
    const gateway = await startGateway(
      { routes: [{ ...route, plugins: { ...route.plugins, waiting: {} } }] },
      { plugins: [waiting(phase, reached.resolve)] },
    )
    const { hangUp } = begin(gateway.url + chat.path, { body: chat.body })
    await reached.promise
    hangUp()
    await onlyLine(gateway)
    expect(asked).toBe(0)
  })

  test('while the connection is made ends that, too', async () => {
    // A TLS handshake that never goes on.
    const { port, socket } = await accepting()
    const gateway = await startGateway({ routes: [aiRoute(`https://127.0.0.1:${port}`)] })
    const { hangUp } = begin(gateway.url + chat.path, { body: chat.body })
    const upstream = await socket
    await once(upstream, 'data')
    expect(await leave(hangUp, once(upstream.resume(), 'close'), gateway)).toBeLessThan(bound)
  })

  test('while a large request goes up ends that, too', async () => {
    const { port, socket } = await accepting()
    const gateway = await startGateway({ routes: [aiRoute(`http://127.0.0.1:${port}`)] })
    const { hangUp } = begin(gateway.url + chat.path, { body: { ...chat.body, user: 'x'.repeat(20_000_000) } })
    const upstream = await socket
    await once(upstream, 'data')
    upstream.pause()
    const closed = once(upstream, 'close')
    setTimeout(() => upstream.resume(), 50) // what is in its way has to be read to see the end
    expect(await leave(hangUp, closed, gateway)).toBeLessThan(bound)
  })

  describe.for([chat, responses, messages])('$api', (says) => {
    test.for([
      ['before there is a head', { stallBeforeFirstByteMs: 'forever' }, {}],
      ['behind a head', { stallAfter: 0 }, {}],
      ['before the commit', { stallAfter: says.quiet }, { stream: true }],
      ['in the middle of a whole answer', { slowBodyMs: 60_000 }, {}],
    ] as const)('%s closes upstream', async ([, script, members]) => {
      const { mock, gateway } = await stage(says)
      mock.script(script)
      const { hangUp } = begin(gateway.url + says.path, { body: { ...says.body, ...members } })
      const { closed } = await mock.waitForRequest()
      expect(await leave(hangUp, closed.then(({ by }) => expect(by).toBe('client')), gateway)).toBeLessThan(bound)
    })

    test('behind the commit closes upstream', async () => {
      const { mock, gateway, open } = await stage(says)
      mock.script({ stallAfter: says.quiet + 2 })
      const reading = await open()
      const { closed } = await mock.waitForRequest()
      expect(await leave(reading.hangUp, closed.then(({ by }) => expect(by).toBe('client')), gateway)).toBeLessThan(bound)
    })
  })

  test('in the middle of an answer that is passed through closes upstream', async () => {
    const { mock, gateway } = await stage(chat)
    mock.script({ body: 'x'.repeat(100), contentType: 'audio/mpeg', slowBodyMs: 60_000 })
    const { answer, hangUp } = begin(`${gateway.url}/v1/audio/speech`, { body: {} })
    await (await answer).until('x')
    const { closed } = await mock.waitForRequest()
    expect(await leave(hangUp, closed.then(({ by }) => expect(by).toBe('client')), gateway)).toBeLessThan(bound)
  })

  test.for([
    ['of known length', `${upload}content-length: 1000000\r\n\r\n`, 'sound'],
    ['in chunks', `${upload}transfer-encoding: chunked\r\n\r\n`, '5\r\nsound\r\n'],
  ] as const)('in the middle of an upload %s closes upstream', async ([, head, piece]) => {
    const { port, socket } = await accepting()
    const gateway = await startGateway({ routes: [aiRoute(`http://127.0.0.1:${port}`)] })
    const client = await openSocket(gateway.url)
    client.write(head + piece)
    const upstream = await socket
    let came = ''
    while (!came.includes('sound')) came += String((await once(upstream, 'data'))[0])
    expect(await leave(() => client.destroy(), once(upstream, 'close'), gateway)).toBeLessThan(bound)
  })

  test.for(['rewrite', 'access'] as const)('behind an upload that nobody takes while a hook of %s waits is noticed', async (phase) => {
    const { port } = await accepting()
    const { gateway, client } = await behindHook(phase, port, ({ signal }) => once(signal, 'abort'))
    const leftAt = performance.now()
    client.destroy()
    await onlyLine(gateway)
    expect(performance.now() - leftAt).toBeLessThan(bound)
  })

  test('behind an upload while the connection for it is made ends that, too', async () => {
    const { port, socket } = await accepting()
    const gateway = await startGateway({ routes: [aiRoute(`https://127.0.0.1:${port}`)] })
    const upstream = socket.then((made) => made.resume())
    const client = await sendMuch(gateway, upstream)
    const closed = once(await upstream, 'close')
    expect(await leave(() => client.destroy(), closed, gateway)).toBeLessThan(bound)
  })

  test('not, while a hook waits, finds that its upload arrives byte for byte', async () => {
    const hash = createHash('sha256')
    const { port } = await startUpstream((req, res) => void req.on('data', (chunk: Buffer) => hash.update(chunk)).on('end', () => res.end('{}')))
    const goOn = Promise.withResolvers<void>()
    const { client } = await behindHook('rewrite', port, () => goOn.promise)
    const rest = randomBytes(10_000_000)
    goOn.resolve()
    client.write(rest)
    expect(String((await once(client, 'data'))[0])).toContain('200 OK')
    expect(hash.digest('hex')).toBe(createHash('sha256').update(Buffer.alloc(20_000_000, 'some')).update(rest).digest('hex'))
    client.destroy()
  })

  const routes: [name: string, route: (port: number) => object][] = [
    ['a passed operation', (port) => aiRoute(`http://127.0.0.1:${port}`)],
    ['an ordinary upstream', (port) => ({ id: 'http', uri: '/*', upstream: { type: 'roundrobin', nodes: { [`127.0.0.1:${port}`]: 1 } } })],
  ]
  const leavings = routes.flatMap(([name, route]) => [
    { name, route, pieces: 5, left: 'more than Node would read of it' },
    { name, route, pieces: 400, left: 'more than all buffers of the connection hold' },
  ])

  test.for(leavings)('in the middle of an upload that $name takes no more of is noticed behind $left', async ({ route, pieces }) => {
    const { port, socket } = await accepting()
    const gateway = await startGateway({ routes: [route(port)] })
    const connected = new Promise<Socket>((resolve) => {
      const tell = (message: unknown): void => {
        const { socket: made } = message as { socket: Socket }
        if (made.remotePort === port) resolve(made)
      }
      subscribe('undici:client:connected', tell)
      onTestFinished(() => void unsubscribe('undici:client:connected', tell))
    })
    const client = await openSocket(gateway.url)
    client.write(`${upload}content-length: 60000000\r\n\r\n`)
    const upstream = (await socket).pause()
    const sending = await connected
    const piece = Buffer.alloc(64 * 1024)
    for (let full = 0; full < 10; full = sending.writableNeedDrain ? full + 1 : 0) {
      if (full === 0) client.write(piece)
      await turn()
    }
    for (let sent = 0; sent < pieces; sent++) client.write(piece)
    while (client.writableLength > 0) await turn()
    const leftAt = performance.now()
    client.destroy()
    await onlyLine(gateway)
    expect(performance.now() - leftAt).toBeLessThan(bound)
    await once(upstream.resume(), 'close')
  })
})
