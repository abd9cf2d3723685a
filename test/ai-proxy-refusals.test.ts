import { once } from 'node:events'
import { request } from 'node:http'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, openGateway, startGateway, type TestGateway } from './support/start-gateway.ts'

let mock: MockLlm
let gateway: TestGateway & { close(): Promise<void> }
beforeAll(async () => {
  mock = await startMockLlm()
  gateway = await openGateway({
    routes: [aiRoute(mock.url, { auth: { header: { authorization: 'Bearer company-key' } } })],
  })
})
beforeEach(() => mock.reset())
afterAll(async () => {
  await gateway.close()
  await mock.close()
})

const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }
const noProtocol = 'no matching AI protocol for the request'
const emptyBody = 'could not get body: request body is empty'
const noJson = /^could not parse JSON request body: ./

interface Refusal {
  readonly status: number
  readonly error_msg: string
  readonly json: Record<string, unknown>
  readonly took: number
}

/** Sends a body as it is; a type of '' is none at all. Nothing of it may reach the provider, and the gateway must serve on. */
async function refusal(
  body: string | Buffer,
  { path = '/v1/chat/completions', type = 'application/json', url = gateway.url } = {},
): Promise<Refusal> {
  const began = performance.now()
  const { hostname, port } = new URL(url)
  const headers = { 'content-length': String(Buffer.byteLength(body)), ...(type !== '' && { 'content-type': type }) }
  const req = request({ hostname, port, path, method: 'POST', headers }).end(body)
  const [res] = await once(req, 'response')
  const chunks: Buffer[] = await res.toArray()
  expect(res.headers['content-type']).toBe('application/json')
  const json = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>
  const took = performance.now() - began
  expect(mock.requests).toEqual([])
  expect((await askRaw(`${gateway.url}/v1/chat/completions`, { body: chat })).status).toBe(200)
  mock.reset()
  return { status: res.statusCode, error_msg: String(json['error_msg']), json, took }
}

