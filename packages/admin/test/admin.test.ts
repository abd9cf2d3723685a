import { request } from 'node:http'
import { silent } from '@sluice/kernel'
import { ConflictError, MemoryBackend, type Backend } from '@sluice/store'
import { expect, test } from 'vitest'
import { createAdmin } from '../src/index.ts'
import { adminKey, startAdmin } from './support/admin-world.ts'

const hello = { uri: '/hello', upstream: { nodes: { '127.0.0.1:80': 1 } } }

test('does not start without a key', async () => {
  const { store } = await startAdmin()
  const kernel = { plugins: new Map() } as unknown as Parameters<typeof createAdmin>[0]['kernel']
  const options = { store, kernel, env: () => undefined, log: silent, version: '1' }
  expect(() => createAdmin({ ...options, keys: [] })).toThrow('needs a key')
  expect(() => createAdmin({ ...options, keys: [{ name: 'empty', key: '', role: 'admin' }] })).toThrow('needs a key')
})

test('a viewer reads, and nothing else', async () => {
  const { ask, store } = await startAdmin({ keys: [{ name: 'looker', key: 'look', role: 'viewer' }] })
  const key = { 'x-api-key': 'look' }
  expect(await ask('GET', '/apisix/admin/routes', undefined, key)).toMatchObject({ status: 200 })
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE']) {
    expect(await ask(method, '/apisix/admin/routes/1', hello, key)).toMatchObject({ status: 401, body: { error_msg: 'failed to check token', description: 'invalid method for role viewer' } })
  }
  expect(store.state('default')?.revision).toBe(0)
})

test('tells the log who was turned away', async () => {
  const { ask, lines } = await startAdmin()
  await ask('GET', '/apisix/admin/routes?api_key=wrong-key', undefined, { 'x-api-key': '' })
  expect(lines).toEqual([expect.objectContaining({ address: '127.0.0.1', method: 'GET', path: '/apisix/admin/routes' })])
  expect(JSON.stringify(lines)).not.toContain('wrong-key')
})

test('tells the log of every write who did what, and never a value or a key', async () => {
  const { ask, lines } = await startAdmin()
  await ask('PUT', `/apisix/admin/routes/1?api_key=${adminKey}`, hello)
  await ask('PUT', '/apisix/admin/routes/1', hello)
  await ask('PUT', '/apisix/admin/routes/1', { uri: 7, desc: 'a value' })
  await ask('DELETE', '/apisix/admin/routes/1?gateway_group_id=default')
  await ask('GET', '/apisix/admin/routes')
  const told = lines.map(({ audit }) => audit)
  const common = { key: 'owner', key_mark: expect.stringMatching(/^[0-9a-f]{4}$/), address: '127.0.0.1', path: '/apisix/admin/routes/1', group: 'default' }
  expect(told).toEqual([
    { ...common, method: 'PUT', status: 201, action: 'created', kind: 'routes', id: '1', revision: 1 },
    { ...common, method: 'PUT', status: 200, action: 'unchanged', kind: 'routes', id: '1', revision: 1 },
    { ...common, method: 'PUT', status: 400 },
    { ...common, method: 'DELETE', status: 200, action: 'deleted', kind: 'routes', id: '1', revision: 2 },
  ])
  expect(JSON.stringify(lines)).not.toContain(adminKey)
  expect(JSON.stringify(lines)).not.toContain('a value')
})

test('refuses a body that is too large, announced or not', async () => {
  const { ask, url } = await startAdmin({ maxBodyBytes: 1_000 })
  const large = JSON.stringify({ ...hello, desc: 'x'.repeat(100_000) })
  expect(await ask('PUT', '/apisix/admin/routes/1', large)).toMatchObject({ status: 413, body: { error_msg: 'the request body must not be larger than 1000 bytes' } })
  const status = await new Promise((resolve, reject) => {
    const sent = request(`${url}/apisix/admin/routes/1`, { method: 'PUT', headers: { 'x-api-key': adminKey } }, (response) => resolve(response.statusCode))
    sent.once('error', reject)
    sent.write(large)
    sent.end()
  })
  expect(status).toBe(413)
  expect(await ask('PUT', '/apisix/admin/routes/1', hello)).toMatchObject({ status: 201 })
})

