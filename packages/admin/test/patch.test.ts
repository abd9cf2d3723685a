import { expect, test } from 'vitest'
import { startAdmin, type AdminWorld, type Loose } from './support/admin-world.ts'

const route = { uri: '/hello', labels: { a: '1', b: '2' }, upstream: { nodes: { '127.0.0.1:80': 1 } } }
const secret = 'Bearer sk-secret'
const ai = { uri: '/v1/chat/completions', plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: secret } }, options: { model: 'a' } } } }

async function withRoute(body: object = route): Promise<AdminWorld & { patch(body: unknown, path?: string, headers?: Record<string, string>): ReturnType<AdminWorld['ask']>; stored(): Loose }> {
  const world = await startAdmin()
  await world.ask('PUT', '/apisix/admin/routes/1', body)
  return {
    ...world,
    patch: (change, path = '', headers = {}) => world.ask('PATCH', `/apisix/admin/routes/1${path}`, change, headers),
    stored: () => world.store.state('default')?.get('routes', '1')?.value,
  }
}

test('an object is merged in, and null deletes', async () => {
  const { patch, stored } = await withRoute()
  expect(await patch({ labels: { a: null, c: '3' }, desc: 'greets', methods: ['GET'] })).toMatchObject({ status: 200, body: { key: '/apisix/routes/1', value: { desc: 'greets' } } })
  expect(stored()).toEqual({ id: '1', ...route, labels: { b: '2', c: '3' }, desc: 'greets', methods: ['GET'] })
})

test('a path behind the id replaces what is there', async () => {
  const { patch, stored } = await withRoute()
  expect(await patch({ z: '9' }, '/labels')).toMatchObject({ status: 200 })
  expect(stored().labels).toEqual({ z: '9' })
  expect(await patch('"8"', '/labels/z')).toMatchObject({ status: 200 })
  expect(await patch(['GET', 'PUT'], '/methods')).toMatchObject({ status: 200 })
  expect(await patch('"POST"', '/methods/1')).toMatchObject({ status: 200 })
  expect(await patch('null', '/methods/0')).toMatchObject({ status: 200 })
  expect(await patch('"odd"', '/labels/a%2Fb')).toMatchObject({ status: 200 })
  expect(stored()).toMatchObject({ labels: { z: '8', 'a/b': 'odd' }, methods: ['POST'] })
  expect(await patch('"x"', '/nothing/here')).toMatchObject({ status: 400, body: { error_msg: 'invalid sub-path: /nothing/here' } })
  expect(await patch('"x"', '/methods/7')).toMatchObject({ status: 400 })
  expect(await patch('"x"', '/labels/__proto__/y')).toMatchObject({ status: 400 })
})

test('a list is operations, all of them or none', async () => {
  const { patch, stored } = await withRoute()
  expect(await patch([{ op: 'test', path: '/labels/a', value: '1' }, { op: 'move', from: '/labels/a', path: '/labels/c' }, { op: 'add', path: '/desc', value: 'moved' }])).toMatchObject({ status: 200 })
  expect(stored()).toMatchObject({ labels: { b: '2', c: '1' }, desc: 'moved' })
  const before = stored()
  expect(await patch([{ op: 'remove', path: '/desc' }, { op: 'test', path: '/labels/b', value: '3' }])).toMatchObject({ status: 400, body: { error_msg: 'invalid JSON patch: [1]: test "/labels/b" cannot be done' } })
  expect(await patch([{ op: 'shout', path: '/desc' }])).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('op must be one of') } })
  expect(await patch([{ op: 'add', path: '/__proto__/x', value: 1 }])).toMatchObject({ status: 400 })
  expect(await patch([{ op: 'add', path: '/constructor/prototype/x', value: 1 }])).toMatchObject({ status: 400 })
  expect(await patch({ op: 'remove', path: '/desc' }, '', { 'content-type': 'application/json-patch+json' })).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('must be a list of operations') } })
  expect(stored()).toBe(before)
})

test('copies that double what is there again and again are refused at once', async () => {
  const { patch } = await withRoute()
  const copies = Array.from({ length: 200 }, (_, index) => ({ op: 'copy', from: '', path: `/labels/${index}` }))
  const started = performance.now()
  expect(await patch(copies)).toMatchObject({ status: 400 })
  expect(performance.now() - started).toBeLessThan(10_000)
})

test('what comes of it is checked, and its id stays', async () => {
  const { patch, stored } = await withRoute()
  const before = stored()
  expect(await patch({ uri: 7 })).toMatchObject({ status: 400, body: { error_msg: 'invalid configuration: uri: must be string' } })
  expect(await patch({ id: '2' })).toMatchObject({ status: 400, body: { error_msg: 'wrong route id' } })
  expect(await patch([{ op: 'replace', path: '', value: [] }])).toMatchObject({ status: 400 })
  expect(stored()).toBe(before)
})

test('a change beside a secret keeps it', async () => {
  const { patch, stored } = await withRoute(ai)
  const authorization = (): unknown => stored().plugins['ai-proxy'].auth.header.Authorization
  await patch({ plugins: { 'ai-proxy': { options: { model: 'b' } } } })
  expect(authorization()).toBe(secret)
  await patch([{ op: 'replace', path: '/plugins/ai-proxy/options/model', value: 'c' }])
  expect(authorization()).toBe(secret)
  await patch({ Authorization: '********' }, '/plugins/ai-proxy/auth/header')
  expect(authorization()).toBe(secret)
  expect(stored().plugins['ai-proxy'].options.model).toBe('c')
})

test('no operation brings a secret to where it can be read', async () => {
  const { patch, ask } = await withRoute(ai)
  await patch([{ op: 'copy', from: '/plugins/ai-proxy/auth/header/Authorization', path: '/desc' }])
  expect(JSON.stringify((await ask('GET', '/apisix/admin/routes/1')).body)).not.toContain('sk-secret')
  const guess = { op: 'test', path: '/plugins/ai-proxy/auth/header/Authorization', value: secret }
  expect(await patch([guess])).toMatchObject({ status: 400 })
})

test('a secret that is moved to another place for secrets goes with it', async () => {
  const { patch, stored } = await withRoute(ai)
  expect(await patch([{ op: 'move', from: '/plugins/ai-proxy/auth/header/Authorization', path: '/plugins/ai-proxy/auth/header/api-key' }])).toMatchObject({ status: 200 })
  expect(stored().plugins['ai-proxy'].auth.header).toEqual({ 'api-key': secret })
})
