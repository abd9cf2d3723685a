import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway, type LogLine } from './support/start-gateway.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }
const paths = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  embeddings: '/v1/embeddings',
}

interface Passed {
  /** What the provider got, as it is written and as it reads. */
  readonly bytes: string
  readonly sent: Record<string, unknown>
  readonly log: LogLine
  readonly status: number
  readonly text: string
}

/** Sends one request through a route with this configuration. */
async function pass(config: object, body: object | string, path: string = paths.chat): Promise<Passed> {
  const { url, linesOf } = await startGateway({ routes: [aiRoute(mock.url, config as Record<string, unknown>)] })
  const answer = await askRaw(`${url}${path}`, { body })
  const bytes = mock.requests.at(-1)?.body.toString() ?? ''
  const [log = {}] = await linesOf(answer.id)
  return { bytes, sent: JSON.parse(bytes) as Passed['sent'], log, status: answer.status, text: answer.body.toString() }
}

describe('untouched bytes', () => {
  test('P2: odd white space, numbers and escapes arrive as they were sent', async () => {
    const body =
      '\r\n{ "messages" :\t[{"role":"user","content":"\\u00e9\\/\\ud83d\\ude00 é😀"}],"model":"gpt-4",\n "seed":12345678901234567890,"top_p":1.0,"n":1e0 , "x":{"b":-0,"a":[ ]}  }\n'
    expect((await pass({}, body)).bytes).toBe(body)
  })

  test('a stream whose client asks for its usage is sent as it is', async () => {
    const body =
      '{"stream":true , "stream_options": {"include_usage": true,"x":1.0},"model":"gpt-4","messages":[{"role":"user","content":"hi"}]}'
    const { bytes, text } = await pass({}, body)
    expect(bytes).toBe(body)
    expect(text).toMatch(/"usage":\{[^}]*"total_tokens"/)
  })

  test('an edit touches its own span and nothing else', async () => {
    const body =
      '{"seed":12345678901234567890 , "temperature": 1.0, "top_p":1.00,"model":"gpt-4","messages":[{"role":"user","content":"\\u00e9"}] }'
    const { bytes } = await pass({ options: { temperature: 0.2 } }, body)
    expect(bytes).toBe(body.replace('1.0,', '0.2,'))
  })

  const deep = `${'['.repeat(2000)}${']'.repeat(2000)}`
  test.for([
    ['emoji', '"content":"👩‍👩‍👧‍👦 \\ud83d\\ude00"', ''],
    ['large integers', '"content":"x"', '"metadata":{"n":"1","big":-98765432109876543210.000}'],
    ['deep nesting', '"content":"x"', `"extra":${deep}`],
  ] as const)('P40: %s pass an edited body unchanged', async ([, content, more]) => {
    const body = `{"model":"client","messages":[{"role":"user",${content}}]${more && `,${more}`}}`
    const { bytes } = await pass({ options: { model: 'ours' } }, body)
    expect(bytes).toBe(body.replace('"client"', '"ours"'))
  })

  test('what comes back is byte for byte what the provider said', async () => {
    const body =
      '{ "id":"x","object":"chat.completion","created":1.0,"big":12345678901234567890,"t":"\\u00e9\\/",\n"model":"m","choices":[ {"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}] }\n'
    mock.script({ body, contentType: 'application/json; charset=utf-8' })
    expect((await pass({}, chat)).text).toBe(body)
  })
})

describe('options', () => {
  test('P4: they win over the client', async () => {
    const { sent } = await pass({ options: { temperature: 0.2 } }, { ...chat, temperature: 1 })
    expect(sent).toEqual({ ...chat, temperature: 0.2 })
  })

  test('any member, of any kind, and the model of the log is the one that was asked for', async () => {
    const options = { model: 'ours', stop: ['a'], response_format: { type: 'text' }, seed: 7, user: null }
    const { sent, log } = await pass({ options }, { ...chat, stop: 'b', user: 'me' })
    expect(sent).toEqual({ ...chat, ...options })
    expect(log).toMatchObject({ request_llm_model: 'gpt-4', llm_model: 'ours' })
  })

  test('as defaults they fill what the client left out', async () => {
    const config = { options_mode: 'default', options: { model: 'ours', temperature: 0.2, top_p: 0.5 } }
    const { sent, log } = await pass(config, { ...chat, temperature: 1 })
    expect(sent).toEqual({ ...chat, temperature: 1, top_p: 0.5 })
    expect(log).toMatchObject({ request_llm_model: 'gpt-4', llm_model: 'gpt-4' })
    expect((await pass(config, { messages: chat.messages })).log).toMatchObject({
      request_llm_model: '',
      llm_model: 'ours',
    })
  })
})

