import { MemoryBackend } from '@sluice/store'
import { parse } from 'yaml'
import { expect, test, vi } from 'vitest'
import { startAdmin, type AdminWorld } from './support/admin-world.ts'

const path = '/apisix/admin/configs'
const upstream = { nodes: { '127.0.0.1:80': 1 } }
const route = (id: string): object => ({ id, uri: `/${id}`, upstream })

function put({ ask }: AdminWorld, body: unknown, digest: string): ReturnType<AdminWorld['ask']> {
  return ask('PUT', path, body, { 'x-digest': digest })
}

test('a fresh configuration is at version 0 in every kind', async () => {
  const { ask } = await startAdmin()
  const { body, headers } = await ask('GET', path)
  expect(body).toMatchObject({ routes_conf_version: 0, consumers_conf_version: 0, plugin_metadata_conf_version: 0 })
  expect(body).not.toHaveProperty('routes')
  expect(headers.has('x-last-modified')).toBe(false)
  expect(await ask('HEAD', path)).toMatchObject({ status: 200, body: '' })
})

test('replaces everything in one step, and says by what', async () => {
  const world = await startAdmin()
  expect(await world.ask('PUT', path, {})).toMatchObject({ status: 400, body: { error_msg: 'missing digest header' } })
  const config = {
    routes: [{ ...route('a'), modifiedIndex: 7 }, route('b')],
    consumers: [{ username: 'bob', plugins: {} }, { id: 'bob/credentials/k', name: 'k', plugins: { 'key-auth': { key: 'sesame' } } }],
    plugin_metadata: [{ id: 'key-auth', realm: 'here' }],
    ssls: [{ id: 's', snis: ['a.test'], cert: 'CERT', key: 'KEY' }],
  }
  expect(await put(world, config, 'one')).toMatchObject({ status: 202, body: '' })
  const { body, headers } = await world.ask('GET', path)
  expect(headers.get('x-digest')).toBe('one')
  expect(Number(headers.get('x-last-modified'))).toBeCloseTo(Date.now() / 1_000, -2)
  expect(body).toMatchObject({
    routes: [{ ...route('a'), modifiedIndex: 1 }, { ...route('b'), modifiedIndex: 1 }],
    consumers: [{ username: 'bob' }, { id: 'bob/credentials/k', plugins: { 'key-auth': { key: '********' } } }],
    plugin_metadata: [{ id: 'key-auth', realm: 'here' }],
    ssls: [{ id: 's', key: '********' }],
    routes_conf_version: 1,
    'X-Digest': 'one',
  })
  expect(body.consumers[0]).not.toHaveProperty('id')
  expect(await put(world, config, 'one')).toMatchObject({ status: 204 })
})

test('takes back what it has shown, secrets and all', async () => {
  const world = await startAdmin()
  await put(world, { ssls: [{ id: 's', snis: ['a.test'], cert: 'CERT', key: 'KEY' }], consumers: [{ username: 'bob' }, { id: 'bob/credentials/k', plugins: { 'key-auth': { key: 'sesame' } } }] }, 'one')
  const before = world.store.state('default')
  const { body } = await world.ask('GET', path)
  const raised = Object.fromEntries(Object.entries(body as object).map(([name, value]) => [name, name.endsWith('_conf_version') ? Number(value) + 10 : value]))
  expect(await put(world, raised, 'two')).toMatchObject({ status: 202 })
  const after = world.store.state('default')
  for (const kind of ['ssls', 'consumers', 'credentials'] as const) for (const [id, resource] of before?.all(kind) ?? []) expect(after?.get(kind, id)).toBe(resource)
})

test('keeps a kind at its version, replaces it at a higher one, and refuses a lower one', async () => {
  const world = await startAdmin()
  await put(world, { routes: [route('a')], routes_conf_version: 100 }, 'one')
  expect(await put(world, { routes: [route('b')], routes_conf_version: 99 }, 'two')).toMatchObject({ status: 400, body: { error_msg: 'routes_conf_version must be greater than or equal to (100)' } })
  expect(await put(world, { routes: [route('b')], routes_conf_version: '101' }, 'two')).toMatchObject({ status: 400, body: { error_msg: 'routes_conf_version must be a number' } })
  await put(world, { routes: [route('b')], routes_conf_version: 100 }, 'two')
  expect([...(world.store.state('default')?.all('routes').keys() ?? [])]).toEqual(['a'])
  await put(world, { routes: [route('b')], routes_conf_version: 101 }, 'three')
  expect([...(world.store.state('default')?.all('routes').keys() ?? [])]).toEqual(['b'])
  await put(world, {}, 'four')
  expect(world.store.state('default')?.all('routes').size).toBe(0)
  expect((await world.ask('GET', path)).body.routes_conf_version).toBe(102)
})

