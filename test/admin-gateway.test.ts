import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startGateway, type TestConfig, type TestGateway } from './support/start-gateway.ts'
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

async function administered(config: TestConfig = {}): Promise<Administered> {
  const started = await startGateway({ ...config, gateway: { ...settings, ...(config['gateway'] as object) } })
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
