import { chatRequest, exercise, type TestRequest } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { proxyRewrite } from '../src/index.ts'

/** What goes up: the path with its query. */
async function target(config: object, path = '/a', rest: TestRequest = {}): Promise<string> {
  const { ctx, reply } = await exercise(proxyRewrite, config, { path, ...rest })
  expect(reply.status).toBe(200)
  const { request } = ctx
  return request.query ? `${request.path}?${request.query}` : request.path
}

describe('uri', () => {
  test('is the path that goes up; the query of the client follows', async () => {
    expect(await target({ uri: '/new' }, '/old')).toBe('/new')
    expect(await target({ uri: '/new' }, '/old?a=%20')).toBe('/new?a=%20')
    expect(await target({ uri: '/new?b=2' }, '/old')).toBe('/new?b=2')
    expect(await target({ uri: '/new?b=2' }, '/old?a=1')).toBe('/new?b=2&a=1')
    expect(await target({ uri: '/a%20b' }, '/old')).toBe('/a%20b')
  })

  test.for([
    ['/u/$arg_name', '/?name=jane', '/u/jane?name=jane'],
    ['/u/${arg_name ?? nobody}?x=1', '/', '/u/nobody?x=1'],
    ['/u$uri', '/a%20b/c', '/u/a%20b/c'],
    ['/u?path=$uri', '/a/b', '/u?path=%2Fa%2Fb'],
    ['/u/$http_x', '/', '/u/1%3Fadmin=1%23%20%25/%C3%A9'],
    ['/u?x=$http_x', '/', '/u?x=1%3Fadmin%3D1%23%20%25%2F%C3%A9'],
    ['/u$request_uri', '/p?a=%20', '/u/p%3Fa=%20?a=%20'],
    ['/u?$args', '/p?a=%20&b', '/u?a=%20&b&a=%20&b'],
  ] as const)('%s: a value stays in its place (%s)', async ([uri, path, expected]) => {
    expect(await target({ uri }, path, { headers: { x: '1?admin=1# %/é' } })).toBe(expected)
  })

  test.for(['..', '.', 'a/../../b', '../x', '..\\x', '..;a'])('no value leads out of its place: %s', async (name) => {
    const { reply } = await exercise(proxyRewrite, { uri: '/u/$http_name' }, { headers: { name } })
    expect(reply.status).toBe(400)
  })

  test('what looks encoded in a value is text', async () => {
    expect(await target({ uri: '/u/$http_name' }, '/a', { headers: { name: '%2e%2e%2Fa' } })).toBe('/u/%252e%252e%252Fa')
  })

  test('can come out of the body', async () => {
    expect(await target({ uri: '/models/${post_arg.model}' }, '/a', chatRequest('Hello', { model: 'a b' }))).toBe('/models/a%20b')
  })
})

describe('regex_uri', () => {
  const pairs = ['^/v(\\d+)/users/(.*)$', '/users/$2?version=$1', '^/old/', '/new/']

  test.for([
    ['/v2/users/jane%20doe/x?a=1', '/users/jane%20doe/x?version=2&a=1'],
    ['/old/thing?a=1', '/new/thing?a=1'],
    ['/else/old/?a=1', '/else/old/?a=1'],
    ['/v2/users/%3Fadmin', '/users/%3Fadmin?version=2'],
  ] as const)('%s becomes %s', async ([path, expected]) => {
    expect(await target({ regex_uri: pairs }, path)).toBe(expected)
  })

  test('takes variables beside its groups, and what stands around the match stays', async () => {
    expect(await target({ regex_uri: ['/b/', '/${http_x}$0'] }, '/a/b/c', { headers: { x: 'x' } })).toBe('/a/x/b/c')
  })

  test('yields to uri', async () => {
    expect(await target({ uri: '/u', regex_uri: ['.*', '/r'] }, '/a')).toBe('/u')
  })

  test('takes no longer for a pattern that was made to be slow', async () => {
    expect(await target({ regex_uri: ['^/(a+)+$', '/x'] }, `/${'a'.repeat(5_000)}!`)).toBe(`/${'a'.repeat(5_000)}!`)
  })

  test('sees the path as it came where that is asked for', async () => {
    const regex_uri = ['^/raw/(.*)$', '/$1']
    expect(await target({ regex_uri, use_real_request_uri_unsafe: true }, '/raw/a%2Bb%252F/?q')).toBe('/a%2Bb%252F/?q')
    expect(await target({ regex_uri }, '/raw/a%2Bb/?q')).toBe('/a+b/?q')
  })

  test('what comes of it must be a path', async () => {
    const { reply } = await exercise(proxyRewrite, { regex_uri: ['^/a', 'b'] }, { path: '/a' })
    expect(reply.status).toBe(400)
  })
})

