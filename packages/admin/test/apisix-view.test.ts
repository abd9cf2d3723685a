import { expect, test } from 'vitest'
import { adminKey, startAdmin } from './support/admin-world.ts'

const hello = { uri: '/hello', upstream: { nodes: { '127.0.0.1:80': 1 } } }

test('answers 201 with key and value to a new resource, 200 to one that was there', async () => {
  const { ask } = await startAdmin()
  const first = await ask('PUT', '/apisix/admin/routes/1', hello)
  expect(first).toMatchObject({ status: 201, body: { key: '/apisix/routes/1', value: { id: '1', ...hello } } })
  expect(Object.keys(first.body).toSorted()).toEqual(['key', 'value'])
  expect(first.body.value.create_time).toBeCloseTo(Date.now() / 1_000, -2)
  expect(first.headers.get('x-api-version')).toBe('v3')
  expect(first.headers.get('server')).toBe('Sluice/1.2.3')
  const second = await ask('PUT', '/apisix/admin/routes/1', { ...hello, desc: 'greets' })
  expect(second).toMatchObject({ status: 200, body: { value: { desc: 'greets' } } })
})

test('shows one resource with its indexes, and nothing that was not written but id and times', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', '/apisix/admin/routes/1', hello)
  const { body } = await ask('GET', '/apisix/admin/routes/1')
  expect(Object.keys(body).toSorted()).toEqual(['createdIndex', 'key', 'modifiedIndex', 'value'])
  const { create_time: created, update_time: updated, ...rest } = body.value
  expect(rest).toEqual({ id: '1', ...hello })
  expect(updated).toBe(created)
})

test('lists in the order of keys, and in that of creation by pages', async () => {
  const { ask } = await startAdmin()
  for (const id of ['c', 'a', 'b']) await ask('PUT', `/apisix/admin/routes/${id}`, hello)
  const all = await ask('GET', '/apisix/admin/routes')
  expect(all.body.total).toBe(3)
  expect(all.body.list.map(({ key }: { key: string }) => key)).toEqual(['/apisix/routes/a', '/apisix/routes/b', '/apisix/routes/c'])
  const page = await ask('GET', '/apisix/admin/routes?page=1&page_size=10')
  expect(page.body.list.map(({ value }: { value: { id: string } }) => value.id)).toEqual(['c', 'a', 'b'])
  expect(await ask('GET', '/apisix/admin/routes?page=2&page_size=10')).toMatchObject({ body: { total: 3, list: [] } })
  expect(await ask('GET', '/apisix/admin/routes?page=1&page_size=5')).toMatchObject({ status: 400, body: { error_msg: 'page_size must be between 10 and 500' } })
  expect((await ask('GET', '/apisix/admin/routes?page=1')).body.list).toHaveLength(3)
})

test('filters by name, label, uri and service', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', '/apisix/admin/services/s', { name: 'service', upstream: hello.upstream })
  await ask('PUT', '/apisix/admin/routes/1', { name: 'one', uri: '/a/*', labels: { team: 'red' }, service_id: 's' })
  await ask('PUT', '/apisix/admin/routes/2', { name: 'two', uris: ['/b', '/c'], upstream: hello.upstream })
  const ids = async (query: string): Promise<string[]> => (await ask('GET', `/apisix/admin/routes?${query}`)).body.list.map(({ value }: { value: { id: string } }) => value.id)
  expect(await ids('name=^o')).toEqual(['1'])
  expect(await ids('label=team')).toEqual(['1'])
  expect(await ids('label=constructor')).toEqual([])
  expect(await ids('uri=%2Fc%24')).toEqual(['2'])
  expect(await ids('filter=service_id%3Ds')).toEqual(['1'])
  expect(await ask('GET', '/apisix/admin/routes?name=(')).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('name: invalid pattern') } })
})

