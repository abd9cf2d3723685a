import { definePlugin, HttpError, Type, type Plugin } from '@sluice/kernel'
import { startMockLlm, type MockLlm, type Script } from '@sluice/mock-llm'
import OpenAI from 'openai'
import { describe, expect, onTestFinished, test } from 'vitest'
import { retry } from '../examples/plugins/retry.ts'
import { viewStream } from './support/client-view.ts'
import { askRaw, openRaw, type RawAnswer } from './support/raw-client.ts'
import { asksForStream, chat, messages, spoken, type Spoken } from './support/stage.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'

const comment = ': keep-alive\n\n'
const everyMs = 25
/** Several comments long. */
const thinkingMs = 8 * everyMs

interface Scene {
  readonly mock: MockLlm
  readonly gateway: TestGateway
  stream(members?: object): Promise<RawAnswer>
}

interface SceneOptions {
  readonly config?: object
  readonly settings?: object
  readonly plugins?: readonly Plugin[]
}

async function scene(
  says: Spoken,
  { config = {}, settings = { stream_keepalive_ms: everyMs }, plugins = [] }: SceneOptions = {},
): Promise<Scene> {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const route = aiRoute(mock.url, { provider: says.provider, ...config }) as { plugins: object }
  const own = Object.fromEntries(plugins.map(({ name }) => [name, {}]))
  const routes = [{ ...route, plugins: { ...route.plugins, ...own } }]
  const gateway = await startGateway({ gateway: settings, routes }, { plugins })
  const { path, says: streams } = asksForStream(says)
  const body = { ...says.body, ...says.wantsUsage, ...streams }
  return { mock, gateway, stream: (members = {}) => askRaw(gateway.url + path, { body: { ...body, ...members } }) }
}

/** The comments that an answer begins with, and the rest of it. */
function split({ body }: RawAnswer): [comments: number, rest: string] {
  const text = body.toString()
  let at = 0
  while (text.startsWith(comment, at)) at += comment.length
  return [at / comment.length, text.slice(at)]
}

describe.for(spoken)('a stream of $api that has not begun', (says) => {
  const { api, provider, quiet, terminal } = says

  test.for([
    ['before its head', { stallBeforeFirstByteMs: thinkingMs }, {}],
    ['behind its head', { stallAfter: 0, stallMs: thinkingMs }, { commit_ms: 10 }],
  ] as const)('is kept alive by comments, and is what upstream sends behind them: silent %s', async ([, script, config]) => {
    const { mock, gateway, stream } = await scene(says, { config })
    const [, plain] = split(await stream())
    mock.script(script)
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: true })
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringMatching(/^text\/event-stream/) as string,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
      'x-sluice-request-id': answer.id,
    })
    expect(answer.headers).not.toHaveProperty('content-length')
    const [comments, rest] = split(answer)
    expect(comments).toBeGreaterThan(1)
    expect(rest).toBe(plain)
    expect(await gateway.linesOf(answer.id)).toMatchObject([
      { status: 200, outcome: 'complete', usage_source: 'provider' },
    ])
  })

  test.for<[string, Script, object, object]>([
    ['an error', { status: 503, message: 'Too busy.' }, { error: 'Too busy.' }, { outcome: 'upstream_error', upstream_status: 503 }],
    [
      'silence',
      { stallBeforeFirstByteMs: 'forever' },
      { error: `${provider} did not answer within ${thinkingMs} ms` },
      { outcome: 'stalled', upstream_status: null },
    ],
    [
      'an error as its first event',
      { errorEvent: 0, message: 'Not today.' },
      { error: 'Not today.' },
      { outcome: 'upstream_error', upstream_status: 200 },
    ],
    [
      'a whole answer',
      { body: { choices: [] } },
      { error: 'the answer is no stream, and one had begun' },
      { outcome: 'upstream_error', upstream_status: 200 },
    ],
  ])('tells %s in the stream, and is cut', async ([what, script, view, line]) => {
    const config = { first_byte_timeout: what === 'silence' ? thinkingMs : 600_000 }
    const { mock, gateway, stream } = await scene(says, { config })
    mock.script({ stallBeforeFirstByteMs: thinkingMs / 2, ...script })
    const answer = await stream()
    expect(answer).toMatchObject({ status: 200, isWhole: false })
    const [comments, rest] = split(answer)
    expect(comments).toBeGreaterThan(0)
    expect(viewStream(api, Buffer.from(rest))).toMatchObject(view)
    expect(rest).not.toContain(terminal)
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ status: 200, ...line }])
    expect(gateway.logged()).toContain('the status came behind the head of the stream')
  })

  test('has no comments once it has begun', async () => {
    const { mock, stream } = await scene(says)
    const [, plain] = split(await stream())
    mock.script({ stallAfter: quiet + 2, stallMs: thinkingMs })
    expect(split(await stream())[1]).toBe(plain)
  })

  test('has none unless they are asked for', async () => {
    const { mock, stream } = await scene(says, { settings: {} })
    mock.script({ stallBeforeFirstByteMs: thinkingMs })
    expect(split(await stream())[0]).toBe(0)
  })

  test('of a client that leaves is given up', async () => {
    const { mock, gateway } = await scene(says)
    mock.script({ stallBeforeFirstByteMs: 'forever' })
    const { path, says: streams } = asksForStream(says)
    const reading = await openRaw(gateway.url + path, { body: { ...says.body, ...streams } })
    await reading.until(comment)
    reading.hangUp()
    expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
    expect(await gateway.linesOf(reading.id)).toMatchObject([{ status: 200, outcome: 'client_disconnect' }])
  })
})

