import { expect, test } from 'vitest'
import { A7Client, A7Error, type A7File } from '../../../test/support/a7-client.ts'
import { adminKey, startAdmin, type AdminWorld } from './support/admin-world.ts'

const upstream = { nodes: { '127.0.0.1:8080': 1 } }
const aiProxy = { provider: 'openai', auth: { header: { Authorization: '$env://OPENAI_AUTH' } }, options: { model: 'gpt-4', max_tokens: 1024 } }
const env = (name: string): string | undefined => (name === 'OPENAI_AUTH' ? 'Bearer sk-test' : undefined)

async function start(): Promise<AdminWorld & { a7: A7Client }> {
  const world = await startAdmin({ env })
  return { ...world, a7: new A7Client({ server: world.url, token: adminKey }) }
}

/** One of everything. */
const file: A7File = {
  version: '1',
  upstreams: [{ id: 'u1', name: 'one', type: 'roundrobin', nodes: { '127.0.0.1:8081': 1 } }],
  services: [
    { id: 's1', name: 'ai', plugins: { 'ai-proxy': aiProxy } },
    { id: 's2', name: 'plain', upstream_id: 'u1', hosts: ['a.test'] },
  ],
  routes: [
    { id: 'r1', name: 'chat', uri: '/v1/chat/completions', methods: ['POST'], service_id: 's1' },
    { id: 'r2', name: 'by paths', paths: ['/a', '/b'], service_id: 's2', priority: 3 },
    { id: 'r3', name: 'by uris', uris: ['/c'], service_id: 's2', labels: { team: 'red' } },
  ],
  consumers: [{ username: 'bob', desc: 'a client', plugins: {} }],
  consumer_groups: [{ id: 'g1', plugins: { relay: { to: [] } } }],
  plugin_configs: [{ id: 'p1', plugins: { relay: { to: [] } } }],
  global_rules: [{ id: 'relay', plugins: { relay: { to: [] } } }],
  protos: [{ id: 'proto1', content: 'syntax = "proto3";' }],
  secrets: [{ id: 'vault/one', uri: 'http://127.0.0.1:8200', prefix: 'kv', token: '$env://OPENAI_AUTH' }],
  stream_routes: [{ id: 't1', server_port: 9100, upstream_id: 'u1' }],
  plugin_metadata: [{ plugin_name: 'key-auth', realm: 'here' }],
}

test('a context is made where the server and the group are there', async () => {
  const { a7, url } = await start()
  await a7.contextCreate()
  await expect(new A7Client({ server: url, token: 'wrong' }).contextCreate()).rejects.toThrow('failed to check token')
  await expect(new A7Client({ server: url, token: adminKey, group: 'other' }).contextCreate()).rejects.toMatchObject({ status: 404 })
})

test('a whole file is synced, and a second run changes nothing', async () => {
  const { a7, store } = await start()
  const outcome = await a7.sync(file)
  expect(outcome).toEqual({ created: 14, updated: 0, deleted: 0 })
  const state = store.state('default')
  a7.sent.length = 0
  expect(await a7.sync(file)).toEqual({ created: 0, updated: 0, deleted: 0 })
  expect(a7.sent.filter((line) => !line.startsWith('GET'))).toEqual([])
  expect(store.state('default')).toBe(state)
})

test('what changes in the file is updated, what leaves it is deleted, in the order in which that can be', async () => {
  const { a7, store } = await start()
  await a7.sync(file)
  const routes = file['routes'] as object[]
  expect(await a7.sync({ ...file, routes: [{ ...routes[0], methods: ['POST', 'GET'] }], stream_routes: [] })).toEqual({ created: 0, updated: 1, deleted: 3 })
  expect(store.state('default')?.get('routes', 'r1')?.value).toMatchObject({ methods: ['POST', 'GET'] })
  expect(await a7.sync({ version: '1' }, { isDelete: false })).toEqual({ created: 0, updated: 0, deleted: 0 })
  await a7.sync({ version: '1' })
  const left = store.state('default')
  expect([...(left?.all('services') ?? []), ...(left?.all('upstreams') ?? []), ...(left?.all('consumers') ?? []), ...(left?.all('secrets') ?? [])]).toEqual([])
})

