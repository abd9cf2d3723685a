import { chatRequest, embeddingsRequest, exercise, messagesRequest, responsesRequest, type TestRequest } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { promptDecorator } from '../src/index.ts'

const french = { role: 'system', content: 'Answer in "French".\nAlways.' }
const brief = { role: 'system', content: 'Be brief.' }
const question = { role: 'user', content: 'What is a sluice?' }
const answer = { role: 'assistant', content: 'A gate.' }
const reminder = { role: 'user', content: 'In one sentence.' }
const config = { prepend: [french, question, answer], append: [reminder, brief] }

async function decorated(request: TestRequest, given: unknown = config): Promise<Record<string, unknown>> {
  const { sent, reply } = await exercise(promptDecorator, given, request)
  expect(reply.body).toContain('"ok"')
  return sent?.json as Record<string, unknown>
}

describe('OpenAI chat', () => {
  test('it puts messages before and after the conversation', async () => {
    const { messages } = await decorated(chatRequest('Hello'))
    expect(messages).toEqual([french, question, answer, { role: 'user', content: 'Hello' }, reminder, brief])
  })

  test('it leaves every other byte as it was', async () => {
    const body = '{ "seed": 12345678901234567890, "x": 1.0,\n  "messages" : [ {"role":"user","content":"\\u0048i"} ] ,"stream":true}'
    const { sent } = await exercise(promptDecorator, { prepend: [brief] }, { body })
    expect(sent?.text).toBe(
      '{ "seed": 12345678901234567890, "x": 1.0,\n  "messages" : [{"role":"system","content":"Be brief."}, {"role":"user","content":"\\u0048i"} ] ,"stream":true}',
    )
  })

  test.for(['{}', '{"messages":null}', '{"messages":[]}', '{"model":"m"}'])('it gives messages to %s', async (body) => {
    expect((await decorated({ body }))['messages']).toEqual([french, question, answer, reminder, brief])
  })

  test('it serves any path whose body is a chat', async () => {
    const { messages } = await decorated({ path: '/anything', body: { messages: [] } }, { append: [reminder] })
    expect(messages).toEqual([reminder])
  })
})

describe('Anthropic Messages', () => {
  test('it keeps system messages out of the conversation', async () => {
    const body = await decorated(messagesRequest('Hello'))
    expect(body['system']).toBe('Answer in "French".\nAlways.\nBe brief.')
    expect(body['messages']).toEqual([question, answer, { role: 'user', content: 'Hello' }, reminder])
  })

  test('it surrounds a system prompt that is text', async () => {
    expect((await decorated(messagesRequest('Hello', { system: 'Be "kind".' })))['system']).toBe(
      'Answer in "French".\nAlways.\nBe "kind".\nBe brief.',
    )
  })

  test('it surrounds a system prompt that is blocks', async () => {
    const block = { type: 'text', text: 'Be kind.', cache_control: { type: 'ephemeral' } }
    expect((await decorated(messagesRequest('Hello', { system: [block] })))['system']).toEqual([
      { type: 'text', text: french.content },
      block,
      { type: 'text', text: brief.content },
    ])
  })

  test('it leaves the system prompt alone where no system message is configured', async () => {
    const { sent } = await exercise(promptDecorator, { prepend: [question] }, messagesRequest('Hello', { system: null }))
    expect(sent?.text).toContain('"system":null')
  })

  test('it refuses a system prompt of another kind', async () => {
    const { reply } = await exercise(promptDecorator, config, messagesRequest('Hello', { system: 7 }))
    expect(reply.status).toBe(400)
    expect(JSON.parse(reply.body)).toMatchObject({ type: 'error', error_msg: expect.stringContaining('"system"') })
  })
})

