import { expect, test } from 'vitest'
import { startAdmin } from './support/admin-world.ts'

const group = 'gateway_group_id=default'
const upstream = { nodes: [{ host: '127.0.0.1', port: 80, weight: 1 }] }
const a7 = { 'user-agent': 'Go-http-client/1.1' }

test('answers bare resources where the query names a gateway group', async () => {
  const { ask } = await startAdmin()
  const made = await ask('PUT', `/apisix/admin/routes/1?${group}`, { uri: '/hello', upstream })
  expect(made.status).toBe(200)
  expect(Object.keys(made.body)).toEqual(['value'])
  expect(await ask('GET', `/apisix/admin/routes/1?${group}`)).toMatchObject({ body: { value: { id: '1', uri: '/hello' } } })
  expect(await ask('GET', `/apisix/admin/routes?${group}`)).toMatchObject({ body: { total: 1, list: [{ id: '1' }] } })
  expect(await ask('DELETE', `/apisix/admin/routes/1?${group}`)).toMatchObject({ status: 200, body: {} })
  expect(await ask('GET', `/apisix/admin/routes/1?${group}`)).toMatchObject({ status: 404, body: { error_msg: 'resource not found' } })
})

test('answers so to keys that are of API7 too', async () => {
  const keys = [
    { name: 'token', key: 'a7adm-1', role: 'admin' },
    { name: 'marked', key: 'two', role: 'admin', dialect: 'api7' },
    { name: 'plain', key: 'three', role: 'admin' },
    { name: 'apisix', key: 'a7adm-4', role: 'admin', dialect: 'apisix' },
  ] as const
  const { ask } = await startAdmin({ keys })
  const list = async (key: string): Promise<unknown> => (await ask('GET', '/apisix/admin/routes', undefined, { 'x-api-key': key })).body.list
  await ask('PUT', '/apisix/admin/routes/1', { uri: '/hello', upstream }, { 'x-api-key': 'three' })
  expect(await list('a7adm-1')).toMatchObject([{ id: '1' }])
  expect(await list('two')).toMatchObject([{ id: '1' }])
  expect(await list('three')).toMatchObject([{ key: '/apisix/routes/1' }])
  expect(await list('a7adm-4')).toMatchObject([{ key: '/apisix/routes/1' }])
})

test('knows no gateway group but those that there are', async () => {
  const { ask, store } = await startAdmin()
  expect(await ask('GET', '/apisix/admin/routes?gateway_group_id=other')).toMatchObject({ status: 404, body: { error_msg: 'gateway group "other" does not exist' } })
  await store.putGroup('other', { name: 'Other one' })
  await ask('PUT', '/apisix/admin/routes/1?gateway_group_id=Other%20one', { uri: '/hello', upstream })
  expect(await ask('GET', '/apisix/admin/routes?gateway_group_id=other')).toMatchObject({ body: { total: 1 } })
  expect(await ask('GET', `/apisix/admin/routes?${group}`)).toMatchObject({ body: { total: 0 } })
})

test('lists what was changed last first, in pages of any size', async () => {
  const { ask } = await startAdmin()
  for (const id of ['a', 'b', 'c']) await ask('PUT', `/apisix/admin/routes/${id}?${group}`, { uri: `/${id}`, upstream })
  await ask('PUT', `/apisix/admin/routes/a?${group}`, { uri: '/aa', upstream })
  const ids = async (query: string): Promise<string[]> => (await ask('GET', `/apisix/admin/routes?${group}&${query}`)).body.list.map(({ id }: { id: string }) => id)
  expect(await ids('')).toEqual(['a', 'c', 'b'])
  expect(await ids('page_size=1')).toEqual(['a'])
  expect(await ids('page=2&page_size=2')).toEqual(['b'])
  expect(await ids('page=3&page_size=500')).toEqual([])
})

test('filters routes by service, and by labels with their values', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', `/apisix/admin/services/s?${group}`, { name: 's', upstream })
  await ask('PUT', `/apisix/admin/routes/1?${group}`, { uri: '/1', service_id: 's', labels: { team: 'red' } })
  await ask('PUT', `/apisix/admin/routes/2?${group}`, { uri: '/2', upstream, labels: { team: 'blue' } })
  const ids = async (query: string): Promise<string[]> => (await ask('GET', `/apisix/admin/routes?${group}&${query}`)).body.list.map(({ id }: { id: string }) => id)
  expect(await ids('service_id=s')).toEqual(['1'])
  expect(await ids('label=team')).toEqual(['2', '1'])
  expect(await ids('labels%5Bteam%5D=blue')).toEqual(['2'])
})

