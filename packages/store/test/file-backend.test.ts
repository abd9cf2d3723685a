import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { silent } from '@sluice/kernel'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { parse } from 'yaml'
import { Draft, emptyState, FileBackend, recoverChanges, StaleFileError, Store, type FileBackendOptions } from '../src/index.ts'

// Thousands of entries, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const read = (file: string): string => readFileSync(file, 'utf8')
const journalOf = (file: string): string => join(dirname(file), `.${basename(file)}.sluice-journal`)
/** Paths by id. To parse these texts as YAML would take longer than all else. */
const routesIn = (text: string): Record<string, string> => Object.fromEntries([...text.matchAll(/- id: (\S+)\n +uri: (\S+)/g)].map(([, id = '', uri = '']) => [id, uri]))

/** Large enough that writing it takes longer than a change. */
const large = `# Routes of all teams.\nroutes:\n${Array.from({ length: 3_000 }, (_, index) => `  - id: old-${index}\n    uri: /old/${index} # as it always was\n`).join('')}`

interface Kept {
  readonly file: string
  readonly store: Store
  readonly backend: FileBackend
  put(id: string, uri?: string): Promise<unknown>
  remove(id: string): Promise<unknown>
}

async function kept(text = large, options: FileBackendOptions = {}): Promise<Kept> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-file-backend-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const file = join(dir, 'gateway.yaml')
  writeFileSync(file, text)
  const backend = await FileBackend.open(file, text, options)
  onTestFinished(() => backend.flush())
  const loaded = new Draft(emptyState, 1, 0)
  for (const [id, uri] of Object.entries(routesIn(text))) loaded.put('routes', id, { id, uri })
  const state = loaded.finish()
  const group = { id: 'default', name: 'default', createdAt: 0, updatedAt: 0 }
  const judge = { check: async () => [], serve: async () => {} }
  const store = new Store({ backend, judge, log: silent, groups: new Map([['default', { group, state }]]) })
  return {
    file,
    store,
    backend,
    put: (id, uri = `/${id}`) => store.change('default', (draft) => draft.put('routes', id, { id, uri })),
    remove: (id) => store.change('default', (draft) => draft.delete('routes', id)),
  }
}

/** Changes one after another until one of them waits to be written; gives the ids of all. */
async function untilOneWaits({ backend, put }: Kept, name: string): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < 2 || backend.unwritten.length === 0) {
    const id = `${name}-${ids.length}`
    await put(id)
    ids.push(id)
  }
  return ids
}

/** What is on the disk this very moment, as the process that comes after a kill finds it. */
function asLeftBy({ file }: Kept): string {
  const left = join(mkdtempSync(join(tmpdir(), 'sluice-file-backend-')), basename(file))
  onTestFinished(() => rm(dirname(left), { recursive: true, force: true }))
  for (const path of [journalOf, String]) copyFileSync(path(file), path(left))
  return left
}

const eventually = (holds: () => boolean): Promise<unknown> => vi.waitUntil(holds, { timeout: 15_000, interval: 5 })

test('a burst of changes of a large file is in it a moment later, all of it, and nothing is left beside it', async () => {
  const config = await kept()
  const ids = await untilOneWaits(config, 'new')
  await config.put('old-7', '/changed')
  await config.remove('old-8')
  await eventually(() => config.backend.unwritten.length === 0)
  const text = read(config.file)
  expect(text).toContain('# Routes of all teams.')
  expect(text).toContain('  - id: old-7\n    uri: /changed # as it always was\n')
  const routes = routesIn(text)
  expect((parse(text) as { routes: unknown }).routes).toEqual(Object.entries(routes).map(([id, uri]) => ({ id, uri })))
  for (const id of ids) expect(routes[id]).toBe(`/${id}`)
  expect(routes['old-8']).toBeUndefined()
  expect(Object.keys(routes)).toHaveLength(3_000 + ids.length - 1)
  await config.backend.flush()
  expect(readdirSync(dirname(config.file))).toEqual(['gateway.yaml'])
})

test('a single change is in the file when it is answered, and so are all of a small one', async () => {
  const config = await kept()
  await config.put('one')
  expect(routesIn(read(config.file))['one']).toBe('/one')
  const small = await kept('routes:\n  - id: a\n    uri: /a\n')
  for (let index = 0; index < 20; index++) {
    await small.put(`r${index}`)
    expect(routesIn(read(small.file))[`r${index}`]).toBe(`/r${index}`)
  }
})

