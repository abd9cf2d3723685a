import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { sha1 } from './support/adc-model.ts'
import { managedGateway, type ManagedGateway } from './support/managed-gateway.ts'
import { temporaryFolder } from './support/program.ts'

interface Created {
  readonly kind: string
  readonly id: string
  readonly value: Record<string, unknown>
}

const nodes = (port: number): object[] => [{ host: '127.0.0.1', port, weight: 1 }]

/** What a file asks for, by a plan for a gateway that holds nothing. */
async function asked({ file, sluice }: ManagedGateway, text: string | object, { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {}): Promise<{ created: readonly Created[]; stderr: string }> {
  const { stdout, stderr } = await sluice(['config', 'diff', '-o', 'json', '-f', await file('config.yaml', text), ...args], { env })
  const { changes = [] } = (stdout === '' ? {} : JSON.parse(stdout)) as { changes?: readonly Created[] }
  return { created: changes.map(({ kind, id, value }) => ({ kind, id, value })), stderr: stderr.replaceAll(/\S*config\.yaml/g, 'config.yaml') }
}

test('a file of a7 is read: its certificates, its metadata, its secrets, and routes without a service', async () => {
  const managed = await managedGateway()
  const { created, stderr } = await asked(managed, {
    version: '1',
    ssl: [{ id: 'cert', snis: ['a.test'], cert: 'CERT', key: 'KEY', type: 'server', status: 1 }],
    plugin_metadata: [{ plugin_name: 'cors', allow_origins: { a: 'https://a.test' } }],
    secrets: [{ id: 'vault/1', uri: 'http://127.0.0.1:8200', prefix: 'kv', token: 'root' }],
    consumers: [{ username: 'bob', desc: 'Bob' }],
    routes: [{ id: 'a', paths: ['/a'], vars: [['arg_a', '==', '1']], timeout: { connect: 1, send: 1, read: 1 }, remote_addrs: ['127.0.0.1'], status: 0, plugins: {}, create_time: 1, update_time: 2 }],
  })
  expect(stderr).toBe('')
  expect(created).toEqual([
    { kind: 'plugin_metadata', id: 'cors', value: { allow_origins: { a: 'https://a.test' } } },
    { kind: 'consumers', id: 'bob', value: { username: 'bob', desc: 'Bob' } },
    { kind: 'routes', id: 'a', value: { paths: ['/a'], vars: [['arg_a', '==', '1']], timeout: { connect: 1, send: 1, read: 1 }, remote_addrs: ['127.0.0.1'], status: 0, plugins: {} } },
    { kind: 'ssls', id: 'cert', value: { snis: ['a.test'], cert: 'CERT', key: '********', type: 'server', status: 1 } },
    { kind: 'secrets', id: 'vault/1', value: { uri: 'http://127.0.0.1:8200', prefix: 'kv', token: '********' } },
  ])
})

test('a file of ADC is read: what is nested, ids that are digests of names, variables, and who manages it', async () => {
  const managed = await managedGateway()
  const { created, stderr } = await asked(
    managed,
    `services:
  - name: ai
    description: An AI
    labels: { teams: [a, b] }
    path_prefix: /v1
    upstream: { nodes: [{ host: 127.0.0.1, port: 80, weight: 1 }] }
    upstreams: [{ name: spare, nodes: [{ host: 127.0.0.1, port: 81, weight: 1 }] }]
    routes:
      - name: chat
        uris: [/chat/completions]
        vars: [[post_arg.model, ==, "\${MODEL}"]]
        plugins: { proxy-rewrite: { uri: '/\\\${MODEL}' } }
      - { id: own, name: other, uris: [/b] }
  - name: tcp
    stream_routes: [{ name: one, server_port: 9 }]
ssls:
  - snis: [a.test, b.test]
    certificates: [{ certificate: CERT, key: KEY }, { certificate: CERT2, key: KEY2 }]
consumers:
  - username: bob
    credentials: [{ name: key, type: key-auth, config: { key: "\${KEY}" } }]
global_rules: { request-id: {} }
plugin_metadata: { cors: { allow_origins: { a: https://a.test } } }
consumer_groups: [{ name: g, plugins: {}, consumers: [] }]
`,
    { env: { MODEL: 'gpt-4', KEY: 'sesame' } },
  )
  expect(stderr).toBe('config.yaml: consumer_groups: ADC does not sync them, and neither is it done here\n')
  const managedBy = { 'managed-by': 'adc' }
  const service = sha1('ai')
  expect(created).toEqual([
    { kind: 'plugin_metadata', id: 'cors', value: { allow_origins: { a: 'https://a.test' } } },
    { kind: 'upstreams', id: sha1('ai.spare'), value: { name: 'spare', nodes: nodes(81), labels: { __ADC_UPSTREAM_SERVICE_ID: service } } },
    { kind: 'services', id: service, value: { name: 'ai', desc: 'An AI', path_prefix: '/v1', upstream: { nodes: nodes(80) }, labels: { teams: '["a","b"]', ...managedBy } } },
    { kind: 'services', id: sha1('tcp'), value: { name: 'tcp', labels: managedBy } },
    { kind: 'consumers', id: 'bob', value: { username: 'bob', labels: managedBy } },
    { kind: 'credentials', id: `bob/${sha1('bob.key')}`, value: { name: 'key', plugins: { 'key-auth': { key: '********' } } } },
    { kind: 'global_rules', id: 'request-id', value: { plugins: { 'request-id': {} } } },
    { kind: 'routes', id: sha1('ai.chat'), value: { name: 'chat', uris: ['/chat/completions'], vars: [['post_arg.model', '==', 'gpt-4']], plugins: { 'proxy-rewrite': { uri: '/${MODEL}' } }, service_id: service, labels: managedBy } },
    { kind: 'routes', id: 'own', value: { name: 'other', uris: ['/b'], service_id: service, labels: managedBy } },
    { kind: 'ssls', id: sha1('a.test,b.test'), value: { snis: ['a.test', 'b.test'], cert: 'CERT', key: '********', certs: ['CERT2'], keys: ['********'], labels: managedBy } },
    { kind: 'stream_routes', id: sha1('tcp.one'), value: { name: 'one', server_port: 9, service_id: sha1('tcp'), labels: managedBy } },
  ])
})

test('a file of APISIX’s standalone mode is read: its end, its variables, what has no id, and what is not synced', async () => {
  const managed = await managedGateway()
  const { created, stderr } = await asked(
    managed,
    `routes:
  - uri: /a
    priority: \${{PRIORITY:=7}}
    upstream: { nodes: { "\${{HOST}}:80": 1 } }
  - { id: 2, uri: /b, upstream_id: u }
upstreams: [{ id: u, nodes: { "127.0.0.1:80": 1 } }]
plugins: [{ name: cors }]
plugin_metadata: [{ id: cors, allow_origins: { a: https://a.test } }]
consumers: [{ username: bob }, { id: bob/credentials/k, plugins: { key-auth: { key: $env://KEY } } }]
routes_conf_version: 7
#END
`,
    { env: { HOST: '127.0.0.1' } },
  )
  expect(stderr).toBe('config.yaml: plugins: which plugins there are is up to the gateway; not synced\n')
  expect(created).toEqual([
    { kind: 'plugin_metadata', id: 'cors', value: { allow_origins: { a: 'https://a.test' } } },
    { kind: 'upstreams', id: 'u', value: { nodes: { '127.0.0.1:80': 1 } } },
    { kind: 'consumers', id: 'bob', value: { username: 'bob' } },
    { kind: 'credentials', id: 'bob/k', value: { plugins: { 'key-auth': { key: '$env://KEY' } } } },
    { kind: 'routes', id: 'arr_1', value: { uri: '/a', priority: 7, upstream: { nodes: { '127.0.0.1:80': 1 } } } },
    { kind: 'routes', id: '2', value: { uri: '/b', upstream_id: 'u' } },
  ])
})

test.for([
  { name: 'a7', text: { version: '1', ssl: [{ id: 'cert', snis: ['a.test'], cert: 'CERT', key: 'KEY' }], plugin_metadata: [{ plugin_name: 'cors', allow_origins: { a: 'https://a.test' } }], routes: [{ id: 'a', uri: '/a', plugins: {} }] } },
  {
    name: 'ADC',
    text: {
      services: [{ name: 'ai', plugins: {}, upstream: { nodes: [] }, upstreams: [{ name: 'spare', nodes: [] }], routes: [{ name: 'a', uris: ['/a'] }] }],
      consumers: [{ username: 'bob', credentials: [{ name: 'key', type: 'key-auth', config: { key: '$env://KEY' } }] }],
      ssls: [{ snis: ['a.test'], certificates: [{ certificate: 'CERT', key: 'KEY' }] }],
      global_rules: { 'request-id': {} },
    },
  },
  { name: 'APISIX', text: 'routes:\n  - { uri: /a, upstream: { nodes: { "127.0.0.1:80": 1 } } }\nssls: [{ id: 1, snis: [a.test], cert: CERT, key: KEY }]\n#END\n' },
])('a file of $name is synced, in both dialects, and the second time nothing changes', async ({ text }) => {
  for (const args of [[], ['-g', 'default']]) {
    const { sync, gateway } = await managedGateway({ env: { KEY: 'sesame' } })
    expect(await sync(text, ...args)).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Done, all in one step: \d created\.\n$/) as string })
    const { snapshot } = gateway
    expect(await sync(text, ...args)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Nothing to change; \d the same\n$/) as string, stderr: '' })
    expect(gateway.snapshot).toBe(snapshot)
  }
})

