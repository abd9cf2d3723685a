import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dataOf, viewStream, viewWhole, type Api, type View } from './support/client-view.ts'
import { bytesOf, fixtures, fixturesFolder, type Fixture } from './support/fixtures.ts'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { openGateway, type LogLine, type TestGateway } from './support/start-gateway.ts'

const providers = [
  'openai',
  'deepseek',
  'azure-openai',
  'anthropic',
  'aimlapi',
  'openrouter',
  'gemini',
  'vertex-ai',
  'bedrock',
  'openai-compatible',
]

/** Where a client sends what; the provider's name comes before. */
const paths: Readonly<Record<string, string>> = {
  chat: '/v1/chat/completions',
  embeddings: '/v1/embeddings',
  responses: '/v1/responses',
  messages: '/v1/messages',
  count_tokens: '/v1/messages/count_tokens',
  generateContent: '/v1beta/models/some-model:generateContent',
  streamGenerateContent: '/v1beta/models/some-model:streamGenerateContent?alt=sse',
  converse: '/model/some-model/converse',
  'converse-stream': '/model/some-model/converse-stream',
}
/** Operations that are passed through unread. */
const passed = new Set(['count_tokens'])

const endpoints: Readonly<Record<string, string>> = {
  'azure-openai': '/openai/deployments/gpt-4/chat/completions?api-version=2024-02-01',
  'vertex-ai': '/v1beta1/projects/p/locations/us-central1/endpoints/openapi/chat/completions',
}

/** Bytes of each write; the third varies from run to run of the list, not from run to run of the tests. */
const cuts = [undefined, 1, seeded(20)]

/** Google's own API lies elsewhere than its endpoint for chats. */
const natives = new Set(['generateContent', 'streamGenerateContent'])
const isNative = ({ api }: Fixture): boolean => natives.has(api)
const routeOf = (fixture: Fixture): string => (isNative(fixture) ? `native-${fixture.provider}` : fixture.provider)

// A stream that is one JSON array is what nobody gets who asks for events, as the gateway does.
const ours = fixtures().filter(({ provider, api, streaming, file }) => providers.includes(provider) && api in paths && !(streaming && file.endsWith('.json')))
// Errors of these two come to chats as they are, too.
const foreign = fixtures()
  .filter(({ provider, http }) => (provider === 'gemini' || provider === 'vertex-ai') && http.status >= 400)
  .map((fixture) => ({ ...fixture, api: 'chat' }))

const isError = ({ http }: Fixture): boolean => http.status >= 400
const isEarly = ({ expected }: Fixture): boolean => expected!.choices!.length === 0
const isBroken = ({ expected, http }: Fixture): boolean => http.status < 400 && expected?.outcome !== 'ok'

let mock: MockLlm
let gateway: TestGateway & { close(): Promise<void> }
let asked = 0

beforeAll(async () => {
  mock = await startMockLlm({ fixtures: fixturesFolder })
  gateway = await openGateway({
    routes: [
      ...providers.map((provider) => routeTo(provider, provider, endpoints[provider])),
      ...['gemini', 'vertex-ai'].map((provider) => routeTo(`native-${provider}`, provider)),
    ],
  })
})
afterAll(async () => {
  await gateway.close()
  await mock.close()
})

function routeTo(id: string, provider: string, endpoint = ''): object {
  return {
    id,
    uri: `/${id}/*`,
    plugins: {
      'ai-proxy': {
        provider,
        ...(provider === 'bedrock' && { provider_conf: { region: 'us-east-1' } }),
        ...(provider === 'vertex-ai' && { provider_conf: { project_id: 'p', region: 'us-central1' } }),
        auth: { header: { authorization: 'Bearer sk-the-routes-own-key' } },
        override: { endpoint: mock.url + endpoint, forward_headers: ['x-mock-fault'] },
      },
    },
  }
}

