import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { examplesOf } from '@sluice/cli'
import { createCli } from '@sluice/gateway'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { expect, onTestFinished, test } from 'vitest'
import { chat, contentOf } from './support/chat.ts'
import { managedGateway, passingServer, withoutConfigs, type PassingServer } from './support/managed-gateway.ts'
import { commandsIn } from './support/shell-commands.ts'
import { startGateway } from './support/start-gateway.ts'
import { root } from './support/workspace.ts'

async function mockLlm(): Promise<MockLlm> {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  return mock
}

/** A route that answers by itself with what it is called. */
const route = (id: string, more: object = {}): Record<string, unknown> => ({ id, uri: `/${id}`, plugins: {}, ...more })
const secret = (key: string): object => ({ plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: key } } } } })
const file = (resources: object): object => ({ version: '1', ...resources })
const keyed = (key: string): object => file({ routes: [route('a', secret(key))] })
const exclusive = (name: string): object => file({ consumers: [{ username: name, plugins: { 'key-auth': { key: 'sesame' } } }], global_rules: [{ id: name, plugins: { 'request-id': {} } }] })
const longWords = (text: string): object => file({ routes: [route('a', { desc: `${'x'.repeat(100)}${text}${'y'.repeat(100)}` })] })

test('the file of the seed is synced into the group default, and a chat is answered; the second time nothing changes', async () => {
  const mock = await mockLlm()
  const { gateway, file: write, sluice, url } = await managedGateway()
  // As it stands there, but for the provider, which is to be one on this machine.
  const config = await write(
    'config.yaml',
    `version: "1"
routes:
  - id: openai-chat
    uri: /v1/chat/completions
    methods:
      - POST
    plugins:
      ai-proxy:
        provider: openai
        auth:
          header:
            Authorization: Bearer sk-your-openai-key
        options:
          model: gpt-4
          max_tokens: 1024
          temperature: 0.7
        override: { endpoint: http://127.0.0.1:${mock.port} }
`,
  )
  const command = ['config', 'sync', '-f', config, '--gateway-group', 'default']
  expect(await sluice(command)).toEqual({ code: 0, stdout: '+ route openai-chat\n\n1 to create\n', stderr: 'Done, all in one step: 1 created.\n' })
  expect(contentOf(await chat(url))).toContain('What is 1+1?')
  expect(mock.requests.at(-1)?.headers['authorization']).toBe('Bearer sk-your-openai-key')

  const { snapshot } = gateway
  expect(await sluice(command)).toEqual({
    code: 0,
    stdout: 'Nothing to change; 1 the same but for secrets that cannot be compared\n',
    stderr: 'Secrets that cannot be compared were sent for 1 resource: all were what the server has.\n',
  })
  expect(gateway.snapshot).toBe(snapshot)
})

test('examples/config-sync.yaml serves once it is synced, by its expressions too', async () => {
  const mock = await mockLlm()
  const { sync, url } = await managedGateway()
  const text = (await readFile(join(root, 'examples/config-sync.yaml'), 'utf8')).replaceAll('127.0.0.1:9100', `127.0.0.1:${mock.port}`)
  expect(await sync(text, '-g', 'default')).toMatchObject({ code: 0, stdout: '+ service mock\n+ route large\n+ route small\n\n3 to create\n' })
  const systemOf = (): unknown => (JSON.parse(mock.requests.at(-1)?.body.toString() ?? '') as { messages: { role: string }[] }).messages[0]?.role
  expect(await chat(url)).toMatchObject({ status: 200 })
  expect(systemOf()).toBe('system')
  await chat(url, { body: { model: 'other' } })
  expect(systemOf()).toBe('user')
})