test('what was synced from a file of ADC is dumped as one, and that changes nothing; what has no place there is told', async () => {
  const { sync, sluice, file, gateway, admin } = await managedGateway()
  const nodes80 = nodes(80)
  const adc = {
    services: [
      {
        name: 'ai',
        description: 'An AI',
        labels: { team: 'x' },
        upstream: { nodes: nodes80 },
        upstreams: [{ name: 'spare', nodes: nodes(81) }],
        routes: [
          { name: 'chat', uris: ['/chat'], plugins: { 'proxy-rewrite': { uri: '/\\${MODEL}' } } },
          { id: 'own', name: 'other', uris: ['/b'] },
        ],
      },
    ],
    ssls: [{ snis: ['a.test'], certificates: [{ certificate: 'CERT', key: 'KEY' }, { certificate: 'CERT2', key: 'KEY2' }] }],
    consumers: [{ username: 'bob', credentials: [{ name: 'key', type: 'key-auth', config: { key: 'sesame' } }] }],
    global_rules: { 'request-id': {} },
    plugin_metadata: { cors: { allow_origins: { a: 'https://a.test' } } },
  }
  expect(await sync(adc)).toMatchObject({ code: 0, stderr: 'Done, all in one step: 9 created.\n' })
  const { snapshot } = gateway
  const dumped = await sluice(['config', 'dump', '--format', 'adc', '-o', 'json'])
  const redacted = '********'
  expect(JSON.parse(dumped.stdout)).toEqual({
    ...adc,
    ssls: [{ snis: ['a.test'], certificates: [{ certificate: 'CERT', key: redacted }, { certificate: 'CERT2', key: redacted }] }],
    consumers: [{ username: 'bob', credentials: [{ name: 'key', type: 'key-auth', config: { key: redacted } }] }],
  })
  expect(await sluice(['config', 'sync', '-f', await file('adc.json', dumped.stdout)])).toMatchObject({ code: 0, stdout: 'Nothing to change; 9 the same\n', stderr: '' })
  expect(gateway.snapshot).toBe(snapshot)

  await admin('PUT', '/routes/alone', { uri: '/alone', plugins: {} })
  await admin('PUT', '/routes/off', { uri: '/off', service_id: sha1('ai'), status: 0 })
  await admin('PUT', '/plugin_configs/p', { plugins: {} })
  expect((await sluice(['config', 'dump', '--format', 'adc'])).stderr).toContain('A file of ADC has no place for some of it:\n  route off: without status\n  plugin config p: not at all\n  route alone: not at all\n')
})

