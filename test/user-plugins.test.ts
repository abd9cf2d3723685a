import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { chat, contentOf, openChat, type ChatOptions } from './support/chat.ts'
import { openHeldChat, startHeldUpstream } from './support/held-upstream.ts'
import { anyPorts, runGateway, sluiceDone, temporaryFolder, type RunningGateway } from './support/program.ts'

// Each test runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

/** Plugins lie at other places in every run: what Node makes of them is not worth keeping longer. */
const compiled = mkdtempSync(join(tmpdir(), 'sluice-test-compiled-'))
afterAll(() => rmSync(compiled, { recursive: true, force: true }))
const env = { NODE_COMPILE_CACHE: compiled }

/** A plugin that puts its name on whatever leaves. */
const stamp = (name: string): string => `{
  name: '${name}',
  priority: 10,
  schema: Type.Object({}),
  setup: () => ({ access: (ctx) => ctx.onReply((reply) => void (reply.headers['x-${name}'] = 'seen')) }),
}`
const head = `import { definePlugin, headerOf, HttpError, json, Type } from '@sluice/kernel'\n`

describe('a plugin is loaded from', () => {
  test('.ts, .mts, .js and .mjs, by a relative and by an absolute path, and from a package, default or named', async () => {
    const elsewhere = await temporaryFolder()
    const folder = await temporaryFolder()
    await write(folder, {
      'plugins/typed.ts': `import { usageOf } from '@sluice/ai-core'
import { definePlugin, Type, type Exchange } from '@sluice/kernel'
interface Stamp { readonly text: string }
const made: Stamp = { text: typeof usageOf }
export const typed = definePlugin({
  name: 'typed',
  priority: 10,
  schema: Type.Object({}),
  setup: () => ({ access: (ctx: Exchange) => ctx.onReply((reply) => void (reply.headers['x-typed'] = made.text)) }),
})
`,
      'module.mts': `${head}export default definePlugin(${stamp('mts')})\n`,
      'script.js': `${head}export default definePlugin(${stamp('js')})\nexport const other = definePlugin(${stamp('other')})\nexport const number = 1\n`,
      'package.json': '{"type":"module"}',
      'node_modules/a-package/package.json':
        '{"name":"a-package","version":"1.0.0","type":"module","exports":"./lib/main.js"}',
      'node_modules/a-package/lib/main.js': `${head}import { name } from './name.js'\nexport const plugin = definePlugin({ ...${stamp('package')}, name })\n`,
      'node_modules/a-package/lib/name.js': `export const name = 'package'\n`,
      'node_modules/@some/scope/package.json':
        '{"name":"@some/scope","version":"1.0.0","type":"module","main":"./index.mjs"}',
      'node_modules/@some/scope/index.mjs': `${head}export default definePlugin(${stamp('scoped')})\n`,
    })
    await write(elsewhere, { 'far.mjs': `${head}export const far = definePlugin(${stamp('mjs')})\n` })
    const plugins = [
      './plugins/typed.ts',
      'module.mts',
      'script.js',
      join(elsewhere, 'far.mjs'),
      'a-package',
      '@some/scope',
    ]
    const names = ['typed', 'mts', 'js', 'mjs', 'package', 'scoped']
    const { url } = await runGateway(
      {
        gateway: { ...anyPorts, plugins },
        routes: [{ id: 'a', uri: '/a', plugins: Object.fromEntries(names.map((name) => [name, {}])) }],
      },
      { folder, env },
    )
    const { headers } = await fetch(`${url}/a`)
    expect(names.map((name) => headers.get(`x-${name}`))).toEqual([
      'function',
      'seen',
      'seen',
      'seen',
      'seen',
      'seen',
    ])
  })

  test('a file that imports its own neighbours and packages', async () => {
    const folder = await temporaryFolder()
    await write(folder, {
      'package.json': '{"type":"module"}',
      'own.ts': `${head}import { value } from 'a-library'\nimport { suffix } from './suffix.ts'
export default definePlugin({
  name: 'own', priority: 1, schema: Type.Object({}),
  setup: () => ({ access: () => json(418, { value: value + suffix }) }),
})\n`,
      'suffix.ts': `export const suffix: string = '!'\n`,
      'node_modules/a-library/package.json': '{"name":"a-library","type":"module","exports":"./index.js"}',
      'node_modules/a-library/index.js': `export const value = 'theirs'\n`,
    })
    const { url } = await runGateway(
      {
        gateway: { ...anyPorts, plugins: ['./own.ts'] },
        routes: [{ uri: '/a', id: 'a', plugins: { own: {} } }],
      },
      { folder, env },
    )
    const response = await fetch(`${url}/a`)
    expect([response.status, await response.json()]).toEqual([418, { value: 'theirs!' }])
  })
})