test('a dry run changes nothing', async () => {
  const { a7, store } = await start()
  expect(await a7.sync(file, { isDryRun: true })).toMatchObject({ created: 14 })
  expect(store.state('default')?.revision).toBe(0)
})

test('a literal secret is written at every run, and the store finds nothing to change', async () => {
  const { a7, store } = await start()
  const service = { id: 's1', name: 'ai', plugins: { 'ai-proxy': { ...aiProxy, auth: { header: { Authorization: 'Bearer sk-literal' } } } } }
  await a7.sync({ version: '1', services: [service] })
  const state = store.state('default')
  expect(await a7.sync({ version: '1', services: [service] })).toEqual({ created: 0, updated: 1, deleted: 0 })
  expect(store.state('default')).toBe(state)
})

test('a route without a service is written at every run: a7 never reads it back', async () => {
  const { a7, store } = await start()
  const seed: A7File = { version: '1', routes: [{ id: 'openai-chat', uri: '/v1/chat/completions', methods: ['POST'], plugins: { 'ai-proxy': aiProxy } }] }
  await a7.sync(seed)
  const state = store.state('default')
  expect(await a7.sync(seed)).toEqual({ created: 1, updated: 0, deleted: 0 })
  expect(store.state('default')).toBe(state)
})

test('more routes than a page holds are all read', async () => {
  const { a7, store } = await start()
  const service = { id: 's', name: 's', upstream }
  const routes = Array.from({ length: 501 }, (_, index) => ({ id: `r${index}`, uri: `/${index}`, service_id: 's' }))
  await store.change('default', (draft) => {
    draft.put('services', 's', service)
    for (const route of routes) draft.put('routes', route.id, route)
  })
  expect(await a7.sync({ version: '1', services: [service], routes })).toEqual({ created: 0, updated: 0, deleted: 0 })
  expect(a7.sent).toContain('GET /apisix/admin/routes?page=2&page_size=500&service_id=s')
})

const single: readonly { readonly path: string; readonly kind: string; readonly one: Record<string, unknown>; readonly change: Record<string, unknown> }[] = [
  { path: '/apisix/admin/routes', kind: 'routes', one: { id: '1', uri: '/x', upstream }, change: { desc: 'x' } },
  { path: '/apisix/admin/services', kind: 'services', one: { id: '1', name: 's', upstream }, change: { desc: 'x' } },
  { path: '/apisix/admin/upstreams', kind: 'upstreams', one: { id: '1', ...upstream }, change: { desc: 'x' } },
  { path: '/apisix/admin/ssls', kind: 'ssls', one: { id: '1', cert: 'CERT', key: 'KEY', snis: ['a.test'] }, change: { labels: { a: 'b' } } },
  { path: '/apisix/admin/global_rules', kind: 'global_rules', one: { id: '1', plugins: {} }, change: { plugins: { relay: { to: [] } } } },
  { path: '/apisix/admin/plugin_configs', kind: 'plugin_configs', one: { id: '1', plugins: {} }, change: { desc: 'x' } },
  { path: '/apisix/admin/consumer_groups', kind: 'consumer_groups', one: { id: '1', plugins: {} }, change: { desc: 'x' } },
  { path: '/apisix/admin/stream_routes', kind: 'stream_routes', one: { id: '1', server_port: 9100, upstream }, change: { desc: 'x' } },
  { path: '/apisix/admin/protos', kind: 'protos', one: { id: '1', content: 'syntax = "proto3";' }, change: { desc: 'x' } },
  { path: '/apisix/admin/consumers/bob/credentials', kind: 'credentials', one: { id: '1', plugins: { 'key-auth': { key: 'sesame' } } }, change: { desc: 'x' } },
  { path: '/apisix/admin/secret_providers', kind: 'secret_providers', one: { id: 'vault/1', uri: 'http://127.0.0.1:8200', prefix: 'kv', token: 't' }, change: { prefix: 'other' } },
]

