import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { definePlugin, json, Type } from '@sluice/kernel'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { cuttable } from './support/cuttable.ts'
import { etcdNeeded, hasEtcd, openEtcd, startEtcd, type RunningEtcd } from './support/etcd.ts'
import { eventually, temporaryFolder } from './support/program.ts'
import { selfSigned } from './support/self-signed.ts'
import { startGateway, type TestGateway } from './support/start-gateway.ts'

/** For how much longer than it takes to notice etcd is away. */
const awayMs = Number(process.env['ETCD_AWAY_SECONDS'] ?? 0) * 1_000
// Each test runs an etcd, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 + awayMs })
afterAll(() => vi.resetConfig())

const key = 'admin-secret-1'

interface Asked {
  readonly status: number
  readonly body: { readonly [member: string]: unknown; readonly error_msg?: string }
}

interface Member extends TestGateway {
  admin(method: string, path: string, body?: unknown): Promise<Asked>
  /** What a path answers: the text that its route says, else the status. */
  says(path: string): Promise<string | number>
  /** What `/readyz` tells. */
  readiness(): Promise<{ status: number; configuration: string }>
}

/** A plugin that answers with a text; with `fails` it cannot be set up. */
const say = definePlugin({
  name: 'say',
  priority: 10,
  schema: Type.Object({ text: Type.String(), fails: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
  setup({ text, fails }) {
    if (fails) throw new Error('it cannot be set up')
    return { access: () => json(200, { text }) }
  },
})

/** An etcd for the tests of a group, empty for each of them. */
function sharedEtcd(): RunningEtcd {
  const shared = {} as { -readonly [name in keyof RunningEtcd]: RunningEtcd[name] }
  beforeAll(async () => void Object.assign(shared, await openEtcd()), 60_000)
  beforeEach(() => shared.wipe())
  afterAll(() => shared.close())
  return shared
}

/** A gateway on an etcd. */
async function member({ endpoint }: Pick<RunningEtcd, 'endpoint'>, store: object = {}, gateway: object = {}): Promise<Member> {
  const admin = { listen: { host: '127.0.0.1', port: 0 }, key }
  const started = await startGateway({ gateway: { admin, store: { type: 'etcd', endpoints: [endpoint], ...store }, ...gateway } }, { plugins: [say] })
  const { port } = started.gateway.adminAddress ?? { port: 0 }
  return {
    ...started,
    async admin(method, path, body) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { 'x-api-key': key, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Asked['body']) }
    },
    async says(path) {
      const answer = await fetch(started.url + path)
      return answer.ok ? ((await answer.json()) as { text: string }).text : answer.status
    },
    async readiness() {
      const answer = await fetch(`${started.statusUrl}/readyz`)
      return { ...((await answer.json()) as { configuration: string }), status: answer.status }
    },
  }
}

const route = (uri: string, text = uri): Record<string, unknown> => ({ uri, plugins: { say: { text } } })
const said = (one: Member, path: string, what: string | number): Promise<boolean> => eventually(`${path} says ${what}`, async () => (await one.says(path)) === what)