const patch = (body: object, force = false): object => ({
  override: { request_body: { 'openai-chat': body }, request_body_force_override: force },
})

describe('override.request_body', () => {
  test.for([
    ['P5: it fills what is missing', { temperature: 0.2 }, false, {}, { temperature: 0.2 }],
    ['P5: it yields to the client', { temperature: 0.2 }, false, { temperature: 1 }, { temperature: 1 }],
    ['with force it wins', { temperature: 0.2 }, true, { temperature: 1 }, { temperature: 0.2 }],
    ['P6: objects merge', { metadata: { a: '1' } }, true, { metadata: { b: '2' } }, { metadata: { a: '1', b: '2' } }],
    [
      'objects merge without force too',
      { metadata: { a: '1', b: 'x' } },
      false,
      { metadata: { b: '2' } },
      { metadata: { a: '1', b: '2' } },
    ],
    ['arrays are replaced, not merged', { stop: ['a'] }, true, { stop: ['b', 'c'] }, { stop: ['a'] }],
    ['an object yields to another kind', { metadata: { a: '1' } }, false, { metadata: null }, { metadata: null }],
    [
      'an object takes the place of another kind',
      { metadata: { a: '1' } },
      true,
      { metadata: 'x' },
      { metadata: { a: '1' } },
    ],
    ['null is a value, not a deletion', { user: null }, true, { user: 'x' }, { user: null }],
  ] as const)('%s', async ([, body, force, client, expected]) => {
    expect((await pass(patch(body, force), { ...chat, ...client })).sent).toEqual({ ...chat, ...expected })
  })

  test('it comes after options and llm_options', async () => {
    const override = {
      llm_options: { max_tokens: 5 },
      request_body: { 'openai-chat': { temperature: 1, max_completion_tokens: 9 } },
    }
    const options = { temperature: 0.2 }
    expect((await pass({ options, override }, chat)).sent).toEqual({
      ...chat,
      temperature: 0.2,
      max_completion_tokens: 5,
    })
    const forced = { options, override: { ...override, request_body_force_override: true } }
    expect((await pass(forced, chat)).sent).toEqual({ ...chat, temperature: 1, max_completion_tokens: 9 })
  })

  test('it is of its dialect alone, and may decide on the stream', async () => {
    const override = { request_body: { 'openai-chat': { stream: true }, 'openai-embeddings': { dimensions: 3 } } }
    const streamed = await pass({ override }, chat)
    expect(streamed.sent).toEqual({ ...chat, stream: true, stream_options: { include_usage: true } })
    expect(streamed.log).toMatchObject({ request_type: 'ai_stream', llm_stream: true })
    const embedding = { model: 'e', input: 'x' }
    expect((await pass({ override }, embedding, paths.embeddings)).sent).toEqual({ ...embedding, dimensions: 3 })
  })
})

describe('override.llm_options', () => {
  const limit = { llm_options: { max_tokens: 10 } }
  const both = { max_tokens: 99, max_completion_tokens: 98 }

  test.for([
    ['P7: openai', {}, { max_completion_tokens: 10 }],
    ['P8: deepseek', { provider: 'deepseek' }, { max_tokens: 10 }],
    ['P8: gemini', { provider: 'gemini' }, { max_completion_tokens: 10 }],
    ['aimlapi', { provider: 'aimlapi' }, { max_tokens: 10 }],
    ['openrouter', { provider: 'openrouter' }, { max_tokens: 10 }],
    ['azure-openai', { provider: 'azure-openai' }, { max_tokens: 10 }],
    ['anthropic', { provider: 'anthropic' }, { max_tokens: 10 }],
    [
      'vertex-ai',
      { provider: 'vertex-ai', provider_conf: { project_id: 'p', region: 'r' } },
      { max_completion_tokens: 10 },
    ],
    ['openai-compatible', { provider: 'openai-compatible' }, { max_tokens: 10 }],
  ] as const)('%s: the limit has its name, and the client keeps none beside it', async ([, config, expected]) => {
    expect((await pass({ ...config, override: limit }, { ...chat, ...both })).sent).toEqual({ ...chat, ...expected })
    expect((await pass({ ...config, override: limit }, chat)).sent).toEqual({ ...chat, ...expected })
  })

  test.for([
    ['P8: responses', {}, paths.responses, { model: 'm', input: 'x' }, 'max_output_tokens'],
    [
      'P8: messages',
      { provider: 'anthropic' },
      paths.messages,
      { model: 'm', messages: chat.messages, max_tokens: 9 },
      'max_tokens',
    ],
  ] as const)('%s', async ([, config, path, body, member]) => {
    expect((await pass({ ...config, override: limit }, body, path)).sent).toEqual({ ...body, [member]: 10 })
  })

  test('embeddings have no such limit', async () => {
    const body = { model: 'm', input: 'x' }
    expect((await pass({ override: limit }, body, paths.embeddings)).sent).toEqual(body)
  })
})

