import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bytesSource, Exchange, RequestBody, silent, type UpstreamRecord } from '@sluice/kernel'
import { expect, onTestFinished, test } from 'vitest'
import { Agents, callUpstream, outgoingBody, reuse, WantedFields, type IncomingHeaders } from '../src/index.ts'

/** Answers in turn with these statuses and fields; gives what a caller hears of the next one. */
async function asking(wanted: WantedFields, ...answers: (readonly [status: number, fields: string[], body?: Buffer])[]) {
  const server = createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    const [status, fields, body = 'ok'] = answers.shift() ?? [500, []]
    res.sendDate = false
    req.resume().on('end', () => res.writeHead(status, fields).end(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const agents = new Agents()
  const connections = agents.acquire({ origin: `http://${host}`, verify: true, connectMs: 1000, idle: { size: 1, ms: 60_000 } })
  onTestFinished(() => {
    connections.release()
    server.close()
  })
  return (): Promise<{ headers: IncomingHeaders; record: UpstreamRecord; pieces: Buffer[] }> =>
    new Promise((resolve, reject) => {
      const ctx = new Exchange({
        id: 'one',
        log: silent,
        request: {
          method: 'GET',
          path: '/',
          uri: '/',
          query: '',
          headers: {},
          body: new RequestBody(bytesSource(Buffer.alloc(0)), 100),
          scheme: 'http',
          httpVersion: '1.1',
          remoteAddress: '192.0.2.1',
          remotePort: 1,
          serverAddress: '192.0.2.2',
          serverPort: 2,
        },
      })
      const record: UpstreamRecord = { address: host, host, scheme: 'http', uri: '/', balancer: host, startedAt: 0, bytes: 0 }
      const pieces: Buffer[] = []
      callUpstream({
        ctx,
        connections,
        record,
        limits: { connect: 5000, send: 5000, head: 5000, idle: 5000 },
        who: 'the server',
        method: 'GET',
        path: '/',
        headers: [],
        body: outgoingBody(ctx),
        wanted,
        onHead: (_, headers) => ({ data: (chunk) => void pieces.push(chunk), end: () => resolve({ headers, record, pieces }), fail: reject }),
        onFailure: ({ error }) => reject(error),
      })
    })
}

const wantedNames = new Set(['x-a', 'x-b', '__proto__', 'constructor'])

test('the fields that are wanted come in any order and spelling, and as often as they were sent', async () => {
  const wanted = new WantedFields((name) => wantedNames.has(name))
  const more = Array.from({ length: 300 }, (_, n) => [`x-${n}`, `${n}`]).flat()
  const ask = await asking(
    wanted,
    [200, ['X-A', '1', 'Server', 's', 'X-B', '2']],
    [200, ['Server', 's', 'x-a', '3', 'X-B', '4', 'X-Bb', '5', 'x-A', '6', 'X-a', '7']],
    [200, ['X-A', '1', 'Server', 's', 'X-B', 'caf\u00e9']],
    [200, ['__proto__', 'p', 'constructor', 'c']],
    [200, [...more, 'X-A', '8']],
    [200, ['X-A', '9', ...more]],
  )
  const heard: object[] = []
  for (let count = 0; count < 6; count++) heard.push(Object.fromEntries(Object.entries((await ask()).headers)))
  expect(heard).toEqual([
    { 'x-a': '1', 'x-b': '2' },
    { 'x-a': ['3', '6', '7'], 'x-b': '4' },
    { 'x-a': '1', 'x-b': 'caf\u00e9' },
    Object.fromEntries([['__proto__', 'p'], ['constructor', 'c']]),
    { 'x-a': '8' },
    { 'x-a': '9' },
  ])
})

const alike = (): [number, string[]] => [200, ['X-A', '1', 'Server', 's', 'Content-Length', '2']]

// Fails where an undici of another version decodes them all the same: then nothing is wrong but slower.
test('names are looked at once as long as answers are alike, and undici decodes nothing', async () => {
  const asked: string[] = []
  const ask = await asking(new WantedFields((name) => asked.push(name) < 2), alike(), alike(), alike())
  for (let count = 0; count < 3; count++) expect((await ask()).headers).toEqual({ 'x-a': '1' })
  expect(asked).toEqual(['x-a', 'server', 'content-length', 'connection', 'keep-alive'])
})

test('no more than 128 names are remembered, for an upstream may invent some', async () => {
  const fields = Array.from({ length: 200 }, (_, n) => [`x-${n}`, `${n}`]).flat()
  const asked: string[] = []
  const ask = await asking(new WantedFields((name) => asked.push(name) < 0), [200, fields], [200, fields])
  await ask()
  const ofFirst = asked.splice(0)
  await ask()
  expect(asked).toEqual(ofFirst.slice(128))
})

test('every field can be asked for by name, and errors tell all of them', async () => {
  const wanted = new WantedFields((name) => name === 'x-a')
  const fields = ['X-A', '1', 'Server', 's', 'X-B', '2', 'X-B', '3']
  const ask = await asking(wanted, [200, fields], [500, fields])
  const whole = await ask()
  const error = await ask()
  expect(whole.headers).toEqual({ 'x-a': '1' })
  expect(error.headers).toMatchObject({ 'x-a': '1', server: 's', 'x-b': ['2', '3'] })
  for (const { record } of [whole, error]) {
    expect(['server', 'x-b', 'x-c', 'constructor'].map((name) => record.header?.(name))).toEqual(['s', ['2', '3'], undefined, undefined])
  }
})

test('what was told stays as it was where others have been read into the same memory', async () => {
  const large = Buffer.alloc(100_000, 'x')
  const answers = Array.from({ length: 40 }, (_, n) => [200, ['X-A', `${n}`, 'X-B', `${n}`], large] as [number, string[], Buffer])
  const ask = await asking(new WantedFields((name) => name === 'x-a'), ...answers)
  const told: Awaited<ReturnType<typeof ask>>[] = []
  for (const _ of answers) {
    const one = await ask()
    told.push(one)
    reuse(one.pieces)
  }
  expect(told.map(({ headers, record }) => [headers['x-a'], record.header?.('x-b')])).toEqual(answers.map((_, n) => [`${n}`, `${n}`]))
})