describe('an answer that is relayed whole', () => {
  test.for(ours.filter((fixture) => !fixture.streaming && !isError(fixture)))(
    'keeps its bytes: $id',
    async (fixture) => {
      for (const [answer, line] of await relay(fixture)) {
        expect(answer).toMatchObject({ status: 200, isWhole: true })
        expect(answer.headers['content-type']).toBe(fixture.http.headers['content-type'])
        expect(answer.body.equals(bytesOf(fixture.file))).toBe(true)
        expect(viewOf(fixture, answer)).toEqual(expectedView(fixture))
        expect(line).toMatchObject(lineOf(fixture))
      }
    },
  )
})

describe('a stream', () => {
  const streams = ours.filter((fixture) => fixture.streaming && !isBroken(fixture))

  test.for(streams)('keeps its bytes, and ends as its dialect does: $id', async (fixture) => {
    for (const [answer, line] of await relay(fixture, { stream_options: { include_usage: true } })) {
      expect(answer).toMatchObject({ status: 200, isWhole: true })
      expect(answer.headers).toMatchObject({ 'content-type': fixture.http.headers['content-type'] })
      expect(answer.body.toString('latin1')).toBe(withOneEnd(bytesOf(fixture.file), fixture).toString('latin1'))
      expect(viewOf(fixture, answer)).toEqual(expectedView(fixture))
      expect(line).toMatchObject(lineOf(fixture))
    }
  })

  test.for(streams.filter(({ api }) => api === 'chat'))(
    'hides the usage that the client did not ask for: $id',
    async (fixture) => {
      const shown = eventsIn(withOneEnd(bytesOf(fixture.file), fixture)).filter((event) => !isUsageOnly(event))
      for (const [answer, line] of await relay(fixture)) {
        expect(answer).toMatchObject({ status: 200, isWhole: true })
        expect(answer.body.toString()).toBe(shown.join(''))
        expect(viewOf(fixture, answer)).toEqual(expectedView(fixture))
        expect(line).toMatchObject(lineOf(fixture))
      }
    },
  )
})

describe('an error', () => {
  const errors = [...ours.filter(isError), ...foreign]

  test.for(errors.filter(isInShape))('that the client can read is relayed as it is: $id', async (fixture) => {
    for (const [answer, line] of await relay(fixture)) {
      expect(answer).toMatchObject({ status: fixture.http.status, isWhole: true })
      expect(answer.headers).toMatchObject({
        'content-type': fixture.http.headers['content-type'],
        ...retryHints(fixture),
      })
      expect(answer.body.equals(bytesOf(fixture.file))).toBe(true)
      const { message } = fixture.expected!.error!
      expect(JSON.parse(answer.body.toString())).toMatchObject(isBedrocks(fixture) ? { message } : { error: { message } })
      expect(line).toMatchObject(errorLineOf(fixture))
    }
  })

  test.for(errors.filter((fixture) => !isInShape(fixture)))("is put into the client's shape: $id", async (fixture) => {
    const { message = 'Upstream returned HTTP 502 (text/html)' } = fixture.expected!.error!
    for (const [answer, line] of await relay(fixture)) {
      expect(answer).toMatchObject({ status: fixture.http.status, isWhole: true })
      expect(answer.headers).toMatchObject({ 'content-type': 'application/json', ...retryHints(fixture) })
      const { error, error_msg: text } = JSON.parse(answer.body.toString()) as {
        error: Record<string, unknown>
        error_msg: string
      }
      expect(text).toBe(message)
      expect(error).toMatchObject({ message, type: expect.any(String) as string })
      expect(['string', 'null']).toContain(error['code'] === null ? 'null' : typeof error['code'])
      expect(line).toMatchObject(errorLineOf(fixture))
    }
  })

  const broken = ours.filter(isBroken)

  test.for(broken.filter(isEarly))('inside a 200, before any content, is an HTTP error: $id', async (fixture) => {
    const error = fixture.expected!.stream_error!
    for (const [answer, line] of await relay(fixture)) {
      expect(answer).toMatchObject({ status: 429, isWhole: true })
      expect(JSON.parse(answer.body.toString())).toMatchObject({ error, error_msg: error['message'] })
      expect(line).toMatchObject({ status: 429, outcome: 'upstream_error', usage_source: 'none' })
    }
  })

  test.for(broken.filter((fixture) => !isEarly(fixture)))(
    'behind content is told in the stream, which is cut: $id',
    async (fixture) => {
      const { stream_error: error, usage } = fixture.expected!
      for (const [answer, line] of await relay(fixture)) {
        expect(answer).toMatchObject({ status: 200, isWhole: false })
        expect(answer.body.equals(bytesOf(fixture.file))).toBe(true)
        expect(viewOf(fixture, answer)).toEqual({ ...expectedView(fixture), error: error!['message'] })
        expect(line).toMatchObject({
          status: 200,
          outcome: 'upstream_error',
          usage_source: 'partial',
          llm_prompt_tokens: usage!.native!['input_tokens'],
        })
      }
    },
  )
})