test('a plugin that cannot be used is refused at start with its path, each for its own reason', async () => {
  const folder = await temporaryFolder()
  const files: Record<string, { text?: string; says?: RegExp }> = {
    './missing.ts': { says: /missing\.ts does not exist$/ },
    './data.json': { text: '{}', says: /data\.json is no module: it must end in \.ts, \.mts, \.js, \.mjs$/ },
    'no-such-package': { says: /package no-such-package cannot be found from / },
    './nothing.mjs': {
      text: 'export const answer = 42\n',
      says: /nothing\.mjs exports no plugin: nothing that definePlugin made$/,
    },
    './plain.mjs': {
      text: 'export default { name: "plain", priority: 1, schema: {}, setup: () => ({}) }\n',
      says: /plain\.mjs exports no plugin/,
    },
    './several.mjs': {
      text: `${head}export const a = definePlugin(${stamp('a')})\nexport const b = definePlugin(${stamp('b')})\n`,
      says: /several\.mjs exports several plugins \(a, b\): make one of them the default export$/,
    },
    './taken.mjs': {
      text: `${head}export default definePlugin(${stamp('ai-proxy')})\n`,
      says: /taken\.mjs defines ai-proxy, and another plugin has this name$/,
    },
    './first.mjs': { text: `${head}export default definePlugin(${stamp('twice')})\n` },
    './second.mjs': {
      text: `${head}export default definePlugin(${stamp('twice')})\n`,
      says: /second\.mjs defines twice, and another plugin has this name$/,
    },
    './schema.mjs': {
      text: `${head}export default definePlugin({ ...${stamp('schema')}, schema: { type: 'objekt' } })\n`,
      says: /schema\.mjs defines a plugin that cannot be used: its schema does not compile: /,
    },
    './shape.mjs': {
      text: `${head}export default definePlugin({ name: 'shape', priority: 1, schema: Type.Object({}) })\n`,
      says: /shape\.mjs defines a plugin that cannot be used: its setup must be a function$/,
    },
    './syntax.ts': { text: 'export const = 1\n', says: /syntax\.ts cannot be loaded: / },
    './enum.ts': {
      text: `enum Color { Red }\nexport default Color\n`,
      says: /enum\.ts cannot be loaded: .*enum/,
    },
    './import.mjs': {
      text: `import './not-there.mjs'\n`,
      says: /import\.mjs cannot be loaded: Cannot find module .*not-there\.mjs/,
    },
    './throws.mjs': {
      text: `throw new Error('out of order')\n`,
      says: /throws\.mjs cannot be loaded: out of order$/,
    },
  }
  await write(
    folder,
    Object.fromEntries(
      Object.entries(files).flatMap(([name, { text }]) => (text === undefined ? [] : [[name, text]])),
    ),
  )
  const entries = Object.keys(files)
  const file = join(folder, 'gateway.yaml')
  await writeFile(
    file,
    [
      'gateway:',
      '  plugins:',
      ...entries.map((entry) => `    - ${entry}`),
      'routes:',
      '  - id: a',
      '    uri: a',
      '',
    ].join('\n'),
  )
  const { code, stdout, stderr } = await sluiceDone(['start', '-c', file], { env })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })

  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(file, ''))
  const others = [/ routes\[0\]: needs at least one of plugins/, / routes\[0\]\.uri: a path starts with/] // what else is wrong with the file
  const expected = [
    ...entries.flatMap((entry, index) => {
      const { says } = files[entry]!
      return says ? [new RegExp(`^:${index + 3}:7 gateway\\.plugins\\[${index}\\]: .*${says.source}`)] : []
    }),
    ...others,
  ]
  expect(lines).toEqual(expected.map((pattern) => expect.stringMatching(pattern) as string))
})