describe('the final value of stream', () => {
  const usage = { stream_options: { include_usage: true } }
  const streamed = { request_type: 'ai_stream', llm_stream: true, usage_source: 'provider' }
  const whole = { request_type: 'ai_chat', llm_stream: false }

  test.for([
    ['P3: the client streams', {}, { stream: true }, { stream: true, ...usage }, streamed],
    ['the client does not', {}, { stream: false }, { stream: false }, whole],
    ['nobody says', {}, {}, {}, whole],
    ['options stream, the client does not', { stream: true }, { stream: false }, { stream: true, ...usage }, streamed],
    ['options stream, the client says nothing', { stream: true }, {}, { stream: true, ...usage }, streamed],
    ['options do not stream, the client does', { stream: false }, { stream: true, ...usage }, { stream: false }, whole],
    ['stream is null', {}, { stream: null }, { stream: null }, whole],
    ['stream is 0', {}, { stream: 0 }, { stream: 0 }, whole],
    ['stream is a text', {}, { stream: 'x' }, { stream: 'x' }, whole],
    ['stream_options without a stream', {}, usage, {}, whole],
    [
      'stream_options of the client merge',
      {},
      { stream: true, stream_options: { other: 1 } },
      { stream: true, stream_options: { other: 1, include_usage: true } },
      streamed,
    ],
    [
      'the client wants no usage',
      {},
      { stream: true, stream_options: { include_usage: false } },
      { stream: true, ...usage },
      streamed,
    ],
    ['stream_options are null', {}, { stream: true, stream_options: null }, { stream: true, ...usage }, streamed],
  ] as const)('%s', async ([, options, client, expected, log]) => {
    const passed = await pass({ options }, { ...chat, ...client })
    expect(passed.sent).toEqual({ ...chat, ...expected })
    expect(passed.log).toMatchObject(log)
  })

  test('include_usage: never asks for nothing and takes nothing away', async () => {
    const config = { include_usage: 'never' }
    expect((await pass(config, { ...chat, stream: true })).sent).toEqual({ ...chat, stream: true })
    const own = { stream: true, stream_options: { include_usage: true } }
    expect((await pass(config, { ...chat, ...own })).sent).toEqual({ ...chat, ...own })
  })

  test('the usage chunk that only we asked for is not shown, its numbers are in the log', async () => {
    const { text, log } = await pass({}, { ...chat, stream: true })
    expect(text).toMatch(/data: \[DONE\]\n\n$/)
    expect(text).not.toContain('"choices":[]')
    expect(text).not.toContain('total_tokens')
    expect(log['llm_total_tokens']).toBeGreaterThan(0)
    const asked = await pass({}, { ...chat, stream: true, stream_options: { include_usage: true } })
    expect(asked.text).toContain('total_tokens')
  })

  test('no other dialect is asked for its usage', async () => {
    const response = { model: 'm', input: 'x', stream: true }
    expect((await pass({}, response, paths.responses)).sent).toEqual(response)
    const message = { model: 'm', max_tokens: 9, messages: chat.messages, stream: true }
    expect((await pass({ provider: 'anthropic' }, message, paths.messages)).sent).toEqual(message)
  })

  test('embeddings never stream', async () => {
    const { log } = await pass({}, { model: 'e', input: 'x', stream: true }, paths.embeddings)
    expect(log).toMatchObject({ request_type: 'ai_chat', llm_stream: false })
  })
})
