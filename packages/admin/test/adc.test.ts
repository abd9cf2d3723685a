import { expect, test } from 'vitest'
import { AdcClient, type Backend } from '../../../test/support/adc-client.ts'
import { sha1, type AdcConfig } from '../../../test/support/adc-model.ts'
import { adminKey, startAdmin, type AdminWorld } from './support/admin-world.ts'

const nodes = [{ host: '127.0.0.1', port: 8080, weight: 1 }]
const env = (name: string): string | undefined => (name === 'OPENAI_AUTH' ? 'Bearer sk-test' : undefined)
const aiProxy = { provider: 'openai', auth: { header: { Authorization: '$env://OPENAI_AUTH' } } }
const certificate = 'C'.repeat(128)
const key = 'K'.repeat(64)

const plain = { name: 'plain', description: 'with an upstream', hosts: ['a.test'], upstream: { nodes }, upstreams: [{ name: 'canary', nodes }], routes: [{ name: 'all', uris: ['/*'], methods: ['GET'], priority: 1 }] }
const ai = { name: 'ai', plugins: { 'ai-proxy': aiProxy }, routes: [{ name: 'chat', uris: ['/v1/chat/completions'], vars: [['http_x', '==', '1']] }] }
const stream = { name: 'tcp', upstream: { nodes }, stream_routes: [{ name: 'port', server_port: 9100 }] }

const config: AdcConfig = {
  services: [plain, ai],
  consumers: [{ username: 'bob', plugins: {}, credentials: [{ name: 'key', type: 'key-auth', config: { key: '$env://OPENAI_AUTH' } }] }, { username: 'eve' }],
  ssls: [{ snis: ['a.test'], certificates: [{ certificate, key }] }],
  global_rules: { relay: { to: [] } },
  plugin_metadata: { 'key-auth': { realm: 'here' } },
}

/** The standalone backend cannot read a service without an upstream; its users write one of no nodes. */
const standalone: AdcConfig = { ...config, services: [plain, { ...ai, upstream: { nodes: [] } }] }

const backends = ['apisix', 'api7ee', 'apisix-standalone'] as const
const configFor = (backend: Backend): AdcConfig => (backend === 'apisix-standalone' ? standalone : config)

async function start(backend: Backend): Promise<AdminWorld & { adc: AdcClient }> {
  const world = await startAdmin({ env })
  return { ...world, adc: new AdcClient({ backend, server: world.url, token: adminKey }) }
}

test.for(backends)('%s: everything is synced, and a second run changes nothing', async (backend) => {
  const { adc, store } = await start(backend)
  const done = await adc.sync(configFor(backend))
  expect(done).toHaveLength(11)
  const state = store.state('default')
  expect(state?.get('routes', sha1('ai.chat'))?.value).toMatchObject({ service_id: sha1('ai'), vars: [['http_x', '==', '1']] })
  expect(await adc.diff(configFor(backend))).toEqual([])
  adc.sent.length = 0
  expect(await adc.sync(configFor(backend))).toEqual([])
  expect(adc.sent.filter((line) => !/^(?:GET|HEAD)/.test(line))).toEqual([])
  expect(store.state('default')).toBe(state)
})

test.for(backends)('%s: what changes is updated, and alone', async (backend) => {
  const { adc } = await start(backend)
  const before = configFor(backend)
  await adc.sync(before)
  const [first, second] = before.services ?? []
  const changed: AdcConfig = { ...before, services: [{ ...first!, upstream: { nodes: [{ ...nodes[0], weight: 2 }] } }, { ...second!, routes: [{ name: 'chat', uris: ['/v2'] }] }] }
  expect(await adc.sync(changed)).toEqual([`update route ${sha1('ai.chat')}`, `update service ${sha1('plain')}`])
  expect(await adc.diff(changed)).toEqual([])
})

test.for(backends)('%s: what leaves the file is deleted, down to nothing', async (backend) => {
  const { adc, store } = await start(backend)
  await adc.sync(configFor(backend))
  await adc.sync({ services: [plain], consumers: [{ username: 'bob' }] })
  expect([...(store.state('default')?.all('credentials').keys() ?? [])]).toEqual([])
  expect([...(store.state('default')?.all('services').keys() ?? [])]).toEqual([sha1('plain')])
  await adc.sync({})
  expect(await adc.dump()).toEqual([])
  const state = store.state('default')
  for (const kind of ['services', 'routes', 'upstreams', 'consumers', 'credentials', 'ssls', 'global_rules', 'plugin_metadata'] as const) expect(state?.all(kind).size).toBe(0)
})

