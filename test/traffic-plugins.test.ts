import { definePlugin, HttpError, Type } from '@sluice/kernel'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { chat } from './support/chat.ts'
import { startHeldUpstream } from './support/held-upstream.ts'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { runWorkers } from './support/run-workers.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer, smallStream, startUpstream } from './support/upstream.ts'

// Some tests run several programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const app = 'https://app.example'

/** As an authenticating plugin would: who has no key is refused in `rewrite`. */
const lock = definePlugin({
  name: 'lock',
  priority: 2500,
  schema: Type.Object({}),
  setup: () => ({
    rewrite({ request }) {
      if (request.headers['x-key'] === undefined) throw new HttpError(401, 'no_key', 'no key')
    },
  }),
})

/** Headers of each request that came, by its path. */
type Seen = { readonly url: string; readonly method: string; readonly headers: NodeJS.Dict<string | string[]> }[]

/** A provider, which is an ordinary upstream, too: whole, or streamed where it is asked for. */
async function provider(): Promise<{ url: string; port: number; seen: Seen }> {
  const seen: Seen = []
  const { url, port } = await startUpstream((req, res) => {
    let body = ''
    req.on('data', (bytes: Buffer) => (body += bytes.toString())).on('end', () => {
      seen.push({ url: req.url ?? '', method: req.method ?? '', headers: req.headers })
      const isStream = body.includes('"stream":true') || req.url?.endsWith('/events') === true
      res.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json', 'access-control-allow-origin': 'https://theirs.example' })
      res.end(isStream ? smallStream : smallAnswer)
    })
  })
  return { url, port, seen }
}

/** A gateway with an AI route, an ordinary one, and one whose upstream is not there, all with the same plugins. */
async function gatewayWith(plugins: object, rest: object = {}): Promise<TestGateway & { seen: Seen }> {
  const { url, port, seen } = await provider()
  const ai = aiRoute(url) as { plugins: object }
  const routes = [
    { ...ai, uri: '/v1/*', plugins: { ...ai.plugins, ...plugins } },
    { id: 'ordinary', uri: '/plain/*', plugins, upstream: { nodes: { [`127.0.0.1:${port}`]: 1 } } },
    { id: 'dead', uri: '/dead', plugins, upstream: { nodes: { '127.0.0.1:1': 1 } } },
  ]
  return { ...(await startGateway({ routes, ...rest }, { plugins: [lock] })), seen }
}