test('what differs is told field by field, what is not in the file is deleted, and all of it happens in one step', async () => {
  const { sync, sluice, file: write, admin } = await managedGateway()
  await sync(file({ services: [{ id: 's', plugins: {} }], routes: [route('a', { service_id: 's', methods: ['GET'], labels: { team: 'x' } }), route('b'), route('same')] }))
  const next = file({
    services: [{ id: 't', name: 'new', plugins: { 'request-id': {} } }],
    routes: [route('a', { service_id: 't', methods: ['GET', 'POST'], vars: [['arg_a', '==', '1']], priority: 5 }), route('same')],
  })
  const path = await write('next.yaml', next)
  const told = `+ service t
    name: "new"
    plugins.request-id: {}
- service s
~ route a
  ~ service_id: "s" → "t"
  ~ methods: ["GET"] → ["GET","POST"]
  + vars: [["arg_a","==","1"]]
  + priority: 5
  - labels: {"team":"x"}
- route b

1 to create, 1 to update, 2 to delete; 1 the same
`
  expect(await sluice(['config', 'diff', '-f', path])).toEqual({ code: 2, stdout: told, stderr: '' })
  expect(await sluice(['config', 'sync', '-f', path, '--dry-run'])).toEqual({ code: 2, stdout: told, stderr: '' })
  expect(await sluice(['config', 'sync', '-f', path])).toMatchObject({ code: 0, stderr: 'Done, all in one step: 1 created, 1 updated, 2 deleted.\n' })
  expect(await sluice(['config', 'diff', '-f', path])).toEqual({ code: 0, stdout: 'Nothing to change; 3 the same\n', stderr: '' })
  expect(await admin('GET', '/routes/a')).toMatchObject({ value: { vars: [['arg_a', '==', '1']], priority: 5, methods: ['GET', 'POST'] } })
})

test('differences are in colour on a terminal, and in none where NO_COLOR says so', async () => {
  const { sync, sluice, file: write } = await managedGateway()
  await sync(file({ routes: [route('a'), route('b')] }))
  const path = await write('next.yaml', file({ routes: [route('a', { priority: 1 }), route('c')] }))
  const shown = await sluice(['config', 'sync', '--dry-run', '-f', path], { columns: 80 })
  expect(shown.stdout.split('\n').slice(0, 4)).toEqual([
    '\u001B[33m~ route a\u001B[39m',
    '\u001B[32m  + priority: 1\u001B[39m',
    '\u001B[32m+ route c\u001B[39m',
    '\u001B[32m    uri: "/c"\u001B[39m',
  ])
  expect(shown.stdout).toContain('\u001B[31m- route b\u001B[39m')
  expect((await sluice(['config', 'diff', '-f', path], { columns: 80, env: { NO_COLOR: '1' } })).stdout).toMatch(/^~ route a\n {2}\+ priority: 1\n/)
})

test('long values are told by the place where they part', async () => {
  const { sync } = await managedGateway()
  await sync(longWords('one'))
  const { stdout } = await sync(longWords('two'), '--dry-run')
  expect(stdout.split('\n')[1]).toBe(`  ~ desc: …${'x'.repeat(20)}one${'y'.repeat(97)}… → …${'x'.repeat(20)}two${'y'.repeat(97)}…`)
})

test('a plan is there for programs, too', async () => {
  const { sync } = await managedGateway()
  await sync(file({ routes: [route('a', secret('Bearer sk-1')), route('b')] }))
  const { stdout, code } = await sync(file({ routes: [route('a', { ...secret('Bearer sk-2'), priority: 1 }), route('c', secret('Bearer sk-3'))] }), '--dry-run', '-o', 'json')
  expect(code).toBe(2)
  expect(JSON.parse(stdout)).toEqual({
    changes: [
      { action: 'update', kind: 'routes', id: 'a', fields: [{ path: 'priority', after: 1 }] },
      { action: 'create', kind: 'routes', id: 'c', value: { uri: '/c', ...secret('********') } },
      { action: 'delete', kind: 'routes', id: 'b' },
    ],
    secrets_not_compared: [],
    same: 0,
    kept: 0,
    left_out: 0,
  })
})

test.for(['--no-delete', '--delete=false'])('with %s what is not in the file stays, and is counted', async (flag) => {
  const { sync, admin } = await managedGateway()
  await sync(file({ routes: [route('a'), route('b')] }))
  expect(await sync(file({ routes: [route('c')] }), flag)).toMatchObject({ code: 0, stdout: '+ route c\n\n1 to create; 2 not in the files, and left there\n' })
  expect(await admin('GET', '/routes')).toMatchObject({ total: 3 })
})

