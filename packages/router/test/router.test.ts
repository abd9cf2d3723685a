import { compileRule, type Variables } from '@sluice/expr'
import { describe, expect, it, test } from 'vitest'
import { needsBody, Router } from '../src/index.ts'
import { ask, request, router, type Context, type Written } from './fixture.ts'

const byModel = (model: unknown): Written => ({ vars: [['post_arg.model', '==', model]] })
const hasSystem: Written = { vars: [['post_arg.messages[*].role', 'has', 'system']] }
const eitherOf: Written = { vars: [['OR', ['http_x_a', '==', '1'], ['arg_b', 'in', ['x', 'y']]]] }
const onPath = (uri: string, rest: Written = {}): Written => ({ uris: [uri], ...rest })

describe('a path', () => {
  test.for<[pattern: string, path: string, params: Record<string, string> | undefined]>([
    ['/foo', '/foo', {}],
    ['/foo', '/foo/', undefined],
    ['/foo', '/foob', undefined],
    ['/foo', '/Foo', undefined],
    ['/foo/*', '/foo/', { ':ext': '' }],
    ['/foo/*', '/foo/a/b', { ':ext': 'a/b' }],
    ['/foo/*', '/foo', undefined],
    ['/foo*', '/foo', { ':ext': '' }],
    ['/foo*', '/foobar', { ':ext': 'bar' }],
    ['/foo*', '/fo', undefined],
    ['/*', '/', { ':ext': '' }],
    ['/*', '/any/thing', { ':ext': 'any/thing' }],
    ['/**', '/any/thing', { ':ext': 'any/thing' }],
    ['/a/*/c', '/a/b/c', {}],
    ['/a/*/c', '/a/b/x/c', {}],
    ['/a/*/c', '/a/c/c/c', {}],
    ['/a/*/c', '/a//c', undefined],
    ['/a/*/c', '/a/c', undefined],
    ['/a/*/c', '/a/b/cc', undefined],
    ['/a/*/c/*', '/a/b/c/d/e', { ':ext': 'd/e' }],
    ['/a/*/c*/e', '/a/b/cd/e', {}],
    ['/a/*/c*/e', '/a/b/e', undefined],
    ['/foo*bar', '/foobar', {}],
    ['/foo*bar', '/foo/x/bar', {}],
    ['/foo*bar', '/foobarx', undefined],
    ['/foo*bar', '/fobar', undefined],
    ['/foo*oo', '/fooo', undefined],
    ['/a/:id/b', '/a/7/b', { id: '7' }],
    ['/a/:id/b', '/a/7/8/b', undefined],
    ['/a/:id/b', '/a//b', undefined],
    ['/a/:id', '/a/x%20y', { id: 'x y' }],
    ['/a/:id', '/a/x%2Fy', { id: 'x%2Fy' }],
    ['/a/:id', '/a/', undefined],
    ['/a/:id', '/a/x/', undefined],
    ['/a/:id/', '/a/x/', { id: 'x' }],
    ['/:a/:b', '/x/y', { a: 'x', b: 'y' }],
    ['/:a/:b/*rest', '/x/y/z/1', { a: 'x', b: 'y', rest: 'z/1' }],
    ['/a/*rest', '/a/b/c', { rest: 'b/c' }],
    ['/a/*rest', '/a/', { rest: '' }],
    ['/a/*rest', '/a', undefined],
    ['/a/*/b/:id', '/a/x/y/b/7', { id: '7' }],
    ['/a/*/b/:id', '/a/x/b/y/b/7', { id: '7' }],
    ['/a/*/b/:id', '/a/x/b/', undefined],
    ['/a/*/b/:id/*', '/a/x/b/1/b/2/z', { id: '1', ':ext': 'b/2/z' }],
    ['/:__proto__', '/x', JSON.parse('{"__proto__":"x"}') as Record<string, string>],
    ['/models/:model', '/models/gemini-pro:generateContent', { model: 'gemini-pro:generateContent' }],
    ['/models/*:generateContent', '/models/gemini-pro:generateContent', {}],
    ['/models/*:generateContent', '/models/gemini-pro:countTokens', undefined],
    ['/v1:batch', '/v1:batch', {}],
    ['/café', '/caf%C3%A9', {}],
    ['/a%2fb', '/a%2Fb', {}],
    ['/a/b', '/a%2Fb', undefined],
    ['/v1', '//v1', {}],
    ['/v1/chat', '/x/%2e%2E/v1/./chat', {}],
    ['/a.c', '/abc', undefined],
    ['/a(b)+', '/a(b)+', {}],
    ['/*', '/a%00b', undefined],
    ['/*', '*', undefined],
  ])('%s and %s give %j', ([pattern, path, params]) => {
    const found = ask(router({ uris: [pattern] }), request(path))
    expect(found && { ...found.params }).toEqual(params)
    expect(found?.pattern).toBe(params && pattern)
    expect(found && Object.getPrototypeOf(found.params)).toBe(params && null)
  })

  test.for<[why: string, routes: Written[], path: string, id: string | undefined]>([
    ['exact before prefix', [onPath('/v1/*', { priority: 100 }), onPath('/v1/chat')], '/v1/chat', '2'],
    ['R1: longer prefix before priority', [onPath('/v1/*', { priority: 9 }), onPath('/v1/chat/*')], '/v1/chat/x', '2'],
    ['R2: a folder is not below itself', [onPath('/foo/*')], '/foo', undefined],
    ['shorter prefix when the longer fails', [onPath('/*'), onPath('/v1/*', { methods: ['POST'] })], '/v1/x', '1'],
    ['priority within a path', [onPath('/a'), onPath('/a', { priority: 1 }), onPath('/a')], '/a', '2'],
    ['a priority below none', [onPath('/a', { priority: -1 }), onPath('/a')], '/a', '2'],
    ['load order at last', [onPath('/a'), onPath('/a')], '/a', '1'],
    ['parameters belong to their literal prefix', [onPath('/a/:id'), onPath('/a/*', { priority: 1 })], '/a/x', '2'],
    ['longer pattern within a prefix', [onPath('/a/*'), onPath('/a/:id')], '/a/x', '2'],
    ['middle stars belong to theirs', [onPath('/a/*/c', { priority: 9 }), onPath('/a/b/*')], '/a/b/c', '2'],
    ['the next in a prefix', [onPath('/a/:id/c'), onPath('/a/:id'), onPath('/a*')], '/a/x/d', '3'],
    ['several paths of a route', [onPath('/b'), { uris: ['/a', '/c'] }], '/c', '2'],
    ['nested prefixes', [onPath('/a*'), onPath('/ab*'), onPath('/abcd*'), onPath('/abd*')], '/abcx', '2'],
  ])('%s', ([, routes, path, id]) => {
    expect(ask(router(...routes), request(path))?.value).toBe(id)
  })
})