describe.skipIf(!hasEtcd)(`gateways on one etcd${etcdNeeded}`, () => {
  const etcd = sharedEtcd()

  test('a write through one serves there with its answer, and on the other within a second', async () => {
    const [a, b] = [await member(etcd), await member(etcd)]
    expect((await a.admin('PUT', '/apisix/admin/routes/r', route('/r', 'first'))).status).toBe(201)
    expect(await a.says('/r')).toBe('first')
    // A second is promised; the bound is ten times that.
    await eventually('the other serves it', async () => (await b.says('/r')) === 'first', 10_000)
    expect((await b.admin('PUT', '/apisix/admin/routes/r', route('/r', 'second'))).status).toBe(200)
    expect(await b.says('/r')).toBe('second')
    await said(a, '/r', 'second')
    expect((await a.admin('DELETE', '/apisix/admin/routes/r')).status).toBe(200)
    await said(b, '/r', 404)
    const [shown, again] = await Promise.all([a, b].map((one) => one.admin('GET', '/apisix/admin/routes')))
    expect(shown).toEqual(again)
  })

  test('resources stand where APISIX has them, in its shape; other groups beside them', async () => {
    const { admin } = await member(etcd)
    const written: readonly (readonly [path: string, body: object])[] = [
      ['routes/r', route('/r')],
      ['consumers/jack', { username: 'jack', plugins: {} }],
      ['consumers/jack/credentials/c', { plugins: { 'key-auth': { key: 'k1' } } }],
      ['plugin_metadata/say', {}],
    ]
    for (const [path, body] of written.slice(0, 3)) expect((await admin('PUT', `/apisix/admin/${path}`, body)).status).toBe(201)
    expect((await admin('POST', '/api/gateway_groups', { id: 'team-a', name: 'Team A' })).status).toBe(200)
    expect((await admin('PUT', '/apisix/admin/routes/r2?gateway_group_id=team-a', route('/r2'))).status).toBe(200)
    const values = new Map([...(await etcd.all('/apisix'))].map(([name, text]) => [name, JSON.parse(text) as Record<string, unknown>]))
    const times = { create_time: expect.any(Number) as number, update_time: expect.any(Number) as number }
    expect(values.get('/apisix/routes/r')).toEqual({ id: 'r', ...route('/r'), ...times })
    expect(values.get('/apisix/consumers/jack')).toEqual({ username: 'jack', plugins: {}, ...times })
    expect(values.get('/apisix/consumers/jack/credentials/c')).toEqual({ id: 'c', plugins: { 'key-auth': { key: 'k1' } }, ...times })
    expect(values.get('/apisix-groups/team-a')).toMatchObject({ id: 'team-a', name: 'Team A' })
    expect(values.get('/apisix-groups/team-a/routes/r2')).toMatchObject({ id: 'r2', uri: '/r2' })
    const { body } = await admin('GET', '/apisix/admin/routes/r')
    const { kvs } = (await etcd.call('/v3/kv/range', { key: Buffer.from('/apisix/routes/r').toString('base64') })) as { kvs: { create_revision: string; mod_revision: string }[] }
    expect(body).toMatchObject({ createdIndex: Number(kvs[0]!.create_revision), modifiedIndex: Number(kvs[0]!.mod_revision) })
  })

  test('what APISIX has written there serves, and its own keys beside resources do no harm', async () => {
    await etcd.put('/apisix/routes/', 'init_dir')
    await etcd.put('/apisix/data_plane/server_info/1', '{}')
    await etcd.put('/apisix/services/s', { id: 's', plugins: { say: { text: 'by the service' } }, create_time: 1_700_000_000, update_time: 1_700_000_001 })
    await etcd.put('/apisix/routes/1', { id: '1', uri: '/r', service_id: 's', priority: 0, status: 1, create_time: 1_700_000_000, update_time: 1_700_000_001 })
    const { says, admin, logged } = await member(etcd)
    expect(await says('/r')).toBe('by the service')
    expect((await admin('GET', '/apisix/admin/routes/1')).body).toMatchObject({ value: { create_time: 1_700_000_000, update_time: 1_700_000_001 } })
    expect(logged()).toBe('')
  })

  test('gateways that write at the same time lose nothing of each other, and see the same in the end', async () => {
    const members = [await member(etcd), await member(etcd), await member(etcd)]
    const [a] = members as [Member, Member, Member]
    await a.admin('PUT', '/apisix/admin/services/shared', { labels: {}, plugins: { say: { text: 'x' } } })
    await Promise.all(members.map((one) => eventually('all know it', async () => (await one.admin('GET', '/apisix/admin/services/shared')).status === 200)))
    const writes = members.flatMap(({ admin }, index) =>
      Array.from({ length: 20 }, async (_, count) => {
        const name = `m${index}-${count}`
        const answers = [await admin('PUT', `/apisix/admin/routes/${name}`, route(`/${name}`)), await admin('PATCH', '/apisix/admin/services/shared', { labels: { [name]: 'yes' } })]
        return answers.map(({ status }) => status)
      }),
    )
    for (const statuses of await Promise.all(writes)) expect(statuses).toEqual([201, 200])
    const labels = (JSON.parse((await etcd.get('/apisix/services/shared')) ?? '{}') as { labels: object }).labels
    expect(Object.keys(labels)).toHaveLength(60)
    expect([...(await etcd.all('/apisix/routes/')).keys()]).toHaveLength(60)
    const routesOf = async (one: Member): Promise<string> => JSON.stringify((await one.admin('GET', '/apisix/admin/routes')).body)
    await eventually('all see the same', async () => {
      const seen = await Promise.all(members.map(routesOf))
      return seen.every((text) => text === seen[0] && text.includes('m2-19'))
    })
    const tagOf = async (one: Member): Promise<string | null> => {
      const { host, port } = one.gateway.adminAddress!
      return (await fetch(`http://${host}:${port}/apisix/admin/configs`, { headers: { 'x-api-key': key } })).headers.get('etag')
    }
    await eventually('all tag it alike', async () => new Set(await Promise.all(members.map(tagOf))).size === 1)
    const order = members.map(({ gateway }) => gateway.routes.map(({ info }) => info.id))
    await eventually('all have the same order', () => members.every(({ gateway }) => JSON.stringify(gateway.routes.map(({ info }) => info.id)) === JSON.stringify(order[0])))
  })

  test('a reference is checked against what others have written, whoever has heard of it', async () => {
    const [a, b] = [await member(etcd), await member(etcd)]
    for (let round = 0; round < 10; round++) {
      await a.admin('PUT', '/apisix/admin/services/s', { plugins: { say: { text: 'x' } } })
      await eventually('both know it', async () => (await b.admin('GET', '/apisix/admin/services/s')).status === 200)
      const [deleted, referred] = await Promise.all([a.admin('DELETE', '/apisix/admin/services/s'), b.admin('PUT', '/apisix/admin/routes/r', { uri: '/r', service_id: 's' })])
      // One of them comes first, and the other is told so.
      const won = [deleted.status === 200, referred.status === 201 || referred.status === 200]
      expect(won.filter(Boolean)).toHaveLength(1)
      const keys = [...(await etcd.all('/apisix/')).keys()]
      expect(keys.includes('/apisix/services/s')).toBe(keys.includes('/apisix/routes/r'))
      await b.admin('DELETE', '/apisix/admin/routes/r')
      await eventually('it is gone', async () => (await a.admin('GET', '/apisix/admin/routes/r')).status === 404)
    }
  })

  test('what somebody writes by hand at the same moment is not lost', async () => {
    const one = await member(etcd)
    const plugins = { say: { text: 'x' } }
    await one.admin('PUT', '/apisix/admin/services/s', { plugins, labels: {} })
    for (let round = 0; round < 20; round++) {
      await etcd.put('/apisix/services/s', { plugins, labels: { hand: `at-${round}` } })
      expect((await one.admin('PATCH', '/apisix/admin/services/s', { labels: { gateway: `at-${round}` } })).status).toBe(200)
      expect(JSON.parse((await etcd.get('/apisix/services/s')) ?? '')).toMatchObject({ labels: { hand: `at-${round}`, gateway: `at-${round}` } })
    }
  })

  test('a write that cannot be served is taken back out of etcd', async () => {
    const one = await member(etcd)
    expect((await one.admin('PUT', '/apisix/admin/routes/r', route('/r', 'good'))).status).toBe(201)
    const refused = await one.admin('PUT', '/apisix/admin/routes/r', { uri: '/r', plugins: { say: { text: 'bad', fails: true } } })
    expect(refused).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('it cannot be set up') as string } })
    expect(await etcd.get('/apisix/routes/r')).toContain('good')
    expect((await one.admin('PUT', '/apisix/admin/routes/new', { uri: '/new', plugins: { say: { text: 'bad', fails: true } } })).status).toBe(400)
    expect(await etcd.get('/apisix/routes/new')).toBeUndefined()
    expect(await one.says('/r')).toBe('good')
  })

  test('a burst of changes becomes one change of what serves', async () => {
    const { gateway, says } = await member(etcd)
    let snapshots = 0
    gateway.kernel.on('snapshot', () => (snapshots += 1))
    const puts = Array.from({ length: 100 }, (_, index) => ({ request_put: { key: encoded(`/apisix/routes/r${index}`), value: encoded(JSON.stringify(route(`/r${index}`))) } }))
    await etcd.call('/v3/kv/txn', { success: puts })
    await eventually('the last one serves', async () => (await says('/r99')) === '/r99')
    expect(snapshots).toBe(1)
  })

  test('a change that takes several transactions comes to the others as one', async () => {
    const [a, b] = [await member(etcd), await member(etcd)]
    const seen = new Set<number>()
    b.gateway.kernel.on('snapshot', ({ routes }) => void seen.add(routes))
    const put = (count: number): Promise<number> => {
      const body = JSON.stringify({ routes: Array.from({ length: count }, (_, index) => ({ id: `r${index}`, ...route(`/r${index}`, String(count)) })) })
      const { host, port } = a.gateway.adminAddress!
      const headers = { 'x-api-key': key, 'content-type': 'application/json', 'x-digest': String(count) }
      return fetch(`http://${host}:${port}/apisix/admin/configs`, { method: 'PUT', headers, body }).then(({ status }) => status)
    }
    expect(await put(350)).toBe(202)
    await said(b, '/r349', '350')
    expect(await put(120)).toBe(202)
    await said(b, '/r119', '120')
    await said(b, '/r349', 404)
    expect([...seen]).toEqual([350, 120])
  })

  test('a gateway that serves another group serves what that holds, and creates it with the first write', async () => {
    const [a, b] = [await member(etcd, {}, { group: 'team-a' }), await member(etcd)]
    expect((await a.admin('PUT', '/apisix/admin/routes/r?gateway_group_id=team-a', route('/r'))).status).toBe(200)
    expect([await a.says('/r'), await b.says('/r')]).toEqual(['/r', 404])
    await eventually('the other knows the group', async () => JSON.stringify((await b.admin('GET', '/api/gateway_groups')).body).includes('team-a'))
    await b.admin('PUT', '/apisix/admin/routes/r?gateway_group_id=team-a', route('/r', 'changed'))
    await said(a, '/r', 'changed')
    await b.admin('POST', '/api/gateway_groups', { id: 'team-b', name: 'B' })
    await b.admin('PUT', '/apisix/admin/routes/r?gateway_group_id=team-b', route('/r'))
    await eventually('a knows it', async () => (await a.admin('GET', '/apisix/admin/routes/r?gateway_group_id=team-b')).status === 200)
    expect((await a.admin('DELETE', '/api/gateway_groups/team-b')).status).toBe(200)
    await eventually('b has lost it', async () => (await b.admin('GET', '/apisix/admin/routes?gateway_group_id=team-b')).status === 404)
    expect([...(await etcd.all('/apisix-groups/team-b')).keys()]).toEqual([])
  })
})