const route = { id: 'a', uri: '/a', plugins: {} }

test.for([
  { what: 'a list beside what ADC nests', text: { routes: [route], services: [{ name: 's', routes: [] }] }, says: 'config.yaml:9:3 services[0].routes: mixes formats: routes is of Sluice or a7 or APISIX, services[0].routes is of ADC' },
  { what: 'a version beside what ADC nests', text: { version: '1', global_rules: { 'request-id': {} } }, says: 'config.yaml:3:3 global_rules: mixes formats: version is of Sluice or a7, global_rules (a map) is of ADC' },
  { what: 'both spellings of certificates', text: { version: '1', ssl: [], ssls: [] }, says: 'config.yaml:4:3 ssls: mixes formats: version is of Sluice or a7, ssl is of a7, ssls is of Sluice or ADC or APISIX' },
  { what: 'the end of a file of APISIX in one with a version', text: 'version: "1"\nroutes: []\n#END\n', says: 'config.yaml:1:1 mixes formats: version is of Sluice or a7, routes is of Sluice or a7 or APISIX, #END is of APISIX' },
  { what: 'metadata in two spellings', text: { plugin_metadata: [{ plugin_name: 'cors' }, { id: 'cors' }] }, says: 'config.yaml:7:7 plugin_metadata[1].id: mixes formats: plugin_metadata[0].plugin_name is of a7, plugin_metadata[1].id is of Sluice or APISIX' },
  { what: 'settings beside what ADC nests', text: { gateway: {}, consumers: [{ username: 'bob', credentials: [] }] }, says: 'config.yaml:6:7 consumers[0].credentials: mixes formats: gateway is of Sluice, consumers[0].credentials is of ADC' },
  { what: 'a service whose id depends on the format', text: { services: [{ name: 's', plugins: {} }] }, says: 'config.yaml:3:5 services[0]: may be of ADC or of another format, and its id depends on which; write an id or version: "1", or say --format' },
  { what: 'a version that nobody knows', text: { version: '2', routes: [] }, says: 'config.yaml:2:3 version: is not a version that is known; "1" is' },
])('$what in one file is an error that says what is wrong where', async ({ text, says }) => {
  const { stderr } = await asked(await managedGateway(), text)
  expect(stderr.trimEnd().replace(/:\d+:\d+ /, ':N:N ')).toBe(says.replace(/:\d+:\d+ /, ':N:N '))
  expect(stderr).toMatch(/^config\.yaml:\d+:\d+ /)
})

