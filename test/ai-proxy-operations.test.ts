import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request, type IncomingMessage } from 'node:http'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { startUpstream } from './support/upstream.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const key = { header: { Authorization: 'Bearer key-1' } }

function gatewayTo(url: string, config: object = {}) {
  return startGateway({ routes: [aiRoute(url, { auth: key, ...config })] })
}

describe('other operations go to the same place of the provider’s API', () => {
  const operations: readonly [method: string, path: string, type: string | undefined, body: string | undefined][] = [
    ['POST', '/v1/images/generations', 'application/json', '{"prompt":"x"}'],
    ['POST', '/v1/images/edits', 'multipart/form-data; boundary=b', '--b\r\n\r\nx\r\n--b--\r\n'],
    ['POST', '/v1/audio/transcriptions', 'multipart/form-data; boundary=b', '--b\r\n\r\nx\r\n--b--\r\n'],
    ['POST', '/v1/audio/speech', 'application/json', '{"input":"x"}'],
    ['POST', '/v1/moderations', 'application/json', '{"input":"x"}'],
    ['POST', '/v1/rerank', 'application/json', '{"query":"q","documents":["a"]}'],
    ['POST', '/v1/files', 'multipart/form-data; boundary=b', '--b--\r\n'],
    ['GET', '/v1/files', undefined, undefined],
    ['GET', '/v1/files/f-1/content', undefined, undefined],
    ['DELETE', '/v1/files/f-1', undefined, undefined],
    ['GET', '/v1/models', undefined, undefined],
    ['GET', '/v1/models/gpt-4', undefined, undefined],
    ['PUT', '/v1/files/f-1', 'text/plain', ' not JSON, {'],
    ['POST', '/v1/moderations', undefined, '{"input":"x"}'],
  ]

  test.for(operations)('%s %s (%s)', async ([method, path, type, body]) => {
    const seen: object[] = []
    const upstream = await startUpstream(async (req, res) => {
      const chunks = await req.toArray()
      const { 'content-type': sentType, authorization } = req.headers
      seen.push({
        method: req.method,
        url: req.url,
        type: sentType,
        authorization,
        body: Buffer.concat(chunks).toString(),
      })
      res.writeHead(201, { 'content-type': 'text/x' }).end('done')
    })
    const { url } = await gatewayTo(upstream.url)
    const answer = await ask(`${url}${path}?limit=2&after=a%20b`, method, type, body)
    expect(answer).toEqual({ status: 201, type: 'text/x', text: 'done' })
    expect(seen).toEqual([
      { method, url: `${path}?limit=2&after=a%20b`, type, authorization: 'Bearer key-1', body: body ?? '' },
    ])
  })

  const places: readonly [provider: string, endpoint: string, path: string, expected: string][] = [
    ['openai', '', '/openai/v1/models', '/v1/models'],
    ['openai', '/v1', '/v1/models', '/v1/models'],
    ['openai', '/proxy/v1', '/v1/models', '/proxy/v1/models'],
    ['openai', '/proxy/v1/chat/completions', '/v1/models', '/proxy/v1/models'],
    ['openai', '/proxy/v1/chat/completions', '/v1/models/$&$1', '/proxy/v1/models/$&$1'],
    ['deepseek', '', '/v1/models', '/models'],
    ['openrouter', '', '/v1/models', '/api/v1/models'],
    ['gemini', '', '/v1/models', '/v1beta/openai/models'],
    ['anthropic', '', '/v1/models', '/v1/models'],
    [
      'azure-openai',
      '/openai/deployments/x/chat/completions?api-version=1',
      '/v1/audio/speech',
      '/openai/deployments/x/audio/speech?api-version=1',
    ],
  ]
  test.for(places)('%s at "%s": %s becomes %s', async ([provider, endpoint, path, expected]) => {
    const { url } = await gatewayTo(mock.url, { provider, override: { endpoint: `${mock.url}${endpoint}` } })
    await askRaw(`${url}${path}`, { method: 'GET' })
    expect((await mock.waitForRequest()).url).toBe(expected)
  })

  test('P29: /v1/rerank keeps its path, method and query', async () => {
    const { url, linesOf } = await gatewayTo(mock.url)
    mock.script({ body: { results: [] } })
    const answer = await askRaw(`${url}/v1/rerank?a=1`, { body: { query: 'q', documents: ['a'] } })
    expect([answer.status, answer.body.toString()]).toEqual([200, '{"results":[]}'])
    expect(mock.requests[0]).toMatchObject({ method: 'POST', url: '/v1/rerank?a=1' })
    expect(await linesOf(answer.id)).toMatchObject([
      { status: 200, outcome: 'complete', request_type: 'ai_chat', llm_total_tokens: 0 },
    ])
  })

  test('auth.query beats the client’s query, the endpoint’s beats both', async () => {
    const { url } = await gatewayTo(mock.url, {
      auth: { query: { key: 'ours', v: '1' } },
      override: { endpoint: `${mock.url}/v1?v=2` },
    })
    await askRaw(`${url}/v1/models?key=mine&v=3&limit=5&key=again`, { method: 'GET' })
    const { searchParams } = new URL((await mock.waitForRequest()).url, mock.url)
    expect([...searchParams].toSorted()).toEqual([
      ['key', 'ours'],
      ['limit', '5'],
      ['v', '2'],
    ])
  })

  test('the models of the mock come through', async () => {
    const { url } = await gatewayTo(mock.url)
    const { body, status } = await askRaw(`${url}/v1/models`, { method: 'GET' })
    expect(status).toBe(200)
    expect(JSON.parse(body.toString())).toMatchObject({ object: 'list' })
  })

  test('count_tokens is counted, in its own dialect', async () => {
    const { url } = await gatewayTo(mock.url, { provider: 'anthropic' })
    const { body } = await askRaw(`${url}/v1/messages/count_tokens`, {
      body: { model: 'm', messages: [{ role: 'user', content: 'one two' }] },
    })
    expect(JSON.parse(body.toString())).toEqual({ input_tokens: expect.any(Number) })
  })

  test('a HEAD has no body', async () => {
    const { url } = await gatewayTo(mock.url)
    const { body, status } = await askRaw(`${url}/v1/models`, { method: 'HEAD' })
    expect([status < 500, body.length]).toEqual([true, 0])
  })
})

