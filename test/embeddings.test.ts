import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import OpenAI from 'openai'
import { describe, expect, onTestFinished, test } from 'vitest'
import { schemaProblems } from './support/dialect-schemas.ts'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'
import { startUpstream } from './support/upstream.ts'

type Json = Readonly<Record<string, unknown>>

const openai = { path: '/v1/embeddings', body: { model: 'm', input: ['one', 'two words'] } }
const text = (words: string): Json => ({ parts: [{ text: words }] })
const batch = { path: '/v1beta/models/m:batchEmbedContents', body: { requests: ['one', 'two words'].map((words) => ({ model: 'models/m', content: text(words) })) } }
const single = { path: '/v1beta/models/m:embedContent', body: { content: text('one') } }
const vertex = { provider: 'vertex-ai', provider_conf: { project_id: 'p', region: 'r' } }
const native = { provider: 'gemini', provider_conf: { dialect: 'native' } }

interface Stage {
  readonly mock: MockLlm
  readonly gateway: TestGateway
  ask(path: string, body: object): Promise<RawAnswer>
}

async function stage(config: Json): Promise<Stage> {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const gateway = await startGateway({ routes: [aiRoute(mock.url, config)] })
  return { mock, gateway, ask: (path, body) => askRaw(gateway.url + path, { body }) }
}

const jsonOf = ({ body }: RawAnswer): unknown => JSON.parse(body.toString())
const sent = (mock: MockLlm): unknown => JSON.parse(mock.requests[0]!.body.toString())

interface OpenAiAnswer {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] | string }[]
  readonly usage: { readonly prompt_tokens: number }
}

function vectorsOf(answer: RawAnswer): readonly (readonly number[])[] {
  return (jsonOf(answer) as OpenAiAnswer).data.map(({ embedding }) => (typeof embedding === 'string' ? floats(embedding) : embedding))
}

function floats(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64')
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}

const google = [
  { name: 'Gemini, natively', config: native, at: '/v1beta/models/m:batchEmbedContents', body: batch.body, counts: false },
  { name: 'Vertex AI', config: vertex, at: '/v1/projects/p/locations/r/publishers/google/models/m:predict', body: { instances: [{ content: 'one' }, { content: 'two words' }] }, counts: true },
]

describe.for(google)('OpenAI’s embeddings on $name', ({ config, at, body, counts }) => {
  test('P28: are asked in the provider’s dialect, and answered in OpenAI’s', async () => {
    const { mock, ask, gateway } = await stage(config)
    const answer = await ask(openai.path, openai.body)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json'])
    expect(schemaProblems('openAi', 'CreateEmbeddingResponse', jsonOf(answer))).toEqual([])
    const tokens = counts ? 3 : 0
    expect(jsonOf(answer)).toMatchObject({ object: 'list', model: 'm', data: [{ index: 0 }, { index: 1 }], usage: { prompt_tokens: tokens, total_tokens: tokens } })
    expect(mock.requests).toMatchObject([{ method: 'POST', url: at }])
    expect(sent(mock)).toEqual(body)
    const usage = { usage_source: counts ? 'provider' : 'none', llm_prompt_tokens: tokens, llm_total_tokens: tokens, llm_completion_tokens: 0 }
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ outcome: 'complete', request_type: 'ai_chat', request_llm_model: 'm', llm_model: 'm', ...usage }])
  })

  test('39: come in base64 for who asks for it', async () => {
    const { ask } = await stage(config)
    const asked = { ...openai.body, dimensions: 8 }
    const plain = vectorsOf(await ask(openai.path, asked))
    const encoded = await ask(openai.path, { ...asked, encoding_format: 'base64' })
    expect((jsonOf(encoded) as OpenAiAnswer).data.map(({ embedding }) => typeof embedding)).toEqual(['string', 'string'])
    expect(vectorsOf(encoded)).toEqual(plain.map((vector) => [...Float32Array.from(vector)]))
    expect(plain.map(({ length }) => length)).toEqual([8, 8])
  })

  test('take the model and the dimensions that the route sets, and none of its other options', async () => {
    const { mock, ask } = await stage({ ...config, options: { model: 'other', dimensions: 4, temperature: 0.5, stream: true } })
    const answer = await ask(openai.path, { ...openai.body, stream: true })
    expect([answer.status, vectorsOf(answer).map(({ length }) => length)]).toEqual([200, [4, 4]])
    expect(mock.requests).toMatchObject([{ url: at.replace('/m:', '/other:') }])
    expect(mock.requests[0]!.body.toString()).not.toMatch(/temperature|stream|"dimensions"/)
  })

  test('default options give way to what the client says', async () => {
    const { mock, ask } = await stage({ ...config, options_mode: 'default', options: { model: 'other', dimensions: 4 } })
    expect(vectorsOf(await ask(openai.path, { ...openai.body, dimensions: 6 })).map(({ length }) => length)).toEqual([6, 6])
    expect(mock.requests).toMatchObject([{ url: at }])
  })

  test.for<[what: string, body: object]>([
    ['tokens', { model: 'm', input: [1, 2] }],
    ['an empty text', { model: 'm', input: '' }],
    ['nobody’s model', { input: 'x' }],
  ])('are refused for %s, and nobody is asked', async ([, body_]) => {
    const { mock, ask } = await stage(config)
    const answer = await ask(openai.path, body_)
    expect([answer.status, schemaProblems('openAi', 'ErrorResponse', jsonOf(answer)), mock.requests.length]).toEqual([400, [], 0])
  })

  test('fail in OpenAI’s shape', async () => {
    const { mock, ask, gateway } = await stage(config)
    mock.script({ status: 429, message: 'Slow down.' }, { body: { predictions: [], embeddings: [] } })
    const failed = await ask(openai.path, openai.body)
    expect([failed.status, schemaProblems('openAi', 'ErrorResponse', jsonOf(failed))]).toEqual([429, []])
    expect(jsonOf(failed)).toMatchObject({ error: { message: 'Slow down.' } })
    const short = await ask(openai.path, openai.body)
    expect([short.status, jsonOf(short)]).toMatchObject([502, { error: { message: 'the provider answered with 0 embeddings for 2 inputs' } }])
    expect(await gateway.linesOf(failed.id, short.id)).toMatchObject([{ outcome: 'upstream_error' }, { outcome: 'upstream_error' }])
  })

  test('are what the unmodified SDK reads, which asks for base64', async () => {
    const { gateway } = await stage(config)
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'k', maxRetries: 0 })
    const { data } = await client.embeddings.create({ model: 'm', input: ['one', 'two words'], dimensions: 5 })
    expect(data.map(({ embedding }) => embedding.length)).toEqual([5, 5])
  })
})