test('makes an id for a POST, and takes none', async () => {
  const { ask } = await startAdmin()
  const made = await ask('POST', '/apisix/admin/routes', hello)
  expect(made).toMatchObject({ status: 201, body: { key: expect.stringMatching(/^\/apisix\/routes\/\d{20}$/) } })
  const again = await ask('POST', '/apisix/admin/routes', hello)
  expect(again.body.key > made.body.key).toBe(true)
  expect(await ask('POST', '/apisix/admin/routes', { id: '7', ...hello })).toMatchObject({ status: 400, body: { error_msg: 'wrong route id, do not need it' } })
  expect(await ask('GET', '/apisix/admin/routes')).toMatchObject({ body: { total: 2 } })
})

test('deletes, and then knows nothing of it', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', '/apisix/admin/routes/1', hello)
  expect(await ask('DELETE', '/apisix/admin/routes/1')).toMatchObject({ status: 200, body: { deleted: '1', key: '/apisix/routes/1' } })
  for (const method of ['GET', 'DELETE', 'PATCH']) {
    const body = method === 'PATCH' ? {} : undefined
    expect(await ask(method, '/apisix/admin/routes/1', body)).toMatchObject({ status: 404, body: { message: 'Key not found', error_msg: 'Key not found' } })
  }
})

test('keeps what others refer to, unless it is forced', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', '/apisix/admin/upstreams/u', hello.upstream)
  await ask('PUT', '/apisix/admin/services/s', { upstream_id: 'u' })
  await ask('PUT', '/apisix/admin/plugin_configs/p', { plugins: {} })
  await ask('PUT', '/apisix/admin/consumer_groups/g', { plugins: {} })
  await ask('PUT', '/apisix/admin/consumers/bob', { username: 'bob', group_id: 'g' })
  await ask('PUT', '/apisix/admin/routes/1', { uri: '/x', service_id: 's', plugin_config_id: 'p' })
  const refusal = async (path: string): Promise<unknown> => (await ask('DELETE', `/apisix/admin/${path}`)).body.error_msg
  expect(await refusal('services/s')).toBe('can not delete this service directly, route [1] is still using it now')
  expect(await refusal('upstreams/u')).toBe('can not delete this upstream, service [s] is still using it now')
  expect(await refusal('plugin_configs/p')).toBe('can not delete this plugin config, route [1] is still using it now')
  expect(await refusal('consumer_groups/g')).toBe('can not delete this consumer group, consumer [bob] is still using it now')
  expect(await refusal('services/s?force=1')).toContain('still using it now')
  expect(await ask('DELETE', '/apisix/admin/services/s?force=true')).toMatchObject({ status: 200, body: { deleted: '1' } })
})

