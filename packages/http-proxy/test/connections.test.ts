import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { Kernel, silent } from '@sluice/kernel'
import { MockAgent } from 'undici'
import { describe, expect, test, vi } from 'vitest'
import { httpProxy } from '../src/index.ts'
import { defaults, startGateway } from './gateway.ts'
import { ask, startUpstream } from './upstream.ts'

describe('connections', () => {
  test('are used again, and by every upstream that could have made them', async () => {
    let connections = 0
    await using upstream = await startUpstream((_, res) => void res.end('ok'))
    const plugin = httpProxy({})
    await using one = await startGateway({ nodes: [upstream.node] }, { plugin })
    await using two = await startGateway({ nodes: [{ ...upstream.node, weight: 7 }], pass_host: 'node' }, { plugin })
    for (let round = 0; round < 3; round++) {
      for (const { port } of [one, two]) await ask(port)
      connections = Math.max(connections, upstream.sockets.size)
    }
    expect(connections).toBe(1)
  })

  test('beyond keepalive_pool.size are made, and closed after their answer', async () => {
    const waiting: ServerResponse[] = []
    await using upstream = await startUpstream((_, res) => void waiting.push(res))
    await using gateway = await startGateway({ nodes: [upstream.node], keepalive_pool: { size: 3, idle_timeout: 60, requests: 1000 } })
    for (let round = 0; round < 2; round++) {
      const answers = Array.from({ length: 10 }, () => ask(gateway.port))
      await vi.waitFor(() => expect(waiting).toHaveLength(10), { timeout: 15_000 })
      expect(upstream.sockets.size).toBe(10)
      for (const res of waiting.splice(0)) res.end('ok')
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
      await vi.waitFor(() => expect(upstream.sockets.size).toBe(3), { timeout: 15_000 })
    }
  })

  test.for([
    { size: 0, idle_timeout: 60, requests: 1000 },
    { size: 10, idle_timeout: 0, requests: 1000 },
    { size: 10, idle_timeout: 60, requests: 1 },
    { size: 10, idle_timeout: 0.05, requests: 1000 },
  ])('are closed as %j says', async (keepalive_pool) => {
    await using upstream = await startUpstream((_, res) => void res.end('ok'))
    await using gateway = await startGateway({ nodes: [upstream.node], keepalive_pool })
    expect((await ask(gateway.port)).status).toBe(200)
    await vi.waitFor(() => expect(upstream.sockets.size).toBe(0), { timeout: 15_000 })
  })

  test('are closed when the configuration that used them is gone', async () => {
    await using upstream = await startUpstream((_, res) => void res.end('ok'))
    const gateway = await startGateway({ nodes: [upstream.node] })
    await ask(gateway.port)
    expect(upstream.sockets.size).toBe(1)
    await gateway[Symbol.asyncDispose]()
    await vi.waitFor(() => expect(upstream.sockets.size).toBe(0), { timeout: 15_000 })
  })

  test('may be those of another dispatcher', async () => {
    const mock = new MockAgent()
    mock.disableNetConnect()
    mock.get('http://a.test:81').intercept({ path: '/x' }).reply(203, 'mocked')
    const plugin = httpProxy({ dispatcherFor: () => mock })
    await using gateway = await startGateway({ nodes: [{ host: 'a.test', port: 81, weight: 1 }] }, { plugin })
    const { status, body } = await ask(gateway.port, { path: '/x' })
    expect([status, body.toString()]).toEqual([203, 'mocked'])
  })
})

test('an upstream that cannot be set up is a configuration error with its path', async () => {
  const plugin = httpProxy()
  const kernel = new Kernel({ plugins: [plugin], log: silent })
  const config = { ...defaults, nodes: [{ host: '127.0.0.1', port: 80, weight: 1 }, { host: 'a b', port: 80, weight: 1 }] }
  const { prepared } = kernel.prepare({ name: 'http-proxy', config, owner: { kind: 'route', id: 'r' }, path: ['routes', 0, 'upstream'] })
  await expect(kernel.build().chain({ globals: [], plugins: [prepared!] })).rejects.toThrow('routes[0].upstream: cannot be set up: Invalid URL')
})

test('a keep-alive client gets its next answer after an upload that nobody wanted', async () => {
  await using upstream = await startUpstream((req, res) => {
    if (req.method === 'GET') res.end('next')
    else res.writeHead(401, { connection: 'close' }).end('no')
  })
  await using gateway = await startGateway({ nodes: [upstream.node] })
  const socket = connect(gateway.port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => (text += chunk.toString()))
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 8\r\n\r\nhalf')
  await vi.waitFor(() => expect(text).toContain('no'), { timeout: 15_000 })
  socket.write('halfGET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  await once(socket, 'close')
  expect(text).toContain('next')
})