describe('bodies', () => {
  const many = 1_000_000
  const bad: readonly [
    name: string,
    body: string | Buffer,
    message: string | RegExp,
    type?: string | undefined,
    path?: string,
  ][] = [
    [
      'P10: text/plain',
      JSON.stringify(chat),
      'unsupported content-type: text/plain, only application/json is supported',
      'text/plain',
    ],
    [
      'a form',
      'model=a',
      /^unsupported content-type: application\/x-www-form-urlencoded, only/,
      'application/x-www-form-urlencoded',
    ],
    ['a type that only begins like it', '{}', /^unsupported content-type: application\/jsonp/, 'application/jsonp'],
    ['P11: nothing', '', emptyBody],
    ['nothing, of no type', '', emptyBody, ''],
    ['white space', ' \r\n\t ', noJson],
    ['P11: half an object', '{', noJson],
    ['P11: {}', '{}', noProtocol],
    ['[]', '[]', noProtocol],
    ['a list of chats', JSON.stringify([chat]), noProtocol],
    ['null', 'null', noProtocol],
    ['a number', '1', noProtocol],
    ['a text', '"messages"', noProtocol],
    ['an object of no dialect', '{"prompt":"x","model":"m"}', noProtocol],
    ['messages that are text', '{"messages":"x","model":"m"}', noProtocol],
    ['{} on the path of Responses', '{}', noProtocol, undefined, '/v1/responses'],
    ['two values', '{"messages":[]} {}', noJson],
    ['a comma too many', '{"messages":[],}', noJson],
    ['single quotes', "{'messages':[]}", noJson],
    ['a comment', '{"messages":[] /* x */}', noJson],
    ['NaN', '{"messages":[],"x":NaN}', noJson],
    ['a leading zero', '{"messages":[],"x":01}', noJson],
    ['a key without quotes', '{messages:[]}', noJson],
    ['UTF-16', Buffer.from(JSON.stringify(chat), 'utf16le'), noJson],
    ['a raw control character in model', '{"model":"a\nb","messages":[]}', noJson],
    ['an escape that is none in model', '{"model":"\\x41","messages":[]}', noJson],
    [
      'invalid UTF-8 in model',
      Buffer.concat([Buffer.from('{"model":"a'), Buffer.from([0xff, 0xfe]), Buffer.from('","messages":[]}')]),
      noJson,
    ],
    [
      'half a surrogate pair in UTF-8',
      Buffer.from('7b226d6f64656c223a22eda080222c226d65737361676573223a5b5d7d', 'hex'),
      noJson,
    ],
    ['a million brackets', '['.repeat(many), noJson],
    ['a million objects', '{"a":'.repeat(many), noJson],
    ['a million brackets in messages', `{"messages":${'['.repeat(many)}`, noJson],
    ['a text without an end', `{"messages":"${'\\"'.repeat(many)}`, noJson],
    ['a million backslashes', `{"model":"${'\\'.repeat(many + 1)}","messages":[]}`, noJson],
  ]

  test.for(bad)('%s: 400', async ([, body, message, type, path]) => {
    const { status, error_msg, json, took } = await refusal(body, {
      ...(type !== undefined && { type }),
      ...(path && { path }),
    })
    expect(status).toBe(400)
    expect(error_msg).toMatch(message)
    expect(json['error']).toMatchObject({ message: error_msg, type: 'invalid_request_error', param: null })
    expect(took).toBeLessThan(1000)
  })

  test('what is wrong with JSON is told with its place, and none of its text', async () => {
    const { error_msg } = await refusal('{"model":"m","messages":[{"role":"user","content":"private"}] "x":1}')
    expect(error_msg).toMatch(/\d/)
    expect(error_msg).not.toContain('private')
  })

  test('P12: one byte over max_req_body_size is a 413, with its length and without', async () => {
    const body = JSON.stringify(chat)
    const { url } = await startGateway({ routes: [aiRoute(mock.url, { max_req_body_size: body.length - 1 })] })
    const told = await refusal(body, { url })
    expect(told).toMatchObject({
      status: 413,
      error_msg: `could not get body: request size ${body.length} is greater than the maximum size ${body.length - 1} allowed`,
    })
    expect(await chunked(`${url}/v1/chat/completions`, body)).toMatchObject({
      status: 413,
      text: expect.stringContaining(`is greater than the maximum size ${body.length - 1} allowed`),
    })
    const exactly = await startGateway({ routes: [aiRoute(mock.url, { max_req_body_size: body.length })] })
    expect((await chunked(`${exactly.url}/v1/chat/completions`, body)).status).toBe(200)
  })

  test('a 413 comes before the body is sent', async () => {
    const { url } = await startGateway({ routes: [aiRoute(mock.url, { max_req_body_size: 100 })] })
    const headers = { 'content-type': 'application/json', 'content-length': '1000000' }
    const req = request(`${url}/v1/chat/completions`, { method: 'POST', headers })
    req.on('error', () => {})
    req.flushHeaders()
    const [res] = await once(req, 'response')
    expect(res.statusCode).toBe(413)
    req.destroy()
  })
})

describe('members that stand twice', () => {
  const twice: readonly [name: string, body: string, member: string, config?: object, path?: string][] = [
    ['model', '{"model":"a","messages":[],"model":"b"}', 'model'],
    ['model, escaped', '{"model":"a","messages":[],"mod\\u0065l":"b"}', 'model'],
    ['messages', '{"messages":[],"model":"a","messages":[]}', 'messages'],
    ['stream', '{"messages":[],"stream":false,"stream":true}', 'stream'],
    ['stream_options', '{"messages":[],"stream_options":{},"stream_options":{}}', 'stream_options'],
    ['input', '{"input":"a","input":"b"}', 'input', {}, '/v1/embeddings'],
    ['system', '{"messages":[],"system":"a","system":"b"}', 'system', { provider: 'anthropic' }, '/v1/messages'],
    [
      'one that options set',
      '{"messages":[],"temperature":0,"temperature":1}',
      'temperature',
      { options: { temperature: 0.5 } },
    ],
    [
      'one that request_body sets',
      '{"messages":[],"seed":0,"seed":1}',
      'seed',
      { override: { request_body: { 'openai-chat': { seed: 2 } } } },
    ],
    [
      'one that llm_options set',
      '{"messages":[],"max_tokens":0,"max_tokens":1}',
      'max_tokens',
      { override: { llm_options: { max_tokens: 2 } } },
    ],
  ]
  test.for(twice)('%s: 400', async ([, body, member, config = {}, path = '/v1/chat/completions']) => {
    const { url } = await startGateway({ routes: [aiRoute(mock.url, config as Record<string, unknown>)] })
    const { status, error_msg, json } = await refusal(body, { url, path })
    expect([status, error_msg]).toEqual([400, `the request body has more than one member "${member}"`])
    expect(json['error']).toMatchObject(path === '/v1/messages' ? { type: 'invalid_request_error' } : { param: member })
  })

  test('others pass as they are', async () => {
    const body = '{"model":"gpt-4","messages":[{"role":"user","content":"x"}],"seed":1,"seed":2}'
    expect((await askRaw(`${gateway.url}/v1/chat/completions`, { body })).status).toBe(200)
    expect(mock.requests[0]!.body.toString()).toBe(body)
  })
})