test.for(single)('$kind are created, read, listed, updated and deleted', async ({ path, kind, one, change }) => {
  const { a7 } = await start()
  await a7.request('PUT', '/apisix/admin/consumers', { username: 'bob' })
  await a7.create(path, one)
  const at = `${path}/${String(one['id'])}`
  expect(await a7.get(at, kind)).toMatchObject({ id: one['id'] })
  expect(await a7.list(path, kind)).toHaveLength(1)
  await a7.request('PUT', at, { ...one, ...change })
  expect(await a7.get(at, kind)).toMatchObject(change)
  await a7.request('DELETE', at)
  await expect(a7.request('GET', at)).rejects.toMatchObject({ status: 404 })
  await expect(a7.request('DELETE', at)).rejects.toMatchObject({ status: 404 })
  expect(await a7.list(path, kind)).toEqual([])
})

test('what has no id in its file is created by POST, and says its id', async () => {
  const { a7 } = await start()
  const made = (await a7.create('/apisix/admin/routes', { name: 'flags', paths: ['/x'], methods: ['GET'], upstream, labels: {}, status: 1 })) as { value: { id: string } }
  expect(a7.sent).toEqual(['POST /apisix/admin/routes'])
  expect(await a7.get(`/apisix/admin/routes/${made.value.id}`, 'routes')).toMatchObject({ name: 'flags', paths: ['/x'] })
  await a7.create('/apisix/admin/consumers', { username: 'bob' })
  expect(await a7.get('/apisix/admin/consumers/bob', 'consumers')).toEqual({ username: 'bob' })
})

test('plugins are listed by name, and an unknown one is an error', async () => {
  const { a7 } = await start()
  expect(await a7.request('GET', '/apisix/admin/plugins/list')).toContain('ai-proxy')
  expect(await a7.request('GET', '/apisix/admin/plugins/ai-proxy')).toMatchObject({ type: 'object' })
  await expect(a7.request('GET', '/apisix/admin/plugins/nothing')).rejects.toThrow(A7Error)
})

test('gateway groups are created, read, listed, updated and deleted', async () => {
  const { a7 } = await start()
  const { value } = (await a7.request('POST', '/api/gateway_groups', { name: 'second' }, false)) as { value: { id: string } }
  const at = `/api/gateway_groups/${value.id}`
  await a7.request('PUT', at, { name: 'second', description: 'changed' }, false)
  expect(await a7.get(at, 'gateway_groups')).toMatchObject({ name: 'second', description: 'changed' })
  expect(await a7.list('/api/gateway_groups', 'gateway_groups')).toHaveLength(2)
  await a7.request('DELETE', at, undefined, false)
  await expect(a7.request('GET', at, undefined, false)).rejects.toMatchObject({ status: 404 })
})

test('integers in references come as text, and lists of nodes as maps, or a7 would fail', async () => {
  const { a7, ask } = await start()
  await ask('PUT', '/apisix/admin/upstreams/7', { nodes: [{ host: '127.0.0.1', port: 80, weight: 1 }] })
  await ask('PUT', '/apisix/admin/services/8', { upstream_id: 7 })
  await ask('PUT', '/apisix/admin/routes/9', { id: 9, uri: '/x', service_id: 8 })
  expect(await a7.list('/apisix/admin/upstreams', 'upstreams')).toMatchObject([{ nodes: { '127.0.0.1:80': 1 } }])
  expect(await a7.list('/apisix/admin/routes', 'routes')).toMatchObject([{ id: '9', service_id: '8' }])
  expect(await a7.sync({ version: '1' }, { isDelete: false })).toEqual({ created: 0, updated: 0, deleted: 0 })
})
