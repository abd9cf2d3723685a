import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startMockLlm, type MockLlm, type MockOptions } from '../src/index.ts'
import { ask, begin, chat, eventsOf, json } from './client.ts'

const running: MockLlm[] = []
afterAll(() => Promise.all(running.map((mock) => mock.close())))

async function start(options?: MockOptions): Promise<MockLlm> {
  const mock = await startMockLlm(options)
  running.push(mock)
  return mock
}

const path = '/v1/chat/completions'

test('shows what it was sent', async () => {
  const mock = await start()
  await ask(mock, `${path}?a=b`, { headers: { 'X-One': '1' }, body: { model: 'm', messages: [] } })
  expect(mock.requests).toHaveLength(1)
  const { method, url, headers, rawHeaders, body, aborted } = mock.requests[0]!
  expect({ method, url, aborted }).toEqual({ method: 'POST', url: `${path}?a=b`, aborted: false })
  expect(headers).toMatchObject({ 'x-one': '1' })
  expect(rawHeaders).toContain('X-One')
  expect(body.toString()).toBe('{"model":"m","messages":[]}')
  expect(await mock.requests[0]!.closed).toMatchObject({ by: 'answer' })
})

test('waits for requests by number, those to come and those that were', async () => {
  const mock = await start()
  const third = mock.waitForRequest(3)
  for (const text of ['a', 'b', 'c']) await ask(mock, path, chat(text))
  expect((await third).body.toString()).toContain('"c"')
  expect((await mock.waitForRequest()).body.toString()).toContain('"a"')
  expect(await mock.waitForRequest(2)).toBe(mock.requests[1])
})

test('keeps the latest requests only', async () => {
  const mock = await start({ keepRequests: 2 })
  for (const text of ['a', 'b', 'c']) await ask(mock, path, chat(text))
  expect(mock.requests.map(({ body }) => JSON.parse(body.toString()).messages[0].content)).toEqual(['b', 'c'])
  await expect(mock.waitForRequest(1)).rejects.toThrow('request 1 is no longer kept; 2 of 3 are')
})

test('keeps no more bytes than it should', async () => {
  const mock = await start()
  const body = 'x'.repeat(30_000_000)
  for (let i = 0; i < 3; i++) await ask(mock, '/nowhere', { body })
  expect(mock.requests).toHaveLength(2)
})

test('forgets on reset, and tells those who wait', async () => {
  const mock = await start()
  await ask(mock, path, chat('a'))
  mock.script({ status: 500 })
  const waiting = mock.waitForRequest(2)
  mock.reset()
  await expect(waiting).rejects.toThrow('the mock was reset')
  expect(mock.requests).toEqual([])
  expect((await ask(mock, path, chat('a'))).status).toBe(200)
  expect(await mock.waitForRequest()).toBe(mock.requests[0])
})

test('notices a client that leaves in the middle of its request', async () => {
  const mock = await start()
  const socket = connect(mock.port, '127.0.0.1')
  socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"mod`, () => socket.destroy())
  const request = await mock.waitForRequest()
  expect(request.body.toString()).toBe('{"mod')
  expect(await request.closed).toMatchObject({ by: 'client' })
})

test('stops a paced stream when the client leaves', async () => {
  const mock = await start({ tokensPerSecond: 20 })
  const answer = await begin(mock, path, chat('hi', { stream: true }))
  await answer.until('This')
  answer.leave()
  const request = await mock.waitForRequest()
  const { by, at } = await request.closed
  expect(by).toBe('client')
  // A stream of 30 words would take 1.5 s.
  expect(at - request.at).toBeLessThan(1_000)
})

test('keeps a cadence', async () => {
  const mock = await start({ tokensPerSecond: 200, firstTokenMs: 20 })
  const begun = performance.now()
  const heard = await ask(mock, path, chat('hi', { stream: true, max_tokens: 10 }))
  expect(performance.now() - begun).toBeGreaterThan(68)
  expect(heard.chunks.length).toBeGreaterThan(5)
  expect(eventsOf(heard)).toHaveLength(13)
})

