import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { cutAnywhere, damaged, fuzzAsync, fuzzMs, type Dice } from './support/fuzz.ts'
import { openSocket } from './support/raw-socket.ts'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, openGateway, type TestGateway } from './support/start-gateway.ts'
import { smallAnswer, smallStream } from './support/upstream.ts'

let upstream: Server
/** What the upstream was sent that no request of the gateway's own may be. */
const strange: string[] = []
let gateway: TestGateway & { close(): Promise<void> }

beforeAll(async () => {
  upstream = createServer((req, res) => {
    const { url = '', rawHeaders, headers } = req
    const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
    const twice = ['host', 'content-length', 'transfer-encoding', 'x-real-ip'].filter((name) => names.indexOf(name) !== names.lastIndexOf(name))
    const isOurs = url.startsWith('/v1/') || headers['x-real-ip'] === '127.0.0.1' // whatever was smuggled in a body lacks it
    const hasBoth = headers['content-length'] !== undefined && headers['transfer-encoding'] !== undefined
    const isCarried = ['upgrade', 'te', 'trailer', 'keep-alive', 'proxy-authorization', 'expect'].some((name) => names.includes(name))
    if (twice.length > 0 || !isOurs || hasBoth || isCarried) strange.push(JSON.stringify([req.method, url, rawHeaders]))
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')))
    req.on('end', () => {
      const isStream = body.includes('"stream":true')
      res.writeHead(200, { 'content-type': isStream ? 'text/event-stream' : 'application/json' }).end(isStream ? smallStream : smallAnswer)
    })
  })
  upstream.on('clientError', (error, socket) => {
    // A client that leaves within its body takes the upstream's request along.
    const { code = '', rawPacket } = error as Error & { code?: string; rawPacket?: Buffer }
    if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') strange.push(`${code} ${String(rawPacket)}`)
    socket.destroy()
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const { port } = upstream.address() as AddressInfo
  const nodes = { [`127.0.0.1:${port}`]: 1 }
  gateway = await openGateway({
    gateway: { header_timeout_ms: 500, request_timeout_ms: 500, max_body_bytes: 10_000 },
    routes: [
      { ...aiRoute(`http://127.0.0.1:${port}`), uri: '/v1/*' },
      { id: 'open', uri: '/open/*', upstream: { type: 'roundrobin', nodes } },
      { id: 'chosen', uri: '/v1/*', vars: [['post_arg.model', '==', 'b']], upstream: { type: 'roundrobin', nodes } },
    ],
  })
})
afterAll(async () => {
  await gateway.close()
  upstream.close()
  upstream.closeAllConnections()
})

const fields = 'host: a\r\nuser-agent: fuzz/1\r\ncontent-type: application/json\r\n'
const chat = '{"model":"b","messages":[{"role":"user","content":"x"}]}'
const streamed = '{"model":"a","stream":true,"messages":[]}'
const withLength = (line: string, body: string): string => `${line} HTTP/1.1\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`
const inChunks = (line: string, body: string): string =>
  `${line} HTTP/1.1\r\n${fields}transfer-encoding: chunked\r\n\r\n${body.match(/[^]{1,20}/g)!.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')}0\r\n\r\n`
const corpus = [
  `GET /open/x?a=b HTTP/1.1\r\n${fields}accept: */*\r\n\r\n`,
  `GET http://a/open/x HTTP/1.1\r\n${fields}\r\n`,
  `HEAD /open/%41/../b HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n`,
  withLength('POST /v1/chat/completions', chat),
  withLength('POST /v1/chat/completions', streamed),
  inChunks('POST /v1/chat/completions', chat),
  inChunks('PUT /open/x', 'GET /open/smuggled HTTP/1.1\r\nhost: a\r\n\r\n'),
  withLength('POST /open/x', 'GET /open/smuggled HTTP/1.1\r\nhost: a\r\n\r\n'),
  `POST /v1/audio/speech HTTP/1.1\r\n${fields}expect: 100-continue\r\ncontent-length: 2\r\n\r\n{}`,
  `OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: upgrade, te\r\nupgrade: h2c\r\nte: trailers\r\n\r\n`,
]
const pieces = [
  '\r\n', '\n', '\r', '\0', ' ', '\t', ':', ',', ';', '/', '%', '%2e', '%00', '..', '?', '#', '@', '"', '\\', '\xff', '0', '7', 'ffffffff', '-1', '{', '}', '\r\n\r\n', '0\r\n\r\n',
  'content-length: 3\r\n', 'Content-Length: 0\r\n', 'transfer-encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'transfer-encoding:\tchunked\r\n', 'host: b\r\n', 'connection: close\r\n', 'connection: content-length, host\r\n',
  'expect: 100-continue\r\n', 'upgrade: websocket\r\n', 'x: y\r\n z\r\n', 'cookie: a=b\r\n', 'HTTP/1.1', 'HTTP/1.0', 'GET /open/y HTTP/1.1\r\nhost: a\r\n\r\n', 'x'.repeat(3000), `${'a:b\r\n'.repeat(300)}`,
]

/** Statuses that a client may be told whatever it has sent; nothing that it sends is the gateway's own fault. */
const told = new Set([100, 200, 400, 404, 405, 408, 413, 417, 431])

/** Sends damaged requests in pieces; the connection must come to its end, and what came back must be answers. */
async function visit(dice: Dice): Promise<void> {
  const bytes = damaged(Buffer.concat(dice.some(3, () => Buffer.from(dice.pick(corpus), 'latin1')).concat(Buffer.from(dice.pick(corpus), 'latin1'))), dice, pieces)
  const socket = await openSocket(gateway.url)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  const closed = once(socket, 'close')
  for (const piece of dice.perhaps(30) ? cutAnywhere(bytes, dice) : [bytes]) socket.write(piece)
  socket.end()
  await Promise.race([closed, vi.waitUntil(() => socket.destroyed, { timeout: 20_000, interval: 200 })])
  const where = JSON.stringify([bytes.toString('latin1'), text.slice(0, 2000)])
  assert.match(text, /^(?:HTTP\/1\.1 \d{3} |$)/, where)
  for (const [, status] of text.matchAll(/(?:^|\n|\}|\]\n\n)HTTP\/1\.1 (\d{3}) /g)) assert.ok(told.has(Number(status)), where)
  assert.deepEqual(strange, [], where)
}

test('damaged requests get answers that blame the client, reach no upstream as anything else, and hold nothing', { timeout: fuzzMs * 20 + 30_000 }, async () => {
  const { length } = await gateway.lines()
  const rounds = await fuzzAsync(20, visit)
  expect(rounds).toBeGreaterThan(0)
  await vi.waitUntil(() => gateway.gateway.snapshot.inFlight === 0, 10_000)
  const answer = await askRaw(`${gateway.url}/v1/chat/completions`, { body: chat.replace('"b"', '"a"') })
  expect([answer.status, String(answer.body)]).toEqual([200, smallAnswer])
  const lines = (await gateway.lines(length + 1)).slice(length)
  expect(lines.filter(({ outcome }) => outcome === 'gateway_error')).toEqual([])
  expect(new Set(lines.map((line) => line['request_id'])).size).toBe(lines.length)
  expect(gateway.logged()).not.toMatch(/could not be (?:read|written)|internal error|failed in its/)
})