describe('a host', () => {
  const table = router(
    { id: 'any' },
    { id: 'star', hosts: ['*'], uris: ['/star/*'] },
    { id: 'short', hosts: ['*.com'] },
    { id: 'wild', hosts: ['*.a.com'] },
    { id: 'exact', hosts: ['X.a.com'] },
    { id: 'port', hosts: ['x.a.com:8443', '*.b.com:8443'] },
    { id: 'bare', hosts: ['*end.org'] },
    { id: 'six', hosts: ['[::1]'] },
    { id: 'two', hosts: ['one.net', 'two.net'] },
  )
  test.for<[host: string, id: string, pattern: string | undefined]>([
    ['', 'any', undefined],
    ['x.a.com', 'exact', 'x.a.com'],
    ['X.A.COM', 'exact', 'x.a.com'],
    ['x.a.com.', 'exact', 'x.a.com'],
    ['x.a.com:80', 'exact', 'x.a.com'],
    ['x.a.com:8443', 'port', 'x.a.com:8443'],
    ['y.a.com', 'wild', '*.a.com'],
    ['x.y.a.com', 'wild', '*.a.com'],
    ['y.a.com:99', 'wild', '*.a.com'],
    ['a.com', 'short', '*.com'],
    ['y.b.com:8443', 'port', '*.b.com:8443'],
    ['y.b.com', 'short', '*.com'],
    ['com', 'any', undefined],
    ['end.org', 'bare', '*end.org'],
    ['the-end.org', 'bare', '*end.org'],
    ['[::1]', 'six', '[::1]'],
    ['[::1]:9080', 'six', '[::1]'],
    ['[::2]', 'any', undefined],
    ['two.net', 'two', 'two.net'],
    ['a.com.evil.test', 'any', undefined],
    ['*', 'any', undefined],
    ['*.a.com', 'wild', '*.a.com'],
    [':', 'any', undefined],
  ])('%j finds %s by %s', ([host, id, pattern]) => {
    expect(ask(table, request('/', { host }))).toMatchObject({ value: id, host: pattern })
  })

  it('falls through to the next group where nothing in its own matches', () => {
    const groups = router(
      { id: 'exact', hosts: ['x.a.com'], uris: ['/only'] },
      { id: 'wild', hosts: ['*.a.com'], methods: ['POST'] },
      { id: 'wider', hosts: ['*.com'], vars: [['v', '1']] },
      { id: 'any', uris: ['/*'] },
    )
    const found = (path: string, method: string, v?: string) =>
      ask(groups, request(path, { method, host: 'x.a.com' }), { v })?.value
    expect(found('/only', 'GET')).toBe('exact')
    expect(found('/x', 'POST')).toBe('wild')
    expect(found('/x', 'GET', '1')).toBe('wider')
    expect(found('/x', 'GET')).toBe('any')
  })

  it('R11: decides before the path does', () => {
    const both = router({ id: 'wild', hosts: ['*.a.com'], uris: ['/v1/chat'] }, { id: 'exact', hosts: ['x.a.com'] })
    expect(ask(both, request('/v1/chat', { host: 'x.a.com' }))?.value).toBe('exact')
  })

  it('goes together with parameters', () => {
    const both = router({ hosts: ['*.a.com'], uris: ['/t/:tenant/*rest'] })
    expect(ask(both, request('/t/7/a/b', { host: 'x.a.com' }))).toMatchObject({
      host: '*.a.com',
      pattern: '/t/:tenant/*rest',
      params: { tenant: '7', rest: 'a/b' },
    })
  })
})