test('--format says whose format a file has that could be of several', async () => {
  const managed = await managedGateway()
  const text = { services: [{ name: 's', plugins: {} }] }
  expect((await asked(managed, text, { args: ['--format', 'adc'] })).created).toEqual([{ kind: 'services', id: sha1('s'), value: { name: 's', plugins: {}, labels: { 'managed-by': 'adc' } } }])
  expect((await asked(managed, text, { args: ['--format', 'sluice'] })).created).toEqual([{ kind: 'services', id: 's', value: { name: 's', plugins: {} } }])
})

test('everything that is wrong with all files is told at once, each with file, line, column and path', async () => {
  const { sluice, file } = await managedGateway()
  const folder = await temporaryFolder()
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    return path
  }
  await write('conf/a.yaml', 'version: "1"\nroutes:\n  - id: a\n    uri: /a\n  - uri: /nameless\n  - 7\nrotues: []\n')
  await write('conf/b/b.json', '{"version": "1", "routes": [{"id": "a", "uri": "/b"}, {"name": "has space", "uri": "/c"}]}')
  await write('conf/c.yml', 'services:\n  - routes: [{ name: r, uris: ["/${MISSING}"] }]\nthings: []\n')
  await write('conf/d.yaml', 'routes: [\n')
  await write('conf/.hidden.yaml', 'nothing: [\n')
  await write('conf/note.txt', 'nothing: [\n')
  const { code, stdout, stderr } = await sluice(['config', 'diff', '-f', join(folder, 'conf'), '-f', await file('e.yaml', 'routes:\n  # ${{NOT_MISSED}}\n  - uri: "${{MISSING}}"\n')])
  expect([code, stdout]).toEqual([1, ''])
  const lines = stderr.trimEnd().split('\n').map((line) => line.replace(`${folder}/`, '').replace(/^\S*e\.yaml/, 'e.yaml'))
  expect(lines).toEqual([
    'conf/a.yaml:5:5 routes[1].id: is required where there is no name',
    'conf/a.yaml:6:5 routes[2]: must be an object',
    'conf/a.yaml:7:1 rotues: is not a known field; did you mean routes?',
    'conf/b/b.json:1:29 routes[0]: is in ' + folder + '/conf/a.yaml:3:5 routes[0] already',
    'conf/b/b.json:1:55 routes[1].id: is required, for the name "has space" cannot stand for it: an id has up to 64 letters, digits, \'.\', \'_\' and \'-\'',
    'conf/c.yml:2:5 services[0].name: is required',
    'conf/c.yml:2:32 services[0].routes[0].uris[0]: the environment variable MISSING is not set; for a text as it stands write \\${MISSING}',
    'conf/c.yml:3:1 things: is not a known field of a file of ADC',
    expect.stringMatching(/^conf\/d\.yaml:\d+:\d+ is not valid YAML: /),
    'e.yaml:3:11 the environment variable MISSING, for which ${{MISSING}} stands, is not set',
  ])
})

