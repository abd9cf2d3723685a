import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { examplesOf } from '@sluice/cli'
import { createCli } from '@sluice/gateway'
import { describe, expect, test } from 'vitest'
import { chat } from './support/chat.ts'
import { startCommandLine, type CommandLine } from './support/command-line.ts'
import { blocksOf } from './support/markdown.ts'
import { sluice, temporaryFolder } from './support/program.ts'
import { selfSigned } from './support/self-signed.ts'
import { commandsIn, type ShellCommand } from './support/shell-commands.ts'

const views = [
  { view: "API7's view", group: ['-g', 'default'] },
  { view: "APISIX's view", group: [] },
] as const

/** What the seed documents, with a provider that is here. */
const openAiChat = (endpoint: string): string => `{
  "id": "openai-chat",
  "uri": "/v1/chat/completions",
  "methods": ["POST"],
  "plugins": {
    "ai-proxy": {
      "provider": "openai",
      "auth": { "header": { "Authorization": "Bearer sk-your-openai-key" } },
      "override": { "endpoint": "${endpoint}" },
      "options": { "model": "gpt-4", "temperature": 0.7, "max_tokens": 1024 }
    }
  }
}`

async function statuses(url: string, ...models: readonly string[]): Promise<readonly number[]> {
  const answers = await Promise.all(models.map((model) => chat(url, { body: { model } })))
  return answers.map(({ status }) => status)
}

