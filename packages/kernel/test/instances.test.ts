import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError, definePlugin, Type, type Hooks, type Owner } from '../src/index.ts'
import { deferred, exchangeOf, here, logTo, plugin, prepare, rig, type Rig } from './rig.ts'

const service: Owner = { kind: 'service', id: 's1' }

interface Counts {
  setUp: unknown[]
  disposed: unknown[]
}

/** A plugin that tells what is set up and disposed of, by its configuration. */
function counting(): { counts: Counts; counted: ReturnType<typeof plugin> } {
  const counts: Counts = { setUp: [], disposed: [] }
  const counted = plugin('counted', ({ of }) => {
    counts.setUp.push(of)
    return { dispose: () => void counts.disposed.push(of) }
  })
  return { counts, counted }
}

test('one place of configuration is set up once, whoever inherits it; its order of members does not count', async () => {
  const { counts, counted } = counting()
  const { kernel, builder } = await rig([{ plugin: counted, config: { of: 'a', more: { b: 1, c: 2 } }, owner: service }])
  const again = prepare(kernel, { plugin: counted, config: { more: { c: 2, b: 1 }, of: 'a' }, owner: service })
  await builder.chain({ globals: [], plugins: [again] })
  expect(counts.setUp).toEqual(['a'])
})

test.for([
  ['another owner', { of: 'a' }, here],
  ['another kind of owner', { of: 'a' }, { kind: 'consumer', id: 's1' } as const],
  ['another configuration', { of: 'b' }, service],
  ['an array in another order', { of: 'a', list: [2, 1] }, service],
] as const)('%s is another instance', async ([, config, owner]) => {
  const { counts, counted } = counting()
  const { kernel, builder } = await rig([{ plugin: counted, config: { of: 'a' }, owner: service }])
  await builder.chain({ globals: [], plugins: [prepare(kernel, { plugin: counted, config, owner })] })
  expect(counts.setUp).toHaveLength(2)
})

test('plugin_metadata is part of the identity, completed, and given to setup', async () => {
  const seen: unknown[] = []
  const informed = definePlugin({
    name: 'informed',
    priority: 0,
    schema: Type.Object({}),
    metadataSchema: Type.Object({ size: Type.Integer({ default: 7 }) }),
    setup: (_, { metadata, owner }) => {
      seen.push([metadata, owner])
      return {}
    },
  })
  const { kernel, builder } = await rig([])
  const { prepared } = (await rig([informed])).kernel.prepare({ name: 'informed', config: {}, owner: here, path: [], metadata: { size: 8 } })
  await builder.chain({ globals: [], plugins: [prepared!] })
  expect(kernel.instances.size).toBe(1)
  expect(seen).toEqual([
    [{ size: 7 }, here],
    [{ size: 8 }, here],
  ])
})

describe('a plugin that shares its instances', () => {
  const places = [here, service, { kind: 'consumer', id: 's1' }] as const

  test('is set up once for each configuration, wherever it stands, and disposed of when nobody has it', async () => {
    const { counts, counted } = counting()
    const shared = { ...counted, sharesInstances: true }
    const { kernel, builder } = await rig([shared].map((one) => ({ plugin: one, config: { of: 'a' } })))
    const [newer, newest] = [kernel.build(), kernel.build()]
    const chainsOf = (build: typeof builder, of: string) =>
      Promise.all(places.map((owner) => build.chain({ globals: [], plugins: [prepare(kernel, { plugin: shared, config: { of }, owner })] })))
    const chains = await chainsOf(newer, 'a')
    await chainsOf(newest, 'b')
    expect([counts.setUp, new Set(chains).size]).toEqual([['a', 'b'], 1])
    await builder.release()
    expect(counts.disposed).toEqual([])
    await newer.release()
    expect(counts.disposed).toEqual(['a'])
  })

  test('keeps what is written beside it, such as a filter, where it is written', async () => {
    const seen: string[] = []
    const shared = plugin('shared', { rewrite: ({ request }) => void seen.push(request.path) }, { sharesInstances: true })
    const [never, always] = ['/never', '/always'].map((path) => ({ _meta: { filter: [['uri', '==', path]] } }))
    const { kernel, builder } = await rig([shared])
    const [first, second] = await Promise.all(
      [never, always].map((config) => builder.chain({ globals: [], plugins: [prepare(kernel, { plugin: shared, config })] })),
    )
    for (const chain of [first, second]) await chain!.run(exchangeOf({ path: '/always' }))
    expect([seen, kernel.instances.size]).toEqual([['/always'], 1])
  })

  test.for(['owner', 'counters'] as const)('is told that there is no host.%s', async (member) => {
    const asking = plugin('asking', (_, host) => ({ rewrite: () => void host[member] }), { sharesInstances: true })
    const { run, lines } = await rig([asking])
    await run(exchangeOf({ log: logTo(lines) }))
    const reason = `asking shares its instances (sharesInstances): there is no host.${member}`
    expect(lines.map(({ fields }) => String(fields['err']))).toEqual([expect.stringContaining(reason)])
  })
})

