import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openRaw } from './support/raw-client.ts'
import { chat } from './support/stage.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'

describe('a client that does not read', () => {
  const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(16_000) } }] })}\n\n`
  const bound = 32 * 1024 * 1024

  /** An upstream that sends events as fast as they are taken, until it is told to end. */
  async function endless() {
    let sent = 0
    let isEnding = false
    const answer = Promise.withResolvers<ServerResponse>()
    const pump = (res: ServerResponse): void => {
      // A turn of the loop for each: everything runs in one process here.
      if (isEnding) return void res.end('data: [DONE]\n\n')
      if (res.destroyed) return
      sent += event.length
      if (res.write(event)) setImmediate(pump, res)
      else res.once('drain', () => pump(res))
    }
    const server = createServer((req, res) => {
      req.resume()
      if (req.url?.includes('models')) return void res.end('{}')
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      answer.resolve(res)
      pump(res)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      answer: answer.promise,
      sent: () => sent,
      end: () => {
        isEnding = true
      },
    }
  }

  test.for([
    ['events', '/v1/chat/completions'],
    ['bytes', '/v1/rerank'],
  ] as const)('makes upstream wait, and gets everything once it reads again: %s', async ([, path]) => {
    const upstream = await endless()
    const gateway = await startGateway({ routes: [aiRoute(upstream.url, { timeout: 300 })] })
    const reading = await openRaw(gateway.url + path, { body: { ...chat.body, stream: true } })
    reading.pause()
    const startedAt = performance.now()
    // It has come to rest when a few exchanges through the same loop find nothing moved.
    for (let still = 0, before = -1; still < 5 || performance.now() - startedAt < 600;) {
      still = upstream.sent() === before ? still + 1 : 0
      before = upstream.sent()
      expect(before).toBeLessThan(bound)
      const { status } = await (await openRaw(`${gateway.url}/v1/models`, { method: 'GET' })).rest()
      expect(status).toBe(200)
    }
    // More than its time limit has passed, and it was not upstream's silence.
    const before = upstream.sent()
    reading.resume()
    while (upstream.sent() < before + bound) await reading.more()
    upstream.end()
    const answer = await reading.rest()
    expect(answer.isWhole).toBe(true)
    expect(answer.body.length).toBe(upstream.sent() + 'data: [DONE]\n\n'.length)
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ outcome: 'complete' }])
  })

  test('and leaves, lets go of upstream', async () => {
    const upstream = await endless()
    const gateway = await startGateway({ routes: [aiRoute(upstream.url)] })
    const reading = await openRaw(gateway.url + chat.path, { body: { ...chat.body, stream: true } })
    reading.pause()
    const res = await upstream.answer
    const closed = new Promise((resolve) => res.once('close', resolve))
    while (!res.writableNeedDrain && upstream.sent() < bound) await new Promise((resolve) => setImmediate(resolve))
    reading.hangUp()
    await closed
    expect(await gateway.linesOf(reading.id)).toMatchObject([{ outcome: 'client_disconnect' }])
  })
})
