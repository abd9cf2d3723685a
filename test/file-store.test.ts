import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { eventually, runGateway, serving, sluice, temporaryFolder, type RunningGateway } from './support/program.ts'

// Each test runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const key = 'k1'

/** A configuration as people write it. */
const written = (workers: number): string => `# The gateway of the weather team.
gateway:
  listen: { host: 127.0.0.1, port: 0 }   # any port
  status: { listen: { port: 0 } }
  admin: { listen: { port: 0 }, key: ${key} }
  access_log: false
  workers: ${workers}

routes:
  # Kept as it is.
  - id: first
    uri: "/first"
    plugins: {}      # nothing yet

  - id: second # to be changed
    uri: /second   # its path
    methods: [GET]
    plugins: {}
`

interface Ran extends RunningGateway {
  admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>
}

async function ran(text: string): Promise<Ran> {
  const started = await runGateway(text)
  const [, address = ''] = await started.program.says(/the Admin API answers on (\S+)/)
  return {
    ...started,
    async admin(method, path, body) {
      const answer = await fetch(`http://${address}/apisix/admin${path}`, {
        method,
        headers: { 'x-api-key': key },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
    },
  }
}

const reach = async (url: string, path: string): Promise<number> => (await fetch(`${url}${path}`)).status

test.for([1, 2])('a change through the Admin API is written back to the file and changes nothing else of it (workers: %i)', async (workers) => {
  const text = written(workers)
  const { url, file, admin, program } = await ran(text)
  // No plugin answers: 502. Where no route matches: 404.
  expect(await reach(url, '/second')).toBe(502)
  expect((await admin('PUT', '/routes/second', { uri: '/other', methods: ['GET'], plugins: {} })).status).toBe(200)
  expect([await reach(url, '/second'), await reach(url, '/other')]).toEqual([404, 502])
  expect(await readFile(file, 'utf8')).toBe(text.replace('uri: /second   # its path', 'uri: /other   # its path'))

  expect((await admin('PUT', '/routes/third', { uri: '/third', plugins: {} })).status).toBe(201)
  expect(await reach(url, '/third')).toBe(502)
  expect((await admin('DELETE', '/routes/second')).status).toBe(200)
  const changed = await readFile(file, 'utf8')
  expect(changed).toContain('  # Kept as it is.\n  - id: first\n    uri: "/first"\n    plugins: {}      # nothing yet\n')
  expect(changed).not.toContain('second')
  expect(changed).toContain('/third')
  // What it writes itself is no news.
  expect(program.stderr()).not.toContain('the configuration has changed')
})

test('it serves the same after kill -9', async () => {
  const { url, file, admin, program } = await ran(written(1))
  expect((await admin('PUT', '/routes/third', { uri: '/third', plugins: {} })).status).toBe(201)
  expect(await reach(url, '/third')).toBe(502)
  program.signal('SIGKILL')
  await program.exited
  const again = await ran(await readFile(file, 'utf8'))
  expect(await reach(again.url, '/third')).toBe(502)
})

test('whatever was answered in a burst outlives kill -9, the file being so large that it is written less often than that', async () => {
  const routes = Array.from({ length: 3_000 }, (_, index) => `  - id: old-${index}\n    uri: /old/${index}\n    plugins: {}\n`).join('')
  const { file, admin, program } = await ran(written(1) + routes)
  let answered = 0
  while (answered < 60) expect((await admin('PUT', `/routes/new-${answered}`, { uri: `/new/${answered++}`, plugins: {} })).status).toBe(201)
  program.signal('SIGKILL')
  await program.exited
  const again = await serving(sluice(['start', '-c', file]))
  const { routes: kept } = parse(await readFile(file, 'utf8')) as { routes: { id: string }[] }
  expect(kept).toHaveLength(2 + 3_000 + answered)
  expect(await reach(again.url, `/new/${answered - 1}`)).toBe(502)
})

test('an edit of the file that was not read yet is not written over: 409, and nothing is lost', async () => {
  const { url, file, admin } = await ran(written(1))
  const edited = written(1).replace('uri: "/first"', 'uri: /by-hand')
  await writeFile(file, edited)
  const refused = await admin('PUT', '/routes/third', { uri: '/third', plugins: {} })
  expect(refused).toMatchObject({ status: 409, body: { error_msg: expect.stringContaining('changed') as string } })
  expect(await readFile(file, 'utf8')).toBe(edited)
  await eventually('the edit', async () => (await reach(url, '/by-hand')) === 502)
  expect((await admin('PUT', '/routes/third', { uri: '/third', plugins: {} })).status).toBe(201)
  const text = await readFile(file, 'utf8')
  expect(text).toContain('/by-hand')
  expect(text).toContain('/third')
})

test('an edit that is refused stays in the file, and writes are refused until it is repaired', async () => {
  const { url, file, admin, program } = await ran(written(1))
  await writeFile(file, written(1).replace('methods: [GET]', 'methods: [GTE]'))
  await program.says(/the changed configuration is refused/)
  expect((await admin('PUT', '/routes/third', { uri: '/third', plugins: {} })).status).toBe(409)
  await writeFile(file, written(1))
  await eventually('the repaired file', async () => (await admin('PUT', '/routes/third', { uri: '/third', plugins: {} })).status === 201)
  expect(await reach(url, '/third')).toBe(502)
})

test('writers at once lose nothing, in the store or in the file', async () => {
  const { url, file, admin } = await ran(written(1))
  const ids = Array.from({ length: 40 }, (_, index) => `r${index}`)
  const answers = await Promise.all(ids.map((id) => admin('PUT', `/routes/${id}`, { uri: `/${id}`, plugins: {} })))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
  const text = await readFile(file, 'utf8')
  for (const id of ids) expect(text).toContain(`id: ${id}\n`)
  await eventually('the last of them', async () => (await reach(url, '/r39')) === 502)
})

test('groups other than default live beside the file, and outlive the process', async () => {
  const { file, admin, program } = await ran(written(1))
  const refused = await admin('PUT', '/routes/x?gateway_group_id=staging', { uri: '/x', plugins: {} })
  expect(refused.status).toBe(404)
  const [, address = ''] = await program.says(/the Admin API answers on (\S+)/)
  const made = await fetch(`http://${address}/api/gateway_groups`, { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify({ id: 'staging', name: 'staging' }) })
  expect(made.status).toBe(200)
  expect((await admin('PUT', '/routes/x?gateway_group_id=staging', { uri: '/staging-x', plugins: {} })).status).toBe(200)
  expect(await readFile(`${file}.groups.json`, 'utf8')).toContain('/staging-x')
  expect(await readFile(file, 'utf8')).not.toContain('staging')
})

test('gateway.group serves another group than the file’s', async () => {
  const { url, admin } = await ran(written(1).replace('access_log: false', 'access_log: false\n  group: staging'))
  expect(await reach(url, '/first')).toBe(404)
  expect((await admin('PUT', '/routes/x?gateway_group_id=staging', { uri: '/staging-x', plugins: {} })).status).toBe(200)
  expect(await reach(url, '/staging-x')).toBe(502)
})

test('a store that is read-only changes nothing', async () => {
  const text = written(1).replace('access_log: false', 'access_log: false\n  store: { readonly: true }')
  const { file, admin } = await ran(text)
  expect((await admin('GET', '/routes/first')).status).toBe(200)
  expect((await admin('DELETE', '/routes/first')).status).toBe(403)
  expect(await readFile(file, 'utf8')).toBe(text)
})

test('two workers take a write all or none of them: one that cannot be set up changes neither them nor the file', async () => {
  const folder = await temporaryFolder()
  const plugin = join(folder, 'moody.mjs')
  await writeFile(plugin, `import { definePlugin } from '@sluice/kernel'
export default definePlugin({ name: 'moody', priority: 1, schema: { type: 'object' }, setup: ({ mood }) => { if (mood === 'bad') throw new Error('not in the mood'); return {} } })
`)
  const text = written(2).replace('access_log: false', `access_log: false\n  plugins: [${plugin}]`)
  const { url, file, admin } = await ran(text)
  const refused = await admin('PUT', '/routes/second', { uri: '/other', plugins: { moody: { mood: 'bad' } } })
  expect(refused).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('not in the mood') as string } })
  expect([await reach(url, '/second'), await reach(url, '/other')]).toEqual([502, 404])
  // What was written before it was known is as it was.
  expect(parse(await readFile(file, 'utf8'))).toEqual(parse(text))
  expect((await admin('PUT', '/routes/second', { uri: '/other', plugins: { moody: { mood: 'good' } } })).status).toBe(200)
  expect(await reach(url, '/other')).toBe(502)
})
