import type { IncomingMessage, ServerResponse } from 'node:http'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { startUpstream } from './support/upstream.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const secret = 'app-secret-0123456789'
const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }
const classic = { deployment: 'my-gpt', api_version: '2024-10-21' }

function azureAt(url: string, config: object = {}) {
  return startGateway({ routes: [aiRoute(url, { provider: 'azure-openai', auth: { header: { 'api-key': 'key-1' } }, ...config })] })
}

/** Where the mock was asked, and for which model. */
async function asked(conf: object, path: string, body: object, more: object = {}): Promise<[url: string, model: unknown]> {
  const { url } = await azureAt(mock.url, { provider_conf: conf, ...more })
  expect((await askRaw(`${url}${path}`, { body })).status).toBe(200)
  const { url: at, body: sent, headers } = mock.requests[0]!
  expect(headers['api-key']).toBe('key-1')
  return [at, (JSON.parse(sent.toString()) as { model?: unknown }).model]
}

describe('azure-openai builds its path from provider_conf', () => {
  test('chat and embeddings ask the deployment, which stands for the model', async () => {
    expect(await asked(classic, '/v1/chat/completions', chat)).toEqual(['/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21', undefined])
    mock.reset()
    expect(await asked(classic, '/v1/embeddings', { model: 'm', input: 'x' })).toEqual(['/openai/deployments/my-gpt/embeddings?api-version=2024-10-21', undefined])
  })

  test('without a deployment the model that is asked for is one', async () => {
    const conf = { api_version: '2024-10-21' }
    expect((await asked(conf, '/v1/chat/completions', chat))[0]).toBe('/openai/deployments/gpt-4/chat/completions?api-version=2024-10-21')
    mock.reset()
    expect((await asked(conf, '/v1/chat/completions', chat, { options: { model: 'o3' } }))[0]).toBe('/openai/deployments/o3/chat/completions?api-version=2024-10-21')
  })

  test.for([{ messages: chat.messages }, { ...chat, model: '..' }, { ...chat, model: 'a/b' }])('a model that is no deployment is a 400, nothing sent: %j', async (body) => {
    const { url } = await azureAt(mock.url, { provider_conf: { api_version: '2024-10-21' } })
    const answer = await askRaw(`${url}/v1/chat/completions`, { body })
    expect([answer.status, answer.body.toString()]).toEqual([400, expect.stringContaining('could not resolve upstream path')])
    expect(mock.requests).toEqual([])
  })

  test('without a version it is the v1 API, where the deployment is the model of the body', async () => {
    expect(await asked({ deployment: 'my-gpt' }, '/v1/chat/completions', chat)).toEqual(['/openai/v1/chat/completions', 'my-gpt'])
    mock.reset()
    expect(await asked({}, '/v1/chat/completions', chat)).toEqual(['/openai/v1/chat/completions', 'gpt-4'])
  })

  test('Responses are the v1 API’s, whatever the version', async () => {
    expect(await asked(classic, '/v1/responses', { model: 'gpt-4', input: 'hello' })).toEqual(['/openai/v1/responses', 'my-gpt'])
  })

  test('a translated client asks there, too', async () => {
    expect(await asked(classic, '/v1/messages', { ...chat, max_tokens: 9 })).toEqual(['/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21', undefined])
  })

  test('auth.query stands beside the version, and does not replace it', async () => {
    const [at] = await asked(classic, '/v1/chat/completions', chat, { auth: { header: { 'api-key': 'key-1' }, query: { k: 'v', 'api-version': '1' } } })
    expect(Object.fromEntries(new URL(at, mock.url).searchParams)).toEqual({ k: 'v', 'api-version': '2024-10-21' })
  })

  test('two models in one body are refused, for Azure might read the other', async () => {
    const { url } = await azureAt(mock.url, { provider_conf: classic })
    expect((await askRaw(`${url}/v1/chat/completions`, { body: '{"model":"a","messages":[],"model":"b"}' })).status).toBe(400)
  })
})

/** A tenant that numbers its tokens, and a resource that judges them. */
async function entra({ grant = granted, judge = (): number => 200 }: { grant?: Grant; judge?: (token: string) => number } = {}) {
  const forms: URLSearchParams[] = []
  const shown: (string | undefined)[] = []
  const tokens = await startUpstream(async (req, res) => {
    forms.push(new URLSearchParams(await textOf(req)))
    grant(forms.length, res, req.url)
  })
  const resource = await startUpstream(async (req, res) => {
    await textOf(req)
    shown.push(req.headers.authorization)
    const status = judge(req.headers.authorization ?? '')
    res.writeHead(status, { 'content-type': 'application/json' })
    res.end(JSON.stringify(status === 200 ? { id: 'c', choices: [] } : { error: { message: `who is ${req.headers.authorization}?`, code: '401' } }))
  })
  const azure = { tenant_id: 'contoso.example', client_id: 'app-1', client_secret: secret, authority: tokens.url }
  return { forms, shown, azure, url: resource.url }
}

