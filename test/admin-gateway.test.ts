import { once } from 'node:events'
import { request as secureRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { definePlugin, Type } from '@sluice/kernel'
import { expect, test } from 'vitest'
import { selfSigned, type KeyAndCertificate } from './support/self-signed.ts'
import { startGateway, type TestConfig, type TestGateway, type TestOptions } from './support/start-gateway.ts'
import { startUpstream } from './support/upstream.ts'

const key = 'admin-secret-1'
const settings = { admin: { listen: { host: '127.0.0.1', port: 0 }, key }, store: { type: 'memory' } }

interface Asked {
  readonly status: number
  readonly body: unknown
}

interface Administered extends TestGateway {
  admin(method: string, path: string, body?: unknown): Promise<Asked>
}

async function administered(config: TestConfig = {}, options: TestOptions = {}): Promise<Administered> {
  const started = await startGateway({ ...config, gateway: { ...settings, ...(config['gateway'] as object) } }, options)
  const { host, port } = started.gateway.adminAddress ?? { host: '', port: 0 }
  return {
    ...started,
    async admin(method, path, body) {
      const answer = await fetch(`http://${host}:${port}${path}`, {
        method,
        headers: { 'x-api-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
    },
  }
}

const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'What is 1+1?' }] }

async function ask(url: string, path: string): Promise<Response> {
  return fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(chat) })
}

test('a route that is written serves with its answer, changes with the next, and is gone when it is deleted', async () => {
  const upstream = await startUpstream((_, res) => void res.setHeader('content-type', 'application/json').end('{"choices":[],"usage":{}}'))
  const { admin, url } = await administered()
  const route = { uri: '/ai', plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: 'Bearer sk-secret' } }, override: { endpoint: upstream.url } } } }
  expect((await admin('PUT', '/apisix/admin/routes/chat', route)).status).toBe(201)
  expect((await ask(url, '/ai')).status).toBe(200)
  expect((await admin('PUT', '/apisix/admin/routes/chat', { ...route, uri: '/other' })).status).toBe(200)
  expect([(await ask(url, '/ai')).status, (await ask(url, '/other')).status]).toEqual([404, 200])
  const { body } = await admin('GET', '/apisix/admin/routes/chat')
  expect(JSON.stringify(body)).not.toContain('sk-secret')
  expect((await admin('DELETE', '/apisix/admin/routes/chat')).status).toBe(200)
  expect((await ask(url, '/other')).status).toBe(404)
})

test('a service is shared by routes, and cannot be deleted from under them', async () => {
  const upstream = await startUpstream((_, res) => void res.end('{}'))
  const { admin, url } = await administered()
  const service = { plugins: { 'ai-proxy': { provider: 'openai', auth: {}, override: { endpoint: upstream.url } } } }
  await admin('PUT', '/apisix/admin/services/s', service)
  await admin('PUT', '/apisix/admin/routes/r', { uri: '/r', service_id: 's' })
  expect((await ask(url, '/r')).status).toBe(200)
  expect(await admin('DELETE', '/apisix/admin/services/s')).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('route [r] is still using it now') as string } })
  expect((await admin('DELETE', '/apisix/admin/services/s?force=true')).status).toBe(200)
  const answer = await ask(url, '/r')
  expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('service [s]')])
})

test('a write that is refused changes nothing and tells every problem with its path', async () => {
  const { admin, gateway } = await administered({ routes: [{ id: 'kept', uri: '/kept', plugins: {} }] })
  const { snapshot } = gateway
  const refused = await admin('PUT', '/apisix/admin/routes/x', { uri: '/x', vars: [['a']], plugins: { 'ai-proxy': { provider: 'opnai', auth: {} }, nothing: {} } })
  expect(refused.status).toBe(400)
  const { error_msg: message } = refused.body as { error_msg: string }
  for (const part of ['vars', 'ai-proxy', 'provider', 'unknown plugin [nothing]']) expect(message).toContain(part)
  expect(gateway.snapshot).toBe(snapshot)
})

test('what the file holds is there to begin with', async () => {
  const { admin } = await administered({ routes: [{ id: 'kept', uri: '/kept', plugins: {} }] })
  expect(await admin('GET', '/apisix/admin/routes')).toMatchObject({ status: 200, body: { total: 1, list: [{ value: { id: 'kept' } }] } })
})

test('many writes at once all serve in the end, within 100 ms of the last', async () => {
  const { admin, gateway } = await administered()
  const ids = Array.from({ length: 300 }, (_, index) => `r${index}`)
  const answers = await Promise.all(ids.map((id) => admin('PUT', `/apisix/admin/routes/${id}`, { uri: `/${id}`, plugins: {} })))
  expect(answers.every(({ status }) => status === 201)).toBe(true)
  const deadline = performance.now() + 1_000 // ten times as long
  while (gateway.routes.length < ids.length && performance.now() < deadline) await sleep(5)
  expect(gateway.routes).toHaveLength(ids.length)
})

