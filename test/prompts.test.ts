import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { contentOf } from './support/chat.ts'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { startGateway, type LogLine } from './support/start-gateway.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

interface Passed {
  readonly answer: RawAnswer
  readonly bytes: string
  readonly sent: Record<string, unknown>
  readonly log: LogLine
}

/** Sends one request through a route with these plugins in front of `ai-proxy`. */
async function pass(
  plugins: object,
  body: object | string,
  path = '/v1/chat/completions',
  proxy: object = {},
): Promise<Passed> {
  const ai = {
    provider: path === '/v1/messages' ? 'anthropic' : 'openai',
    auth: {},
    override: { endpoint: mock.url },
    ...proxy,
  }
  const gateway = await startGateway({ routes: [{ id: 'ai', uri: '/*', plugins: { ...plugins, 'ai-proxy': ai } }] })
  const answer = await askRaw(`${gateway.url}${path}`, { body })
  const bytes = mock.requests.at(-1)?.body.toString() ?? ''
  const [log = {}] = await gateway.linesOf(answer.id)
  return { answer, bytes, sent: bytes === '' ? {} : (JSON.parse(bytes) as Passed['sent']), log }
}

function template(content: string, more: object = {}): object {
  const about = {
    name: 'about',
    template: {
      model: 'gpt-4',
      messages: [
        { role: 'system', content: 'Be {{tone|brief}}.' },
        { role: 'user', content },
      ],
    },
  }
  return { 'ai-prompt-template': { templates: [about], ...more } }
}

function contents({ sent }: Passed): string[] {
  return (sent['messages'] as { content: string }[]).map(({ content }) => content)
}

function errorOf({ answer }: Passed): unknown[] {
  return [answer.status, (JSON.parse(answer.body.toString()) as { error_msg: string }).error_msg]
}

describe('ai-prompt-template', () => {
  const values = [
    'a "quote"',
    'two\nlines\r\n\ttab',
    '<b>&amp;</b>',
    '\\n is no newline \\',
    '{{tone}} {{topic}}',
    '$& $1 ${x}',
    '😀 \u2028 é',
    '"}],"x":[{"',
    '',
  ]
  test.for(values)('C1: %j arrives as it is', async (topic) => {
    const passed = await pass(template('Write about {{topic}}'), { template_name: 'about', topic })
    expect(passed.answer.status).toBe(200)
    expect(contents(passed)).toEqual(['Be brief.', `Write about ${topic}`])
    expect(Object.keys(passed.sent)).not.toContain('topic')
    expect(Object.keys(passed.sent)).not.toContain('template_name')
  })

  test('the request’s other members go along, byte for byte', async () => {
    const body =
      '{ "template_name":"about","tone" : "kind", "seed":12345678901234567890, "topic":"x","user":"\\u00e9", "tools":[ {"type":"function","function":{"name":"f"}} ],"temperature":1.0 }'
    const { bytes, sent } = await pass(template('Write about {{topic}}'), body)
    for (const kept of [
      '"seed":12345678901234567890',
      '"user":"\\u00e9"',
      '"tools":[ {"type":"function","function":{"name":"f"}} ]',
      '"temperature":1.0',
    ]) {
      expect(bytes).toContain(kept)
    }
    expect(sent).toMatchObject({
      model: 'gpt-4',
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Write about x' },
      ],
    })
    expect(Object.keys(sent).toSorted()).toEqual(['messages', 'model', 'seed', 'temperature', 'tools', 'user'])
  })

  test('a stream stays a stream', async () => {
    const { answer, sent, log } = await pass(template('Write about {{topic}}'), {
      template_name: 'about',
      topic: 'seas',
      stream: true,
    })
    expect(sent).toMatchObject({ stream: true, stream_options: { include_usage: true } })
    expect(answer.headers['content-type']).toContain('text/event-stream')
    expect(contentOf({ text: answer.body.toString() })).toContain('Write about seas')
    expect(log).toMatchObject({ request_type: 'ai_stream', request_llm_model: 'gpt-4', usage_source: 'provider' })
  })

  test('values that are no text are put as JSON, and one value in several places', async () => {
    const { sent } = await pass(template('{{n}} {{list}} {{n}}'), { template_name: 'about', n: 1.5, list: [1, 'a'] })
    expect(sent['messages']).toMatchObject([{}, { content: '1.5 [1,"a"] 1.5' }])
  })

  test('what cannot be filled in is a 400 that says what', async () => {
    const plugin = template('Write about {{topic}} in {{style}}')
    expect(errorOf(await pass(plugin, { template_name: 'about', tone: 'x' }))).toEqual([
      400,
      'missing template variables: topic, style',
    ])
    expect(errorOf(await pass(plugin, { template_name: 'about', topic: null, style: 'x' }))).toEqual([
      400,
      'missing template variable: topic',
    ])
    expect(errorOf(await pass(plugin, { messages: [] }))).toEqual([400, 'template name is missing in request.'])
    expect(errorOf(await pass(plugin, { template_name: 7 }))).toEqual([400, 'template name is missing in request.'])
    expect(errorOf(await pass(plugin, { template_name: 'other' }))).toEqual([400, 'template: other not configured.'])
    expect(errorOf(await pass(plugin, ''))).toEqual([400, 'could not get body: request body is empty'])
    expect(errorOf(await pass(plugin, '{'))).toEqual([
      400,
      expect.stringMatching(/^could not parse JSON request body: /),
    ])
    expect(errorOf(await pass(plugin, '{"template_name":"about","topic":"a","style":"x","topic":"b"}'))).toEqual([
      400,
      'the request body has more than one member "topic"',
    ])
    expect(errorOf(await pass(template('x', { max_req_body_size: 10 }), { template_name: 'about' }))).toEqual([
      413,
      expect.stringContaining('maximum size 10 allowed'),
    ])
    expect(mock.requests).toEqual([])
  })
})