describe('cors and request-id', () => {
  const plugins = { cors: { allow_origins: app, allow_headers: 'content-type,x-key' }, 'request-id': {}, lock: {} }
  const headers = { origin: app, 'x-request-id': 'mine', 'x-key': 'k' }
  const expected = { 'access-control-allow-origin': app, vary: 'Origin', 'x-request-id': 'mine' }

  test('put their headers on answers, whole and streamed, of a provider and of an ordinary upstream', async () => {
    const { url, seen } = await gatewayWith(plugins)
    const whole = await chat(url, { headers })
    const streamed = await chat(url, { headers, body: { stream: true } })
    expect([whole.status, whole.text, streamed.text]).toEqual([200, smallAnswer, smallStream])
    const plain = await askRaw(`${url}/plain/thing`, { headers })
    const events = await askRaw(`${url}/plain/events`, { headers })
    expect([plain.body.toString(), events.body.toString()]).toEqual([smallAnswer, smallStream])
    for (const { headers: got } of [whole, streamed]) expect(Object.fromEntries(got)).toMatchObject(expected)
    for (const { headers: got } of [plain, events]) expect(got).toMatchObject(expected)
    expect(seen.map((one) => one.headers['x-request-id'])).toEqual([undefined, undefined, 'mine', 'mine'])
  })

  test('put them on a 401, on a 502, and, in a global rule, on a 404', async () => {
    const { lock: _, ...global } = plugins
    const { url } = await gatewayWith({ lock: {} }, { global_rules: [{ id: 'all', plugins: global }] })
    const answers = [
      await askRaw(`${url}/plain/thing`, { headers: { origin: app, 'x-request-id': 'mine' } }),
      await askRaw(`${url}/v1/chat/completions`, { headers: { origin: app, 'x-request-id': 'mine' }, body: {} }),
      await askRaw(`${url}/dead`, { headers }),
      await askRaw(`${url}/nowhere`, { headers }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 502, 404])
    for (const { headers: got, id } of answers) {
      expect(got).toMatchObject(expected)
      expect(id).not.toBe('mine') // the gateway's own stays what it is
    }
  })

  test('a preflight is answered before authentication, and no upstream hears of it', async () => {
    const { url, seen, lines } = await gatewayWith(plugins)
    const asked = { origin: app, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-key' }
    for (const path of ['/v1/chat/completions', '/plain/thing']) {
      const { status, headers: got, body } = await askRaw(url + path, { method: 'OPTIONS', headers: asked })
      expect([status, body.toString()]).toEqual([200, ''])
      expect(got).toMatchObject({ 'access-control-allow-origin': app, 'access-control-allow-headers': 'content-type,x-key' })
    }
    expect(seen).toEqual([])
    expect(await lines(2)).toMatchObject([{ status: 200, outcome: 'complete' }, { status: 200, outcome: 'complete' }])
  })
})

describe('ip-restriction', () => {
  const plugins = { 'ip-restriction': { whitelist: ['192.0.2.0/24'] } }

  test('sees the address of the connection, and no header of a client that nobody trusts', async () => {
    const { url } = await gatewayWith({ ...plugins, cors: {} })
    const { status, headers, body } = await askRaw(`${url}/plain/thing`, { headers: { 'x-forwarded-for': '192.0.2.1' } })
    expect([status, headers['access-control-allow-origin']]).toEqual([403, '*'])
    expect(JSON.parse(body.toString())).toMatchObject({ message: 'Your IP address is not allowed' })
    expect(await chat(url)).toMatchObject({ status: 403 })
  })

  test('sees the client behind a proxy that is trusted', async () => {
    const { url } = await gatewayWith(plugins, { gateway: { trusted_proxies: ['127.0.0.1'] } })
    const from = async (address: string): Promise<number> =>
      (await askRaw(`${url}/plain/thing`, { headers: { 'x-forwarded-for': address } })).status
    expect([await from('192.0.2.1'), await from('198.51.100.1')]).toEqual([200, 403])
  })
})

/** What each was told is left to it, the most first. */
const remainders = (answers: readonly RawAnswer[]): number[] =>
  answers.map(({ headers }) => Number(headers['x-ratelimit-remaining'])).toSorted((a, b) => b - a)

describe('limit-count', () => {
  const limit = { 'limit-count': { count: 2, time_window: 600, rejected_code: 429, rejected_msg: 'Slow down' }, cors: {} }

  test('lets so many pass, whole or streamed, and tells those whom it refuses how they stand', async () => {
    const { url, seen, lines } = await gatewayWith(limit)
    const answers = [await chat(url), await chat(url, { body: { stream: true } }), await chat(url)]
    expect(answers.map(({ status, headers }) => [status, headers.get('x-ratelimit-remaining')])).toEqual([[200, '1'], [200, '0'], [429, '0']])
    const [, streamed, refused] = answers
    expect(streamed!.text).toBe(smallStream)
    expect(JSON.parse(refused!.text)).toMatchObject({ error: { message: 'Slow down' } })
    expect(Object.fromEntries(refused!.headers)).toMatchObject({
      'x-ratelimit-limit': '2',
      'x-ratelimit-reset': '600',
      'retry-after': '600',
      'access-control-allow-origin': '*',
    })
    expect(seen).toHaveLength(2)
    const { headers } = await askRaw(`${url}/dead`) // a count of its own
    expect(headers['x-ratelimit-remaining']).toBe('1')
    expect((await lines(4)).map(({ status, outcome }) => [status, outcome])).toEqual([[200, 'complete'], [200, 'complete'], [429, 'refused'], [502, 'upstream_error']])
  })

  test('goes on counting after a reload', async () => {
    const { url: provider_ } = await provider()
    const routes = [{ ...(aiRoute(provider_) as { plugins: object }), plugins: { ...(aiRoute(provider_) as { plugins: object }).plugins, ...limit } }]
    const { url, apply } = await startGateway({ routes })
    expect((await chat(url)).headers.get('x-ratelimit-remaining')).toBe('1')
    await apply({ routes: [...routes, { id: 'new', uri: '/new', upstream: { nodes: { '127.0.0.1:1': 1 } } }] })
    expect((await askRaw(`${url}/new`)).status).toBe(502)
    expect((await chat(url)).headers.get('x-ratelimit-remaining')).toBe('0')
    expect((await chat(url)).status).toBe(429)
  })

  test('counts once for the routes of a service, and once for all that name a group', async () => {
    const { port } = await provider()
    const upstream = { nodes: { [`127.0.0.1:${port}`]: 1 } }
    const plugins = { 'limit-count': { ...limit['limit-count'], group: 'team' } }
    const { url } = await startGateway({
      services: [{ id: 's', plugins: limit, upstream }],
      routes: [
        { id: 'a', uri: '/a', service_id: 's' },
        { id: 'b', uri: '/b', service_id: 's' },
        { id: 'c', uri: '/c', plugins, upstream },
        { id: 'd', uri: '/d', plugins, upstream },
      ],
    })
    const left = async (path: string): Promise<unknown> => (await askRaw(url + path)).headers['x-ratelimit-remaining']
    expect([await left('/a'), await left('/b'), await left('/c'), await left('/d')]).toEqual(['1', '0', '1', '0'])
    expect((await askRaw(`${url}/c`)).status).toBe(429)
  })

  test.for(['fixed', 'sliding'])('counts once over two worker processes, and goes on after a reload (%s window)', async (window_type) => {
    const gateway = await runWorkers()
    await gateway.pids()
    const limited = {
      id: 'limited',
      uri: '/limited',
      plugins: { 'limit-count': { count: 40, time_window: 86_400, window_type, rejected_code: 429 } },
      upstream: { nodes: { '127.0.0.1:1': 1 } },
    }
    await gateway.change({ says: 'second' }, { routes: [limited] })
    await gateway.program.says(/"the configuration has changed"/)
    const asked = (times: number): Promise<RawAnswer[]> => Promise.all(Array.from({ length: times }, () => askRaw(`${gateway.url}/limited`)))

    const first = await asked(30)
    expect(new Set(first.map(({ headers }) => headers['x-pid'])).size).toBe(2)
    expect(remainders(first)).toEqual(Array.from({ length: 30 }, (_, index) => 39 - index))
    await gateway.change({ says: 'third' }, { routes: [limited, { ...limited, id: 'other', uri: '/other' }] })
    await gateway.program.says(/(?:"the configuration has changed"[^]*){2}/)
    const second = await asked(20)
    expect(second.map(({ status }) => status).toSorted()).toEqual([...Array<number>(10).fill(429), ...Array<number>(10).fill(502)])
  })
})

/** A credential, and what shows it. */
const key = (name: string): object => ({ 'key-auth': { key: `key-of-${name}` } })
const as = (name: string): { headers: Record<string, string> } => ({ headers: { origin: app, apikey: `key-of-${name}` } })

describe('with consumers', () => {
  const consumers = [
    { username: 'jack', plugins: key('jack') },
    { username: 'jill', plugins: { ...key('jill'), 'limit-count': { count: 5, time_window: 600 }, 'ip-restriction': { blacklist: ['192.0.2.1'] } } },
  ]
  const plugins = { 'key-auth': {}, cors: { allow_headers: 'apikey' }, 'limit-count': { count: 1, time_window: 600, key: 'consumer_name', rejected_code: 429 } }

  test('limits count by who asks, and a consumer brings her own', async () => {
    const { url } = await gatewayWith(plugins, { consumers })
    const left = async (path: string, name: string): Promise<unknown[]> => {
      const { status, headers } = await askRaw(url + path, { ...as(name), method: 'GET' })
      return [status, headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']]
    }
    expect(await left('/plain/thing', 'jack')).toEqual([200, '1', '0'])
    expect(await left('/plain/thing', 'jack')).toEqual([429, '1', '0'])
    expect(await left('/plain/thing', 'jill')).toEqual([200, '5', '4'])
    expect(await left('/dead', 'jill')).toEqual([502, '5', '3']) // hers, whichever the route
  })

  test('a page can read its 401 and its 429, and its preflight needs no key', async () => {
    const { url } = await gatewayWith(plugins, { consumers })
    const preflight = await askRaw(`${url}/v1/chat/completions`, { method: 'OPTIONS', headers: { origin: app, 'access-control-request-method': 'POST' } })
    expect([preflight.status, preflight.headers['access-control-allow-headers']]).toEqual([200, 'apikey'])
    const answers = [await chat(url, { headers: { origin: app } }), await chat(url, as('jack')), await chat(url, as('jack'))]
    expect(answers.map(({ status, headers }) => [status, headers.get('access-control-allow-origin')])).toEqual([[401, '*'], [200, '*'], [429, '*']])
  })

  test('her addresses are judged once it is known who she is', async () => {
    const { url } = await gatewayWith(plugins, { consumers, gateway: { trusted_proxies: ['127.0.0.1'] } })
    const from = async (address: string, name: string): Promise<number> =>
      (await askRaw(`${url}/plain/thing`, { headers: { ...as(name).headers, 'x-forwarded-for': address } })).status
    expect([await from('192.0.2.1', 'jack'), await from('192.0.2.1', 'jill'), await from('192.0.2.2', 'jill')]).toEqual([200, 403, 200])
  })
})

describe('proxy-rewrite', () => {
  test('sends another path, query, method, host and headers up; the log tells what the client asked for', async () => {
    const rewrite = {
      regex_uri: ['^/plain/(.*)$', '/v9/$1?by=$http_x'],
      method: 'PUT',
      host: 'inner.test',
      headers: { set: { 'X-Who': '$remote_addr', 'X-What': '$1' }, remove: ['x-secret'] },
    }
    const { url, seen, lines } = await gatewayWith({ 'proxy-rewrite': rewrite, cors: {} })
    const headers = { x: 'a b&c=d', 'x-secret': '1', host: 'outer.test', connection: 'x-who' }
    const { status, headers: got } = await askRaw(`${url}/plain/a%20b/%2Fc?q=%20`, { method: 'GET', headers })
    expect([status, got['access-control-allow-origin']]).toEqual([200, '*'])
    expect(seen).toMatchObject([
      {
        url: '/v9/a%20b/%2Fc?by=a%20b%26c%3Dd&q=%20',
        method: 'PUT',
        headers: { host: 'inner.test', 'x-who': '127.0.0.1', 'x-what': 'a b/%2Fc', 'x-forwarded-host': 'outer.test' },
      },
    ])
    expect(seen[0]?.headers['x-secret']).toBeUndefined()
    expect(await lines(1)).toMatchObject([{ uri: '/plain/a b/%2Fc', method: 'GET', status: 200 }])
  })

  test('a path with dot segments behind an encoded slash leads out of nothing', async () => {
    const { url, seen } = await gatewayWith({ 'proxy-rewrite': { regex_uri: ['^/plain/(.*)$', '/public/$1'] } })
    for (const path of ['/plain/..%2Fadmin', '/plain/x%2F..%2F..%2Fadmin', '/plain/..%5Cadmin']) {
      expect((await askRaw(url + path)).status).toBe(400)
    }
    expect(seen).toEqual([])
  })

  test.for([false, true])('before ai-proxy, the new path tells the dialect (stream: %s)', async (stream) => {
    const { url, seen } = await gatewayWith({ 'proxy-rewrite': { uri: '/v1/chat/completions' } })
    const answer = await chat(url, { path: '/v1/my/assistant', body: { stream } })
    expect([answer.status, answer.text, seen[0]?.url]).toEqual([200, stream ? smallStream : smallAnswer, '/v1/chat/completions'])
  })
})

describe('response-rewrite', () => {
  test('changes status, headers and body of what leaves, and lets a stream flow', async () => {
    const rewrite = { status_code: 202, headers: { set: { 'x-by': '$balancer_ip' }, remove: ['access-control-allow-origin'] } }
    const { url } = await gatewayWith({ 'response-rewrite': rewrite })
    const plain = await askRaw(`${url}/plain/thing`)
    expect([plain.status, plain.headers['x-by'], plain.body.toString(), plain.headers['access-control-allow-origin']]).toEqual([202, '127.0.0.1', smallAnswer, undefined])
    const streamed = await chat(url, { body: { stream: true } })
    expect([streamed.status, streamed.headers.get('x-by'), streamed.text]).toEqual([202, 'ai-proxy-openai', smallStream])
    expect((await askRaw(`${url}/dead`)).status).toBe(202)
  })

  test('a body in place of a stream closes the connection to the provider', async () => {
    const held = await startHeldUpstream()
    const ai = aiRoute(held.url) as { plugins: object }
    const { url, lines } = await startGateway({ routes: [{ ...ai, plugins: { ...ai.plugins, 'response-rewrite': { body: 'instead' } } }] })
    const answer = chat(url, { body: { stream: true } })
    const upstream = await held.next()
    upstream.say('never seen')
    expect((await answer).text).toBe('instead')
    await upstream.closed
    expect(await lines(1)).toMatchObject([{ status: 200, outcome: 'complete' }])
  })

  test('filters change whole answers of providers and upstreams, and no event stream', async () => {
    const { url, logged } = await gatewayWith({ 'response-rewrite': { filters: [{ regex: '"ok"', replace: '"fine"', scope: 'global' }] } })
    expect((await chat(url)).text).toBe(smallAnswer.replace('"ok"', '"fine"'))
    expect((await askRaw(`${url}/plain/thing`)).body.toString()).toBe(smallAnswer.replace('"ok"', '"fine"'))
    expect(logged()).not.toContain('do not apply')
    expect((await chat(url, { body: { stream: true } })).text).toBe(smallStream)
    expect((await askRaw(`${url}/plain/events`)).body.toString()).toBe(smallStream)
    expect(logged().match(/the filters of response-rewrite do not apply/g)).toHaveLength(2)
  })
})