test('kinds and labels say what is taken into account; the rest is neither written nor deleted', async () => {
  const { sync, admin } = await managedGateway()
  const mine = { labels: { team: 'search' } }
  await sync(file({ services: [{ id: 's', plugins: {} }], consumers: [{ username: 'bob' }], routes: [route('old', mine), route('others'), route('moved', mine)] }))
  const next = file({ services: [{ id: 't', plugins: {} }], routes: [route('new', mine), route('not-mine'), route('moved')] })
  expect(await sync(next, '--include', 'service')).toMatchObject({ code: 0, stdout: '+ service t\n- service s\n\n1 to create, 1 to delete; 6 not taken into account\n' })
  expect(await sync(next, '--exclude', 'consumers,services', '--label', 'team=search')).toMatchObject({
    code: 0,
    stdout: '+ route new\n~ route moved\n  - labels: {"team":"search"}\n- route old\n\n1 to create, 1 to update, 1 to delete; 4 not taken into account\n',
  })
  expect(await admin('GET', '/routes')).toMatchObject({ total: 3, list: [{ value: { id: 'moved' } }, { value: { id: 'new' } }, { value: { id: 'others' } }] })
  expect(await admin('GET', '/consumers')).toMatchObject({ total: 1 })
  expect(await sync(next, '--include', 'routs')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^sluice: --include: "routs" is no kind of resources; did you mean routes\?\n {2}There are plugin_metadata, /) as string })
})

test('what belongs to something comes and goes with its label', async () => {
  const { sync, admin, sluice } = await managedGateway()
  const labels = { team: 'x' }
  const credential = { id: 'bob/credentials/k', plugins: { 'key-auth': { key: '$env://KEY' } } }
  await sync(file({ consumers: [{ username: 'ann' }] }))
  expect(await sync(file({ consumers: [{ username: 'bob', labels }, credential] }), '--label', 'team')).toMatchObject({ stdout: '+ consumer bob\n+ credential bob/k\n\n2 to create; 1 not taken into account\n', code: 1, stderr: expect.stringContaining('environment variable KEY is not set') as string })
  const known = { ...credential, plugins: { 'key-auth': { key: 'sesame' } } }
  expect(await sync(file({ consumers: [{ username: 'bob', labels }, known] }), '--label', 'team')).toMatchObject({ code: 0 })
  expect(JSON.parse((await sluice(['config', 'dump', '--label', 'team=x', '-o', 'json'])).stdout)).toMatchObject({ consumers: [{ username: 'bob' }, { id: 'bob/credentials/k' }] })
  expect(await sync(file({}), '--label', 'team')).toMatchObject({ code: 0, stdout: '- consumer bob\n- credential bob/k\n\n2 to delete; 1 not taken into account\n' })
  expect(await admin('GET', '/consumers')).toMatchObject({ total: 1 })
})

test('what the gateway refuses is told by the lines of the file, and nothing of the rest is written', async () => {
  const { sluice, file: write, admin, gateway } = await managedGateway()
  const { snapshot } = gateway
  const path = await write(
    'config.yaml',
    `version: "1"
consumers:
  - username: bob
  - id: bob/credentials/key
    plugins:
      key-auth: { kye: a }
routes:
  - { id: good, uri: /good, plugins: {} }
  - id: bad
    uri: /bad
    service_id: nowhere
    plugins:
      ai-proxy:
        provider: opnai
        auth: {}
`,
  )
  const { code, stderr } = await sluice(['config', 'sync', '-f', path, '-g', 'default'])
  expect(code).toBe(1)
  const lines = stderr.replaceAll(path, 'config.yaml').trimEnd().split('\n')
  expect(lines.at(-1)).toBe('Nothing is written: the server takes all of it or nothing.')
  expect(lines.slice(0, -1)).toEqual([
    'config.yaml:6:7 consumers[1].plugins.key-auth.key: is required',
    'config.yaml:6:19 consumers[1].plugins.key-auth.kye: is not a known field; did you mean key?',
    'config.yaml:11:5 routes[1].service_id: refers to service [nowhere], which does not exist',
    expect.stringMatching(/^config\.yaml:14:9 routes\[1\]\.plugins\.ai-proxy\.provider: must be one of openai, /),
  ])
  expect(gateway.snapshot).toBe(snapshot)
  expect(await admin('GET', '/routes')).toMatchObject({ total: 0 })
})