describe('dialects that a provider does not speak', () => {
  const speaks: readonly [
    name: string,
    provider: string,
    path: string,
    body: object,
    dialect: string,
    supported: string,
  ][] = [
    ['embeddings', 'deepseek', '/v1/embeddings', { model: 'm', input: 'x' }, 'openai-embeddings', 'openai-chat'],
    [
      'embeddings',
      'anthropic',
      '/v1/embeddings',
      { model: 'm', input: 'x' },
      'openai-embeddings',
      'openai-chat, anthropic-messages',
    ],
  ]
  test.for(speaks)('%s: %s at %s', async ([, provider, path, body, dialect, supported]) => {
    const { url } = await startGateway({ routes: [aiRoute(mock.url, { provider })] })
    const { status, error_msg, json } = await refusal(JSON.stringify(body), { url, path })
    expect([status, error_msg]).toEqual([
      400,
      `provider ${provider} does not support ${dialect} protocol (supported: ${supported})`,
    ])
    expect(json).toMatchObject({ error: { type: 'invalid_request_error', message: error_msg } })
  })

  test('Bedrock’s clients read a message at the top, and a type beside it', async () => {
    const { status, json } = await refusal('{"messages":[]}', { path: '/model/x/converse' })
    expect([status, json]).toEqual([400, { __type: 'ValidationException', message: 'missing messages', error_msg: 'missing messages' }])
  })

  test('P30: the Responses API on a provider of chats is served, and what needs what is stored there is refused', async () => {
    const { url } = await startGateway({ routes: [aiRoute(mock.url, { provider: 'deepseek' })] })
    const served = await askRaw(`${url}/v1/responses`, { body: { model: 'm', input: 'x' } })
    expect([served.status, JSON.parse(served.body.toString())]).toMatchObject([200, { object: 'response', status: 'completed' }])
    expect(mock.requests).toMatchObject([{ url: '/chat/completions' }])
    mock.reset()
    const { json } = await refusal('{"model":"m","input":"x","previous_response_id":"resp_1"}', { url, path: '/v1/responses' })
    expect(json).toMatchObject({ error: { code: 'unsupported_parameter', param: 'previous_response_id' } })
  })

  test('P35: a prefix before the path does not change what it is', async () => {
    const { url } = await startGateway({ routes: [aiRoute(mock.url, { provider: 'deepseek' })] })
    const translated = await askRaw(`${url}/openai/v1/responses`, { body: { model: 'm', input: 'x' } })
    expect(JSON.parse(translated.body.toString())).toMatchObject({ object: 'response' })
    expect(mock.requests).toMatchObject([{ url: '/chat/completions' }])
    mock.reset()
    const served = await askRaw(`${gateway.url}/openai/v1/responses`, { body: { model: 'm', input: 'x' } })
    expect(served.status).toBe(200)
    expect(mock.requests[0]).toMatchObject({ url: '/v1/responses' })
  })

  test('a refusal at /v1/messages is in Anthropic’s shape, with a top-level error_msg', async () => {
    const { json } = await refusal('{', { path: '/v1/messages' })
    expect(json).toEqual({
      type: 'error',
      error: { type: 'invalid_request_error', message: json['error_msg'] },
      error_msg: expect.stringMatching(noJson),
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })
})

/** Sends a body without its length. */
async function chunked(url: string, body: string): Promise<{ status: number; text: string }> {
  const req = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } })
  for (let at = 0; at < body.length; at += 50) req.write(body.slice(at, at + 50))
  const [res] = await once(req.end(), 'response')
  return { status: res.statusCode, text: Buffer.concat(await res.toArray()).toString() }
}