describe('host and method', () => {
  test('change for whoever answers; variables go on speaking of what the client asked for', async () => {
    const { ctx } = await exercise(proxyRewrite, { host: 'other.test:81', method: 'PUT', uri: '/new?b' }, { path: '/old?a=1', method: 'POST' })
    expect(ctx.request).toMatchObject({ method: 'PUT', path: '/new', uri: '/new', query: 'b&a=1', headers: { host: 'other.test:81' } })
    expect(ctx.received).toEqual({ method: 'POST', path: '/old', uri: '/old', query: 'a=1', host: 'gateway.test' })
  })
})

describe('headers', () => {
  const request: TestRequest = { path: '/a/1', headers: { 'x-a': 'old', 'x-b': 'old', cookie: 'c=1', 'x-c': 'old' } }
  async function headers(written: object, rest: object = {}, asked = request): Promise<Readonly<Record<string, unknown>>> {
    return (await exercise(proxyRewrite, { headers: written, ...rest }, asked)).ctx.request.headers
  }

  test('are added to, removed and set, in this order', async () => {
    const written = { add: { 'X-A': 'new', Cookie: 'd=2', 'X-N': 1 }, remove: ['X-B', 'x-c'], set: { 'X-C': '$remote_addr', 'X-D': 4 } }
    const sent = await headers(written)
    expect(sent).toMatchObject({ 'x-a': 'old, new', cookie: 'c=1; d=2', 'x-n': '1', 'x-c': '203.0.113.7', 'x-d': '4' })
    expect(sent['x-b']).toBeUndefined()
  })

  test('can be written flat, as in former times: an empty value removes', async () => {
    const sent = await headers({ 'X-A': '', 'X-B': 'new', 'X-C': '${http_x_a}' })
    expect(sent).toMatchObject({ 'x-b': 'new' })
    expect(sent['x-a']).toBeUndefined()
  })

  test('take groups of regex_uri', async () => {
    const rest = { regex_uri: ['^/a/(.*)$', '/b'] }
    expect(await headers({ set: { 'x-id': 'id-$1' } }, rest)).toMatchObject({ 'x-id': 'id-1' })
    expect(await headers({ set: { 'x-id': 'id-$1' } }, rest, { path: '/else' })).toMatchObject({ 'x-id': 'id-' })
  })

  test('hold nothing that would end them, whatever a variable says', async () => {
    const asked = chatRequest('Hello', { user: 'a\r\nx-admin: yes\u0000é' })
    expect(await headers({ set: { 'x-user': '${post_arg.user}' } }, {}, asked)).toMatchObject({ 'x-user': 'ax-admin: yes\u00c3\u00a9' })
  })

  test('are not taken away again by what the client says of its connection', async () => {
    const asked = { ...request, headers: { connection: 'keep-alive, X-D, x-a' } }
    expect(await headers({ set: { 'x-d': 'ours' } }, {}, asked)).toMatchObject({ 'x-d': 'ours', connection: 'keep-alive, x-a' })
  })
})

const set = (name: string, value = 'x'): object => ({ headers: { set: { [name]: value } } })

test.for([
  [{}, 'plugins.proxy-rewrite: needs at least one of uri, regex_uri, method, host and headers'],
  [{ uri: 'a' }, 'plugins.proxy-rewrite.uri: must be a path that begins with /'],
  [{ uri: '/a\r\nb' }, 'plugins.proxy-rewrite.uri: must be a path that begins with /'],
  [{ scheme: 'https' }, 'plugins.proxy-rewrite.scheme: is not supported yet'],
  [{ method: 'CONNECT' }, 'plugins.proxy-rewrite.method: must be one of GET, POST'],
  [{ regex_uri: ['a', 'b', 'c'] }, 'plugins.proxy-rewrite.regex_uri: must be pairs'],
  [{ regex_uri: ['(?=a)', 'b'] }, 'plugins.proxy-rewrite.regex_uri[0]: invalid pattern'],
  [{ regex_uri: ['(a)', '/$2'] }, 'plugins.proxy-rewrite.regex_uri[1]: uses $2, but the expression has 1 groups'],
  [{ host: 'a b' }, 'plugins.proxy-rewrite.host: must be a host name'],
  [set('Connection'), 'plugins.proxy-rewrite.headers: cannot change connection: it speaks of one connection'],
  [set('Content-Length'), 'plugins.proxy-rewrite.headers: cannot change content-length: the gateway counts the bytes'],
  [set('Host'), 'plugins.proxy-rewrite.headers: cannot change host: use the field host'],
  [set('X-Forwarded-For'), 'plugins.proxy-rewrite.headers: cannot change x-forwarded-for: the gateway says who asked'],
  [set('a b'), 'plugins.proxy-rewrite.headers: "a b" is no header name'],
  [set('a', 'b\r\nc'), 'plugins.proxy-rewrite.headers: the value of a holds control characters'],
  [{ headers: { set: { a: 'b' }, 'X-C': 'd' } }, 'plugins.proxy-rewrite.headers.X-C: must stand in set'],
  [{ headers: { set: { a: [] } } }, 'plugins.proxy-rewrite.headers.set.a: must be string or number'],
] as const)('%j is refused', async ([config, problem]) => {
  await expect(exercise(proxyRewrite, config, {})).rejects.toThrow(problem)
})
