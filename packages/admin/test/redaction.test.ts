import { expect, test } from 'vitest'
import { startAdmin } from './support/admin-world.ts'

const ai = (authorization: string, options = { model: 'a' }): object => ({ uri: '/v1/chat/completions', plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: authorization } }, options } } })

test('a secret is shown in no answer, and what names one is', async () => {
  const { ask } = await startAdmin({ env: (name) => (name === 'KEY' ? 'Bearer from-env' : undefined) })
  const answers = [
    await ask('PUT', '/apisix/admin/routes/1', ai('Bearer sk-1')),
    await ask('PATCH', '/apisix/admin/routes/1', { desc: 'x' }),
    await ask('GET', '/apisix/admin/routes/1'),
    await ask('GET', '/apisix/admin/routes'),
    await ask('GET', '/apisix/admin/routes?gateway_group_id=default'),
    await ask('PUT', '/apisix/admin/routes/1', { ...ai('Bearer sk-1'), uri: 7 }),
  ]
  for (const { body } of answers) expect(JSON.stringify(body)).not.toContain('sk-1')
  expect(answers[2]?.body.value.plugins['ai-proxy'].auth.header.Authorization).toBe('********')
  await ask('PUT', '/apisix/admin/routes/2', ai('$env://KEY'))
  expect((await ask('GET', '/apisix/admin/routes/2')).body.value.plugins['ai-proxy'].auth.header.Authorization).toBe('$env://KEY')
})

test('what is written back as it was shown keeps what is stored', async () => {
  const { ask, store } = await startAdmin()
  await ask('PUT', '/apisix/admin/routes/1', ai('Bearer sk-1'))
  const before = store.state('default')
  expect(await ask('PUT', '/apisix/admin/routes/1', ai('********'))).toMatchObject({ status: 200 })
  expect(store.state('default')).toBe(before)
  await ask('PUT', '/apisix/admin/routes/1', ai('********', { model: 'b' }))
  expect(store.state('default')?.get('routes', '1')?.value).toEqual({ id: '1', ...ai('Bearer sk-1', { model: 'b' }) })
})

test('a redacted value that stands for nothing is refused with its path', async () => {
  const { ask } = await startAdmin()
  const answer = await ask('PUT', '/apisix/admin/routes/1', ai('********'))
  expect(answer).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('plugins.ai-proxy.auth.header.Authorization: is ********') } })
})

test('in a list a secret stays with the name that it belongs to', async () => {
  const { ask, store } = await startAdmin()
  await ask('PUT', '/apisix/admin/plugin_configs/p', { plugins: { relay: { to: [{ name: 'a', token: 'ta' }, { name: 'b', token: 'tb' }] } } })
  await ask('PUT', '/apisix/admin/plugin_configs/p', { plugins: { relay: { to: [{ name: 'b', token: '********' }] } } })
  expect(store.state('default')?.get('plugin_configs', 'p')?.value).toMatchObject({ plugins: { relay: { to: [{ name: 'b', token: 'tb' }] } } })
  expect(await ask('PUT', '/apisix/admin/plugin_configs/p', { plugins: { relay: { to: [{ name: 'c', token: '********' }] } } })).toMatchObject({ status: 400 })
})

test('a private key is not shown at all, and stays while the certificate is the same', async () => {
  const { ask, store } = await startAdmin()
  await ask('PUT', '/apisix/admin/ssls/1', { snis: ['a.test'], cert: 'CERT', key: 'KEY' })
  const { value } = (await ask('GET', '/apisix/admin/ssls/1')).body
  expect(value).not.toHaveProperty('key')
  expect(value.cert).toBe('CERT')
  expect(await ask('PUT', '/apisix/admin/ssls/1', { snis: ['b.test'], cert: 'CERT' })).toMatchObject({ status: 200 })
  expect(store.state('default')?.get('ssls', '1')?.value).toMatchObject({ snis: ['b.test'], key: 'KEY' })
  expect(await ask('PATCH', '/apisix/admin/ssls/1', { snis: ['c.test'] })).toMatchObject({ status: 200 })
  expect(await ask('PUT', '/apisix/admin/ssls/1', { snis: ['b.test'], cert: 'OTHER' })).toMatchObject({ status: 400 })
})

test('secrets of consumers and of metadata are no better known', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', '/apisix/admin/consumers/bob', { username: 'bob', plugins: { 'key-auth': { key: 'sesame' } } })
  await ask('PUT', '/apisix/admin/plugin_metadata/key-auth', { token: 'hidden' })
  expect((await ask('GET', '/apisix/admin/consumers/bob')).body.value.plugins).toEqual({ 'key-auth': { key: '********' } })
  expect((await ask('GET', '/apisix/admin/plugin_metadata/key-auth')).body.value.token).toBe('********')
})

test('what is no secret is shown, of plugins that have some and of those that have none', async () => {
  const { ask } = await startAdmin()
  await ask('PUT', '/apisix/admin/plugin_configs/p', { plugins: { 'key-auth': { header: 'x-key' }, relay: { to: [{ name: 'a', token: 't' }] } } })
  expect((await ask('GET', '/apisix/admin/plugin_configs/p')).body.value.plugins).toEqual({ 'key-auth': { header: 'x-key' }, relay: { to: [{ name: 'a', token: '********' }] } })
})

test('a secret that is wrong is not quoted in what is said about it', async () => {
  const { ask } = await startAdmin({ plugins: [] })
  const auths = [{ header: { Authorization: ['TOPSECRET'] } }, { header: { 'bad name': 'TOPSECRET' } }, { gcp: { service_account_json: 'TOPSECRET' } }, { gcp: { service_account_json: '{"private_key": TOPSECRET' } }, { query: 'TOPSECRET' }]
  for (const auth of auths) {
    const answer = await ask('PUT', '/apisix/admin/routes/1', { uri: '/x', plugins: { 'ai-proxy': { provider: 'openai', auth } } })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).not.toContain('TOPSECRET')
  }
  const malformed = await ask('PUT', '/apisix/admin/routes/1', '{"plugins": {"ai-proxy": {"auth": {"header": {"a": "TOPSECRET" "b": TOPSECRET}}}}}')
  expect(JSON.stringify(malformed.body)).not.toContain('TOPSECRET')
})