test('what is written by itself raises the version of its kind, so that nobody writes over it unseen', async () => {
  const world = await startAdmin()
  await put(world, { routes: [route('a')], routes_conf_version: 1_700_000_000_000 }, 'one')
  await world.ask('PUT', '/apisix/admin/routes/b', { uri: '/b', upstream })
  const { body, headers } = await world.ask('GET', path)
  expect(body.routes_conf_version).toBe(1_700_000_000_001)
  expect(headers.has('x-digest')).toBe(false)
  expect(await put(world, { routes: [route('a')], routes_conf_version: 1_700_000_000_000 }, 'one')).toMatchObject({ status: 400 })
  expect(world.store.state('default')?.all('routes').size).toBe(2)
})

test('tells of every problem by its place in what was sent, and changes nothing', async () => {
  const world = await startAdmin()
  const answer = await put(world, { routes: [route('a'), { id: 'b', uri: 7, upstream }], services: [{ id: 's', plugins: { nothing: {} } }] }, 'one')
  expect(answer.status).toBe(400)
  expect(answer.body.error_msg).toContain('routes[1].uri: must be string')
  expect(answer.body.error_msg).toContain('services[0].plugins.nothing: unknown plugin [nothing]')
  expect(await put(world, { routes: [route('a'), route('a')] }, 'one')).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('routes[1].id') } })
  expect(await put(world, { gateway: {} }, 'one')).toMatchObject({ status: 400 })
  expect(await put(world, { nothing: [] }, 'one')).toMatchObject({ status: 400 })
  expect(world.store.state('default')?.revision).toBe(0)
})

test('speaks YAML too', async () => {
  const { ask } = await startAdmin()
  const text = 'routes:\n  - id: a\n    uri: /a\n    upstream: { nodes: { "127.0.0.1:80": 1 } }\n'
  expect(await ask('PUT', path, text, { 'x-digest': 'one', 'content-type': 'application/yaml' })).toMatchObject({ status: 202 })
  const answer = await ask('GET', path, undefined, { accept: 'application/yaml' })
  expect(answer.headers.get('content-type')).toBe('application/yaml')
  expect(parse(answer.body as string)).toMatchObject({ routes: [route('a')], routes_conf_version: 1, 'X-Digest': 'one' })
  expect(await ask('PUT', path, 'routes: [}', { 'x-digest': 'two', 'content-type': 'application/yaml' })).toMatchObject({ status: 400 })
})

test('checks a whole configuration without writing it, and collects what is wrong', async () => {
  const { ask, store } = await startAdmin()
  const good = { routes: [{ id: 'r', uri: '/r', service_id: 'nowhere' }], services: [], consumers: [], ssls: [], global_rules: [], stream_routes: [], plugin_metadata: [{ id: 'key-auth', realm: 'x' }], upstreams: [{ id: 'u', nodes: [] }] }
  expect(await ask('POST', `${path}/validate`, good)).toMatchObject({ status: 200, body: {} })
  const bad = { ...good, routes: [good.routes[0], { id: 'q', uri: 7, upstream }, { id: 'q', uri: '/q', upstream }], plugin_metadata: [{ id: 'key-auth', nothing: 1 }], global_rules: [{ id: 'g', plugins: { nothing: {} } }] }
  const { status, body } = await ask('POST', `${path}/validate`, bad)
  expect(status).toBe(400)
  expect(body.errors).toEqual([
    { resource_type: 'plugin_metadata', resource_id: 'key-auth', index: 0, error: expect.stringContaining('nothing') },
    { resource_type: 'global_rules', resource_id: 'g', index: 0, error: 'unknown plugin [nothing]' },
    { resource_type: 'routes', resource_id: 'q', index: 1, error: 'invalid configuration: uri: must be string' },
    { resource_type: 'routes', resource_id: 'q', index: 2, error: 'another of routes has the id q' },
  ])
  expect(body.error_msg).toContain('routes[1]: invalid configuration: uri: must be string')
  expect(store.state('default')?.revision).toBe(0)
})

test('checks what ADC writes for API7 in its own words', async () => {
  const { ask } = await startAdmin()
  const config = {
    services: [{ service_id: 's', name: 's', type: 'http', upstream }],
    routes: [{ route_id: 'r', name: 'r', service_id: 's', paths: ['/r'] }],
    stream_routes: [{ stream_route_id: 't', name: 't', service_id: 's', server_port: 9100 }],
    global_rules: [{ plugins: { 'key-auth': {} } }],
    plugin_metadata: [{ id: 'key-auth', realm: 'x' }],
  }
  expect(await ask('POST', `${path}/validate?gateway_group_id=default`, config)).toMatchObject({ status: 200, body: {} })
  expect(await ask('POST', `${path}/validate`, config)).toMatchObject({ status: 400 })
})