async function two(first: unknown, second: unknown): Promise<{ counts: Counts; older: Rig['builder']; newer: Rig['builder'] }> {
  const { counts, counted } = counting()
  const { kernel, builder } = await rig([{ plugin: counted, config: { of: first } }])
  const newer = kernel.build()
  await newer.chain({ globals: [], plugins: [prepare(kernel, { plugin: counted, config: { of: second } })] })
  return { counts, older: builder, newer }
}

describe('over two snapshots', () => {
  test('what stays the same keeps its instance, until the last of them is released', async () => {
    const { counts, older, newer } = await two('a', 'a')
    await older.release()
    await older.release()
    expect(counts).toEqual({ setUp: ['a'], disposed: [] })
    await newer.release()
    expect(counts.disposed).toEqual(['a'])
  })

  test('what changes is set up anew, and the old one disposed of with its snapshot', async () => {
    const { counts, older } = await two('a', 'b')
    await older.release()
    expect(counts).toEqual({ setUp: ['a', 'b'], disposed: ['a'] })
  })

  test('what was disposed of is set up anew when it comes back', async () => {
    const { counts, counted } = counting()
    const { kernel, builder } = await rig([{ plugin: counted, config: { of: 'a' } }])
    await builder.release()
    await kernel.build().chain({ globals: [], plugins: [prepare(kernel, { plugin: counted, config: { of: 'a' } })] })
    expect(counts.setUp).toEqual(['a', 'a'])
  })
})

describe('chains made at once', () => {
  test.for(['sync', 'async'] as const)('share an instance that is set up in a %s way, and its last release disposes of it', async (how) => {
    const { promise, resolve } = deferred<void>()
    let setUps = 0
    let disposals = 0
    const hooks: Hooks = { dispose: () => void disposals++ }
    const slow = plugin('slow', () => {
      setUps++
      return how === 'sync' ? hooks : promise.then(() => hooks)
    })
    const { kernel } = await rig([{ plugin: slow, config: { _meta: { disable: true } } }])
    const prepared = prepare(kernel, { plugin: slow })
    const builders = [kernel.build(), kernel.build()]
    const making = builders.flatMap((builder) => [
      builder.chain({ globals: [], plugins: [prepared] }),
      builder.chain({ globals: [], plugins: [prepared] }),
    ])
    resolve()
    await Promise.all(making)
    expect(setUps).toBe(1)
    await builders[0]!.release()
    expect(disposals).toBe(0)
    await builders[1]!.release()
    expect(disposals).toBe(1)
    expect(kernel.instances.size).toBe(0)
  })

  test('what is still being set up when the snapshot is released is disposed of as well', async () => {
    const { promise, resolve } = deferred<Hooks>()
    let disposals = 0
    const slow = plugin('slow', () => promise)
    const { kernel } = await rig([{ plugin: slow, config: { _meta: { disable: true } } }])
    const builder = kernel.build()
    const making = builder.chain({ globals: [], plugins: [prepare(kernel, { plugin: slow })] })
    await new Promise(setImmediate)
    const releasing = builder.release()
    resolve({ dispose: () => void disposals++ })
    await expect(making).rejects.toThrow('these chains were released')
    await releasing
    expect(disposals).toBe(1)
    expect(kernel.instances.size).toBe(0)
  })
})