test.skipIf(!hasEtcd)(`5,000 routes are loaded in seconds${etcdNeeded}`, async () => {
  const etcd = await startEtcd()
  for (let part = 0; part < 50; part++) {
    const puts = Array.from({ length: 100 }, (_, index) => {
      const path = `/r${part * 100 + index}`
      return { request_put: { key: encoded(`/apisix/routes${path}`), value: encoded(JSON.stringify({ ...route(path), name: path, labels: { team: 'a' }, desc: 'x'.repeat(200) })) } }
    })
    await etcd.call('/v3/kv/txn', { success: puts })
  }
  const started = performance.now()
  const one = await member(etcd)
  const took = performance.now() - started
  expect([one.gateway.routes.length, await one.says('/r4999')]).toEqual([5_000, '/r4999'])
  // Ten seconds are promised, on a machine that does nothing else.
  expect(took).toBeLessThan(30_000)
})

describe.skipIf(!hasEtcd)(`values written by hand${etcdNeeded}`, () => {
  const etcd = sharedEtcd()

  test('one that is bad is refused and told with its key, the rest applies, and its repair applies at once', async () => {
    const one = await member(etcd)
    await etcd.put('/apisix/routes/kept', route('/kept', 'good'))
    await said(one, '/kept', 'good')
    await etcd.put('/apisix/routes/kept', '{ "uri": "/kept", "secret-word" ')
    await etcd.put('/apisix/routes/new', { uri: '/new', plugins: { say: { txet: 1 } } })
    await etcd.put('/apisix/routes/dangling', { uri: '/dangling', service_id: 'nowhere' })
    await etcd.put('/apisix/routes/misnamed', { id: 'other', uri: '/misnamed', plugins: {} })
    await etcd.put('/apisix/routes/fails', { uri: '/fails', plugins: { say: { text: 'x', fails: true } } })
    await etcd.put('/apisix/routes/fine', route('/fine'))
    await said(one, '/fine', '/fine')
    expect(await Promise.all(['/kept', '/new', '/dangling', '/misnamed', '/fails'].map(one.says))).toEqual(['good', 404, 404, 404, 404])
    const lines = one.logged().split('\n')
    for (const [name, reason] of [
      ['kept', 'is not JSON'],
      ['new', 'txet'],
      ['dangling', 'nowhere'],
      ['misnamed', 'must be what its key says'],
      ['fails', 'it cannot be set up'],
    ]) {
      expect(lines.filter((line) => line.includes(`"key":"/apisix/routes/${name}"`) && line.includes(reason!))).toHaveLength(1)
    }
    expect(one.logged()).not.toContain('secret-word')

    await etcd.put('/apisix/services/nowhere', { plugins: { say: { text: 'here now' } } })
    await said(one, '/dangling', 'here now')
    await etcd.put('/apisix/routes/kept', route('/kept', 'better'))
    await said(one, '/kept', 'better')
    await etcd.put('/apisix/routes/fails', route('/fails'))
    await said(one, '/fails', '/fails')
    expect((await one.admin('PUT', '/apisix/admin/routes/new', route('/new'))).status).toBe(201)
    expect(await one.says('/new')).toBe('/new')
  })

  test('written again as it was, a resource takes the place of what was refused there', async () => {
    const one = await member(etcd)
    await one.admin('PUT', '/apisix/admin/routes/r', route('/r', 'good'))
    await etcd.put('/apisix/routes/r', 'nonsense')
    await eventually('it is refused', () => one.logged().includes('is not JSON'))
    await etcd.put('/apisix/routes/after', route('/after'))
    await said(one, '/after', '/after')
    expect((await one.admin('PUT', '/apisix/admin/routes/r', route('/r', 'good'))).status).toBe(200)
    expect(JSON.parse((await etcd.get('/apisix/routes/r')) ?? '')).toMatchObject(route('/r', 'good'))
  })

  test('what is deleted while others refer to it goes on serving until they do not', async () => {
    const one = await member(etcd)
    await etcd.put('/apisix/services/s', { plugins: { say: { text: 'by the service' } } })
    await etcd.put('/apisix/routes/r', { uri: '/r', service_id: 's' })
    await said(one, '/r', 'by the service')
    await etcd.delete('/apisix/services/s')
    await etcd.put('/apisix/routes/after', route('/after'))
    await said(one, '/after', '/after')
    expect(await one.says('/r')).toBe('by the service')
    expect(one.logged()).toMatch(/cannot be taken away.*/)
    expect(one.logged()).toContain('/apisix/services/s')
    await etcd.put('/apisix/routes/r', route('/r', 'by itself'))
    await said(one, '/r', 'by itself')
    expect((await one.admin('GET', '/apisix/admin/services/s')).status).toBe(404)
  })

  test('a gateway that starts leaves out what is bad, and serves the rest', async () => {
    for (let index = 0; index < 50; index++) await etcd.put(`/apisix/routes/r${index}`, index % 10 === 3 ? '[]' : route(`/r${index}`))
    await etcd.put('/apisix/routes/fails', { uri: '/fails', plugins: { say: { text: 'x', fails: true } } })
    const { says, gateway, logged } = await member(etcd)
    expect(gateway.routes).toHaveLength(45)
    expect(await says('/r49')).toBe('/r49')
    expect(logged().split('\n').filter((line) => line.startsWith('a value in etcd is refused'))).toHaveLength(6)
  })
})

