import { compileRule } from '@sluice/expr'
import { describe, expect, it, test } from 'vitest'
import { Router, type RouteEntry } from '../src/index.ts'
import { request, router, variables, type Context } from './fixture.ts'

/** The cheapest of many runs, in nanoseconds per match: what the machine does beside it hardly counts. */
function cost(table: Router<Context, number>, path: string, context: Context): number {
  const asked = request(path, { host: 'h77.example.com' })
  let best = Infinity
  for (let run = 0; run < 30; run++) {
    const started = process.hrtime.bigint()
    for (let i = 0; i < 500; i++) table.match(asked, context, true)
    best = Math.min(best, Number(process.hrtime.bigint() - started) / 500)
  }
  return best
}

describe('ten thousand routes', () => {
  const kinds: Record<string, (i: number) => Partial<RouteEntry<Context, number>>> = {
    'with a path each': (i) => ({ uris: [`/tenant-${i}/chat`] }),
    'with a prefix each': (i) => ({ uris: [`/tenant-${i}/*`] }),
    'with parameters': (i) => ({ uris: [`/tenant-${i}/:operation`] }),
    'with a host each': (i) => ({ uris: ['/tenant-77/chat'], hosts: [`h${i}.example.com`] }),
    'with vars on one path': (i) => ({
      uris: ['/tenant-77/chat'],
      vars: compileRule([['post_arg.model', 'in', [`m${i}`, `n${i}`]], ['tier', 'gold']], variables),
    }),
  }
  test.for(Object.keys(kinds))('%s cost about what one costs', (kind) => {
    const entry = (i: number) => ({ id: String(i), uris: [], value: i, ...kinds[kind]!(i) })
    const all = new Router(Array.from({ length: 10_000 }, (_, i) => entry(i)))
    const one = new Router([entry(77)])
    const context = { tier: 'gold', body: { model: 'm77' } }
    const asked = request('/tenant-77/chat', { host: 'h77.example.com' })
    expect(all.match(asked, context, true)).toMatchObject({ value: 77 })
    expect(cost(all, '/tenant-77/chat', context) / cost(one, '/tenant-77/chat', context)).toBeLessThan(15)
  })
})

describe('a hostile path', () => {
  test.for<[pattern: string, path: string]>([
    ['/a*a*a*a*a*a*a*a*b', `/${'a'.repeat(50_000)}`],
    ['/*/b/:x/c/*/b/:y/d', '/b/b'.repeat(20_000)],
    ['/a/*/x/:id/y', `/a${'/x/1'.repeat(20_000)}`],
    ['/:a/:b/:c/*rest', `/${'a/'.repeat(50_000)}`],
    ['/*/*/*/*/*/*/end', `/${'a/'.repeat(50_000)}`],
  ])('against %s takes linear time', ([pattern, path]) => {
    const table = router({ uris: [pattern] })
    const started = performance.now()
    table.match(request(path), {}, true)
    expect(performance.now() - started).toBeLessThan(2000)
  })

  it('or host finds its way through many prefixes', () => {
    const nested = Array.from({ length: 2000 }, (_, i) => ({ uris: [`/${'a'.repeat(i)}*`], methods: ['PUT'] }))
    const hosts = Array.from({ length: 2000 }, (_, i) => ({ hosts: [`*${'a'.repeat(i)}`], methods: ['PUT'] }))
    const table = router(...nested, ...hosts)
    const started = performance.now()
    expect(table.match(request(`/${'a'.repeat(4000)}`, { host: 'a'.repeat(4000) }), {}, true)).toBeUndefined()
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

it('does not multiply a route by the values of all its variables', () => {
  const names = ['a', 'b', 'c', 'd']
  const values = Array.from({ length: 200 }, (_, i) => String(i))
  const vars = compileRule(names.map((name) => [name, 'in', values]), variables)
  const started = performance.now()
  const table = new Router(Array.from({ length: 50 }, (_, i) => ({ id: String(i), uris: ['/'], vars, value: i })))
  expect(performance.now() - started).toBeLessThan(2000)
  expect(table.match(request('/'), { a: '1', b: '2', c: '3', d: '199' }, true)).toMatchObject({ value: 0 })
  expect(table.match(request('/'), { a: '1', b: '2', c: '3', d: '200' }, true)).toBeUndefined()
})
