import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Kernel, silent } from '@sluice/kernel'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/support/program.ts'
import { addCompletionCommands, addContextCommands, addPluginCommands, addResourceCommands, Cli, type Surroundings } from '../src/index.ts'
import { recordAdmin } from './support/admin-recorder.ts'
import { runCommand, type Shell } from './support/in-process.ts'

/** Nothing here is a secret. */
const kernelOf = async (): Promise<Kernel> => new Kernel({ plugins: [], log: silent })

function createCli(surroundings: Surroundings): Cli {
  const cli = new Cli({ surroundings, version: '1.2.3' })
  addResourceCommands(cli, kernelOf)
  addPluginCommands(cli)
  addContextCommands(cli)
  addCompletionCommands(cli)
  return cli
}

/** What may stand where a line ends; `current`: what bash takes for the last word. */
async function completed(line: string, { current, ...shell }: Shell & { readonly current?: string } = {}): Promise<readonly string[]> {
  const { code, stdout, stderr } = await runCommand(createCli, ['__complete', '--words', ...(current === undefined ? [] : ['--current', current]), '--', line], shell)
  expect([code, stderr]).toEqual([0, ''])
  return stdout.split('\n').slice(0, -1)
}

test.for([
  { line: 'sluice rou', words: ['route'] },
  { line: 'sluice con', words: ['consumer', 'consumer-group', 'context'] },
  { line: 'sluice route ', words: ['create', 'get', 'list', 'update', 'delete', 'export'] },
  { line: 'sluice -g default rt ex', words: ['export'] },
  { line: 'sluice route create --na', words: ['--name'] },
  { line: 'sluice route list --out', words: ['--output'] },
  { line: 'sluice route list -o ', words: ['json', 'yaml', 'table'] },
  { line: 'sluice route list --output=t', words: ['--output=table'] },
  { line: 'sluice route create -f ', words: [':files'] },
  { line: 'sluice --ca-cert ', words: [':files'] },
  { line: 'sluice completion ', words: ['bash', 'zsh', 'fish'] },
  { line: 'sluice nonsense', words: [] },
  { line: 'sluice route get ', words: [] },
])('completes: $line', async ({ line, words }) => {
  expect(await completed(line)).toEqual(words)
})

test('tells what each is, for shells that show it', async () => {
  const { stdout } = await runCommand(createCli, ['__complete', '--', 'sluice route g'])
  expect(stdout).toBe('get\tShow one route with all its fields.\n')
})

test('gives bash what belongs behind its own last part of a word', async () => {
  expect(await completed('sluice route list --output=j', { current: 'j' })).toEqual(['json'])
})

test('completes what the gateway has, over the connection that the line speaks of', async () => {
  const { url, lines } = await recordAdmin(({ line }) => {
    if (line.includes('/plugins/list')) return { body: ['ai-proxy', 'cors'] }
    if (line.includes('/credentials')) return { body: { list: [{ id: 'laptop' }], total: 1 } }
    if (line.includes('/consumers')) return { body: { list: [{ username: 'alice' }], total: 1 } }
    if (line.includes('gateway_groups')) return { body: { list: [{ id: 'default' }, { id: 'staging' }], total: 2 } }
    return { body: { list: [{ id: 'chat' }, { id: 'it has spaces' }, { id: 'other' }], total: 3 } }
  })
  const env = { SLUICE_SERVER: url, SLUICE_TOKEN: 'key' }
  expect(await completed('sluice route get -g staging ', { env })).toEqual(['chat', 'it has spaces', 'other'])
  expect(await completed('sluice route delete "it ha', { env })).toEqual(['it has spaces'])
  expect(await completed('sluice plugin get a', { env })).toEqual(['ai-proxy'])
  expect(await completed('sluice route list -g ', { env })).toEqual(['default', 'staging'])
  expect(await completed('sluice credential get --consumer alice ', { env })).toEqual(['laptop'])
  expect(await completed('sluice credential get --consumer ', { env })).toEqual(['alice'])
  expect(await completed('sluice route list --service-id c', { env })).toEqual(['chat'])
  expect(lines()[0]).toBe('GET /apisix/admin/routes?gateway_group_id=staging')
})

test('knows the names of contexts, and nothing where there is no gateway to ask', async () => {
  const folder = await temporaryFolder()
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'config.yaml'), 'contexts: [{ name: here, server: http://127.0.0.1:1, token: t }]\n')
  const env = { SLUICE_CONFIG_DIR: folder }
  expect(await completed('sluice context use ', { env })).toEqual(['here'])
  expect(await completed('sluice route list --context ', { env })).toEqual(['here'])
  expect(await completed('sluice route get --context here ', { env })).toEqual([])
})
