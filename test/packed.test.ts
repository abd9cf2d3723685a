import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { chat, contentOf } from './support/chat.ts'
import { freePort } from './support/free-port.ts'
import { runProgram, serving, temporaryFolder, type Program } from './support/program.ts'
import { root, workspacePackages } from './support/workspace.ts'

const run = promisify(execFile)
const oldestNode = '22.19.0'
const setupTimeoutMs = 240_000
const testTimeoutMs = 60_000

const userPlugin = `import { usageOf } from '@sluice/ai-core'
import { definePlugin, Type, type Exchange } from '@sluice/kernel'

export const stamp = definePlugin({
  name: 'stamp',
  priority: 1,
  schema: Type.Object({ text: Type.String() }),
  setup: ({ text }) => ({
    access: (ctx: Exchange) => ctx.onReply((reply) => void (reply.headers['x-stamp'] = text)),
    log: (ctx: Exchange) => void usageOf(ctx)?.totalTokens,
  }),
})
`

/** Where the packed packages are installed, and why that was not possible. */
let app = ''
let tarballs = ''
let unreachable: string | undefined

/** Directories with a `node`, by the name of the version. */
const nodes: Record<string, string> = { 'the running Node': dirname(process.execPath) }

beforeAll(async () => {
  const home = await mkdtemp(join(tmpdir(), 'sluice-packed-'))
  tarballs = join(home, 'packed')
  app = join(home, 'app')
  await mkdir(app)
  const [pack, install] = await dockerSteps()
  await run(
    join(root, 'node_modules/.bin/tsc'),
    ['-b', ...workspacePackages().map(({ dir }) => `packages/${dir}`)],
    { cwd: root },
  )
  try {
    await shell(pack.replaceAll('/packed', tarballs), root)
    await Promise.all([shell(install.replaceAll('/packed', tarballs), app), installNode(oldestNode)])
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    if (!/\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/.test(stderr))
      throw error
    unreachable = 'the npm registry cannot be reached, so that nothing can be installed from packed packages'
    process.stderr.write(`skipped: ${unreachable}\n`)
  }
  return () => rm(home, { recursive: true, force: true })
}, setupTimeoutMs)

/** The commands of the Dockerfile that pack and that install, so that what is tested here is what an image is made of. */
async function dockerSteps(): Promise<[pack: string, install: string]> {
  const text = (await readFile(join(root, 'packages/gateway/Dockerfile'), 'utf8')).replaceAll('\\\n', ' ')
  const runs = Array.from(text.matchAll(/^RUN (.*)$/gm), ([, command = '']) => command)
  const [build = '', install = ''] = runs
  const pack = build.slice(build.indexOf('mkdir /packed'))
  expect([
    runs.length,
    build.startsWith('npm run --silent setup && npm run --silent build'),
    pack,
    install,
  ]).toEqual([
    2,
    true,
    expect.stringContaining('pack --pack-destination /packed'),
    expect.stringContaining('npm install'),
  ])
  return [pack, install]
}

function shell(command: string, cwd: string): Promise<unknown> {
  const env = {
    ...process.env,
    npm_config_fetch_retry_mintimeout: '1000',
    npm_config_fetch_retry_maxtimeout: '5000',
  }
  return run('sh', ['-c', command], { cwd, env, maxBuffer: 64 * 1024 * 1024 })
}

/** The npm package of that Node, kept between runs among what is installed anyway. */
async function installNode(version: string): Promise<void> {
  const kept = join(root, 'node_modules/.cache', `node-${version}`)
  if (!existsSync(kept)) {
    await mkdir(dirname(kept), { recursive: true })
    const fresh = await mkdtemp(`${kept}-`)
    await writeFile(join(fresh, 'package.json'), '{"private":true}')
    await shell(`npm install --no-audit --no-fund node@${version}`, fresh)
    await rename(fresh, kept).catch(() => rm(fresh, { recursive: true, force: true })) // another run was faster
  }
  nodes[`Node ${version}`] = join(kept, 'node_modules/node/bin')
}

