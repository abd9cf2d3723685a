import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { chat, contentOf, openChat } from './support/chat.ts'
import { freePort } from './support/free-port.ts'
import { aiConfig, anyPorts, runGateway, runProgram, sluice, sluiceDone, temporaryFolder } from './support/program.ts'
import { workspacePackages } from './support/workspace.ts'

// Each test runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

test('help tells what each verb does, with an example', async () => {
  const [program, start, validate, routes] = await Promise.all(
    [['--help'], ['start', '--help'], ['validate', '--help'], ['routes', '--help']].map((args) =>
      sluiceDone(args),
    ),
  )
  expect([program!.code, start!.code, validate!.code, routes!.code]).toEqual([0, 0, 0, 0])
  expect(program!.stdout).toMatch(/start[^]*validate[^]*routes/)
  expect(start!.stdout).toMatch(
    /--mock-llm <host:port>[^]*Example:\n  sluice start -c \S+ --mock-llm 127\.0\.0\.1:9100\n/,
  )
  expect(validate!.stdout).toMatch(/Example:\n  sluice validate -c \S+\n/)
  expect(routes!.stdout).toMatch(/--json[^]*Example:\n  sluice routes -c \S+\n/)
})

test('a command that cannot be understood costs one plain message and exit code 1', async () => {
  const cases = [
    { args: [], says: 'Usage: sluice' },
    { args: ['strat'], says: "unknown command 'strat'\n(Did you mean start?)" },
    { args: ['start'], says: "required option '-c, --config <file>' not specified" },
    { args: ['start', '-c', 'x', '--mock-llm', 'here'], says: 'give host:port, such as 127.0.0.1:9100' },
    { args: ['validate', '-c', 'no/such/file.yaml'], says: 'sluice: no/such/file.yaml does not exist' },
    { args: ['validate', '-c', 'packages'], says: 'sluice: packages is a directory' },
  ]
  const done = await Promise.all(cases.map(({ args }) => sluiceDone(args)))
  expect(done.map(({ code, stdout, stderr }) => ({ code, stdout, stderr }))).toEqual(
    cases.map(({ says }) => ({ code: 1, stdout: '', stderr: expect.stringContaining(says) as string })),
  )
  expect(done.filter(({ stderr }) => stderr.includes('    at '))).toEqual([])
})

test('sluice --version is that of the package', async () => {
  expect(await sluiceDone(['--version'])).toMatchObject({
    code: 0,
    stdout: `${workspacePackages()[0]!.manifest.version}\n`,
  })
})

test('npx sluice runs from the root of the repository, whichever Node the machine has', async () => {
  const machine = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((path) => !path.includes('node_modules'))
  const program = runProgram(['npx', '--no-install', 'sluice', 'routes', '-c', 'examples/quickstart.yaml'], {
    env: { PATH: machine.join(delimiter) },
  })
  expect(await program.exited).toEqual({ code: 0, signal: null })
  expect(program.stdout()).toContain('→ chat\n')
})

test('nobody who stops reading is told of it', async () => {
  const program = sluice(['--help'])
  program.closeOutput()
  expect(await program.exited).toEqual({ code: 0, signal: null })
})