describe('bodies of other operations', () => {
  test('an upload is streamed: its first bytes arrive before the last are sent', async () => {
    const first = Promise.withResolvers<string>()
    const upstream = await startUpstream((req, res) => {
      req.once('data', (chunk: Buffer) => first.resolve(chunk.toString()))
      const hash = createHash('sha256')
      req.on('data', (chunk: Buffer) => hash.update(chunk)).on('end', () => res.end(hash.digest('hex')))
    })
    const { url } = await gatewayTo(upstream.url)
    const answer = Promise.withResolvers<string>()
    const headers = { 'content-type': 'multipart/form-data; boundary=b' }
    const req = request(`${url}/v1/audio/transcriptions`, { method: 'POST', headers }, (res) => {
      let text = ''
      res
        .setEncoding('utf8')
        .on('data', (piece: string) => (text += piece))
        .on('end', () => answer.resolve(text))
    })
    req.write('--b\r\n\r\nbeginning')
    expect(await first.promise).toContain('beginning')
    const rest = Buffer.alloc(3_000_000, 'é')
    req.end(rest)
    expect(await answer.promise).toBe(createHash('sha256').update('--b\r\n\r\nbeginning').update(rest).digest('hex'))
  })

  test('an upload that upstream takes by fits and starts arrives byte for byte', async () => {
    const sent = randomBytes(12_000_000)
    const received = createHash('sha256')
    const upstream = await startUpstream((req, res) => {
      let taken = 0
      req.on('data', (chunk: Buffer) => {
        received.update(chunk)
        if ((taken += chunk.length) < 2_000_000) return
        taken = 0
        req.pause()
        setTimeout(() => req.resume(), 20)
      })
      req.on('end', () => res.end('{}'))
    })
    const { url } = await startGateway({ routes: [aiRoute(upstream.url)] })
    const headers = { 'content-type': 'audio/wav' }
    expect(await askRaw(`${url}/v1/audio/transcriptions`, { headers, body: sent })).toMatchObject({ status: 200 })
    expect(received.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'))
  })

  test('a binary answer is byte for byte what the provider sent', async () => {
    const sound = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 256))
    const upstream = await startUpstream(
      (_, res) => void res.writeHead(200, { 'content-type': 'audio/mpeg' }).end(sound),
    )
    const { url } = await gatewayTo(upstream.url)
    const answer = await askRaw(`${url}/v1/audio/speech`, { body: { input: 'x' } })
    expect(answer.headers['content-type']).toBe('audio/mpeg')
    expect(answer.body.equals(sound)).toBe(true)
  })

  test('a compressed answer keeps its encoding', async () => {
    mock.script({ gzip: true })
    const { url } = await gatewayTo(mock.url)
    const { headers, body } = await askRaw(`${url}/v1/models`, { method: 'GET' })
    expect(headers['content-encoding']).toBe('gzip')
    expect(body.subarray(0, 2).toString('hex')).toBe('1f8b')
  })

  test('an error is brought as it is, with its status', async () => {
    mock.script({ status: 404, body: 'nothing here', contentType: 'text/plain' })
    const { url, linesOf } = await gatewayTo(mock.url)
    const { status, body, id } = await askRaw(`${url}/v1/files/x`, { method: 'GET' })
    expect([status, body.toString()]).toEqual([404, 'nothing here'])
    expect(await linesOf(id)).toMatchObject([{ status: 404, outcome: 'upstream_error', upstream_status: 404 }])
  })

  test('an answer that breaks off is cut', async () => {
    mock.script({ cutAfterBytes: 10 })
    const { url, linesOf } = await gatewayTo(mock.url)
    const { isWhole, id } = await askRaw(`${url}/v1/models`, { method: 'GET' })
    expect(isWhole).toBe(false)
    expect(await linesOf(id)).toMatchObject([{ outcome: 'truncated' }])
  })

  test('a declared body beyond the limit is a 413, nothing sent', async () => {
    const upstream = await startUpstream((_, res) => void res.end())
    const { url } = await gatewayTo(upstream.url, { max_req_body_size: 10 })
    const { status, body } = await askRaw(`${url}/v1/moderations`, { body: '{"input":"xxxxx"}' })
    expect([status, body.toString()]).toEqual([
      413,
      expect.stringContaining('greater than the maximum size 10 allowed'),
    ])
    expect(upstream.connections()).toBe(0)
  })

  test('one that turns out to be is a 413 as well, and the client can go on', async () => {
    const closed = Promise.withResolvers<boolean>()
    const upstream = await startUpstream((req, res) => {
      if (req.url === '/v1/models') return void res.end('{}')
      req
        .on('close', () => closed.resolve(req.complete))
        .on('error', () => {})
        .resume()
    })
    const { url, linesOf } = await gatewayTo(upstream.url, { max_req_body_size: 100_000 })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const upload = request(`${url}/v1/files`, { method: 'POST', agent, headers: { 'content-type': 'text/plain' } })
    for (let piece = 0; piece < 64; piece++) upload.write(Buffer.alloc(64 * 1024))
    const [answer] = (await once(upload.end(), 'response')) as [IncomingMessage]
    const text = Buffer.concat(await answer.toArray()).toString()
    expect([answer.statusCode, text]).toEqual([
      413,
      expect.stringContaining('greater than the maximum size 100000 allowed'),
    ])
    expect(await closed.promise).toBe(false)
    expect(await linesOf(String(answer.headers['x-sluice-request-id']))).toMatchObject([
      { status: 413, outcome: 'refused' },
    ])
    const [next] = (await once(request(`${url}/v1/models`, { agent }).end(), 'response')) as [IncomingMessage]
    expect(next.resume().statusCode).toBe(200)
    agent.destroy()
  })

  test('a client that breaks its upload off leaves nothing behind', async () => {
    const ended = Promise.withResolvers<boolean>()
    const upstream = await startUpstream((req) => {
      req.once('data', () => upload.destroy())
      req.on('close', () => ended.resolve(req.complete)).on('error', () => {})
    })
    const { url, lines } = await gatewayTo(upstream.url)
    const upload = request(`${url}/v1/files`, { method: 'POST', headers: { 'content-type': 'text/plain' } })
    upload.on('error', () => {})
    upload.write('some')
    expect(await ended.promise).toBe(false)
    expect(await lines(1)).toMatchObject([{ outcome: 'client_disconnect', status: 499 }])
  })
})