test('tells large requests apart that differ in the last byte, or in the first', async () => {
  const mock = await start()
  const ids = []
  for (const text of ['a', 'b', 'a'])
    ids.push(json(await ask(mock, path, chat('x'.repeat(500_000) + text))).id)
  for (const user of ['a', 'b', 'a']) {
    ids.push(
      json(await ask(mock, path, { body: { user, ...(chat('x'.repeat(500_000)).body as object) } })).id,
    )
  }
  expect(new Set(ids).size).toBe(4)
  expect([ids[0], ids[3]]).toEqual([ids[2], ids[5]])
})

test('keeps connections alive', async () => {
  const mock = await start()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (const init of [chat('a'), chat('b', { stream: true })]) {
    expect((await ask(mock, path, { ...init, agent })).headers['connection']).toBe('keep-alive')
  }
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1)
  agent.destroy()
})

test('breaks off what runs when it closes', async () => {
  const mock = await startMockLlm()
  mock.script({ stallAfter: 1 })
  const answer = await begin(mock, path, chat('hi', { stream: true }))
  const request = await mock.waitForRequest()
  const waiting = mock.waitForRequest(9)
  const closing = mock.close()
  await expect(waiting).rejects.toThrow('the mock was closed')
  await closing
  await answer.over
  expect(answer.heard().complete).toBe(false)
  expect(await request.closed).toMatchObject({ by: 'mock' })
})

test('logs neither keys nor bodies', async () => {
  const lines: string[] = []
  const mock = await start({ log: (line) => lines.push(line) })
  await ask(mock, `${path}?key=s3cret`, { ...chat('s3cret'), headers: { authorization: 'Bearer s3cret' } })
  await (
    await mock.waitForRequest()
  ).closed
  mock.script({ cutAfter: 0 })
  await ask(mock, '/%0Ax', {})
  await (
    await mock.waitForRequest(2)
  ).closed
  expect(lines).toEqual([
    expect.stringMatching(/^POST \/v1\/chat\/completions 200 \d+ ms$/),
    expect.stringMatching(/^POST \/%0Ax 404 \d+ ms, broken off$/),
  ])
})

test('refuses a body that is too large', async () => {
  const mock = await start()
  const heard = await ask(mock, path, { body: 'x'.repeat(67_108_865) })
  expect(heard.status).toBe(413)
  expect(json(heard).error.message).toContain('exceeds 67108864 bytes')
})

test('rejects an address that is taken', async () => {
  const { port } = await start()
  await expect(startMockLlm({ port })).rejects.toThrow('EADDRINUSE')
})

const sse = 'data: {"a":1}\r\n\r\ndata: {"b":"é"}\r\n\r\ndata: [DONE]\r\n\r\n'

async function folder(): Promise<string> {
  const at = await mkdtemp(join(tmpdir(), 'mock-llm-'))
  const http = {
    status: 429,
    headers: { 'content-type': 'application/json', 'Retry-After': '7', 'content-length': '1' },
  }
  const fixtures = [
    { id: 'limit', file: 'limit.json', http },
    {
      id: 'stream',
      file: 'stream.sse',
      http: { status: 200, headers: { 'content-type': 'text/event-stream' } },
    },
    {
      id: 'binary',
      file: 'frames.bin',
      http: { status: 200, headers: { 'content-type': 'application/vnd.amazon.eventstream' } },
    },
    { id: 'outside', file: '../secret', http },
  ]
  await writeFile(join(at, 'manifest.json'), JSON.stringify({ fixtures }))
  await writeFile(join(at, 'limit.json'), '{ "error" : 1 }\n')
  await writeFile(join(at, 'stream.sse'), sse)
  await writeFile(join(at, 'frames.bin'), Buffer.from([0, 255, 128, 13, 10]))
  return at
}

