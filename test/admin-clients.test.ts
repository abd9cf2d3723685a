import { expect, test } from 'vitest'
import { A7Client } from './support/a7-client.ts'
import { AdcClient, type Backend } from './support/adc-client.ts'
import { startGateway, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer, startUpstream } from './support/upstream.ts'

const token = 'admin-secret-1'

interface Administered extends TestGateway {
  /** Of the Admin API. */
  readonly server: string
  /** Of a provider that answers. */
  readonly endpoint: string
}

async function administered(): Promise<Administered> {
  const provider = await startUpstream((_, res) => void res.setHeader('content-type', 'application/json').end(smallAnswer))
  const gateway = { admin: { listen: { host: '127.0.0.1', port: 0 }, key: token }, store: { type: 'memory' } }
  const started = await startGateway({ gateway })
  const { host, port } = started.gateway.adminAddress ?? { host: '', port: 0 }
  return { ...started, server: `http://${host}:${port}`, endpoint: `${provider.url}/v1/chat/completions` }
}

async function ask(url: string, path = '/v1/chat/completions', model = 'gpt-4'): Promise<number> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'What is 1+1?' }] })
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  await answer.text()
  return answer.status
}

const aiProxy = (endpoint: string): object => ({ provider: 'openai', auth: { header: { Authorization: 'Bearer sk-your-openai-key' } }, options: { model: 'gpt-4', max_tokens: 1024, temperature: 0.7 }, override: { endpoint } })

test('a7: a route is created in group default, and requests are answered by it', async () => {
  const { url, server, endpoint } = await administered()
  const a7 = new A7Client({ server, token })
  await a7.contextCreate()
  await a7.create('/apisix/admin/routes', { id: 'openai-chat', uri: '/v1/chat/completions', methods: ['POST'], plugins: { 'ai-proxy': aiProxy(endpoint) } })
  expect(await ask(url)).toBe(200)
})

test('a7: a service is created and used by a route, and the route is updated', async () => {
  const { url, server, endpoint } = await administered()
  const a7 = new A7Client({ server, token })
  await a7.create('/apisix/admin/services', { id: 'standard-ai-proxy', name: 'Standard AI Proxy', plugins: { 'ai-proxy': aiProxy(endpoint) } })
  await a7.create('/apisix/admin/routes', { id: 'chat', uri: '/v1/chat/completions', methods: ['POST'], service_id: 'standard-ai-proxy' })
  expect(await ask(url)).toBe(200)
  const vars = [['post_arg.model', '==', 'gpt-4']]
  await a7.request('PUT', '/apisix/admin/routes/chat', { id: 'chat', uri: '/v1/chat/completions', methods: ['POST'], vars, service_id: 'standard-ai-proxy' })
  expect([await ask(url), await ask(url, '/v1/chat/completions', 'other')]).toEqual([200, 404])
})

test('a7: a whole file is synced, a second run changes nothing, and what leaves the file is gone', async () => {
  const { url, server, endpoint } = await administered()
  const a7 = new A7Client({ server, token })
  const route = { id: 'openai-chat', uri: '/v1/chat/completions', methods: ['POST'], service_id: 'ai' }
  const file = { version: '1', services: [{ id: 'ai', name: 'ai', plugins: { 'ai-proxy': { ...aiProxy(endpoint), auth: {} } } }], routes: [route] } as const
  expect(await a7.sync(file)).toEqual({ created: 2, updated: 0, deleted: 0 })
  expect(await ask(url)).toBe(200)
  expect(await a7.sync(file)).toEqual({ created: 0, updated: 0, deleted: 0 })
  await a7.sync({ ...file, routes: [{ ...route, uri: '/v2/chat/completions' }] })
  expect([await ask(url), await ask(url, '/v2/chat/completions')]).toEqual([404, 200])
  await a7.sync({ version: '1' })
  expect(await ask(url, '/v2/chat/completions')).toBe(404)
})