describe('a setup that fails', () => {
  test.for<[string, () => Hooks | Promise<Hooks>]>([
    ['throws', () => { throw new Error('no disk') }],
    ['rejects', () => Promise.reject(new Error('no disk'))],
  ])('that %s is a problem of its place; those before it are disposed of with the snapshot', async ([, setup]) => {
    const { counts, counted } = counting()
    const broken = plugin('broken', setup)
    const { kernel } = await rig([counted, broken].map((one) => ({ plugin: one, config: { _meta: { disable: true } } })))
    const builder = kernel.build()
    const plugins = [prepare(kernel, { plugin: counted, config: { of: 'a' } }), prepare(kernel, { plugin: broken })]
    const making = builder.chain({ globals: [], plugins })
    await expect(making).rejects.toThrow(ConfigError)
    await expect(making).rejects.toMatchObject({ issues: [{ path: ['plugins', 'broken'], message: 'cannot be set up: no disk' }] })
    await builder.release()
    expect(counts.disposed).toEqual(['a'])
    expect(kernel.instances.size).toBe(0)
  })

  test('it may report problems of its own', async () => {
    const issue = { path: ['plugins', 'picky', 'file'], message: 'is no key file' }
    const picky = plugin('picky', () => Promise.reject(new ConfigError([issue])))
    await expect(rig([picky])).rejects.toMatchObject({ issues: [issue] })
  })

  test('a setup without hooks is told so', async () => {
    await expect(rig([plugin('careless', () => undefined as never)])).rejects.toThrow('cannot be set up: its setup returned no hooks')
  })

  test('it may be tried again', async () => {
    let tries = 0
    const flaky = plugin('flaky', async () => {
      if (++tries === 1) throw new Error('not yet')
      return {}
    })
    const { kernel } = await rig([{ plugin: flaky, config: { _meta: { disable: true } } }])
    const spec = { globals: [], plugins: [prepare(kernel, { plugin: flaky })] }
    await expect(kernel.build().chain(spec)).rejects.toThrow('not yet')
    await kernel.build().chain(spec)
    expect(kernel.instances.size).toBe(1)
  })
})

describe('a setup that never comes to an end', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  test('is given up after 30 s, with its place; what it gives later is disposed of, and it may be tried again', async () => {
    const coming = [deferred<Hooks>(), deferred<Hooks>()]
    let tries = 0
    let disposals = 0
    const stuck = plugin('stuck', () => coming[tries++]!.promise)
    const { kernel } = await rig([{ plugin: stuck, config: { _meta: { disable: true } } }])
    const spec = { globals: [], plugins: [prepare(kernel, { plugin: stuck })] }
    const failed = kernel.build().chain(spec).catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await failed).toMatchObject({
      issues: [{ path: ['plugins', 'stuck'], message: 'cannot be set up: its setup has not come to an end within 30 s' }],
    })

    const again = kernel.build()
    const making = again.chain(spec)
    coming[0]!.resolve({ dispose: () => void disposals++ })
    coming[1]!.resolve({})
    await making
    expect({ tries, disposals, held: kernel.instances.size, timers: vi.getTimerCount() }).toEqual({ tries: 2, disposals: 1, held: 1, timers: 0 })
  })
})

test('a plugin that fails to dispose of itself is logged, and stops nobody else', async () => {
  const { counts, counted } = counting()
  const stuck = plugin('stuck', { dispose: () => Promise.reject(new Error('busy')) })
  const { builder, lines } = await rig([stuck, { plugin: counted, config: { of: 'a' } }])
  await builder.release()
  expect(counts.disposed).toEqual(['a'])
  expect(lines).toMatchObject([{ level: 'error', message: 'a plugin failed to dispose of itself' }])
})

test('a builder that was released makes no more chains', async () => {
  const { counted } = counting()
  const { kernel, builder } = await rig([{ plugin: counted, config: { _meta: { disable: true } } }])
  await builder.release()
  await expect(builder.chain({ globals: [], plugins: [prepare(kernel, { plugin: counted })] })).rejects.toThrow('were released')
})
