import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCli, Gateway } from '@sluice/gateway'
import { silent } from '@sluice/kernel'
import { expect, onTestFinished, test } from 'vitest'
import { runCommand, type Done } from '../packages/cli/test/support/in-process.ts'
import { A7Client, type A7File } from './support/a7-client.ts'
import { AdcClient } from './support/adc-client.ts'
import type { AdcConfig } from './support/adc-model.ts'
import { temporaryFolder } from './support/program.ts'

const token = 'admin-secret-1'
const settings = `# What the team has written.
gateway:
  listen: { host: 127.0.0.1, port: 0 }
  status: { listen: { host: 127.0.0.1, port: 0 } }
  access_log: false
  admin: { listen: { host: 127.0.0.1, port: 0 }, key: ${token} } # of nobody else
`

interface Kept {
  /** Of the Admin API. */
  readonly server: string
  text(): Promise<string>
  /** Ends the gateway, and starts another one from the file. */
  restart(): Promise<void>
}

/** A gateway whose store is its file. */
async function kept(): Promise<Kept> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const file = join(folder, 'gateway.yaml')
  await writeFile(file, settings)
  const start = async (): Promise<Gateway> => Gateway.start({ file, text: await readFile(file, 'utf8'), env: (name) => (name === 'KEY' ? 'Bearer sk-test' : undefined), log: silent })
  let gateway = await start()
  onTestFinished(async () => {
    await gateway.close()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    get server() {
      const { host, port } = gateway.adminAddress ?? { host: '', port: 0 }
      return `http://${host}:${port}`
    },
    text: () => readFile(file, 'utf8'),
    async restart() {
      await gateway.close()
      gateway = await start()
    },
  }
}

const aiProxy = { provider: 'openai', auth: { header: { Authorization: '$env://KEY' } } }
const nodes = [{ host: '127.0.0.1', port: 8080, weight: 1 }]
const nothing = { created: 0, updated: 0, deleted: 0 }

const a7File: A7File = {
  version: '1',
  upstreams: [{ id: 'u1', nodes: { '127.0.0.1:8081': 1 } }],
  services: [{ id: 's1', name: 'ai', plugins: { 'ai-proxy': aiProxy } }, { id: 's2', name: 'plain', upstream_id: 'u1' }],
  routes: [{ id: 'r1', uri: '/v1/chat/completions', service_id: 's1' }, { id: 'r2', paths: ['/a', '/b'], service_id: 's2', labels: { team: 'red' } }],
  consumers: [{ username: 'bob', plugins: {} }],
  consumer_groups: [{ id: 'g1', plugins: { 'request-id': {} } }],
  plugin_configs: [{ id: 'p1', plugins: { 'request-id': {} } }],
  global_rules: [{ id: 'request-id', plugins: { 'request-id': {} } }],
  protos: [{ id: 'proto1', content: 'syntax = "proto3";\n\nmessage A {}\n' }],
  secrets: [{ id: 'vault/one', uri: 'http://127.0.0.1:8200', prefix: 'kv', token: '$env://KEY' }],
  stream_routes: [{ id: 't1', server_port: 9100, upstream_id: 'u1' }],
}

const adcConfig: AdcConfig = {
  services: [
    { name: 'plain', description: 'with: "everything"', upstream: { nodes }, upstreams: [{ name: 'canary', nodes }], routes: [{ name: 'all', uris: ['/*'], priority: 1 }] },
    { name: 'ai', plugins: { 'ai-proxy': aiProxy, 'key-auth': {} }, routes: [{ name: 'chat', uris: ['/v1/chat/completions'], vars: [['http_x', '==', '1']] }] },
  ],
  consumers: [{ username: 'bob', credentials: [{ name: 'key', type: 'key-auth', config: { key: '$env://KEY' } }] }],
  ssls: [{ snis: ['a.test'], certificates: [{ certificate: 'C'.repeat(128), key: 'K'.repeat(64) }] }],
  global_rules: { 'request-id': {} },
}