test('a client that asked for no stream gets no comments', async () => {
  const { mock, stream } = await scene(chat)
  mock.script({ stallBeforeFirstByteMs: thinkingMs })
  const answer = await stream({ stream: false, stream_options: undefined })
  expect(answer.headers['content-type']).toBe('application/json')
  expect(answer.body.toString()).toMatch(/^\{/)
})

test('a HEAD gets the status that it asked for', async () => {
  const { mock, gateway } = await scene(chat)
  mock.script({ stallBeforeFirstByteMs: thinkingMs, status: 429 })
  const ask = { method: 'HEAD', body: { ...chat.body, stream: true } }
  expect(await askRaw(gateway.url + chat.path, ask)).toMatchObject({ status: 429 })
})

test('a plugin may still try again behind a comment, and the client sees none of it', async () => {
  const { mock, gateway, stream } = await scene(chat, { plugins: [retry] })
  const [, plain] = split(await stream())
  mock.script({ stallBeforeFirstByteMs: thinkingMs, status: 503 })
  const answer = await stream()
  expect(answer).toMatchObject({ status: 200, isWhole: true })
  const [comments, rest] = split(answer)
  expect(comments).toBeGreaterThan(1)
  expect(rest).toBe(plain)
  expect(await gateway.linesOf(answer.id)).toMatchObject([{ outcome: 'complete', upstream_status: 200 }])
})

test('the head that goes ahead has what plugins add to every reply', async () => {
  const openToAll = definePlugin({
    name: 'open-to-all',
    priority: 4000,
    schema: Type.Object({}),
    setup: () => ({ rewrite: (ctx) => ctx.onReply(({ headers }) => void (headers['access-control-allow-origin'] = '*')) }),
  })
  const { mock, stream } = await scene(messages, { plugins: [openToAll] })
  mock.script({ stallBeforeFirstByteMs: thinkingMs })
  expect((await stream()).headers).toMatchObject({ 'access-control-allow-origin': '*' })
})

test('a refusal keeps its status, however long a plugin thinks about it', async () => {
  const slow = definePlugin({
    name: 'slow',
    priority: 2000,
    schema: Type.Object({}),
    setup: () => ({
      async access() {
        await new Promise((resolve) => setTimeout(resolve, thinkingMs))
        throw new HttpError(401, 'no_key', 'no key')
      },
    }),
  })
  const { stream } = await scene(chat, { plugins: [slow] })
  expect(await stream()).toMatchObject({ status: 401, isWhole: true })
})

test('the SDK reads over comments, and throws what is told behind them', async () => {
  const { mock, gateway } = await scene(chat)
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk', maxRetries: 0 })
  const said = async (): Promise<string> => {
    let text = ''
    const { messages: conversation } = chat.body as { messages: [{ role: 'user'; content: string }] }
    for await (const { choices } of await openai.chat.completions.create({ model: 'm', messages: conversation, stream: true }))
      text += choices[0]?.delta.content ?? ''
    return text
  }
  mock.script({ stallBeforeFirstByteMs: thinkingMs }, { stallBeforeFirstByteMs: thinkingMs, status: 503, message: 'Too busy.' })
  expect(await said()).toContain('1+1')
  await expect(said()).rejects.toThrow('Too busy.')
})