type Grant = (count: number, res: ServerResponse, url: string | undefined) => void

function granted(count: number, res: ServerResponse, url: string | undefined): void {
  res.statusCode = url === '/contoso.example/oauth2/v2.0/token' ? 200 : 404
  res.end(JSON.stringify({ access_token: `eyJ0.token-${count}.s`, expires_in: 3599, token_type: 'Bearer' }))
}

async function textOf(req: IncomingMessage): Promise<string> {
  return Buffer.concat(await req.toArray()).toString()
}

describe('auth.azure', () => {
  test('an application’s secret is exchanged for a token, which is kept and replaces a fixed Authorization', async () => {
    const { forms, shown, azure, url: at } = await entra()
    const { url } = await azureAt(at, { provider_conf: classic, auth: { azure, header: { Authorization: 'Bearer fixed' } } })
    for (let n = 0; n < 3; n++) expect((await askRaw(`${url}/v1/chat/completions`, { body: chat, headers: { authorization: 'Bearer mine' } })).status).toBe(200)
    expect(shown).toEqual(Array.from({ length: 3 }, () => 'Bearer eyJ0.token-1.s'))
    expect(forms.map((form) => Object.fromEntries(form))).toEqual([
      { grant_type: 'client_credentials', client_id: 'app-1', client_secret: secret, scope: 'https://cognitiveservices.azure.com/.default' },
    ])
  })

  test('those who ask at once wait for one token', async () => {
    const waiting: (() => void)[] = []
    const { forms, shown, azure, url: at } = await entra({ grant: (count, res, path) => void waiting.push(() => granted(count, res, path)) })
    const { url } = await azureAt(at, { provider_conf: classic, auth: { azure } })
    const answers = Array.from({ length: 8 }, () => askRaw(`${url}/v1/chat/completions`, { body: chat }))
    await expect.poll(() => waiting.length, { timeout: 15_000 }).toBe(1)
    waiting[0]!()
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
    expect([forms.length, shown.length]).toEqual([1, 8])
  })

  test('a token that the resource no longer takes is replaced once', async () => {
    const { forms, azure, url: at } = await entra({ judge: (token) => (token.includes('token-1') ? 401 : 200) })
    const { url } = await azureAt(at, { provider_conf: classic, auth: { azure } })
    expect((await askRaw(`${url}/v1/chat/completions`, { body: chat })).status).toBe(200)
    expect(forms).toHaveLength(2)
  })

  test('and not twice: the second 401 is the client’s, without the token', async () => {
    const { forms, azure, url: at } = await entra({ judge: () => 401 })
    const { url, logged } = await azureAt(at, { provider_conf: classic, auth: { azure } })
    const { status, body } = await askRaw(`${url}/v1/chat/completions`, { body: chat })
    expect([status, forms.length]).toEqual([401, 2])
    expect(body.toString()).toContain('who is')
    expect(body.toString() + logged()).not.toMatch(/token-\d/)
  })

  const failures: readonly [name: string, status: number, grant: Grant][] = [
    ['a refusal', 502, (_, res) => void res.writeHead(401).end(`{"error":"invalid_client","error_description":"AADSTS7000215: bad ${secret}"}`)],
    ['an answer without a token', 502, (_, res) => void res.end('{}')],
    ['an outage', 502, (_, res) => void res.writeHead(503).end('<html>')],
    ['a hang-up', 502, (_, res) => void res.destroy()],
    ['silence', 504, () => {}],
  ]
  test.for(failures)('%s is a %i that shows no secret, nothing sent', async ([, expected, grant]) => {
    const { shown, azure, url: at } = await entra({ grant })
    const { url, logged, linesOf } = await azureAt(at, { provider_conf: classic, auth: { azure }, timeout: 300 })
    const { status, body, id } = await askRaw(`${url}/v1/chat/completions`, { body: chat })
    expect([status, shown]).toEqual([expected, []])
    expect(JSON.parse(body.toString())).toMatchObject({ error_msg: expect.stringMatching(/^failed to get entra id access token: /) })
    const [line] = await linesOf(id)
    expect(line).toMatchObject({ status: expected, outcome: 'upstream_error' })
    expect(body.toString() + logged() + JSON.stringify(line)).not.toContain(secret)
  })

  test('a provider that repeats the secret does not get it told', async () => {
    const upstream = await startUpstream((_, res) => void res.writeHead(500).end(`{"error":{"message":"${secret}"}}`))
    const { azure } = await entra()
    const { url } = await azureAt(upstream.url, { provider_conf: classic, auth: { azure } })
    expect((await askRaw(`${url}/v1/chat/completions`, { body: chat })).body.toString()).not.toContain(secret)
  })
})
