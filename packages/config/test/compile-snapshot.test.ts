import { ConfigError, type Reply } from '@sluice/kernel'
import { describe, expect, test, vi } from 'vitest'
import { checkResources, compileSnapshot, type Resolved, type Snapshot } from '../src/index.ts'
import { envOf, exchange, kernelOf, type Diary } from './fixture.ts'

type Setup = { kernel: ReturnType<typeof kernelOf>; diary: Diary; compile(value: object): Promise<Snapshot> }

function start(): Setup {
  const diary: Diary = []
  const kernel = kernelOf(diary)
  return { kernel, diary, compile: (value) => compileSnapshot({ kernel, resolved: resolvedBy(kernel, value) }) }
}

function resolvedBy(kernel: ReturnType<typeof kernelOf>, value: object): Resolved {
  const { resolved, issues } = checkResources(value, kernel, envOf())
  expect(issues).toEqual([])
  return resolved!
}

const request = { method: 'GET', path: '/x', host: 'a', address: '127.0.0.1' }

async function ask(snapshot: Snapshot, path = '/x'): Promise<Reply> {
  const ctx = exchange()
  const found = snapshot.router.match({ ...request, path }, ctx, false)
  const chain = typeof found === 'object' ? found.value.chain : snapshot.notFound
  const reply = await chain.run(ctx)
  await chain.settle(ctx, 'complete', { status: reply.status, headerBytes: 0, bodyBytes: 0 })
  return reply
}

const answered = { id: 'r', uri: '/x', plugins: { answer: {}, tag: { value: 'a' } } }

describe('compileSnapshot', () => {
  test('makes routes that answer', async () => {
    const { compile } = start()
    const snapshot = await compile({ routes: [answered] })
    expect(await ask(snapshot)).toMatchObject({
      status: 200,
      headers: { 'x-tag': 'a' },
      body: '{"by":"answer","config":{}}',
    })
    expect(snapshot.routes[0]).toMatchObject({ info: { id: 'r' }, uris: ['/x'], priority: 0 })
    expect(snapshot.routes[0]!.chain.describe()).toMatchObject({ access: ['tag'], proxy: ['answer'] })
  })

  test('lets the upstream answer where no other plugin does', async () => {
    const { compile } = start()
    const nodes = { a: 1 }
    const snapshot = await compile({
      routes: [
        { id: 'both', uri: '/both', plugins: { answer: {} }, upstream: { nodes } },
        { id: 'off', uri: '/off', plugins: { answer: { _meta: { disable: true } } }, upstream: { nodes } },
      ],
    })
    expect((await ask(snapshot, '/both')).body).toContain('"by":"answer"')
    expect((await ask(snapshot, '/off')).body).toContain('"by":"http-proxy"')
  })

  test('runs global rules around everything, and where nothing matches', async () => {
    const { compile } = start()
    const snapshot = await compile({
      routes: [answered],
      global_rules: [{ id: 'g', plugins: { label: { value: 'g' } } }],
    })
    expect((await ask(snapshot)).headers).toMatchObject({ 'x-tag': 'a', 'x-label': 'g' })
    const missed = exchange()
    const reply = await snapshot.notFound.run(missed)
    expect(reply).toMatchObject({ status: 404, headers: { 'content-type': 'application/json', 'x-label': 'g' } })
    expect(reply.body).toBe('{"error_msg":"404 Route Not Found"}')
    expect(missed.outcome).toBe('refused')
  })

  test('leaves out routes with status 0, and sets nothing up for them', async () => {
    const { compile, diary } = start()
    const snapshot = await compile({ routes: [{ ...answered, status: 0 }] })
    expect((await ask(snapshot)).status).toBe(404)
    expect(diary).toEqual([])
  })

  test('sets up what is shared once', async () => {
    const { compile, diary } = start()
    const routes = Array.from({ length: 50 }, (_, index) => ({ id: index + 1, uri: `/${index}`, service_id: 's' }))
    const snapshot = await compile({ routes, services: [{ id: 's', plugins: { tag: { value: 'a' }, answer: {} } }] })
    expect(diary).toEqual(['setup tag a'])
    expect(new Set(snapshot.routes.map(({ chain }) => chain)).size).toBe(1)
  })

  test('tells every problem of setting up, each once, and gives back what was set up', async () => {
    const { compile, kernel, diary } = start()
    const fragile = { fragile: { secret: 'xyz' } }
    const attempt = compile({
      routes: [
        { id: 'a', uri: '/a', plugins: { tag: { value: 'a' }, ...fragile } },
        { id: 'b', uri: '/b', service_id: 's' },
        { id: 'c', uri: '/c', service_id: 's' },
        { id: 'd', uri: '/d', plugins: { tag: { value: 'd' } } },
      ],
      services: [{ id: 's', plugins: fragile }],
    })
    const error = await attempt.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).issues).toEqual([
      { path: ['routes', 'a', 'plugins', 'fragile'], message: 'cannot be set up: no such thing' },
      { path: ['services', 's', 'plugins', 'fragile'], message: 'cannot be set up: no such thing' },
    ])
    expect(diary.toSorted()).toEqual(['dispose tag a', 'dispose tag d', 'setup tag a', 'setup tag d'])
    expect(kernel.instances.size).toBe(0)
  })
})