test('says what is wrong with a resource, in the words that users know', async () => {
  const { ask } = await startAdmin()
  const refusal = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await ask('PUT', `/apisix/admin/${path}`, body)
    expect(answer.status).toBe(400)
    return answer.body.error_msg
  }
  expect(await refusal('routes/1', { ...hello, uri: 1, priority: 'high' })).toBe('invalid configuration: uri: must be string; priority: must be integer')
  expect(await refusal('routes/1', { ...hello, urii: '/x' })).toBe('invalid configuration: urii: is not a known field; did you mean uri?')
  expect(await refusal('routes/1', { uri: '/x', plugins: { nothing: {} } })).toBe('unknown plugin [nothing]')
  expect(await refusal('routes/1', { uri: '/x', plugins: { 'limit-count': {} } })).toBe('plugin limit-count is not supported yet')
  expect(await refusal('routes/1', { uri: '/x', plugins: { 'ai-proxy': { provider: 'foo', auth: {} } } })).toMatch(/^failed to check the configuration of plugin ai-proxy err: provider: must be one of /)
  expect(await refusal('routes/1', { uri: '/x', service_id: 9 })).toBe('failed to fetch service info by service id [9], response code: 404')
  expect(await refusal('routes/1', { uri: '/x', upstream_id: 'u', plugin_config_id: 'p' })).toBe(
    'failed to fetch plugin config info by plugin config id [p], response code: 404; failed to fetch upstream info by upstream id [u], response code: 404',
  )
  expect(await refusal('routes/1', { id: '2', ...hello })).toBe('wrong route id')
  expect(await refusal('consumers/bob', { username: 'eve' })).toBe('wrong username')
  expect(await refusal('routes/1', { ...hello, host: 'a', hosts: ['b'] })).toBe('invalid configuration: only one of host or hosts is allowed')
  expect(await refusal('routes/1', { ...hello, create_time: 1 })).toBe('the property is forbidden:  create_time')
  expect(await refusal('routes/1', { ...hello, vars: ['arg_a', '==', 'b'] })).toContain("failed to validate the 'vars' expression")
  expect(await refusal('routes', hello)).toBe('missing route id')
  expect(await refusal('routes/1', undefined)).toBe('missing configurations')
  expect(await refusal('routes/1', '{"uri": ')).toMatch(/^invalid request body: line 1, column /)
  expect(await refusal('routes/1', '{"uri": "/a", "uri": "/b"}')).toContain('the key "uri" is written twice')
  expect(await refusal('routes/1', 'uri: /a')).toBe('invalid request body: is not JSON')
  expect(await refusal('routes/1', '{"__proto__": {"uri": "/x"}}')).toBe('invalid request body: a member must not be called __proto__')
  expect(await refusal('routes/1', `{"labels": ${'['.repeat(1_000)}${']'.repeat(1_000)}}`)).toContain('nested')
  expect(await refusal('routes/1', [])).toBe('invalid configuration: must be an object')
  expect(await refusal('routes/a%2Fb', hello)).toBe("invalid configuration: id: must be of letters, digits, '.', '_' and '-'")
  expect(await ask('DELETE', '/apisix/admin/routes')).toMatchObject({ status: 400, body: { error_msg: 'missing route id' } })
  expect(await ask('GET', '/apisix/admin/routes')).toMatchObject({ body: { total: 0, list: [] } })
})

test('offers each resource the methods that APISIX offers', async () => {
  const { ask } = await startAdmin()
  const answer = await ask('POST', '/apisix/admin/consumers', { username: 'bob' })
  expect(answer).toMatchObject({ status: 405, body: { error_msg: 'not supported `POST` method for consumer' } })
  expect(answer.headers.get('allow')).toBe('OPTIONS, GET, PUT, PATCH, DELETE')
  expect(await ask('PATCH', '/apisix/admin/protos/1', {})).toMatchObject({ status: 405 })
  expect(await ask('GET', '/apisix/admin/nothing')).toMatchObject({ status: 404, body: { error_msg: 'Unsupported resource type: nothing' } })
  expect(await ask('GET', '/elsewhere')).toMatchObject({ status: 404 })
})

test('writes consumers under their names, also without an id in the path, and their credentials below them', async () => {
  const { ask } = await startAdmin()
  expect(await ask('PUT', '/apisix/admin/consumers', { username: 'bob' })).toMatchObject({ status: 201, body: { key: '/apisix/consumers/bob', value: { username: 'bob' } } })
  expect((await ask('GET', '/apisix/admin/consumers/bob')).body.value).not.toHaveProperty('id')
  expect(await ask('GET', '/apisix/admin/consumers/bob/credentials')).toMatchObject({ status: 404, body: { message: 'Key not found' } })
  expect(await ask('PUT', '/apisix/admin/consumers/eve/credentials/k', { plugins: {} })).toMatchObject({ status: 404, body: { error_msg: 'consumer not found' } })
  const made = await ask('PUT', '/apisix/admin/consumers/bob/credentials/k', { plugins: { 'key-auth': { key: 'sesame' } } })
  expect(made).toMatchObject({ status: 201, body: { key: '/apisix/consumers/bob/credentials/k', value: { id: 'k' } } })
  expect(await ask('GET', '/apisix/admin/consumers/bob/credentials')).toMatchObject({ body: { total: 1, list: [{ value: { id: 'k', plugins: { 'key-auth': { key: '********' } } } }] } })
  expect(await ask('DELETE', '/apisix/admin/consumers/bob')).toMatchObject({ status: 200 })
})