test('nothing of a file is dropped unsaid, whatever stands in the place of an id or an entry', async () => {
  const managed = await managedGateway()
  const { created, stderr } = await asked(managed, {
    version: '1',
    routes: [{ id: true, uri: '/a' }, { id: 'a b', uri: '/b' }],
    consumers: [{ plugins: {} }, { username: 7 }, { id: 'bob' }, { id: 'bob/credentials/a b' }],
    global_rules: [{ plugins: {} }],
    plugin_metadata: { cors: 7 },
    secrets: [{ id: 'one' }],
    upstreams: {},
    services: 'none',
  })
  expect(created).toEqual([])
  expect(stderr.trimEnd().split('\n').map((line) => line.replace(/^\S+ /, ''))).toEqual([
    'routes[0].id: must be a text or a whole number',
    expect.stringMatching(/^routes\[1\]\.id: cannot be one: an id has up to 64 letters/),
    'consumers[0].username: is required',
    'consumers[1].username: must be a text',
    'consumers[2].username: is required',
    expect.stringMatching(/^consumers\[3\]\.id: /),
    'global_rules[0].id: is required',
    'plugin_metadata.cors: must be an object',
    'secrets[0].id: must be <manager>/<id>, such as vault/one',
    'upstreams: must be a list',
    'services: must be a list',
  ])
  const adc = await asked(managed, { services: [{ name: 's', labels: ['a'], routes: [{ name: 'r', id: true, uris: ['/r'] }, 7] }, 7], ssls: [{ certificates: [{ certificate: 'C' }] }], consumers: [{ username: 'bob', credentials: [{ name: 'k' }] }], global_rules: [] }, { args: ['--format', 'adc'] })
  expect(adc.stderr.trimEnd().split('\n').map((line) => line.replace(/^\S+ /, ''))).toEqual([
    'services[0].routes[0].id: must be a text or a whole number',
    'services[0].routes[1]: must be an object',
    'services[1]: must be an object',
    'ssls[0].snis: is required',
    'ssls[0].certificates[0].key: is required',
    'consumers[0].credentials[0].type: is required',
    'global_rules: must be a map by plugin name',
  ])
})

