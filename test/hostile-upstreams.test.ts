import type { Socket } from 'node:net'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openRaw, type RawAnswer } from './support/raw-client.ts'
import { openRawUpstream, pour, type RawUpstream } from './support/raw-upstream.ts'
import { aiRoute, openGateway, type LogLine, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer, smallStream } from './support/upstream.ts'

/** How a client comes to ask the upstream: in a dialect, whole and streamed; for an operation that is passed; through an ordinary route. */
const ways = ['whole', 'stream', 'passed', 'ordinary'] as const
type Way = (typeof ways)[number]

/** Before the paths of routes that do not wait for long. */
const hasty = '/hasty'

let upstream: RawUpstream
let elsewhere: RawUpstream
let gateway: TestGateway & { close(): Promise<void> }
beforeAll(async () => {
  upstream = await openRawUpstream((socket, request) => scripts.get(/request-\d+/.exec(request)?.[0] ?? '')?.(socket))
  elsewhere = await openRawUpstream((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nelsewhere'))
  const routes = (prefix: string, seconds: number): object[] => {
    const auth = { header: { authorization: 'Bearer sk-secret' } }
    const timeout = { connect: seconds, send: seconds, read: seconds }
    const nodes = { [`127.0.0.1:${upstream.port}`]: 1 }
    return [
      { ...aiRoute(upstream.url, { timeout: seconds * 1000, auth }), id: `ai-${seconds}`, uri: `${prefix}/v1/*` },
      { id: `ordinary-${seconds}`, uri: `${prefix}/ordinary`, upstream: { type: 'roundrobin', nodes, timeout } },
    ]
  }
  gateway = await openGateway({ routes: [...routes('', 30), ...routes(hasty, 1)] })
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([upstream.close(), elsewhere.close()])
})

const asked = {
  whole: { path: '/v1/chat/completions', body: { messages: [] } },
  stream: { path: '/v1/chat/completions', body: { messages: [], stream: true } },
  passed: { path: '/v1/audio/speech', body: { input: 'x' } },
  ordinary: { path: '/ordinary', body: { any: 'thing' } },
}

/** What the upstream says to each request, by the name that it carries. */
const scripts = new Map<string, (socket: Socket) => void>()

function open(way: Way, speaks: (socket: Socket) => void, prefix = '') {
  const { path, body } = asked[way]
  const name = `request-${scripts.size}`
  scripts.set(name, speaks)
  return openRaw(gateway.url + prefix + path, { body, headers: { 'x-client-request-id': name } })
}

const sse = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
const json = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'
const withLength = (head: string, body: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), Buffer.from(body as string)])

const plain = (way: Way): string => (way === 'stream' ? smallStream : smallAnswer)
/** A body in chunks of a byte. */
const crumbs = (text: string): string => `${Array.from(text, (byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`
/** What a well-behaved upstream would say there. */
const good = (way: Way): Buffer => withLength(way === 'stream' ? sse : json, plain(way))

/** The next request is served as if nothing had been, and with the answer to it and no other. */
async function servesOn(way: Way): Promise<void> {
  const { status, body, isWhole } = await (await open(way, says(good(way)))).rest()
  expect([status, String(body), isWhole]).toEqual([200, plain(way), true])
}

interface Seen {
  readonly answer: RawAnswer
  readonly log: LogLine
}

/** One request to an upstream that speaks like this, and another to one that behaves. */
async function ask(way: Way, speaks: (socket: Socket) => void, prefix = ''): Promise<Seen> {
  const answer = await (await open(way, speaks, prefix)).rest()
  const [log = {}] = await gateway.linesOf(answer.id)
  await servesOn(way)
  return { answer, log }
}

/** The same in all ways at once. */
const askAll = async (speaks: (socket: Socket, way: Way) => void, prefix = ''): Promise<Record<Way, Seen>> =>
  Object.fromEntries(
    await Promise.all(ways.map(async (way) => [way, await ask(way, (socket) => speaks(socket, way), prefix)] as const)),
  ) as Record<Way, Seen>

/** What was seen in each way, told by `tell`. */
const each = <T>(seen: Record<Way, Seen>, tell: (seen: Seen, way: Way) => T): Record<Way, T> =>
  Object.fromEntries(ways.map((way) => [way, tell(seen[way], way)])) as Record<Way, T>