test('reads large bodies too, and says where one of them is wrong', async () => {
  const { ask } = await startAdmin()
  const labels = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`label${index}`, 'value']))
  const text = JSON.stringify({ ...hello, labels }, null, 1)
  expect(text.length).toBeGreaterThan(64 * 1024)
  expect(await ask('PUT', '/apisix/admin/routes/1', text)).toMatchObject({ status: 201 })
  const lines = text.split('\n')
  const wrong = await ask('PUT', '/apisix/admin/routes/1', [...lines.slice(0, 1_000), lines[1_000]?.replace(',', ''), ...lines.slice(1_001)].join('\n'))
  expect(wrong).toMatchObject({ status: 400, body: { error_msg: expect.stringMatching(/^invalid request body: line 100[12], column/) } })
  expect(await ask('PUT', '/apisix/admin/routes/1', `uri: /x\ndesc: ${'x'.repeat(70_000)}\n`)).toMatchObject({ status: 400, body: { error_msg: 'invalid request body: is not JSON' } })
})

test('says 409 where somebody else has changed the store, and 403 where it takes no changes', async () => {
  const busy: Backend = { isReadonly: false, isLasting: true, keep: () => Promise.reject(new ConflictError('gateway.yaml was changed meanwhile')), keepGroups: async () => {} }
  const conflict = await startAdmin({ backend: busy })
  expect(await conflict.ask('PUT', '/apisix/admin/routes/1', hello)).toMatchObject({ status: 409, body: { error_msg: 'gateway.yaml was changed meanwhile' } })
  const fixed = await startAdmin({ backend: new MemoryBackend({ isReadonly: true }) })
  expect(await fixed.ask('PUT', '/apisix/admin/routes/1', hello)).toMatchObject({ status: 403, body: { error_msg: 'the store is read-only' } })
})

test('a store that lasts keeps nothing that ends by itself, and nothing that it could not start from', async () => {
  const lasting: Backend = { isReadonly: false, isLasting: true, keep: async () => {}, keepGroups: async () => {} }
  const { ask } = await startAdmin({ backend: lasting })
  expect(await ask('PUT', '/apisix/admin/routes/1?ttl=5', hello)).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('ttl is not supported') } })
  await ask('PUT', '/apisix/admin/services/s', { upstream: hello.upstream })
  await ask('PUT', '/apisix/admin/routes/1', { uri: '/x', service_id: 's' })
  expect(await ask('DELETE', '/apisix/admin/services/s?force=true')).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('force=true is not supported') } })
})

test('an error of ours is a 500 that gives nothing away', async () => {
  const broken: Backend = { isReadonly: false, isLasting: true, keep: () => Promise.reject(new Error('disk 7 in /etc/secret is full')), keepGroups: async () => {} }
  const { ask, lines } = await startAdmin({ backend: broken })
  expect(await ask('PUT', '/apisix/admin/routes/1', hello)).toMatchObject({ status: 500, body: { error_msg: 'internal error' } })
  expect(lines.some(({ err }) => err instanceof Error)).toBe(true)
})

test('answers a browser that asks before it asks', async () => {
  const { url } = await startAdmin()
  const response = await fetch(`${url}/apisix/admin/routes`, { method: 'OPTIONS' })
  expect(response.status).toBe(200)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(response.headers.get('access-control-max-age')).toBe('3600')
})

test('writers at the same time lose nothing', async () => {
  const { ask, store } = await startAdmin()
  await ask('PUT', '/apisix/admin/routes/shared', { ...hello, labels: {} })
  const writes = Array.from({ length: 40 }, (_, index) => [
    ask('PUT', `/apisix/admin/routes/r${index}`, hello),
    ask('PATCH', `/apisix/admin/routes/shared`, { labels: { [`l${index}`]: 'x' } }),
    ask('POST', '/apisix/admin/upstreams', hello.upstream),
  ]).flat()
  const answers = await Promise.all(writes)
  expect(answers.every(({ status }) => status < 300)).toBe(true)
  const state = store.state('default')
  expect(state?.all('routes').size).toBe(41)
  expect(state?.all('upstreams').size).toBe(40)
  expect(Object.keys(state?.get('routes', 'shared')?.value['labels'] as object)).toHaveLength(40)
})

test('a route cannot come to refer to a service that goes at the same time', async () => {
  const { ask, store } = await startAdmin()
  const dangling: number[] = []
  for (let round = 0; round < 20; round++) {
    await ask('PUT', '/apisix/admin/services/s', { upstream: hello.upstream })
    await Promise.all([ask('PUT', '/apisix/admin/routes/1', { uri: '/x', service_id: 's' }), ask('DELETE', '/apisix/admin/services/s')])
    const state = store.state('default')
    if (state?.get('routes', '1') && !state.get('services', 's')) dangling.push(round)
    await ask('DELETE', '/apisix/admin/routes/1')
  }
  expect(dangling).toEqual([])
})