test('takes an id in a POST, makes one where there is none, and replaces nothing', async () => {
  const { ask } = await startAdmin()
  expect(await ask('POST', `/apisix/admin/global_rules?${group}`, { id: 'key-auth', plugins: {} })).toMatchObject({ status: 200, body: { value: { id: 'key-auth' } } })
  expect(await ask('POST', `/apisix/admin/global_rules?${group}`, { id: 'key-auth', plugins: {} })).toMatchObject({ status: 409, body: { error_msg: 'global rule [key-auth] exists already' } })
  expect(await ask('POST', `/apisix/admin/plugin_configs?${group}`, { plugins: {} })).toMatchObject({ status: 200, body: { value: { id: expect.stringMatching(/^\d{20}$/) } } })
  expect(await ask('POST', `/apisix/admin/consumers?${group}`, { username: 'bob' })).toMatchObject({ status: 200, body: { value: { username: 'bob' } } })
  expect(await ask('POST', `/apisix/admin/consumers/bob/credentials?${group}`, { id: 'k', plugins: {} })).toMatchObject({ status: 200, body: { value: { id: 'k' } } })
  expect(await ask('POST', `/apisix/admin/secret_providers?${group}`, { id: 'vault/x', uri: 'http://127.0.0.1:1', prefix: 'kv', token: 't' })).toMatchObject({ status: 200, body: { value: { id: 'vault/x' } } })
  expect(await ask('GET', `/apisix/admin/secret_providers/vault/x?${group}`)).toMatchObject({ status: 200, body: { value: { id: 'vault/x', token: '********' } } })
})

test('has lists of none where a consumer has no credentials', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', `/apisix/admin/consumers?${group}`, { username: 'bob' })
  expect(await ask('GET', `/apisix/admin/consumers/bob/credentials?${group}`)).toMatchObject({ status: 200, body: { list: [], total: 0 } })
  expect(await ask('GET', `/apisix/admin/consumers/eve/credentials?${group}`)).toMatchObject({ status: 404 })
})

test('shows metadata without id and times, all of it by plugin', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', `/apisix/admin/plugin_metadata/key-auth?${group}`, { plugin_name: 'key-auth', realm: 'here' })
  expect((await ask('GET', `/apisix/admin/plugin_metadata/key-auth?${group}`)).body).toEqual({ value: { realm: 'here' } })
  expect((await ask('GET', `/apisix/admin/plugin_metadata?${group}`)).body).toEqual({ value: { 'key-auth': { realm: 'here' } } })
})

test('deletes a service with its routes and upstreams', async () => {
  const { ask, store } = await startAdmin()
  await ask('PUT', `/apisix/admin/services/s?${group}`, { name: 's', upstream })
  expect(await ask('PUT', `/apisix/admin/services/s/upstreams/u?${group}`, { name: 'u', ...upstream })).toMatchObject({ status: 200, body: { value: { id: 'u' } } })
  await ask('PUT', `/apisix/admin/upstreams/other?${group}`, upstream)
  await ask('PUT', `/apisix/admin/routes/1?${group}`, { uri: '/1', service_id: 's' })
  await ask('PUT', `/apisix/admin/stream_routes/1?${group}`, { server_port: 9100, service_id: 's' })
  expect(await ask('DELETE', `/apisix/admin/services/s?${group}`)).toMatchObject({ status: 200 })
  const state = store.state('default')
  expect((['services', 'routes', 'stream_routes'] as const).map((kind) => state?.all(kind).size)).toEqual([0, 0, 0])
  expect([...(state?.all('upstreams').keys() ?? [])]).toEqual(['other'])
})

test('keeps upstreams below their services', async () => {
  const { ask } = await startAdmin()
  const below = '/apisix/admin/services/s/upstreams'
  expect(await ask('PUT', `${below}/u?${group}`, upstream)).toMatchObject({ status: 404 })
  await ask('PUT', `/apisix/admin/services/s?${group}`, { name: 's', upstream })
  await ask('PUT', `/apisix/admin/upstreams/free?${group}`, upstream)
  await ask('PUT', `${below}/u?${group}`, { name: 'u', ...upstream })
  const { body } = await ask('GET', `${below}?${group}`)
  expect(body).toMatchObject({ total: 1, list: [{ id: 'u', name: 'u', ...upstream }] })
  expect(body.list[0]).not.toHaveProperty('labels')
  expect(await ask('GET', `/apisix/admin/upstreams/u`)).toMatchObject({ body: { value: { labels: { __ADC_UPSTREAM_SERVICE_ID: 's' } } } })
  expect(await ask('GET', `${below}/free?${group}`)).toMatchObject({ status: 404 })
  expect(await ask('PUT', `${below}/free?${group}`, upstream)).toMatchObject({ status: 409 })
  expect(await ask('DELETE', `${below}/u?${group}`)).toMatchObject({ status: 200 })
  expect(await ask('GET', `${below}?${group}`)).toMatchObject({ body: { total: 0, list: [] } })
})

