import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { schemaProblems } from './support/dialect-schemas.ts'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'

const tools = [{ name: 'get_weather', description: 'Tells the weather of a city.', input_schema: { type: 'object', properties: { city: { type: 'string' } } } }]
const message = { model: 'm', system: 'Be kind.', messages: [{ role: 'user', content: 'What is 1+1?' }], tools }
const content = { contents: [{ role: 'user', parts: [{ text: 'What is 1+1?' }] }] }

const anthropics = '/v1/messages/count_tokens'
const geminis = '/v1beta/models/m:countTokens'

interface Stage {
  readonly mock: MockLlm
  readonly gateway: TestGateway
  ask(path: string, body: object | string): Promise<RawAnswer>
}

async function stage(config: Readonly<Record<string, unknown>> = {}): Promise<Stage> {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const gateway = await startGateway({ routes: [aiRoute(mock.url, config)] })
  return { mock, gateway, ask: (path, body) => askRaw(gateway.url + path, { body, headers: { 'anthropic-beta': 'b' } }) }
}

const jsonOf = ({ body }: RawAnswer): unknown => JSON.parse(body.toString())
const sent = (mock: MockLlm): unknown => JSON.parse(mock.requests[0]!.body.toString())

describe('POST /v1/messages/count_tokens', () => {
  test('is passed to Anthropic as it is, bytes and all', async () => {
    const { mock, ask, gateway } = await stage({ provider: 'anthropic' })
    const body = '{ "messages":[{"role":"user","content":"Hi"}],"model" :"m" }'
    const answer = await ask(anthropics, body)
    expect([answer.status, jsonOf(answer), answer.headers['x-sluice-estimate']]).toEqual([200, { input_tokens: expect.any(Number) as number }, undefined])
    expect(mock.requests).toMatchObject([{ method: 'POST', url: anthropics, headers: { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'b' } }])
    expect(mock.requests[0]!.body.toString()).toBe(body)
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ outcome: 'complete', usage_source: 'none', llm_total_tokens: 0 }])
  })

  test('asks Anthropic about the model that the route asks for, and changes nothing else', async () => {
    const { mock, ask } = await stage({ provider: 'anthropic', options: { model: 'the-routes-own', max_tokens: 9 } })
    const answer = await ask(`${anthropics}?beta=true`, '{"model":"m", "messages":[ {"role":"user","content":"Hi"}]}')
    expect([answer.status, answer.headers['x-sluice-estimate']]).toEqual([200, undefined])
    expect(mock.requests).toMatchObject([{ url: `${anthropics}?beta=true` }])
    expect(mock.requests[0]!.body.toString()).toBe('{"model":"the-routes-own", "messages":[ {"role":"user","content":"Hi"}]}')
  })

  test.for(['openai', 'deepseek', 'openrouter', 'gemini'])('is estimated where %s, as it is asked, cannot count, and says so', async (provider) => {
    const { mock, ask, gateway } = await stage({ provider })
    const answer = await ask(anthropics, message)
    expect([answer.status, answer.headers['content-type'], answer.headers['x-sluice-estimate']]).toEqual([200, 'application/json', 'true'])
    const { input_tokens: tokens } = jsonOf(answer) as { input_tokens: number }
    expect(jsonOf(answer)).toEqual({ input_tokens: tokens })
    expect(tokens).toBeGreaterThan(25)
    expect(tokens).toBeLessThan(100)
    expect(mock.requests).toEqual([])
    expect(await gateway.linesOf(answer.id)).toMatchObject([{ outcome: 'complete', llm_total_tokens: 0 }])
  })

  test('an estimate grows with what is said', async () => {
    const { ask } = await stage()
    const counts: number[] = []
    for (const text of ['Hi', 'Hi, how are you?', 'Hi, how are you? '.repeat(500)]) {
      counts.push((jsonOf(await ask(anthropics, { ...message, messages: [{ role: 'user', content: text }] })) as { input_tokens: number }).input_tokens)
    }
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts[2]! / 500).toBeCloseTo(6, 0)
  })

  test.for<[what: string, body: object | string]>([
    ['no messages', { model: 'm' }],
    ['a block that nobody knows', { model: 'm', messages: [{ role: 'user', content: [{ type: 'x' }] }] }],
    ['no JSON', '{'],
    ['nothing', ''],
  ])('is refused with %s, as Anthropic refuses', async ([, body]) => {
    const { ask } = await stage()
    const answer = await ask(anthropics, body)
    expect([answer.status, schemaProblems('anthropic', 'Error', jsonOf(answer))]).toEqual([400, []])
  })

  test('is refused where the body is too large', async () => {
    const { ask } = await stage({ max_req_body_size: 10 })
    expect((await ask(anthropics, message)).status).toBe(413)
  })

  test('tells Anthropic’s errors as they are', async () => {
    const { mock, ask } = await stage({ provider: 'anthropic', options: { model: 'm' } })
    mock.script({ status: 429, message: 'Slow down.' })
    const answer = await ask(anthropics, message)
    expect([answer.status, schemaProblems('anthropic', 'Error', jsonOf(answer))]).toEqual([429, []])
  })
})