describe('method and address', () => {
  it('R13: HEAD is not implied by GET', () => {
    const table = router({ methods: ['GET'] }, { uris: ['/all'], methods: [] })
    expect(ask(table, request('/', { method: 'HEAD' }))).toBeUndefined()
    expect(ask(table, request('/all', { method: 'HEAD' }))?.value).toBe('2')
    expect(ask(table, request('/', { method: 'get' }))).toBeUndefined()
  })

  test.for<[address: string, id: string]>([
    ['10.1.2.3', 'ten'],
    ['::ffff:10.1.2.3', 'ten'],
    ['192.0.2.7', 'one'],
    ['192.0.2.8', 'any'],
    ['2001:db8::7', 'six'],
    ['', 'any'],
    ['nonsense', 'any'],
  ])('%j finds %s', ([address, id]) => {
    const table = router(
      { id: 'any', priority: -1, remoteAddrs: [] },
      { id: 'ten', remoteAddrs: ['10.0.0.0/8'] },
      { id: 'one', remoteAddrs: ['172.16.0.1', '192.0.2.7'] },
      { id: 'six', remoteAddrs: ['2001:db8::/32'] },
    )
    expect(ask(table, request('/', { address }))?.value).toBe(id)
  })

  it('refuses an address that is none, and says whose it is', () => {
    expect(() => router({ id: 'r1', remoteAddrs: ['::1', '10.0.0.0/40'] })).toThrow(
      "route 'r1', remote address '10.0.0.0/40': invalid ip address",
    )
  })
})

