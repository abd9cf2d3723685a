import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { askPath, sendBytes } from './support/raw-socket.ts'
import { openGateway, startGateway, type TestConfig, type TestGateway } from './support/start-gateway.ts'
import { mark, tell } from './support/tell.ts'

const notFound = '{"error_msg":"404 Route Not Found"}'

/** A route that tells its id. */
function route(id: string, fields: Record<string, unknown>): Record<string, unknown> {
  return { id, plugins: { tell: {} }, ...fields }
}

async function gatewayWith(routes: readonly object[], rest: TestConfig = {}): Promise<TestGateway> {
  return startGateway({ routes, ...rest }, { plugins: [tell] })
}

/** The id of the route that answers; the status where none does. */
async function routeOf(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<string | number> {
  const { status, body } = await askRaw(`${url}${path}`, { method, headers })
  return status === 200 ? (JSON.parse(body.toString()) as { route: string }).route : status
}

describe('paths', () => {
  test('R1: a longer prefix wins, whatever the priorities', async () => {
    const { url } = await gatewayWith([
      route('short', { uri: '/v1/*', priority: 100 }),
      route('long', { uri: '/v1/chat/*', priority: 0 }),
    ])
    expect(await routeOf(url, '/v1/chat/x')).toBe('long')
    expect(await routeOf(url, '/v1/other')).toBe('short')
  })

  test('R2: no route gives a 404 as JSON, and nothing else', async () => {
    const { url } = await gatewayWith([route('foo', { uri: '/foo/*' })])
    const { status, headers, body } = await askRaw(`${url}/foo`, { method: 'GET' })
    expect({ status, type: headers['content-type'], body: body.toString() }).toEqual({
      status: 404,
      type: 'application/json',
      body: notFound,
    })
  })

  const patterns = [
    ['/foo', ['/foo', '/foo?x=1'], ['/foo/', '/foobar', '/Foo', '/']],
    ['/foo/*', ['/foo/', '/foo/a', '/foo/a/b'], ['/foo', '/foobar']],
    ['/foo*', ['/foo', '/foobar', '/foo/a'], ['/fo']],
    ['/*', ['/', '/a', '/a/b'], []],
    ['/a/*/c', ['/a/b/c', '/a/b/b/c'], ['/a/c', '/a/b/cd', '/a/b']],
    ['/foo*bar', ['/foobar', '/foo/x/bar'], ['/foo', '/foobarx']],
    ['/a/:id/b', ['/a/1/b', '/a/x%2Fy/b'], ['/a/1/2/b', '/a//b', '/a/1']],
    ['/a b', ['/a%20b', '/a%20%62'], ['/a+b']],
  ] as const

  test.for(patterns)('%s matches as it says', async ([uri, matched, others]) => {
    const { url } = await gatewayWith([route('it', { uri })])
    for (const path of matched) expect.soft((await askPath(url, path)).status, path).toBe(200)
    for (const path of others) expect.soft((await askPath(url, path)).status, path).toBe(404)
  })

  test('an exact path wins over every prefix, then priority, then the order of the file decide', async () => {
    const { url } = await gatewayWith([
      route('prefix', { uri: '/v1/chat*', priority: 9 }),
      route('exact', { uri: '/v1/chat' }),
      route('first', { uri: '/same/*' }),
      route('second', { uri: '/same/*' }),
      route('urgent', { uri: '/urgent/*', priority: 1 }),
      route('patient', { uri: '/urgent/*' }),
    ])
    expect(await routeOf(url, '/v1/chat')).toBe('exact')
    expect(await routeOf(url, '/v1/chats')).toBe('prefix')
    expect(await routeOf(url, '/same/x')).toBe('first')
    expect(await routeOf(url, '/urgent/x')).toBe('urgent')
  })

  test('what a path holds is there as parameters', async () => {
    const only = { _meta: { filter: [['uri_param_team', '==', 'red']] }, refuse: 403 }
    const routes = [
      route('named', { uri: '/users/:user/files/*rest' }),
      route('filtered', { uri: '/teams/:team', plugins: { tell: {}, stamp: only } }),
    ]
    const { url } = await startGateway({ routes }, { plugins: [tell, mark('stamp', 10)] })
    const { body } = await askRaw(`${url}/users/j%C3%BCrgen/files/a/b%20c`, { method: 'GET' })
    expect(JSON.parse(body.toString())).toMatchObject({ params: { user: 'jürgen', rest: 'a/b c' } })
    expect(await routeOf(url, '/teams/red')).toBe(403)
    expect(await routeOf(url, '/teams/blue')).toBe('filtered')
  })

  const spellings = [
    ['/v1/../admin', 'admin'],
    ['/v1/./chat', 'v1'],
    ['/v1/%2e%2e/admin', 'admin'],
    ['/v1/..%2fadmin', 'v1'],
    ['//v1//chat', 'v1'],
    ['/../../admin', 'admin'],
    ['/%76%31/chat', 'v1'],
    ['/v1%2Fchat', 404],
    ['/v1/%zz', 400],
    ['/v1/%ff', 400],
    ['/v1/%00', 400],
  ] as const

  test.for(spellings)('%s is resolved before it is matched: %s', async ([path, expected]) => {
    const { url } = await gatewayWith([route('v1', { uri: '/v1/*' }), route('admin', { uri: '/admin' })])
    const { status, body } = await askPath(url, path)
    expect(status === 200 ? (JSON.parse(body) as { route: string }).route : status).toBe(expected)
  })

  test('a whole URL in place of a path is matched by its path and its host', async () => {
    const { url } = await gatewayWith([route('it', { uri: '/v1/*', host: 'api.test' })])
    const text = await sendBytes(url, 'GET http://api.test/v1/x?y HTTP/1.1\r\nhost: other\r\nconnection: close\r\n\r\n')
    expect(text).toContain('{"route":"it"')
  })
})

describe('hosts', () => {
  let gateway: TestGateway & { close(): Promise<void> }
  beforeAll(async () => {
    gateway = await openGateway(
      {
        services: [{ id: 'hosted', hosts: ['service.test'] }],
        routes: [
          route('wild', { uri: '/*', host: '*.a.com' }),
          route('exact', { uri: '/*', hosts: ['x.a.com', 'z.a.com'] }),
          route('narrow', { uri: '/*', host: '*.b.a.com' }),
          route('port', { uri: '/*', host: 'p.a.com:8080' }),
          route('picky', { uri: '/only', host: 'q.a.com', methods: ['GET'], vars: [['arg_ok', '==', '1']] }),
          route('any', { uri: '/open', host: '*' }),
          route('none', { uri: '/plain' }),
          route('served', { uri: '/*', service_id: 'hosted' }),
          route('own', { uri: '/own', service_id: 'hosted', host: 'own.test' }),
        ],
      },
      { plugins: [tell] },
    )
  })
  afterAll(() => gateway.close())

  const hosts = [
    ['R11: x.a.com', '/', 'exact'],
    ['z.a.com', '/', 'exact'],
    ['X.A.COM', '/', 'exact'],
    ['x.a.com:9080', '/', 'exact'],
    ['y.a.com', '/', 'wild'],
    ['y.x.a.com', '/', 'wild'],
    ['y.b.a.com', '/', 'narrow'],
    ['b.a.com', '/', 'wild'],
    ['a.com', '/', 404],
    ['p.a.com:8080', '/', 'port'],
    ['p.a.com', '/', 'wild'],
    ['q.a.com', '/only?ok=1', 'picky'],
    ['q.a.com', '/only?ok=2', 'wild'],
    ['q.a.com', '/other', 'wild'],
    ['x.a.com', '/open', 'exact'],
    ['other', '/open', 'any'],
    ['other', '/plain', 'none'],
    ['service.test', '/x', 'served'],
    ['service.test', '/own', 'served'],
    ['own.test', '/own', 'own'],
    ['own.test', '/x', 404],
  ] as const

  test.for(hosts)('%s %s goes to %s', async ([host, path, expected]) => {
    expect(await routeOf(gateway.url, path, { host: host.replace('R11: ', '') })).toBe(expected)
  })
})

describe('methods and addresses', () => {
  test('R13: a GET-only route takes no HEAD', async () => {
    const { url } = await gatewayWith([route('get', { uri: '/get', methods: ['GET'] }), route('all', { uri: '/all' })])
    expect(await routeOf(url, '/get')).toBe('get')
    expect((await askRaw(`${url}/get`, { method: 'HEAD' })).status).toBe(404)
    expect(await routeOf(url, '/get', {}, 'POST')).toBe(404)
    const head = await askRaw(`${url}/all`, { method: 'HEAD' })
    expect([head.status, head.body.length]).toEqual([200, 0])
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PURGE'])
      expect(await routeOf(url, '/all', {}, method)).toBe('all')
  })

  test('R12: a route with status 0 is not served', async () => {
    const { url } = await gatewayWith([
      route('off', { uri: '/off', status: 0 }),
      route('on', { uri: '/on', status: 1 }),
    ])
    expect(await routeOf(url, '/off')).toBe(404)
    expect(await routeOf(url, '/on')).toBe('on')
  })

  const clients = [
    ['203.0.113.9', 'range'],
    ['198.51.100.7', 'single'],
    ['198.51.100.8', 'rest'],
    ['2001:db8::1', 'six'],
    ['203.0.113.9, 10.0.0.1', 'range'],
    ['203.0.113.9, 192.0.2.1', 'rest'],
    ['nonsense', 'rest'],
  ] as const

  test.for(clients)('behind a trusted proxy, %s is a client of the route %s', async ([forwarded, expected]) => {
    const routes = [
      route('range', { uri: '/*', remote_addrs: ['203.0.113.0/24', '2001:db8:1::/48'], priority: 1 }),
      route('single', { uri: '/*', remote_addr: '198.51.100.7', priority: 1 }),
      route('six', { uri: '/*', remote_addr: '2001:db8::/64', priority: 1 }),
      route('rest', { uri: '/*' }),
    ]
    const { url, apply } = await gatewayWith(routes, { gateway: { trusted_proxies: ['127.0.0.0/8', '10.0.0.1'] } })
    expect(await routeOf(url, '/', { 'x-forwarded-for': forwarded })).toBe(expected)
    await apply({ gateway: { trusted_proxies: ['10.0.0.1'] }, routes })
    expect(await routeOf(url, '/', { 'x-forwarded-for': forwarded })).toBe('rest') // its word does not count
    await apply({ routes })
    expect(await routeOf(url, '/', { 'x-forwarded-for': forwarded })).toBe('rest') // nobody's word counts any more
  })
})

describe('no route', () => {
  test('global rules see it first, and edit what leaves', async () => {
    const ran: string[] = []
    const gateway = await startGateway(
      { global_rules: [{ id: 1, plugins: { stamp: { value: 'seen' } } }], routes: [] },
      { plugins: [mark('stamp', 10, ran)] },
    )
    const { status, headers, body, id } = await askRaw(`${gateway.url}/nothing`, { method: 'GET' })
    expect([status, headers['x-stamp'], body.toString()]).toEqual([404, 'seen', notFound])
    expect(headers['content-type']).toBe('application/json')
    expect(await gateway.linesOf(id)).toMatchObject([{ status: 404, route_id: null, outcome: 'refused' }])
    expect(ran).toEqual(['stamp rewrite', 'stamp access', 'stamp proxy', 'stamp log'])
  })

  test('a global rule may refuse in its place', async () => {
    const { url } = await startGateway(
      { global_rules: [{ id: 1, plugins: { stamp: { refuse: 403 } } }], routes: [] },
      { plugins: [mark('stamp', 10)] },
    )
    expect((await askRaw(`${url}/nothing`, { method: 'GET' })).status).toBe(403)
  })
})
