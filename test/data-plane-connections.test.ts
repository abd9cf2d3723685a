import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { definePlugin, json, Type, type Sink } from '@sluice/kernel'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openSocket, sendBytes } from './support/raw-socket.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { startUpstream } from './support/upstream.ts'

const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`
const bye = 'connection: close\r\n'

/** A route whose upstream does what the path says. */
async function relaying() {
  const asked: string[] = []
  const upstream = await startUpstream((req, res) => {
    asked.push(req.url ?? '')
    if (req.url === '/cut') {
      res.write('part')
      setImmediate(() => res.destroy())
    } else if (req.url !== '/never') res.end(`this is ${req.url}`)
  })
  const gateway = await startGateway({
    routes: [{ id: 'all', uris: ['/a', '/b', '/cut', '/never'], upstream: { type: 'roundrobin', nodes: { [`127.0.0.1:${upstream.port}`]: 1 } } }],
  })
  return { ...gateway, asked, upstream }
}

test('requests that come before their turn are answered in their turn, and a cut ends the connection', async () => {
  const { url, lines } = await relaying()
  const answers = await sendBytes(url, get('/a') + get('/b') + get('/cut') + get('/a'))
  expect(answers.match(/this is \/.|part/g)).toEqual(['this is /a', 'this is /b', 'part'])
  expect((await lines(3)).map(({ uri, outcome }) => [uri, outcome])).toEqual([
    ['/a', 'complete'],
    ['/b', 'complete'],
    ['/cut', 'truncated'],
  ])
})

test.for<[what: string, request: string]>([
  ['two hosts', 'GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n'],
  ['one host twice', 'GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n'],
  ['a host that begins a path', 'GET / HTTP/1.1\r\nhost: a/b\r\n'],
  ['a user in its target', 'GET http://me:secret@a/ HTTP/1.1\r\nhost: a\r\n'],
])('a request with %s is refused, for who reads it next may take it for another', async ([, request]) => {
  const { url, lines } = await startGateway({})
  expect(await sendBytes(url, `${request}${bye}\r\n`)).toMatch(/^HTTP\/1\.1 400 [^]*one valid Host/)
  expect(await lines(1)).toMatchObject([{ status: 400, outcome: 'refused' }])
})

test.for(['a', 'a.example:8080', 'A-b_c.example.', '[::1]:80', '127.0.0.1', ''])('a request for the host %j is served', async (host) => {
  const { url } = await startGateway({})
  expect(await sendBytes(url, `GET / HTTP/1.1\r\nhost: ${host}\r\n${bye}\r\n`)).toMatch(/^HTTP\/1\.1 404 /)
})

test('a request whose turn never comes asks nobody, and holds nothing', async () => {
  const { url, lines, asked, upstream, gateway } = await relaying()
  const socket = await openSocket(url)
  socket.write(get('/never') + get('/a') + get('/b'))
  await once(upstream.server, 'request')
  socket.destroy()
  expect(await lines(1)).toMatchObject([{ uri: '/never', outcome: 'client_disconnect' }])
  expect(asked).toEqual(['/never'])
  expect(gateway.snapshot.inFlight).toBe(0)
})

test('a client that asks and asks without taking answers is let go', async () => {
  const { url, lines } = await relaying()
  await sendBytes(url, get('/never') + get('/a').repeat(101))
  expect(await lines(1)).toMatchObject([{ uri: '/never', outcome: 'client_disconnect' }])
})

test('what is no HTTP has one line and one answer, in however many pieces it comes, and its connection ends', async () => {
  const { url, lines } = await relaying()
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  socket.on('error', () => {}).resume().write('this is no HTTP\r\n\r\n')
  await once(socket, 'end')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const write = setInterval(() => socket.write('and neither is this\r\n'), 5) // until the other side is gone for good
  onTestFinished(() => clearInterval(write))
  await closed
  expect(await lines(1)).toMatchObject([{ status: 400, outcome: 'refused' }])
  expect(await lines()).toHaveLength(1)
})

test('a request that breaks behind its answer has one line and one answer', async () => {
  const { url, lines } = await relaying()
  const socket = await openSocket(url)
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString())).write('POST /nowhere HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n')
  await once(socket, 'data')
  socket.write('no chunk\r\n')
  await once(socket, 'close')
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
  expect(await lines(1)).toMatchObject([{ status: 404 }])
  expect(await lines()).toHaveLength(1)
})

test('a body that nobody reads is dropped for the sake of the next request, but not forever', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { url } = await startGateway({})
  const body = 'x'.repeat(1_000_000)
  const post = `POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`
  expect((await sendBytes(url, post + body + get('/', bye))).match(/HTTP\/1\.1 404/g)).toHaveLength(2)
  const socket = await openSocket(url)
  socket.write(`${post}the beginning`)
  await once(socket, 'data')
  for (let turns = 0; !socket.closed; turns++) {
    if (turns > 100_000) throw new Error('the connection is open, days later')
    vi.advanceTimersByTime(30_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
})

test('a client that takes nothing of its answer for minutes is let go, one that waits for words is not', async () => {
  const sockets: Socket[] = []
  const opened = (message: unknown): unknown => sockets.push((message as { socket: Socket }).socket)
  subscribe('net.server.socket', opened)
  onTestFinished(() => void unsubscribe('net.server.socket', opened))
  const says = definePlugin({
    name: 'says',
    priority: 1,
    answers: true,
    schema: Type.Object({}),
    setup: () => ({
      proxy: ({ request }) => {
        if (request.path === '/whole') return { status: 200, headers: {}, body: Buffer.alloc(50_000_000) }
        const start = (sink: Sink): void => void sink.write(Buffer.alloc(request.path === '/much' ? 50_000_000 : 1))
        return { status: 200, headers: {}, body: { start, pause() {}, resume() {}, cancel() {}, done: new Promise(() => {}) } }
      },
    }),
  })
  const { url, lines, gateway } = await startGateway({ routes: [{ id: 'r', uri: '/*', plugins: { says: {} } }] }, { plugins: [says] })
  const [stalled, waiting, whole] = [await openSocket(url), await openSocket(url), await openSocket(url)]
  waiting.resume().write(get('/little'))
  await once(waiting, 'data')
  stalled.write(get('/much'))
  whole.write(get('/whole'))
  await vi.waitUntil(() => gateway.snapshot.inFlight === 3, { timeout: 15_000 })
  // Only for whom something waits the clock runs.
  const timeouts = (): number[] => sockets.map(({ timeout }) => timeout ?? 0).toSorted((a, b) => a - b)
  await expect.poll(timeouts, { timeout: 15_000 }).toEqual([0, 300_000, 300_000])
  for (const socket of sockets) socket.setTimeout(20)
  const gone = (await lines(2)).map(({ uri, outcome }) => [uri, outcome]).toSorted()
  expect(gone).toEqual([['/much', 'client_disconnect'], ['/whole', 'client_disconnect']])
  expect(gateway.snapshot.inFlight).toBe(1)
  for (const socket of [stalled, waiting, whole]) socket.destroy()
})

test('a client that left before its body was looked at is not waited for', async () => {
  const [left, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = definePlugin({
    name: 'slow',
    priority: 20,
    schema: Type.Object({}),
    setup: () => ({
      async proxy(ctx, next) {
        ctx.onAbort(() => goOn.resolve())
        left.resolve()
        await goOn.promise
        return next()
      },
    }),
  })
  const reads = definePlugin({
    name: 'reads',
    priority: 10,
    body: 'whole',
    answers: true,
    schema: Type.Object({}),
    setup: () => ({ proxy: () => json(200, {}) }),
  })
  const { url, lines, gateway } = await startGateway(
    { routes: [{ id: 'r', uri: '/*', plugins: { slow: {}, reads: {} } }] },
    { plugins: [slow, reads] },
  )
  const socket = await openSocket(url)
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhello')
  await left.promise
  socket.destroy()
  expect(await lines(1)).toMatchObject([{ status: 499, outcome: 'client_disconnect' }])
  expect(gateway.snapshot.inFlight).toBe(0)
})

test.for(['content-length: 5\r\n\r\nhello', 'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'])(
  'a body that was passed on is not passed on a second time, empty: %j',
  async (rest) => {
    const bodies: string[] = []
    const { url: provider } = await startUpstream((req, res) => {
      let body = ''
      req.on('data', (chunk: Buffer) => (body += chunk.toString())).on('end', () => {
        bodies.push(body)
        res.writeHead(500).end()
      })
    })
    const again = definePlugin({
      name: 'again',
      priority: 2000,
      schema: Type.Object({}),
      setup: () => ({
        async proxy(_, next) {
          await next()
          return next()
        },
      }),
    })
    const route = aiRoute(provider) as { plugins: object }
    const { url } = await startGateway({ routes: [{ ...route, plugins: { ...route.plugins, again: {} } }] }, { plugins: [again] })
    const answer = await sendBytes(url, `POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\n${bye}${rest}`)
    expect(answer).toMatch(/^HTTP\/1\.1 502 [^]*was not kept to be sent again/)
    expect(bodies).toEqual(['hello'])
  },
)