test('OpenAI’s embeddings are served by Gemini’s compatible endpoint unless the route says otherwise', async () => {
  const { mock, ask } = await stage({ provider: 'gemini' })
  expect((await ask(openai.path, openai.body)).status).toBe(200)
  expect(mock.requests).toMatchObject([{ url: '/v1beta/openai/embeddings' }])
})

describe('Gemini’s embeddings', () => {
  test.for([batch, single])('are passed to Gemini as they are: $path', async ({ path, body }) => {
    const { mock, ask, gateway } = await stage({ provider: 'gemini' })
    const answer = await ask(path, body)
    expect(answer.status).toBe(200)
    expect(mock.requests).toMatchObject([{ url: path }])
    expect(mock.requests[0]!.body.toString()).toBe(JSON.stringify(body))
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ outcome: 'complete', llm_model: 'm', llm_stream: false }])
  })

  test('ask Gemini for the model of the route, in the path and with each text', async () => {
    const { mock, ask } = await stage({ provider: 'gemini', options: { model: 'other' } })
    expect((await ask(batch.path, batch.body)).status).toBe(200)
    expect(mock.requests).toMatchObject([{ url: '/v1beta/models/other:batchEmbedContents' }])
    expect(sent(mock)).toEqual({ requests: batch.body.requests.map((one) => ({ ...one, model: 'models/other' })) })
  })

  const others = [
    { name: 'OpenAI', config: { provider: 'openai' }, at: '/v1/embeddings', asked: { model: 'm', input: ['one', 'two words'] }, usage: 'provider' },
    { name: 'Azure', config: { provider: 'azure-openai', provider_conf: { deployment: 'd', api_version: '2024-10-21' } }, at: '/openai/deployments/d/embeddings?api-version=2024-10-21', asked: { input: ['one', 'two words'] }, usage: 'provider' },
    { name: 'Vertex AI', config: vertex, at: '/v1/projects/p/locations/r/publishers/google/models/m:predict', asked: { instances: [{ content: 'one' }, { content: 'two words' }] }, usage: 'provider' },
  ]

  test.for(others)('are served by $name, in a batch', async ({ config, at, asked, usage }) => {
    const { mock, ask, gateway } = await stage(config)
    const answer = await ask(batch.path, batch.body)
    expect([answer.status, schemaProblems('gemini', 'BatchEmbedContentsResponse', jsonOf(answer))]).toEqual([200, []])
    expect((jsonOf(answer) as { embeddings: unknown[] }).embeddings).toHaveLength(2)
    expect(mock.requests).toMatchObject([{ url: at }])
    expect(sent(mock)).toEqual(asked)
    const [line] = await gateway.linesOf(answer.id)
    expect(line).toMatchObject({ outcome: 'complete', usage_source: usage, request_llm_model: 'm' })
    expect(Number(line?.['llm_prompt_tokens'])).toBeGreaterThan(0)
  })

  test.for(others)('are served by $name, one by itself', async ({ config }) => {
    const { ask } = await stage(config)
    const answer = await ask(single.path, { ...single.body, outputDimensionality: 7 })
    expect([answer.status, schemaProblems('gemini', 'EmbedContentResponse', jsonOf(answer))]).toEqual([200, []])
    expect((jsonOf(answer) as { embedding: { values: unknown[] } }).embedding.values).toHaveLength(7)
  })

  test('take the options of the route as OpenAI’s, on OpenAI’s providers', async () => {
    const { mock, ask } = await stage({ provider: 'openai', options: { model: 'other', dimensions: 3 } })
    const answer = await ask(single.path, single.body)
    expect((jsonOf(answer) as { embedding: { values: unknown[] } }).embedding.values).toHaveLength(3)
    expect(sent(mock)).toEqual({ model: 'other', input: ['one'], dimensions: 3 })
  })

  test('fail in Gemini’s shape', async () => {
    const { mock, ask } = await stage({ provider: 'openai' })
    mock.script({ status: 401, message: 'Who are you?' })
    const failed = await ask(single.path, single.body)
    expect([failed.status, jsonOf(failed)]).toMatchObject([401, { error: { code: 401, message: 'Who are you?', status: 'UNAUTHENTICATED' } }])
    const refused = await ask(single.path, { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } })
    expect([refused.status, jsonOf(refused)]).toMatchObject([400, { error: { status: 'INVALID_ARGUMENT' } }])
  })

  test('are not served by a provider without embeddings, which is said', async () => {
    const { ask, mock } = await stage({ provider: 'anthropic' })
    const answer = await ask(single.path, single.body)
    expect([answer.status, jsonOf(answer), mock.requests.length]).toMatchObject([400, { error: { message: expect.stringContaining('provider anthropic does not support gemini-embeddings') as string } }, 0])
  })
})