const google = [
  { provider: 'gemini', config: { provider_conf: { dialect: 'native' } }, at: '/v1beta/models/m:countTokens', inner: 'generateContentRequest' },
  { provider: 'vertex-ai', config: { provider_conf: { project_id: 'p', region: 'r', dialect: 'native' } }, at: '/v1/projects/p/locations/r/publishers/google/models/m:countTokens', inner: undefined },
]

describe.for(google)('a count of $provider’s', ({ provider, config, at, inner }) => {
  test('is asked for clients of Anthropic’s', async () => {
    const { mock, ask } = await stage({ provider, ...config })
    const answer = await ask(anthropics, message)
    expect([answer.status, answer.headers['x-sluice-estimate']]).toEqual([200, undefined])
    expect(jsonOf(answer)).toEqual({ input_tokens: expect.any(Number) as number })
    expect(mock.requests).toMatchObject([{ method: 'POST', url: at }])
    const body = sent(mock) as Record<string, object>
    expect(inner === undefined ? body : body[inner]).toMatchObject({ ...content, systemInstruction: {}, tools: [{ functionDeclarations: [{ name: 'get_weather' }] }] })
  })

  test('is asked about the model that the route asks for', async () => {
    const { mock, ask } = await stage({ provider, ...config, options: { model: 'other' } })
    expect((await ask(anthropics, message)).status).toBe(200)
    expect(mock.requests).toMatchObject([{ url: at.replace('/m:', '/other:') }])
  })

  test('fails in the client’s own shape', async () => {
    const { mock, ask } = await stage({ provider, ...config })
    mock.script({ status: 503, message: 'Overloaded.' }, { body: { totalTokens: 'many' } })
    const failed = await ask(anthropics, message)
    expect([failed.status, schemaProblems('anthropic', 'Error', jsonOf(failed))]).toEqual([503, []])
    const odd = await ask(anthropics, message)
    expect([odd.status, schemaProblems('anthropic', 'Error', jsonOf(odd))]).toEqual([502, []])
  })

  test('is passed on for clients of Gemini’s', async () => {
    const { mock, ask } = await stage({ provider, ...config })
    const answer = await ask(geminis, content)
    expect([answer.status, jsonOf(answer)]).toEqual([200, { totalTokens: expect.any(Number) as number }])
    expect(mock.requests).toMatchObject([{ url: at }])
    expect(sent(mock)).toEqual(content)
  })
})

describe('a count of Bedrock’s', () => {
  const bedrock = { provider: 'bedrock', provider_conf: { region: 'eu-central-1' }, auth: { aws: { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'wJalrXUtnFEMI/K7MDENG' } } }

  test('is asked of Anthropic’s models, by a signed request', async () => {
    const { mock, ask } = await stage({ ...bedrock, options: { model: 'eu.anthropic.claude-sonnet-4-20250514-v1:0' } })
    mock.script({ body: { inputTokens: 33 } })
    const answer = await ask(anthropics, message)
    expect([answer.status, jsonOf(answer), answer.headers['x-sluice-estimate']]).toEqual([200, { input_tokens: 33 }, undefined])
    expect(mock.requests).toMatchObject([{ url: '/model/anthropic.claude-sonnet-4-20250514-v1%3A0/count-tokens' }])
    expect(mock.requests[0]!.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /)
    expect(sent(mock)).toMatchObject({ input: { converse: { messages: [{ role: 'user' }], system: [{ text: 'Be kind.' }], toolConfig: {} } } })
  })

  test('is estimated for others', async () => {
    const { mock, ask } = await stage({ ...bedrock, options: { model: 'amazon.nova-pro-v1:0' } })
    const answer = await ask(anthropics, message)
    expect([answer.status, answer.headers['x-sluice-estimate'], mock.requests.length]).toEqual([200, 'true', 0])
  })
})

describe('Gemini’s :countTokens', () => {
  test('is asked of Anthropic, where that is asked in its own dialect', async () => {
    const { mock, ask } = await stage({ provider: 'anthropic', provider_conf: { dialect: 'native' } })
    const answer = await ask(geminis, { ...content, generationConfig: { temperature: 1 } })
    expect([answer.status, jsonOf(answer), answer.headers['x-sluice-estimate']]).toEqual([200, { totalTokens: expect.any(Number) as number }, undefined])
    expect(mock.requests).toMatchObject([{ url: anthropics, headers: { 'anthropic-version': '2023-06-01' } }])
    expect(sent(mock)).toEqual({ model: 'm', messages: [{ role: 'user', content: expect.anything() as unknown }] })
  })

  test('is estimated where the provider cannot count, and says so', async () => {
    const { mock, ask } = await stage()
    for (const body of [content, { generateContentRequest: { model: 'models/m', ...content } }]) {
      const answer = await ask(geminis, body)
      expect([answer.status, answer.headers['x-sluice-estimate'], jsonOf(answer)]).toEqual([200, 'true', { totalTokens: 14 }])
    }
    expect(mock.requests).toEqual([])
  })

  test('is refused as Gemini refuses', async () => {
    const { ask } = await stage()
    const answer = await ask(geminis, {})
    expect([answer.status, jsonOf(answer)]).toMatchObject([400, { error: { code: 400, status: 'INVALID_ARGUMENT' } }])
  })
})