describe.skipIf(!hasEtcd)(`without etcd${etcdNeeded}`, () => {
  test.for(['stopped', 'killed'] as const)('no request fails while it is %s, no change is taken, and all catch up after', async (how) => {
    const etcd = await startEtcd()
    const [a, b] = [await member(etcd), await member(etcd)]
    await a.admin('PUT', '/apisix/admin/routes/r', route('/r', 'before'))
    await said(b, '/r', 'before')
    const traffic = keepAsking([a, b], '/r')
    if (how === 'stopped') etcd.signal('SIGSTOP')
    else await etcd.kill()
    await Promise.all([a, b].map((one) => eventually('it knows that etcd is away', async () => (await one.readiness()).configuration === 'last-good')))
    expect((await a.readiness()).status).toBe(200)
    await sleep(awayMs)
    const refused = await a.admin('PUT', '/apisix/admin/routes/r', route('/r', 'meanwhile'))
    expect(refused).toMatchObject({ status: 503, body: { error_msg: expect.stringContaining('etcd cannot be reached') as string } })
    expect((await a.admin('GET', '/apisix/admin/routes/r')).status).toBe(200)
    if (how === 'stopped') etcd.signal('SIGCONT')
    else {
      await etcd.restart()
      // What they would watch on from is forgotten.
      await etcd.put('/apisix/routes/gone', route('/gone'))
      await etcd.put('/apisix/routes/new', route('/new'))
      await etcd.delete('/apisix/routes/gone')
      await etcd.compact()
    }
    await eventually('a change is taken again', async () => (await a.admin('PUT', '/apisix/admin/routes/r', route('/r', 'after'))).status === 200)
    await said(b, '/r', 'after')
    await said(a, '/r', 'after')
    // A gateway serves its own change at once, and what others have changed meanwhile as soon as it has read it.
    const isThere = how === 'killed' ? '/new' : 404
    await Promise.all([a, b].flatMap((one) => [said(one, '/new', isThere), said(one, '/gone', 404)]))
    expect(await traffic.end()).toEqual({ failed: [], isEnough: true })
    expect(a.logged()).toContain('etcd is reached again')
  })

  test('what was compacted away between two watches, and a restart of etcd, is found by reading anew', async () => {
    const etcd = await startEtcd()
    const way = await cuttable(etcd.endpoint)
    const one = await member(way)
    await etcd.put('/apisix/routes/old', route('/old'))
    await said(one, '/old', '/old')
    way.cut()
    await eventually('it knows', async () => (await one.readiness()).configuration === 'last-good')
    await etcd.delete('/apisix/routes/old')
    await etcd.put('/apisix/routes/new', route('/new'))
    await etcd.restart()
    for (let index = 0; index < 20; index++) await etcd.put('/apisix/routes/new', route('/new', String(index)))
    await etcd.compact()
    way.mend()
    await said(one, '/new', '19')
    expect(await one.says('/old')).toBe(404)
    await eventually('it is in touch', async () => (await one.readiness()).configuration === 'etcd')
  })

  test('a gateway starts from the last good configuration, which is for its owner alone, and catches up', async () => {
    const etcd = await startEtcd()
    const cache = join(await temporaryFolder(), 'last-good')
    const first = await member(etcd, { cache })
    await first.admin('PUT', '/apisix/admin/routes/r', route('/r', 'before'))
    await first.gateway.close()
    expect((await stat(cache)).mode & 0o777).toBe(0o600)
    await etcd.kill()
    const second = await member(etcd, { cache })
    expect(await second.says('/r')).toBe('before')
    expect(await second.readiness()).toMatchObject({ status: 200, configuration: 'last-good' })
    expect((await second.admin('DELETE', '/apisix/admin/routes/r')).status).toBe(503)
    await etcd.restart()
    await etcd.put('/apisix/routes/r', route('/r', 'after'))
    await said(second, '/r', 'after')
    await eventually('it is in touch', async () => (await second.readiness()).configuration === 'etcd')
  })

  test('a value that has gone bad meanwhile goes on serving as it was, also after a restart', async () => {
    const etcd = await startEtcd()
    const cache = join(await temporaryFolder(), 'last-good')
    const first = await member(etcd, { cache })
    await first.admin('PUT', '/apisix/admin/routes/r', route('/r', 'good'))
    await etcd.put('/apisix/routes/r', 'nonsense')
    await eventually('it is refused', () => first.logged().includes('is not JSON'))
    await first.gateway.close()
    const second = await member(etcd, { cache })
    expect(await second.says('/r')).toBe('good')
    expect(second.logged()).toContain('is not JSON')
  })

  test('a last good configuration that is torn, or of another version, is not used', async () => {
    const etcd = await startEtcd()
    const cache = join(await temporaryFolder(), 'last-good')
    const first = await member(etcd, { cache })
    await first.admin('PUT', '/apisix/admin/routes/r', route('/r'))
    await first.gateway.close()
    await etcd.kill()
    const text = await readFile(cache, 'utf8')
    await writeFile(cache, text.slice(0, -20))
    const second = await member(etcd, { cache })
    expect(await second.says('/r')).toBe(503)
    expect(second.logged()).toContain('the last good configuration cannot be read')
  })

  test('a gateway that has neither waits, answers 503, and serves once etcd is there', async () => {
    const etcd = await startEtcd()
    await etcd.put('/apisix/routes/r', route('/r'))
    await etcd.kill()
    const one = await member(etcd, { cache: false })
    expect(await one.says('/r')).toBe(503)
    expect(await one.readiness()).toMatchObject({ status: 503, configuration: 'none' })
    expect((await one.admin('GET', '/apisix/admin/routes')).status).toBe(503)
    expect((await one.admin('PUT', '/apisix/admin/routes/x', route('/x'))).status).toBe(503)
    expect(one.logged()).toContain('nothing was ever read of it')
    await etcd.restart()
    await said(one, '/r', '/r')
    expect((await one.readiness()).status).toBe(200)
  })

  test('an etcd that was wiped is followed, whatever its revisions', async () => {
    const [etcd, other] = [await startEtcd(), await startEtcd()]
    const cache = join(await temporaryFolder(), 'last-good')
    const first = await member(etcd, { cache })
    for (let index = 0; index < 5; index++) await first.admin('PUT', '/apisix/admin/routes/r', route('/r', `old ${index}`))
    await first.admin('PUT', '/apisix/admin/routes/gone', route('/gone'))
    await first.gateway.close()
    await other.put('/apisix/routes/r', route('/r', 'new'))
    const second = await member(other, { cache })
    expect(await Promise.all([second.says('/r'), second.says('/gone')])).toEqual(['new', 404])
    expect((await second.admin('PUT', '/apisix/admin/routes/r', route('/r', 'newer'))).status).toBe(200)
  })

  test('another member answers where one does not', async () => {
    const etcd = await startEtcd()
    const { admin } = await member(etcd, { endpoints: ['http://127.0.0.1:1', etcd.endpoint] })
    expect((await admin('PUT', '/apisix/admin/routes/r', route('/r'))).status).toBe(201)
  })
})

