import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readJson, root, workspacePackages, type Package } from './support/workspace.ts'

const packages = workspacePackages()
const scope = '@sluice/'

/** The table "Packages" of the design: which of ours, and which of others, a package may import. What those import comes with them. */
const arrows: Readonly<Record<string, { ours: readonly string[]; others?: readonly string[] }>> = {
  kernel: { ours: ['expr', 'json-edit'], others: ['ajv', 'eventemitter3', '@sinclair/typebox'] },
  expr: { ours: [], others: ['re2js', 'json-p3'] },
  router: { ours: ['expr'] },
  config: { ours: ['kernel', 'router', 'expr'], others: ['yaml'] },
  store: { ours: ['config'], others: ['yaml'] },
  'store-etcd': { ours: ['config', 'store'], others: ['undici'] },
  admin: { ours: ['store', 'config', 'kernel', 'expr'], others: ['koa', '@koa/router', 'rfc6902', 'yaml'] },
  cli: { ours: ['config', 'kernel'], others: ['commander', 'undici', 'yaml'] },
  'json-edit': { ours: [] },
  provider: { ours: [] },
  dialects: { ours: ['provider'] },
  'ai-core': { ours: ['kernel', 'provider', 'dialects', 'json-edit'], others: ['gpt-tokenizer'] },
  'ai-proxy': { ours: ['ai-core', 'cloud-auth', 'upstream'], others: ['undici'] },
  'cloud-auth': { ours: [], others: ['undici', 'jose'] },
  auth: { ours: ['kernel'] },
  'key-auth': { ours: ['auth'] },
  'basic-auth': { ours: ['auth'] },
  'jwt-auth': { ours: ['auth'], others: ['jose'] },
  'consumer-restriction': { ours: ['kernel'] },
  'prompt-template': { ours: ['ai-core'] },
  'prompt-decorator': { ours: ['ai-core'] },
  'request-id': { ours: ['kernel'] },
  'ip-restriction': { ours: ['kernel', 'expr'] },
  cors: { ours: ['kernel', 'expr'] },
  'limit-count': { ours: ['kernel', 'expr'] },
  rewrite: { ours: ['kernel', 'expr'] },
  'proxy-rewrite': { ours: ['kernel', 'expr', 'router', 'rewrite'] },
  'response-rewrite': { ours: ['kernel', 'expr', 'rewrite'] },
  'http-proxy': { ours: ['upstream'], others: ['undici'] },
  upstream: { ours: ['kernel'], others: ['undici'] },
  'access-log': { ours: ['kernel', 'expr'] },
  'mock-llm': { ours: ['provider'], others: ['commander'] },
  testkit: { ours: ['kernel', 'ai-core', 'provider'] },
}

const isProvider = ({ dir }: Package): boolean => dir.startsWith('provider-')
const ours = (names: readonly string[]): readonly string[] =>
  names.filter((name) => name.startsWith(scope)).map((name) => name.slice(scope.length))
const others = (names: readonly string[]): readonly string[] =>
  names.filter((name) => !name.startsWith(scope) && !name.startsWith('node:'))
const importsOf = ({ sources }: Package): readonly string[] =>
  [...new Set(sources.flatMap(({ imports }) => imports))].toSorted()

/** What `dir` may import of ours: what its row names, and what theirs name. */
function reachable(dir: string): ReadonlySet<string> {
  const seen = new Set<string>()
  const visit = (name: string): void => {
    for (const next of arrows[name]?.ours ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      visit(next)
    }
  }
  visit(dir)
  return seen
}

describe('the arrows', () => {
  const inTable = packages.filter((one) => one.dir !== 'gateway' && !isProvider(one))

  test.for(inTable)('$dir depends on what the design allows it', (one) => {
    const row = arrows[one.dir]
    expect(row, `packages/${one.dir} is not in the table of this test`).toBeDefined()
    const allowed = reachable(one.dir)
    expect(ours(one.dependencies).filter((name) => !allowed.has(name))).toEqual([])
    expect(others(one.dependencies).filter((name) => !row?.others?.includes(name))).toEqual([])
  })

  test('the table names packages that exist, and none points at itself over others', () => {
    const dirs = packages.map(({ dir }) => dir)
    expect(Object.keys(arrows).filter((dir) => !dirs.includes(dir))).toEqual([])
    expect(Object.keys(arrows).filter((dir) => reachable(dir).has(dir))).toEqual([])
  })

  test.for(packages)('$dir references exactly what it depends on', ({ dependencies, references }) => {
    expect(references.toSorted()).toEqual(
      ours(dependencies)
        .map((name) => `../${name}`)
        .toSorted(),
    )
  })

  test.for(packages)('the sources of $dir import exactly what it declares', (one) => {
    const imported = importsOf(one).filter((name) => !name.startsWith('node:'))
    expect(imported).toEqual(one.dependencies)
  })

  test('the kernel depends on its two leaves alone of ours', () => {
    const kernel = packages.find(({ dir }) => dir === 'kernel')!
    expect(ours(kernel.dependencies)).toEqual(['expr', 'json-edit'])
  })

  test.for(packages.filter(isProvider))('$dir imports the contract alone', (one) => {
    expect(one.dependencies).toEqual(['@sluice/provider'])
    expect(importsOf(one)).toEqual(['@sluice/provider'])
  })

  test.for([
    { name: 'koa', may: ['admin', 'gateway'] },
    { name: '@koa/router', may: ['admin', 'gateway'] },
    { name: 'undici', may: ['ai-proxy', 'cli', 'cloud-auth', 'http-proxy', 'store-etcd', 'upstream'] },
  ])('$name is imported by those alone whose trade it is', ({ name, may }) => {
    expect(packages.filter((one) => importsOf(one).includes(name)).map(({ dir }) => dir)).toEqual(may)
  })

  test.for([
    { name: 'node:http', may: ['gateway', 'mock-llm'] },
    { name: 'node:https', may: ['gateway'] },
    { name: 'node:http2', may: [] },
    { name: 'node:tls', may: ['gateway'] },
  ])('$name is used by those who serve, types aside', ({ name, may }) => {
    const values = new RegExp(`^import (?!type\\b)[^'"]*from '${name}'`, 'm')
    const users = packages.filter(({ sources }) => sources.some(({ text }) => values.test(text)))
    expect(users.map(({ dir }) => dir)).toEqual(may)
  })
})

