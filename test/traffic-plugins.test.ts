import { describe, expect, test } from 'vitest'
import { definePlugin, HttpError, Type } from '@sluice/kernel'
import { chat } from './support/chat.ts'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer, smallStream, startUpstream } from './support/upstream.ts'

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
