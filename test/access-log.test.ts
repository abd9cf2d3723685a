import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openChat } from './support/chat.ts'
import { freePort } from './support/free-port.ts'
import { askRaw, openRaw, sendRaw } from './support/raw-client.ts'
import { openSocket, sendBytes } from './support/raw-socket.ts'
import { aiRoute, startGateway, type LogLine, type TestGateway } from './support/start-gateway.ts'
import { mark, tell } from './support/tell.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }
const tools = [{ type: 'function', function: { name: 'find', parameters: { type: 'object', properties: {} } } }]

/** Every AI variable of the family, by its default. */
const defaults = {
  request_type: 'traditional_http',
  request_llm_model: '',
  llm_model: '',
  llm_time_to_first_token: 0,
  llm_prompt_tokens: 0,
  llm_completion_tokens: 0,
  llm_total_tokens: 0,
  llm_stream: false,
  llm_has_tool_calls: false,
  llm_tool_count: 0,
  llm_end_user_id: '',
  llm_cache_read_input_tokens: 0,
  llm_cache_creation_input_tokens: 0,
  llm_reasoning_tokens: 0,
}
const usage = {
  prompt_tokens: 9,
  completion_tokens: 5,
  total_tokens: 14,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 2 },
}

/** All lines there are, once another exchange has had its own, which is left out. */
async function allLines(gateway: TestGateway): Promise<LogLine[]> {
  const { id } = await askRaw(`${gateway.url}/last`, { method: 'GET' })
  await gateway.linesOf(id)
  return (await gateway.lines()).filter((line) => line['request_id'] !== id)
}

describe('P36: the AI variables', () => {
  test('of a chat', async () => {
    const { url, linesOf } = await startGateway({ routes: [aiRoute(mock.url, { options: { model: 'ours' } })] })
    const call = { id: 'c', type: 'function', function: { name: 'find', arguments: '{}' } }
    const choices = [
      { index: 0, message: { role: 'assistant', content: null, tool_calls: [call] }, finish_reason: 'tool_calls' },
    ]
    mock.script({
      body: { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices, usage },
      firstTokenMs: 20,
    })
    const { id } = await askRaw(`${url}/v1/chat/completions`, { body: { ...chat, tools, user: 'u-1' } })
    const [line] = await linesOf(id)
    expect(line).toMatchObject({
      request_type: 'ai_chat',
      request_llm_model: 'gpt-4',
      llm_model: 'ours',
      llm_prompt_tokens: 9,
      llm_completion_tokens: 5,
      llm_total_tokens: 14,
      llm_stream: false,
      llm_has_tool_calls: true,
      llm_tool_count: 1,
      llm_end_user_id: 'u-1',
      llm_cache_read_input_tokens: 4,
      llm_cache_creation_input_tokens: 0,
      llm_reasoning_tokens: 2,
      usage_source: 'provider',
      balancer_ip: 'ai-proxy-openai',
      status: 200,
      upstream_status: 200,
      outcome: 'complete',
      route_id: 'ai',
    })
    expect(line!['llm_time_to_first_token']).toBeGreaterThan(0)
    expect(line!['apisix_upstream_response_time']).toBeGreaterThan(0)
  })

  test('of a stream: the first token is the first event with content', async () => {
    const { url, linesOf } = await startGateway({ routes: [aiRoute(mock.url)] })
    const events = [
      ': comment\n\n',
      'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n',
      'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n',
      'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
      `data: ${JSON.stringify({ choices: [], usage })}\n\n`,
      'data: [DONE]\n\n',
    ]
    mock.script({ event: events, slowBodyMs: 40 })
    const { id } = await askRaw(`${url}/v1/chat/completions`, {
      body: { ...chat, stream: true, safety_identifier: 's-1', user: 'u-1' },
    })
    const [line] = await linesOf(id)
    expect(line).toMatchObject({
      request_type: 'ai_stream',
      llm_stream: true,
      llm_prompt_tokens: 9,
      llm_total_tokens: 14,
      llm_reasoning_tokens: 2,
      llm_end_user_id: 's-1',
      usage_source: 'provider',
      outcome: 'complete',
    })
    const [first, all] = [Number(line!['llm_time_to_first_token']), Number(line!['apisix_upstream_response_time'])]
    expect(first).toBeGreaterThanOrEqual(70) // two writes came before it
    expect(all - first).toBeGreaterThanOrEqual(100) // and three after it
  })

  test('of an error of the provider, of a failure, and of what is no AI', async () => {
    const routes = [
      { ...aiRoute(mock.url), id: 'error', uri: '/error/*' },
      { ...aiRoute(`http://127.0.0.1:${await freePort()}`), id: 'down', uri: '/down/*' },
      { id: 'plain', uri: '/plain', plugins: { tell: {} } },
      { id: 'proxied', uri: '/models', upstream: { nodes: { [new URL(mock.url).host]: 1 } } },
    ]
    const { url, linesOf } = await startGateway({ routes }, { plugins: [tell] })
    mock.script({ status: 429 })
    const error = await askRaw(`${url}/error/v1/chat/completions`, { body: chat })
    const down = await askRaw(`${url}/down/v1/chat/completions`, { body: chat })
    const plain = await askRaw(`${url}/plain`, { method: 'GET' })
    const proxied = await askRaw(`${url}/models`, { method: 'GET' })
    expect(await linesOf(error.id)).toMatchObject([
      {
        status: 429,
        upstream_status: 429,
        outcome: 'upstream_error',
        request_type: 'ai_chat',
        llm_model: 'gpt-4',
        llm_total_tokens: 0,
        usage_source: 'none',
      },
    ])
    expect(await linesOf(down.id)).toMatchObject([
      { status: 502, upstream_status: null, outcome: 'upstream_error', llm_time_to_first_token: 0, llm_model: 'gpt-4' },
    ])
    expect(await linesOf(plain.id)).toMatchObject([
      { ...defaults, status: 200, outcome: 'complete', upstream_status: null, balancer_ip: null },
    ])
    expect(await linesOf(proxied.id)).toMatchObject([
      { ...defaults, status: 200, outcome: 'complete', upstream_status: 200 },
    ])
  })
})