test('what a7 has synced is in the file, and a gateway that starts from it has nothing to change', async () => {
  const world = await kept()
  const { created } = await new A7Client({ server: world.server, token }).sync(a7File)
  expect(created).toBe(12)
  expect(await world.text()).toContain(settings)
  await world.restart()
  const text = await world.text()
  expect(await new A7Client({ server: world.server, token }).sync(a7File)).toEqual(nothing)
  expect(await world.text()).toBe(text)
  await new A7Client({ server: world.server, token }).sync({ version: '1' })
  expect(await world.text()).toContain(settings)
  expect(await world.text()).not.toContain('8081')
})

test.for(['apisix', 'api7ee', 'apisix-standalone'] as const)('what ADC has synced is in the file, and a gateway that starts from it has nothing to change (%s)', async (backend) => {
  const world = await kept()
  const [plain, ai] = adcConfig.services ?? []
  const config = backend === 'apisix-standalone' ? { ...adcConfig, services: [plain!, { ...ai!, upstream: { nodes: [] } }] } : adcConfig
  await new AdcClient({ backend, server: world.server, token }).sync(config)
  expect(await world.text()).toContain(settings)
  await world.restart()
  expect(await new AdcClient({ backend, server: world.server, token }).diff(config)).toEqual([])
  await new AdcClient({ backend, server: world.server, token }).sync({})
  await world.restart()
  expect(await new AdcClient({ backend, server: world.server, token }).dump()).toEqual([])
})

/** `sluice config`, with a file that holds this. */
async function sluiceConfig(server: string, verb: 'sync' | 'diff', content: object): Promise<Done> {
  const file = join(await temporaryFolder(), 'config.json')
  await writeFile(file, JSON.stringify(content))
  return runCommand(createCli, ['config', verb, '-f', file], { env: { SLUICE_SERVER: server, SLUICE_TOKEN: token, KEY: 'sesame' } })
}

test.for([
  { whose: 'a7', content: a7File, count: 12 },
  { whose: 'ADC', content: adcConfig, count: 9 },
])('what sluice has synced of a file of $whose is in the file, and a gateway that starts from it has nothing to change', async ({ content, count }) => {
  const world = await kept()
  expect(await sluiceConfig(world.server, 'sync', content)).toMatchObject({ code: 0, stderr: `Done, all in one step: ${count} created.\n` })
  expect(await world.text()).toContain(settings)
  await world.restart()
  const text = await world.text()
  expect(await sluiceConfig(world.server, 'sync', content)).toMatchObject({ code: 0, stdout: `Nothing to change; ${count} the same\n`, stderr: '' })
  expect(await world.text()).toBe(text)
  expect(await sluiceConfig(world.server, 'sync', { version: '1' })).toMatchObject({ code: 0, stderr: `Done, all in one step: ${count} deleted.\n` })
  await world.restart()
  expect(await sluiceConfig(world.server, 'diff', { version: '1' })).toMatchObject({ code: 0, stdout: 'Nothing to change\n' })
})

test('sluice finds nothing to change in what a7 has synced', async () => {
  const world = await kept()
  await new A7Client({ server: world.server, token }).sync(a7File)
  expect(await sluiceConfig(world.server, 'diff', a7File)).toEqual({ code: 0, stdout: 'Nothing to change; 12 the same\n', stderr: '' })
})

test.for(['apisix', 'api7ee'] as const)('sluice takes over what ADC has synced (%s), under the same ids', async (backend) => {
  const world = await kept()
  await new AdcClient({ backend, server: world.server, token }).sync(adcConfig)
  const { code, stdout } = await sluiceConfig(world.server, 'diff', adcConfig)
  expect(code).toBe(2)
  // ADC writes defaults out, and each service without an upstream gets one that is none.
  expect(stdout.split('\n').filter((line) => line.startsWith('+'))).toEqual([])
  expect(await sluiceConfig(world.server, 'sync', adcConfig)).toMatchObject({ code: 0 })
  await world.restart()
  expect(await sluiceConfig(world.server, 'diff', adcConfig)).toMatchObject({ code: 0, stdout: 'Nothing to change; 9 the same\n' })
})
