import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { selfSigned } from './support/self-signed.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { smallAnswer, startConnectProxy, startUpstream } from './support/upstream.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const messages = [{ role: 'user', content: 'hello' }]
const bodies = {
  chat: ['/v1/chat/completions', { model: 'm', messages }],
  responses: ['/v1/responses', { model: 'm', input: 'x' }],
  messages: ['/v1/messages', { model: 'm', max_tokens: 9, messages }],
  embeddings: ['/v1/embeddings', { model: 'm', input: 'x' }],
} as const

type Api = keyof typeof bodies

/** Path and query at which the provider is asked. */
async function askedAt(endpoint: string, config: object, api: Api = 'chat', query = ''): Promise<string | undefined> {
  const { url } = await startGateway({
    routes: [aiRoute(mock.url, { ...config, override: { ...overrideOf(config), endpoint: `${mock.url}${endpoint}` } })],
  })
  const [path, body] = bodies[api]
  await askRaw(`${url}${path}${query}`, { body })
  return mock.requests.at(-1)?.url
}

function overrideOf(config: object): object {
  return (config as { override?: object }).override ?? {}
}

const vertex = { provider: 'vertex-ai', provider_conf: { project_id: 'p', region: 'us-central1' } }
const vertexPath = '/v1beta1/projects/p/locations/us-central1/endpoints/openapi'

describe('an endpoint without a path takes the provider’s', () => {
  const table: readonly [config: { provider: string }, api: Api, expected: string][] = [
    [{ provider: 'openai' }, 'chat', '/v1/chat/completions'],
    [{ provider: 'openai' }, 'responses', '/v1/responses'],
    [{ provider: 'openai' }, 'embeddings', '/v1/embeddings'],
    [{ provider: 'openai-compatible' }, 'chat', '/v1/chat/completions'],
    [{ provider: 'openai-compatible' }, 'responses', '/v1/responses'],
    [{ provider: 'openai-compatible' }, 'embeddings', '/v1/embeddings'],
    [{ provider: 'azure-openai' }, 'chat', '/openai/v1/chat/completions'],
    [{ provider: 'deepseek' }, 'chat', '/chat/completions'],
    [{ provider: 'aimlapi' }, 'chat', '/v1/chat/completions'],
    [{ provider: 'openrouter' }, 'chat', '/api/v1/chat/completions'],
    [{ provider: 'openrouter' }, 'embeddings', '/api/v1/embeddings'],
    [{ provider: 'gemini' }, 'chat', '/v1beta/openai/chat/completions'],
    [{ provider: 'gemini' }, 'embeddings', '/v1beta/openai/embeddings'],
    [{ provider: 'anthropic' }, 'chat', '/v1/chat/completions'],
    [{ provider: 'anthropic' }, 'messages', '/v1/messages'],
    [vertex, 'chat', `${vertexPath}/chat/completions`],
  ]
  test.for(table)('$0.provider $1: $2', async ([config, api, expected]) => {
    expect(await askedAt('', config, api)).toBe(expected)
    expect(await askedAt('/', config, api)).toBe(expected)
    expect(await askedAt('/?v=1', config, api)).toBe(`${expected}?v=1`)
  })
})

describe('an endpoint with a path', () => {
  const table: readonly [endpoint: string, api: Api, expected: string][] = [
    ['/v1', 'chat', '/v1/chat/completions'],
    ['/v1/', 'chat', '/v1/chat/completions'],
    ['/v1', 'responses', '/v1/responses'],
    ['/v1', 'embeddings', '/v1/embeddings'],
    ['/v1beta', 'chat', '/v1beta/chat/completions'],
    ['/proxy/v1', 'chat', '/proxy/v1/chat/completions'],
    ['/v1beta/openai', 'chat', '/v1beta/openai/chat/completions'],
    ['/v1?key=1', 'chat', '/v1/chat/completions?key=1'],
    ['/chat', 'chat', '/chat'],
    ['/v1/chat/completions', 'chat', '/v1/chat/completions'],
    ['/custom/complete', 'embeddings', '/custom/complete'],
    ['/openai/deployments/x', 'chat', '/openai/deployments/x'],
    ['/a%20b/%C3%BC', 'chat', '/a%20b/%C3%BC'],
  ]
  test.for(table)('%s for %s: %s', async ([endpoint, api, expected]) => {
    expect(await askedAt(endpoint, {}, api)).toBe(expected)
  })

  test.for([
    ['exact', '/v1', '/v1'],
    ['exact', '/', '/'],
    ['exact', '/openai?x=1', '/openai?x=1'],
    ['base', '/custom', '/custom/chat/completions'],
    ['base', '/v1', '/v1/chat/completions'],
    ['base', '/', '/v1/chat/completions'],
    ['base', '/custom/?x=1', '/custom/chat/completions?x=1'],
  ] as const)('endpoint_mode %s forces %s to %s', async ([endpoint_mode, endpoint, expected]) => {
    expect(await askedAt(endpoint, { override: { endpoint_mode } })).toBe(expected)
  })

  test('anthropic messages lie below a version too', async () => {
    expect(await askedAt('/v1', { provider: 'anthropic' }, 'messages')).toBe('/v1/messages')
  })

  test('P9: azure’s whole path and query stay, and its deployment is the model', async () => {
    const endpoint = '/openai/deployments/gpt-4/chat/completions?api-version=2024-02-01'
    expect(await askedAt(endpoint, { provider: 'azure-openai' })).toBe(endpoint)
    expect(JSON.parse(mock.requests[0]!.body.toString())).toEqual({ messages })
  })

  test('azure’s v1 API needs the model', async () => {
    await askedAt('/openai/v1', { provider: 'azure-openai' })
    expect(mock.requests[0]).toMatchObject({ url: '/openai/v1/chat/completions' })
    expect(JSON.parse(mock.requests[0]!.body.toString())).toMatchObject({ model: 'm' })
  })
})