test('what somebody else changes after the plan was made is not written over', async () => {
  let meddle: (() => Promise<unknown>) | undefined
  const { sync, admin } = await managedGateway({ through: (server) => passingServer(server, async ({ method }) => void (method === 'PUT' && (await meddle?.()))) })
  await sync(file({ routes: [route('a')] }))
  meddle = () => admin('PUT', '/routes/others', { uri: '/others', plugins: {} })
  expect(await sync(file({ routes: [route('a', { priority: 1 })] }))).toMatchObject({ code: 1, stderr: 'sluice: somebody else has changed the configuration meanwhile; nothing is written\n  Run it again: it plans anew.\n' })
  expect(await admin('GET', '/routes')).toMatchObject({ total: 2, list: [{ value: { id: 'a' } }, { value: { id: 'others' } }] })
})

test('a secret that has changed is written although nobody can see it, and it is told whose', async () => {
  const mock = await mockLlm()
  const { sync, url, gateway } = await managedGateway()
  const config = (key: string): object => file({ routes: ['one', 'two'].map((id) => ({ id, uri: `/${id}/v1/chat/completions`, plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: id === 'one' ? key : 'Bearer sk-2' } }, override: { endpoint: `http://127.0.0.1:${mock.port}` } } } })) })
  await sync(config('Bearer sk-old'))
  const first = await sync(config('Bearer sk-new'))
  expect(first).toMatchObject({ code: 0, stderr: 'Secrets that cannot be compared were sent for 2 resources: 1 had others.\n' })
  await chat(url, { path: '/one/v1/chat/completions' })
  expect(mock.requests.at(-1)?.headers['authorization']).toBe('Bearer sk-new')
  const { snapshot } = gateway
  expect(await sync(config('Bearer sk-new'))).toMatchObject({ stderr: 'Secrets that cannot be compared were sent for 2 resources: all were what the server has.\n' })
  expect(gateway.snapshot).toBe(snapshot)
  const all = JSON.stringify(first)
  expect(all).not.toContain('sk-')
})

test('a name in place of a secret is compared, and a secret is never shown', async () => {
  const { sync } = await managedGateway({ env: { KEY: 'Bearer sk-env' } })
  await sync(keyed('$env://KEY'))
  expect(await sync(keyed('$env://KEY'))).toMatchObject({ code: 0, stdout: 'Nothing to change; 1 the same\n', stderr: '' })
  expect((await sync(keyed('Bearer sk-1'))).stdout).toBe('~ route a\n  ~ plugins.ai-proxy.auth.header.Authorization: "$env://KEY" → "********"\n\n1 to update\n')
  expect((await sync(keyed('$env://KEY'))).stdout).toBe('~ route a\n  ~ plugins.ai-proxy.auth.header.Authorization: "********" → "$env://KEY"\n\n1 to update\n')
})

test('what is dumped changes nothing when it is synced, secrets included; elsewhere it is told what is missing', async () => {
  const { sync, sluice, file: write, gateway } = await managedGateway()
  await sync(
    file({
      plugin_metadata: { cors: { allow_origins: { a: 'https://a.test' } } },
      upstreams: [{ id: 'u', nodes: [{ host: '127.0.0.1', port: 80, weight: 1 }] }],
      services: [{ id: 's', upstream_id: 'u' }],
      consumers: [{ username: 'bob', plugins: {} }, { id: 'bob/credentials/k', plugins: { 'key-auth': { key: 'sesame' } } }],
      global_rules: [{ id: 'ids', plugins: { 'request-id': {} } }],
      ssls: [{ id: 'cert', snis: ['a.test'], cert: 'CERT', key: 'KEY' }],
      secrets: [{ id: 'vault/1', uri: 'http://127.0.0.1:8200', prefix: 'kv', token: 'root' }],
      routes: [{ id: 7, uri: '/n', service_id: 's', vars: [['arg_a', '==', '1']] }, route('a', secret('Bearer sk-1'))],
    }),
  )
  const { snapshot } = gateway
  const dumped = await sluice(['config', 'dump', '-g', 'default'])
  expect(dumped).toMatchObject({ code: 0, stderr: 'The secrets of 4 resources are shown as ********: written back to this server they stay what they are; for another one write them in.\n' })
  expect(dumped.stdout).toMatch(/^version: "1"\nplugin_metadata:\n {2}- id: cors\n/)
  for (const word of ['sesame', 'KEY', 'root', 'sk-1', '_time', 'modifiedIndex']) expect(dumped.stdout).not.toContain(word)
  const path = await write('dump.yaml', dumped.stdout)
  expect(await sluice(['config', 'sync', '-f', path])).toMatchObject({ code: 0, stdout: 'Nothing to change; 10 the same\n', stderr: '' })
  expect(gateway.snapshot).toBe(snapshot)

  await sync(file({}))
  const { code, stderr } = await sluice(['config', 'sync', '-f', path])
  expect([code, stderr.replaceAll(path, 'dump.yaml').split('\n')]).toEqual([1, [...Array.from({ length: 4 }, () => expect.stringMatching(/^dump\.yaml:\d+:\d+ \S+: is \*{8}, which stands for a secret that the server has, and it has none there; write the secret itself, or \$env:\/\/NAME$/) as string), '']])
})

