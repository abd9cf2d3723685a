import { startMockLlm } from '@sluice/mock-llm'
import OpenAI, { NotFoundError } from 'openai'
import { describe, expect, onTestFinished, test } from 'vitest'
import { schemaProblems } from './support/dialect-schemas.ts'
import { askRaw } from './support/raw-client.ts'
import { startGateway, type TestGateway } from './support/start-gateway.ts'

interface RouteParts {
  readonly model?: string
  readonly provider?: string
  readonly plugins?: object
  readonly config?: object
  readonly [field: string]: unknown
}

let made = 0

/** A route of a model, to nobody: whoever lists models asks no provider. */
function routeOf({ model, provider = 'openai', plugins = {}, config = {}, ...fields }: RouteParts): object {
  const proxy = { provider, auth: {}, override: { endpoint: 'http://127.0.0.1:1' }, ...(model !== undefined && { options: { model } }), ...config }
  return { id: `r${++made}`, uri: '/v1/chat/completions', plugins: { ...plugins, 'ai-proxy': proxy }, ...fields }
}

function gatewayOf(routes: readonly RouteParts[], more: object = {}): Promise<TestGateway> {
  return startGateway({ routes: routes.map(routeOf), ...more })
}

interface Listed {
  readonly status: number
  readonly ids: readonly string[]
}

async function listed({ url }: TestGateway, headers: Record<string, string> = {}): Promise<Listed> {
  const { status, body } = await askRaw(`${url}/v1/models`, { method: 'GET', headers })
  const { data = [] } = JSON.parse(body.toString()) as { data?: readonly { id: string }[] }
  return { status, ids: data.map(({ id }) => id) }
}

async function jsonOf(url: string, headers: Record<string, string> = {}): Promise<[status: number, json: unknown]> {
  const { status, body } = await askRaw(url, { method: 'GET', headers })
  return [status, JSON.parse(body.toString())]
}

const named = (name: string): object => ({ vars: [['post_arg.model', '==', name]] })
const anthropic = { 'anthropic-version': '2023-06-01' }

