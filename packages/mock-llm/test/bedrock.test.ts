import { decodeMessage, MessageFramer } from '@sluice/provider'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { startMockLlm, type MockLlm } from '../src/index.ts'
import { ask, json, type Heard, type Loose } from './client.ts'

let mock: MockLlm
beforeAll(async () => void (mock = await startMockLlm()))
afterEach(() => mock.reset())
afterAll(() => mock.close())

const headers = { authorization: 'Bearer a-bedrock-key' }
const toolSpec = { name: 'get_weather', inputSchema: { json: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } } } }
const toolConfig = { tools: [{ toolSpec }] }
const hello = { role: 'user', content: [{ text: 'Hello there' }] }
const call = { role: 'assistant', content: [{ toolUse: { toolUseId: 't1', name: 'get_weather', input: {} } }] }
const result = { role: 'user', content: [{ toolResult: { toolUseId: 't1', content: [{ json: { sun: true } }] } }] }

function send(body: object, operation = 'converse', more: Record<string, string> = headers): Promise<Heard> {
  return ask(mock, `/model/anthropic.claude-v2%3A1/${operation}`, { body: { messages: [hello], ...body }, headers: more })
}

interface Said {
  readonly type: string
  readonly name: string
  readonly payload: Loose
}

function messagesOf({ bytes }: Heard): Said[] {
  const { ends } = new MessageFramer(bytes.length).push(bytes)!
  return ends.map((end, index) => {
    const { headers: told, payload } = decodeMessage(bytes.subarray(ends[index - 1] ?? 0, end))
    const name = String(told.get(':event-type') ?? told.get(':exception-type'))
    return { type: String(told.get(':message-type')), name, payload: JSON.parse(payload.toString()) }
  })
}

/** What a client makes of a stream. */
function assembled(messages: readonly Said[]): Loose {
  const content: Loose[] = []
  const answer: Loose = {}
  for (const { name, payload } of messages) {
    const { contentBlockIndex: at, delta, start } = payload
    if (name === 'contentBlockStart') content[at] = { toolUse: { ...start.toolUse, input: '' } }
    if (delta?.text !== undefined) content[at] = { text: (content[at]?.text ?? '') + delta.text }
    if (delta?.toolUse) content[at].toolUse.input += delta.toolUse.input
    if (delta?.reasoningContent) {
      const { text = '', signature } = (content[at] ??= { reasoningContent: { reasoningText: { text: '' } } }).reasoningContent.reasoningText
      content[at].reasoningContent.reasoningText = { text: text + (delta.reasoningContent.text ?? ''), signature: delta.reasoningContent.signature ?? signature }
    }
    if (name === 'messageStop') answer.stopReason = payload.stopReason
    if (name === 'metadata') Object.assign(answer, { usage: payload.usage, metrics: payload.metrics })
  }
  for (const { toolUse } of content) if (toolUse) toolUse.input = JSON.parse(toolUse.input || '{}')
  return { ...answer, output: { message: { role: messages[0]?.payload.role, content } } }
}

test('answers a text', async () => {
  const heard = await send({ system: [{ text: 'Be kind.' }] })
  const body = json(heard)
  expect(schemaProblems('bedrock', 'ConverseResponse', body)).toEqual([])
  expect(heard.headers['x-amzn-requestid']).toMatch(/^req_mock_/)
  expect(body).toMatchObject({ stopReason: 'end_turn', usage: { inputTokens: 4 } })
  expect(body.output.message.content[0].text).toContain('This is anthropic.claude-v2:1, played by mock-llm. You said: "Hello there" I was told: "Be kind."')
})

test.for<[string, object, string, string[]]>([
  ['a text', {}, 'end_turn', ['text']],
  ['thoughts', { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1024 } } }, 'end_turn', ['reasoningContent', 'text']],
  ['a limit', { inferenceConfig: { maxTokens: 3 } }, 'max_tokens', ['text']],
  ['a stop sequence', { inferenceConfig: { stopSequences: ['mock-llm'] } }, 'stop_sequence', ['text']],
  ['a call', { toolConfig: { ...toolConfig, toolChoice: { any: {} } } }, 'tool_use', ['text', 'toolUse']],
  ['a call without arguments', { toolConfig: { tools: [{ toolSpec: { name: 'now', inputSchema: { json: { type: 'object' } } } }], toolChoice: { tool: { name: 'now' } } } }, 'tool_use', ['text', 'toolUse']],
  ['what a tool has found', { messages: [hello, call, result], toolConfig }, 'end_turn', ['text']],
  ['a text whose beginning is cached', { system: [{ text: 'Be kind.' }, { cachePoint: { type: 'default' } }] }, 'end_turn', ['text']],
])('streams %s as it answers it whole', async ([, body, stop, kinds]) => {
  const whole = json(await send(body))
  expect([whole.stopReason, ...whole.output.message.content.map((block: object) => Object.keys(block)[0])]).toEqual([stop, ...kinds])
  const streamed = await send(body, 'converse-stream')
  expect(streamed.headers['content-type']).toBe('application/vnd.amazon.eventstream')
  const messages = messagesOf(streamed)
  expect(messages.flatMap(({ name, payload }) => schemaProblems('bedrock', name, payload))).toEqual([])
  expect(messages.every(({ type, payload }) => type === 'event' && typeof payload.p === 'string')).toBe(true)
  expect(messages.map(({ name }) => name).slice(-2)).toEqual(['messageStop', 'metadata'])
  expect(assembled(messages)).toEqual(whole)
})