test.for(['apisix', 'api7ee', 'apisix-standalone'] as const)('ADC, %s: what is synced serves, what is changed serves, what is taken out is gone', async (backend: Backend) => {
  const { url, server, endpoint } = await administered()
  const adc = new AdcClient({ backend, server, token })
  await (backend === 'apisix-standalone' ? undefined : adc.ping())
  const service = { name: 'ai', plugins: { 'ai-proxy': { ...aiProxy(endpoint), auth: {} } }, ...(backend === 'apisix-standalone' && { upstream: { nodes: [] } }) }
  const config = { services: [{ ...service, routes: [{ name: 'chat', uris: ['/v1/chat/completions'], methods: ['POST'] }] }] }
  expect(await adc.validate(config)).toEqual([])
  await adc.sync(config)
  expect(await ask(url)).toBe(200)
  expect(await adc.sync(config)).toEqual([])
  await adc.sync({ services: [{ ...service, routes: [{ name: 'chat', uris: ['/v2/chat/completions'] }] }] })
  expect([await ask(url), await ask(url, '/v2/chat/completions')]).toEqual([404, 200])
  await adc.sync({})
  expect(await ask(url, '/v2/chat/completions')).toBe(404)
})

test('ADC: a consumer shows the key that was synced, and is let in with it alone', async () => {
  const { url, server, endpoint } = await administered()
  const adc = new AdcClient({ backend: 'apisix', server, token })
  await adc.sync({
    services: [{ name: 'ai', plugins: { 'ai-proxy': aiProxy(endpoint), 'key-auth': {} }, routes: [{ name: 'chat', uris: ['/v1/chat/completions'] }] }],
    consumers: [{ username: 'bob', credentials: [{ name: 'key', type: 'key-auth', config: { key: 'sesame' } }] }],
  })
  const status = async (headers: Record<string, string>): Promise<number> => {
    const body = JSON.stringify({ model: 'gpt-4', messages: [] })
    return (await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })).status
  }
  expect([await status({}), await status({ apikey: 'other' }), await status({ apikey: 'sesame' })]).toEqual([401, 401, 200])
})

const refused = [
  { what: 'a bare triple in vars (R14)', fields: { vars: ['arg_a', '==', 'b'] }, message: "failed to validate the 'vars' expression" },
  { what: 'an unknown provider (P33)', plugin: { provider: 'foo', auth: {} }, message: 'failed to check the configuration of plugin ai-proxy err: provider: must be one of' },
  { what: 'Vertex AI without its configuration (P33)', plugin: { provider: 'vertex-ai', auth: {} }, message: 'vertex-ai requires either provider_conf (project_id + region) or override.endpoint' },
  { what: 'Bedrock without keys (P33)', plugin: { provider: 'bedrock', provider_conf: { region: 'us-east-1' }, auth: {} }, message: 'bedrock requires auth.aws' },
] as const

test.for(refused)('a PUT is refused for $what', async ({ message, ...parts }) => {
  const { server } = await administered()
  const a7 = new A7Client({ server, token })
  const route = { id: '1', uri: '/x', plugins: 'plugin' in parts ? { 'ai-proxy': parts.plugin } : {}, ...('fields' in parts && parts.fields) }
  await expect(a7.create('/apisix/admin/routes', route)).rejects.toMatchObject({ status: 400, message: expect.stringContaining(message) as string })
  expect(await a7.list('/apisix/admin/routes', 'routes')).toEqual([])
})

test('a plugin refuses with the body that its route was PUT with (R19)', async () => {
  const { url, server } = await administered()
  const a7 = new A7Client({ server, token })
  const told = { code: 7, message: 'no key, no entry' }
  await a7.create('/apisix/admin/routes', { id: '1', uri: '/x', plugins: { 'key-auth': { _meta: { error_response: told } }, 'ai-proxy': { provider: 'openai', auth: {} } } })
  const answer = await fetch(`${url}/x`)
  expect([answer.status, await answer.json()]).toEqual([401, told])
})
