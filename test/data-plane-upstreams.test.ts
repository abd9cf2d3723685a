import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { retry } from '../examples/plugins/retry.ts'
import { askRaw, sendRaw } from './support/raw-client.ts'
import { chat } from './support/stage.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { selfSigned } from './support/self-signed.ts'
import { smallAnswer, startConnectProxy, startUpstream } from './support/upstream.ts'

test.for([
  ['a passed operation', '/v1/audio/speech', { status: 200, isWhole: false }, 'truncated'],
  ['a chat', chat.path, { status: 502 }, 'upstream_error'],
] as const)('an answer that ends with its connection is not whole where that was reset: %s', async ([, path, expected, outcome]) => {
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{"half":{}')
      setTimeout(() => socket.resetAndDestroy(), 20) // behind what was written
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { url, lines } = await startGateway({ routes: [aiRoute(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)] })
  expect(await askRaw(url + path, { body: chat.body })).toMatchObject(expected)
  expect(await lines(1)).toMatchObject([{ outcome }])
})

test('an answer that ends with its connection is not whole behind a proxy, either, where that was reset', async () => {
  const sockets = new Set<Socket>()
  const upstream = await startUpstream((req) => {
    req.socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{"half":{}')
    setTimeout(() => sockets.forEach((socket) => socket.resetAndDestroy()), 20) // behind what was written
  }, selfSigned('api.openai.com'))
  upstream.server.on('connection', (socket: Socket) => sockets.add(socket))
  const proxy = await startConnectProxy(upstream.port)
  const { url, lines } = await startGateway(
    { routes: [aiRoute('https://api.openai.com', { ssl_verify: false })] },
    { builtIn: { proxy: { https: proxy.url } } },
  )
  expect(await askRaw(`${url}/v1/audio/speech`, { body: {} })).toMatchObject({ status: 200, isWhole: false })
  expect(await askRaw(url + chat.path, { body: chat.body })).toMatchObject({ status: 502, isWhole: true })
  expect(await lines(2)).toMatchObject([{ outcome: 'truncated' }, { outcome: 'upstream_error' }])
})

test('a client that leaves while a token is fetched is no failure of the plugin', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const { server, url: tokens } = await startUpstream(() => {})
  const key = {
    type: 'service_account',
    client_email: 'me@p.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `${tokens}/token`,
  }
  const auth = { gcp: { service_account_json: JSON.stringify(key) } }
  const { url, lines, logged } = await startGateway({ routes: [aiRoute('http://127.0.0.1:9', { auth })] })
  const asked = once(server, 'request')
  const { answer, hangUp } = sendRaw(url + chat.path, { body: chat.body })
  await asked
  hangUp()
  await answer.catch(() => {})
  expect(await lines(1)).toMatchObject([{ status: 499, outcome: 'client_disconnect' }])
  expect(logged()).not.toContain('failed in its proxy hook')
})

test('the retry of the examples sends the body of a passed operation again, too', async () => {
  const bodies: string[] = []
  const { url: provider } = await startUpstream((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString())).on('end', () => {
      bodies.push(body)
      res.writeHead(bodies.length === 1 ? 503 : 200).end()
    })
  })
  const route = aiRoute(provider) as { plugins: object }
  const routes = [{ ...route, plugins: { ...route.plugins, retry: {} } }]
  const { url } = await startGateway({ routes }, { plugins: [retry] })
  const headers = { 'content-type': 'audio/wav' }
  expect(await askRaw(`${url}/v1/audio/transcriptions`, { headers, body: 'sound' })).toMatchObject({ status: 200 })
  expect(bodies).toEqual(['sound', 'sound'])
})

test.for<[what: string, status: number, path: string]>([
  ['an error', 401, chat.path],
  ['an answer', 200, chat.path],
  ['a passed answer', 200, '/v1/models'],
])('a header of %s that repeats the key goes to nobody', async ([, status, path]) => {
  const { url: provider } = await startUpstream((req, res) => {
    const echo = { 'x-request-id': `for ${req.headers.authorization}`, 'openai-organization': 'acme' }
    res.writeHead(status, { 'content-type': 'application/json', ...echo }).end(smallAnswer)
  })
  const { url, logged } = await startGateway({ routes: [aiRoute(provider, { auth: { header: { Authorization: 'Bearer sk-hidden' } } })] })
  const { headers } = await askRaw(url + path, path === chat.path ? { body: chat.body } : { method: 'GET' })
  expect(headers['openai-organization']).toBe('acme')
  expect(JSON.stringify(headers) + logged()).not.toContain('sk-hidden')
})