test('nobody gets in without the key, and none is in the log', async () => {
  const { gateway, logged, admin } = await administered()
  const { port } = gateway.adminAddress ?? { port: 0 }
  expect((await fetch(`http://127.0.0.1:${port}/apisix/admin/routes`)).status).toBe(401)
  expect((await fetch(`http://127.0.0.1:${port}/apisix/admin/routes`, { headers: { 'x-api-key': 'guess' } })).status).toBe(401)
  await admin('PUT', '/apisix/admin/routes/x', { uri: '/x', plugins: {} })
  expect(logged()).toContain('routes')
  expect(logged()).not.toContain(key)
})

test('a consumer asks as soon as it is written, with what it brings in place of the route’s, and no longer once it is deleted', async () => {
  const asked: unknown[] = []
  const upstream = await startUpstream((req, res) => {
    let text = ''
    req.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    req.on('end', () => {
      asked.push([req.headers['apikey'], (JSON.parse(text) as { model: string }).model])
      res.setHeader('content-type', 'application/json').end('{"choices":[],"usage":{}}')
    })
  })
  const { admin, url } = await administered()
  const ai = (model: string): object => ({ provider: 'openai', auth: {}, options: { model }, override: { endpoint: upstream.url } })
  const refusal = { code: 4011, hint: 'ask for a key' }
  const as = async (apikey?: string): Promise<[number, unknown]> => {
    const answer = await fetch(`${url}/ai`, { method: 'POST', headers: { 'content-type': 'application/json', ...(apikey !== undefined && { apikey }) }, body: JSON.stringify(chat) })
    return [answer.status, await answer.json()]
  }
  const put = async (path: string, value: object): Promise<number> => (await admin('PUT', `/apisix/admin/${path}`, value)).status

  expect(await put('routes/chat', { uri: '/ai', plugins: { 'key-auth': { _meta: { error_response: refusal } }, 'ai-proxy': ai('small') } })).toBe(201)
  expect(await as('annas')).toEqual([401, refusal])
  expect(await put('consumer_groups/gold', { plugins: { 'ai-proxy': ai('large') } })).toBe(201)
  expect(await put('consumers', { username: 'anna', group_id: 'gold', plugins: { 'key-auth': { key: 'annas' } } })).toBe(201)
  expect(await put('consumers', { username: 'bob' })).toBe(201)
  expect(await put('consumers/bob/credentials/one', { plugins: { 'key-auth': { key: 'bobs' } } })).toBe(201)
  expect([(await as('annas'))[0], (await as('bobs'))[0], (await as())[0]]).toEqual([200, 200, 401])
  expect(asked).toEqual([
    [undefined, 'large'],
    [undefined, 'small'],
  ])

  // A key that somebody has; wherever the other stands, it is the writer who is told.
  for (const [path, value, holder] of [
    ['consumers', { username: 'anna', plugins: { 'key-auth': { key: 'bobs' } } }, 'bob'],
    ['consumers/bob/credentials/two', { plugins: { 'key-auth': { key: 'annas' } } }, 'anna'],
  ] as const) {
    const { status, body } = await admin('PUT', `/apisix/admin/${path}`, value)
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining(`duplicate key of plugin key-auth found with consumer: ${holder}`)])
  }
  // What is shown hides the key, and writing that back keeps it.
  const { body: shown } = await admin('GET', '/apisix/admin/consumers/anna')
  expect(JSON.stringify(shown)).not.toContain('annas')
  const { create_time: _created, update_time: _updated, ...value } = (shown as { value: Record<string, unknown> }).value
  expect(await put('consumers', value)).toBe(200)
  expect((await as('annas'))[0]).toBe(200)

  expect((await admin('DELETE', '/apisix/admin/consumer_groups/gold')).status).toBe(400)
  expect((await admin('DELETE', '/apisix/admin/consumer_groups/gold?force=true')).status).toBe(200)
  expect(await as('annas')).toEqual([503, expect.objectContaining({ message: expect.stringContaining('consumer group [gold], which was deleted') as string })])
  for (const path of ['consumers/anna', 'consumers/bob/credentials/one']) expect((await admin('DELETE', `/apisix/admin/${path}`)).status).toBe(200)
  expect([(await as('annas'))[0], (await as('bobs'))[0]]).toEqual([401, 401])
})