describe.for(['the running Node', `Node ${oldestNode}`])('packed and installed elsewhere, on %s,', (node) => {
  const withNode = (command: readonly string[], cwd = app): Program => {
    const { PATH = '' } = process.env
    return runProgram(command, { cwd, env: { PATH: [nodes[node], PATH].join(delimiter) }, group: true })
  }

  test.beforeEach(({ skip }) => skip(unreachable !== undefined, unreachable))

  test('sluice says its version, and validates', { timeout: testTimeoutMs }, async () => {
    const runtime = withNode(['node', '--version'])
    await runtime.exited
    expect(runtime.stdout().trim()).toBe(node === 'the running Node' ? process.version : `v${oldestNode}`)

    const version = withNode([join(app, 'node_modules/.bin/sluice'), '--version'])
    expect(await version.exited).toMatchObject({ code: 0 })
    expect(version.stdout()).toBe(`${workspacePackages()[0]!.manifest.version}\n`)

    const { file } = await configuration('')
    const validate = withNode(['npx', '--no-install', 'sluice', 'validate', '-c', file])
    expect([await validate.exited, validate.stderr()]).toMatchObject([
      { code: 0 },
      expect.not.stringContaining('rror'),
    ])
    expect(validate.stdout()).toContain('is fit to serve')
  })

  test('sluice asks a gateway, with a file and a plan, and says what is wrong', { timeout: testTimeoutMs }, async () => {
    const { file } = await configuration('')
    const there = ['-s', `http://127.0.0.1:${await freePort()}`, '-t', 'key']
    const commands = [['route', 'create', '-f', file], ['route', 'list'], ['config', 'diff', '-f', file]]
    const programs = commands.map((command) => withNode([join(app, 'node_modules/.bin/sluice'), ...command, ...there]))
    expect(await Promise.all(programs.map(({ exited }) => exited))).toEqual(commands.map(() => ({ code: 1, signal: null })))
    const [create, ...others] = programs.map((program) => program.stderr())
    expect(create).toContain('holds more than routes: gateway\n')
    expect(others.map((text) => text.includes('cannot be asked: nothing listens there'))).toEqual([true, true])
  })

  test(
    'sluice starts with a plugin of its user, relays chats whole and streamed, and ends',
    { timeout: testTimeoutMs },
    async () => {
      const { file, mock } = await configuration('stamp: { text: seen }')
      const program = withNode(['npx', '--no-install', 'sluice', 'start', '-c', file, '--mock-llm', mock])
      const { url } = await serving(program)

      const whole = await chat(url)
      expect([whole.status, whole.headers.get('x-stamp'), contentOf(whole)]).toEqual([
        200,
        'seen',
        expect.stringContaining('1+1'),
      ])
      const streamed = await chat(url, { body: { stream: true } })
      expect([streamed.headers.get('x-stamp'), contentOf(streamed)]).toEqual(['seen', contentOf(whole)])
      expect(streamed.text.endsWith('data: [DONE]\n\n')).toBe(true)

      program.signal('SIGTERM')
      await program.exited
      expect(program.stderr()).toContain('stopped')
      expect(
        program
          .stdout()
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { status: number }).status),
      ).toEqual([200, 200])
    },
  )

  test('mock-llm answers as a program of its own', { timeout: testTimeoutMs }, async () => {
    const program = withNode([
      join(app, 'node_modules/.bin/mock-llm'),
      '--listen',
      '127.0.0.1:0',
      '--first-token-ms',
      '0',
    ])
    const [, url = ''] = await program.says(/listens on (http:\S+)/, 'stdout')
    expect(await chat(url)).toMatchObject({ status: 200 })
  })
})

describe('packed packages', () => {
  test.beforeEach(({ skip }) => skip(unreachable !== undefined, unreachable))

  test('the image starts a file that is there', async () => {
    const text = await readFile(join(root, 'packages/gateway/Dockerfile'), 'utf8')
    const [, entry = '[]'] = /^ENTRYPOINT (.*)$/m.exec(text) ?? []
    const [node, file = ''] = JSON.parse(entry) as string[]
    expect(node).toBe('node')
    expect(existsSync(file.replace(/^\/app/, app))).toBe(true)
  })

  test('a plugin in TypeScript finds the types of what it imports', { timeout: testTimeoutMs }, async () => {
    await writeFile(join(app, 'stamp.ts'), userPlugin)
    const options = [
      '--strict',
      '--noEmit',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--types',
      'node',
    ]
    const typeRoots = ['--typeRoots', join(root, 'node_modules/@types')]
    const { code, output } = await run(
      join(root, 'node_modules/.bin/tsc'),
      [...options, ...typeRoots, 'stamp.ts'],
      { cwd: app },
    )
      .then(({ stdout }) => ({ code: 0, output: stdout }))
      .catch((error: { code: number; stdout: string }) => ({ code: error.code, output: error.stdout }))
    expect({ code, output }).toEqual({ code: 0, output: '' })
  })
})

/** A file in a folder of its own, with a plugin beside it, for a mock at the address that is given with it. */
async function configuration(plugins: string): Promise<{ file: string; mock: string }> {
  const folder = await temporaryFolder()
  const mock = `127.0.0.1:${await freePort()}`
  const file = join(folder, 'gateway.yaml')
  await writeFile(join(folder, 'stamp.ts'), userPlugin)
  await writeFile(
    file,
    `gateway:
  listen: { port: 0 }
  status: { listen: { port: 0 } }
  workers: 2
  plugins: [./stamp.ts]
routes:
  - id: chat
    uri: /v1/chat/completions
    plugins:
      ${plugins}
      ai-proxy: { provider: openai, auth: {}, override: { endpoint: "http://${mock}" } }
`,
  )
  return { file, mock }
}