describe.skipIf(!hasEtcd)(`who may talk to etcd${etcdNeeded}`, () => {
  test('user and password open it; without them nothing is read, and the log says why', async () => {
    const etcd = await startEtcd()
    const grant = { permType: 'READWRITE', key: encoded('/apisix'), range_end: encoded('/apisiy') }
    for (const [path, body] of [
      ['/v3/auth/user/add', { name: 'root', password: 'root-word' }],
      ['/v3/auth/user/grant', { user: 'root', role: 'root' }],
      ['/v3/auth/role/add', { name: 'gateways' }],
      ['/v3/auth/role/grant', { name: 'gateways', perm: grant }],
      ['/v3/auth/user/add', { name: 'sluice', password: 'pass-word' }],
      ['/v3/auth/user/grant', { user: 'sluice', role: 'gateways' }],
      ['/v3/auth/enable', {}],
    ] as const) {
      if (path === '/v3/auth/user/grant' && body.role === 'root') await etcd.call('/v3/auth/role/add', { name: 'root' })
      await etcd.call(path, body)
    }
    const one = await member(etcd, { user: 'sluice', password: 'pass-word' })
    expect((await one.admin('PUT', '/apisix/admin/routes/r', route('/r'))).status).toBe(201)
    const stranger = await member(etcd, { cache: false })
    expect(await stranger.says('/r')).toBe(503)
    expect(stranger.logged()).toContain('user name is empty')
    const guesser = await member(etcd, { cache: false, user: 'sluice', password: 'guess' })
    expect(await guesser.says('/r')).toBe(503)
    expect(guesser.logged()).toContain('authentication failed')
    expect(guesser.logged()).not.toContain('guess"')
  })

  test('TLS with a certificate authority and a certificate of its own', async () => {
    const folder = await temporaryFolder()
    const [server, client] = [selfSigned('etcd.test'), selfSigned('gateway.test')]
    const write = async (name: string, text: string): Promise<string> => (await writeFile(join(folder, name), text), join(folder, name))
    const tls = { cert: await write('server.pem', server.cert), key: await write('server.key', server.key), clientCa: await write('clients.pem', client.cert + server.cert) }
    const etcd = await startEtcd({ tls })
    expect(etcd.endpoint).toMatch(/^https:/)
    const good = { ca: server.cert, cert: client.cert, key: client.key, server_name: 'etcd.test' }
    const one = await member(etcd, { tls: good })
    expect((await one.admin('PUT', '/apisix/admin/routes/r', route('/r'))).status).toBe(201)
    expect(await one.says('/r')).toBe('/r')
    const { cert: _cert, key: _key, ...nameless } = good
    const stranger = await member(etcd, { cache: false, tls: nameless })
    expect(await stranger.says('/r')).toBe(503)
    const deceived = await member(etcd, { cache: false, tls: { ...good, ca: client.cert } })
    expect(await deceived.says('/r')).toBe(503)
    expect(deceived.logged()).toContain('certificate')
  })
})

function encoded(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** Asks for a path again and again, of one after the other, until told to end or the test is over, however it ended. */
function keepAsking(members: readonly Member[], path: string): { end(): Promise<{ failed: unknown[]; isEnough: boolean }> } {
  const failed: unknown[] = []
  let count = 0
  const over = new AbortController()
  onTestFinished(() => over.abort())
  const asking = members.map(async (one) => {
    while (!over.signal.aborted) {
      const answer = await one.says(path).catch((error: unknown) => error)
      if (typeof answer !== 'string') failed.push(answer)
      count += 1
      await new Promise((resolve) => setImmediate(resolve))
    }
  })
  return {
    async end() {
      over.abort()
      await Promise.all(asking)
      return { failed, isEnough: count > 100 }
    },
  }
}