describe('Gemini', () => {
  const path = '/v1beta/models/gemini-2.5-flash:generateContent'
  const hello = { role: 'user', parts: [{ text: 'Hello' }] }
  const around = [
    { role: 'user', parts: [{ text: question.content }] },
    { role: 'model', parts: [{ text: answer.content }] },
    hello,
    { role: 'user', parts: [{ text: reminder.content }] },
  ]

  test.for<[object, string, object[]]>([
    [{}, 'systemInstruction', []],
    [{ systemInstruction: null }, 'systemInstruction', []],
    [{ systemInstruction: { parts: [{ text: 'Be kind.' }] } }, 'systemInstruction', [{ text: 'Be kind.' }]],
    [{ system_instruction: { parts: [{ text: 'Be kind.' }] } }, 'system_instruction', [{ text: 'Be kind.' }]],
  ])('it surrounds contents and system instruction of %j', async ([members, name, parts]) => {
    const body = await decorated({ path, body: { contents: [hello], ...members } })
    expect(body).toEqual({ contents: around, [name]: { parts: [{ text: french.content }, ...parts, { text: brief.content }] } })
  })

  test.for(['systemInstruction', 'contents'])('it refuses %s of another kind', async (name) => {
    const { reply } = await exercise(promptDecorator, config, { path, body: { contents: [hello], [name]: 'Be kind.' } })
    expect([reply.status, JSON.parse(reply.body)]).toMatchObject([400, { error: { status: 'INVALID_ARGUMENT', message: expect.stringContaining(name) as string } }])
  })
})

describe('OpenAI Responses', () => {
  test('it makes instructions of what comes before, and goes on with the text of what comes after', async () => {
    const body = await decorated(responsesRequest('Hello', { instructions: 'Be kind.' }))
    expect(body['instructions']).toBe(`${french.content}\n${question.content}\n${answer.content}\nBe kind.`)
    expect(body['input']).toBe(`Hello\n${reminder.content}\n${brief.content}`)
  })

  test.for([
    [{ input: 7 }, '"input" must be a string or an array'],
    [{ instructions: [] }, '"instructions" must be a string'],
  ] as const)('it refuses %j', async ([rest, text]) => {
    const { reply } = await exercise(promptDecorator, config, responsesRequest('Hello', rest))
    expect(reply.status).toBe(400)
    expect((JSON.parse(reply.body) as { error_msg: string }).error_msg).toMatch(new RegExp(`${text}$`))
  })

  test.for([{}, { instructions: null }])('it creates instructions beside %j', async (rest) => {
    expect((await decorated(responsesRequest('Hello', rest), { prepend: [brief] }))['instructions']).toBe('Be brief.')
  })

  test('it adds a user message to a list of items', async () => {
    const items = [{ type: 'message', role: 'user', content: 'Hello' }]
    const body = await decorated(responsesRequest(items), { append: [reminder] })
    expect(body['input']).toEqual([...items, { type: 'message', role: 'user', content: reminder.content }])
    expect('instructions' in body).toBe(false)
  })
})

test('it decorates a Bedrock conversation in blocks', async () => {
  const body = await decorated({
    path: '/model/some-model/converse',
    body: { system: [{ text: 'Be kind.' }], messages: [{ role: 'user', content: [{ text: 'Hello' }] }] },
  })
  expect(body).toEqual({
    system: [{ text: french.content }, { text: 'Be kind.' }, { text: brief.content }],
    messages: [
      { role: 'user', content: [{ text: question.content }] },
      { role: 'assistant', content: [{ text: answer.content }] },
      { role: 'user', content: [{ text: 'Hello' }] },
      { role: 'user', content: [{ text: reminder.content }] },
    ],
  })
})

test.for(['Hello', ['Hello']])('it puts lines around the prompt %j of a completion', async (prompt) => {
  const { prompt: sent } = await decorated({ path: '/v1/completions', body: { model: 'm', prompt } }, { prepend: [brief, question], append: [reminder] })
  expect([sent].flat()).toEqual([[brief.content, question.content, 'Hello', reminder.content].join('\n')])
})