describe('one line for every exchange', () => {
  test('that is answered, refused, unknown or failed', async () => {
    const boom = mark('boom', 5)
    const routes = [
      { ...aiRoute(mock.url), uri: '/v1/*' },
      { id: 'refused', uri: '/refused', plugins: { tell: {}, boom: { refuse: 403 } } },
      { id: 'plain', uri: '/plain', plugins: { tell: {} } },
    ]
    const gateway = await startGateway({ routes }, { plugins: [tell, boom] })
    const { url } = gateway
    mock.script({}, {}, { status: 500 }, { garbage: 'html' }, { errorEvent: 2 })
    await askRaw(`${url}/v1/chat/completions`, { body: chat })
    await askRaw(`${url}/v1/chat/completions`, { body: { ...chat, stream: true } })
    await askRaw(`${url}/v1/chat/completions`, { body: chat })
    await askRaw(`${url}/v1/chat/completions`, { body: chat })
    await askRaw(`${url}/v1/chat/completions`, { body: { ...chat, stream: true } })
    await askRaw(`${url}/v1/chat/completions`, { body: '{' })
    await askRaw(`${url}/nothing`, { method: 'GET' })
    await askRaw(`${url}/%zz`, { method: 'GET' })
    await askRaw(`${url}/refused`, { method: 'GET' })
    await askRaw(`${url}/plain`, { method: 'HEAD' })
    expect((await allLines(gateway)).map(({ status, outcome }) => [status, outcome])).toEqual([
      [200, 'complete'],
      [200, 'complete'],
      [500, 'upstream_error'],
      [502, 'upstream_error'],
      [200, 'upstream_error'],
      [400, 'refused'],
      [404, 'refused'],
      [400, 'refused'],
      [403, 'refused'],
      [200, 'complete'],
    ])
  })

  test('that the client gives up: before the answer, within it, and within its own request', async () => {
    const gateway = await startGateway({ routes: [aiRoute(mock.url)] })
    const { url } = gateway
    mock.script({ stallBeforeFirstByteMs: 'forever' }, { stallAfter: 3 }, { stallAfter: 2 })
    const early = sendRaw(`${url}/v1/chat/completions`, { body: chat })
    early.answer.catch(() => {})
    await mock.waitForRequest(1)
    early.hangUp()
    const [first] = await gateway.lines(1)
    expect(first).toMatchObject({
      status: 499,
      outcome: 'client_disconnect',
      request_type: 'ai_chat',
      upstream_status: null,
    })

    const late = await openChat(url)
    await late.until('data:')
    await late.cancel()
    const [, second] = await gateway.lines(2)
    expect(second).toMatchObject({ status: 200, outcome: 'client_disconnect', request_type: 'ai_stream' })

    const half = sendRaw(`${url}/v1/chat/completions`, {
      headers: { 'content-length': '100', 'content-type': 'application/json', expect: '100-continue' },
    })
    half.answer.catch(() => {})
    half.hangUp()
    const text = await sendBytes(
      url,
      'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    )
    expect(text).toBe('')
    await gateway.lines(3)
    const rest = (await allLines(gateway)).slice(2)
    expect(rest.filter(({ uri }) => uri === '/v1/chat/completions')).toHaveLength(rest.length)
    expect(new Set(rest.map(({ outcome }) => outcome))).toEqual(new Set(['client_disconnect']))
    expect(mock.requests).toHaveLength(2)
  })

  const rejected: readonly [name: string, bytes: string, status: number][] = [
    ['garbage', 'GARBAGE\r\n\r\n', 400],
    ['binary garbage', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a version that is none', 'GET / HTTP/9.9\r\nhost: x\r\n\r\n', 400],
    ['no host', 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['a space in a header name', 'GET / HTTP/1.1\r\nhost: x\r\nbad name: y\r\n\r\n', 400],
    ['headers beyond the limit', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
    ['two lengths', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a length that is no number', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n', 400],
    ['a tunnel', 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n', 405],
  ]
  test.for(rejected)('that Node’s parser rejects: %s', async ([, bytes, status]) => {
    const gateway = await startGateway({ routes: [aiRoute(mock.url)] })
    const text = await sendBytes(gateway.url, bytes)
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    const id = /^x-sluice-request-id: (.*)\r$/m.exec(text)?.[1] ?? ''
    expect(await gateway.linesOf(id)).toMatchObject([{ status, outcome: 'refused', route_id: null }])
    expect(await allLines(gateway)).toHaveLength(1)
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))).toMatchObject({ error_msg: expect.any(String) })
    expect(mock.requests).toEqual([])
  })

  test('a connection that is opened and closed is none', async () => {
    const gateway = await startGateway({ routes: [aiRoute(mock.url)] })
    for (let n = 0; n < 3; n++) (await openSocket(gateway.url)).end()
    ;(await openSocket(gateway.url)).resetAndDestroy()
    expect(await allLines(gateway)).toEqual([])
  })

  test.for([
    ['an upgrade', 'connection: upgrade, close\r\nupgrade: websocket'],
    ['miracles', 'connection: close\r\nexpect: miracles'],
  ])('that asks for %s is served as it is', async ([, headers]) => {
    const gateway = await startGateway(
      { routes: [{ id: 'plain', uri: '/plain', plugins: { tell: {} } }] },
      { plugins: [tell] },
    )
    const text = await sendBytes(gateway.url, `GET /plain HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n`)
    expect(text).toMatch(/^HTTP\/1.1 200 /)
    expect(await allLines(gateway)).toMatchObject([{ status: 200, outcome: 'complete' }])
  })

  test('many at once have one line each, in whole', async () => {
    const gateway = await startGateway({ routes: [aiRoute(mock.url)] })
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        askRaw(`${gateway.url}/v1/chat/completions`, { body: { ...chat, stream: n % 2 === 0 } }),
      ),
    )
    const lines = await gateway.linesOf(...answers.map(({ id }) => id))
    expect(new Set(lines.map((line) => line['request_id'])).size).toBe(100)
    expect(lines).toHaveLength(100)
  })

  test('a held answer is one line when the gateway closes', async () => {
    const gateway = await startGateway({ routes: [aiRoute(mock.url)] })
    mock.script({ stallAfter: 3 })
    const open = await openRaw(`${gateway.url}/v1/chat/completions`, { body: { ...chat, stream: true } })
    await open.until('data:')
    await gateway.gateway.close()
    expect(await gateway.lines(1)).toMatchObject([{ request_id: open.id, status: 200 }])
    expect(await gateway.lines()).toHaveLength(1)
  })
})