test('every exchange has one line in the log', async () => {
  const lines = await gateway.lines(asked)
  expect(lines).toHaveLength(asked)
  expect(new Set(lines.map((line) => line['request_id'])).size).toBe(asked)
})

const views: Readonly<Record<string, Api>> = { chat: 'chat', responses: 'responses', messages: 'messages', generateContent: 'gemini', streamGenerateContent: 'gemini', converse: 'bedrock', 'converse-stream': 'bedrock' }

/** Asks once for each way to cut the answer into chunks. */
async function relay(fixture: Fixture, members: object = {}): Promise<readonly (readonly [RawAnswer, LogLine])[]> {
  const { id, api } = fixture
  const answers = await Promise.all(
    cuts.map((chunk) =>
      askRaw(`${gateway.url}/${routeOf(fixture)}${paths[api]}`, {
        headers: { 'x-mock-fault': JSON.stringify({ fixture: id, chunk }) },
        body: { ...requestOf(fixture), ...(api === 'chat' && fixture.streaming && members) },
      }),
    ),
  )
  asked += answers.length
  const lines = await gateway.linesOf(...answers.map((answer) => answer.id))
  return answers.map((answer) => [answer, lines.find((line) => line['request_id'] === answer.id)!] as const)
}

/** What the recorded answer was asked for, without what the client wants to know of usage. */
function requestOf(fixture: Fixture): object {
  const { request_file: file, api, streaming } = fixture
  if (isNative(fixture)) return { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] }
  const { stream_options: _, ...recorded } =
    file === undefined
      ? ({} as Record<string, unknown>)
      : (JSON.parse(bytesOf(file).toString()) as Record<string, unknown>)
  const usual =
    api === 'chat' || api === 'messages' || api === 'count_tokens'
      ? { messages: [{ role: 'user', content: 'Hi' }] }
      : { input: 'Hi' }
  const isOurs = 'messages' in recorded || 'input' in recorded
  return {
    model: 'some-model',
    ...usual,
    ...(isOurs && recorded),
    ...(api === 'embeddings' ? {} : { stream: streaming }),
  }
}

/** What a client makes of the answer; undefined where the bytes say it all. */
function viewOf({ api, streaming }: Fixture, { body }: RawAnswer): View | undefined {
  const view = views[api]
  return view && (streaming ? viewStream : viewWhole)(view, body)
}

function expectedView(fixture: Fixture): View | undefined {
  if (!views[fixture.api]) return undefined
  const choices = (fixture.expected!.choices ?? []).map(
    ({ content, refusal, finish_reason: finish, tool_calls: calls = [] }) => ({
      content: content ?? '',
      refusal: refusal ?? '',
      finish: finish ?? null,
      calls: calls.map((call) => ({
        id: call.id ?? undefined,
        name: call.name!,
        arguments: fixture.api === 'messages' || isNative(fixture) || isBedrocks(fixture) ? JSON.stringify(call.arguments_json) : call.arguments!,
      })),
    }),
  )
  return { choices }
}