describe('ai-prompt-decorator', () => {
  const prepend = [{ role: 'system', content: 'Be\n"brief".' }]
  const append = [{ role: 'user', content: 'Thanks!' }]
  const decorator = { 'ai-prompt-decorator': { prepend, append } }
  const user = { role: 'user', content: 'hello' }

  test('C2: a chat gets messages before and after', async () => {
    const { sent } = await pass(decorator, { model: 'm', messages: [user] })
    expect(sent).toEqual({ model: 'm', messages: [...prepend, user, ...append] })
  })

  test('C2: Messages get the system prompt where it belongs', async () => {
    const message = { model: 'm', max_tokens: 9, messages: [user] }
    const path = '/v1/messages'
    expect((await pass(decorator, message, path)).sent).toEqual({
      ...message,
      system: 'Be\n"brief".',
      messages: [user, ...append],
    })
    expect((await pass(decorator, { ...message, system: 'mine' }, path)).sent).toMatchObject({
      system: 'Be\n"brief".\nmine',
    })
    const block = { type: 'text', text: 'mine', cache_control: { type: 'ephemeral' } }
    expect((await pass(decorator, { ...message, system: [block] }, path)).sent).toMatchObject({
      system: [{ type: 'text', text: 'Be\n"brief".' }, block],
    })
  })

  test('C2: Responses get instructions before and a message after', async () => {
    const path = '/v1/responses'
    expect((await pass(decorator, { model: 'm', input: 'hello' }, path)).sent).toEqual({
      model: 'm',
      instructions: 'Be\n"brief".',
      input: 'hello\nThanks!',
    })
    const items = [{ type: 'message', role: 'user', content: 'hello' }]
    const { sent } = await pass(decorator, { model: 'm', input: items, instructions: 'mine' }, path)
    expect(sent).toEqual({
      model: 'm',
      instructions: 'Be\n"brief".\nmine',
      input: [...items, { type: 'message', role: 'user', content: 'Thanks!' }],
    })
  })

  test('C2: Converse gets system blocks in front and messages at the end', async () => {
    const bedrock = { provider: 'bedrock', provider_conf: { region: 'eu-central-1' }, auth: { aws: { access_key_id: 'AKID', secret_access_key: 'secret' } } }
    const path = '/model/m/converse'
    const said = { role: 'user', content: [{ text: 'hello' }] }
    const thanks = { role: 'user', content: [{ text: 'Thanks!' }] }
    const answer = { output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } }, stopReason: 'end_turn', usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 }, metrics: { latencyMs: 1 } }
    mock.script({ body: answer }, { body: answer })
    const plain = await pass(decorator, { messages: [said] }, path, bedrock)
    expect([plain.answer.status, plain.sent]).toEqual([200, { messages: [said, thanks], system: [{ text: 'Be\n"brief".' }] }])
    const mine = [{ text: 'mine' }, { cachePoint: { type: 'default' } }]
    const own = await pass({ 'ai-prompt-decorator': { prepend: [...prepend, { role: 'user', content: 'First.' }], append } }, { system: mine, messages: [said] }, path, bedrock)
    expect(own.sent).toEqual({ system: [{ text: 'Be\n"brief".' }, ...mine], messages: [{ role: 'user', content: [{ text: 'First.' }] }, said, thanks] })
  })

  test('C2: Gemini gets its system instruction in front and contents at the end', async () => {
    const path = '/v1beta/models/m:generateContent'
    const said = { role: 'user', parts: [{ text: 'hello' }] }
    const { answer, sent } = await pass(decorator, { contents: [said], systemInstruction: { parts: [{ text: 'mine' }] } }, path, { provider: 'gemini' })
    expect(answer.status).toBe(200)
    expect(sent).toEqual({ contents: [said, { role: 'user', parts: [{ text: 'Thanks!' }] }], systemInstruction: { parts: [{ text: 'Be\n"brief".' }, { text: 'mine' }] } })
  })

  const streamed: readonly [string, object][] = [
    ['/v1/chat/completions', { model: 'm', messages: [user], stream: true }],
    ['/v1/messages', { model: 'm', max_tokens: 99, messages: [user], stream: true }],
    ['/v1/responses', { model: 'm', input: 'hello', stream: true }],
  ]
  test.for(streamed)('C2: streams of %s are streams, and the model has heard it', async ([path, body]) => {
    const { answer, log, sent } = await pass(decorator, body, path)
    const text = answer.body.toString()
    expect([answer.status, answer.headers['content-type']]).toEqual([200, expect.stringContaining('text/event-stream')])
    expect(text).toContain('Thanks!')
    expect(JSON.stringify(sent)).toContain('Be\\n\\"brief\\".')
    expect(log).toMatchObject({ outcome: 'complete', request_type: 'ai_stream', usage_source: 'provider' })
  })

  test('embeddings and other operations are left alone', async () => {
    const body = '{ "model":"e", "input":"x" }'
    expect((await pass(decorator, body, '/v1/embeddings')).bytes).toBe(body)
    expect((await pass(decorator, body, '/v1/moderations')).bytes).toBe(body)
  })

  const edits: readonly [name: string, body: string, expected: string][] = [
    [
      'a chat',
      '{ "seed":12345678901234567890,\n "messages" : [ {"role":"user","content":"\\u00e9 \\/ 1.0"} ], "x":1.0 }',
      '{ "seed":12345678901234567890,\n "messages" : [{"role":"system","content":"Be\\n\\"brief\\"."}, {"role":"user","content":"\\u00e9 \\/ 1.0"} ,{"role":"user","content":"Thanks!"}], "x":1.0 }',
    ],
    [
      'an empty conversation',
      '{"messages":[ ]}',
      '{"messages":[{"role":"system","content":"Be\\n\\"brief\\"."},{"role":"user","content":"Thanks!"}]}',
    ],
  ]
  test.for(edits)('only the spans that it touches differ: %s', async ([, body, expected]) => {
    const { bytes } = await pass(decorator, body)
    expect(bytes.replaceAll(' ', '')).toBe(expected.replaceAll(' ', ''))
    for (const kept of [
      '"seed":12345678901234567890,\n "messages" : [',
      '{"role":"user","content":"\\u00e9 \\/ 1.0"}',
      ', "x":1.0 }',
    ]) {
      expect(bytes.includes(kept)).toBe(body.includes(kept))
    }
  })

  test('a member of the wrong kind is a 400', async () => {
    expect(errorOf(await pass(decorator, { model: 'm', messages: 'hello' }))).toEqual([
      400,
      'the request\'s member "messages" must be an array',
    ])
    expect(
      errorOf(await pass(decorator, { model: 'm', max_tokens: 1, messages: [user], system: 7 }, '/v1/messages')),
    ).toEqual([400, 'the request\'s member "system" must be a string or an array'])
    expect(errorOf(await pass(decorator, '{"messages":[],"messages":[]}'))).toEqual([
      400,
      'the request body has more than one member "messages"',
    ])
    expect(mock.requests).toEqual([])
  })
})