describe('the company’s key is no general proxy', () => {
  const foreign: readonly [method: string, path: string, body: string | undefined][] = [
    ['GET', '/v1/organization/users', undefined],
    ['POST', '/v1/fine_tuning/jobs', '{"model":"m"}'],
    ['GET', '/v1/assistants', undefined],
    ['POST', '/v1/anything', '{"a":1}'],
    ['DELETE', '/v1/chat/completions', undefined],
    ['GET', '/v1/chat/completions', undefined],
    ['GET', '/', undefined],
    ['POST', '/models', '{}'],
    ['GET', '/v1/models/../organization', undefined],
    ['GET', '/v1/models/%2e%2e/organization', undefined],
    ['GET', '/v1//organization', undefined],
    ['GET', '/v1/files/..%2forganization', undefined],
    ['GET', '/v1/files/x%2F..%2f..%2Forganization', undefined],
    ['GET', '/v1/files/..%5corganization', undefined],
    ['GET', '/v1/files/..;/organization', undefined],
    ['POST', '/v1/images', '{}'],
  ]
  test.for(foreign)('%s %s is refused, nothing sent', async ([method, path, body]) => {
    const { url } = await gatewayTo(mock.url)
    expect((await ask(`${url}${path}`, method, body && 'application/json', body)).status).toBe(400)
    expect(mock.requests).toEqual([])
  })

  const spellings: readonly [path: string, expected: string][] = [
    ['/v1/files/a%2f..b', '/v1/files/a%2F..b'],
    ['/v1/models/a%3Fb%23c', '/v1/models/a%3Fb%23c'],
    ['/v1/models/%E2%98%83', '/v1/models/%E2%98%83'],
    ['/v1/models/a%20b', '/v1/models/a%20b'],
    ['/v1/models/a%25b', '/v1/models/a%25b'],
    ['/v1/models/meta/llama:free', '/v1/models/meta/llama:free'],
  ]
  test.for(spellings)('%s stays one segment of its own', async ([path, expected]) => {
    const { url } = await gatewayTo(mock.url)
    await askRaw(`${url}${path}`, { method: 'GET' })
    expect((await mock.waitForRequest()).url).toBe(expected)
  })
})

/** With no header but those that are given. */
function ask(url: string, method: string, type: string | undefined, body: string | undefined) {
  return new Promise<{ status: number; type: string | undefined; text: string }>((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const path = url.slice(url.indexOf('/', 'http://'.length)) // as it is spelled
    const headers = {
      ...(type && { 'content-type': type }),
      ...(body !== undefined && { 'content-length': String(body.length) }),
    }
    const req = request({ hostname, port, path, method, headers }, (res) => {
      let text = ''
      res.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, type: res.headers['content-type'], text }))
    })
    req.on('error', reject).end(body)
  })
}