describe('what it leaves alone', () => {
  test('a completion without a prompt', async () => {
    expect(await decorated({ path: '/v1/completions', body: { model: 'm' } })).toEqual({ model: 'm' })
  })

  test('embeddings', async () => {
    const request = embeddingsRequest('Hello')
    expect((await exercise(promptDecorator, config, request)).sent?.text).toBe(JSON.stringify(request.body))
  })

  test.for(['/v1/audio/transcriptions', '/v1/models', '/v1/rerank'])('%s, without reading the body', async (path) => {
    const { sent, ctx } = await exercise(promptDecorator, config, { method: 'POST', path, body: 'not { json' })
    expect(sent?.text).toBe('not { json')
    expect(ctx.request.body.isRead).toBe(false)
  })

  test('a body that is no object', async () => {
    expect((await exercise(promptDecorator, config, { body: [1] })).sent?.text).toBe('[1]')
  })

  test.for([{ prepend: [] }, { append: [] }, { prepend: [], append: [] }])('everything, configured with %j', async (empty) => {
    const { sent, ctx } = await exercise(promptDecorator, empty, chatRequest('Hello'))
    expect(sent?.text).toBe(JSON.stringify(chatRequest('Hello').body))
    expect(ctx.request.body.isRead).toBe(false)
  })
})

describe('what it refuses', () => {
  test.for<[string, string, number, string, Record<string, unknown>?]>([
    ['an empty body', '', 400, 'could not get body: request body is empty'],
    ['a body that is no JSON', '{"messages":', 400, 'could not parse JSON request body: '],
    ['a body that is too large', '{"messages":[]}', 413, 'could not get body: request size 15 is greater than the maximum size 14 allowed', { max_req_body_size: 14 }],
    ['two members that a provider might choose from', '{"messages":[],"messages":[]}', 400, 'more than one member "messages"'],
    ['messages that are no array', '{"messages":{}}', 400, '"messages" must be an array'],
    ['messages that are text', '{"messages":"x"}', 400, '"messages" must be an array'],
  ])('%s', async ([, body, status, text, rest = {}]) => {
    const { reply, sent, outcome } = await exercise(promptDecorator, { ...config, ...rest }, { body })
    expect(reply.status).toBe(status)
    expect((JSON.parse(reply.body) as { error_msg: string }).error_msg).toContain(text)
    expect(sent).toBeUndefined()
    expect(outcome).toBe('refused')
  })

  test('it takes a body that is just as large as allowed', async () => {
    const { reply } = await exercise(promptDecorator, { ...config, max_req_body_size: 15 }, { body: '{"messages":[]}' })
    expect(reply.status).toBe(200)
  })

  test.for<[string, unknown, string]>([
    ['neither prepend nor append', {}, 'plugins.ai-prompt-decorator: needs prepend, append or both'],
    ['an unknown role', { prepend: [{ role: 'tool', content: 'x' }] }, 'prepend[0].role: must be one of system, user, assistant'],
    ['an empty content', { append: [{ role: 'user', content: '' }] }, 'append[0].content: must not be empty'],
    ['no content', { append: [{ role: 'user' }] }, 'append[0].content: is required'],
    ['a member that it does not know', { append: [], before: [] }, 'before: is not a known field'],
    ['a limit of nothing', { append: [], max_req_body_size: 0 }, 'max_req_body_size: must be >= 1'],
  ])('a configuration with %s', async ([, wrong, problem]) => {
    await expect(exercise(promptDecorator, wrong, chatRequest('Hello'))).rejects.toThrow(problem)
  })
})

test('it decorates each request once, also when its chain is used again', async () => {
  const { send } = await exercise(promptDecorator, { append: [reminder] }, chatRequest('Hello'))
  expect((await send()).sent?.chat.messages).toEqual([{ role: 'user', content: 'Hello' }, reminder])
})
