import { Kernel, silent } from '@sluice/kernel'
import { expect, test } from 'vitest'
import { addResourceCommands, Cli, type Surroundings } from '../src/index.ts'
import { recordAdmin } from './support/admin-recorder.ts'
import { runCommand } from './support/in-process.ts'

/** Nothing here is a secret. */
const kernelOf = async (): Promise<Kernel> => new Kernel({ plugins: [], log: silent })

function createCli(surroundings: Surroundings): Cli {
  const cli = new Cli({ surroundings, version: '1.2.3' })
  addResourceCommands(cli, kernelOf)
  return cli
}

/** A list of routes as a table, on a terminal of so many columns, or on none. */
async function listed(routes: readonly object[], columns?: number): Promise<readonly string[]> {
  const { url } = await recordAdmin(() => ({ body: { list: routes, total: routes.length } }))
  const { stdout } = await runCommand(createCli, ['route', 'list', '-s', url, '-t', 'key', '-g', 'default'], columns === undefined ? {} : { columns })
  return stdout.split('\n').slice(0, -1)
}

const long = { id: 'a-route-with-a-long-id', name: 'Everything that anybody may ever ask of us', uris: ['/v1/chat/completions', '/v1/responses', '/v1/embeddings'], methods: ['POST'], plugins: { 'ai-proxy': {}, 'key-auth': {} }, status: 0 }

test('is as wide as it takes where there is no terminal', async () => {
  expect(await listed([long, { id: 'b', uri: '/b' }])).toEqual([
    'ID                      NAME                                        PATHS                                              METHODS  PLUGINS            STATUS',
    'a-route-with-a-long-id  Everything that anybody may ever ask of us  /v1/chat/completions,/v1/responses,/v1/embeddings  POST     ai-proxy,key-auth  disabled',
    'b                                                                   /b',
  ])
})

test.for([60, 80, 120])('fits a terminal of %s columns', async (columns) => {
  const lines = await listed([long, { id: 'b', uri: '/b' }], columns)
  expect(lines.filter((line) => line.length > columns)).toEqual([])
  expect(lines[1]).toMatch(/…/)
  expect(lines[0]).toMatch(/^ID +NAME +PATHS +METHODS +PLUGINS +STATUS$/)
})

test('leaves out columns that nobody has anything in', async () => {
  expect(await listed([{ id: 'a', uri: '/a' }])).toEqual(['ID  PATHS', 'a   /a'])
})

test('counts the cells that a terminal gives a sign', async () => {
  expect(await listed([{ id: 'a', name: '日本語', uri: '/a' }, { id: 'b', name: '🚀 é', uri: '/b' }])).toEqual(['ID  NAME    PATHS', 'a   日本語  /a', 'b   🚀 é    /b'])
})

test('writes out what would move the cursor', async () => {
  expect(await listed([{ id: 'a', name: 'x\u001b[2J\ny\u009b', uri: '/a' }])).toEqual(['ID  NAME                     PATHS', 'a   x\\u001b[2J\\u000ay\\u009b  /a'])
})
