import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { A7Client } from '../../../test/support/a7-client.ts'
import { temporaryFolder } from '../../../test/support/program.ts'
import { addContextCommands, Cli, type Surroundings } from '../src/index.ts'
import { recordAdmin, type Answer } from './support/admin-recorder.ts'
import { runCommand, type Done, type Shell } from './support/in-process.ts'

const token = 'a-token-of-this-test'
const groups = (): Answer => ({ body: { value: { id: 'default', name: 'default' }, list: [], total: 0 } })

function createCli(surroundings: Surroundings): Cli {
  const cli = new Cli({ surroundings, version: '1.2.3' })
  addContextCommands(cli)
  return cli
}

interface Contexts {
  readonly folder: string
  run(line: string, shell?: Shell): Promise<Done>
  file(): Promise<string>
}

async function contexts(): Promise<Contexts> {
  const folder = join(await temporaryFolder(), 'config')
  return {
    folder,
    run: (line, shell = {}) => runCommand(createCli, ['context', ...line.split(' ')], { ...shell, env: { SLUICE_CONFIG_DIR: folder, ...shell.env } }),
    file: () => readFile(join(folder, 'config.yaml'), 'utf8'),
  }
}

test('a context is made once the gateway has answered what a7 asks it', async () => {
  const [ours, theirs] = [await recordAdmin(groups), await recordAdmin(groups)]
  await new A7Client({ server: theirs.url, token, group: 'default' }).contextCreate()
  const { run, file, folder } = await contexts()
  const made = await run(`create local -s ${ours.url}/ -t ${token} -g default --tls-skip-verify`)
  expect(made).toEqual({ code: 0, stdout: 'created context local, which is the current one now\n', stderr: '' })
  expect(ours.lines()).toEqual(theirs.lines())
  expect(await file()).toBe(`current-context: local\ncontexts:\n  - name: local\n    server: ${ours.url}/\n    token: ${token}\n    gateway-group: default\n    tls-skip-verify: true\n`)
  expect([(await stat(folder)).mode & 0o777, (await stat(join(folder, 'config.yaml'))).mode & 0o777]).toEqual([0o700, 0o600])
})

describe('a context that does not work is not made', () => {
  const missing: Answer = { status: 404, body: { error_msg: 'resource not found' } }
  const cases = [
    { what: 'the token is not taken', answer: (): Answer => ({ status: 401, body: { error_msg: 'failed to check token' } }), says: /does not take the token of context "local": failed to check token\n/ },
    { what: 'the group is not there', answer: ({ line }: { line: string }): Answer => (line.includes('page_size') ? groups() : missing), says: /^sluice: gateway group "default" does not exist on http/ },
  ]

  test.for(cases)('because $what, unless it is not to be asked', async ({ answer, says }) => {
    const { url, requests } = await recordAdmin(answer)
    const { run, file } = await contexts()
    const create = `create local -s ${url} -t ${token} -g default`
    const refused = await run(create)
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([1, '', expect.stringMatching(says)])
    expect(refused.stderr).not.toContain(token)
    await expect(file()).rejects.toThrow('ENOENT')
    const asked = requests.length
    expect((await run(`${create} --skip-validation`)).code).toBe(0)
    expect([requests.length, (await file()).includes(url)]).toEqual([asked, true])
  })
})

test('a context for APISIX, which knows no groups, is made when its routes can be listed', async () => {
  const { url } = await recordAdmin(({ line }) => (line.includes('/apisix/admin/routes') ? { body: { list: [], total: 0 } } : { status: 404, body: { error_msg: '404 Route Not Found' } }))
  expect((await (await contexts()).run(`create apisix -s ${url} -t ${token}`)).code).toBe(0)
})