test('serves fixtures as they are, under faults too', async () => {
  const mock = await start({ fixtures: await folder() })
  const serve = async (script: object, at = path) => {
    mock.script(script)
    return ask(mock, at, {})
  }
  const limit = await serve({ fixture: 'limit' }, '/anything')
  expect(limit).toMatchObject({ status: 429, text: '{ "error" : 1 }\n', complete: true })
  expect(limit.headers).toMatchObject({ 'retry-after': '7', 'content-type': 'application/json' })
  expect(limit.headers).not.toHaveProperty('x-request-id')
  expect((await serve({ fixture: 'stream', chunk: 1 })).text).toBe(sse)
  expect((await serve({ fixture: 'stream', endAfter: -1 })).text).toBe(
    sse.slice(0, sse.indexOf('data: [DONE]')),
  )
  expect((await serve({ fixture: 'binary', crlf: true, chunk: 2 })).bytes).toEqual(
    Buffer.from([0, 255, 128, 13, 10]),
  )
})

test.for<[string, RegExp]>([
  ['nope', /none of the 4 fixtures is called 'nope'/],
  ['outside', /lies outside the folder/],
])('refuses the fixture %s', async ([fixture, message]) => {
  const mock = await start({ fixtures: await folder() })
  mock.script({ fixture })
  const heard = await ask(mock, path, {})
  expect(heard.status).toBe(400)
  expect(json(heard).error.message).toMatch(message)
})

test('says that it has no fixtures, and rejects a folder without a manifest', async () => {
  const mock = await start()
  mock.script({ fixture: 'x' })
  expect(json(await ask(mock, path, {})).error.message).toContain('there are no fixtures')
  await expect(startMockLlm({ fixtures: '/nowhere' })).rejects.toThrow('manifest.json')
})

/** Runs the program until it ends, or until its output contains something. */
function program(args: readonly string[], until?: RegExp) {
  const main = join(import.meta.dirname, '../src/main.ts')
  const { promise, resolve } = Promise.withResolvers<{
    code: unknown
    output: string
    stop(): Promise<unknown>
  }>()
  const ended = Promise.withResolvers<unknown>()
  let output = ''
  const child = execFile(process.execPath, [main, ...args], (error) => {
    ended.resolve(error?.code ?? 0)
    resolve({ code: error?.code ?? 0, output, stop: () => ended.promise })
  })
  const stop = () => (child.kill('SIGTERM'), ended.promise)
  for (const pipe of [child.stdout, child.stderr]) {
    pipe?.on('data', (text: string) => {
      output += text
      if (until?.test(output)) resolve({ code: undefined, output, stop })
    })
  }
  return promise
}

test('runs as a program that says how to ask it, and ends when it is told to', async () => {
  const { output, stop } = await program(['--listen', '127.0.0.1:0', '-t', '0', '-f', '0'], /-d '/)
  const url = /listens on (http:\S+)/.exec(output)![1]!
  const body = JSON.parse(/-d '(.*)'/.exec(output)![1]!) as object
  const heard = await ask({ url } as MockLlm, path, { body })
  expect(eventsOf(heard).at(-1)!.data).toBe('[DONE]')
  // A stall that nobody waits for any more must not keep the program.
  const stalled = await begin({ url } as MockLlm, `${path}?mock=stallAfter=0`, { body })
  stalled.leave()
  expect(await stop()).toBe(0)
})

test.for<[string[], number, RegExp]>([
  [['--help'], 0, /tokens-per-second/],
  [['--listen', 'nonsense'], 1, /give host:port/],
  [['--listen', '127.0.0.1:99999'], 1, /give host:port/],
  [['-t', 'fast'], 1, /give a number/],
  [['--fixtures', '/nowhere'], 1, /^mock-llm: ENOENT/],
])('runs as a program with %j', async ([args, code, output]) => {
  expect(await program(args)).toMatchObject({ code, output: expect.stringMatching(output) })
})