test('with If-Match replaces what was read, and nothing that was changed since', async () => {
  const world = await startAdmin()
  await put(world, { routes: [route('a')] }, 'one')
  const { headers, body } = await world.ask('GET', path)
  const tag = headers.get('etag') ?? ''
  expect(tag).toMatch(/^"[\w-]{43}"$/)
  const conditional = (digest: string, config: object): ReturnType<AdminWorld['ask']> => world.ask('PUT', path, config, { 'x-digest': digest, 'if-match': tag })
  await world.ask('PUT', '/apisix/admin/routes/b', route('b'))
  expect(await conditional('two', { routes: [] })).toMatchObject({ status: 412, body: { error_msg: 'the configuration was changed since it was read' } })
  await world.ask('DELETE', '/apisix/admin/routes/b')
  // What it holds is what it held: the tag is of that, at whichever gateway.
  expect((await world.ask('GET', path)).headers.get('etag')).toBe(tag)
  const versions = Object.fromEntries(Object.entries(body as object).filter(([name]) => name.endsWith('_conf_version') && name !== 'routes_conf_version'))
  expect(await conditional('three', { ...versions, routes: [route('c')] })).toMatchObject({ status: 202 })
  expect((await world.ask('GET', path)).body.routes).toMatchObject([{ id: 'c' }])
})

test('of two that replace what both have read, the one that is through first does', async () => {
  const { promise: isOpen, resolve: open } = Promise.withResolvers<void>()
  const { promise: isKeeping, resolve: keeps } = Promise.withResolvers<void>()
  class SlowBackend extends MemoryBackend {
    override async keep(): Promise<void> {
      keeps()
      await isOpen
    }
  }
  const world = await startAdmin({ backend: new SlowBackend() })
  const tag = (await world.ask('GET', path)).headers.get('etag') ?? ''
  const replace = (id: string): ReturnType<AdminWorld['ask']> => world.ask('PUT', path, { routes: [route(id)] }, { 'x-digest': id, 'if-match': tag })
  const first = replace('first')
  await isKeeping
  const second = replace('second')
  // By the time that others are answered it has been looked at, and nothing has changed yet.
  for (let times = 0; times < 3; times++) expect((await world.ask('GET', path)).headers.get('etag')).toBe(tag)
  open()
  expect([(await first).status, (await second).status]).toEqual([202, 412])
  expect((await world.ask('GET', path)).body.routes).toMatchObject([{ id: 'first' }])
})

test('the tag is another after every change, that of a secret included', async () => {
  const world = await startAdmin()
  const tags = new Set<string | null>()
  const tell = async (): Promise<void> => void tags.add((await world.ask('GET', path)).headers.get('etag'))
  await tell()
  const metadata = (value: object): Promise<unknown> => world.ask('PUT', '/apisix/admin/plugin_metadata/key-auth', value)
  await metadata({ token: 'one' })
  await tell()
  const { updateTime = 0 } = world.store.state('default')?.get('plugin_metadata', 'key-auth') ?? {}
  await vi.waitUntil(() => Math.floor(Date.now() / 1_000) > updateTime, { timeout: 5_000 })
  await metadata({ token: 'two' })
  await tell()
  await metadata({ token: 'two', realm: 'here' })
  await tell()
  expect(tags.size).toBe(4)
})

test('what is written as it stands changes nothing: no version, no time, and what ends by itself still does', async () => {
  const world = await startAdmin()
  await world.ask('PUT', '/apisix/admin/routes/a?ttl=60', route('a'))
  await world.ask('PUT', '/apisix/admin/routes/7', { ...route('seven'), id: 7 })
  await world.ask('PUT', '/apisix/admin/consumers/bob', { username: 'bob', plugins: { 'key-auth': { key: 'sesame' } } })
  const before = world.store.state('default')
  const { body, headers } = await world.ask('GET', path)
  const lists = Object.fromEntries(Object.entries(body as object).filter(([name]) => !name.endsWith('_conf_version')))
  expect(await world.ask('PUT', path, lists, { 'x-digest': 'same', 'if-match': headers.get('etag') ?? '' })).toMatchObject({ status: 202 })
  expect(world.store.state('default')).toBe(before)
})

test('what is wrong with a whole configuration is told one by one, too', async () => {
  const world = await startAdmin()
  const config = { routes: [route('a'), { ...route('b'), nothing: 1, service_id: 'x' }], consumers: [{ username: 'bob' }, { id: 'bob/credentials/k', plugins: { 'key-auth': {} } }] }
  const { status, body } = await put(world, config, 'one')
  expect(status).toBe(400)
  expect(body.errors).toEqual([
    { resource_type: 'routes', resource_id: 'b', index: 1, path: ['nothing'], error: 'nothing: is not a known field' },
    { resource_type: 'routes', resource_id: 'b', index: 1, path: ['service_id'], error: 'service_id: refers to service [x], which does not exist' },
    { resource_type: 'consumers', resource_id: 'bob/credentials/k', index: 1, path: ['plugins', 'key-auth', 'key'], error: 'plugins.key-auth.key: is required' },
  ])
})
