import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { startMockLlm, type MockLlm, type Script } from '../src/index.ts'
import { ask, begin, chat, eventsOf, json, raw } from './client.ts'

let mock: MockLlm
beforeAll(async () => void (mock = await startMockLlm()))
afterEach(() => mock.reset())
afterAll(() => mock.close())

const path = '/v1/chat/completions'
const whole = chat('hi')
const stream = chat('hi', { stream: true })
const messages = {
  headers: { 'anthropic-version': '2023-06-01' },
  body: { model: 'm', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'hi' }] },
}

async function scripted(script: Script, init = stream) {
  mock.script(script)
  return ask(mock, path, init)
}

// A client has all of a 204 with its head, and may ask again before the mock is done with it.
test('plays a script of a request that comes before its turn', async () => {
  mock.script({ status: 204, chunk: 1 }, { status: 429, chunk: 1 })
  const body = JSON.stringify(whole.body)
  const request = `POST ${path} HTTP/1.1\r\nhost: mock\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const socket = connect(Number(new URL(mock.url).port), '127.0.0.1')
  let text = ''
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('told to fail')) resolve()
    })
    socket.write(request + request)
  })
  socket.destroy()
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 204', 'HTTP/1.1 429'])
})

test('uses each script once, in order, and none afterwards', async () => {
  mock.script({ status: 500 }, { status: 503 })
  const statuses = [await ask(mock, path, whole), await ask(mock, path, whole), await ask(mock, path, whole)]
  expect(statuses.map(({ status }) => status)).toEqual([500, 503, 200])
})

test.for<[string, number, object]>([
  [path, 401, { error: { type: 'invalid_request_error', code: 'invalid_api_key' } }],
  [path, 429, { error: { type: 'requests', code: 'rate_limit_exceeded', param: null } }],
  [path, 500, { error: { type: 'server_error', code: null } }],
  ['/v1/responses', 429, { error: { type: 'requests' } }],
  ['/v1/messages', 429, { type: 'error', error: { type: 'rate_limit_error' } }],
  ['/v1/messages', 529, { type: 'error', error: { type: 'overloaded_error' } }],
])('gives %s a %i in its shape', async ([at, status, body]) => {
  mock.script({ status, message: 'No.', headers: { 'Retry-After': '2', 'x-request-id': 'mine' } })
  const heard = await ask(mock, at, whole)
  expect(heard.status).toBe(status)
  expect(json(heard)).toMatchObject(body)
  expect(json(heard).error.message).toBe('No.')
  expect(heard.headers).toMatchObject({ 'retry-after': '2', 'x-request-id': 'mine' })
})

test.for<[Script, string, string]>([
  [{ status: 418, body: '<html>' }, '<html>', 'application/json'],
  [{ body: { a: [1] } }, '{"a":[1]}', 'application/json'],
  [{ body: 'x', contentType: 'text/plain' }, 'x', 'text/plain'],
  [{ garbage: 'empty' }, '', 'application/json'],
])('sends the body of %j as it is', async ([script, text, type]) => {
  const heard = await scripted(script)
  expect(heard).toMatchObject({ status: script.status ?? 200, text, complete: true })
  expect(heard.headers['content-type']).toBe(type)
})

test.for<[string, string, object]>([
  ['OpenAI', path, { error: { type: 'server_error' } }],
  ['Anthropic', '/v1/messages', { type: 'error', error: { type: 'api_error' } }],
])('puts the error of %s into a 200', async ([, at, body]) => {
  mock.script({ errorIn200: true })
  const heard = await ask(mock, at, stream)
  expect(heard.status).toBe(200)
  expect(json(heard)).toMatchObject(body)
})

test('says what it is told to, also at length', async () => {
  expect(json(await scripted({ text: 'Oui.' }, whole)).choices[0].message.content).toBe('Oui.')
  const { choices, usage } = json(await scripted({ words: 500 }, whole))
  expect(choices[0].message.content.split(' ')).toHaveLength(500)
  expect(usage.completion_tokens).toBe(500)
})

test('leaves out usage', async () => {
  expect(json(await scripted({ noUsage: true }, whole))).not.toHaveProperty('usage')
  const asked = chat('hi', { stream: true, stream_options: { include_usage: true } })
  const events = eventsOf(await scripted({ noUsage: true }, asked))
  expect(events.some(({ data }) => 'usage' in Object(data))).toBe(false)
})

test('sends raw events in place of its own', async () => {
  const heard = await scripted({ event: ['data: {"a":1}\n\n', Buffer.from('data: \xff', 'latin1')] })
  expect(heard.headers['content-type']).toMatch('text/event-stream')
  expect(heard.bytes).toEqual(Buffer.from('data: {"a":1}\n\ndata: \xff', 'latin1'))
})

test.for<[string, (n: number) => Script, string[]]>([
  ['cut', (n) => ({ cutAfter: n }), []],
  ['ended', (n) => ({ endAfter: n }), []],
])('is %s after so many events', async ([how, script]) => {
  const all = eventsOf(await ask(mock, path, stream))
  for (const [count, expected] of [
    [0, 0],
    [3, 3],
    [-1, all.length - 1],
    [1_000, all.length],
  ] as const) {
    const heard = await scripted(script(count))
    expect(eventsOf(heard)).toEqual(all.slice(0, expected))
    expect(heard.complete).toBe(how === 'ended')
    expect(heard.status).toBe(200)
  }
})

test.for([0, 1, 100, 10_000])('is cut after %i bytes', async (count) => {
  const { bytes } = await ask(mock, path, stream)
  const heard = await scripted({ cutAfterBytes: count })
  expect(heard.bytes).toEqual(bytes.subarray(0, count))
  expect(heard.complete).toBe(count > bytes.length)
})

test('cuts a whole answer, whose length was declared', async () => {
  const heard = await scripted({ cutAfterBytes: 10 }, whole)
  expect(heard).toMatchObject({ text: '{"id":"cha', complete: false })
  expect(Number(heard.headers['content-length'])).toBeGreaterThan(100)
})

test('fails in the middle of a stream, in the shape of each dialect', async () => {
  const chatted = eventsOf(await scripted({ errorEvent: 2, message: 'Oh.' }))
  expect(chatted).toHaveLength(3)
  expect(chatted[2]).toMatchObject({
    name: undefined,
    data: { error: { message: 'Oh.', type: 'server_error' } },
  })

  mock.script({ errorEvent: 2 })
  const messaged = eventsOf(await ask(mock, '/v1/messages', messages))
  expect(messaged[2]).toMatchObject({
    name: 'error',
    data: { type: 'error', error: { type: 'overloaded_error' } },
  })

  mock.script({ errorEvent: 2 })
  const responded = eventsOf(
    await ask(mock, '/v1/responses', { body: { model: 'm', input: 'hi', stream: true } }),
  )
  expect(responded[2]).toMatchObject({ name: 'error', data: { type: 'error', sequence_number: 2 } })
})

test('stalls after so many events until the client leaves, and notices that', async () => {
  mock.script({ stallAfter: 2 })
  const answer = await begin(mock, path, stream)
  await answer.until('"content":"This"')
  expect(eventsOf(answer.heard())).toHaveLength(2)
  const request = await mock.waitForRequest()
  expect(request.aborted).toBe(false)
  answer.leave()
  expect(await request.closed).toEqual({ by: 'client', at: expect.any(Number) })
  expect(request.aborted).toBe(true)
})

test('sends the head, then stalls, where no event is to come first', async () => {
  mock.script({ stallAfter: 0 })
  const answer = await begin(mock, path, stream)
  expect(answer.heard()).toMatchObject({ status: 200, text: '' })
  answer.leave()
  expect(await (await mock.waitForRequest()).closed).toMatchObject({ by: 'client' })
})

test('stalls for a while, then goes on', async () => {
  const { text } = await ask(mock, path, stream)
  const begun = performance.now()
  expect(await scripted({ stallAfter: 3, stallMs: 30 })).toMatchObject({ text, complete: true })
  expect(await scripted({ stallAfter: -1, stallMs: 30 })).toMatchObject({ text, complete: true })
  expect(await scripted({ stallBeforeFirstByteMs: 30 })).toMatchObject({ text, complete: true })
  // Timers may be a millisecond early.
  expect(performance.now() - begun).toBeGreaterThan(86)
})

test('stalls before the first byte until the client leaves', async () => {
  mock.script({ stallBeforeFirstByteMs: 'forever' })
  const socket = connect(mock.port, '127.0.0.1')
  let heard = 0
  socket.on('data', (chunk) => (heard += chunk.length))
  socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}')
  const request = await mock.waitForRequest()
  socket.destroy()
  expect(await request.closed).toMatchObject({ by: 'client' })
  expect(heard).toBe(0)
})

test.for([stream, whole])('writes byte by byte', async (init) => {
  const text = (await ask(mock, path, init)).text
  const heard = await scripted({ chunk: 1 }, init)
  expect(heard).toMatchObject({ text, complete: true })
})

test('writes each event by itself, so that none is joined with the next', async () => {
  const heard = await scripted({ chunk: 1_000_000 })
  expect(heard.chunks.length).toBe(eventsOf(heard).length)
})

test('takes its time with a body', async () => {
  const begun = performance.now()
  expect(await scripted({ slowBodyMs: 4 }, whole)).toMatchObject({ complete: true })
  expect(performance.now() - begun).toBeGreaterThan(34)
})

test.for<[Script, RegExp]>([
  [{ crlf: true }, /^data: .*\r\n\r\ndata: /],
  [{ cr: true }, /^data: [^\n]*\r\rdata: [^\n]*$/],
])('ends its lines as %j says', async ([script, form]) => {
  const plain = eventsOf(await ask(mock, path, stream))
  const heard = await scripted(script)
  expect(heard.text).toMatch(form)
  expect(eventsOf(heard)).toEqual(plain)
})

test('begins with comments, or with blank lines', async () => {
  const { text } = await ask(mock, path, stream)
  expect((await scripted({ comments: 2 })).text).toBe(`: keep-alive\n\n: keep-alive\n\n${text}`)
  expect((await scripted({ comments: 3 }, whole)).text).toMatch(/^\n\n\n\{/)
})

test.for([stream, whole])('compresses without being asked', async (init) => {
  const { bytes } = await ask(mock, path, init)
  const heard = await scripted({ gzip: true }, init)
  expect(heard.headers['content-encoding']).toBe('gzip')
  expect(heard.bytes).not.toEqual(bytes)
  expect(gunzipSync(heard.bytes)).toEqual(bytes)
})

test('compresses events so that each can be read when it comes', async () => {
  mock.script({ gzip: true, stallAfter: 2 })
  const answer = await begin(mock, path, stream)
  await vi.waitUntil(() => answer.heard().chunks.length > 0, { timeout: 15_000, interval: 5 })
  const text = gunzipSync(answer.heard().bytes, { finishFlush: 2 }).toString()
  expect(text.match(/^data: /gm)).toHaveLength(2)
  answer.leave()
})

test('sends something that is not HTTP', async () => {
  mock.script({ garbage: 'http' })
  expect(await raw(mock, post('{}'))).toBe('This is not HTTP.\r\n\r\n')
  expect(await mock.waitForRequest()).toMatchObject({ method: 'POST', aborted: false })
})

test('sends what is not JSON, and an HTML page', async () => {
  const broken = await scripted({ garbage: 'json' })
  expect(broken.headers['content-type']).toBe('application/json')
  expect(() => json(broken)).toThrow('JSON')
  const page = await scripted({ garbage: 'html' })
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('<html>') })
  expect(page.headers['content-type']).toBe('text/html')
})

test('resets a connection when it is accepted, and an open one at the request', async () => {
  mock.script({ resetOnAccept: true })
  expect(await raw(mock, post('{}'))).toBe('[ECONNRESET]')
  expect(await raw(mock, post('{}', 'x-mock-fault: resetOnAccept\r\n'))).toBe('[ECONNRESET]')
  expect((await ask(mock, path, whole)).status).toBe(200)
})

test('declares a length that is too large, and closes', async () => {
  const heard = await scripted({ contentLength: 100_000 }, whole)
  expect(heard.headers['content-length']).toBe('100000')
  expect(json(heard)).toHaveProperty('choices')
  expect(heard.complete).toBe(false)
})

test('redirects', async () => {
  const heard = await scripted({ redirect: true })
  expect(heard).toMatchObject({ status: 307, text: '' })
  expect(heard.headers).toHaveProperty('location')
})

test.for([204, 304])('has no body under a %i', async (status) => {
  expect(await scripted({ status }, whole)).toMatchObject({ status, text: '', complete: true })
})

test('has a cadence of its own for one answer', async () => {
  const begun = performance.now()
  const heard = await scripted({ tokensPerSecond: 500, firstTokenMs: 20, words: 20 })
  expect(performance.now() - begun).toBeGreaterThan(55)
  expect(heard.chunks.length).toBeGreaterThan(3)
})

test.for<[string, Script['status'], object]>([
  ['429', 429, {}],
  ['status=503, header.Retry-After=7', 503, { 'retry-after': '7' }],
  ['{"status":500,"headers":{"x-a":"b, c"}}', 500, { 'x-a': 'b, c' }],
])('takes the script %j from a header and from the query', async ([text, status, headers]) => {
  mock.script({ status: 418 })
  for (const heard of [
    await ask(mock, path, { ...whole, headers: { 'x-mock-fault': text } }),
    await ask(mock, `${path}?a=b&mock=${encodeURIComponent(text)}`, whole),
  ]) {
    expect(heard.status).toBe(status)
    expect(heard.headers).toMatchObject(headers)
  }
  expect((await ask(mock, path, whole)).status).toBe(418)
})

test.for<[string, RegExp]>([
  ['stal', /stal is not known; known are status,/],
  ['status=99', /status must be an integer from 200 to 599/],
  ['cutAfter=soon', /cutAfter must be an integer/],
  ['stallMs=900000', /stallMs must be milliseconds up to 600000, or "forever"/],
  ['garbage=css', /garbage must be one of http, json, html, empty/],
  ['header.content-length=3', /headers must be .* without content-length/],
  ['crlf=2', /crlf must be true or false/],
  ['{"status":429', /not a JSON object/],
  ['__proto__=x', /__proto__ is not known/],
])('refuses the script %j and says why', async ([text, message]) => {
  const heard = await ask(mock, path, { ...whole, headers: { 'x-mock-fault': text } })
  expect(heard.status).toBe(400)
  expect(json(heard).error.message).toMatch(message)
})

test('throws at a script that is wrong, and takes none of its siblings', async () => {
  expect(() => mock.script({ status: 500 }, { status: 1 })).toThrow(/status must be an integer/)
  expect(() => mock.script({ headers: { 'a b': 'c' } })).toThrow(/headers must be/)
  expect(() => mock.script(...Array.from({ length: 10_001 }, () => ({})))).toThrow(/more than 10000/)
  expect((await ask(mock, path, whole)).status).toBe(200)
})

function post(body: string, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`
}
