import { once } from 'node:events'
import { definePlugin, json, Type, type Reply } from '@sluice/kernel'
import { expect, test, vi } from 'vitest'
import { openSocket } from './support/raw-socket.ts'
import { startGateway } from './support/start-gateway.ts'

const serving = (generation: number) => ({ routes: [{ id: 'r', uri: '/*', plugins: { slow: { generation } } }] })

test('a configuration whose setup outlives the gateway is disposed of, not served', async () => {
  const disposed: number[] = []
  const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = definePlugin({
    name: 'slow',
    priority: 1,
    answers: true,
    schema: Type.Object({ generation: Type.Number() }),
    async setup({ generation }) {
      if (generation === 2) {
        begun.resolve()
        await goOn.promise
      }
      return { proxy: () => json(200, {}), dispose: () => void disposed.push(generation) }
    },
  })
  const { gateway, apply } = await startGateway(serving(1), { plugins: [slow] })
  const applied = apply(serving(2)).then(
    () => 'applied',
    (error: Error) => error.message,
  )
  await begun.promise
  await gateway.close()
  goOn.resolve()
  expect(await applied).toBe('the gateway is closed')
  await expect(apply(serving(3))).rejects.toThrow('the gateway is closed')
  expect(gateway.kernel.instances.size).toBe(0)
  expect(disposed.toSorted()).toEqual([1, 2, 3])
})

test('an answer that leaves while the gateway drains tells the client to go', async () => {
  const busy = Promise.withResolvers<Reply>()
  const slow = definePlugin({ name: 'slow', priority: 1, answers: true, schema: Type.Object({}), setup: () => ({ proxy: () => busy.promise }) })
  const { url, gateway } = await startGateway({ routes: [{ id: 'r', uri: '/slow', plugins: { slow: {} } }] }, { plugins: [slow] })
  const socket = await openSocket(url)
  let answers = ''
  socket.on('data', (chunk) => (answers += chunk.toString())).write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
  await vi.waitUntil(() => gateway.snapshot.inFlight > 0, { timeout: 15_000 })
  const drained = gateway.drain()
  busy.resolve(json(200, {}))
  expect(await drained).toBe(true)
  await (socket.closed || once(socket, 'close'))
  expect(answers).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*\{\}$/i)
})