describe('more texts than a model takes in one call', () => {
  const inputs = Array.from({ length: 20 }, (_, index) => `text number ${index}`)
  const parts = { ...vertex, options: { model: 'gemini-embedding-001', dimensions: 4 } }

  test('are asked for in as many calls, and answered as one, in their order', async () => {
    const { mock, ask, gateway } = await stage(parts)
    const answer = await ask(openai.path, { model: 'm', input: inputs })
    expect([answer.status, schemaProblems('openAi', 'CreateEmbeddingResponse', jsonOf(answer))]).toEqual([200, []])
    expect(mock.requests.map(({ body }) => JSON.parse(body.toString()) as object)).toEqual(
      expect.arrayContaining(inputs.map((content) => ({ instances: [{ content }], parameters: { outputDimensionality: 4 } }))),
    )
    expect(mock.requests).toHaveLength(20)
    const { data, usage } = jsonOf(answer) as OpenAiAnswer
    expect(data.map(({ index }) => index)).toEqual(inputs.map((_, index) => index))
    expect(usage).toEqual({ prompt_tokens: 60, total_tokens: 60 })
    const alone = vectorsOf(await ask(openai.path, { model: 'm', input: inputs[13] }))
    expect(vectorsOf(answer)[13]).toEqual(alone[0])
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ outcome: 'complete', usage_source: 'provider', llm_prompt_tokens: 60, llm_total_tokens: 60 }])
  })

  test('are so for Gemini’s clients, too', async () => {
    const { mock, ask } = await stage(parts)
    const answer = await ask(batch.path, batch.body)
    expect([schemaProblems('gemini', 'BatchEmbedContentsResponse', jsonOf(answer)), mock.requests.length]).toEqual([[], 2])
    expect((jsonOf(answer) as { embeddings: unknown[] }).embeddings).toHaveLength(2)
  })

  test('fail as one where a call fails, and no more are made', async () => {
    const { mock, ask, gateway } = await stage(parts)
    mock.script({}, {}, { status: 429, message: 'Slow down.' })
    const answer = await ask(openai.path, { model: 'm', input: inputs })
    expect([answer.status, jsonOf(answer)]).toMatchObject([429, { error: { message: 'Slow down.' } }])
    expect(mock.requests.length).toBeLessThanOrEqual(8)
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ status: 429, outcome: 'upstream_error' }])
  })

  test('are refused where they would cost too many calls, and nobody is asked', async () => {
    const { mock, ask } = await stage(parts)
    const answer = await ask(openai.path, { model: 'm', input: Array.from({ length: 257 }, () => 'x') })
    expect([answer.status, jsonOf(answer), mock.requests.length]).toMatchObject([400, { error: { code: 'too_many_inputs' } }, 0])
  })

  test('tokens are one text, which cannot be translated', async () => {
    const { ask } = await stage(parts)
    expect((await ask(openai.path, { model: 'm', input: [1, 2, 3] })).status).toBe(400)
  })
})