test('a dump goes to a file, of the kinds that are asked for, in JSON where that is wanted', async () => {
  const { sync, sluice, file: write } = await managedGateway()
  await sync(file({ services: [{ id: 's', plugins: {} }], routes: [route('a')] }))
  const path = await write('dump.json', '')
  expect(await sluice(['config', 'dump', '--include', 'routes', '-o', 'json', '-f', path])).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: '1', routes: [route('a')] })
  expect(await sluice(['config', 'dump', '-f', join(path, 'x')])).toMatchObject({ code: 1, stderr: expect.stringMatching(/x cannot be written: ENOTDIR\n/) as string })
})

test('what was written by the keys of its own stays as it is when a neighbour changes', async () => {
  const { sync, admin } = await managedGateway()
  await admin('PUT', '/routes/kept', { id: 'kept', uri: '/kept', ...secret('Bearer sk-1') })
  const before = await admin('GET', '/routes/kept')
  await sync(file({ routes: [route('a')] }), '--no-delete')
  expect(await admin('GET', '/routes/kept')).toEqual(before)
})

test('an id that is a number stays one', async () => {
  const { sync, admin, gateway } = await managedGateway()
  await admin('PUT', '/routes/7', { id: 7, uri: '/7', ...secret('Bearer sk-1') })
  const { snapshot } = gateway
  expect(await sync(file({ routes: [{ id: '7', uri: '/7', ...secret('Bearer sk-1') }] }))).toMatchObject({ stderr: 'Secrets that cannot be compared were sent for 1 resource: all were what the server has.\n' })
  expect(gateway.snapshot).toBe(snapshot)
})

test('another group is synced by its name, and the default one is not touched', async () => {
  const { sync, admin } = await managedGateway()
  await sync(file({ routes: [route('a')] }))
  expect(await sync(file({ routes: [route('b')] }), '-g', 'staging')).toMatchObject({ code: 1, stderr: expect.stringContaining('gateway group "staging" does not exist') as string })
  await admin('PUT', '/api/gateway_groups/staging', { name: 'staging' })
  expect(await sync(file({ routes: [route('b')] }), '-g', 'staging')).toMatchObject({ code: 0, stdout: '+ route b\n\n1 to create\n' })
  expect(await admin('GET', '/routes')).toMatchObject({ total: 1, list: [{ value: { id: 'a' } }] })
  expect(await admin('GET', '/routes?gateway_group_id=staging')).toMatchObject({ total: 1, list: [{ id: 'b' }] })
})

test('whoever may read alone may compare, and is told why nothing is written', async () => {
  const { gateway } = await startGateway({ gateway: { admin: { listen: { port: 0 }, keys: [{ name: 'owner', key: 'owner-key', role: 'admin' }, { name: 'reader', key: 'reader-key', role: 'viewer' }] }, store: { type: 'memory' } } })
  const { file: write, sluice } = await managedGateway()
  const env = { SLUICE_SERVER: `http://127.0.0.1:${gateway.adminAddress?.port}`, SLUICE_TOKEN: 'reader-key' }
  const path = await write('config.yaml', file({ routes: [route('a')] }))
  expect(await sluice(['config', 'diff', '-f', path], { env })).toMatchObject({ code: 2 })
  expect(await sluice(['config', 'sync', '-f', path], { env })).toMatchObject({ code: 1, stderr: expect.stringContaining('viewer') as string })
})

