import { createHmac } from 'node:crypto'
import { definePlugin, Type } from '@sluice/kernel'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { chat, contentOf } from './support/chat.ts'
import { openHeldChat, startHeldUpstream } from './support/held-upstream.ts'
import { openRawUpstream, type RawUpstream } from './support/raw-upstream.ts'
import { sendBytes } from './support/raw-socket.ts'
import { aiRoute, openGateway, startGateway, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer } from './support/upstream.ts'

const jwtSecret = 'canary-jwt-secret'
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const unsigned = `${encoded({ alg: 'HS256' })}.${encoded({ key: 'tokens', canary: 'canary-claim' })}`
const token = `${unsigned}.${createHmac('sha256', jwtSecret).update(unsigned).digest('base64url')}`

const consumers = [
  { username: 'anna', group_id: 'gold', labels: { custom_id: 'twelve' }, plugins: { 'key-auth': { key: 'canary-anna' } } },
  { username: 'bob' },
  { id: 'bob/credentials/laptop', plugins: { 'key-auth': { key: 'canary-bob' } } },
  { username: 'carl', plugins: { 'basic-auth': { username: 'carl', password: 'canary-carl' } } },
  { username: 'dora', plugins: { 'jwt-auth': { key: 'tokens', secret: jwtSecret } } },
]
const consumer_groups = [{ id: 'gold', plugins: { stamp: { text: 'gold' } } }]

/** Says on the answer whose configuration it ran with; more than one of them is a fault. */
const stamp = definePlugin({
  name: 'stamp',
  priority: 10,
  schema: Type.Object({ text: Type.String() }),
  setup: ({ text }) => ({
    access: (ctx) => ctx.onReply(({ headers }) => void (headers['x-stamp'] = `${String(headers['x-stamp'] ?? '')}${text}`)),
  }),
})

const format = { consumer: '$consumer_name', group: '$consumer_group_id', status: '$status', request: '$request_uri', args: '$args', key: '$http_x_door', up: '$upstream_uri', body: '$llm_request' }