describe('GET /v1/models', () => {
  test('lists the models of the routes, in the order of the routes, each once, in OpenAI’s shape', async () => {
    const gateway = await gatewayOf([{ model: 'gpt-4o' }, { model: 'claude', provider: 'anthropic', uri: '/v1/messages' }, { model: 'gpt-4o', uri: '/other' }])
    const { status, headers, body, id } = await askRaw(`${gateway.url}/v1/models`, { method: 'GET' })
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    const list = JSON.parse(body.toString()) as object
    const model = { object: 'model', created: expect.any(Number) as number }
    expect(list).toEqual({ object: 'list', data: [{ ...model, id: 'gpt-4o', owned_by: 'openai' }, { ...model, id: 'claude', owned_by: 'anthropic' }] })
    expect(schemaProblems('openAi', 'ListModelsResponse', list)).toEqual([])
    expect(await gateway.linesOf(id)).toMatchObject([{ status: 200, outcome: 'complete' }])
  })

  test('lists the names by which clients choose a route, rather than what it asks for', async () => {
    const gateway = await gatewayOf([
      { model: 'gpt-4o-mini', ...named('fast') },
      { vars: [['post_arg.model', 'in', ['big', 'bigger']], ['http_x_team', '~=', 'b']] },
      { model: 'hidden', vars: [['http_x_team', '==', 'b']] },
    ])
    expect(await listed(gateway)).toEqual({ status: 200, ids: ['fast', 'big', 'bigger'] })
    expect((await listed(gateway, { 'x-team': 'b' })).ids).toEqual(['fast', 'hidden'])
  })

  test('has Anthropic’s shape for clients of Anthropic’s', async () => {
    const { url } = await gatewayOf([{ model: 'a' }, { model: 'b', uri: '/b' }])
    const model = { type: 'model', created_at: expect.stringMatching(/^\d{4}-.*Z$/) as string }
    const [a, b] = ['a', 'b'].map((id) => ({ ...model, id, display_name: id }))
    expect(await jsonOf(`${url}/v1/models`, anthropic)).toEqual([200, { data: [a, b], has_more: false, first_id: 'a', last_id: 'b' }])
    expect(await jsonOf(`${url}/v1/models/b`, anthropic)).toEqual([200, b])
    expect(await jsonOf(`${url}/v1/models/c`, anthropic)).toMatchObject([404, { type: 'error', error: { type: 'not_found_error' } }])
  })

  test('has Gemini’s shape where Gemini’s clients ask', async () => {
    const { url } = await gatewayOf([{ model: 'gemini-2.5-flash' }])
    const model = { name: 'models/gemini-2.5-flash', displayName: 'gemini-2.5-flash', supportedGenerationMethods: expect.arrayContaining(['generateContent']) as string[] }
    expect(await jsonOf(`${url}/v1beta/models`)).toEqual([200, { models: [model] }])
    expect(await jsonOf(`${url}/v1beta/models/gemini-2.5-flash`)).toEqual([200, model])
    expect(await jsonOf(`${url}/v1beta/models/other`)).toMatchObject([404, { error: { code: 404, status: 'NOT_FOUND' } }])
  })

  test('tells of one model, whose name may have slashes', async () => {
    const { url } = await gatewayOf([{ model: 'meta/llama:free' }])
    for (const path of ['/v1/models/meta/llama:free', '/v1/models/meta%2Fllama%3Afree']) expect(await jsonOf(url + path)).toMatchObject([200, { id: 'meta/llama:free', object: 'model' }])
    const [status, error] = await jsonOf(`${url}/v1/models/gpt-9`)
    expect([status, error]).toMatchObject([404, { error: { code: 'model_not_found', message: expect.stringContaining('gpt-9') as string } }])
    expect(schemaProblems('openAi', 'ErrorResponse', error)).toEqual([])
  })

  test('is what the unmodified SDK reads', async () => {
    const { url } = await gatewayOf([{ model: 'a' }, { model: 'b', uri: '/b' }])
    const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0 })
    const ids: string[] = []
    for await (const { id } of openai.models.list()) ids.push(id)
    expect(ids).toEqual(['a', 'b'])
    expect(await openai.models.retrieve('b')).toMatchObject({ id: 'b', object: 'model' })
    await expect(openai.models.retrieve('c')).rejects.toBeInstanceOf(NotFoundError)
  })

  test('lists what is offered on the host that is asked, and on any', async () => {
    const gateway = await gatewayOf([
      { model: 'exact', host: 'A.example.com' },
      { model: 'wild', host: '*.example.com' },
      { model: 'ported', host: 'a.example.com:81' },
      { model: 'any' },
      { model: 'other', host: 'b.example.org' },
    ])
    expect((await listed(gateway, { host: 'a.example.com' })).ids).toEqual(['exact', 'wild', 'any'])
    expect((await listed(gateway, { host: 'a.example.com:81' })).ids).toEqual(['exact', 'wild', 'ported', 'any'])
    expect((await listed(gateway, { host: 'c.example.com' })).ids).toEqual(['wild', 'any'])
    expect((await listed(gateway)).ids).toEqual(['any'])
  })

  test('leaves out routes that nobody could ask for a model', async () => {
    const gateway = await gatewayOf([
      { model: 'off', status: 0 },
      { model: 'read-only', methods: ['GET'] },
      { model: 'elsewhere', remote_addrs: ['192.0.2.0/24'] },
      { model: 'here', methods: ['POST'], remote_addrs: ['127.0.0.0/8'] },
      { model: 'disabled', config: { _meta: { disable: true } }, upstream: { nodes: { '127.0.0.1:1': 1 } } },
      {},
    ])
    expect((await listed(gateway)).ids).toEqual(['here'])
  })

  test('answers a HEAD without a body', async () => {
    const { url } = await gatewayOf([{ model: 'a' }])
    const { status, body } = await askRaw(`${url}/v1/models`, { method: 'HEAD' })
    expect([status, body.length]).toEqual([200, 0])
  })

  test.for<[what: string, method: string, path: string, routes: readonly RouteParts[]]>([
    ['where no route names a model', 'GET', '/v1/models', [{}]],
    ['with another method', 'POST', '/v1/models', [{ model: 'a' }]],
    ['at another place', 'GET', '/other/v1/models', [{ model: 'a' }]],
  ])('is not there %s', async ([, method, path, routes]) => {
    const { url } = await gatewayOf(routes)
    expect((await askRaw(url + path, { method })).status).toBe(404)
  })

  test('changes with the configuration', async () => {
    const gateway = await gatewayOf([{ model: 'a' }])
    expect((await listed(gateway)).ids).toEqual(['a'])
    await gateway.apply({ routes: [routeOf({ model: 'b' })] })
    expect((await listed(gateway)).ids).toEqual(['b'])
  })
})

