import { BlockList } from 'node:net'
import { compileRule } from '@sluice/expr'
import { expect, it } from 'vitest'
import { checkUri, needsBody, normalizePath, type RouteRequest } from '../src/index.ts'
import { ask, dice, router, variables, type Context, type Written } from './fixture.ts'

interface Found {
  readonly value: string | undefined
  readonly pattern: string
  readonly host: string | undefined
  readonly params: Record<string, string>
}

const literal = (uri: string): string => /^(?:(?!\/:)[^*])*\/?/.exec(uri)![0]
const exact = (uri: string): boolean => !/\*|\/:/.test(uri)

/** The contract, word for word and without a thought for speed: sort everything, try everything. */
function reference(routes: readonly Written[], asked: RouteRequest, context: Context): Found | undefined {
  const { method, path, host, address } = asked
  const normal = normalizePath(path)
  if (normal === undefined) return undefined
  const tries = routes.flatMap((route, order) =>
    [...(route.hosts?.length ? route.hosts : ['*'])].flatMap((pattern) =>
      (route.uris ?? []).map((uri) => ({ route, order, host: pattern.toLowerCase(), uri, regex: regexOf(uri) })),
    ),
  )
  const sorted = tries.toSorted(
    (a, b) =>
      rankOfHost(b.host) - rankOfHost(a.host) ||
      Number(exact(b.uri)) - Number(exact(a.uri)) ||
      literal(b.uri).length - literal(a.uri).length ||
      (b.route.priority ?? 0) - (a.route.priority ?? 0) ||
      b.uri.length - a.uri.length ||
      a.order - b.order,
  )
  for (const { route, host: pattern, uri, regex } of sorted) {
    const params = regex.exec(normal)
    if (!params || !hostMatches(pattern, host)) continue
    if (route.methods?.length && !route.methods.includes(method)) continue
    if (route.remoteAddrs?.length && !inBlocks(route.remoteAddrs, address)) continue
    if (route.vars !== undefined && !compileRule(route.vars, variables).test(context)) continue
    const named = Object.entries(params.groups ?? {}).map(([key, value]) => [key === 'ext' ? ':ext' : key, value])
    const found = { value: route.id, pattern: uri, host: pattern === '*' ? undefined : pattern }
    return { ...found, params: Object.fromEntries(named) }
  }
  return undefined
}

function regexOf(uri: string): RegExp {
  const source = uri
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\/\*(\w+)$/, '/(?<$1>.*)')
    .replace(/\*+$/, '(?<ext>.*)')
    .replaceAll(/(?<![.)])\*+(?!\))/g, '.*?')
    .replaceAll(/\/:(\w+)/g, '/(?<$1>[^/]+)')
  return new RegExp(`^${source}$`, 's')
}

function rankOfHost(pattern: string): number {
  if (pattern === '*') return -1
  const ported = pattern.includes(':') ? 0.5 : 0
  return ported + (pattern.startsWith('*') ? pattern.length : 1e6)
}

function hostMatches(pattern: string, header: string): boolean {
  const host = pattern.includes(':') ? header.toLowerCase() : header.toLowerCase().replace(/:\d+$/, '')
  return pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : host === pattern
}

function inBlocks(list: readonly string[], address: string): boolean {
  const blocks = new BlockList()
  for (const block of list) blocks.addSubnet(block.split('/')[0]!, Number(block.split('/')[1]), 'ipv4')
  return blocks.check(address)
}

/** Small alphabets, so that patterns and requests meet. */
function worldOf(seed: number) {
  const roll = dice(seed)
  const pick = <V>(values: readonly V[]): V => values[roll(values.length)]!
  const some = <V>(limit: number, make: () => V): V[] => Array.from({ length: roll(limit + 1) }, make)
  const segment = (): string => pick(['a', 'b', 'ab', 'aa', 'c.d'])

  const uri = (): string => {
    const params = ['x', 'y', 'z']
    let made = ''
    for (let i = roll(4); i >= 0; i--) {
      const plain = `/${segment()}`
      made += pick([plain, plain, '/*', `/:${params.shift() ?? 'w'}`, `${plain}*${segment()}`])
    }
    made += pick(['', '', '/', '/*', '*', '/*rest'])
    return checkUri(made) === undefined ? made : uri()
  }
  const scalar = (): unknown => pick(['1', '2', 1, 2, true, 'x', null])
  const condition = (): unknown => {
    const name = pick(['h1', 'h2', 'post_arg.m', 'post_arg.m', 'h1'])
    if (roll(4) === 0) return [name, pick(['~=', '>', 'has', '==']), scalar()]
    return roll(3) === 0 ? [name, 'in', [scalar(), scalar(), scalar()]] : [name, '==', scalar()]
  }
  const rule = (): unknown => {
    if (roll(5) === 0) return [pick(['OR', 'AND', '!AND', '!OR']), condition(), condition()]
    return Array.from({ length: 1 + roll(3) }, condition)
  }
  const route = (shared: string | undefined) => (_: unknown, index: number): Written => ({
    id: String(index),
    uris: shared === undefined || roll(4) === 0 ? [uri(), ...some(1, uri)] : [shared],
    hosts: roll(2) ? [] : [pick(['*', 'A.com', '*.a.com', '*.com', 'x.a.com', 'a.com:80', '*.com:80', '*m'])],
    methods: some(2, () => pick(['GET', 'POST', 'HEAD'])),
    remoteAddrs: roll(5) ? [] : [pick(['10.0.0.0/8', '10.1.0.0/16'])],
    priority: roll(3) - 1,
    ...(roll(4) > 0 && { vars: rule() }),
  })
  return {
    routes: () => Array.from({ length: 1 + roll(40) }, route(roll(2) ? pick(['/a', '/a/*', '/*']) : undefined)),
    request: (): RouteRequest => ({
      method: pick(['GET', 'POST', 'HEAD', 'PUT']),
      path: `/${some(5, () => pick([segment(), segment(), '..', '%61', ''])).join('/')}${pick(['', '', '/'])}`,
      host: pick(['', 'a.com', 'x.a.com', 'y.x.a.com', 'b.com:80', 'a.com:80', 'm', 'org']),
      address: pick(['10.0.0.1', '10.1.0.1', '11.0.0.1']),
    }),
    context: (): Context => ({
      h1: pick(['1', '2', 'x', ' 0x1 ', undefined]),
      h2: pick(['1', 'x', undefined]),
      body: { m: pick([scalar(), scalar(), scalar(), ['1', 2], '1.0', {}]) },
    }),
  }
}

it('finds what the reference finds, over random tables and requests', { timeout: 60_000 }, () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
  const ends = performance.now() + 4000
  let matched = 0
  for (let round = 0; performance.now() < ends; round++) {
    const world = worldOf(seed + round)
    const routes = world.routes()
    const table = router(...routes)
    for (let i = 0; i < 40; i++) {
      const asked = world.request()
      const context = world.context()
      const expected = reference(routes, asked, context)
      const found = ask(table, asked, context)
      if (found) matched++
      expect(
        found && { ...found, params: { ...found.params } },
        `SEED=${seed + round} ${JSON.stringify({ asked, context, routes })}`,
      ).toEqual(expected)

      // What it says without the body is what it says with it, whatever the body is.
      const { body: _, ...head } = context
      const early = table.match(asked, head, false)
      expect(early === needsBody ? expected?.value : early?.value).toBe(expected?.value)
    }
  }
  expect(matched).toBeGreaterThan(1000)
})
