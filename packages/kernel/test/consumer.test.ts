import { describe, expect, test } from 'vitest'
import { HttpError, type Chain, type Exchange, type Kernel, type Plugin, type PreparedConsumer } from '../src/index.ts'
import { deferred, exchangeOf, plugin, prepare, rig, type Use } from './rig.ts'

/** Notes its hooks, with whose configuration it runs on. */
function noting(notes: string[], name: string, priority: number): Plugin {
  return plugin(
    name,
    ({ of = 'route' }) => ({
      rewrite: () => void notes.push(`rewrite ${name} of ${String(of)}`),
      access: () => void notes.push(`access ${name} of ${String(of)}`),
      proxy: (_, next) => {
        notes.push(`proxy ${name} of ${String(of)}`)
        return next()
      },
      log: () => void notes.push(`log ${name} of ${String(of)}`),
      dispose: () => void notes.push(`dispose ${name} of ${String(of)}`),
    }),
    { priority },
  )
}

/** Finds the consumer whose key the request's `key` header holds. */
function auth(how: 'sync' | 'async', name = 'auth', priority = 5): Plugin {
  const find = (ctx: Exchange): void => {
    ctx.consumer = ctx.consumers.find(name, String(ctx.request.headers['key']))?.consumer ?? ctx.consumer
  }
  return plugin(name, { rewrite: how === 'sync' ? find : async (ctx) => find(ctx) }, { priority, authenticates: true, ...keyed })
}
const keyed = {
  consumerSchema: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] } as unknown as Plugin['schema'],
  credentialKey: (config: unknown) => (config as { key: string }).key,
}

const of = (name: string, whose: Plugin, config: object = {}): Use => ({ plugin: whose, config: { of: name, ...config }, owner: { kind: 'consumer', id: name } })

/** A consumer with the key `<name>'s key` and these plugins. */
function consumer(kernel: Kernel, name: string, uses: readonly Use[] = [], rest: Partial<PreparedConsumer> = {}): PreparedConsumer {
  const { credential } = kernel.prepareCredential({ name: 'auth', config: { key: `${name}'s key` }, path: ['consumers', name] })
  return { name, credentials: [credential!], plugins: uses.map((use) => prepare(kernel, use)), ...rest }
}

const asked = (name: string): Exchange => exchangeOf({ route: 'r1', headers: { key: `${name}'s key` } })

/** A route with a plugin before and after authentication, and a consumer who brings one of her own and replaces both. */
async function joining(notes: string[], how: 'sync' | 'async' = 'sync'): ReturnType<typeof rig> {
  const [before, after, own, rule] = [noting(notes, 'before', 9), noting(notes, 'after', 1), noting(notes, 'own', 7), noting(notes, 'rule', 1)]
  return rig([{ plugin: rule, global: true }, before, auth(how), after, { plugin: own, config: { _meta: { disable: true } } }], {
    consumers: (kernel) => [consumer(kernel, 'anna', [of('anna', before), of('anna', after), of('anna', own)]), consumer(kernel, 'bob')],
  })
}

const phases = (notes: readonly string[]): string[] => notes.filter((note) => !note.startsWith('dispose'))

