import { Pool } from 'undici'
import { describe, expect, test } from 'vitest'
import { httpProxy } from '../src/index.ts'
import { startGateway } from './gateway.ts'
import { ask, deadNode, startRaw, startUpstream, type Upstream } from './upstream.ts'

const named = (name: string): Promise<Upstream> => startUpstream((_, res) => void res.end(name))

async function askAll(port: number, times: number, method = 'GET'): Promise<string[]> {
  const names: string[] = []
  for (let time = 0; time < times; time++) {
    const { status, body } = await ask(port, { method })
    names.push(status === 200 ? body.toString() : String(status))
  }
  return names
}

describe('nodes', () => {
  test('take turns by weight, the heavy one not in a row; weight 0 gets none', async () => {
    await using a = await named('a')
    await using b = await named('b')
    await using c = await named('c')
    await using d = await named('d')
    const nodes = [
      { ...a.node, weight: 5 },
      { ...b.node, weight: 1 },
      { ...c.node, weight: 1 },
      { ...d.node, weight: 0 },
    ]
    await using gateway = await startGateway({ nodes })
    expect(await askAll(gateway.port, 14)).toEqual([...'aabacaa', ...'aabacaa'])
  })

  test('of a lower priority are asked only when all of a higher one have failed', async () => {
    await using a = await named('a')
    await using spare = await named('spare')
    await using gateway = await startGateway({ nodes: [{ ...spare.node, weight: 100, priority: -1 }, a.node, { ...a.node }] })
    expect(await askAll(gateway.port, 6)).toEqual(['a', 'a', 'a', 'a', 'a', 'a'])
    await using failing = await startGateway({ nodes: [{ ...spare.node, priority: -1 }, await deadNode(), await deadNode()] })
    expect(await askAll(failing.port, 3)).toEqual(['spare', 'spare', 'spare'])
  })

  test('that refuse are passed over, also for a POST', async () => {
    await using a = await named('a')
    await using gateway = await startGateway({ nodes: [await deadNode(), a.node, await deadNode()] })
    expect(await askAll(gateway.port, 3)).toEqual(['a', 'a', 'a'])
    expect((await ask(gateway.port, { method: 'POST' }, 'a streamed body')).body.toString()).toBe('a')
    expect(gateway.settled.at(-1)?.upstream?.address).toBe(`127.0.0.1:${a.port}`)
  })

  test('are tried no more often than retries says', async () => {
    await using a = await named('a')
    await using never = await startGateway({ nodes: [await deadNode(), a.node], retries: 0 })
    expect(await askAll(never.port, 4)).toEqual(['502', 'a', '502', 'a'])
    await using once = await startGateway({ nodes: [await deadNode(), await deadNode(), a.node], retries: 1 })
    expect((await askAll(once.port, 3)).toSorted()).toEqual(['502', 'a', 'a'])
  })

  test('are not tried again once retry_timeout has passed', async () => {
    await using a = await named('a')
    let now = 0
    await using slow = await startRaw((socket) => {
      now += 60_000
      socket.once('data', () => socket.resetAndDestroy())
    })
    const clock = { now: () => now, monotonic: () => now }
    await using patient = await startGateway({ nodes: [slow.node, a.node], retry_timeout: 61 }, { clock })
    expect(await askAll(patient.port, 1)).toEqual(['a'])
    await using gateway = await startGateway({ nodes: [slow.node, a.node], retry_timeout: 60 }, { clock })
    expect(await askAll(gateway.port, 1)).toEqual(['502'])
  })

  test('are asked again where there are more retries than nodes', async () => {
    let tries = 0
    await using upstream = await startRaw((socket) => {
      if (++tries < 3) socket.destroy()
      else socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))
    })
    await using gateway = await startGateway({ nodes: [upstream.node], retries: 5 })
    expect((await ask(gateway.port)).body.toString()).toBe('ok')
    expect(tries).toBe(3)
  })

  test.for(['no nodes', 'no weight'])('that do not exist are a 502 (%s)', async (what) => {
    await using gateway = await startGateway({ nodes: what === 'no nodes' ? [] : [{ ...(await deadNode()), weight: 0 }] })
    const { status, body } = await ask(gateway.port)
    expect({ status, body: JSON.parse(body.toString()) }).toMatchObject({
      status: 502,
      body: { error_msg: 'the upstream has no node that takes requests' },
    })
    expect(gateway.settled[0]?.outcome).toBe('upstream_error')
  })
})

const losing = (): Promise<Upstream> => startRaw((socket) => socket.once('data', () => socket.resetAndDestroy()))

describe('a connection that is lost before the answer', () => {
  test.for(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('makes another node be asked for a %s', async (method) => {
    await using lost = await losing()
    await using a = await named('a')
    await using gateway = await startGateway({ nodes: [lost.node, a.node] })
    expect((await ask(gateway.port, { method, headers: { 'content-length': '0' } })).status).toBe(200)
  })

  test.for([
    ['POST', 'a body'],
    ['PATCH', ''],
    ['PUT', 'a body'],
  ] as const)('is a 502 for a %s with "%s", which may have been done', async ([method, body]) => {
    await using lost = await losing()
    await using a = await named('a')
    await using gateway = await startGateway({ nodes: [lost.node, a.node] })
    const answer = await ask(gateway.port, { method }, body)
    expect(answer.status).toBe(502)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ error_msg: 'the upstream closed the connection' })
    expect(gateway.settled[0]?.outcome).toBe('upstream_error')
  })

  test('is no reason to ask again once the head was there', async () => {
    let asked = 0
    const cut = (): Promise<Upstream> =>
      startRaw((socket) => {
        asked += 1
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n'))
      })
    await using one = await cut()
    await using two = await cut()
    await using gateway = await startGateway({ nodes: [one.node, two.node] })
    await ask(gateway.port).catch(() => {})
    expect(asked).toBe(1)
  })
})

test('a node that cannot be reached in time is a 504, or another one is asked', async () => {
  await using a = await named('a')
  let isStuck = true
  const plugin = httpProxy({
    dispatcherFor: ({ origin }) => (isStuck && !origin.endsWith(`:${a.port}`) ? new Pool(origin, { connect: () => {} }) : new Pool(origin)),
  })
  const dead = await deadNode()
  const timeout = { connect: 0.05, send: 5, read: 5 }
  await using gateway = await startGateway({ nodes: [dead, a.node], timeout }, { plugin })
  expect(await askAll(gateway.port, 2)).toEqual(['a', 'a'])
  await using lonely = await startGateway({ nodes: [dead], timeout }, { plugin })
  const { status, body } = await ask(lonely.port)
  expect({ status, body: JSON.parse(body.toString()) }).toMatchObject({
    status: 504,
    body: { error_msg: 'the upstream could not be reached within 50 ms' },
  })
  expect(lonely.settled[0]?.outcome).toBe('stalled')
  isStuck = false
})