test('what a process that is killed had accepted is in the file at the next start', async () => {
  const config = await kept()
  const ids = await untilOneWaits(config, 'new')
  const changes = config.backend.unwritten.length
  const left = asLeftBy(config)
  const recovered = await recoverChanges(left, read(left))
  expect(recovered.changes).toBe(changes)
  expect(recovered.text).toBe(read(left))
  for (const id of ids) expect(routesIn(recovered.text)[id]).toBe(`/${id}`)
  expect(existsSync(journalOf(left))).toBe(false)
  expect(await recoverChanges(left, recovered.text)).toEqual({ text: recovered.text, changes: 0 })
})

test('what was recovered twice, or was in the file already, is there once', async () => {
  const config = await kept('routes:\n  - id: a\n    uri: /a\n')
  writeFileSync(journalOf(config.file), '[{"kind":"routes","id":"a","value":{"id":"a","uri":"/b"}}]\n[{"kind":"routes","id":"gone"}]\n')
  await recoverChanges(config.file, read(config.file))
  expect(read(config.file)).toBe('routes:\n  - id: a\n    uri: /b\n')
  writeFileSync(journalOf(config.file), '[{"kind":"routes","id":"a","value":{"id":"a","uri":"/b"}}]\n')
  expect(await recoverChanges(config.file, read(config.file))).toEqual({ text: read(config.file), changes: 1 })
})

test('the last line of a journal, cut short, was never accepted; any other that cannot be read is told with its place and without what it holds', async () => {
  const { file } = await kept('routes:\n  - id: a\n    uri: /a\n')
  const line = '[{"kind":"routes","id":"b","value":{"id":"b","uri":"/b"}}]\n'
  writeFileSync(journalOf(file), `${line}[{"kind":"routes","id":"c","va`)
  const { text, changes } = await recoverChanges(file, read(file))
  expect(changes).toBe(1)
  expect(routesIn(text)).toEqual({ a: '/a', b: '/b' })
  writeFileSync(journalOf(file), `${line}sk-secret\n${line}`)
  const failure = await recoverChanges(file, read(file)).catch((error: unknown) => String(error))
  expect(failure).toContain('.gateway.yaml.sluice-journal, line 2, holds no changes')
  expect(failure).not.toContain('sk-secret')
  expect(read(file)).toBe(text)
})

test('the journal is for the eyes of the gateway alone: it may hold secrets', async () => {
  const config = await kept()
  await untilOneWaits(config, 'new')
  expect(statSync(journalOf(config.file)).mode & 0o777).toBe(0o600)
})

test('an edit that comes between is not written over, changes are refused until it is accepted, and then both are in the file', async () => {
  const config = await kept()
  const { file, backend, put } = config
  const ids = await untilOneWaits(config, 'new')
  const theirs = read(file).replace('/old/3 #', '/by-hand #')
  writeFileSync(file, theirs)
  await expect(put('late')).rejects.toThrow(StaleFileError)
  expect(read(file)).toBe(theirs)
  expect(backend.unwritten.length).toBeGreaterThan(0)
  backend.accept(theirs)
  await eventually(() => backend.unwritten.length === 0)
  const routes = routesIn(read(file))
  expect(routes['old-3']).toBe('/by-hand')
  for (const id of ids) expect(routes[id]).toBe(`/${id}`)
  expect(existsSync(journalOf(file))).toBe(false)
})

test('what does not go with an edit is forgotten when it is said so', async () => {
  const config = await kept()
  const { file, backend } = config
  await untilOneWaits(config, 'new')
  const [last] = backend.unwritten
  const theirs = read(file).replace('/old/3 #', '/by-hand #')
  writeFileSync(file, theirs)
  backend.accept(theirs, { forget: true })
  expect(existsSync(journalOf(file))).toBe(false)
  await config.put('later')
  expect(routesIn(read(file))).toMatchObject({ 'old-3': '/by-hand', later: '/later' })
  expect(last && routesIn(read(file))[last.id]).toBeUndefined()
})

test('a write that fails after all is told, and tried again', async () => {
  const errors: Error[] = []
  const config = await kept(large, { onError: (error) => errors.push(error) })
  const ids = await untilOneWaits(config, 'new')
  const { file, backend } = config
  renameSync(file, `${file}.away`)
  mkdirSync(file)
  await eventually(() => errors.length > 0)
  expect(backend.unwritten.length).toBeGreaterThan(0)
  rmdirSync(file)
  renameSync(`${file}.away`, file)
  await eventually(() => backend.unwritten.length === 0)
  for (const id of ids) expect(routesIn(read(file))[id]).toBe(`/${id}`)
})
