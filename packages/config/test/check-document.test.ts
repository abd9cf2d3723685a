import { formatPath } from '@sluice/kernel'
import { describe, expect, test } from 'vitest'
import { checkDocument, checkEntry, type Checked, type Document, type Kind } from '../src/index.ts'
import { envOf, kernelOf, upstream } from './fixture.ts'

type Entries = Partial<Record<Kind, Record<string, unknown>>>

function documentOf(entries: Entries, forced: string[] = []): Document {
  return { settings: undefined, entries: (kind) => Object.entries(entries[kind] ?? {}), forced: new Set(forced) }
}

const kernel = kernelOf()
const check = (entries: Entries, before?: Checked, forced?: string[]): Promise<Checked> =>
  checkDocument(documentOf(entries, forced), { kernel, env: envOf(), memo: before?.memo })

const routeOf = ({ resolved }: Checked, id: string) => resolved?.routes.find(({ info }) => info.id === id)
const shown = ({ issues }: Pick<Checked, 'issues'>): string[] => issues.map(({ path, message }) => `${formatPath(path)}: ${message}`)

const tagged = (value: string): object => ({ tag: { value } })

const tally = (most?: number, group = 'team'): object => ({ tally: { group, ...(most !== undefined && { most }) } })

describe('checkDocument', () => {
  test('checks only what has changed, and what is made of it', async () => {
    const services = { s: { plugins: tagged('s') }, other: { plugins: tagged('o') } }
    const routes = { a: { uri: '/a', service_id: 's' }, b: { uri: '/b', service_id: 'other' }, c: { uri: '/c', plugins: tagged('c') } }
    const first = await check({ services, routes })
    const second = await check({ services: { ...services, s: { plugins: tagged('t') } }, routes: { ...routes, c: { uri: '/c', plugins: tagged('d') } } }, first)
    expect(routeOf(second, 'b')).toBe(routeOf(first, 'b'))
    expect(routeOf(second, 'a')?.plugins[0]?.config).toMatchObject({ value: 't' })
    expect(routeOf(second, 'c')?.plugins[0]?.config).toMatchObject({ value: 'd' })
  })

  test('checks everything again where metadata of a plugin has changed', async () => {
    const routes = { a: { uri: '/a', plugins: tagged('a') } }
    const first = await check({ routes })
    const second = await check({ routes, plugin_metadata: { fragile: { limit: 1 } } }, first)
    expect(second.issues).toEqual([])
    expect(routeOf(second, 'a')).not.toBe(routeOf(first, 'a'))
  })

  test('wants those who share a count to have the same settings, wherever they stand', async () => {
    const routes = {
      a: { uri: '/a', plugins: tally(2) },
      b: { uri: '/b', plugins: tally(2) },
      c: { uri: '/c', service_id: 's' },
      d: { uri: '/d', service_id: 's' },
      e: { uri: '/e', plugins: tally(9, 'another team') },
      f: { uri: '/f', plugins: { tally: { group: 'team', most: 4, _meta: { disable: true } } } },
      g: { uri: '/g', plugins: { tally: { most: 5 } } },
    }
    const entries = { routes, services: { s: { plugins: tally(2) } } }
    const fit = await check(entries)
    expect(fit.issues).toEqual([])
    const unfit = await check({ ...entries, services: { s: { plugins: tally() } }, consumers: { jack: { username: 'jack', plugins: tally(3) } } }, fit)
    const why = 'shares "team" with route [a], which has other settings; they must be the same'
    expect(shown(unfit)).toEqual([`services.s.plugins.tally: ${why}`, `consumers.jack.plugins.tally: ${why}`])
  })

  test('finds what a change leaves behind: a route whose service is gone', async () => {
    const routes = { a: { uri: '/a', service_id: 's' } }
    const first = await check({ services: { s: {} }, routes })
    expect(shown(await check({ routes }, first))).toEqual(['routes.a.service_id: refers to service [s], which does not exist'])
  })

  test('has a route say what it lacks where that was taken away by force', async () => {
    const checked = await check({ routes: { a: { uri: '/a', service_id: 's' } } }, undefined, ['services/s'])
    expect(routeOf(checked, 'a')?.missing).toBe('service [s]')
  })

  test('puts the prefix of a service before the paths of its routes', async () => {
    const checked = await check({ services: { s: { path_prefix: '/v2/' } }, routes: { a: { paths: ['/a', '/b'], service_id: 's', upstream } } })
    expect(routeOf(checked, 'a')?.uris).toEqual(['/v2/a', '/v2/b'])
  })

  test('takes a prefix off where there is none to take off, and nowhere else', async () => {
    expect(shown(await check({ services: { s: { path_prefix: '/', strip_path_prefix: true } } }))).toEqual([])
    expect(shown(await check({ services: { s: { path_prefix: '/v2', strip_path_prefix: true } } }))).toEqual(['services.s.strip_path_prefix: is not supported yet beside a path_prefix'])
  })

  test('takes an upstream that names nothing but itself for none', async () => {
    const checked = await check({ upstreams: { u: { id: 'u' } }, services: { s: { upstream_id: 'u' } }, routes: { a: { uri: '/a', service_id: 's' } } })
    expect(checked.issues).toEqual([])
    expect(routeOf(checked, 'a')?.plugins).toEqual([])
  })

  test('checks what is kept for tools alone', async () => {
    const bad = { ssls: { s: { cert: 'x' } }, secrets: { 'vault/1': { token: 1 } }, protos: { p: {} }, stream_routes: { t: { server_port: 0 } } }
    expect(shown(await check(bad))).toEqual([
      'ssls.s.key: is required',
      'secrets.vault/1.token: must be string',
      'protos.p.content: is required',
      'stream_routes.t.server_port: must be >= 1',
    ])
    expect((await check({ ssls: { s: { cert: 'x', key: 'y', snis: ['a.example'] } } })).issues).toEqual([])
  })
})

test('checkEntry finds what is wrong with a resource itself, and looks at nothing that it refers to', () => {
  const issues = checkEntry('routes', 'a', { uri: '/a', service_id: 'nowhere', plugins: { tag: {} }, vars: ['x'] }, { kernel, env: envOf() })
  expect(shown({ issues })).toEqual([
    'routes.a.plugins.tag.value: is required',
    expect.stringMatching(/^routes\.a\.vars.*: failed to validate the 'vars' expression/),
  ])
})
