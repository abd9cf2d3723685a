import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { editEvents } from '@sluice/ai-core'
import { definePlugin, Type } from '@sluice/kernel'
import { expect, test, vi } from 'vitest'
import { retry } from '../examples/plugins/retry.ts'
import { askRaw } from './support/raw-client.ts'
import { openSocket } from './support/raw-socket.ts'
import { chat } from './support/stage.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { smallAnswer, smallStream, startUpstream, type Upstream } from './support/upstream.ts'

const seed = Number(process.env['SLUICE_FUZZ_SEED'] ?? Date.now() % 1_000_000)
let state = seed
/** A whole number below `bound`. */
function below(bound: number): number {
  state = (state * 1_664_525 + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * bound)
}
const oneOf = <T>(...choices: T[]): T => choices[below(choices.length)] as T
const perhaps = (percent: number): boolean => below(100) < percent

/** Answers well, badly, half or never; early or late; packed or not. */
function moody(): Promise<Upstream> {
  return startUpstream((req, res) => {
    const isPacked = perhaps(30)
    const pack = (text: string): string | Buffer => (isPacked ? gzipSync(text) : text)
    const begin = (type: string, status = 200): void =>
      void res.writeHead(status, { 'content-type': type, ...(isPacked && { 'content-encoding': 'gzip' }) })
    const pieces = async (): Promise<void> => {
      begin('text/event-stream')
      const size = 1 + below(smallStream.length)
      for (let at = 0; at < smallStream.length; at += size) {
        res.write(pack(smallStream.slice(at, at + size)))
        if (perhaps(10)) return void res.destroy()
        await wait(below(6))
      }
      if (perhaps(90)) res.end()
    }
    const answer = oneOf(
      () => void res.destroy(),
      () => {},
      () => (begin('application/json', 500), void res.end(pack('{"error":{"message":"no"}}'))),
      () => (begin('application/json'), void res.end(pack(smallAnswer))),
      () => (begin('text/event-stream'), res.flushHeaders()),
      pieces,
      pieces,
      pieces,
    )
    req.resume()
    if (perhaps(30)) req.once('end', () => void answer())
    else setTimeout(() => void answer(), below(5))
  })
}

const slow = definePlugin({
  name: 'slow',
  priority: 2100,
  schema: Type.Object({}),
  setup: () => ({
    rewrite: () => wait(below(4)),
    access: () => wait(below(4)),
    async proxy(_, next) {
      await wait(below(4))
      const reply = await next()
      await wait(below(4))
      return reply
    },
  }),
})

const edit = definePlugin({
  name: 'edit',
  priority: 1500,
  schema: Type.Object({}),
  setup: () => ({
    proxy: async (ctx, next) =>
      editEvents(ctx, await next(), {
        async onEvent() {
          if (perhaps(50)) await wait(below(4))
          if (perhaps(3)) throw new Error('the editor is broken')
        },
      }),
  }),
})

/** A request, whole or not, from a client that reads or does not, and leaves in its own way. */
async function visit(url: string): Promise<void> {
  const path = `/${oneOf('plain', 'slow', 'edited', 'again', 'by-body', 'nowhere')}/v1/${oneOf('chat/completions', 'audio/speech')}`
  const body = JSON.stringify({ ...chat.body, stream: perhaps(70), noise: 'x'.repeat(perhaps(10) ? 500_000 : 1) })
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`
  const length = Buffer.byteLength(body)
  const one = perhaps(30)
    ? `${head}transfer-encoding: chunked\r\n\r\n${length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    : `${head}content-length: ${length}\r\n\r\n${body}`
  const bytes = perhaps(10) ? one + one : one
  const socket = await openSocket(url)
  const closed = once(socket, 'close')
  socket.write(perhaps(15) ? bytes.slice(0, below(bytes.length)) : bytes)
  if (perhaps(70)) socket.resume()
  await Promise.race([closed, wait(below(oneOf(10, 60)))])
  oneOf(() => socket.destroy(), () => socket.resetAndDestroy(), () => socket.resume().end())()
  await Promise.race([closed, wait(200)])
  socket.destroy()
}

test(`whatever clients, upstreams and plugins do, each exchange settles once and holds nothing (seed ${seed})`, { timeout: 20_000 + Number(process.env['SLUICE_FUZZ_MS'] ?? 0) * 2 }, async () => {
  const upstream = await moody()
  const route = (id: string, plugins: object, more: object = {}): object => {
    const ai = aiRoute(upstream.url, { timeout: 80 }) as { plugins: object }
    return { id, uri: `/${id}/*`, ...more, plugins: { ...ai.plugins, ...plugins } }
  }
  const { url, lines, gateway } = await startGateway(
    {
      routes: [
        route('plain', {}),
        route('slow', { slow: {} }),
        route('edited', { edit: {}, slow: {} }),
        route('again', { retry: {}, slow: {} }),
        route('by-body', {}, { vars: [['post_arg.stream', '==', true]] }),
      ],
    },
    { plugins: [slow, edit, retry] },
  )
  const end = performance.now() + Number(process.env['SLUICE_FUZZ_MS'] ?? 0)
  for (let round = 0; round < 8 || performance.now() < end; round++) await Promise.all(Array.from({ length: 40 }, () => visit(url)))
  await vi.waitUntil(() => gateway.snapshot.inFlight === 0, 15_000)
  expect(await askRaw(url, { method: 'GET' })).toMatchObject({ status: 404 })
  const ids = (await lines(1)).map((line) => line['request_id'])
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.length).toBeGreaterThan(200)
  await gateway.close()
  await vi.waitUntil(() => upstream.open() === 0, 15_000)
  expect(gateway.kernel.instances.size).toBe(0)
})
