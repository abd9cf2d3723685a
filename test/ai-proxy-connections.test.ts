import { startMockLlm } from '@sluice/mock-llm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openChat } from './support/chat.ts'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { smallAnswer, startUpstream, type Upstream } from './support/upstream.ts'

const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }

function answering(): Promise<Upstream> {
  return startUpstream((_, res) => void res.setHeader('content-type', 'application/json').end(smallAnswer))
}

/** Answers once so many requests have arrived, all of them together. */
function answeringTogether(count: number): Promise<Upstream> {
  const all = Promise.withResolvers<void>()
  let arrived = 0
  return startUpstream(async (_, res) => {
    arrived += 1
    if (arrived === count) all.resolve()
    await all.promise
    res.setHeader('content-type', 'application/json').end(smallAnswer)
  })
}

async function askOf(url: string, path = ''): Promise<number> {
  return (await askRaw(`${url}${path}/v1/chat/completions`, { body: chat })).status
}

function times<T>(count: number, what: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, what))
}

describe('connections are kept', () => {
  test('one after the other, requests share one', async () => {
    const upstream = await answering()
    const { url } = await startGateway({ routes: [aiRoute(upstream.url)] })
    for (let n = 0; n < 5; n++) expect(await askOf(url)).toBe(200)
    expect([upstream.connections(), upstream.open()]).toEqual([1, 1])
  })

  test('keepalive: false keeps none', async () => {
    const upstream = await answering()
    const { url } = await startGateway({ routes: [aiRoute(upstream.url, { keepalive: false })] })
    for (let n = 0; n < 3; n++) expect(await askOf(url)).toBe(200)
    expect(upstream.connections()).toBe(3)
    await expect.poll(() => upstream.open(), { timeout: 15_000 }).toBe(0)
  })

  test('keepalive_pool bounds those that are idle, never those that work', async () => {
    const upstream = await answeringTogether(40)
    const { url } = await startGateway({ routes: [aiRoute(upstream.url, { keepalive_pool: 3 })] })
    expect(await times(40, () => askOf(url))).toEqual(Array.from({ length: 40 }, () => 200))
    expect(upstream.connections()).toBe(40)
    await expect.poll(() => upstream.open(), { timeout: 15_000 }).toBeLessThanOrEqual(3)
    expect(upstream.open()).toBeGreaterThan(0)
  })

  test('keepalive_timeout closes what idles', async () => {
    const upstream = await answering()
    const { url } = await startGateway({ routes: [aiRoute(upstream.url, { keepalive_timeout: 1000 })] })
    await askOf(url)
    expect(upstream.open()).toBe(1)
    await expect.poll(() => upstream.open(), { timeout: 4000 }).toBe(0)
  })

  test('a connection that the provider closes in between is no failure', async () => {
    const upstream = await answering()
    const { url } = await startGateway({ routes: [aiRoute(upstream.url)] })
    expect(await askOf(url)).toBe(200)
    upstream.server.closeIdleConnections()
    await expect.poll(() => upstream.open(), { timeout: 15_000 }).toBe(0)
    expect(await askOf(url)).toBe(200)
  })

  test('routes share those to one origin, and only where they treat them alike', async () => {
    const upstream = await answering()
    const one = (id: string, config: object): object => ({
      ...aiRoute(upstream.url, config as Record<string, unknown>),
      id,
      uri: `/${id}/*`,
    })
    const { url } = await startGateway({
      routes: [one('a', {}), one('b', { options: { model: 'x' } }), one('c', { keepalive_timeout: 2000 })],
    })
    for (const path of ['/a', '/b', '/a', '/c']) expect(await askOf(url, path)).toBe(200)
    expect(upstream.connections()).toBe(2)
  })
})

describe('a changed configuration', () => {
  test('closes the connections that nobody uses any more', async () => {
    const [old, other] = [await answering(), await answering()]
    const { url, apply } = await startGateway({ routes: [aiRoute(old.url)] })
    await askOf(url)
    await apply({ routes: [aiRoute(other.url)] })
    await expect.poll(() => old.open(), { timeout: 15_000 }).toBe(0)
    expect(await askOf(url)).toBe(200)
    expect([old.connections(), other.connections()]).toEqual([1, 1])
  })

  test('keeps those that it still uses', async () => {
    const upstream = await answering()
    const { url, apply } = await startGateway({ routes: [aiRoute(upstream.url)] })
    await askOf(url)
    await apply({ routes: [aiRoute(upstream.url, { options: { model: 'other' } })] })
    await askOf(url)
    expect([upstream.connections(), upstream.open()]).toEqual([1, 1])
  })

  test('lets a stream finish on the one that it began with, and then closes its connections', async () => {
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    const other = await answering()
    const { url, apply, lines, gateway } = await startGateway({ routes: [aiRoute(mock.url)] })
    mock.script({ text: 'one two three', tokensPerSecond: 8 })
    const stream = await openChat(url)
    await stream.until('one')
    const before = gateway.snapshot
    await apply({ routes: [aiRoute(other.url)] })
    expect(await askOf(url)).toBe(200)
    expect(await stream.rest()).toMatch(/three[\s\S]*\[DONE\]/)
    await before.disposed
    expect(await lines(2)).toMatchObject([{ outcome: 'complete' }, { outcome: 'complete', request_type: 'ai_stream' }])
    expect(mock.requests).toHaveLength(1)
  })
})

test('200 requests at once are all answered', async () => {
  const upstream = await answeringTogether(200)
  const { url } = await startGateway({ routes: [aiRoute(upstream.url)] })
  expect(new Set(await times(200, () => askOf(url)))).toEqual(new Set([200]))
})