test('a configuration that a plugin refuses, or cannot set up, has the path where it stands', async () => {
  const folder = await temporaryFolder()
  await write(folder, {
    'picky.mjs': `${head}export default definePlugin({
  name: 'picky', priority: 1, schema: Type.Object({ count: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
  validate: ({ count }, path) => (count === 13 ? [{ path: [...path, 'count'], message: 'brings bad luck' }] : []),
  setup({ count }) { if (count === 7) throw new Error('seven is not set up'); return {} },
})\n`,
  })
  const problemOf = async (config: string): Promise<string> => {
    const file = join(folder, `${config.replaceAll(/\W/g, '-')}.yaml`)
    await writeFile(
      file,
      `gateway:\n  listen: { port: 0 }\n  status: { listen: { port: 0 } }\n  plugins: [./picky.mjs]\nroutes:\n  - id: a\n    uri: /a\n    plugins:\n      picky: ${config}\n`,
    )
    const { code, stderr } = await sluiceDone(['start', '-c', file], { env })
    expect(code).toBe(1)
    return stderr.replace(file, '')
  }
  expect(
    await Promise.all(
      ['{ count: 0 }', '{ count: 1, extra: 2 }', '{ count: 13 }', '{ count: 7 }'].map(problemOf),
    ),
  ).toEqual([
    expect.stringMatching(/^:9:16 routes\[0\]\.plugins\.picky\.count: must be >= 1/),
    expect.stringMatching(/^:9:26 routes\[0\]\.plugins\.picky\.extra: is not a known field/),
    ':9:16 routes[0].plugins.picky.count: brings bad luck\n',
    expect.stringMatching(/^:9:7 routes\[0\]\.plugins\.picky: .*seven is not set up/),
  ])
})

