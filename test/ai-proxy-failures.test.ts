import { gzipSync, brotliCompressSync, deflateSync } from 'node:zlib'
import { startMockLlm, type MockLlm, type Script } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { askThrough, chat, openAiError, type AskThrough, type Seen } from './support/ask-through.ts'
import { freePort } from './support/free-port.ts'
import { askRaw } from './support/raw-client.ts'
import { selfSigned } from './support/self-signed.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { smallAnswer, startUpstream } from './support/upstream.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

function askScripted(script: Script, options?: AskThrough): Promise<Seen> {
  mock.script(script)
  return askThrough(mock.url, options)
}

describe('a provider that does not answer', () => {
  test('P15: a closed port is a 502', async () => {
    const { status, json, log } = await askThrough(`http://127.0.0.1:${await freePort()}`)
    expect([status, json]).toEqual([
      502,
      openAiError('openai refused the connection', 'api_error', 'upstream_unreachable'),
    ])
    expect(log).toMatchObject({
      outcome: 'upstream_error',
      status: 502,
      upstream_status: null,
      llm_time_to_first_token: 0,
    })
  })

  test('a name that nobody knows is a 502', async () => {
    const { status, json } = await askThrough('http://nowhere.invalid')
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
    expect(seen.log).toMatchObject({
      status,
      outcome: expect.stringMatching(/upstream_error|truncated/),
      llm_total_tokens: 0,
    })
  })

  test('P38: a 200 of text/html is a 502', async () => {
    const { status, type, log } = await askScripted({ body: '<html>x</html>', contentType: 'text/html' })
    expect([status, type, log['llm_total_tokens']]).toEqual([502, 'application/json', 0])
  })

  test('P16: a stall before the first byte is a 504 after the timeout', async () => {
    const began = performance.now()
    const { status, json, log } = await askScripted({ stallBeforeFirstByteMs: 'forever' }, { config: { timeout: 300 } })
    const took = performance.now() - began
    expect([status, json]).toEqual([
      504,
      openAiError('openai did not answer within 300 ms', 'timeout', 'upstream_timeout'),
    ])
    expect(took).toBeGreaterThan(290)
    expect(took).toBeLessThan(3000)
    expect(log).toMatchObject({ outcome: 'stalled', status: 504 })
  })

  test('a stall in the middle of an answer is a 504', async () => {
    const { status, json } = await askScripted({ cutAfter: 1, slowBodyMs: 5000 }, { config: { timeout: 300 } })
    expect([status, json['error_msg']]).toEqual([504, 'openai sent nothing for 300 ms'])
  })

  test('one that does not take a large request is a 504', async () => {
    const upstream = await startUpstream(() => {})
    upstream.server.on('connection', (socket) => socket.pause())
    const body = { ...chat, user: 'x'.repeat(20_000_000) }
    const { status } = await askThrough(upstream.url, { config: { timeout: 300 }, body })
    expect(status).toBe(504)
  })

  test('the next request is served as if nothing had been', async () => {
    const { url } = await startGateway({ routes: [aiRoute(mock.url, { timeout: 300 })] })
    for (const script of [
      { resetOnAccept: true },
      { garbage: 'http' },
      { stallBeforeFirstByteMs: 'forever' },
      { cutAfterBytes: 5 },
    ] as const) {
      mock.script(script)
      expect((await askRaw(`${url}/v1/chat/completions`, { body: chat })).status).toBeGreaterThanOrEqual(502)
      expect((await askRaw(`${url}/v1/chat/completions`, { body: chat })).status).toBe(200)
    }
  })
})

describe('TLS', () => {
  test('a certificate that nobody vouches for is a 502, unless the route does not look', async () => {
    const upstream = await startUpstream(
      (_, res) => void res.setHeader('content-type', 'application/json').end(smallAnswer),
      selfSigned('localhost'),
    )
    const { status, json } = await askThrough(upstream.url)
    expect([status, json]).toEqual([
      502,
      openAiError('openai failed the TLS handshake', 'api_error', 'upstream_unreachable'),
    ])
    const trusting = await askThrough(upstream.url, { config: { ssl_verify: false } })
    expect([trusting.status, trusting.text]).toEqual([200, smallAnswer])
  })

  test('https to a port that speaks HTTP is a 502', async () => {
    const { status } = await askThrough(mock.url.replace('http:', 'https:'), { config: { ssl_verify: false } })
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
    const { status, text, headers, log } = await askThrough(upstream.url)
    expect([status, text, headers['content-encoding']]).toEqual([200, smallAnswer, undefined])
    expect(log).toMatchObject({ llm_prompt_tokens: 1, llm_total_tokens: 2 })
  })

  test('a packed error keeps its text, a packed stream its events', async () => {
    const error = await askScripted({ status: 400, gzip: true, message: 'packed' })
    expect([error.status, (error.json['error'] as { message: string }).message]).toEqual([400, 'packed'])
    const stream = await askScripted({ gzip: true }, { body: { ...chat, stream: true } })
    expect([stream.headers['content-encoding'], stream.text]).toEqual([
      undefined,
      expect.stringMatching(/^data: \{[\s\S]*data: \[DONE\]\n\n$/),
    ])
  })

  test.for([
    ['an encoding that nobody knows', 'snappy', smallAnswer],
    ['gzip that is none', 'gzip', smallAnswer],
    ['gzip that breaks off', 'gzip', gzipSync(smallAnswer).subarray(0, 40)],
  ] as const)('%s is a 502', async ([, encoding, body]) => {
    const upstream = await startUpstream((_, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding }).end(body)
    })
    expect((await askThrough(upstream.url)).status).toBe(502)
  })

  test('a bomb stops at max_response_bytes', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
    const upstream = await startUpstream((_, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(bomb)
    })
    const { status, json } = await askThrough(upstream.url, { config: { max_response_bytes: 100_000 } })
    expect([status, json['error_msg']]).toEqual([502, 'max_response_bytes exceeded'])
  })
})

describe('usage', () => {
  test('P39: prompt_cache_hit_tokens are read from the cache', async () => {
    const usage = {
      prompt_tokens: 9,
      completion_tokens: 2,
      total_tokens: 11,
      prompt_cache_hit_tokens: 5,
      prompt_cache_miss_tokens: 4,
    }
    const { log } = await askScripted(
      { body: { ...JSON.parse(smallAnswer), usage } },
      { config: { provider: 'deepseek' } },
    )
    expect(log).toMatchObject({
      llm_prompt_tokens: 9,
      llm_completion_tokens: 2,
      llm_total_tokens: 11,
      llm_cache_read_input_tokens: 5,
    })
  })

  test('P27: Messages to anthropic are relayed as they are, their cached tokens counted', async () => {
    const body =
      '{"id":"m","type":"message" ,"role":"assistant","model":"c","content":[{"type":"text","text":"é"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"cache_creation_input_tokens":20,"cache_read_input_tokens":100,"output_tokens":7}}'
    const sent = {
      model: 'c',
      max_tokens: 9,
      system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }],
      messages: chat.messages,
      metadata: { user_id: 'u-1' },
    }
    const seen = await askScripted(
      { body, contentType: 'application/json' },
      { config: { provider: 'anthropic' }, path: '/v1/messages', body: sent },
    )
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
