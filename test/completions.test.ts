import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import OpenAI from 'openai'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dataOf } from './support/client-view.ts'
import { completionProblems } from './support/completion-schema.ts'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'

interface Completion {
  readonly choices: readonly { readonly text: string; readonly index: number; readonly finish_reason: string | null }[]
  readonly usage?: { readonly completion_tokens: number } | null
}

const asked = { model: 'm', prompt: 'What is 1+1?', max_tokens: 99 }

async function stage(config: Readonly<Record<string, unknown>> = {}, plugins: object = {}): Promise<{ mock: MockLlm; gateway: TestGateway; ask: (members?: object) => ReturnType<typeof askRaw> }> {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const route = aiRoute(mock.url, config) as { plugins: object }
  const gateway = await startGateway({ routes: [{ ...route, plugins: { ...route.plugins, ...plugins } }] })
  return { mock, gateway, ask: (members = {}) => askRaw(`${gateway.url}/v1/completions`, { body: { ...asked, ...members } }) }
}

const bodyOf = (mock: MockLlm): unknown => JSON.parse(mock.requests[0]!.body.toString())

/** The chunks of a stream, which has one end. */
function chunksOf(body: Buffer): Completion[] {
  const data = dataOf(body)
  expect(data.filter((one) => one === '[DONE]')).toEqual(['[DONE]'])
  expect(data.at(-1)).toBe('[DONE]')
  const chunks = data.slice(0, -1).map((one) => JSON.parse(one) as Completion)
  for (const chunk of chunks) expect(completionProblems(chunk, true)).toEqual([])
  return chunks
}

const providers = [
  { name: 'OpenAI’s chat', config: {}, at: '/v1/chat/completions', sent: { model: 'm', messages: [{ role: 'user', content: asked.prompt }], max_completion_tokens: 99 } },
  { name: 'DeepSeek', config: { provider: 'deepseek' }, at: '/chat/completions', sent: { model: 'm', messages: [{ role: 'user', content: asked.prompt }], max_tokens: 99 } },
  {
    name: 'Anthropic’s Messages',
    config: { provider: 'anthropic', provider_conf: { dialect: 'native' } },
    at: '/v1/messages',
    sent: { model: 'm', messages: [{ role: 'user', content: asked.prompt }], max_tokens: 99 },
  },
  {
    name: 'Gemini’s own API',
    config: { provider: 'gemini', provider_conf: { dialect: 'native' } },
    at: '/v1beta/models/m:generateContent',
    sent: { contents: [{ role: 'user', parts: [{ text: asked.prompt }] }], generationConfig: expect.objectContaining({ maxOutputTokens: 99 }) as object },
  },
]

describe.for(providers)('/v1/completions on $name', ({ config, at, sent }) => {
  test('is asked as a chat, and answered as a completion', async () => {
    const { mock, gateway, ask } = await stage(config)
    const { status, headers, body, id } = await ask()
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    const completion = JSON.parse(body.toString()) as Completion
    expect(completionProblems(completion, false)).toEqual([])
    expect(completion.choices).toMatchObject([{ index: 0, finish_reason: 'stop', text: expect.stringContaining('What is 1+1?') as string }])
    expect(mock.requests).toMatchObject([{ method: 'POST', url: at }])
    const { stream: _, ...rest } = bodyOf(mock) as Record<string, unknown>
    expect(rest).toEqual(sent)
    const [line] = await gateway.linesOf(id)
    expect(line).toMatchObject({ outcome: 'complete', request_type: 'ai_chat', request_llm_model: 'm', usage_source: 'provider', llm_completion_tokens: completion.usage!.completion_tokens })
  })

  test('streams the same text, with usage for those who ask for it', async () => {
    const { gateway, ask } = await stage(config)
    const whole = JSON.parse((await ask()).body.toString()) as Completion
    const { body, headers, isWhole, id } = await ask({ stream: true, stream_options: { include_usage: true } })
    expect([headers['content-type'], isWhole]).toEqual([expect.stringContaining('text/event-stream'), true])
    const chunks = chunksOf(body)
    expect(chunks.map(({ choices }) => choices[0]?.text ?? '').join('')).toBe(whole.choices[0]!.text)
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['stop'])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage })
    expect(await gateway.linesOf(id)).toMatchObject([{ outcome: 'complete', request_type: 'ai_stream', usage_source: 'provider' }])
    expect(chunksOf((await ask({ stream: true })).body).filter((chunk) => 'usage' in chunk)).toEqual([])
  })

  test('is told of errors as OpenAI tells them, before a stream begins and in it', async () => {
    const { mock, gateway, ask } = await stage(config)
    mock.script({ status: 429, headers: { 'retry-after': '7' }, message: 'Slow down.' })
    const { status, headers, body } = await ask()
    expect([status, headers['retry-after']]).toEqual([429, '7'])
    expect(JSON.parse(body.toString())).toMatchObject({ error: { message: expect.any(String) as string, type: expect.any(String) as string }, error_msg: expect.any(String) as string })
    mock.script({ cutAfterBytes: 900 })
    const cut = await ask({ stream: true })
    expect(cut.isWhole).toBe(false)
    expect(cut.body.toString()).not.toContain('[DONE]')
    expect(JSON.parse(dataOf(cut.body).at(-1)!)).toMatchObject({ error: { message: expect.any(String) as string } })
    expect((await gateway.linesOf(cut.id))[0]).toMatchObject({ outcome: 'truncated' })
  })

  test.for<[what: string, members: object, param: string]>([
    ['several prompts', { prompt: ['a', 'b'] }, 'prompt'],
    ['tokens', { prompt: [1, 2] }, 'prompt'],
    ['a text to fill in', { suffix: 'end' }, 'suffix'],
    ['no prompt', { prompt: undefined }, 'prompt'],
  ])('refuses %s, and asks nobody', async ([, members, param]) => {
    const { mock, gateway, ask } = await stage(config)
    const { status, body, id } = await ask(members)
    expect([status, mock.requests.length]).toEqual([400, 0])
    expect(JSON.parse(body.toString())).toMatchObject({ error: { type: 'invalid_request_error', param } })
    expect(await gateway.linesOf(id)).toMatchObject([{ outcome: 'refused' }])
  })
})

