import { describe, expect, test } from 'vitest'
import { json, type Chain, type Plugin } from '../src/index.ts'
import { deferred, exchangeOf, plugin, prepare, rig, type Use } from './rig.ts'

/** Notes its hooks, with what its configuration is called. */
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
    }),
    { priority },
  )
}

const auth = (how: 'sync' | 'async'): Plugin =>
  plugin(
    'auth',
    {
      rewrite: how === 'sync' ? (ctx) => void (ctx.consumer = { name: 'anna' }) : async (ctx) => void (ctx.consumer = { name: 'anna' }),
    },
    { priority: 5, authenticates: true },
  )

const anna = { kind: 'consumer', id: 'anna' } as const

/** A route with a plugin before and after authentication, and a consumer who brings one of her own and replaces both. */
async function joining(notes: string[], how: 'sync' | 'async' = 'sync'): ReturnType<typeof rig> {
  const [before, after, own, rule] = [noting(notes, 'before', 9), noting(notes, 'after', 1), noting(notes, 'own', 7), noting(notes, 'rule', 1)]
  const who = auth(how)
  const route: Use[] = [{ plugin: before }, { plugin: who }, { plugin: after }]
  const hers: Use[] = [
    { plugin: before, config: { of: 'anna' }, owner: anna },
    { plugin: who },
    { plugin: after, config: { of: 'anna' }, owner: anna },
    { plugin: own, config: { of: 'anna' }, owner: anna },
  ]
  let chain: Chain | undefined
  const made = await rig([{ plugin: rule, global: true }, ...route, { plugin: own, config: { _meta: { disable: true } } }], {
    join: async ({ name }) => {
      expect(name).toBe('anna')
      return (chain ??= await made.builder.chain({
        globals: [prepare(made.kernel, { plugin: rule, global: true })],
        plugins: hers.map((use) => prepare(made.kernel, use)),
        unanswered: async () => json(200, 'hers'),
      }))
    },
  })
  return made
}

describe('a consumer joins right after the hook that found her', () => {
  test.for(['sync', 'async'] as const)('when the hook is %s: what ran does not run again, the rest is hers, log runs for both', async (how) => {
    const notes: string[] = []
    const { run } = await joining(notes, how)
    expect((await run()).body).toBe('"hers"')
    expect(notes).toEqual([
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
    ])
  })

  test('a plugin that she does not replace runs once in every phase, its filter is asked once', async () => {
    const notes: string[] = []
    let asked = 0
    const counting = plugin('counting', {}, { variables: { asked: () => ++asked } })
    const [who, kept] = [auth('sync'), noting(notes, 'kept', 9)]
    const uses: Use[] = [{ plugin: counting }, { plugin: who }, { plugin: kept, config: { _meta: { filter: [['asked', '>', 0]] } } }]
    const { kernel, builder } = await rig(uses)
    const prepared = uses.map((use) => prepare(kernel, use))
    const join = (): Promise<Chain> => builder.chain({ globals: [], plugins: prepared, unanswered: async () => json(200, 'hers') })
    const chain = await builder.chain({ globals: [], plugins: prepared, join })
    const ctx = exchangeOf()
    await chain.run(ctx)
    await chain.settle(ctx, 'complete', { status: 200, headerBytes: 0, bodyBytes: 0 })
    expect(notes).toEqual(['rewrite kept of route', 'access kept of route', 'proxy kept of route', 'log kept of route'])
    expect(asked).toBe(1)
  })

  test('a consumer without plugins goes on with the chain of the route', async () => {
    const notes: string[] = []
    const made = await rig([auth('sync'), noting(notes, 'after', 1)], { join: (): Chain => made.chain })
    await made.run()
    expect(notes).toEqual(['rewrite after of route', 'access after of route', 'proxy after of route', 'log after of route'])
  })

  test('a chain that cannot be made is a 500, logged as an error', async () => {
    const { run, lines, kernel } = await rig([auth('sync')], { join: () => Promise.reject(new Error('no such group')) })
    expect((await run(exchangeOf({ log: kernel.log }))).status).toBe(500)
    expect(lines).toMatchObject([{ level: 'error' }])
  })

  test('nothing goes on where the client leaves while her chain is made', async () => {
    const notes: string[] = []
    const { promise, resolve } = deferred<Chain>()
    const made = await rig([auth('sync'), noting(notes, 'after', 1)], { join: () => promise })
    const ctx = exchangeOf()
    const running = made.chain.run(ctx)
    ctx.abort('client_disconnect')
    resolve(made.chain)
    expect((await running).status).toBe(499)
    expect(notes).toEqual([])
  })
})
