import { definePlugin, Type, type Plugin, type Reply, type ReplyStream, type Sink } from '@sluice/kernel'
import { expect, test } from 'vitest'
import { askRaw, openRaw } from './support/raw-client.ts'
import { openSocket, sendBytes } from './support/raw-socket.ts'
import { startGateway } from './support/start-gateway.ts'

const text = (words: string): Buffer => Buffer.from(words)
const reply = (parts: object): Reply => ({ status: 200, headers: {}, body: 'hello', ...parts }) as Reply

/** A stream as a plugin may write it, with everything that it leaves out. */
function stream(parts: Partial<ReplyStream>): ReplyStream {
  return { start() {}, pause() {}, resume() {}, cancel() {}, done: new Promise(() => {}), ...parts }
}

/** Answers with what `make` gives. */
function answering(make: () => Reply): Plugin {
  return definePlugin({ name: 'odd', priority: 1, answers: true, schema: Type.Object({}), setup: () => ({ proxy: make }) })
}

async function gatewayOf(make: () => Reply) {
  return startGateway({ routes: [{ id: 'odd', uri: '/*', plugins: { odd: {} } }] }, { plugins: [answering(make)] })
}

test.for<[what: string, parts: object]>([
  ['a status that announces another', { status: 103 }],
  ['a status that changes the protocol', { status: 101 }],
  ['a status that is none', { status: 42 }],
  ['a header that breaks the line', { headers: { 'x-a': 'a\r\nb: c' } }],
  ['a header that is a number', { headers: { 'x-a': 5 } }],
  ['no headers', { headers: undefined }],
  ['no body', { body: undefined }],
])('a reply that HTTP cannot carry is a 500 that says nothing more: %s', async ([, parts]) => {
  const { url, lines, logged } = await gatewayOf(() => reply(parts))
  const answer = await sendBytes(url, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  expect(answer).toMatch(/^HTTP\/1\.1 500 Internal Server Error\r\n/)
  expect(answer).toMatch(/\r\n\r\n\{"error_msg":"internal error","message":"internal error"\}$/)
  expect(await lines(1)).toMatchObject([{ status: 500, outcome: 'gateway_error' }])
  expect(logged()).toContain('the reply could not be written')
})

test.for<[what: string, parts: object, body: string]>([
  ['a length that is not its own', { headers: { 'Content-Length': '2', 'content-length': '3' } }, 'hello'],
  ['a coding of the transfer', { headers: { 'Transfer-Encoding': 'chunked' } }, 'hello'],
  ['a 204 with a length and a body', { status: 204, headers: { 'content-length': '5' } }, ''],
])('a reply with %s has one length, and the right one', async ([, parts, body]) => {
  const { url } = await gatewayOf(() => reply(parts))
  const answer = await sendBytes(url, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  const [head = '', rest] = answer.split('\r\n\r\n')
  expect(rest).toBe(body)
  expect(head.match(/^(content-length|transfer-encoding):.*$/gim) ?? []).toEqual(body === '' ? [] : ['content-length: 5'])
})

test('a method that a plugin has changed does not change what the client was promised', async () => {
  const plugin = definePlugin({
    name: 'odd',
    priority: 1,
    answers: true,
    schema: Type.Object({}),
    setup: () => ({
      rewrite: ({ request }) => void (request.method = 'HEAD'),
      proxy: () => reply({ headers: { 'content-length': '5' } }),
    }),
  })
  const { url } = await startGateway({ routes: [{ id: 'odd', uri: '/*', plugins: { odd: {} } }] }, { plugins: [plugin] })
  expect(await askRaw(url, { method: 'GET' })).toMatchObject({ status: 200, body: text('hello'), isWhole: true })
})

test.for([
  ['a buffer', () => Buffer.from(new Uint8Array([1, 2, 3]).buffer)],
  ['an array of bytes', () => new Uint8Array([1, 2, 3])],
] as const)('%s that a plugin gives away before it is sent cuts that reply, and nobody waits for it', async ([, bytes]) => {
  const giving: Plugin = definePlugin({
    name: 'odd',
    priority: 1,
    answers: true,
    schema: Type.Object({}),
    setup: () => ({
      proxy(ctx) {
        const body = bytes()
        if (ctx.request.path === '/given') ctx.onReply(() => process.nextTick(() => structuredClone(body, { transfer: [body.buffer] })))
        return reply({ body })
      },
    }),
  })
  const { url, lines, logged } = await startGateway({ routes: [{ id: 'odd', uri: '/*', plugins: { odd: {} } }] }, { plugins: [giving] })
  const [given, kept] = await Promise.all(['/given', '/kept'].map((path) => askRaw(`${url}${path}`, { method: 'GET' }).catch(() => undefined)))
  expect([given?.isWhole ?? false, kept?.body]).toEqual([false, Buffer.from([1, 2, 3])])
  expect(logged()).toContain('the reply could not be finished')
  expect((await lines(2)).find(({ uri }) => uri === '/given')).toMatchObject({ outcome: 'gateway_error' })
})

const thrown = (): never => {
  throw new Error('the plugin is broken')
}

test.for<[what: string, headers: object, start: (sink: Sink) => void, body: string, outcome: string]>([
  ['throws at its start', {}, thrown, '', 'gateway_error'],
  ['throws behind its first words', {}, (sink) => (sink.write(text('abc')), thrown()), 'abc', 'gateway_error'],
  ['breaks off before its first word', {}, (sink) => sink.end('truncated'), '', 'truncated'],
  ['ends before its length', { 'content-length': '5' }, (sink) => (sink.write(text('abc')), sink.end('complete')), 'abc', 'gateway_error'],
])('a stream that %s is cut, and its head has left', async ([, headers, start, body, outcome]) => {
  const { url, lines } = await gatewayOf(() => reply({ headers, body: stream({ start }) }))
  expect(await askRaw(url, { method: 'GET' })).toMatchObject({ status: 200, body: text(body), isWhole: false })
  expect(await lines(1)).toMatchObject([{ status: 200, outcome }])
})

test('a stream that goes on behind its length does not become an answer to the next request', async () => {
  const two = stream({
    start(sink) {
      sink.write(text('abc'))
      sink.write(text('HTTP/1.1 200 OK'))
    },
  })
  const { url, lines } = await gatewayOf(() => reply({ headers: { 'content-length': '3' }, body: two }))
  expect(await sendBytes(url, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')).toMatch(/\r\n\r\nabc$/)
  expect(await lines(1)).toMatchObject([{ outcome: 'gateway_error' }])
})

test('a stream that goes on behind its end has ended, and its connection serves on', async () => {
  let sink: Sink | undefined
  const start = (given: Sink): void => {
    sink = given
    given.write(text('abc'))
    given.end('complete')
    given.write(text('def'))
    given.end('truncated')
  }
  const { url, lines } = await gatewayOf(() => reply({ body: stream({ start }) }))
  const request = 'GET / HTTP/1.1\r\nhost: x\r\n'
  const answers = await sendBytes(url, `${request}\r\n${request}connection: close\r\n\r\n`)
  expect(answers.match(/3\r\nabc\r\n0\r\n\r\n/g)).toHaveLength(2)
  expect(sink?.write(text('ghi'))).toBe(false)
  expect(await lines(2)).toMatchObject([{ outcome: 'complete' }, { outcome: 'complete' }])
})

test('a stream that throws when it is given up is given up', async () => {
  const { url, lines, gateway } = await gatewayOf(() =>
    reply({ body: stream({ start: (sink) => void sink.write(text('abc')), cancel: thrown }) }),
  )
  const reading = await openRaw(url, { method: 'GET' })
  await reading.until('abc')
  reading.hangUp()
  expect(await lines(1)).toMatchObject([{ outcome: 'client_disconnect' }])
  expect(gateway.snapshot.inFlight).toBe(0)
})

test('a stream that throws when it is to go on is cut', async () => {
  const full = stream({
    start(sink) {
      while (sink.write(Buffer.alloc(65_536)));
    },
    resume: thrown,
  })
  const { url, lines, logged } = await gatewayOf(() => reply({ body: full }))
  expect(await askRaw(url, { method: 'GET' })).toMatchObject({ status: 200, isWhole: false })
  expect(await lines(1)).toMatchObject([{ outcome: 'gateway_error' }])
  expect(logged()).toContain('the plugin is broken')
})

test('a cut is seen by a client of HTTP/1.0, for whom a body ends with its connection', async () => {
  const cut = stream({
    start(sink) {
      sink.write(text('abc'))
      setImmediate(() => sink.end('truncated'))
    },
  })
  const { url } = await gatewayOf(() => reply({ body: cut }))
  const socket = await openSocket(url)
  const reset = new Promise<Error>((resolve) => socket.once('error', resolve))
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString()))
  socket.write('GET / HTTP/1.0\r\n\r\n')
  expect(await reset).toMatchObject({ code: 'ECONNRESET' })
  expect(answer).toMatch(/abc$/)
})