test('the examples of the help do what they say', async () => {
  const { sluice, file: write, sync } = await managedGateway()
  await sync(file({ routes: [route('old')] }))
  const folder = dirname(await write('config.yaml', file({ routes: [route('a')] })))
  await write('adc.yaml', { services: [{ name: 's', labels: { team: 'search' }, routes: [{ name: 'r', uris: ['/r'] }] }] })
  await mkdir(join(folder, 'conf'))
  await write('conf/one.yaml', file({ routes: [route('one')] }))
  const config = createCli({ env: {}, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr }).program.commands.find((command) => command.name() === 'config')
  const examples = await commandsIn((config?.commands ?? []).flatMap(examplesOf).map((line) => line.replace(/ > \S+$/, '')).join('\n'))
  expect(examples.length).toBeGreaterThan(6)
  for (const { args } of examples) {
    const { code, stderr } = await sluice(args.map((word) => (/\.yaml$|\/$/.test(word) ? join(folder, word) : word)))
    const isDifferent = code === 2 && (args.includes('--dry-run') || args[1] === 'diff')
    expect({ args, stderr, isDone: code === 0 || isDifferent }).toMatchObject({ isDone: true })
  }
})

test('settings of the process in a file are left out, and that is said', async () => {
  const { sync } = await managedGateway()
  const { stderr } = await sync(file({ gateway: { listen: { port: 1 } }, routes: [route('a')] }))
  expect(stderr).toMatch(/^\S+config\.yaml: gateway: the settings of the process are not synced\nDone, all in one step: 1 created\.\n$/)
})

async function oneByOne(): Promise<Awaited<ReturnType<typeof managedGateway>> & { readonly front: PassingServer }> {
  const { front, ...managed } = await managedGateway({ through: withoutConfigs })
  if (!front) throw new Error('nobody stands between')
  return { ...managed, front }
}

test('a server that takes no configuration as a whole gets it one by one: what others refer to first, and last when it goes', async () => {
  const { sync, front, admin } = await oneByOne()
  const writes = (): string[] => front.passed.filter(({ method }) => method !== 'GET').map(({ method, url }) => `${method} ${url.replace('/apisix/admin/', '')}`)
  const config = file({
    plugin_metadata: { cors: { allow_origins: { a: 'https://a.test' } } },
    routes: [route('a', { service_id: 's', vars: [['arg_a', '==', '1']] })],
    services: [{ id: 's', upstream_id: 'u' }],
    upstreams: [{ id: 'u', nodes: { '127.0.0.1:80': 1 } }],
    consumers: [{ username: 'bob', group_id: 'g' }, { id: 'bob/credentials/k', plugins: { 'key-auth': { key: 'sesame' } } }],
    consumer_groups: [{ id: 'g', plugins: {} }],
    secrets: [{ id: 'vault/1', uri: 'http://127.0.0.1:8200', prefix: 'kv', token: 'root' }],
    global_rules: [{ id: 'ids', plugins: { 'request-id': {} } }],
  })
  expect(await sync(config)).toMatchObject({ code: 0, stderr: 'Done: 9 created.\n' })
  expect(writes()).toEqual(['PUT secrets/vault/1', 'PUT plugin_metadata/cors', 'PUT upstreams/u', 'PUT services/s', 'PUT consumer_groups/g', 'PUT consumers/bob', 'PUT consumers/bob/credentials/k', 'PUT global_rules/ids', 'PUT routes/a'])
  expect(await admin('GET', '/routes/a')).toMatchObject({ value: { vars: [['arg_a', '==', '1']] } })
  // Of two secrets nobody can tell: they are written again, and nothing comes of it.
  expect(await sync(config)).toMatchObject({ code: 0, stdout: 'Nothing to change; 7 the same, 2 the same but for secrets that cannot be compared\n', stderr: 'Written again, for secrets that cannot be compared: 2.\n' })
  const before = writes().length
  expect(await sync(file({}))).toMatchObject({ code: 0, stderr: 'Done: 9 deleted.\n' })
  expect(writes().slice(before)).toEqual(['DELETE global_rules/ids', 'DELETE consumers/bob/credentials/k', 'DELETE consumers/bob', 'DELETE routes/a', 'DELETE consumer_groups/g', 'DELETE services/s', 'DELETE upstreams/u', 'DELETE plugin_metadata/cors', 'DELETE secrets/vault/1'])
})