test('help, version and completion load neither the kernel nor an HTTP client, and start in half the time', async () => {
  const program = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    process.argv = ['node', 'sluice', 'completion', 'bash']
    await import('./packages/gateway/src/main.ts')
    process.stderr.write(loaded.join('\\n'))
  `
  const done = runProgram([process.execPath, '--input-type=module', '-e', program])
  expect(await done.exited).toEqual({ code: 0, signal: null })
  const loaded = done.stderr().split('\n')
  expect(loaded.some((url) => url.includes('/commander/'))).toBe(true)
  expect(loaded.filter((url) => /\/packages\/(?:config|kernel)\/|\/(?:undici|ajv)\//.test(url))).toEqual([])
})

/** What is wrong with it, line by line, as editors like it. */
const manyProblems = {
  text: `version: "1"
gateway:
  workers: all
  plugins: [./missing.ts]
  access_log: { format: { status: $statsu } }
routes:
  - id: chat
    uri: /v1/chat/completions
    methods: [POSTT]
    plugins:
      ai-proxy:
        provider: opnai
        auth: { header: { Authorization: $env://SLUICE_TEST_MISSING } }
      hmac-auth: {}
      no-such-plugin: {}
  - id: chat
    uri: /b
    service_id: nowhere
    extra: 1
credentials: []
`,
  lines: [
    /^:3:3 gateway\.workers: must be a number or auto$/,
    /^:4:13 gateway\.plugins\[0\]: \/\S+\/missing\.ts does not exist$/,
    /^:5:27 gateway\.access_log\.format\.status: uses the unknown variable \$statsu; did you mean \$status\?$/,
    /^:9:15 routes\[0\]\.methods\[0\]: must be one of GET, POST/,
    /^:12:9 routes\[0\]\.plugins\.ai-proxy\.provider: must be one of openai, deepseek/,
    /^:13:27 routes\[0\]\.plugins\.ai-proxy\.auth\.header\.Authorization: environment variable SLUICE_TEST_MISSING is not set$/,
    /^:14:7 routes\[0\]\.plugins\.hmac-auth: is not supported yet$/,
    /^:15:7 routes\[0\]\.plugins\.no-such-plugin: unknown plugin \[no-such-plugin\]$/,
    /^:16:5 routes\[1\]\.id: chat is the id of routes\[0\] already$/,
    /^:18:5 routes\[1\]\.service_id: refers to service \[nowhere\], which does not exist$/,
    /^:19:5 routes\[1\]\.extra: is not a known field$/,
    /^:20:1 credentials: is not a known field; a credential is an entry of consumers/,
  ],
}

test('start, validate and routes tell every problem of a file with line, column and path, from top to bottom', async () => {
  const file = join(await temporaryFolder(), 'gateway.yaml')
  await writeFile(file, manyProblems.text)
  const [validated, ...others] = await Promise.all(
    ['validate', 'start', 'routes'].map((verb) => sluiceDone([verb, '-c', file])),
  )
  expect(validated).toMatchObject({ code: 1, stdout: '' })
  const lines = validated!.stderr.trimEnd().split('\n')
  expect(lines.filter((line) => !line.startsWith(file))).toEqual([])
  expect(lines.map((line) => line.slice(file.length))).toEqual(
    manyProblems.lines.map((pattern) => expect.stringMatching(pattern) as string),
  )
  expect(others).toEqual([validated, validated])
})

test('validate refuses what is no such file, and says where', async () => {
  const folder = await temporaryFolder()
  const cases = [
    {
      name: 'open-list',
      text: 'routes:\n  - id: a\n    uri: [\n',
      says: /open-list:\d+:\d+ is not valid YAML: /,
    },
    { name: 'empty', text: '', says: /empty:1:1 is empty/ },
    { name: 'list', text: '- 1\n', says: /list:1:1 must be an object/ },
    { name: 'two', text: 'routes: []\n---\nroutes: []\n', says: /two:\d+:\d+ holds several YAML documents/ },
  ]
  const done = await Promise.all(
    cases.map(async ({ name, text }) => {
      await writeFile(join(folder, name), text)
      return sluiceDone(['validate', '-c', join(folder, name)])
    }),
  )
  expect(done.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    cases.map(({ says }) => ({ code: 1, stderr: expect.stringMatching(says) as string })),
  )
})

test('validate accepts YAML and JSON, with and without a gateway section, and runs nothing', async () => {
  const folder = await temporaryFolder()
  const port = await freePort()
  const route = { id: 'a', uri: '/a', upstream: { nodes: { '127.0.0.1:1': 1 } } }
  const files = {
    'seed.yaml': 'routes:\n  - id: a\n    uri: /a\n    upstream: { nodes: { "127.0.0.1:1": 1 } }\n',
    'settings.json': JSON.stringify({
      gateway: { listen: { port }, access_log: { path: join(folder, 'access.log') } },
      routes: [route, { ...route, id: 'b' }],
    }),
  }
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)))
  const [seed, settings] = await Promise.all(
    Object.keys(files).map((name) => sluiceDone(['validate', '-c', join(folder, name)])),
  )
  expect(seed).toMatchObject({
    code: 0,
    stderr: '',
    stdout: `${folder}/seed.yaml is fit to serve: 1 route, listening on 127.0.0.1:9080\n`,
  })
  expect(settings).toMatchObject({
    code: 0,
    stderr: '',
    stdout: `${folder}/settings.json is fit to serve: 2 routes, listening on 127.0.0.1:${port}\n`,
  })
  await expect(readFile(join(folder, 'access.log'))).rejects.toThrow('ENOENT')
})

test('a variable of the environment is a problem with its path as long as it is missing, and never shown', async () => {
  const file = join(await temporaryFolder(), 'gateway.yaml')
  await writeFile(
    file,
    'routes:\n  - id: a\n    uri: /a\n    plugins:\n      ai-proxy:\n        provider: openai\n        auth: { header: { Authorization: $env://SLUICE_TEST_KEY } }\n',
  )
  const [missing, present] = await Promise.all([
    sluiceDone(['start', '-c', file]),
    sluiceDone(['routes', '-c', file, '--json'], { env: { SLUICE_TEST_KEY: 'Bearer sk-secret' } }),
  ])
  expect(missing).toMatchObject({
    code: 1,
    stderr: `${file}:7:27 routes[0].plugins.ai-proxy.auth.header.Authorization: environment variable SLUICE_TEST_KEY is not set\n`,
  })
  expect(present).toMatchObject({ code: 0, stderr: '' })
  expect(present.stdout).not.toContain('sk-secret')
})

describe('sluice routes', () => {
  const file = 'examples/composing.yaml'

  test('prints the table as it matches, each route with its chain by phase', async () => {
    const { code, stdout } = await sluiceDone(['routes', '-c', file])
    expect(code).toBe(0)
    expect(stdout).toMatchInlineSnapshot(`
      "*  /v1/chat/completions  any  priority 0  where [["post_arg.model","==","gpt-4"]]  → large-model
          rewrite ai-prompt-decorator
          access  ai-proxy
          proxy   ai-proxy
          log     ai-proxy
      *  /v1/chat/completions  any  priority 0  where [["post_arg.model","in",["gpt-4o-mini","small"]]]  → small-model
          rewrite ai-prompt-decorator
          access  ai-proxy
          proxy   ai-proxy
          log     ai-proxy
      *  /prompts/v1/chat/completions  any  priority 0  → summarize
          rewrite ai-prompt-template
          access  ai-proxy
          proxy   ai-proxy
          log     ai-proxy
      *  /status/*  any  priority 0  → everything-else
          proxy   http-proxy
      "
    `)
  })

  test('prints the same as JSON', async () => {
    const { stdout } = await sluiceDone(['routes', '-c', file, '--json'])
    const rows = JSON.parse(stdout) as { route: string; uri: string; chain: Record<string, string[]> }[]
    expect(rows.map(({ route }) => route)).toEqual([
      'large-model',
      'small-model',
      'summarize',
      'everything-else',
    ])
    expect(rows[0]).toEqual({
      route: 'large-model',
      host: '*',
      uri: '/v1/chat/completions',
      methods: 'any',
      priority: 0,
      vars: [['post_arg.model', '==', 'gpt-4']],
      chain: {
        rewrite: ['ai-prompt-decorator'],
        access: ['ai-proxy'],
        proxy: ['ai-proxy'],
        log: ['ai-proxy'],
      },
    })
  })

  test('says so where there are none', async () => {
    const empty = join(await temporaryFolder(), 'gateway.yaml')
    await writeFile(empty, 'version: "1"\n')
    expect(await sluiceDone(['routes', '-c', empty])).toMatchObject({
      code: 0,
      stdout: 'no routes: every request is answered with 404\n',
    })
  })
})

describe('sluice start', () => {
  test('says where it listens, what it serves and what to try; and that works', async () => {
    const mock = `127.0.0.1:${await freePort()}`
    const { program, url, statusUrl } = await runGateway(
      {
        gateway: anyPorts,
        routes: [
          {
            id: 'chat',
            uri: '/v1/chat/completions',
            methods: ['POST'],
            plugins: {
              'ai-proxy': { provider: 'openai', auth: {}, override: { endpoint: `http://${mock}` } },
            },
          },
          { id: 'rest', uris: ['/a', '/b/*'], upstream: { nodes: { [mock]: 1 } } },
        ],
      },
      { args: ['--mock-llm', mock] },
    )
    await program.says(/curl -N http/)
    expect(program.stderr()).toContain(`mock-llm answers on http://${mock} and needs no key\n`)
    expect(program.stderr()).toMatch(
      /^ {2}POST +\/v1\/chat\/completions +→ route chat\n {2}any +\/a \/b\/\* +→ route rest\n/m,
    )

    const [, body = ''] =
      new RegExp(
        `^  curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '(.*)'$`,
        'm',
      ).exec(program.stderr()) ?? []
    const answer = await chat(url, { body: JSON.parse(body) as object as Record<string, unknown> })
    expect([answer.status, contentOf(answer)]).toEqual([200, expect.stringContaining('1+1')])

    const health = await Promise.all(['/healthz', '/readyz'].map((path) => fetch(`${statusUrl}${path}`)))
    expect(health.map(({ status }) => status)).toEqual([200, 200])
    expect((await fetch(`${statusUrl}/other`)).status).toBe(404)
  })

  test('paces a stream as a person would read it', async () => {
    const mock = `127.0.0.1:${await freePort()}`
    const { url } = await runGateway(aiConfig(`http://${mock}`), { args: ['--mock-llm', mock] })
    const stream = await openChat(url)
    const before = performance.now()
    const first = await stream.until('"content":"')
    const all = await stream.rest()
    expect(all.length).toBeGreaterThan(first.length * 4)
    expect(performance.now() - before).toBeGreaterThan(500)
  })

  test.for(['listen', 'status', 'mock-llm'] as const)(
    'says which port is taken where it is that of %s, and ends',
    async (which) => {
      const taken = createServer().listen(0, '127.0.0.1')
      await once(taken, 'listening')
      onTestFinished(() => void taken.close())
      const { port } = taken.address() as AddressInfo
      const file = join(await temporaryFolder(), 'gateway.yaml')
      const settings = {
        ...anyPorts,
        ...(which === 'listen' && { listen: { port } }),
        ...(which === 'status' && { status: { listen: { port } } }),
      }
      await writeFile(file, JSON.stringify({ gateway: settings }))
      const { code, stderr } = await sluiceDone([
        'start',
        '-c',
        file,
        ...(which === 'mock-llm' ? ['--mock-llm', `127.0.0.1:${port}`] : []),
      ])
      expect(code).toBe(1)
      expect(stderr).toMatch(
        new RegExp(`^sluice: .*127\\.0\\.0\\.1:${port}.* something listens there already\n$`),
      )
    },
  )

  test('says which access log cannot be opened, and ends', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'gateway.yaml')
    await writeFile(file, `gateway:\n  access_log: { path: ${folder}/no/such/access.log }\n`)
    const { code, stderr } = await sluiceDone(['start', '-c', file])
    expect(code).toBe(1)
    expect(stderr).toMatch(/gateway\.yaml:2:17 gateway\.access_log\.path: cannot be opened: ENOENT/)
  })
})