/** The log as apisix counts: Anthropic's prompt tokens are those that the cache did not hold. */
function lineOf(fixture: Fixture): LogLine {
  const { api, provider, streaming, expected } = fixture
  const { usage, choices = [] } = expected!
  const line = {
    outcome: 'complete',
    status: 200,
    upstream_status: 200,
    route_id: routeOf(fixture),
    balancer_ip: `ai-proxy-${provider}`,
    request_type: streaming && !passed.has(api) ? 'ai_stream' : 'ai_chat',
    llm_has_tool_calls: choices.some(({ tool_calls: calls }) => calls !== undefined),
  }
  if (!usage || passed.has(api))
    return { ...line, usage_source: 'none', llm_prompt_tokens: 0, llm_completion_tokens: 0, llm_total_tokens: 0 }
  const prompt = api === 'messages' ? usage.native!['input_tokens']! : usage.prompt_tokens
  const completion = usage.completion_tokens ?? 0
  return {
    ...line,
    usage_source: 'provider',
    llm_prompt_tokens: prompt,
    llm_completion_tokens: completion,
    llm_total_tokens: api === 'messages' ? prompt + completion : usage.total_tokens,
    llm_cache_read_input_tokens: usage.cached_tokens ?? 0,
    llm_cache_creation_input_tokens: usage.cache_write_tokens ?? 0,
    llm_reasoning_tokens: usage.reasoning_tokens ?? 0,
  }
}

function errorLineOf({ http: { status } }: Fixture): LogLine {
  return { outcome: 'upstream_error', status, upstream_status: status, usage_source: 'none' }
}

function retryHints({ http: { headers } }: Fixture): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => /^(retry-after|x-ratelimit-|x-request-id$)/.test(name)),
  )
}

/** Chats end in one `[DONE]`, whether upstream sends one or none. */
function withOneEnd(body: Buffer, { api }: Fixture): Buffer {
  const isMissing = api === 'chat' && !dataOf(body).some((data) => data.trim() === '[DONE]')
  return !isMissing ? body : Buffer.concat([body, Buffer.from('data: [DONE]\n\n')])
}

function eventsIn(body: Buffer): string[] {
  return body.toString().match(/[^]+?(?:\r\n\r\n|\n\n|$)/g) ?? []
}

/** The chunk of `include_usage`: usage, and no choices or an empty list of them. */
function isUsageOnly(event: string): boolean {
  const [data = ''] = dataOf(Buffer.from(event))
  if (!data.startsWith('{')) return false
  const { choices, usage } = JSON.parse(data) as { choices?: unknown[] | null; usage?: unknown }
  return usage !== null && usage !== undefined && (choices?.length ?? 0) === 0
}

function isBedrocks({ provider }: Fixture): boolean {
  return provider === 'bedrock'
}

/** Whether a client of this API can read the error as it is: strings where it expects strings. */
function isInShape({ api, file }: Fixture): boolean {
  const body = bytesOf(file)
  if (body[0] !== 0x7b) return false
  const { type, error, message } = JSON.parse(body.toString()) as { type?: string; error?: Record<string, unknown>; message?: string }
  if (api.startsWith('converse')) return message !== undefined
  if (typeof error !== 'object' || typeof error['message'] !== 'string') return false
  if (api === 'messages') return type === 'error' && typeof error['type'] === 'string'
  if (natives.has(api)) return typeof error['code'] === 'number' && typeof error['status'] === 'string'
  return [error['type'], error['code'], error['param']].every((value) => typeof (value ?? '') === 'string')
}

/** One number from 2 on that a printed seed gives again. */
function seeded(seed: number): number {
  let state = seed
  state = (Math.imul(state ^ (state >>> 15), 1 | state) + 0x6d2b79f5) | 0
  return 2 + (((state ^ (state >>> 14)) >>> 0) % 60)
}