test('one by one, in the dialect of API7 too, a second sync changes nothing', async () => {
  const { sync, gateway } = await oneByOne()
  const config = file({ services: [{ id: 's', plugins: {} }], plugin_metadata: { cors: { allow_origins: { a: 'https://a.test' } } }, consumers: [{ username: 'bob' }], routes: [route('a', { service_id: 's' }), { id: 1, uris: ['/b', '/c'], plugins: {} }] })
  expect(await sync(config, '-g', 'default')).toMatchObject({ code: 0, stderr: 'Done: 5 created.\n' })
  const { snapshot } = gateway
  expect(await sync(config, '-g', 'default')).toMatchObject({ code: 0, stdout: 'Nothing to change; 5 the same\n', stderr: '' })
  expect(gateway.snapshot).toBe(snapshot)
})

test('one by one, what fails ends it after its stage: it is told what was done, what failed and what was not', async () => {
  const { sync, admin } = await oneByOne()
  await sync(file({ routes: [route('old')] }))
  const config = { version: '1', services: [{ id: 's', plugins: {} }, { id: 'bad', plugins: { 'no-such-plugin': {} } }], routes: [route('a', { service_id: 's' })] }
  const { code, stderr } = await sync(config)
  expect(code).toBe(1)
  expect(stderr.replace(/\S+config\.yaml/, 'config.yaml')).toBe(`config.yaml:8:5 services[1]: create service bad: unknown plugin [no-such-plugin]
Done: 1 created.
Failed: 1.
Not done, because of that: create route a, delete route old.
`)
  expect(await admin('GET', '/services')).toMatchObject({ total: 1 })
  expect(await admin('GET', '/routes')).toMatchObject({ total: 1, list: [{ value: { id: 'old' } }] })
})

test('one by one, a consumer may be renamed and a global rule too, although no two may have the same key or plugin', async () => {
  const { sync } = await oneByOne()
  await sync(exclusive('bob'))
  expect(await sync(exclusive('ann'))).toMatchObject({ code: 0, stderr: 'Done: 2 created, 2 deleted.\n' })
})

test('one by one, something that is still in use for a moment is deleted a little later', async () => {
  let refusals = 2
  const { sync, admin } = await managedGateway({
    through: (server) =>
      passingServer(server, ({ method, url }) => {
        if (url.includes('/configs')) return { status: 404, body: { error_msg: 'Unsupported resource type: configs' } }
        return method === 'DELETE' && url.includes('/services/') && refusals-- > 0 ? { status: 400, body: { error_msg: 'can not delete this service directly, route [a] is still using it now' } } : undefined
      }),
  })
  await sync(file({ services: [{ id: 's', plugins: {} }] }))
  expect(await sync(file({}))).toMatchObject({ code: 0, stderr: 'Done: 1 deleted.\n' })
  expect(await admin('GET', '/services')).toMatchObject({ total: 0 })
})

test('on a terminal a line tells how far it has come', async () => {
  const { sluice, file: write } = await oneByOne()
  const path = await write('config.yaml', file({ routes: [route('a'), route('b')] }))
  const { stderr } = await sluice(['config', 'sync', '-f', path], { columns: 80 })
  expect(stderr.endsWith('\r2 of 2 done\u001B[K\r\u001B[KDone: 2 created.\n')).toBe(true)
})

test('on a terminal it is told, and taken away again, that the whole is being written', async () => {
  const { sluice, file: write } = await managedGateway()
  const { stderr } = await sluice(['config', 'sync', '-f', await write('config.yaml', file({ routes: [route('a'), route('b')] }))], { columns: 80 })
  expect(stderr).toBe('\rwriting 2 in one step\u001B[K\r\u001B[KDone, all in one step: 2 created.\n')
})
