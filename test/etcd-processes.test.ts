import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { etcdNeeded, hasEtcd, startEtcd, type RunningEtcd } from './support/etcd.ts'
import { anyPorts, eventually, runGateway, sluiceDone, temporaryFolder, type RunningGateway } from './support/program.ts'
import { openRaw } from './support/raw-client.ts'

// Each test runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const plugin = `import { definePlugin, json, Type } from '@sluice/kernel'
export default definePlugin({
  name: 'say',
  priority: 10,
  schema: Type.Object({ text: Type.String() }),
  setup: ({ text }) => ({ access: () => json(200, { text, pid: process.pid }) }),
})
`
const route = (uri: string, text: string): object => ({ uri, plugins: { say: { text } } })

interface Answer {
  readonly status: number
  readonly text?: string
  readonly pid?: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

interface Running extends RunningGateway {
  /** Asks once, on a connection of its own. */
  ask(path: string): Promise<Answer>
  put(id: string, body: object): Promise<number>
  /** What as many workers say as there are. */
  fromAll(path: string, workers: number): Promise<ReadonlySet<string | undefined>>
}

const configOf = ({ endpoint }: Pick<RunningEtcd, 'endpoint'>, settings: object = {}): object => ({
  gateway: { ...anyPorts, access_log: false, plugins: ['./say.mjs'], admin: { listen: { port: 0 }, key: 'secret' }, store: { type: 'etcd', endpoints: [endpoint] }, ...settings },
})

async function run(etcd: Pick<RunningEtcd, 'endpoint'>, settings: object, folder: string): Promise<Running> {
  await writeFile(join(folder, 'say.mjs'), plugin)
  const running = await runGateway(configOf(etcd, settings), { folder })
  const [, admin = ''] = await running.program.says(/the Admin API answers on (\S+)/)
  const ask = async (path: string): Promise<Answer> => {
    const { status, headers, body } = await (await openRaw(running.url + path, { method: 'GET' })).rest()
    const told = JSON.parse(body.toString() || '{}') as { text?: string; pid?: number }
    return { status, headers, ...told }
  }
  return {
    ...running,
    ask,
    async put(id, body) {
      const headers = { 'x-api-key': 'secret', 'content-type': 'application/json' }
      return (await fetch(`http://${admin}/apisix/admin/routes/${id}`, { method: 'PUT', headers, body: JSON.stringify(body) })).status
    },
    async fromAll(path, workers) {
      const said = new Map<number | undefined, string | undefined>()
      await eventually(`${workers} workers answer`, async () => {
        const { pid, text } = await ask(path)
        said.set(pid, text)
        return said.size === workers
      })
      return new Set(said.values())
    },
  }
}

describe.skipIf(!hasEtcd)(`the program on an etcd${etcdNeeded}`, () => {
  test('with several workers all of them serve what is in etcd, also what others write, and after a restart without it', async () => {
    const [etcd, folder] = [await startEtcd(), await temporaryFolder()]
    const first = await run(etcd, { workers: 2 }, folder)
    expect(await first.put('r', route('/r', 'first'))).toBe(201)
    expect(await first.fromAll('/r', 2)).toEqual(new Set(['first']))
    await etcd.put('/apisix/routes/r', route('/r', 'second'))
    await eventually('the other text serves', async () => (await first.ask('/r')).text === 'second')
    expect(await first.fromAll('/r', 2)).toEqual(new Set(['second']))
    first.program.signal('SIGTERM')
    expect(await first.program.exited).toEqual({ code: 0, signal: null })
    await etcd.kill()
    const second = await run(etcd, { workers: 2 }, folder)
    expect(await second.fromAll('/r', 2)).toEqual(new Set(['second']))
    expect(await second.put('r', route('/r', 'third'))).toBe(503)
  })

  test('without etcd and without anything that was served before, workers answer 503 until it is there', async () => {
    const [etcd, folder] = [await startEtcd(), await temporaryFolder()]
    await etcd.put('/apisix/routes/r', route('/r', 'here'))
    await etcd.kill()
    const { ask, program } = await run(etcd, { workers: 2 }, folder)
    expect((await ask('/r')).status).toBe(503)
    expect(program.stderr()).toContain('nothing was ever read of it')
    await etcd.restart()
    await eventually('it serves', async () => (await ask('/r')).text === 'here')
  })

  test('settings in the file go on applying, and resources cannot stand in it', async () => {
    const [etcd, folder] = [await startEtcd(), await temporaryFolder()]
    await etcd.put('/apisix/routes/r', route('/r', 'here'))
    const { ask, file, program } = await run(etcd, {}, folder)
    expect((await ask('/r')).headers['apisix-plugins']).toBeUndefined()
    await writeFile(file, JSON.stringify(configOf(etcd, { debug_headers: true })))
    await eventually('the setting applies', async () => (await ask('/r')).headers['apisix-plugins'] === 'say')
    expect((await ask('/r')).text).toBe('here')
    await writeFile(file, JSON.stringify({ ...configOf(etcd), routes: [{ id: 'own', ...route('/own', 'own') }] }))
    await program.says(/resources live there, and sluice config sync writes them/)
    expect((await ask('/r')).text).toBe('here')
  })

  test('validate looks at the file alone, and routes at what is in etcd', async () => {
    const [etcd, folder] = [await startEtcd(), await temporaryFolder()]
    await etcd.put('/apisix/routes/shown', { uri: '/shown', plugins: {} })
    const file = join(folder, 'gateway.yaml')
    await writeFile(file, `gateway:\n  store: { type: etcd, endpoints: ['${etcd.endpoint}'], cache: false }\n`)
    expect(await sluiceDone(['validate', '-c', file])).toMatchObject({ code: 0, stdout: expect.stringContaining(`is fit to serve: routes in etcd at ${etcd.endpoint}`) as string })
    expect(await sluiceDone(['routes', '-c', file])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/\/shown .*→ shown/) as string })
    await etcd.kill()
    expect(await sluiceDone(['routes', '-c', file])).toMatchObject({ code: 1, stderr: expect.stringContaining('etcd cannot be reached') as string })
    await writeFile(file, `${await readFile(file, 'utf8')}routes:\n  - { id: r, uri: /r, plugins: {} }\n`)
    const { code, stderr } = await sluiceDone(['validate', '-c', file])
    expect([code, stderr]).toEqual([1, expect.stringMatching(/gateway\.yaml:4:5 routes\[0\]: cannot stand here where gateway\.store\.type is etcd/)])
  })
})

test('what only etcd needs is asked for there, and refused elsewhere', async () => {
  const folder = await temporaryFolder()
  const problemsOf = async (store: object): Promise<string> => {
    const file = join(folder, 'gateway.json')
    await writeFile(file, JSON.stringify({ gateway: { store } }))
    return (await sluiceDone(['validate', '-c', file])).stderr
  }
  expect(await problemsOf({ type: 'etcd' })).toContain('gateway.store.endpoints: is required')
  const problems = await problemsOf({ type: 'etcd', endpoints: ['127.0.0.1:2379'], user: 'me', prefix: 'apisix', tls: { cert: 'x' } })
  for (const part of ['endpoints[0]: must be http://host:port', 'store.prefix: must be a path', 'store.password: is required where there is user', 'tls.key: is required where there is cert']) expect(problems).toContain(part)
  expect(await problemsOf({ type: 'memory', endpoints: ['http://127.0.0.1:2379'] })).toContain('store.endpoints: is for the type etcd; this one is memory')
})