test('contexts are switched, listed without their tokens, and forgotten', async () => {
  const { run, file } = await contexts()
  expect((await run('list')).stderr).toMatch(/^There are no contexts; /)
  expect((await run('current')).stderr).toMatch(/^sluice: no context is the current one\n/)
  for (const name of ['a', 'b', 'c']) await run(`create ${name} -s http://${name}.example:9180 -t ${token}-${name} --skip-validation`)
  expect((await run('use b')).stdout).toBe('context b is the current one now\n')
  expect((await run('current')).stdout).toBe('b\n')
  const table = await run('list')
  expect(table.stdout).toBe('NAME  SERVER\na     http://a.example:9180\nb *   http://b.example:9180\nc     http://c.example:9180\n')
  const shown = await Promise.all(['json', 'yaml'].map((format) => run(`list -o ${format}`)))
  expect(JSON.parse(shown[0]!.stdout)).toContainEqual({ name: 'b', server: 'http://b.example:9180', current: true })
  expect(shown.map(({ stdout }) => stdout).join('')).not.toContain(token)
  const deleted = await run('delete b')
  expect([deleted.stdout, deleted.stderr]).toEqual(['deleted context b\n', 'No context is the current one now; sluice context use <name> makes one that.\n'])
  expect([(await file()).includes(`${token}-b`), (await run('current')).code]).toEqual([false, 1])
})

test('a name is taken once, and names that there are not are told', async () => {
  const { run, file } = await contexts()
  await run(`create a -s http://127.0.0.1:1 -t ${token} --skip-validation`)
  const before = await file()
  expect((await run(`create a -s http://127.0.0.1:2 -t other --skip-validation`)).stderr).toBe('sluice: there is a context "a" already\n  Take it away first: sluice context delete a\n')
  for (const verb of ['use', 'delete']) expect(await run(`${verb} z`)).toMatchObject({ code: 1, stderr: 'sluice: there is no context "z"\n  sluice context list tells which there are.\n' })
  expect(await file()).toBe(before)
})

test('--use makes a later one the current one; server, token and group may come from the environment', async () => {
  const { run, file } = await contexts()
  await run(`create a -s http://127.0.0.1:1 -t ${token} --skip-validation`)
  expect((await run('create b --use --skip-validation', { env: { SLUICE_SERVER: 'http://127.0.0.1:2', SLUICE_TOKEN: '$env://KEY', SLUICE_GATEWAY_GROUP: 'g' } })).stdout).toBe('created context b, which is the current one now\n')
  expect(await file()).toContain('  - name: b\n    server: http://127.0.0.1:2\n    token: $env://KEY\n    gateway-group: g\n')
})

describe('whoever sits at a terminal is asked before something is deleted', () => {
  test.for([
    { answer: 'y\n', code: 0, isGone: true },
    { answer: 'YES\n', code: 0, isGone: true },
    { answer: 'n\n', code: 1, isGone: false },
    { answer: '\n', code: 1, isGone: false },
    { answer: '', code: 1, isGone: false },
  ])('and it is done after $answer: $isGone', async ({ answer, code, isGone }) => {
    const { run, file } = await contexts()
    await run(`create a -s http://127.0.0.1:1 -t ${token} --skip-validation`)
    const done = await run('delete a', { stdin: answer, columns: 80 })
    expect([done.code, done.stderr, (await file()).includes('name: a')]).toEqual([code, `Delete context a? [y/N] ${isGone ? '' : 'sluice: nothing was done\n'}`, !isGone])
  })

  test('unless --force says not to', async () => {
    const { run } = await contexts()
    await run(`create a -s http://127.0.0.1:1 -t ${token} --skip-validation`)
    expect(await run('delete a --force', { columns: 80 })).toEqual({ code: 0, stdout: 'deleted context a\n', stderr: '' })
  })
})

test('a file that others could read is closed to them when it is written', async () => {
  const { run, folder } = await contexts()
  await run(`create a -s http://127.0.0.1:1 -t ${token} --skip-validation`)
  await writeFile(join(folder, 'config.yaml'), 'contexts: []\n', { mode: 0o644 })
  await run(`create b -s http://127.0.0.1:1 -t ${token} --skip-validation`)
  expect((await stat(join(folder, 'config.yaml'))).mode & 0o777).toBe(0o600)
})