describe('hooks of a loaded plugin', () => {
  /** What each hook does is told by the request's header `do`. */
  const phases = `${head}import { editEvents } from '@sluice/ai-core'
const told = (ctx) => headerOf(ctx.request.headers, 'do')
export default definePlugin({
  name: 'phases',
  priority: 1000,
  body: 'whole',
  schema: Type.Object({}),
  setup: (_, host) => ({
    rewrite(ctx) {
      if (told(ctx) === 'throw in rewrite') throw new TypeError('a secret of rewrite')
      if (told(ctx) !== 'rewrite') return
      const { document } = ctx.request.body
      document.set('model', 'rewritten')
      document.append('messages', [{ role: 'user', content: 'Rewritten.' }])
      ctx.request.headers['user-agent'] = 'rewritten'
    },
    access(ctx) {
      if (told(ctx) === 'throw in access') throw new TypeError('a secret of access')
      if (told(ctx) === 'refuse') throw new HttpError(418, 'a_teapot', 'only tea here', { headers: { 'x-tea': 'green' } })
      if (told(ctx) === 'answer') return json(203, { by: 'access' })
    },
    async proxy(ctx, next) {
      if (told(ctx) === 'throw in proxy') throw new TypeError('a secret of proxy')
      const reply = await next()
      if (told(ctx) === 'throw after next') throw new TypeError('a secret of proxy')
      if (told(ctx) !== 'wrap') return reply
      reply.headers['x-wrapped'] = 'yes'
      const edited = await editEvents(ctx, reply, {
        onEvent: ({ bytes }) => [Buffer.from(bytes.toString().replaceAll('Rome', 'Paris'))],
      })
      return { ...edited, status: 201 }
    },
    log(ctx) {
      if (told(ctx) === 'throw in log') throw new TypeError('a secret of log')
      host.log.warn({ saw: { status: ctx.delivery.status, outcome: ctx.outcome, told: told(ctx) } }, 'looked back')
    },
  }),
})
`

  async function start(): Promise<RunningGateway & { readonly mock: MockLlm }> {
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    return { ...(await startWith(mock.url)), mock }
  }

  async function startWith(endpoint: string): Promise<RunningGateway> {
    const folder = await temporaryFolder()
    await write(folder, { 'phases.mjs': phases })
    const plugins = { phases: {}, 'ai-proxy': { provider: 'openai', auth: {}, override: { endpoint } } }
    return runGateway(
      {
        gateway: { ...anyPorts, plugins: ['./phases.mjs'] },
        routes: [{ id: 'a', uri: '/v1/chat/completions', plugins }],
      },
      { folder, env },
    )
  }

  test('rewrite changes the body and headers that go to the provider', async () => {
    const { url, mock } = await start()
    expect(await chat(url, does('rewrite', { seed: 12345678901 }))).toMatchObject({ status: 200 })
    const { body, headers } = await mock.waitForRequest()
    expect(JSON.parse(body.toString())).toEqual({
      model: 'rewritten',
      messages: [
        { role: 'user', content: 'What is 1+1?' },
        { role: 'user', content: 'Rewritten.' },
      ],
      seed: 12345678901,
    })
    expect(headers['user-agent']).toBe('rewritten')
  })

  test('access refuses and answers with any status, and nothing goes to the provider', async () => {
    const { url, mock } = await start()
    const refused = await chat(url, does('refuse'))
    expect([refused.status, refused.headers.get('x-tea'), JSON.parse(refused.text)]).toEqual([
      418,
      'green',
      expect.objectContaining({
        error_msg: 'only tea here',
        error: expect.objectContaining({ message: 'only tea here', code: 'a_teapot' }) as object,
      }),
    ])
    const answered = await chat(url, does('answer'))
    expect([answered.status, JSON.parse(answered.text)]).toEqual([203, { by: 'access' }])
    expect(mock.requests).toEqual([])
  })

  test.for([false, true])(
    'proxy wraps the answer, edits its headers and its events (stream: %s)',
    async (stream) => {
      const { url, mock } = await start()
      mock.script({ text: 'All roads lead to Rome.' }, { text: 'All roads lead to Rome.' })
      const wrapped = await chat(url, does('wrap', { stream }))
      expect([wrapped.status, wrapped.headers.get('x-wrapped'), contentOf(wrapped)]).toEqual([
        201,
        'yes',
        'All roads lead to Paris.',
      ])
      const plain = await chat(url, does('nothing', { stream }))
      expect([plain.status, plain.headers.get('x-wrapped'), contentOf(plain)]).toEqual([
        200,
        null,
        'All roads lead to Rome.',
      ])
    },
  )

  test('proxy hands on the first words while upstream still thinks about the others', async () => {
    const upstream = await startHeldUpstream()
    const { url } = await startWith(upstream.url)
    const opening = openChat(url, does('wrap'))
    const held = await upstream.next()
    held.say('To Rome')
    const stream = await opening
    await stream.until('To Paris')
    held.say(', or not')
    held.finish()
    expect(contentOf({ text: await stream.rest() })).toBe('To Paris, or not')
  })

  test('log looks back on answers, refusals and clients that are gone', async () => {
    const upstream = await startHeldUpstream()
    const { url, program } = await startWith(upstream.url)
    await chat(url, does('refuse'))
    const refused = await program.says(/"saw":(\{.*"told":"refuse"\})/)
    expect(JSON.parse(refused[1]!)).toEqual({ status: 418, outcome: 'refused', told: 'refuse' })
    const { stream, held } = await openHeldChat(url, { upstream, words: 'one', options: does('leave') })
    await stream.cancel()
    await held.closed
    const left = await program.says(/"saw":(\{.*"told":"leave"\})/)
    expect(JSON.parse(left[1]!)).toEqual({ status: 200, outcome: 'client_disconnect', told: 'leave' })
  })

  test.for([
    { hook: 'rewrite', told: 'throw in rewrite' },
    { hook: 'access', told: 'throw in access' },
    { hook: 'proxy', told: 'throw in proxy' },
    { hook: 'proxy', told: 'throw after next' },
  ])(
    '$hook costs that exchange a 500 and a line that names plugin and phase where it throws ($told)',
    async ({ hook, told }) => {
      const { url, program } = await start()
      for (const stream of [false, true]) {
        const failed = await chat(url, does(told, { stream }))
        expect(failed.status).toBe(500)
        expect(failed.text).not.toContain('secret')
        expect(failed.text).toContain('internal error')
      }
      const [line] = await program.says(new RegExp(`^.*a secret of ${hook}.*$`, 'm'))
      expect(JSON.parse(line)).toMatchObject({
        level: 50,
        plugin: 'phases',
        phase: hook,
        route_id: 'a',
        err: { message: `a secret of ${hook}` },
      })
      expect(await chat(url, does('nothing'))).toMatchObject({ status: 200 })
    },
  )

  test('log cannot fail an exchange', async () => {
    const { url, program } = await start()
    expect(await chat(url, does('throw in log'))).toMatchObject({ status: 200 })
    const [line] = await program.says(/^.*a secret of log.*$/m)
    expect(JSON.parse(line)).toMatchObject({ level: 50, plugin: 'phases', phase: 'log' })
    expect(await chat(url, does('nothing'))).toMatchObject({ status: 200 })
  })
})

/** A chat for the plugin `phases`. */
function does(what: string, body: Readonly<Record<string, unknown>> = {}): ChatOptions {
  return { headers: { do: what }, body }
}

/** Writes files below a folder, with the folders that they need. */
async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}