const inAll = <T>(value: T): Record<Way, T> => ({ whole: value, stream: value, passed: value, ordinary: value })

const says = (bytes: string | Buffer) => (socket: Socket) => void socket.write(bytes)
const saysAndCloses = (bytes: string | Buffer) => (socket: Socket) => void socket.end(bytes)

describe('an upstream whose answer is not HTTP is a 502, or a 504 where it merely never ends', { timeout: 30_000 }, () => {
  const faults: [what: string, speaks: (socket: Socket) => void, status: number][] = [
    ['no HTTP at all', says('SSH-2.0-OpenSSH_9.6\r\n'), 502],
    ['an answer of HTTP/0.9', saysAndCloses('<html>hello</html>'), 502],
    ['a status that is none', says('HTTP/1.1 abc OK\r\n\r\n'), 502],
    ['a status of two digits', says('HTTP/1.1 99 OK\r\n\r\n'), 502],
    ['headers without an end', (socket) => (socket.write('HTTP/1.1 200 OK\r\n'), pour(socket, `x-flood: ${'x'.repeat(1000)}\r\n`)), 502],
    ['one header without an end', (socket) => (socket.write('HTTP/1.1 200 OK\r\nx-flood: '), pour(socket, 'x'.repeat(1000))), 502],
    ['a reason without an end', (socket) => (socket.write('HTTP/1.1 200 '), drip(socket, 'x')), 504],
    ['headers that come too slowly', (socket) => (socket.write('HTTP/1.1 200 OK\r\n'), drip(socket, 'x: y\r\n')), 504],
    ['two lengths', says(`${json}content-length: 2\r\ncontent-length: 3\r\n\r\n{} `), 502],
    ['a length that is none', says(`${json}content-length: -1\r\n\r\n{}`), 502],
    ['a length beyond all numbers', says(`${json}content-length: 99999999999999999999\r\n\r\n{}`), 502],
    ['a length and chunks', says(`${json}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`), 502],
    ['a NUL in a header', says(`${json}x: a\0b\r\ncontent-length: 2\r\n\r\n{}`), 502],
    ['a space before the colon', says(`${json}x : b\r\ncontent-length: 2\r\n\r\n{}`), 502],
    ['a switch of protocols', says('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'), 502],
    ['nothing', () => {}, 504],
    ['notes without an answer', (socket) => drip(socket, 'HTTP/1.1 102 Processing\r\n\r\n'), 504],
    ['an end at once', (socket) => void socket.end(), 502],
    ['a reset', (socket) => void socket.resetAndDestroy(), 502],
  ]
  test.concurrent.for(faults)('%s', async ([, speaks, status]) => {
    const seen = await askAll(speaks, status === 504 ? hasty : '')
    expect(each(seen, ({ answer }) => [answer.status, answer.isWhole])).toEqual(inAll([status, true]))
    expect(each(seen, ({ log }) => log['outcome'])).toEqual(inAll(status === 504 ? 'stalled' : 'upstream_error'))
    for (const way of ways) expect(JSON.parse(String(seen[way].answer.body))).toHaveProperty('error_msg')
  })

  test('a second answer that nobody asked for answers nobody', async () => {
    const forged = Buffer.concat([good('whole'), Buffer.from('HTTP/1.1 200 OK\r\n\r\nforged')])
    const seen = await askAll((socket, way) => void socket.write(Buffer.concat([good(way), forged])))
    expect(each(seen, ({ answer }) => String(answer.body))).toEqual({ ...inAll(smallAnswer), stream: smallStream })
  })
})

/** Writes a piece now and then, until the other side is gone. */
function drip(socket: Socket, piece: string): void {
  const timer = setInterval(() => socket.write(piece), 10)
  socket.once('close', () => clearInterval(timer))
  onTestFinished(() => clearInterval(timer))
}

/** Says so three times before it answers. */
const noted = (status: number) => (socket: Socket, way: Way) => {
  const note = `HTTP/1.1 ${status} Note\r\nlink: </x>\r\nset-cookie: note=1\r\n\r\n`
  socket.write(Buffer.concat([Buffer.from(note.repeat(3)), good(way)]))
}