test('files are named by patterns, twice is once, and what is piped in is read', async () => {
  const { sluice } = await managedGateway()
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'a.yaml'), 'version: "1"\nroutes: [{ id: a, uri: /a, plugins: {} }]\n')
  await writeFile(join(folder, 'b.yaml'), 'version: "1"\nroutes: [{ id: b, uri: /b, plugins: {} }]\n')
  const created = async (files: readonly string[], stdin = ''): Promise<string> => (await sluice(['config', 'sync', '--dry-run', '-o', 'json', ...files.flatMap((one) => ['-f', one])], { stdin })).stdout.match(/"id": "\w+"/g)?.join() ?? ''
  expect(await created([join(folder, '*.yaml'), join(folder, 'a.yaml')])).toBe('"id": "a","id": "b"')
  expect((await sluice(['config', 'validate', '-f', join(folder, 'a.yaml'), join(folder, 'b.yaml')])).stdout).toMatch(/a\.yaml, \S+b\.yaml: 2 resources, nothing wrong\n$/)
  expect(await created(['-', join(folder, 'b.yaml')], '{"version": "1", "routes": [{"id": "piped", "uri": "/p"}]}')).toBe('"id": "piped","id": "b"')
  const [none, missing, empty] = await Promise.all([join(folder, '*.json'), join(folder, 'c.yaml'), dirname(new URL(import.meta.url).pathname)].map((one) => sluice(['config', 'diff', '-f', one])))
  expect([none!.code, none!.stderr]).toEqual([1, `sluice: no file fits ${folder}/*.json\n`])
  expect([missing!.code, missing!.stderr]).toEqual([1, `sluice: ${folder}/c.yaml does not exist\n`])
  expect(empty!.code).toBe(1)
})

test('validate finds what is wrong here, without the variables that only the gateway has', async () => {
  const { sluice, file } = await managedGateway()
  const path = await file(
    'config.yaml',
    `version: "1"
routes:
  - id: a
    uri: /a
    service_id: nowhere
    plugins:
      ai-proxy: { provider: opnai, auth: { header: { Authorization: $env://ONLY_THERE } } }
      no-such-plugin: {}
`,
  )
  const { code, stderr } = await sluice(['config', 'validate', '-f', path])
  expect([code, stderr.replaceAll(path, 'config.yaml').trimEnd().split('\n')]).toEqual([
    1,
    [
      'config.yaml:5:5 routes[0].service_id: refers to service [nowhere], which does not exist',
      expect.stringMatching(/^config\.yaml:7:19 routes\[0\]\.plugins\.ai-proxy\.provider: must be one of openai, /),
      'config.yaml:8:7 routes[0].plugins.no-such-plugin: unknown plugin [no-such-plugin]',
    ],
  ])
  const good = await file('good.yaml', { version: '1', routes: [route] })
  expect(await sluice(['config', 'validate', '-f', good])).toEqual({ code: 0, stdout: `${good}: 1 resource, nothing wrong\n`, stderr: '' })
})

test('validate asks the gateway with --remote, which looks up no references', async () => {
  const { sluice, file } = await managedGateway({ env: { ONLY_THERE: 'x' } })
  const path = await file('config.yaml', 'version: "1"\nroutes:\n  - { id: a, uri: /a, service_id: there, plugins: { ai-proxy: { provider: openai, auth: { header: { Authorization: $env://ONLY_THERE } } } } }\n  - { id: b, uri: /b, plugins: { ai-proxy: { provider: opnai, auth: {} } } }\n')
  const { code, stderr } = await sluice(['config', 'validate', '--remote', '-f', path])
  expect([code, stderr.replaceAll(path, 'config.yaml')]).toEqual([1, expect.stringMatching(/^config\.yaml:4:5 routes\[1\]: failed to check the configuration of plugin ai-proxy err: provider: must be one of openai, [^\n]+\n$/)])
})