describe('vars', () => {
  test.for<[why: string, routes: Written[], context: Record<string, unknown>, id: string | undefined]>([
    ['R3: each model its route', [byModel('a'), byModel('b')], { body: { model: 'b' } }, '2'],
    ['R3: no route for another model', [byModel('a'), byModel('b')], { body: { model: 'c' } }, undefined],
    ['R4: the rest for another model', [byModel('a'), byModel('b'), { priority: -1 }], { body: { model: 'c' } }, '3'],
    ['R5: JSON true', [{ vars: [['post_arg.stream', '==', true]] }], { body: { stream: true } }, '1'],
    ['R5: not the text true', [{ vars: [['post_arg.stream', '==', true]] }], { body: { stream: 'true' } }, undefined],
    ['R6: any of the messages', [hasSystem], { body: { messages: [{ role: 'user' }, { role: 'system' }] } }, '1'],
    ['R6: none of the messages', [hasSystem], { body: { messages: [{ role: 'user' }] } }, undefined],
    ['R7: the one', [eitherOf], { http_x_a: '1' }, '1'],
    ['R7: the other', [eitherOf], { arg_b: 'y' }, '1'],
    ['R7: neither', [eitherOf], { arg_b: 'z' }, undefined],
    ['R8: a negation of what is absent', [{ vars: [['http_x_a', '!', '==', '1']] }], {}, '1'],
    ['R9: text is no number', [{ vars: [['arg_v', '>', 10]] }], { arg_v: 'abc' }, undefined],
    ['a wider path where none holds', [onPath('/a', byModel('x')), onPath('/*')], { body: { model: 'y' } }, '2'],
  ])('%s', ([, routes, context, id]) => {
    expect(ask(router(...routes), request('/a'), context)?.value).toBe(id)
  })

  describe('that need the body', () => {
    const table = router(
      { uris: ['/early'], priority: 1 },
      { uris: ['/early'], ...byModel('a') },
      { uris: ['/post'], methods: ['POST'], ...byModel('a') },
      { uris: ['/post'] },
      { uris: ['/tier'], vars: [['post_arg.model', 'a'], ['tier', 'gold']] },
      { uris: ['/tier'], priority: -1 },
      { uris: ['/x/:id/y'], ...byModel('a') },
      { uris: ['/x/*'], priority: -1 },
      { uris: ['/either'], vars: ['OR', ['post_arg.model', 'a'], ['tier', 'gold']] },
    )
    test.for<[path: string, context: Record<string, unknown>, answer: unknown]>([
      ['/early', {}, '1'],
      ['/post', {}, '4'],
      ['/tier', { tier: 'gold' }, needsBody],
      ['/tier', { tier: 'lead' }, '6'],
      ['/x/1/y', {}, needsBody],
      ['/x/1/z', {}, '8'],
      ['/either', { tier: 'gold' }, '9'],
      ['/either', {}, needsBody],
    ])('ask for it on %s with %j only where it decides: %s', ([path, context, answer]) => {
      const found = table.match(request(path), context, false)
      expect(typeof found === 'object' ? found.value : found).toBe(answer)
    })

    it('decide once it is there', () => {
      const asked = request('/post', { method: 'POST' })
      expect(table.match(asked, { body: { model: 'a' } }, true)).toMatchObject({ value: '3' })
      expect(table.match(asked, { body: { model: 'b' } }, true)).toMatchObject({ value: '4' })
    })
  })

  describe('of many routes on one path', () => {
    const models = Array.from({ length: 100 }, (_, i) => ({ id: `m${i}`, ...byModel(`model-${i}`) }))
    const table = router(
      ...models,
      { id: 'some', priority: 1, vars: [['post_arg.model', 'in', ['model-3', 'model-4', 5, true]], ['tier', 'gold']] },
      { id: 'five', vars: [['post_arg.model', '==', 5]] },
      { id: 'text', vars: [['post_arg.model', '==', '5']] },
      { id: 'yes', vars: [['post_arg.model', '==', true]] },
      { id: 'none', vars: [['post_arg.model', '==', null]] },
      { id: 'vip', priority: 2, vars: [['vip', '==', 'yes']] },
      { id: 'rest', priority: -1 },
    )
    test.for<[model: unknown, head: Record<string, unknown>, id: string]>([
      ['model-0', {}, 'm0'],
      ['model-99', {}, 'm99'],
      ['model-3', {}, 'm3'],
      ['model-3', { tier: 'gold' }, 'some'],
      ['model-3', { vip: 'yes' }, 'vip'],
      ['model-3', { tier: 'gold', vip: 'yes' }, 'vip'],
      ['model-100', {}, 'rest'],
      [5, {}, 'five'],
      ['5', {}, 'five'],
      ['5.0', {}, 'five'],
      ['0x5', { tier: 'gold' }, 'some'],
      [true, {}, 'yes'],
      ['true', {}, 'rest'],
      [undefined, {}, 'none'],
      [['model-3'], {}, 'rest'],
      [{}, {}, 'rest'],
    ])('%j with %j finds %s', ([model, head, id]) => {
      expect(ask(table, request('/'), { ...head, body: { model } })?.value).toBe(id)
    })

    it('read the variable that divides them once', () => {
      let reads = 0
      const counting: Variables<Context> = (name) => ({ read: (context) => (reads++, context[name]) })
      const routes = Array.from({ length: 100 }, (_, i) => ({
        id: String(i),
        uris: ['/'],
        vars: compileRule([['tenant', String(i)], ['tier', 'gold']], counting),
        value: i,
      }))
      const tenants = new Router(routes)
      expect(tenants.match(request('/'), { tenant: '77', tier: 'gold' }, true)).toMatchObject({ value: 77 })
      expect(reads).toBeLessThanOrEqual(3) // to divide, and once for each condition of the candidate
      reads = 0
      expect(tenants.match(request('/'), { tenant: 'x' }, true)).toBeUndefined()
      expect(reads).toBe(1)
    })
  })
})