describe('/v1/completions', () => {
  test('has as many choices as were asked for where the provider has them, and a 400 where not', async () => {
    const openai = await stage()
    const { choices } = JSON.parse((await openai.ask({ n: 2, prompt: ['a'] })).body.toString()) as Completion
    expect(choices.map(({ index }) => index)).toEqual([0, 1])
    const anthropic = await stage({ provider: 'anthropic', provider_conf: { dialect: 'native' } })
    const { status, body } = await anthropic.ask({ n: 2 })
    expect([status, JSON.parse(body.toString())]).toMatchObject([400, { error: { param: 'n' } }])
  })

  test('takes the options of the route, which are about the chat', async () => {
    const { mock, ask } = await stage({ options: { model: 'the-routes-own', temperature: 0.25 }, override: { llm_options: { max_tokens: 5 } } })
    expect((await ask()).status).toBe(200)
    expect(bodyOf(mock)).toMatchObject({ model: 'the-routes-own', temperature: 0.25, max_completion_tokens: 5 })
  })

  test('is decorated: what the route puts around a conversation stands around the prompt', async () => {
    const decorator = { 'ai-prompt-decorator': { prepend: [{ role: 'system', content: 'Answer in French.' }], append: [{ role: 'user', content: 'Be brief.' }] } }
    const { mock, ask } = await stage({}, decorator)
    for (const prompt of ['Hello', ['Hello']]) expect((await ask({ prompt })).status).toBe(200)
    for (const { body } of mock.requests) {
      expect(JSON.parse(body.toString())).toMatchObject({ messages: [{ role: 'user', content: 'Answer in French.\nHello\nBe brief.' }] })
    }
    const { status, body } = await ask({ echo: true })
    expect([status, body.toString()]).toEqual([400, expect.stringContaining('echo would repeat')])
    expect(mock.requests).toHaveLength(2)
  })

  test('with a chat in its body is a chat', async () => {
    const { mock, ask } = await stage()
    const { body } = await ask({ prompt: undefined, messages: [{ role: 'user', content: 'Hi' }] })
    expect(JSON.parse(body.toString())).toMatchObject({ object: 'chat.completion' })
    expect(mock.requests).toMatchObject([{ url: '/v1/chat/completions' }])
  })

  test('logs the prompt and the text where the route logs payloads', async () => {
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    const format = { request_id: '$request_id', llm_request: '$llm_request', llm_response_text: '$llm_response_text' }
    const gateway = await startGateway({ gateway: { access_log: { format } }, routes: [aiRoute(mock.url, { logging: { payloads: true } })] })
    const { id } = await askRaw(`${gateway.url}/v1/completions`, { body: asked })
    const [line] = await gateway.linesOf(id)
    expect(JSON.stringify(line)).toContain(asked.prompt)
    expect(JSON.stringify(line?.['llm_response_text'])).toContain('What is 1+1?')
  })

  test('serves the unmodified SDK, whole and streamed', async () => {
    const { gateway } = await stage({ provider: 'anthropic', provider_conf: { dialect: 'native' } })
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'k', maxRetries: 0 })
    const whole = await openai.completions.create(asked)
    let text = ''
    for await (const { choices } of await openai.completions.create({ ...asked, stream: true })) text += choices[0]?.text ?? ''
    expect(whole.choices[0]?.text).toContain('What is 1+1?')
    expect(text).toBe(whole.choices[0]?.text)
  })
})