test.for<[string, object, string]>([
  ['a member that it does not know', { max_tokens: 3 }, 'extraneous key [max_tokens] is not permitted'],
  ['no messages', { messages: [] }, 'must start with a user message'],
  ['an assistant at the beginning', { messages: [{ role: 'assistant', content: [{ text: 'x' }] }] }, 'must start with a user message'],
  ['two users in a row', { messages: [hello, hello] }, 'must alternate between user and assistant roles'],
  ['an empty message', { messages: [{ role: 'user', content: [] }] }, 'messages.0 is empty'],
  ['a blank text', { messages: [{ role: 'user', content: [{ text: 'x' }, { text: ' ' }] }] }, 'messages.0.content.1 is blank'],
  ['no tools', { toolConfig: { tools: [] } }, 'toolConfig.tools is empty'],
  ['calls without tools', { messages: [hello, call, result] }, 'The toolConfig field must be defined'],
  ['a call without its result', { messages: [hello, call, hello], toolConfig }, 'Expected toolResult blocks at messages.2.content for the following Ids: t1'],
  ['a result without its call', { messages: [result], toolConfig }, 'exceeds the number of toolUse blocks'],
  ['a temperature above 1', { inferenceConfig: { temperature: 1.5 } }, 'temperature'],
])('refuses %s', async ([, body, message]) => {
  const { status, headers: told, text } = await send(body)
  expect([status, told['x-amzn-errortype']]).toEqual([400, expect.stringMatching(/^ValidationException:http/)])
  expect(JSON.parse(text)).toEqual({ message: expect.stringContaining(message) })
})

const signature = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261128/eu-central-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature='
test.for<[string, Record<string, string>, number, string]>([
  ['a signature', { authorization: signature + 'a'.repeat(64), 'x-amz-date': '20261128T000000Z' }, 200, ''],
  ['an API key', headers, 200, ''],
  ['no credentials', {}, 403, 'MissingAuthenticationTokenException'],
  ['a signature of another day', { authorization: signature + 'a'.repeat(64), 'x-amz-date': '20261127T000000Z' }, 403, 'IncompleteSignatureException'],
  ['half a signature', { authorization: signature, 'x-amz-date': '20261128T000000Z' }, 403, 'IncompleteSignatureException'],
  ['the bad key', { authorization: 'Bearer bad-key' }, 403, 'UnrecognizedClientException'],
  ['a signature with the bad key', { authorization: signature.replace('AKIDEXAMPLE', 'bad-key') + 'a'.repeat(64), 'x-amz-date': '20261128T000000Z' }, 403, 'UnrecognizedClientException'],
])('answers a request with %s', async ([, more, status, type]) => {
  const heard = await send({}, 'converse', more)
  expect([heard.status, String(heard.headers['x-amzn-errortype'] ?? '').split(':')[0]]).toEqual([status, type])
})

test('fails as it is told to, in its own words', async () => {
  mock.script({ errorEvent: 3, message: 'too much' }, { cutAfter: -2 }, { status: 429 }, { endAfter: -2, comments: 2, crlf: true }, { event: [new Uint8Array([0, 0, 0])] })
  const failed = messagesOf(await send({}, 'converse-stream'))
  expect(failed).toHaveLength(4)
  expect(failed[3]).toEqual({ type: 'exception', name: 'serviceUnavailableException', payload: { message: 'too much' } })
  const cut = await send({}, 'converse-stream')
  expect([cut.complete, messagesOf(cut).at(-1)!.name]).toEqual([false, 'contentBlockStop'])
  expect((await send({})).headers['x-amzn-errortype']).toMatch(/^ThrottlingException:/)
  const ended = await send({}, 'converse-stream')
  expect([ended.complete, messagesOf(ended).at(-1)!.name]).toEqual([true, 'contentBlockStop'])
  expect((await send({}, 'converse-stream')).headers['content-type']).toBe('application/vnd.amazon.eventstream')
})

test('keeps usage to itself where it is told to', async () => {
  mock.script({ noUsage: true })
  expect(messagesOf(await send({}, 'converse-stream')).at(-1)!.payload).not.toHaveProperty('usage')
})

function inForm(schema: string): object {
  return { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'a', schema } } } } }
}

test('answers in JSON that fits the schema, which comes as a text', async () => {
  const schema = { type: 'object', properties: { city: { type: 'string', enum: ['Oslo'] } }, required: ['city'] }
  const { output } = JSON.parse((await send(inForm(JSON.stringify(schema)))).text) as { output: { message: { content: [{ text: string }] } } }
  expect(JSON.parse(output.message.content[0].text)).toEqual({ city: 'Oslo' })
  expect((await send(inForm('{'))).status).toBe(400)
})