describe('the repository', () => {
  test('the top level holds what it must and nothing else', () => {
    const ignored = readFileSync(join(root, '.gitignore'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replace(/\/$/, ''))
    const entries = readdirSync(root).filter((name) => !name.startsWith('.') && !ignored.includes(name))
    expect(entries.toSorted()).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'examples',
        'package.json',
        'packages',
        'pnpm-lock.yaml',
        'pnpm-workspace.yaml',
        'test',
        'tsconfig.json',
      ].toSorted(),
    )
    expect(existsSync(join(root, '.ci/run'))).toBe(true)
  })

  test.for(['tsconfig.json', 'test/tsconfig.json'])('%s references every package', (file) => {
    const { references } = readJson<{ references: { path: string }[] }>(file)
    const named = references
      .map(({ path }) => path)
      .filter((path) => path.includes('packages/'))
      .map((path) => basename(path))
    expect(named.toSorted()).toEqual(packages.map(({ dir }) => dir))
  })
})

test('tests can import every package', () => {
  const { dependencies } = readJson<{ dependencies: Record<string, string> }>('test/package.json')
  expect(ours(Object.keys(dependencies)).toSorted()).toEqual(packages.map(({ dir }) => dir))
})

describe('every package', () => {
  test.for(packages)('$dir has a README of a page', ({ dir }) => {
    const text = readFileSync(join(root, 'packages', dir, 'README.md'), 'utf8')
    expect(text).toMatch(new RegExp(`^# @sluice/${dir}\n`))
    expect(text.split('\n').length).toBeLessThanOrEqual(61)
  })

  test.for(packages)('$dir can be published: sources here, dist when packed', ({ dir, manifest }) => {
    expect(manifest).toMatchObject({
      name: `${scope}${dir}`,
      version: packages[0]!.manifest.version,
      type: 'module',
      license: 'Apache-2.0',
      description: expect.stringMatching(/\.$/) as string,
      exports: './src/index.ts',
      files: expect.arrayContaining(['dist', 'src', '!**/.tsbuildinfo']) as string[],
      engines: { node: '>=22.19' },
      publishConfig: { exports: { types: './dist/index.d.ts', default: './dist/index.js' } },
    })
    const packed = Object.entries(manifest.bin ?? {}).map(([name, path]) => [
      name,
      path.replace('./src/', './dist/').replace(/\.ts$/, '.js'),
    ])
    expect(manifest.publishConfig?.bin ?? {}).toEqual(Object.fromEntries(packed))
  })

  test.for(packages)('$dir pins what comes from others', ({ manifest }) => {
    const loose = Object.entries(manifest.dependencies ?? {}).filter(([name, range]) =>
      name.startsWith(scope) ? range !== 'workspace:^' : !/^\d+\.\d+\.\d+$/.test(range),
    )
    expect(loose).toEqual([])
  })

  test('two packages that use one library use one version of it', () => {
    const versions = new Map<string, Set<string>>()
    for (const { manifest } of packages) {
      for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
        versions.set(name, (versions.get(name) ?? new Set()).add(range))
      }
    }
    expect([...versions].filter(([, ranges]) => ranges.size > 1).map(([name]) => name)).toEqual([])
  })
})

describe('sources', () => {
  const sources = packages.flatMap((one) => one.sources)
  const offenders = (isWrong: (text: string, path: string) => boolean): readonly string[] =>
    sources.filter(({ text, path }) => isWrong(text, path)).map(({ path }) => path)

  test('stay below 300 lines each', () => {
    expect(offenders((text) => text.split('\n').length > 301)).toEqual([])
  })

  test('have no `export *` and no default exports', () => {
    expect(
      offenders((text) => /^export\s+(?:\*|default\b)/m.test(text) || /\bas default\b/.test(text)),
    ).toEqual([])
  })

  test('index.ts names what it exports and does nothing else', () => {
    const reexport = /^export (?:type )?\{[^}]*\} from '[^']+'\n/gm
    const comment = /^(?:\/\*\*[\s\S]*?\*\/|\/\/.*)\n/gm
    expect(
      offenders(
        (text, path) =>
          path.endsWith('/src/index.ts') && text.replace(comment, '').replace(reexport, '').trim() !== '',
      ),
    ).toEqual([])
  })

  test('have names that say what is in them', () => {
    const empty = /^(?:utils?|helpers?|types?|shared|common|constants?|misc)\.ts$/
    expect(offenders((_, path) => empty.test(basename(path)))).toEqual([])
  })

  test('read the environment in the entry points alone', () => {
    expect(offenders((text, path) => !/(?:^|-)main\.ts$/.test(basename(path)) && text.includes('process.env'))).toEqual(
      [],
    )
  })
})