describe.for(views)('in $view', ({ group }) => {
  test('route create makes a route of what is piped in, and a chat is answered by it', async () => {
    const { url, endpoint, sluice: run } = await startCommandLine()
    const first = await run(['route', 'create', ...group, '-f', '-'], { stdin: openAiChat(endpoint) })
    expect(first).toEqual({ code: 0, stdout: 'created route openai-chat\n', stderr: '' })
    expect(await statuses(url, 'gpt-4')).toEqual([200])
    const again = await run(['route', 'create', ...group, '-f', '-'], { stdin: openAiChat(endpoint) })
    expect(again.stdout).toMatch(/^(?:updated route openai-chat|route openai-chat is so already)\n$/)
  })

  test('a route keeps its vars, and only chats for its model are answered', async () => {
    const { url, endpoint, sluice: run } = await startCommandLine()
    const route = { ...(JSON.parse(openAiChat(endpoint)) as object), id: 'openai-gpt4', vars: [['post_arg.model', '==', 'gpt-4']] }
    await run(['route', 'create', ...group, '-f', '-'], { stdin: JSON.stringify(route) })
    expect(await statuses(url, 'gpt-4', 'gpt-5')).toEqual([200, 404])
    const { stdout } = await run(['route', 'get', 'openai-gpt4', ...group, '-o', 'json'])
    expect((JSON.parse(stdout) as typeof route).vars).toEqual(route.vars)
  })

  test('service create makes a service, a route uses it, and route update changes that', async () => {
    const { url, endpoint, sluice: run } = await startCommandLine()
    const { plugins } = JSON.parse(openAiChat(endpoint)) as { plugins: object }
    const service = { id: 'standard-ai-proxy', name: 'Standard AI Proxy', plugins }
    expect((await run(['service', 'create', ...group, '-f', '-'], { stdin: JSON.stringify(service) })).stdout).toBe('created service standard-ai-proxy\n')
    const create = ['route', 'create', 'chat', ...group, '--uri', '/v1/chat/completions', '--methods', 'POST', '--service-id', 'standard-ai-proxy']
    expect((await run(create)).stdout).toBe('created route chat\n')
    expect(await statuses(url, 'gpt-4')).toEqual([200])

    const update = await run(['route', 'update', 'chat', ...group, '-f', '-'], { stdin: 'uri: /v2/chat\nservice_id: standard-ai-proxy\n' })
    expect(update.stdout).toBe('updated route chat\n')
    expect(await statuses(url, 'gpt-4')).toEqual([404])
    expect((await chat(url, { path: '/v2/chat' })).status).toBe(200)
    expect((await run(['route', 'update', 'chat', ...group, '--uri', '/v3/chat'])).stdout).toBe('updated route chat\n')
    expect((await chat(url, { path: '/v3/chat' })).status).toBe(200)
  })

  test('what is exported is created again, credentials and their consumers too', async () => {
    const { sluice: run } = await startCommandLine({}, { env: { ALICE: 'k' } })
    const folder = await temporaryFolder()
    await run(['upstream', 'create', 'u', '--nodes', '127.0.0.1:80=1', ...group])
    for (const id of ['a', 'b']) await run(['route', 'create', id, '--uri', `/${id}`, '--upstream-id', 'u', '--label', 'team=red', ...group])
    await run(['consumer', 'create', 'alice', ...group])
    await run(['credential', 'create', 'laptop', '--consumer', 'alice', '--plugins-json', '{"key-auth": {"key": "$env://ALICE"}}', ...group])
    await run(['plugin-metadata', 'create', 'cors', '--metadata-json', '{"allow_origins": {"staff": "https://staff.example.com"}}', ...group])
    const kinds = [['route'], ['upstream'], ['credential', '--consumer', 'alice'], ['consumer'], ['plugin-metadata']] as const
    const file = (kind: string): string => join(folder, `${kind}.yaml`)
    for (const [kind, ...of] of kinds) await run([kind, 'export', ...of, ...group, '-f', file(kind)])
    const before = await Promise.all(kinds.map(([kind]) => readFile(file(kind), 'utf8')))
    expect((await run(['config', 'diff', ...group, ...kinds.flatMap(([kind]) => ['-f', file(kind)])])).stdout).toBe('Nothing to change; 6 the same\n')
    expect((await run(['plugin-metadata', 'list', ...group])).stdout).toBe('PLUGIN  FIELDS\ncors    allow_origins\n')
    expect((await run(['route', 'delete', 'a', 'b', ...group])).stdout).toBe('deleted route a\ndeleted route b\n')
    for (const [kind, id] of [['upstream', 'u'], ['plugin-metadata', 'cors']] as const) expect((await run([kind, 'delete', id, ...group])).code).toBe(0)
    expect((await run(['consumer', 'delete', 'alice', ...group])).code).toBe(0)
    for (const [kind, ...of] of kinds.toReversed()) expect(await run([kind, 'create', ...of, ...group, '-f', file(kind)])).toMatchObject({ code: 0, stderr: '' })
    for (const [kind, ...of] of kinds) await run([kind, 'export', ...of, ...group, '-f', file(kind)])
    expect(await Promise.all(kinds.map(([kind]) => readFile(file(kind), 'utf8')))).toEqual(before)
  })

  test('what is not there is an error that says so', async () => {
    const { sluice: run } = await startCommandLine()
    for (const verb of ['get', 'delete', 'update']) {
      const { code, stdout, stderr } = await run(['route', verb, 'nope', ...group, ...(verb === 'update' ? ['--status', '0'] : [])])
      expect([code, stdout, stderr]).toEqual([1, '', 'sluice: route nope does not exist\n  sluice route list tells which there are.\n'])
    }
    expect((await run(['credential', 'list', '--consumer', 'nobody', ...group])).stderr).toBe('sluice: consumer not found\n  sluice consumer list tells which there are.\n')
  })

  test('what is refused is told as the Admin API tells it', async () => {
    const { sluice: run } = await startCommandLine()
    const { code, stdout, stderr } = await run(['route', 'create', 'r', '--uri', '/a', '--plugins-json', '{"ai-proxy": {"provider": "foo", "auth": {}}}', ...group])
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^sluice: .*plugin ai-proxy.*provider: must be one of/)])
  })
})

