import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { errors } from 'undici'
import { Connections } from '../src/index.ts'

/** A server that counts its connections, and connections to it. */
async function connected(idle: { size: number; ms: number }) {
  let opened = 0
  const server = createServer((_, res) => void res.end('ok')).listen(0, '127.0.0.1')
  const open = new Set<unknown>()
  server.on('connection', (socket) => {
    opened += 1
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const connections = new Connections({ origin, verify: true, connectMs: 1000, idle })
  onTestFinished(async () => {
    await connections.destroy()
    server.close()
  })
  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      connections.dispatch(
        { origin, path: '/', method: 'GET' },
        { onRequestStart() {}, onResponseStart() {}, onResponseData() {}, onResponseEnd: () => resolve(), onResponseError: (_, error) => reject(error) },
      )
    })
  return { connections, ask, open, opened: () => opened }
}

// The bound on idle connections was once kept by closing every connection above it with its answer: under load, nearly every request then made one.
test('are used again by more requests at once than may stay idle', async () => {
  const { ask, opened } = await connected({ size: 2, ms: 60_000 })
  const one = async (): Promise<void> => {
    for (let count = 0; count < 30; count++) await ask()
  }
  await Promise.all(Array.from({ length: 10 }, one))
  expect(opened()).toBe(10) // of 300 requests, 240 made one
})

test('stay open when idle, up to the bound', async () => {
  const { connections, ask, open } = await connected({ size: 3, ms: 60_000 })
  await Promise.all(Array.from({ length: 8 }, ask))
  await vi.waitFor(() => expect(open.size).toBe(3), { timeout: 15_000 })
  expect(connections.size).toBe(3)
})

test('do not stay where none may be idle', async () => {
  const { connections, ask, open } = await connected({ size: 0, ms: 60_000 })
  await Promise.all([ask(), ask()])
  await vi.waitFor(() => expect(open.size).toBe(0), { timeout: 15_000 })
  expect(connections.size).toBe(0)
})

test('are forgotten when the other side, or their age, has ended them', async () => {
  const { connections, ask } = await connected({ size: 5, ms: 20 })
  await Promise.all([ask(), ask()])
  await vi.waitFor(() => expect(connections.size).toBe(0), { timeout: 15_000 })
  await ask()
})

test('that are closed finish what runs on them, and stay no longer', async () => {
  const { connections, ask, open } = await connected({ size: 5, ms: 60_000 })
  const asked = ask()
  await connections.close()
  await asked
  await vi.waitFor(() => expect(open.size).toBe(0), { timeout: 15_000 })
})

// What the log then told of an answer that the client had whole: truncated.
test('that were made anew for a request do not count as broken because those before them were', async () => {
  const { connections, ask, opened } = await connected({ size: 1, ms: 60_000 })
  const sockets: Socket[] = []
  const onConnected = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket)
  channel('undici:client:connected').subscribe(onConnected)
  onTestFinished(() => void channel('undici:client:connected').unsubscribe(onConnected))
  await ask()
  // What undici does where the other side has closed it; before anybody is told, the next request takes it.
  sockets[0]!.destroy(new errors.SocketError('other side closed'))
  await ask()
  expect(opened()).toBe(2)
  await ask()
  expect(opened()).toBe(2)
  expect(connections.size).toBe(1)
})