test('says that a credential went with its consumer, where ADC deletes it behind it', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', '/apisix/admin/consumers/bob', { username: 'bob' })
  await ask('PUT', '/apisix/admin/consumers/bob/credentials/k', { plugins: {} })
  await ask('DELETE', '/apisix/admin/consumers/bob')
  expect(await ask('DELETE', '/apisix/admin/consumers/bob/credentials/k')).toMatchObject({ status: 200, body: { deleted: '0' } })
  await ask('PUT', '/apisix/admin/consumers/bob', { username: 'bob' })
  expect(await ask('DELETE', '/apisix/admin/consumers/bob/credentials/k')).toMatchObject({ status: 404 })
})

test('keeps an upstream of nothing out of sight, and lets services refer to it', async () => {
  const { ask } = await startAdmin()
  expect(await ask('PUT', '/apisix/admin/upstreams/s', undefined, { 'content-type': 'application/json' })).toMatchObject({ status: 201, body: { key: '/apisix/upstreams/s', value: { id: 's' } } })
  expect(await ask('PUT', '/apisix/admin/services/s', { upstream_id: 's' })).toMatchObject({ status: 201 })
  expect(await ask('GET', '/apisix/admin/upstreams')).toMatchObject({ status: 200, body: { total: 0, list: [] } })
  await ask('DELETE', '/apisix/admin/services/s')
  expect(await ask('DELETE', '/apisix/admin/upstreams/s')).toMatchObject({ status: 200, body: { deleted: '1' } })
})

test('shows metadata under the name of its plugin, and secrets under their managers', async () => {
  const { ask } = await startAdmin()
  expect(await ask('PUT', '/apisix/admin/plugin_metadata/key-auth', { realm: 'here' })).toMatchObject({ status: 201 })
  const { body } = await ask('GET', '/apisix/admin/plugin_metadata')
  expect(body).toMatchObject({ total: 1, list: [{ key: '/apisix/plugin_metadata/key-auth', value: { id: 'key-auth', realm: 'here' } }] })
  expect(Object.keys(body.list[0].value)).toEqual(['realm', 'id'])
  expect(await ask('PUT', '/apisix/admin/secrets/vault/1', { uri: 'http://127.0.0.1:8200', prefix: 'kv', token: 'root' })).toMatchObject({ status: 201, body: { key: '/apisix/secrets/vault/1', value: { id: 'vault/1', token: '********' } } })
  expect(await ask('PUT', '/apisix/admin/secrets/nowhere/1', { uri: 'http://127.0.0.1:8200' })).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('the manager being vault, aws or gcp') } })
  expect(await ask('DELETE', '/apisix/admin/secrets/vault/1')).toMatchObject({ status: 200 })
})

test('forgets what has a ttl when it is over', async () => {
  const { ask } = await startAdmin()
  expect(await ask('PUT', '/apisix/admin/routes/1?ttl=soon', hello)).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('ttl must be a number') } })
  expect(await ask('PUT', '/apisix/admin/routes/1?ttl=1', hello)).toMatchObject({ status: 201 })
  await expect.poll(async () => (await ask('GET', '/apisix/admin/routes/1')).status, { timeout: 10_000 }).toBe(404)
})

test('takes the key from header, query or cookie, and no other key', async () => {
  const { url } = await startAdmin()
  const status = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number> => (await fetch(`${url}${path}`, { method, headers })).status
  expect(await status('/apisix/admin/routes', { 'x-api-key': adminKey })).toBe(200)
  expect(await status(`/apisix/admin/routes?api_key=${adminKey}`)).toBe(200)
  expect(await status('/apisix/admin/routes', { cookie: `x_api_key=${adminKey}` })).toBe(200)
  expect(await (await fetch(`${url}/apisix/admin/routes`)).json()).toEqual({ error_msg: 'failed to check token', description: 'missing apikey' })
  expect(await (await fetch(`${url}/apisix/admin/routes`, { headers: { 'x-api-key': 'other' } })).json()).toEqual({ error_msg: 'failed to check token', description: 'wrong apikey' })
  expect(await status('/nothing/here')).toBe(401)
  expect(await status('/apisix/admin', {}, 'HEAD')).toBe(200)
})