describe('GET /v1/models and those who judge callers', () => {
  const consumers = ['anna', 'bert'].map((username) => ({ username, plugins: { 'key-auth': { key: `key-of-${username}` } } }))
  const keyed = { 'key-auth': {} }
  const annas = { ...keyed, 'consumer-restriction': { whitelist: ['anna'] } }
  const routes: readonly RouteParts[] = [
    { model: 'public' },
    { model: 'keyed', plugins: keyed },
    { model: 'annas', plugins: annas },
    { model: 'from-elsewhere', plugins: { 'ip-restriction': { whitelist: ['192.0.2.1'] } } },
  ]

  test.for<[who: string, headers: Record<string, string>, ids: readonly string[]]>([
    ['nobody', {}, ['public']],
    ['a stranger', { apikey: 'guess' }, ['public']],
    ['bert', { apikey: 'key-of-bert' }, ['public', 'keyed']],
    ['anna', { apikey: 'key-of-anna' }, ['public', 'keyed', 'annas']],
  ])('%s sees what is open to them', async ([, headers, ids]) => {
    expect(await listed(await gatewayOf(routes, { consumers }), headers)).toEqual({ status: 200, ids })
  })

  test('who sees nothing is told why, and what there is does not show', async () => {
    const gateway = await gatewayOf([{ model: 'keyed', plugins: keyed }], { consumers })
    for (const path of ['/v1/models', '/v1/models/keyed', '/v1/models/other']) {
      const { status, headers, body } = await askRaw(gateway.url + path, { method: 'GET', headers: { apikey: 'guess' } })
      expect([status, headers['www-authenticate']]).toEqual([401, 'apikey realm="key"'])
      expect(JSON.parse(body.toString())).toMatchObject({ message: 'Invalid API key in request' })
    }
    expect(await listed(gateway, { apikey: 'key-of-anna' })).toEqual({ status: 200, ids: ['keyed'] })
  })

  test('a model that is not open to a caller is not there for them', async () => {
    const { url } = await gatewayOf(routes, { consumers })
    expect((await askRaw(`${url}/v1/models/annas`, { method: 'GET', headers: { apikey: 'key-of-bert' } })).status).toBe(404)
  })

  test('judges as if they asked for an answer, which is a POST', async () => {
    const mayPost = { ...keyed, 'consumer-restriction': { allowed_by_methods: [{ user: 'anna', methods: ['POST'] }, { user: 'bert', methods: ['GET'] }] } }
    const gateway = await gatewayOf([{ model: 'a' }, { model: 'b', plugins: mayPost }], { consumers })
    expect((await listed(gateway, { apikey: 'key-of-anna' })).ids).toEqual(['a', 'b'])
    expect((await listed(gateway, { apikey: 'key-of-bert' })).ids).toEqual(['a'])
  })

  test.for([true, false])('no log shows what they have shown of themselves: hide_credentials %s', async (hides) => {
    const door = { 'key-auth': { query: 'my door', header: 'x-door', hide_credentials: hides } }
    const access_log = { format: { request_id: '$request_id', args: '$args', uri: '$request_uri', door: '$http_x_door' } }
    const gateway = await gatewayOf([{ model: 'a', plugins: door }], { consumers, gateway: { access_log } })
    for (const [query, headers, status] of [['?my%20door=key-of-anna', {}, 200], ['', { 'x-door': 'key-of-anna' }, 200], ['?my+door=key-of-nobody', {}, 401]] as const) {
      const answer = await askRaw(`${gateway.url}/v1/models${query}`, { method: 'GET', headers })
      expect(answer.status).toBe(status)
      expect(JSON.stringify(await gateway.linesOf(answer.id)) + gateway.logged()).not.toContain('key-of-')
    }
  })

  test('counts nothing, and leaves a later request its own consumer', async () => {
    const counted = { ...keyed, 'limit-count': { count: 1, time_window: 60 } }
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    const gateway = await gatewayOf([{ model: 'a', plugins: counted, config: { override: { endpoint: mock.url } } }], { consumers })
    for (let n = 0; n < 3; n++) expect((await listed(gateway, { apikey: 'key-of-anna' })).ids).toEqual(['a'])
    const chat = { headers: { apikey: 'key-of-anna' }, body: { messages: [{ role: 'user', content: 'Hi' }] } }
    expect((await askRaw(`${gateway.url}/v1/chat/completions`, chat)).status).toBe(200)
  })

  test('global rules stand before it, as before everything', async () => {
    const gateway = await gatewayOf([{ model: 'a' }], { consumers, global_rules: [{ id: 'g', plugins: { 'key-auth': {}, cors: {} } }] })
    expect((await listed(gateway)).status).toBe(401)
    const { headers } = await askRaw(`${gateway.url}/v1/models`, { method: 'GET', headers: { apikey: 'key-of-anna', origin: 'https://a.example' } })
    expect(headers['access-control-allow-origin']).toBeDefined()
    expect((await listed(gateway, { apikey: 'key-of-anna' })).ids).toEqual(['a'])
  })
})