test.for(backends)('%s: stream routes are kept for it', async (backend) => {
  const { adc } = await start(backend)
  const upstream = backend === 'api7ee' ? { nodes, scheme: 'http' } : { nodes }
  const file: AdcConfig = { services: [{ ...stream, upstream }] }
  await adc.sync(file)
  // API7 tells services of layer 4 by the scheme of their upstream, and there is none of those here.
  expect(await adc.diff(file)).toEqual(backend === 'api7ee' ? [`create stream_route ${sha1('tcp.port')}`] : [])
})

test.for(backends)('%s: a literal secret is written at every run, and the store finds nothing to change', async (backend) => {
  const { adc, store } = await start(backend)
  const file: AdcConfig = { consumers: [{ username: 'bob', credentials: [{ name: 'key', type: 'key-auth', config: { key: 'sesame' } }] }] }
  await adc.sync(file)
  const before = store.state('default')?.get('credentials', `bob/${sha1('bob.key')}`)
  expect(await adc.sync(file)).toEqual([`update credential ${sha1('bob.key')}`])
  expect(store.state('default')?.get('credentials', `bob/${sha1('bob.key')}`)).toBe(before)
})

test.for(backends)('%s: a file is validated without a change, and every error is told with its place', async (backend) => {
  const { adc, store } = await start(backend)
  expect(await adc.validate(configFor(backend))).toEqual([])
  const errors = await adc.validate({ services: [{ ...plain, routes: [{ name: 'bad', uris: ['no-slash'] }] }], plugin_metadata: { 'key-auth': { nothing: 1 } } })
  expect(errors).toEqual([expect.objectContaining({ resource_type: 'plugin_metadata', resource_id: 'key-auth', index: 0 }), expect.objectContaining({ resource_type: 'routes', resource_id: sha1('plain.bad'), index: 0 })])
  expect(store.state('default')?.revision).toBe(0)
})

test('a consumer that goes takes its credentials along, and ADC finds them gone', async () => {
  const { adc } = await start('apisix')
  await adc.sync(config)
  await adc.sync({ ...config, consumers: [] })
  expect(adc.sent.filter((line) => line.includes('/credentials/') && line.startsWith('DELETE'))).toHaveLength(1)
})

test('a service without an upstream gets one of nothing, and may get a real one later', async () => {
  const { adc } = await start('apisix')
  await adc.sync({ services: [ai] })
  expect(await adc.diff({ services: [ai] })).toEqual([])
  const grown: AdcConfig = { services: [{ ...ai, upstream: { nodes } }] }
  await adc.sync(grown)
  expect(await adc.diff(grown)).toEqual([])
  await adc.sync({ services: [ai] })
  expect(await adc.diff({ services: [ai] })).toEqual([])
})

test('a key of API7 sends no group, and is answered in its dialect', async () => {
  const world = await startAdmin({ env, keys: [{ name: 'token', key: 'a7adm-1', role: 'admin' }] })
  const adc = new AdcClient({ backend: 'api7ee', server: world.url, token: 'a7adm-1' })
  await adc.ping()
  await adc.sync(config)
  expect(await adc.diff(config)).toEqual([])
})

test('a group that does not exist is an error, and one that does is a place of its own', async () => {
  const world = await startAdmin({ env })
  const adc = new AdcClient({ backend: 'api7ee', server: world.url, token: adminKey, group: 'second' })
  await expect(adc.sync(config)).rejects.toThrow('gateway group second does not exist')
  await world.store.putGroup('g2', { name: 'second' })
  await adc.sync(config)
  expect(await adc.diff(config)).toEqual([])
  expect(world.store.state('default')?.all('services').size).toBe(0)
})

test('both backends of one store agree: what one has written the other reads', async () => {
  const { adc, url } = await start('apisix')
  await adc.sync({ services: [plain] })
  const other = new AdcClient({ backend: 'api7ee', server: url, token: adminKey })
  const services = (await other.dump()).filter(({ type }) => type === 'service')
  expect(services).toMatchObject([{ id: sha1('plain'), value: { name: 'plain', hosts: ['a.test'] } }])
  expect((await other.dump()).filter(({ type }) => type === 'route')).toMatchObject([{ id: sha1('plain.all'), value: { uris: ['/*'] } }])
})

test('what was changed meanwhile is not written over by a configuration that was read before', async () => {
  const { adc, ask } = await start('apisix-standalone')
  await adc.sync(standalone)
  const { body } = await ask('GET', '/apisix/admin/configs')
  await ask('PUT', '/apisix/admin/routes/by-hand', { uri: '/x', service_id: sha1('plain') })
  const stale = await ask('PUT', '/apisix/admin/configs', body, { 'x-digest': 'stale' })
  expect(stale).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('routes_conf_version must be greater than or equal to') } })
  expect(await ask('GET', '/apisix/admin/routes/by-hand')).toMatchObject({ status: 200 })
})