describe('the table', () => {
  it('lists its entries in the order in which they match', () => {
    const table = router(
      { id: 'all' },
      { id: 'chat', uris: ['/v1/chat', '/v1/*'], methods: ['POST'] },
      { id: 'param', uris: ['/v1/:x/y'], priority: 1 },
      { id: 'low', uris: ['/v1/chat'], priority: -1 },
      { id: 'wide', hosts: ['*.com'] },
      { id: 'wild', hosts: ['*.a.com'] },
      { id: 'host', hosts: ['B.com', 'x.a.com:80'], methods: [] },
    )
    const rows = table.entries().map((row) => [row.host, row.uri, row.kind, row.priority, row.methods, row.id])
    expect(rows).toEqual([
      ['b.com', '/*', 'prefix', 0, undefined, 'host'],
      ['x.a.com:80', '/*', 'prefix', 0, undefined, 'host'],
      ['*.a.com', '/*', 'prefix', 0, undefined, 'wild'],
      ['*.com', '/*', 'prefix', 0, undefined, 'wide'],
      [undefined, '/v1/chat', 'exact', 0, ['POST'], 'chat'],
      [undefined, '/v1/chat', 'exact', -1, undefined, 'low'],
      [undefined, '/v1/:x/y', 'pattern', 1, undefined, 'param'],
      [undefined, '/v1/*', 'prefix', 0, ['POST'], 'chat'],
      [undefined, '/*', 'prefix', 0, undefined, 'all'],
    ])
  })

  it('gives the same answer object for an exact path every time', () => {
    const table = router({ uris: ['/a'] })
    expect(ask(table, request('/a'))).toBe(ask(table, request('/%61')))
  })

  it('may be empty', () => {
    expect(router().match(request('/'), {}, false)).toBeUndefined()
    expect(router().entries()).toEqual([])
  })
})