describe('a consumer joins right after the hook that found her', () => {
  test.for(['sync', 'async'] as const)('when the hook is %s: what ran does not run again, the rest is hers, log runs for both', async (how) => {
    const notes: string[] = []
    const { run } = await joining(notes, how)
    const expected = [
      'rewrite rule of route',
      'rewrite before of route',
      'rewrite own of anna',
      'rewrite after of anna',
      'access rule of route',
      'access before of anna',
      'access own of anna',
      'access after of anna',
      'proxy rule of route',
      'proxy before of anna',
      'proxy own of anna',
      'proxy after of anna',
      'log before of route',
      'log after of route',
      'log rule of route',
      'log before of anna',
      'log own of anna',
      'log after of anna',
    ]
    await run(asked('anna'))
    await run(asked('anna'))
    expect(notes).toEqual([...expected, ...expected])
  })

  test('a consumer without plugins goes on with the chain of the route', async () => {
    const notes: string[] = []
    const { run } = await joining(notes)
    const ctx = asked('bob')
    await run(ctx)
    expect(ctx.consumer).toEqual({ name: 'bob' })
    expect(notes.filter((note) => note.includes('after'))).toEqual(['rewrite after of route', 'access after of route', 'proxy after of route', 'log after of route'])
    expect(notes.join()).not.toMatch(/of anna|own/)
  })

  test('a plugin that she does not replace runs once in every phase, its filter is asked once', async () => {
    const notes: string[] = []
    let asks = 0
    const counting = plugin('counting', {}, { variables: { asks: () => ++asks } })
    const [kept, own] = [noting(notes, 'kept', 9), noting(notes, 'own', 3)]
    const { run } = await rig([counting, auth('sync'), { plugin: kept, config: { _meta: { filter: [['asks', '>', 0]] } } }, { plugin: own, config: { _meta: { disable: true } } }], {
      consumers: (kernel) => [consumer(kernel, 'anna', [of('anna', own)])],
    })
    await run(asked('anna'))
    expect(notes.filter((note) => note.includes('kept'))).toEqual(['rewrite kept of route', 'access kept of route', 'proxy kept of route', 'log kept of route'])
    expect(notes.filter((note) => note.includes('own'))).toHaveLength(4)
    expect(asks).toBe(1)
  })

  test('a plugin that is switched off on her is off for her', async () => {
    const notes: string[] = []
    const own = noting(notes, 'own', 3)
    const { run } = await rig([auth('sync'), own], { consumers: (kernel) => [consumer(kernel, 'anna', [of('anna', own, { _meta: { disable: true } })])] })
    await run(asked('anna'))
    expect(notes).toEqual(['log own of route'])
  })

  test('of two plugins that authenticate, she is who the last one found', async () => {
    const notes: string[] = []
    const own = noting(notes, 'own', 4)
    const second = plugin('second', { rewrite: (ctx) => void (ctx.consumer = ctx.consumers.named('bob')) }, { priority: 3, authenticates: true })
    const { run } = await rig([auth('sync'), second, own], {
      consumers: (kernel) => [consumer(kernel, 'anna', [of('anna', own)]), consumer(kernel, 'bob', [of('bob', own)])],
    })
    await run(asked('anna'))
    expect(notes).toEqual(['rewrite own of route', 'access own of bob', 'proxy own of bob', 'log own of route', 'log own of bob'])
  })

  test('she brings nothing to a request that no route matches', async () => {
    const notes: string[] = []
    const { run } = await joining(notes)
    await run(exchangeOf({ headers: { key: "anna's key" } }))
    expect(notes.join()).not.toContain('of anna')
  })

  test('nothing goes on where the client leaves while she is looked for', async () => {
    const notes: string[] = []
    const { promise, resolve } = deferred<void>()
    const slow = plugin('slow', { rewrite: () => promise }, { priority: 6 })
    const own = noting(notes, 'own', 1)
    const { run } = await rig([slow, auth('sync'), own], { consumers: (kernel) => [consumer(kernel, 'anna', [of('anna', own)])] })
    const ctx = asked('anna')
    const running = run(ctx, 'client_disconnect')
    ctx.abort('client_disconnect')
    resolve()
    expect((await running).status).toBe(499)
    expect(phases(notes)).toEqual(['log own of route'])
  })
})

describe('the consumers of an exchange', () => {
  test('are found by the key of a credential, and by name', async () => {
    const seen: unknown[] = []
    const look = plugin('look', {
      rewrite: ({ consumers }) =>
        void seen.push(consumers.find('auth', "anna's key"), consumers.find('auth', "nobody's key"), consumers.find('other', "anna's key"), consumers.named('anna'), consumers.named('toString')),
    })
    const { run } = await rig([look, auth('sync')], { consumers: (kernel) => [consumer(kernel, 'anna', [], { groupId: 'gold', labels: { custom_id: '7' } })] })
    await run(exchangeOf())
    const anna = { name: 'anna', groupId: 'gold', labels: { custom_id: '7' } }
    expect(seen).toEqual([{ consumer: anna, config: { key: "anna's key" } }, undefined, undefined, anna, undefined])
  })

  test('tell which credential was used', async () => {
    const { run } = await rig([auth('sync')], {
      consumers: (kernel) => {
        const { credential } = kernel.prepareCredential({ name: 'auth', config: { key: "anna's key" }, id: 'laptop', path: [] })
        return [{ name: 'anna', credentials: [credential!], plugins: [] }]
      },
    })
    const ctx = asked('anna')
    await run(ctx)
    expect(ctx.consumer).toEqual({ name: 'anna', credentialId: 'laptop' })
  })

  test.for(['at its end', 'when it is refused', 'when it fails'])('are held until the rewrite phase is over: %s', async (how) => {
    const reply = deferred<never>()
    const last = plugin('last', {
      rewrite: () => {
        if (how === 'when it is refused') throw new HttpError(403, 'no', 'no')
        if (how === 'when it fails') throw new TypeError('broken')
      },
      access: ({ consumers }) => void expect(consumers.named('anna')).toBeUndefined(),
      proxy: () => reply.promise,
    })
    // It may be rejected before the hook has given it away.
    reply.promise.catch(() => {})
    const gate = deferred<void>()
    const slow = plugin('slow', { rewrite: () => gate.promise }, { priority: 9 })
    const made = await rig([slow, auth('sync'), last], { consumers: (kernel) => [consumer(kernel, 'anna')] })
    const ctx = asked('anna')
    const running = made.run(ctx, 'gateway_error')
    const order: string[] = []
    made.chain.hold()
    const released = made.builder.release().then(() => order.push('released'))
    expect(ctx.consumers.named('anna')).toBeDefined()
    await new Promise(setImmediate)
    expect(order).toEqual([])
    gate.resolve()
    await released
    expect(ctx.consumers.named('anna')).toBeUndefined()
    reply.reject(new HttpError(502, 'x', 'x'))
    await running
  })
})