test('the control API tells a tool which plugins there are and what is served, without a key and without secrets', async () => {
  const route = { id: 'r', uri: '/r', plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: 'Bearer sk-secret' } } } } }
  const { gateway } = await administered({ gateway: { control: { listen: { port: 0 } } }, routes: [route] })
  const { port } = gateway.controlAddress ?? { port: 0 }
  const schema = (await (await fetch(`http://127.0.0.1:${port}/v1/schema`)).json()) as { plugins: Record<string, { priority: number }> }
  expect(schema.plugins['ai-proxy']?.priority).toBe(1040)
  const routes = await (await fetch(`http://127.0.0.1:${port}/v1/routes`)).text()
  expect(routes).toContain('/r')
  expect(routes).not.toContain('sk-secret')
})

const shown = ({ headers }: Response): (string | null)[] => [headers.get('x-apisix-upstream-status'), headers.get('apisix-plugins')]

test('an answer tells the status of an upstream that failed, and with debug_headers always that, and its plugins', async () => {
  const upstream = await startUpstream((req, res) => void res.writeHead(req.url === '/bad' ? 503 : 200).end())
  const routes = [{ id: 'r', uri: '/*', upstream: { nodes: { [new URL(upstream.url).host]: 1 } }, plugins: { 'request-id': {} } }]
  const plain = await startGateway({ routes })
  expect(shown(await fetch(`${plain.url}/good`))).toEqual([null, null])
  expect(shown(await fetch(`${plain.url}/bad`))).toEqual(['503', null])
  const open = await startGateway({ gateway: { debug_headers: true }, routes })
  expect(shown(await fetch(`${open.url}/good`))).toEqual(['200', 'request-id, http-proxy'])
})

/** Cannot be set up where it is told so; nothing of that shows when it is checked. */
const moody = definePlugin({
  name: 'moody',
  priority: 1,
  schema: Type.Object({ mood: Type.String() }),
  setup({ mood }) {
    if (mood === 'bad') throw new Error('not in the mood')
    return { access: () => ({ status: 204, headers: {}, body: null }) }
  },
})

const moodyRoute = (mood: string): object => ({ uri: '/moody', plugins: { moody: { mood } } })
const limitOf = (count: number): object => ({ count, time_window: 60, rejected_code: 429, key: 'consumer_name' })

test('a write of what cannot be set up is refused, says why, and leaves what was there', async () => {
  const { admin, url } = await administered({}, { plugins: [moody] })
  expect((await admin('PUT', '/apisix/admin/routes/m', moodyRoute('good'))).status).toBe(201)
  const refused = await admin('PUT', '/apisix/admin/routes/m', moodyRoute('bad'))
  expect(refused).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('not in the mood') as string } })
  expect((await ask(url, '/moody')).status).toBe(204)
  expect(await admin('GET', '/apisix/admin/routes/m')).toMatchObject({ body: { value: { plugins: { moody: { mood: 'good' } } } } })
})

test('R16: of a plugin that a consumer has, the route’s does not run', async () => {
  const { admin, url } = await administered()
  await admin('PUT', '/apisix/admin/consumers/anna', { username: 'anna', plugins: { 'key-auth': { key: 'of-anna' }, 'limit-count': limitOf(2) } })
  await admin('PUT', '/apisix/admin/routes/r', { uri: '/r', plugins: { 'key-auth': {}, 'limit-count': limitOf(1) } })
  const statuses: number[] = []
  for (let count = 0; count < 3; count++) statuses.push((await fetch(`${url}/r`, { headers: { apikey: 'of-anna' } })).status)
  expect(statuses).toEqual([502, 502, 429]) // no plugin answers: 502
})

test('with tls the Admin API lets in those alone who show a certificate, and still asks for the key', async () => {
  const [own, client, stranger] = [selfSigned('gateway'), selfSigned('client'), selfSigned('stranger')]
  const tls = { cert: own.cert, key: own.key, client_ca: client.cert }
  const { gateway } = await startGateway({ gateway: { admin: { ...settings.admin, tls }, store: { type: 'memory' } } })
  const { port } = gateway.adminAddress ?? { port: 0 }
  const statusFor = async (certificate: Partial<KeyAndCertificate>, headers: Record<string, string>): Promise<number | undefined> => {
    const asked = secureRequest({ host: '127.0.0.1', port, path: '/apisix/admin/routes', ca: own.cert, checkServerIdentity: () => undefined, headers, agent: false, ...certificate })
    asked.end()
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.resume()
    return answer.statusCode
  }
  expect(await statusFor(client, { 'x-api-key': key })).toBe(200)
  expect(await statusFor(client, {})).toBe(401)
  await expect(statusFor({}, { 'x-api-key': key })).rejects.toThrow(/alert|ECONNRESET|socket hang up|certificate/i)
  await expect(statusFor(stranger, { 'x-api-key': key })).rejects.toThrow(/alert|ECONNRESET|socket hang up|certificate/i)
})