describe('an upstream that has notes before its answer (1xx)', { timeout: 30_000 }, () => {
  test.for([102, 103])('%i is heard out, and not passed on', async (status) => {
    const seen = await askAll(noted(status))
    expect(each(seen, ({ answer }) => answer.status)).toEqual(inAll(200))
    expect(each(seen, ({ answer: { headers } }) => [headers['link'], headers['set-cookie']])).toEqual(inAll([undefined, undefined]))
  })

  test('100, to a request that is over, is a 502', async () => {
    expect(each(await askAll(noted(100)), ({ answer }) => answer.status)).toEqual(inAll(502))
  })
})

describe('an upstream that sends 100 MB', { timeout: 30_000 }, () => {
  const megabyte = Buffer.alloc(1024 * 1024, 'x')
  const size = 100 * megabyte.length

  test('as a whole answer is a 502 beyond 64 MiB', async () => {
    let isClosed = false
    const { answer } = await ask('whole', (socket) => {
      socket.once('close', () => (isClosed = true)).write(`${json}content-length: ${size}\r\n\r\n`)
      pour(socket, megabyte, size)
    })
    expect([answer.status, String(answer.body)]).toEqual([502, expect.stringContaining('max_response_bytes exceeded')])
    await vi.waitUntil(() => isClosed, 10_000)
  })

  test.for(['whole', 'stream'] as const)('as an error is that error, of which the beginning is read (%s)', async (way) => {
    const { answer, log } = await ask(way, (socket) => {
      socket.write(`HTTP/1.1 500 No\r\ncontent-type: text/html\r\ncontent-length: ${size}\r\n\r\n`)
      pour(socket, megabyte, size)
    })
    expect(answer.status).toBe(500)
    expect(answer.body.length).toBeLessThan(1000)
    expect(log).toMatchObject({ outcome: 'upstream_error' })
  })

  test('as one event is a 502', async () => {
    const { answer } = await ask('stream', (socket) => {
      socket.write(`${sse}\r\ndata: `)
      pour(socket, megabyte, size)
    })
    // 64 KiB commit a stream: from there on it is told in the stream, which is cut.
    expect([answer.status, answer.isWhole]).toEqual([200, false])
    expect(String(answer.body)).toMatch(/^data: \{"error":\{"message":"an event of the stream is larger than 8388608 bytes"/)
  })

  test.for(['stream', 'passed', 'ordinary'] as const)('arrives whole (%s)', async (way) => {
    const event = Buffer.from(`data: {"choices":[{"delta":{"content":"${'x'.repeat(32_000)}"}}]}\n\n`)
    const piece = way === 'stream' ? event : megabyte
    const count = Math.ceil(size / piece.length)
    const end = way === 'stream' ? 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n' : ''
    const reading = await open(way, (socket) => {
      socket.write(`${way === 'stream' ? sse : json}content-length: ${count * piece.length + end.length}\r\n\r\n`)
      pour(socket, piece, count * piece.length, () => socket.write(end))
    })
    const { bytes, isWhole } = await reading.count()
    expect([reading.status, bytes, isWhole]).toEqual([200, count * piece.length + end.length, true])
    await servesOn(way)
  })
})

describe('an upstream that never ends', { timeout: 30_000 }, () => {
  test('a whole answer is a 502 beyond 64 MiB', async () => {
    const { answer } = await ask('whole', (socket) => {
      socket.write(`${json}transfer-encoding: chunked\r\n\r\n`)
      pour(socket, `10000\r\n${'{'.repeat(0x10000)}\r\n`)
    })
    expect(answer.status).toBe(502)
  })

  test('but says nothing any more is cut off', async () => {
    const seen = await askAll(says(`${json}content-length: 100\r\n\r\n{"a":`), hasty)
    expect(each(seen, ({ answer: { status, isWhole } }) => status === 504 || !isWhole)).toEqual(inAll(true))
    expect(each(seen, ({ log }) => log['outcome'])).toEqual(inAll('stalled'))
  })

  test('but breaks its chunks is cut off', async () => {
    const seen = await askAll(says(`${json}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n`))
    expect([seen.whole.answer.status, seen.stream.answer.status]).toEqual([502, 502])
    // Where nobody reads the answer, its head may have left already.
    expect(each(seen, ({ answer: { status, isWhole } }) => status === 502 || !isWhole)).toEqual(inAll(true))
    for (const way of ways) expect(seen[way].log['outcome']).toMatch(/^(?:upstream_error|truncated)$/)
  })

  test('with its crumbs, 100,000 chunks of a byte, is heard out', { timeout: 30_000 }, async () => {
    const filler = 'x'.repeat(100_000)
    const text = (way: Way): string => (way === 'stream' ? `: ${filler}\n\n${smallStream}` : `{"id":"${filler}",${smallAnswer.slice(1)}`)
    const seen = await askAll((socket, way) => void socket.write(`${way === 'stream' ? sse : json}transfer-encoding: chunked\r\n\r\n${crumbs(text(way))}`))
    expect(each(seen, ({ answer: { body } }, way) => String(body) === text(way))).toEqual(inAll(true))
  })

  test('its blank lines is nothing in a whole answer, and passed elsewhere', async () => {
    const size = 4 * 65_536
    const seen = await askAll((socket, way) => {
      socket.write(`${way === 'stream' ? sse : json}content-length: ${size}\r\n\r\n`)
      pour(socket, Buffer.alloc(65_536, '\n'), size)
    })
    expect(each(seen, ({ answer }) => answer.status)).toEqual({ ...inAll(200), whole: 502 })
    // They keep a stream alive, but it ends without its own end.
    expect(each(seen, ({ answer: { body, isWhole } }) => body.length >= size && isWhole)).toEqual({ whole: false, stream: false, passed: true, ordinary: true })
  })
})

describe('an upstream that packs its answer without being asked', { timeout: 30_000 }, () => {
  const packed = `content-encoding: gzip\r\n`
  const bomb = Buffer.concat(Array.from<Buffer>({ length: 10 }).fill(gzipSync(Buffer.alloc(100_000_000, ' '))))

  test('is read where somebody reads it, and passed as it is where nobody does', async () => {
    const seen = await askAll((socket, way) =>
      void socket.write(withLength((way === 'stream' ? sse : json) + packed, gzipSync(plain(way)))),
    )
    const isRead = { whole: true, stream: true, passed: false, ordinary: false }
    expect(each(seen, ({ answer: { headers } }) => headers['content-encoding'])).toEqual({ ...inAll('gzip'), whole: undefined, stream: undefined })
    expect(each(seen, ({ answer: { body } }, way) => body.equals(isRead[way] ? Buffer.from(plain(way)) : gzipSync(plain(way))))).toEqual(inAll(true))
  })

  test('as a bomb of 1 GB is stopped, or passed as it is', async () => {
    const before = process.memoryUsage().rss
    const { whole, stream, passed, ordinary } = await askAll((socket, way) => void socket.write(withLength((way === 'stream' ? sse : json) + packed, bomb)))
    expect([whole.answer.status, stream.answer.status, stream.answer.isWhole]).toEqual([502, 200, false])
    for (const { answer } of [passed, ordinary]) expect([answer.status, answer.body.equals(bomb)]).toEqual([200, true])
    expect(process.memoryUsage().rss - before).toBeLessThan(700_000_000)
  })

  test('as an error that is a bomb is that error', async () => {
    const { answer } = await ask('whole', says(withLength(`HTTP/1.1 429 Slow\r\ncontent-type: application/json\r\n${packed}`, bomb)))
    expect(answer.status).toBe(429)
    expect(answer.body.length).toBeLessThan(1000)
  })

  test.for([
    ['twice', 'gzip, deflate', deflateSync(gzipSync(smallAnswer))],
    ['not at all, and says that it did', 'gzip', Buffer.from(smallAnswer)],
    ['half', 'gzip', gzipSync(smallAnswer).subarray(0, 50)],
    ['in a way that nobody knows', 'rot13', Buffer.from(smallAnswer)],
  ] as const)('%s is a 502', async ([, encoding, body]) => {
    const { answer } = await ask('whole', says(withLength(`${json}content-encoding: ${encoding}\r\n`, body)))
    expect(answer.status).toBe(502)
  })
})

describe('an upstream that sends the gateway elsewhere', { timeout: 30_000 }, () => {
  test.for([301, 302, 303, 307, 308])('is not followed: %i', async (status) => {
    const head = `HTTP/1.1 ${status} Elsewhere\r\nlocation: ${elsewhere.url}/x\r\ncontent-type: text/plain\r\n`
    const seen = await askAll(says(withLength(head, 'there')))
    expect(each(seen, ({ answer }) => answer.status)).toEqual(inAll(status))
    expect(each(seen, ({ answer: { headers } }) => headers['location'])).toEqual({ ...inAll(undefined), ordinary: `${elsewhere.url}/x` })
    expect(elsewhere.requests).toEqual([])
    for (const { answer, log } of [seen.whole, seen.stream]) {
      expect(JSON.parse(String(answer.body))).toHaveProperty('error.message')
      expect(log).toMatchObject({ outcome: 'upstream_error' })
    }
  })
})

describe('an upstream that answers without a body', { timeout: 30_000 }, () => {
  test.for([204, 205, 304])('%i', async (status) => {
    const seen = await askAll(says(`HTTP/1.1 ${status} Nothing\r\n${status === 205 ? 'content-length: 0\r\n' : ''}\r\n`))
    expect(each(seen, ({ answer }) => answer.status)).toEqual({ ...inAll(status), whole: 502, stream: 502 })
    expect([seen.passed, seen.ordinary].map(({ answer }) => answer.body.length)).toEqual([0, 0])
  })

  test('200 with nothing in it', async () => {
    const seen = await askAll((socket, way) => void socket.write(`${way === 'stream' ? sse : json}content-length: 0\r\n\r\n`))
    expect(each(seen, ({ answer }) => answer.status)).toEqual({ ...inAll(200), whole: 502, stream: 502 })
  })
})

describe('an upstream that answers with JSON made to break readers', { timeout: 30_000 }, () => {
  const deep = `{"choices":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
  const table: [what: string, status: number, body: string][] = [
    ['200,000 levels in an answer', 200, deep],
    ['100,000 levels in an error', 400, `{"error":{"message":"x","param":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`],
    ['100,000 levels in an error inside a 200', 200, `{"error":{"message":"x","param":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`],
    ['prototypes', 200, '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"choices":[]}'],
    ['prototypes in an error', 400, '{"error":{"__proto__":{"polluted":1},"message":"x","constructor":1}}'],
    ['usage that is none', 200, '{"choices":[],"usage":{"prompt_tokens":"x","completion_tokens":-1,"total_tokens":1e999}}'],
    ['lone surrogates', 200, '{"choices":[{"message":{"content":"\\ud800"}}]}'],
  ]
  test.for(table)('%s', async ([, status, body]) => {
    const head = `HTTP/1.1 ${status} X\r\ncontent-type: application/json\r\n`
    const { answer } = await ask('whole', says(withLength(head, body)))
    const isError = body.includes('"error"')
    expect([answer.status, isError || String(answer.body) === body]).toEqual([isError && status === 200 ? 502 : status, true])
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test.for([
    ['200,000 levels in an event', `data: ${deep}\n\n`],
    ['30,000 levels in an error event', `data: {"error":{"message":"x","param":${'['.repeat(30_000)}${']'.repeat(30_000)}}}\n\n`],
    ['100,000 levels in an error event behind content', `${smallStream.split('\n\n')[0]}\n\ndata: {"error":{"message":"x","param":${'['.repeat(100_000)}${']'.repeat(100_000)}}}\n\n`],
  ] as const)('%s', async ([what, events]) => {
    const { answer } = await ask('stream', says(withLength(sse, events)))
    // Up to 64 KiB nothing has been sent to the client, who gets a status then.
    expect([answer.status, answer.isWhole]).toEqual(what.startsWith('30,000') ? [502, true] : [200, false])
  })
})

test('of all that nothing is left, and the key was told to nobody', { timeout: 30_000 }, async () => {
  await vi.waitUntil(() => gateway.gateway.snapshot.inFlight === 0, 10_000)
  expect(gateway.logged()).not.toContain('sk-secret')
  expect(gateway.logged()).not.toContain('internal error')
})
