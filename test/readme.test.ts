import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { startMockLlm } from '@sluice/mock-llm'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { parse } from 'yaml'
import { contentOf } from './support/chat.ts'
import { blocksOf, linksOf } from './support/markdown.ts'
import { anyPorts, runGateway, sluiceDone, temporaryFolder } from './support/program.ts'
import { root, workspacePackages } from './support/workspace.ts'

// Each test runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const run = promisify(execFile)
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8')
const readmes = ['README.md', ...workspacePackages().map(({ dir }) => `packages/${dir}/README.md`)].filter(
  (file) => existsSync(join(root, file)),
)

test('the README shows a plugin as it stands in the examples', async () => {
  const example = await read('examples/plugins/token-budget.ts')
  expect(blocksOf('README.md', 'ts')).toEqual([example.slice(example.indexOf('\n') + 1)])
  expect(example.split('\n').length).toBeLessThanOrEqual(28)
})

test('the README shows configurations that are fit to serve', async () => {
  const { services } = parse(await read('examples/composing.yaml')) as { services: unknown }
  const folder = await temporaryFolder()
  const files = await Promise.all(
    blocksOf('README.md', 'yaml').map(async (block, index) => {
      const config = parse(block) as { gateway?: { plugins?: string[] } }
      if (config.gateway?.plugins)
        config.gateway.plugins = config.gateway.plugins.map((entry) => resolve(root, 'examples', entry))
      await writeFile(join(folder, `${index}.yaml`), JSON.stringify({ ...('routes' in config && { services }), ...config }))
      return join(folder, `${index}.yaml`)
    }),
  )
  expect(files.length).toBeGreaterThan(0)
  const done = await Promise.all(
    files.map((file) =>
      sluiceDone(['validate', '-c', file], { env: { OPENAI_AUTHORIZATION: 'Bearer made-up' } }),
    ),
  )
  expect(done.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    files.map(() => ({ code: 0, stderr: '' })),
  )
})

test('the README loads its plugin as the example does', async () => {
  const [, entry = ''] = /plugins: \[(\S+)\]/.exec(blocksOf('README.md', 'yaml').join('\n')) ?? []
  expect(await read('examples/plugins.yaml')).toContain(`- ${entry}\n`)
  expect(existsSync(join(root, 'examples', entry))).toBe(true)
})

test("the README's requests are answered by what npm start runs, whole and as a stream", async ({ skip }) => {
  const hasCurl = await run('curl', ['--version']).then(
    () => true,
    () => false,
  )
  skip(!hasCurl, 'curl is not installed')
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const text = (await read('examples/quickstart.yaml')).replaceAll('127.0.0.1:9100', `127.0.0.1:${mock.port}`)
  const { url } = await runGateway({ ...(parse(text) as object), gateway: anyPorts })

  const commands = blocksOf('README.md', 'sh').filter((block) => block.startsWith('curl ') && block.includes(':9080/'))
  expect(commands).toHaveLength(2)
  const answers = await Promise.all(
    commands.map(
      async (command) => (await run('sh', ['-c', command.replaceAll('http://127.0.0.1:9080', url)])).stdout,
    ),
  )
  expect(answers.map((answer) => answer.startsWith('data: '))).toEqual([false, true])
  expect(answers.map((answer) => contentOf({ text: answer }))).toEqual([
    expect.stringContaining('What is 1+1?'),
    expect.stringContaining('What is 1+1?'),
  ])
})

test('the README names scripts that exist', async () => {
  const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> }
  const named = Array.from(
    (await read('README.md')).matchAll(/\bnpm (?:run )?(start|test|bench|check|build|reference)\b/g),
    ([, name = '']) => name,
  )
  expect(named.filter((name) => !(name in scripts))).toEqual([])
  expect(named).toEqual(expect.arrayContaining(['start', 'test']))
})

test.for(readmes)('%s links to what exists', async (file) => {
  const missing = linksOf(file).filter((target) => {
    const [path = '', fragment] = target.split('#')
    const place = path === '' ? join(root, file) : resolve(root, dirname(file), path)
    return !existsSync(place) || (path === '' && fragment === '')
  })
  expect(missing).toEqual([])
})

test('TypeScript in every README compiles', async () => {
  // Where the packages are found, and nobody else looks.
  const kept = join(root, 'test/node_modules/.cache')
  await mkdir(kept, { recursive: true })
  const folder = await mkdtemp(join(kept, 'readme-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const names = await Promise.all(
    readmes.flatMap((file) =>
      blocksOf(file, 'ts').map(async (block, index) => {
        const name = `${file.replaceAll('/', '_')}-${index}.mts`
        await writeFile(join(folder, name), block)
        return name
      }),
    ),
  )
  const compilerOptions = {
    noEmit: true,
    composite: false,
    rootDir: root,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
  }
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions,
      include: [],
      references: [],
      files: names,
    }),
  )
  const output = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  )
  expect(output).toBe('')
  expect(await readdir(folder)).toHaveLength(names.length + 1)
})