describe('consumers', () => {
  let upstream: RawUpstream
  let gateway: TestGateway & { close(): Promise<void> }
  beforeAll(async () => {
    upstream = await openRawUpstream((socket) => {
      socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${smallAnswer.length}\r\n\r\n${smallAnswer}`)
    })
    const forward = ['apikey', 'X-Door', 'x-consumer-username']
    const ai = (id: string, plugins: object): object => {
      const route = aiRoute(upstream.url, { override: { forward_headers: forward } }) as { plugins: object }
      return { ...route, id, uri: `/${id}/*`, plugins: { ...route.plugins, stamp: { text: 'route' }, ...plugins } }
    }
    const { 'ai-proxy': proxy, ...stamped } = (ai('ai-count', { 'key-auth': {} }) as { plugins: Record<string, object> }).plugins
    const ordinary = (id: string, plugins: object): object => ({ id, uri: `/${id}/*`, plugins, upstream: { nodes: { [`127.0.0.1:${upstream.port}`]: 1 } } })
    gateway = await openGateway(
      {
        gateway: { access_log: { format } },
        routes: [
          ai('ai-key', { 'key-auth': {} }),
          ai('ai-door', { 'key-auth': { header: 'X-Door', query: 'door' } }),
          ai('ai-bearer', { 'key-auth': { header: 'Authorization' } }),
          ai('ai-jwt', { 'jwt-auth': { header: 'X-Door', query: 'door', cookie: 'door' } }),
          ai('ai-basic', { 'basic-auth': {} }),
          { id: 'ai-count', uri: '/ai-count/*', plugins: { ...stamped, 'ai-proxy': { ...proxy, provider: 'anthropic' } } },
          ordinary('open', {}),
          ordinary('shown', { 'key-auth': {} }),
          ordinary('hidden', { 'key-auth': { hide_credentials: true } }),
          ordinary('door', { 'key-auth': { header: 'X-Door', query: 'my door' } }),
          ordinary('r19', { 'key-auth': { _meta: { error_response: { code: 4011, hint: 'ask for a key' } } } }),
          ordinary('some', { 'key-auth': {}, 'consumer-restriction': { type: 'consumer_group_id', whitelist: ['gold'] } }),
        ],
        consumers,
        consumer_groups,
      },
      { plugins: [stamp] },
    )
  })
  afterAll(async () => {
    await gateway.close()
    await upstream.close()
  })
  beforeEach(() => void upstream.requests.splice(0))

  interface Seen {
    readonly status: number
    readonly answer: string
    /** What the upstream got. */
    readonly up: string
    readonly line: Record<string, unknown>
  }

  async function ask(path: string, headers: readonly string[] = [], method = 'POST'): Promise<Seen> {
    const { length } = await gateway.lines()
    const body = method === 'POST' ? '{"model":"m","messages":[]}' : ''
    const head = [`${method} ${path} HTTP/1.1`, 'host: a.example', 'connection: close', 'content-type: application/json', `content-length: ${body.length}`, ...headers]
    const answer = await sendBytes(gateway.url, `${head.join('\r\n')}\r\n\r\n${body}`)
    const lines = await gateway.lines(length + 1)
    return { status: Number(answer.slice(9, 12)), answer, up: upstream.requests.join(''), line: lines.at(-1)! }
  }

  describe("a provider never gets a client's credential", () => {
    const chatPath = '/v1/chat/completions'
    test.for<[what: string, path: string, headers: string[], consumer: string]>([
      ['in a header', `/ai-key${chatPath}`, ['apikey: canary-anna'], 'anna'],
      ['in the query', `/ai-key${chatPath}?apikey=canary-anna`, [], 'anna'],
      ['in a header that forward_headers names', `/ai-door${chatPath}`, ['x-door: canary-anna'], 'anna'],
      ['as a bearer', `/ai-bearer${chatPath}`, ['authorization: Bearer canary-anna'], 'anna'],
      ['as a password', `/ai-basic${chatPath}`, [`authorization: Basic ${btoa('carl:canary-carl')}`], 'carl'],
      ['as a token', `/ai-jwt${chatPath}`, [`x-door: ${token}`], 'dora'],
      ['as a token in a cookie', `/ai-jwt${chatPath}`, [`cookie: a=b; door=${token}`], 'dora'],
      ['in the query of an operation that is passed', '/ai-key/v1/models?apikey=canary-anna&limit=5', [], 'anna'],
      ['in such a query, by another name and encoded', '/ai-door/v1/models?limit=5&d%6For=canary-anna', [], 'anna'],
      ['in such a query, beside the one that counts', '/ai-door/v1/models?limit=5&door=canary-bob', ['x-door: canary-anna'], 'anna'],
      ['in the query of a count of tokens', '/ai-count/v1/messages/count_tokens?apikey=canary-anna&limit=5', [], 'anna'],
      ['as a token in such a query', `/ai-jwt/v1/models?door=${token}&limit=5`, [], 'dora'],
    ])('%s', async ([, path, headers, consumer]) => {
      const { status, up, line } = await ask(path, headers, path.includes('/models') ? 'GET' : 'POST')
      expect([status, line['consumer']]).toEqual([200, consumer])
      expect(up).toContain(`x-consumer-username: ${consumer}`)
      expect(up.includes('?limit=5 HTTP')).toBe(path.includes('limit=5'))
      expect(up).not.toMatch(/canary|eyJ/)
    })
  })

  describe('an ordinary upstream', () => {
    test('is told who asks, and gets the credential unless it is hidden', async () => {
      const shown = await ask('/shown/x?a=1', ['apikey: canary-bob'])
      expect(shown.up).toMatch(/^x-consumer-username: bob\r$/m)
      expect(shown.up).toMatch(/^x-credential-identifier: laptop\r$/m)
      expect(shown.up).toContain('apikey: canary-bob')
      upstream.requests.splice(0)
      const hidden = await ask('/hidden/x?a=1&apikey=canary-anna')
      expect(hidden.up).toMatch(/^POST \/hidden\/x\?a=1 HTTP/)
      expect(hidden.up).toMatch(/^x-consumer-custom-id: twelve\r$/m)
      expect(hidden.up).not.toContain('canary')
    })

    const forged = ['X-Consumer-Username: root', 'x-consumer-custom-id: root', 'X-CREDENTIAL-IDENTIFIER: root', 'x_consumer_username: root', 'X-Consumer_Custom-Id: root']
    test.for(['/open/x', '/shown/x'])('is told that by nobody else: %s', async (path) => {
      const { status, up } = await ask(path, [...forged, 'apikey: canary-bob'])
      expect([status, up.includes('root')]).toEqual([200, false])
      expect(up.toLowerCase().includes('x-consumer')).toBe(path === '/shown/x')
    })

    test('is told it whatever Connection says', async () => {
      const { up } = await ask('/shown/x', ['apikey: canary-bob', 'connection: x-consumer-username'])
      expect(up).toMatch(/^x-consumer-username: bob\r$/m)
    })
  })

  test('a refusal says why, and the log who it was not', async () => {
    const refused = await ask('/shown/x', ['apikey: canary-nobody'])
    expect(refused.answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(refused.answer).toMatch(/^www-authenticate: apikey realm="key"\r$/im)
    expect(refused.answer).toMatch(/\r\n\r\n\{"message":"Invalid API key in request"\}$/)
    expect([refused.up, refused.line]).toEqual(['', expect.objectContaining({ consumer: null, status: 401 })])
    expect(JSON.stringify(refused.line) + gateway.logged()).not.toContain('canary-nobody')
    const r19 = await ask('/r19/x')
    expect([r19.status, r19.answer.slice(r19.answer.indexOf('\r\n\r\n') + 4)]).toEqual([401, '{"code":4011,"hint":"ask for a key"}'])
  })

  test('two credentials are none: nobody can tell which was meant', async () => {
    const twice = [
      await ask('/shown/x', ['apikey: canary-anna', 'APIKEY: canary-bob']),
      await ask('/shown/x?apikey=canary-anna&apikey=canary-bob'),
      await ask('/ai-basic/v1/chat/completions', [`authorization: Basic ${btoa('carl:canary-carl')}`, `authorization: Basic ${btoa('carl:canary-carl')}`]),
    ]
    expect(twice.map(({ status, up }) => [status, up])).toEqual([
      [401, ''],
      [401, ''],
      [401, ''],
    ])
  })

  test('those who may not are refused', async () => {
    expect((await ask('/some/x', ['apikey: canary-anna'])).status).toBe(200)
    const { status, answer } = await ask('/some/x', ['apikey: canary-bob'])
    expect([status, answer]).toEqual([401, expect.stringContaining('please check the consumer_group_id')])
  })

  test('the plugins of a group stand in place of the route’s', async () => {
    const [annas, bobs] = [await ask('/ai-key/v1/chat/completions', ['apikey: canary-anna']), await ask('/ai-key/v1/chat/completions', ['apikey: canary-bob'])]
    expect([annas, bobs].map(({ answer }) => /^x-stamp: (.*)\r$/im.exec(answer)?.[1])).toEqual(['gold', 'route'])
  })

  test('no log shows a credential', async () => {
    await ask('/shown/x?apikey=canary-anna')
    await ask('/ai-door/v1/models?door=canary-anna', [], 'GET')
    await ask('/shown/x', [`authorization: Basic ${btoa('carl:canary-carl')}`])
    // Where no name tells that it is one.
    await ask('/door/x?a=1&my+door=canary-anna')
    const { line } = await ask('/door/x?a=1&my%20door=canary-anna&my-door=1', ['x-door: canary-bob'])
    expect(line).toMatchObject({ consumer: 'bob', key: '***', args: 'a=1&my%20door=***&my-door=1', up: '/door/x?a=1&my%20door=***&my-door=1' })
    expect(JSON.stringify(await gateway.lines()) + gateway.logged()).not.toMatch(/canary-(?:anna|bob|carl|claim)/)
  })
})

/** One route that asks for a key, and who has one. */
function config(endpoint: string, list: readonly object[]): Record<string, unknown> {
  const route = aiRoute(endpoint) as { plugins: object }
  return { routes: [{ ...route, plugins: { ...route.plugins, 'key-auth': {} } }], consumers: list }
}
const one = (username: string, key: string, more: object = {}): object => ({ username, plugins: { 'key-auth': { key }, ...more } })
const as = (key: string): { headers: Record<string, string> } => ({ headers: { apikey: key } })

describe('a change of the configuration', () => {
  test('takes a key away at once, and lets a stream that began with it go on', async () => {
    const upstream = await startHeldUpstream()
    const decorated = { 'ai-prompt-decorator': { prepend: [{ role: 'system', content: 'x' }] } }
    const gateway = await startGateway(config(upstream.url, [one('anna', 'annas', decorated), one('bob', 'bobs')]))
    const { stream, held } = await openHeldChat(gateway.url, { upstream, words: 'before', options: as('annas') })

    await gateway.apply(config(upstream.url, [one('bob', 'bobs')]))
    expect((await chat(gateway.url, as('annas'))).status).toBe(401)
    const other = await openHeldChat(gateway.url, { upstream, words: 'hello', options: as('bobs') })
    other.held.finish()
    await other.stream.rest()

    held.say('after')
    await stream.until('after')
    held.finish()
    expect(contentOf({ text: await stream.rest() })).toBe('beforeafter')
  })

  test('gives a key to somebody else, and a consumer other plugins', async () => {
    const gateway = await startGateway(config('http://127.0.0.1:1', [one('anna', 'k')]), { plugins: [stamp] })
    const asked = async (): Promise<unknown[]> => {
      const { headers, status } = await chat(gateway.url, as('k'))
      return [status, headers.get('x-stamp')]
    }
    expect(await asked()).toEqual([502, null])
    await gateway.apply(config('http://127.0.0.1:1', [one('bob', 'k', { stamp: { text: 'bobs' } })]))
    expect(await asked()).toEqual([502, 'bobs'])
    await gateway.apply(config('http://127.0.0.1:1', [one('bob', 'k', { stamp: { text: 'new' } })]))
    expect(await asked()).toEqual([502, 'new'])
  })

  test('under load answers every request as one configuration has it', async () => {
    const gateway = await startGateway(config('http://127.0.0.1:1', [one('anna', 'annas', { stamp: { text: '0' } })]), { plugins: [stamp] })
    const wrong: unknown[] = []
    const over = new AbortController()
    onTestFinished(() => over.abort())
    const client = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const { status, headers } = await chat(gateway.url, as('annas'))
        const text = headers.get('x-stamp')
        if (!(status === 401 && text === null) && !(status === 502 && /^\d$/.test(text ?? ''))) wrong.push([status, text])
      }
    }
    const clients = [client(), client(), client(), client()]
    for (let round = 1; round <= 20; round++) {
      const list = round % 3 === 0 ? [] : [one('anna', 'annas', { stamp: { text: String(round % 10) } })]
      await gateway.apply(config('http://127.0.0.1:1', list))
    }
    over.abort()
    await Promise.all(clients)
    expect(wrong).toEqual([])
    await expect.poll(() => gateway.gateway.kernel.instances.size, { timeout: 10_000 }).toBeLessThan(5)
  })
})
