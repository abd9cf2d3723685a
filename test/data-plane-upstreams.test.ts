import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { askRaw } from './support/raw-client.ts'
import { chat } from './support/stage.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'

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