describe('queries', () => {
  test('P22: the endpoint’s beats auth.query', async () => {
    expect(await askedAt('/custom?x=1', { auth: { query: { x: '2', y: '3' } } })).toBe('/custom?x=1&y=3')
  })

  test('the client’s does not go to a dialect’s operation', async () => {
    expect(await askedAt('/v1?x=1', { auth: { query: { key: 'k' } } }, 'chat', '?key=mine&z=1')).toBe(
      '/v1/chat/completions?key=k&x=1',
    )
    expect(await askedAt('/v1', {}, 'chat', '?z=1')).toBe('/v1/chat/completions')
  })

  test('values are encoded', async () => {
    expect(await askedAt('/v1', { auth: { query: { key: 'a&b=c d#é' } } })).toBe(
      '/v1/chat/completions?key=a%26b%3Dc+d%23%C3%A9',
    )
  })
})

describe('without an endpoint', () => {
  const table: readonly [config: { provider: string; provider_conf?: object }, host: string, path: string][] = [
    [{ provider: 'openai' }, 'api.openai.com', '/v1/chat/completions'],
    [{ provider: 'deepseek' }, 'api.deepseek.com', '/chat/completions'],
    [{ provider: 'aimlapi' }, 'api.aimlapi.com', '/v1/chat/completions'],
    [{ provider: 'openrouter' }, 'openrouter.ai', '/api/v1/chat/completions'],
    [{ provider: 'gemini' }, 'generativelanguage.googleapis.com', '/v1beta/openai/chat/completions'],
    [{ provider: 'anthropic' }, 'api.anthropic.com', '/v1/chat/completions'],
    [
      { provider: 'azure-openai', provider_conf: { resource: 'my-res', deployment: 'gpt-4o', api_version: '2024-10-21' } },
      'my-res.openai.azure.com',
      '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
    ],
    [{ provider: 'azure-openai', provider_conf: { resource: 'my-res' } }, 'my-res.openai.azure.com', '/openai/v1/chat/completions'],
    [vertex, 'us-central1-aiplatform.googleapis.com', `${vertexPath}/chat/completions`],
    [
      { provider: 'vertex-ai', provider_conf: { project_id: 'p', region: 'global' } },
      'aiplatform.googleapis.com',
      vertexPath.replace('us-central1', 'global') + '/chat/completions',
    ],
  ]
  test.for(table)('$0.provider is at https://$1$2, by way of the proxy', async ([config, host, path]) => {
    const seen: string[] = []
    const certificate = selfSigned(host)
    const upstream = await startUpstream((req, res) => {
      seen.push(`${req.headers.host} ${req.url}`)
      res.writeHead(200, { 'content-type': 'application/json' }).end(smallAnswer)
    }, certificate)
    const proxy = await startConnectProxy(upstream.port)
    const route = { id: 'ai', uri: '/*', plugins: { 'ai-proxy': { auth: {}, ssl_verify: false, ...config } } }
    const { url } = await startGateway({ routes: [route] }, { builtIn: { proxy: { https: proxy.url } } })
    const { status, body } = await askRaw(`${url}/v1/chat/completions`, { body: bodies.chat[1] })
    expect([status, body.toString()]).toEqual([200, smallAnswer])
    expect(proxy.asked).toEqual([`${host}:443`])
    expect(seen).toEqual([`${host} ${path}`])
  })

  test('hosts that are excepted are reached directly', async () => {
    const proxy = await startConnectProxy(mock.port)
    const routes = [aiRoute('https://nowhere.invalid')]
    const { url } = await startGateway({ routes }, { builtIn: { proxy: { https: proxy.url, except: '.invalid' } } })
    expect((await askRaw(`${url}/v1/chat/completions`, { body: bodies.chat[1] })).status).toBe(502)
    expect(proxy.asked).toEqual([])
  })

  test('a proxy’s own failure is a 502, and verification is not given up behind it', async () => {
    const upstream = await startUpstream((_, res) => void res.end(smallAnswer), selfSigned('api.openai.com'))
    const proxy = await startConnectProxy(upstream.port)
    const route = { id: 'ai', uri: '/*', plugins: { 'ai-proxy': { provider: 'openai', auth: {} } } }
    const { url } = await startGateway({ routes: [route] }, { builtIn: { proxy: { https: proxy.url } } })
    expect((await askRaw(`${url}/v1/chat/completions`, { body: bodies.chat[1] })).status).toBe(502)
    expect(proxy.asked).toHaveLength(1)
  })
})