test('shows a7 a map of nodes and the paths that were written, and others what they read', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', `/apisix/admin/upstreams/u?${group}`, { nodes: [{ host: 'a', port: 81, weight: 2 }, { host: 'b', weight: 1 }], scheme: 'https' })
  await ask('PUT', `/apisix/admin/routes/1?${group}`, { uri: '/1', upstream_id: 'u' })
  await ask('PUT', `/apisix/admin/routes/2?${group}`, { paths: ['/2'], upstream_id: 'u' })
  expect((await ask('GET', `/apisix/admin/upstreams/u?${group}`, undefined, a7)).body.value.nodes).toEqual({ 'a:81': 2, 'b:443': 1 })
  expect((await ask('GET', `/apisix/admin/upstreams/u?${group}`)).body.value.nodes).toHaveLength(2)
  expect((await ask('GET', `/apisix/admin/routes/1?${group}`, undefined, a7)).body.value).not.toHaveProperty('paths')
  expect((await ask('GET', `/apisix/admin/routes/1?${group}`)).body.value.paths).toEqual(['/1'])
  expect((await ask('GET', `/apisix/admin/routes/2?${group}`, undefined, a7)).body.value).toMatchObject({ paths: ['/2'] })
  expect((await ask('GET', '/apisix/admin/routes/2')).body.value).toMatchObject({ uris: ['/2'] })
})

test('takes back what it has shown', async () => {
  const { ask, store } = await startAdmin()
  for (const [path, body] of [
    ['routes/1', { uri: '/1', upstream }],
    ['services/s', { name: 's', upstream }],
    ['consumers/bob', { username: 'bob' }],
  ] as const) {
    await ask('PUT', `/apisix/admin/${path}?${group}`, body)
    const before = store.state('default')
    const { value } = (await ask('GET', `/apisix/admin/${path}?${group}`)).body
    expect(await ask('PUT', `/apisix/admin/${path}?${group}`, { ...value, type: undefined })).toMatchObject({ status: 200 })
    expect(store.state('default')).toBe(before)
  }
})

test('takes what ADC writes in other words, and shows ids as text', async () => {
  const { ask } = await startAdmin()
  expect(await ask('PUT', `/apisix/admin/services/7?${group}`, { service_id: '7', name: 's', type: 'http', path_prefix: '/', upstream })).toMatchObject({ status: 200, body: { value: { id: '7' } } })
  expect(await ask('PUT', `/apisix/admin/routes/r?${group}`, { route_id: 'r', name: 'r', service_id: 7, paths: ['/r'] })).toMatchObject({ status: 200, body: { value: { id: 'r', service_id: '7' } } })
  expect(await ask('PUT', `/apisix/admin/routes/r?${group}`, { route_id: 'q', name: 'r', service_id: 7, paths: ['/r'] })).toMatchObject({ status: 400, body: { error_msg: 'wrong route id' } })
  expect((await ask('GET', `/apisix/admin/services/7?${group}`)).body.value.type).toBe('http')
  await ask('PUT', `/apisix/admin/services/8?${group}`, { name: 's', upstream: { ...upstream, scheme: 'http' } })
  expect((await ask('GET', `/apisix/admin/services/8?${group}`)).body.value.type).toBe('http')
  expect(await ask('PUT', `/apisix/admin/routes/r?${group}`, { name: 'r', service_id: 7, paths: ['/r'], create_time: 1, update_time: 2 })).toMatchObject({ status: 200 })
})

test('shows what is stored, and nothing beside it, to the program sluice', async () => {
  const { ask } = await startAdmin()
  const sluice = { 'user-agent': 'sluice/1.0.0' }
  const written = { services: { name: 's', upstream }, routes: { uri: '/hello', upstream }, upstreams: upstream }
  for (const [kind, value] of Object.entries(written)) await ask('PUT', `/apisix/admin/${kind}/1?${group}`, value)
  for (const [kind, value] of Object.entries(written)) {
    const { body } = await ask('GET', `/apisix/admin/${kind}/1?${group}`, undefined, sluice)
    const { create_time: _created, update_time: _updated, ...shown } = body.value
    expect(shown).toEqual({ id: '1', ...value })
  }
})

test('tells in a header what a write has done', async () => {
  const { ask } = await startAdmin()
  const path = `/apisix/admin/routes/1?${group}`
  const done: unknown[] = []
  for (const [method, uri] of [['PUT', '/a'], ['PUT', '/b'], ['PUT', '/b'], ['DELETE', undefined]] as const) {
    const { headers } = await ask(method, path, uri === undefined ? undefined : { uri, upstream })
    done.push(headers.get('x-sluice-action'))
  }
  expect(done).toEqual(['created', 'updated', 'unchanged', 'deleted'])
})
