import { readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { schemaFile, schemaText } from './support/reference.ts'
import { root } from './support/workspace.ts'

const written = readFileSync(schemaFile, 'utf8')
const validate = new Ajv({ strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true, allErrors: true }).compile(JSON.parse(written) as object)

function faultsOf(value: unknown): string[] {
  validate(value)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

test('the JSON Schema of the configuration file is what the schemas say', () => {
  expect(written, 'packages/gateway/sluice.schema.json is out of date: run `npm run reference`').toBe(schemaText())
})

test('it holds for every example', async () => {
  const folder = join(root, 'examples')
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml'))
  expect(files.length).toBeGreaterThan(4)
  for (const file of files) expect([file, faultsOf(parse(await readFile(join(folder, file), 'utf8')))]).toEqual([file, []])
})

test.for([
  ['a field that is misspelt', { routes: [{ id: 'a', uri: '/a', metods: ['GET'] }] }, '/routes/0 must NOT have additional properties'],
  ['a field of a plugin', { routes: [{ id: 'a', uri: '/a', plugins: { 'ai-proxy': { provider: 'opnai', auth: {} } } }] }, '/routes/0/plugins/ai-proxy/provider must be equal to one of the allowed values'],
  ['a setting', { gateway: { listen: { port: 'x' } } }, '/gateway/listen/port must be integer'],
  ['an upstream of a service', { services: [{ id: 's', upstream: { nodes: 1 } }] }, '/services/0/upstream/nodes must be object,array'],
] as const)('it finds %s', ([, file, fault]) => {
  expect(faultsOf(file)).toContain(fault)
})

test('it lets pass what it does not know: a plugin of your own', () => {
  expect(faultsOf({ routes: [{ id: 'a', uri: '/a', plugins: { 'token-budget': { anything: 1 }, 'key-auth': { _meta: { priority: 1 } } } }] })).toEqual([])
})