describe('Snapshot', () => {
  test('is disposed of once it is retired and its last exchange has ended', async () => {
    const { compile, diary, kernel } = start()
    const snapshot = await compile({ routes: [answered] })
    snapshot.acquire()
    snapshot.acquire()
    expect(snapshot.inFlight).toBe(2)
    snapshot.retire()
    snapshot.release()
    expect((await ask(snapshot)).status).toBe(200)
    expect(diary).toEqual(['setup tag a'])
    snapshot.release()
    snapshot.retire()
    await snapshot.disposed
    expect(diary).toEqual(['setup tag a', 'dispose tag a'])
    expect(kernel.instances.size).toBe(0)
    expect(snapshot.inFlight).toBe(0)
  })

  test('keeps alive only the chains on which exchanges run', async () => {
    const { compile, diary, kernel } = start()
    const routes = ['a', 'b'].map((value) => ({ id: value, uri: `/${value}`, plugins: { answer: {}, tag: { value } } }))
    const snapshot = await compile({ routes })
    const [a, b] = snapshot.routes.map(({ chain }) => chain)
    for (const chain of [a!, a!, b!]) {
      snapshot.acquire()
      snapshot.choose(chain, exchange())
    }
    snapshot.release(b)
    snapshot.retire()
    await vi.waitUntil(() => diary.length > 2, { timeout: 15_000 })
    expect(diary).toEqual(['setup tag a', 'setup tag b', 'dispose tag b'])
    expect(() => snapshot.routes).toThrow(/disposed of/)
    snapshot.release(a)
    expect(snapshot.inFlight).toBe(1)
    expect(diary).toHaveLength(3)
    snapshot.release(a)
    await snapshot.disposed
    expect(diary).toEqual(['setup tag a', 'setup tag b', 'dispose tag b', 'dispose tag a'])
    expect(kernel.instances.size).toBe(0)
  })

  test('is there for an exchange that has not chosen its chain yet', async () => {
    const { compile, diary } = start()
    const snapshot = await compile({ routes: [answered] })
    snapshot.acquire()
    snapshot.retire()
    expect((await ask(snapshot)).status).toBe(200)
    snapshot.choose(snapshot.notFound, exchange())
    expect(() => snapshot.acquire()).toThrow(/disposed of/)
    await vi.waitUntil(() => diary.length > 1, { timeout: 15_000 })
    expect(diary).toEqual(['setup tag a', 'dispose tag a'])
  })

  test('shares with the next the chains of what has not changed, wherever it stands there', async () => {
    const { compile, diary } = start()
    const b = { id: 'b', uri: '/b', plugins: { tag: { value: 'b' } } }
    const first = await compile({ routes: [answered, b] })
    const second = await compile({ routes: [{ ...b, plugins: { tag: { value: 'b', _meta: { priority: 1 } } } }, { ...answered, uri: '/moved' }] })
    const [chainA, chainB] = first.routes.map(({ chain }) => chain)
    expect(second.routes[1]!.chain).toBe(chainA)
    expect(second.routes[0]!.chain).not.toBe(chainB)
    first.retire()
    await first.disposed
    expect((await ask(second, '/moved')).headers['x-tag']).toBe('a')
    expect(diary).toEqual(['setup tag a', 'setup tag b'])
    second.retire()
    await second.disposed
    expect(diary).toHaveLength(4)
  })

  test('lives on without exchanges as long as it is current', async () => {
    const { compile, diary } = start()
    const snapshot = await compile({ routes: [answered] })
    snapshot.acquire()
    snapshot.release()
    expect((await ask(snapshot)).status).toBe(200)
    expect(diary).toEqual(['setup tag a'])
  })

  test('hands what has not changed to the next', async () => {
    const { compile, diary } = start()
    const first = await compile({ routes: [answered, { id: 'b', uri: '/b', plugins: { tag: { value: 'b' } } }] })
    const second = await compile({
      routes: [
        { ...answered, uri: '/moved' },
        { id: 'b', uri: '/b', plugins: { tag: { value: 'c' } } },
      ],
    })
    first.retire()
    await first.disposed
    expect(diary).toEqual(['setup tag a', 'setup tag b', 'setup tag c', 'dispose tag b'])
    expect((await ask(second, '/moved')).headers['x-tag']).toBe('a')
  })

  test('says so when it is used wrongly', async () => {
    const { compile } = start()
    const snapshot = await compile({})
    expect(() => snapshot.release()).toThrow(/released more often/)
    snapshot.retire()
    expect(() => snapshot.acquire()).toThrow(/disposed of/)
  })
})

test('ten thousand routes with plugins of their own compile in reasonable time', async () => {
  const { compile } = start()
  const routes = Array.from({ length: 10_000 }, (_, index) => ({
    id: `r${index}`,
    uri: `/v1/${index}/*`,
    plugins: { answer: { options: { model: 'gpt-4' } }, tag: { value: String(index) } },
    service_id: 's',
  }))
  const before = performance.now()
  const snapshot = await compile({ routes, services: [{ id: 's', plugins: { label: { value: 's' } } }] })
  const took = performance.now() - before
  expect((await ask(snapshot, '/v1/9999/x')).headers).toMatchObject({ 'x-tag': '9999', 'x-label': 's' })
  expect(took).toBeLessThan(20_000)
}, 60_000)
