import { gzipSync, brotliCompressSync, deflateSync } from 'node:zlib'
import { startMockLlm, type MockLlm, type Script } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './support/free-port.ts'
import { askRaw } from './support/raw-client.ts'
import { selfSigned } from './support/self-signed.ts'
import { aiRoute, startGateway, type LogLine } from './support/start-gateway.ts'
import { smallAnswer, startUpstream } from './support/upstream.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const chat = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }
const key = 'sk-company-0123456789'

interface Seen {
  readonly status: number
  readonly type: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly json: Record<string, unknown>
  readonly log: LogLine
}

async function ask(url: string, config: object = {}, path = '/v1/chat/completions', body: object = chat): Promise<Seen> {
  const auth = { header: { Authorization: `Bearer ${key}` } }
  const gateway = await startGateway({ routes: [aiRoute(url, { auth, ...config })] })
  const answer = await askRaw(`${gateway.url}${path}`, { body })
  const [log = {}] = await gateway.linesOf(answer.id)
  const text = answer.body.toString()
  expect(text + gateway.logged() + JSON.stringify(log)).not.toContain(key)
  return { status: answer.status, type: answer.headers['content-type'], headers: answer.headers, text, json: jsonOf(text), log }
}

function askScripted(script: Script, config: object = {}, path?: string, body?: object): Promise<Seen> {
  mock.script(script)
  return ask(mock.url, config, path, body)
}

function jsonOf(text: string): Record<string, unknown> {
  return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
}

/** An error that the gateway made for an OpenAI client. */
function openAiError(message: unknown, type: unknown, code: unknown): object {
  return { error: { message, type, param: null, code }, error_msg: message }
}

describe('errors of the provider', () => {
  const shaped = '{ "error": {"message":"no","type":"x_error","param":null,"code":"y"},\n"extra":1.0 }'

  test.for([400, 401, 403, 404, 409, 422, 429, 500, 502, 503])('P13: %i in the client’s own shape is relayed byte for byte', async (status) => {
    const seen = await askScripted({ status, body: shaped, contentType: 'application/json; charset=utf-8' })
    expect([seen.status, seen.text, seen.type]).toEqual([status, shaped, 'application/json; charset=utf-8'])
    expect(seen.log).toMatchObject({ status, upstream_status: status, outcome: 'upstream_error', llm_total_tokens: 0, usage_source: 'none' })
  })

  test('P14: a 429 keeps its Retry-After', async () => {
    const { status, headers } = await askScripted({ status: 429, headers: { 'retry-after': '13' } })
    expect([status, headers['retry-after']]).toEqual([429, '13'])
  })

  test('an error that repeats the key is told without it', async () => {
    const message = `Incorrect API key provided: ${key}. Bearer ${key} is wrong`
    const { status, json } = await askScripted({ status: 401, body: { error: { message, type: 'auth', param: null, code: 'invalid_api_key' } } })
    expect([status, json]).toEqual([401, openAiError('Incorrect API key provided: ***. *** is wrong', 'auth', 'invalid_api_key')])
  })

  const others: readonly [name: string, script: Script, message: string, type: string, code: string | null][] = [
    ['a message at the top', { status: 400, body: { message: 'wrong' } }, 'wrong', 'invalid_request_error', null],
    ['an error that is a text', { status: 400, body: { error: 'wrong' } }, 'wrong', 'invalid_request_error', null],
    ['FastAPI', { status: 422, body: { detail: [{ loc: ['body', 'x'], msg: 'is wrong' }] } }, 'body.x: is wrong', 'invalid_request_error', null],
    ['Google', { status: 403, body: [{ error: { code: 403, message: 'no', status: 'PERMISSION_DENIED' } }] }, 'no', 'PERMISSION_DENIED', '403'],
    ['a page', { status: 502, body: '<html>secret page</html>', contentType: 'text/html' }, 'Upstream returned HTTP 502 (text/html)', 'api_error', null],
    ['text', { status: 401, body: 'nope', contentType: 'text/plain' }, 'Upstream returned HTTP 401 (text/plain)', 'authentication_error', 'invalid_api_key'],
    ['nothing', { status: 503, body: '' }, 'Upstream returned HTTP 503 (application/json)', 'api_error', 'overloaded'],
    ['a redirect', { redirect: true }, 'Upstream returned HTTP 307 (text/plain)', 'invalid_request_error', null],
  ]
  test.for(others)('%s is wrapped with its text', async ([, script, message, type, code]) => {
    const { status, json, type: contentType, headers } = await askScripted(script)
    expect([status, contentType]).toEqual([script.redirect ? 307 : script.status, 'application/json'])
    expect(json).toEqual(openAiError(message, type, code))
    expect(JSON.stringify([json, headers])).not.toMatch(/secret page|"location"/)
  })

  test('an error inside a 200 has a status after all', async () => {
    const limited = await askScripted({ body: { error: { message: 'slow', type: 'rate_limit_error', code: 429 } } })
    expect([limited.status, limited.json]).toEqual([429, openAiError('slow', 'rate_limit_error', '429')])
    expect(limited.log).toMatchObject({ outcome: 'upstream_error', upstream_status: 200 })
    const vague = await askScripted({ body: { error: { message: 'oh' } } })
    expect([vague.status, vague.json['error_msg']]).toEqual([502, 'oh'])
  })

  test('a client of Messages gets Anthropic’s shape', async () => {
    const message = { ...chat, max_tokens: 9 }
    const own = '{"type":"error", "error":{"type":"overloaded_error","message":"busy"}}'
    const relayed = await askScripted({ status: 529, body: own, contentType: 'application/json' }, { provider: 'anthropic' }, '/v1/messages', message)
    expect([relayed.status, relayed.text]).toEqual([529, own])
    const wrapped = await askScripted({ status: 429, body: { error: { message: 'slow', type: 'requests' } } }, { provider: 'anthropic' }, '/v1/messages', message)
    expect([wrapped.status, wrapped.json]).toEqual([429, expect.objectContaining({ type: 'error', error_msg: 'slow' })])
    const down = await ask(`http://127.0.0.1:${await freePort()}`, { provider: 'anthropic' }, '/v1/messages', message)
    expect([down.status, down.json['error']]).toEqual([502, { type: 'api_error', message: 'anthropic refused the connection' }])
  })
})