describe('together', () => {
  const both = {
    ...template('Write about {{topic}}'),
    'ai-prompt-decorator': {
      prepend: [{ role: 'system', content: 'First.' }],
      append: [{ role: 'user', content: 'Last.' }],
    },
  }

  test('the template comes first, then the decorator, then options', async () => {
    const body = { template_name: 'about', topic: '{{x}} "y"', temperature: 1, stream: true }
    const passed = await pass(both, body, undefined, { options: { model: 'ours', temperature: 0 } })
    expect(contents(passed)).toEqual(['First.', 'Be brief.', 'Write about {{x}} "y"', 'Last.'])
    expect(passed.sent).toEqual({
      model: 'ours',
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
      messages: expect.any(Array),
    })
    expect(passed.log).toMatchObject({ request_llm_model: 'gpt-4', llm_model: 'ours', request_type: 'ai_stream' })
    expect(contentOf({ text: passed.answer.body.toString() })).toContain('Last.')
  })

  test('a route may still be chosen by what the client wrote', async () => {
    const proxy = (model: string): object => ({
      provider: 'openai',
      auth: {},
      override: { endpoint: mock.url },
      options: { model },
    })
    const routes = ['a', 'b'].map((topic) => ({
      id: topic,
      uri: '/*',
      vars: [['post_arg.topic', '==', topic]],
      plugins: { ...both, 'ai-proxy': proxy(topic) },
    }))
    const { url } = await startGateway({ routes })
    for (const topic of ['b', 'a'])
      await askRaw(`${url}/v1/chat/completions`, { body: { template_name: 'about', topic } })
    expect(mock.requests.map(({ body }) => (JSON.parse(body.toString()) as { model: string }).model)).toEqual([
      'b',
      'a',
    ])
  })

  test('a large conversation of which only the edges are edited keeps its middle', async () => {
    const middle = Array.from(
      { length: 3000 },
      (_, n) => `{"role":"user" ,"content":"message \\u00e9 ${n} ${'x'.repeat(300)}"}`,
    ).join(' ,\n')
    const { bytes, answer } = await pass(
      { 'ai-prompt-decorator': both['ai-prompt-decorator'] },
      `{"model":"m","messages":[${middle}]}`,
    )
    expect(answer.status).toBe(200)
    expect(bytes.includes(middle)).toBe(true)
    expect(bytes).toMatch(/^\{"model":"m","messages":\[\{"role":"system","content":"First\."\},/)
  })
})