describe('--dry-run', () => {
  const secret = 'Bearer sk-of-nobody'
  const route = { id: 'chat', uri: '/v1/chat/completions', vars: [['arg_a', '==', '1']], plugins: { 'ai-proxy': { provider: 'openai', auth: { header: { Authorization: secret } }, options: { model: 'gpt-4' } } } }
  const changed = { ...route, uri: '/v2/chat', vars: undefined, desc: 'new', plugins: { 'ai-proxy': { ...route.plugins['ai-proxy'], options: { model: 'gpt-5' } } } }
  const flags = ['-f', '-', '--dry-run']

  test.for(views)('of create shows every field of what is new, secrets masked, in $view', async ({ group }) => {
    const { sluice: run } = await startCommandLine()
    const { code, stdout, stderr } = await run(['route', 'create', ...flags, ...group], { stdin: JSON.stringify(route) })
    expect([code, stderr]).toEqual([2, ''])
    expect(stdout).toMatch(/^\+ route chat\n    uri: "\/v1\/chat\/completions"\n    vars: [^]*    plugins\.ai-proxy\.auth\.header\.Authorization: "\*{8}"\n[^]*\n\n1 to create\n$/)
    expect(stdout).not.toContain(secret)
    expect((await run(['route', 'list', ...group])).stderr).toBe('There are no routes.\n')
  })

  test.for(views)('says 0 where it is the same, and 2 with each field where it differs, in $view', async ({ group }) => {
    const { sluice: run } = await startCommandLine()
    await run(['route', 'create', '-f', '-', ...group], { stdin: JSON.stringify(route) })
    const before = (await run(['route', 'get', 'chat', '-o', 'json', ...group])).stdout
    for (const verb of ['create', 'update']) {
      const same = await run(['route', verb, ...flags, ...group], { stdin: JSON.stringify(route) })
      expect([same.code, same.stdout]).toEqual([0, expect.stringMatching(/\nNothing to change; 1 the same but for secrets that cannot be compared\n$/)])
      const different = await run(['route', verb, ...flags, ...group], { stdin: JSON.stringify(changed) })
      expect([different.code, different.stderr]).toEqual([2, ''])
      expect(different.stdout).toBe(
        '~ route chat\n  ~ uri: "/v1/chat/completions" → "/v2/chat"\n  ~ plugins.ai-proxy.options.model: "gpt-4" → "gpt-5"\n  + desc: "new"\n  - vars: [["arg_a","==","1"]]\n  ? plugins.ai-proxy.auth.header.Authorization: a secret, which cannot be compared\n\n1 to update\n',
      )
    }
    const flagged = await run(['route', 'update', 'chat', '--desc', 'new', '--dry-run', '-o', 'json', ...group])
    expect([flagged.code, (JSON.parse(flagged.stdout) as { changes: unknown }).changes]).toEqual([2, [{ action: 'update', kind: 'routes', id: 'chat', fields: [{ path: 'desc', after: 'new' }] }]])
    expect((await run(['route', 'get', 'chat', '-o', 'json', ...group])).stdout).toBe(before)
  })

  test('of delete names what would go, and says 1 where there is nothing', async () => {
    const { sluice: run } = await startCommandLine()
    await run(['route', 'create', '-f', '-'], { stdin: JSON.stringify(route) })
    expect(await run(['route', 'delete', 'chat', '--dry-run'])).toEqual({ code: 2, stdout: 'would delete route chat\n', stderr: '' })
    expect((await run(['route', 'delete', 'nope', '--dry-run'])).code).toBe(1)
    expect((await run(['route', 'get', 'chat'])).code).toBe(0)
  })

  test('is in colour on a terminal alone, and not where NO_COLOR is set', async () => {
    const { sluice: run } = await startCommandLine()
    const shown = async (columns?: number, env = {}): Promise<string> => (await run(['route', 'create', ...flags], { stdin: JSON.stringify(route), env, ...(columns && { columns }) })).stdout
    const [piped, terminal, plain] = [await shown(), await shown(80), await shown(80, { NO_COLOR: '1' })]
    expect([piped.includes('\u001B['), terminal.includes('\u001B[32m+ route chat\u001B['), plain]).toEqual([false, true, piped])
  })
})

test('an unknown gateway group is told with what to do, and a token that is not taken is not shown', async () => {
  const { sluice: run } = await startCommandLine()
  const [group, token] = await Promise.all([run(['route', 'list', '-g', 'nowhere']), run(['route', 'list', '-t', 'not-the-token'])])
  expect([group.code, group.stderr]).toEqual([1, 'sluice: gateway group "nowhere" does not exist\n  The group is that of --gateway-group; sluice gateway-group list tells which there are.\n'])
  expect([token.code, token.stderr]).toEqual([1, expect.stringMatching(/does not take the token of --token: failed to check token/)])
  expect(token.stderr).not.toContain('not-the-token')
})

test("the data plane's address is told from that of the Admin API", async () => {
  const { url, sluice: run } = await startCommandLine()
  const { code, stderr } = await run(['route', 'list', '-s', url])
  expect([code, stderr]).toEqual([1, expect.stringMatching(/but not as an Admin API does\n  The address is that of --server\. Is it the port of gateway\.admin, 9180 by default\?/)])
})