describe('a provider that does not answer', () => {
  test('P15: a closed port is a 502', async () => {
    const { status, json, log } = await ask(`http://127.0.0.1:${await freePort()}`)
    expect([status, json]).toEqual([502, openAiError('openai refused the connection', 'api_error', 'upstream_unreachable')])
    expect(log).toMatchObject({ outcome: 'upstream_error', status: 502, upstream_status: null, llm_time_to_first_token: 0 })
  })

  test('a name that nobody knows is a 502', async () => {
    const { status, json } = await ask('http://nowhere.invalid')
    expect([status, json['error_msg']]).toEqual([502, 'openai has a host name that cannot be resolved'])
  })

  test.for([
    ['a reset on accept', { resetOnAccept: true }, 502, /connection/],
    ['an end before the head', { cutAfter: 0, cutAfterBytes: 0 }, 502, /./],
    ['no HTTP', { garbage: 'http' }, 502, /not HTTP/],
    ['HTML in a 200', { garbage: 'html' }, 502, /not JSON \(text\/html\)/],
    ['nothing in a 200', { garbage: 'empty' }, 502, /empty body/],
    ['no JSON in a 200', { garbage: 'json' }, 502, /not JSON/],
    ['half of an answer', { cutAfterBytes: 50 }, 502, /./],
    ['less than declared', { contentLength: 100_000 }, 502, /./],
  ] as const)('%s: %i', async ([, script, status, message]) => {
    const seen = await askScripted(script)
    expect([seen.status, seen.json['error_msg']]).toEqual([status, expect.stringMatching(message)])
    expect(seen.log).toMatchObject({ status, outcome: expect.stringMatching(/upstream_error|truncated/), llm_total_tokens: 0 })
  })

  test('P38: a 200 of text/html is a 502', async () => {
    const { status, type, log } = await askScripted({ body: '<html>x</html>', contentType: 'text/html' })
    expect([status, type, log['llm_total_tokens']]).toEqual([502, 'application/json', 0])
  })

  test('P16: a stall before the first byte is a 504 after the timeout', async () => {
    const began = performance.now()
    const { status, json, log } = await askScripted({ stallBeforeFirstByteMs: 'forever' }, { timeout: 300 })
    const took = performance.now() - began
    expect([status, json]).toEqual([504, openAiError('openai did not answer within 300 ms', 'timeout', 'upstream_timeout')])
    expect(took).toBeGreaterThan(290)
    expect(took).toBeLessThan(3000)
    expect(log).toMatchObject({ outcome: 'stalled', status: 504 })
  })

  test('a stall in the middle of an answer is a 504', async () => {
    const { status, json } = await askScripted({ cutAfter: 1, slowBodyMs: 5000 }, { timeout: 300 })
    expect([status, json['error_msg']]).toEqual([504, 'openai sent nothing for 300 ms'])
  })

  test('one that does not take a large request is a 504', async () => {
    const upstream = await startUpstream(() => {})
    upstream.server.on('connection', (socket) => socket.pause())
    const body = { ...chat, user: 'x'.repeat(20_000_000) }
    const { status } = await ask(upstream.url, { timeout: 300 }, undefined, body)
    expect(status).toBe(504)
  })

  test('the next request is served as if nothing had been', async () => {
    const { url } = await startGateway({ routes: [aiRoute(mock.url, { timeout: 300 })] })
    for (const script of [{ resetOnAccept: true }, { garbage: 'http' }, { stallBeforeFirstByteMs: 'forever' }, { cutAfterBytes: 5 }] as const) {
      mock.script(script)
      expect((await askRaw(`${url}/v1/chat/completions`, { body: chat })).status).toBeGreaterThanOrEqual(502)
      expect((await askRaw(`${url}/v1/chat/completions`, { body: chat })).status).toBe(200)
    }
  })
})

