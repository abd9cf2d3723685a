import { once } from 'node:events'
import { definePlugin, Type, type Reply } from '@sluice/kernel'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { openHeldChat, startHeldUpstream } from './support/held-upstream.ts'
import { askRaw, openRaw } from './support/raw-client.ts'
import { openSocket } from './support/raw-socket.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { chat } from './support/stage.ts'
import { startUpstream } from './support/upstream.ts'

// Some of them wait for time limits of their own, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

/** Answers with the length of the request's body, once it is whole. */
const measure = definePlugin({
  name: 'measure',
  priority: 1,
  answers: true,
  schema: Type.Object({}),
  setup: () => ({
    async proxy({ request }): Promise<Reply> {
      await request.body.read()
      return { status: 200, headers: {}, body: String(request.body.bytes.length) }
    },
  }),
})
const measuring = { routes: [{ id: 'm', uri: '/*', plugins: { measure: {} } }] }
const head = 'POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n'

describe('a request that is not whole when the gateway is told to stop', () => {
  test('goes after 2 s where it has no exchange yet, and after 5 s where it has one and its body stands still', async () => {
    const { url, gateway } = await startGateway(measuring, { plugins: [measure] })
    const gone: string[] = []
    const open = async (sent: string): Promise<{ closing: Promise<unknown> }> => {
      const socket = await openSocket(url)
      const closing = once(socket, 'close').then(() => gone.push(sent))
      // Behind a request that is whole, and in one piece with it: once that has its answer, the rest is known to have arrived.
      socket.write(`GET /first HTTP/1.1\r\nhost: x\r\n\r\n${sent}`)
      await once(socket, 'data')
      return { closing }
    }
    const opened = await Promise.all(['P', head, `${head}\r\n12345`].map(open))
    await vi.waitUntil(() => gateway.running === 1, { timeout: 15_000 })
    const before = performance.now()
    expect(await gateway.drain()).toBe(true)
    expect(performance.now() - before).toBeLessThan(25_000) // a few seconds, and twenty for a machine that does something else
    await Promise.all(opened.map(({ closing }) => closing))
    expect(gone.at(-1)).toBe(`${head}\r\n12345`)
    expect(gateway.running).toBe(0)
  })

  test('is served where the rest of it comes', async () => {
    const { url, gateway, lines } = await startGateway(measuring, { plugins: [measure] })
    const socket = await openSocket(url)
    let answer = ''
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text))
    socket.write(`${head}\r\n123`)
    await vi.waitUntil(() => gateway.running === 1, { timeout: 15_000 })
    const drained = gateway.drain()
    socket.write('4567890')
    expect(await drained).toBe(true)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n\r\n10$/i)
    expect(await lines()).toMatchObject([{ status: 200, outcome: 'complete' }])
  })
})

describe('gateway.drain_timeout_ms', () => {
  test('cuts what still runs then: a stream with its error event, a request without answer with 503, and the log tells', async () => {
    const upstream = await startHeldUpstream()
    const thinking = Promise.withResolvers<void>()
    const silent = await startUpstream(() => thinking.resolve())
    const { url, gateway, linesOf } = await startGateway({
      gateway: { drain_timeout_ms: 100 },
      routes: [{ ...aiRoute(upstream.url), id: 'ai', uri: '/v1/*' }, { id: 'slow', uri: '/slow', upstream: { nodes: { [`127.0.0.1:${silent.port}`]: 1 } } }],
    })
    const asking = askRaw(`${url}/slow`)
    await thinking.promise
    const opening = openRaw(`${url}${chat.path}`, { body: { ...chat.body, stream: true } })
    const held = await upstream.next()
    held.say('one')
    const stream = await opening
    await stream.until('one')

    expect(await gateway.drain()).toBe(false)
    const cut = await stream.rest()
    expect(cut.isWhole).toBe(false)
    expect(cut.body.toString()).toContain('"error"')
    expect(cut.body.toString()).not.toContain('[DONE]')
    const refused = await asking
    expect([refused.status, refused.body.toString()]).toEqual([503, expect.stringContaining('stopped')])
    expect((await linesOf(cut.id, refused.id)).map(({ status, outcome }) => [status, outcome]).toSorted()).toEqual([
      [200, 'gateway_error'],
      [503, 'gateway_error'],
    ])
    await held.closed
  })

  test('is that of the configuration which serves when the time has come', async () => {
    const upstream = await startHeldUpstream()
    const config = { routes: [aiRoute(upstream.url)] }
    const { url, gateway, apply } = await startGateway(config)
    await apply({ ...config, gateway: { drain_timeout_ms: 0 } })
    const { stream } = await openHeldChat(url, { upstream, words: 'one' })
    expect(await gateway.drain()).toBe(false)
    await expect(stream.rest()).rejects.toThrow('terminated')
  })
})

test('whoever watches over the process is answered until the drain is over', async () => {
  const upstream = await startHeldUpstream()
  const { url, statusUrl, gateway } = await startGateway({ routes: [aiRoute(upstream.url)] })
  const { stream, held } = await openHeldChat(url, { upstream, words: 'one' })
  const drained = gateway.drain()
  expect((await askRaw(`${statusUrl}/readyz`, { method: 'GET' })).status).toBe(503)
  expect((await askRaw(`${statusUrl}/healthz`, { method: 'GET' })).status).toBe(200)
  held.finish()
  await stream.rest()
  expect(await drained).toBe(true)
  await expect(askRaw(`${statusUrl}/healthz`, { method: 'GET' })).rejects.toThrow('ECONNREFUSED')
})