describe('the plugins of consumers', () => {
  test('are set up with the snapshot, shared by consumers of one group, and kept by the next', async () => {
    const notes: string[] = []
    let setups = 0
    const own = plugin('own', ({ of: whose }) => {
      setups += 1
      return { dispose: () => void notes.push(`dispose of ${String(whose)}`) }
    })
    const uses = [auth('sync'), { plugin: own, config: { _meta: { disable: true } } }]
    const consumers = (kernel: Kernel): PreparedConsumer[] => {
      const gold: Use = { plugin: own, config: { of: 'gold' }, owner: { kind: 'consumer_group', id: 'gold' } }
      return [consumer(kernel, 'anna', [gold]), consumer(kernel, 'bob', [gold]), consumer(kernel, 'carl', [of('carl', own)])]
    }
    const made = await rig(uses, { consumers })
    expect(setups).toBe(2)
    for (const name of ['anna', 'bob', 'carl']) await made.run(asked(name))
    const next = made.kernel.build()
    await next.directory(consumers(made.kernel))
    await made.builder.release()
    expect([setups, notes]).toEqual([2, []])
    await next.release()
    expect(notes.toSorted()).toEqual(['dispose of carl', 'dispose of gold'])
    expect(made.kernel.instances.size).toBe(0)
  })

  test('outlive a snapshot for as long as an exchange runs on them', async () => {
    const notes: string[] = []
    const answer = deferred<never>()
    const [own, slow] = [noting(notes, 'own', 1), plugin('slow', { proxy: () => answer.promise }, { answers: true })]
    const made = await rig([auth('sync'), slow, { plugin: own, config: { _meta: { disable: true } } }], { consumers: (kernel) => [consumer(kernel, 'anna', [of('anna', own)])] })
    made.chain.hold()
    const ctx = asked('anna')
    ctx.openDirectory(made.directory!)
    const running = made.chain.run(ctx)
    await made.builder.release()
    expect(notes).not.toContain('dispose own of anna')
    answer.reject(new HttpError(502, 'x', 'x'))
    await running
    await made.chain.settle(ctx, 'complete', { status: 502, headerBytes: 0, bodyBytes: 0 })
    await made.chain.drop()
    expect(notes.slice(-2)).toEqual(['log own of anna', 'dispose own of anna'])
    expect(made.kernel.instances.size).toBe(0)
  })

  test('make a bounded number of chains, and give back those that are too many', async () => {
    const own = plugin('own', { rewrite: () => {} }, { priority: 1 })
    const made = await rig([auth('sync')], { plugins: [auth('sync'), own], consumers: (kernel) => Array.from({ length: 6_000 }, (_, at) => consumer(kernel, `c${at}`, [of(`c${at}`, own)])) })
    const chains = new Set<Chain>()
    for (let at = 0; at < 6_000; at++) {
      const ctx = asked(`c${at}`)
      ctx.consumer = { name: `c${at}` }
      ctx.openDirectory(made.directory!)
      chains.add(ctx.chainWithConsumer(made.chain)!)
      ctx.closeDirectory()
    }
    const again = (name: string): Chain => made.directory!.chainFor(made.chain, { name })!
    expect(chains.size).toBe(6_000)
    expect([chains.has(again('c5999')), chains.has(again('c0'))]).toEqual([true, false])
    await made.builder.release()
    expect(made.kernel.instances.size).toBe(0)
  })
})