describe('TLS', () => {
  test('a certificate that nobody vouches for is a 502, unless the route does not look', async () => {
    const upstream = await startUpstream((_, res) => void res.setHeader('content-type', 'application/json').end(smallAnswer), selfSigned('localhost'))
    const { status, json } = await ask(upstream.url)
    expect([status, json]).toEqual([502, openAiError('openai failed the TLS handshake', 'api_error', 'upstream_unreachable')])
    const trusting = await ask(upstream.url, { ssl_verify: false })
    expect([trusting.status, trusting.text]).toEqual([200, smallAnswer])
  })

  test('https to a port that speaks HTTP is a 502', async () => {
    const { status } = await ask(mock.url.replace('http:', 'https:'), { ssl_verify: false })
    expect(status).toBe(502)
  })
})

describe('answers that are packed', () => {
  const packed = [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (text: string) => text],
  ] as const
  test.for(packed)('P37: %s is never garbage, and is accounted for', async ([encoding, pack]) => {
    const upstream = await startUpstream((_, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end(pack(smallAnswer))
    })
    const { status, text, headers, log } = await ask(upstream.url)
    expect([status, text, headers['content-encoding']]).toEqual([200, smallAnswer, undefined])
    expect(log).toMatchObject({ llm_prompt_tokens: 1, llm_total_tokens: 2 })
  })

  test('a packed error keeps its text, a packed stream its events', async () => {
    const error = await askScripted({ status: 400, gzip: true, message: 'packed' })
    expect([error.status, (error.json['error'] as { message: string }).message]).toEqual([400, 'packed'])
    const stream = await askScripted({ gzip: true }, {}, undefined, { ...chat, stream: true })
    expect([stream.headers['content-encoding'], stream.text]).toEqual([undefined, expect.stringMatching(/^data: \{[\s\S]*data: \[DONE\]\n\n$/)])
  })

  test.for([
    ['an encoding that nobody knows', 'snappy', smallAnswer],
    ['gzip that is none', 'gzip', smallAnswer],
    ['gzip that breaks off', 'gzip', gzipSync(smallAnswer).subarray(0, 40)],
  ] as const)('%s is a 502', async ([, encoding, body]) => {
    const upstream = await startUpstream((_, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end(body)
    })
    expect((await ask(upstream.url)).status).toBe(502)
  })

  test('a bomb stops at max_response_bytes', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
    const upstream = await startUpstream((_, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb)
    })
    const { status, json } = await ask(upstream.url, { max_response_bytes: 100_000 })
    expect([status, json['error_msg']]).toEqual([502, 'max_response_bytes exceeded'])
  })
})

describe('usage', () => {
  test('P39: prompt_cache_hit_tokens are read from the cache', async () => {
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11, prompt_cache_hit_tokens: 5, prompt_cache_miss_tokens: 4 }
    const { log } = await askScripted({ body: { ...JSON.parse(smallAnswer), usage } }, { provider: 'deepseek' })
    expect(log).toMatchObject({ llm_prompt_tokens: 9, llm_completion_tokens: 2, llm_total_tokens: 11, llm_cache_read_input_tokens: 5 })
  })

  test('P27: Messages to anthropic are relayed as they are, their cached tokens counted', async () => {
    const body = '{"id":"m","type":"message" ,"role":"assistant","model":"c","content":[{"type":"text","text":"é"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":7}}'
    const sent = { model: 'c', max_tokens: 9, system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }], messages: chat.messages, metadata: { user_id: 'u-1' } }
    const seen = await askScripted({ body, contentType: 'application/json' }, { provider: 'anthropic' }, '/v1/messages', sent)
    expect([seen.status, seen.text]).toEqual([200, body])
    expect(mock.requests[0]!.body.toString()).toBe(JSON.stringify(sent))
    expect(seen.log).toMatchObject({
      llm_prompt_tokens: 3,
      llm_completion_tokens: 7,
      llm_cache_read_input_tokens: 100,
      llm_cache_creation_input_tokens: 20,
      llm_end_user_id: 'u-1',
      llm_model: 'c',
      usage_source: 'provider',
    })
  })
})
