import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { editEvents } from '@sluice/ai-core'
import { definePlugin, headerMap, isStream, Type, type Plugin, type Reply, type Sink } from '@sluice/kernel'
import { expect, test } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { chat } from './support/stage.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { smallAnswer, smallStream, startUpstream } from './support/upstream.ts'

const first = smallStream.slice(0, smallStream.indexOf('\n\n') + 2)

/** A wrapper that a plugin wrote by hand, around whatever streams; `change` puts another sink in place of the client's. */
function wrapping(change: (sink: Sink) => Sink): Plugin {
  return definePlugin({
    name: 'wrap',
    priority: 2000,
    schema: Type.Object({}),
    setup: () => ({
      async proxy(_, next): Promise<Reply> {
        const reply = await next()
        const { body } = reply
        if (!isStream(body)) return reply
        const start = (sink: Sink): void => body.start(change(sink))
        const { done } = body
        const flow = { pause: () => body.pause(), resume: () => body.resume() }
        return { ...reply, body: { source: body, done, start, ...flow, cancel: (reason) => body.cancel(reason) } }
      },
    }),
  })
}

function withPlugin(endpoint: string, name: string): object {
  const route = aiRoute(endpoint, { override: { forward_headers: ['x-say'] } }) as { plugins: object }
  return { routes: [{ ...route, plugins: { ...route.plugins, [name]: {} } }] }
}

const thrown = (): never => {
  throw new Error('the wrapper is broken')
}
const inWrite = wrapping((sink) => ({ write: thrown, end: (outcome) => sink.end(outcome) }))
const inLaterWrite = wrapping((sink) => {
  let writes = 0
  return { write: (bytes) => (writes++ === 0 ? sink.write(bytes) : thrown()), end: (outcome) => sink.end(outcome) }
})
const inEnd = wrapping((sink) => ({ write: (bytes) => sink.write(bytes), end: thrown }))

test.for<[what: string, plugin: Plugin, encoding: string, isCut: boolean]>([
  ['in a write', inWrite, 'identity', false],
  ['in a write of what was compressed', inWrite, 'gzip', false],
  ['in a later write', inLaterWrite, 'identity', false],
  ['in its end', inEnd, 'identity', false],
  ['in its end, of what was compressed', inEnd, 'gzip', false],
  ['in the end of what was cut', inEnd, 'identity', true],
])('a wrapper that throws %s costs its own stream, which is cut, and nothing else', async ([, plugin, encoding, isCut]) => {
  const packed = (events: string): string | Buffer => (encoding === 'gzip' ? gzipSync(events) : events)
  const upstream = await startUpstream((_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding })
    // Piece by piece, so that it is upstream's reads, and no hook, that the wrapper is called from.
    res.write(packed(first))
    setTimeout(() => (isCut ? res.destroy() : res.end(packed(smallStream.slice(first.length)))), 30)
  })
  const { url, lines, logged, gateway } = await startGateway(withPlugin(upstream.url, 'wrap') as Record<string, unknown>, { plugins: [plugin] })
  const answer = await askRaw(url + chat.path, { body: { ...chat.body, stream: true } })
  expect(answer).toMatchObject({ status: 200, isWhole: false })
  expect(await lines(1)).toMatchObject([{ status: 200, outcome: 'gateway_error' }])
  expect(logged()).toContain('the wrapper is broken')
  expect(gateway.snapshot.inFlight).toBe(0)
  await expect.poll(() => upstream.open(), { timeout: 15_000 }).toBeLessThan(2)
})

const later = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
}

test.for<[what: string, plugin: Plugin, onEvent: () => Promise<void> | void]>([
  ['in a write, behind an editor that waits', inWrite, later],
  ['in a write, behind an editor that does not', inLaterWrite, () => {}],
  ['in its end, behind an editor that waits', inEnd, later],
  ['in its end, behind an editor that does not', inEnd, () => {}],
])('a wrapper that throws %s costs its own stream, too', async ([, plugin, onEvent]) => {
  const upstream = await startUpstream((_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write(first)
    setTimeout(() => res.end(smallStream.slice(first.length)), 30)
  })
  const edit = definePlugin({
    name: 'edit',
    priority: 1500,
    schema: Type.Object({}),
    setup: () => ({ proxy: async (ctx, next) => editEvents(ctx, await next(), { onEvent }) }),
  })
  const { routes } = withPlugin(upstream.url, 'wrap') as { routes: [{ plugins: object }] }
  const [route] = routes
  const { url, lines, logged } = await startGateway(
    { routes: [{ ...route, plugins: { ...route.plugins, edit: {} } }] },
    { plugins: [plugin, edit] },
  )
  expect(await askRaw(url + chat.path, { body: { ...chat.body, stream: true } })).toMatchObject({ status: 200, isWhole: false })
  expect(await lines(1)).toMatchObject([{ status: 200, outcome: 'gateway_error' }])
  expect(logged()).toContain('the wrapper is broken')
})

test('an answer that took the place of a stream is complete, whatever became of the stream', async () => {
  const upstream = await startUpstream((req, res) => {
    if (req.headers['x-say'] === 'all') res.end(smallAnswer)
    else res.writeHead(200, { 'content-type': 'text/event-stream' }).write(first)
  })
  const again = definePlugin({
    name: 'again',
    priority: 2000,
    schema: Type.Object({}),
    setup: () => ({
      async proxy({ request }, next): Promise<Reply> {
        const stream = await next()
        Object.assign(request.headers, headerMap([['x-say', 'all']]))
        return isStream(stream.body) ? next() : stream
      },
    }),
  })
  const { url, lines } = await startGateway(withPlugin(upstream.url, 'again') as Record<string, unknown>, { plugins: [again] })
  const answer = await askRaw(url + chat.path, { body: { ...chat.body, stream: true } })
  expect(answer).toMatchObject({ status: 200, body: Buffer.from(smallAnswer), isWhole: true })
  expect(await lines(1)).toMatchObject([{ status: 200, outcome: 'complete' }])
})

test('an answer that comes faster than it is unpacked arrives whole', async () => {
  const answer = JSON.stringify({ choices: [], noise: randomBytes(6_000_000).toString('base64') })
  const packed = gzipSync(answer, { level: 1 })
  const upstream = await startUpstream((_, res) => void res.writeHead(200, { 'content-encoding': 'gzip' }).end(packed))
  const { url } = await startGateway({ routes: [aiRoute(upstream.url)] })
  const { status, body, isWhole } = await askRaw(url + chat.path, { body: chat.body })
  expect({ status, isWhole, isSame: body.toString() === answer }).toEqual({ status: 200, isWhole: true, isSame: true })
})