describe('what help shows of each kind', () => {
  const kinds = createCli({ env: {}, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr })
    .program.commands.filter(({ commands }) => commands.some((verb) => verb.name() === 'create'))
    .filter((command) => command.name() !== 'context')
  const env = { OPENAI_AUTH: 'Bearer sk', ALICE_KEY: 'k', VAULT_TOKEN: 't' }

  test.for(kinds.map((command) => ({ command, name: command.name() })))('works against a gateway: $name', async ({ command, name }) => {
    const commandLine = await startCommandLine({}, { env })
    const folder = await temporaryFolder()
    await prepare(commandLine, name, folder)
    const inFolder = (text: string): string => text.replace(/^(?:[\w-]+\.)+(?:ya?ml|json|pem|key)$/, (file) => join(folder, file))
    const shown = await commandsIn(command.commands.flatMap(examplesOf).join('\n'))
    const examples = (verb: string): readonly ShellCommand[] => shown.filter(({ args }) => args[1] === verb)
    const run = async (verb: string): Promise<void> => {
      for (const { args, stdin } of examples(verb)) {
        // Each example stands for itself.
        if (verb === 'create') await commandLine.sluice(examples('delete')[0]!.args)
        if (verb === 'delete') await commandLine.sluice(examples('create')[0]!.args.map(inFolder))
        const { code, stderr } = await commandLine.sluice(args.map(inFolder), { stdin })
        const told = stderr.replace(/^Secrets are shown as .*\n|^\d+ .* in .*\n/gm, '')
        expect(`${args.join(' ')} → ${code} ${told}`).toBe(`${args.join(' ')} → ${args.includes('--dry-run') ? 2 : 0} `)
      }
    }
    // The document of the second example is what the file of the others holds.
    const document = examples('create').find(({ stdin }) => stdin !== '')!.stdin
    await writeFile(join(folder, `${name}.yaml`), document)
    await run('create')
    await commandLine.sluice(examples('create')[0]!.args.map(inFolder))
    for (const verb of ['get', 'list', 'update', 'export', 'delete']) await run(verb)
  })
})

test("the README's commands do what it says, one after the other", async () => {
  const { url, sluice: run, endpoint } = await startCommandLine({}, { env: { SLUICE_ADMIN_KEY: 'unused' } })
  await run(['service', 'create', '-f', '-'], { stdin: JSON.stringify({ id: 'mock', plugins: { 'ai-proxy': { provider: 'openai', auth: {}, override: { endpoint } } } }) })
  const folder = await temporaryFolder()
  const [block = ''] = blocksOf('README.md', 'sh').filter((text) => text.startsWith('npx sluice context create'))
  const commands = await commandsIn(block.replaceAll('npx sluice', 'sluice'))
  const done: string[] = []
  const answered: number[] = []
  for (const { args, stdin } of commands) {
    const env = { SLUICE_CONFIG_DIR: folder, SLUICE_ADMIN_KEY: 'admin-secret-1', ...(args[0] !== 'context' && { SLUICE_TOKEN: '' }) }
    const { code, stdout, stderr } = await run(args.map((word) => (word === 'routes.yaml' ? join(folder, word) : word)), { stdin, env })
    done.push(`${args.slice(0, 2).join(' ')} ${code}`)
    expect(stderr.replace(/^(?:There are no routes\.|1 route in \S+)\n/, '')).toBe('')
    if (stdout === 'created route gpt-4\n') answered.push(...(await statuses(url, 'gpt-4', 'gpt-5')))
  }
  expect(done).toEqual(['context create 0', 'route list 0', 'route create 0', 'route update 2', 'route update 0', 'route export 0', 'route delete 0'])
  expect(answered).toEqual([200, 404])
})

test('the program itself creates a route of what is piped in', async () => {
  const { url, server, token, endpoint } = await startCommandLine()
  const folder = await temporaryFolder()
  const file = join(folder, 'route.json')
  await writeFile(file, openAiChat(endpoint))
  const program = sluice(['route', 'create', '-g', 'default', '-f', file], { env: { SLUICE_SERVER: server, SLUICE_TOKEN: token } })
  expect(await program.exited).toEqual({ code: 0, signal: null })
  expect([program.stdout(), program.stderr()]).toEqual(['created route openai-chat\n', ''])
  expect(await statuses(url, 'gpt-4')).toEqual([200])
})

/** What examples take for granted. */
async function prepare({ sluice: run }: CommandLine, name: string, folder: string): Promise<void> {
  const { key, cert } = selfSigned('example.com')
  await writeFile(join(folder, 'example.com.pem'), cert)
  await writeFile(join(folder, 'example.com.key'), key)
  await run(['upstream', 'create', 'mysql', '--nodes', '10.0.0.1:3306=1'])
  await run(['service', 'create', 'openai', '--plugins-json', '{"ai-proxy": {"provider": "openai", "auth": {}}}'])
  if (name === 'credential') await run(['consumer', 'create', 'alice'])
}