describe('embeddings of Bedrock’s models', () => {
  const keys = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'wJalrXUtnFEMI/K7MDENG' }
  const bedrock = { provider: 'bedrock', provider_conf: { region: 'eu-central-1' }, auth: { aws: keys } }

  /** Models of Titan's and Cohere's that embed a text as its length, and what they were asked. */
  async function invoked(config: Json = {}) {
    const seen: { url: string | undefined; authorization: string | undefined; body: Json }[] = []
    const upstream = await startUpstream(async (req, res) => {
      const body = JSON.parse(Buffer.concat(await req.toArray()).toString()) as { inputText?: string; texts?: string[] }
      seen.push({ url: req.url, authorization: req.headers.authorization, body })
      const { inputText = '', texts } = body
      res.writeHead(200, { 'content-type': 'application/json' })
      res.end(JSON.stringify(texts ? { embeddings: { float: texts.map(({ length }) => [length]) } } : { embedding: [inputText.length], inputTextTokenCount: 2 }))
    })
    const gateway = await startGateway({ routes: [aiRoute(upstream.url, { ...bedrock, ...config })] })
    return { seen, gateway, ask: (path: string, body: object) => askRaw(gateway.url + path, { body }) }
  }

  test('are asked of Titan text by text, in signed requests, and add up', async () => {
    const { seen, gateway, ask } = await invoked()
    const answer = await ask(openai.path, { model: 'amazon.titan-embed-text-v2:0', input: ['a', 'bb', 'ccc'], dimensions: 256 })
    expect([answer.status, schemaProblems('openAi', 'CreateEmbeddingResponse', jsonOf(answer))]).toEqual([200, []])
    expect(vectorsOf(answer)).toEqual([[1], [2], [3]])
    expect(seen).toHaveLength(3)
    for (const { url, authorization, body } of seen) {
      expect(url).toBe('/model/amazon.titan-embed-text-v2%3A0/invoke')
      expect(authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/)
      expect(body).toEqual({ inputText: expect.any(String) as string, dimensions: 256 })
    }
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ outcome: 'complete', usage_source: 'provider', llm_prompt_tokens: 6 }])
  })

  test('are asked of Cohere’s models all at once', async () => {
    const { seen, ask } = await invoked()
    expect(vectorsOf(await ask(openai.path, { model: 'cohere.embed-v4:0', input: ['a', 'bb'], encoding_format: 'base64' }))).toEqual([[1], [2]])
    expect(seen.map(({ body }) => body)).toEqual([{ texts: ['a', 'bb'], input_type: 'search_document', embedding_types: ['float'] }])
  })

  test('are for what the route says', async () => {
    const { seen, ask } = await invoked({ override: { request_body: { 'bedrock-embeddings': { input_type: 'search_query' } }, request_body_force_override: true } })
    expect((await ask(openai.path, { model: 'cohere.embed-v4:0', input: ['a'] })).status).toBe(200)
    expect(seen).toMatchObject([{ body: { texts: ['a'], input_type: 'search_query' } }])
  })

  test('serve Gemini’s clients', async () => {
    const { ask } = await invoked()
    expect(jsonOf(await ask('/v1beta/models/amazon.titan-embed-text-v1:embedContent', single.body))).toEqual({ embedding: { values: [3] } })
  })

  test('fail in the client’s own shape', async () => {
    const upstream = await startUpstream((_, res) => void res.writeHead(429, { 'x-amzn-errortype': 'ThrottlingException' }).end('{"message":"Slow down."}'))
    const gateway = await startGateway({ routes: [aiRoute(upstream.url, bedrock)] })
    const answer = await askRaw(gateway.url + openai.path, { body: { model: 'cohere.embed-v4:0', input: 'a' } })
    expect([answer.status, schemaProblems('openAi', 'ErrorResponse', jsonOf(answer)), jsonOf(answer)]).toMatchObject([429, [], { error: { message: 'Slow down.' } }])
  })
})

test('a provider that streams embeddings has not understood, and the client is told', async () => {
  const upstream = await startUpstream((_, res) => void res.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"embeddings":[]}\n\n'))
  const gateway = await startGateway({ routes: [aiRoute(upstream.url, native)] })
  const answer = await askRaw(gateway.url + openai.path, { body: openai.body })
  expect([answer.status, schemaProblems('openAi', 'ErrorResponse', jsonOf(answer))]).toEqual([502, []])
})