describe('a route that matches /v1/models', () => {
  test('lets its provider tell, where it takes any model', async () => {
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    const gateway = await gatewayOf([{ model: 'a' }, { uri: '/v1/models*', config: { override: { endpoint: mock.url } } }])
    expect((await listed(gateway)).ids).toContain('mock-llm')
    expect(mock.requests).toMatchObject([{ url: '/v1/models' }])
  })

  test('lists what the routes on the host offer, where it asks for one model whatever the client says', async () => {
    const gateway = await gatewayOf([{ model: 'a', uri: '/v1/*' }, { model: 'b' }, { model: 'prefixed', uri: '/team/v1/*' }])
    expect(await listed(gateway)).toEqual({ status: 200, ids: ['a', 'b', 'prefixed'] })
    expect(await jsonOf(`${gateway.url}/team/v1/models/b`)).toMatchObject([200, { id: 'b' }])
    expect(await jsonOf(`${gateway.url}/v1/models/c`)).toMatchObject([404, { error: { code: 'model_not_found' } }])
  })

  test('lets its provider tell, where its model is a default', async () => {
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    const gateway = await gatewayOf([{ model: 'a', uri: '/v1/*', config: { options_mode: 'default', override: { endpoint: mock.url } } }])
    expect((await listed(gateway)).ids).toContain('mock-llm')
  })

  test('and is no AI route has its own answer', async () => {
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    const upstream = { nodes: { [new URL(mock.url).host]: 1 } }
    const { url } = await startGateway({ routes: [routeOf({ model: 'a' }), { id: 'plain', uri: '/v1/models', upstream }] })
    expect(await jsonOf(`${url}/v1/models`)).toMatchObject([200, { data: [{ id: 'mock-llm' }, {}, {}] }])
  })
})
