import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { anyPorts, runGateway, temporaryFolder, type RunningGateway } from './support/program.ts'

// Each test runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

/** Does what the path says, and answers. */
const careless = `import { definePlugin, json, Type } from '@sluice/kernel'
setInterval(() => console.log('still here'), 100)
export default definePlugin({
  name: 'careless', priority: 1, answers: true, schema: Type.Object({}),
  setup: () => ({
    proxy({ request }) {
      if (request.path === '/promise') void leaveBehind()
      if (request.path === '/exception') setTimeout(() => { throw new Error('out of a timer') })
      return json(200, {})
    },
  }),
})
async function leaveBehind() { throw new Error('left behind') }
`

async function startCareless(workers = 1): Promise<RunningGateway & { readonly log: string }> {
  const folder = await temporaryFolder()
  const log = join(folder, 'access.log')
  await writeFile(join(folder, 'careless.mjs'), careless)
  const gateway = { ...anyPorts, workers, plugins: ['./careless.mjs'], access_log: { path: log, format: '$uri $status' } }
  return { ...(await runGateway({ gateway, routes: [{ id: 'a', uri: '/*', plugins: { careless: {} } }] }, { folder })), log }
}

test('a promise that a plugin leaves behind costs a line with its stack and nothing else, and a timer of its own keeps no process alive', async () => {
  const { url, program, log } = await startCareless()
  expect((await fetch(`${url}/promise`)).status).toBe(200)
  const [line] = await program.says(/^.*left behind.*$/m)
  expect(JSON.parse(line)).toMatchObject({
    level: 50,
    msg: expect.stringContaining('a plugin has left it behind') as string,
    err: { message: 'left behind', stack: expect.stringContaining('careless.mjs:') as string },
  })
  expect((await fetch(`${url}/fine`)).status).toBe(200)
  program.signal('SIGTERM')
  expect(await program.exited).toEqual({ code: 0, signal: null })
  expect(await readFile(log, 'utf8')).toBe('/promise 200\n/fine 200\n')
})

test('an exception that nobody catches ends the process with 1, a line that has its stack, and the log written', async () => {
  const { url, program, log } = await startCareless()
  await (await fetch(`${url}/fine`)).text()
  await fetch(`${url}/exception`).catch(() => {}) // it may not live to answer
  expect(await program.exited).toEqual({ code: 1, signal: null })
  const last = program.stderr().trimEnd().split('\n').at(-1)!
  expect(JSON.parse(last)).toMatchObject({ level: 50, err: { message: 'out of a timer', stack: expect.stringContaining('careless.mjs:') as string } })
  expect(await readFile(log, 'utf8')).toMatch(/^\/fine 200\n/)
})

test.for([1, 2])('a reader of its output that goes away ends nothing (workers: %d)', async (workers) => {
  const { url, program, log } = await startCareless(workers)
  program.closeOutput()
  for (let round = 0; round < 2; round++) expect((await fetch(`${url}/promise`)).status).toBe(200)
  program.signal('SIGTERM')
  expect(await program.exited).toEqual({ code: 0, signal: null })
  expect(await readFile(log, 'utf8')).toBe('/promise 200\n/promise 200\n')
})
