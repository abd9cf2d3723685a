import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { askRaw, sendRaw } from './support/raw-client.ts'
import { chat } from './support/stage.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'

const head = { 'content-type': 'text/event-stream' }
const event = 'data: {"choices":[{"index":0,"delta":{"content":"A"}}]}\n\n'

/** An upstream that falls silent where the request's `x-silent` says, and counts its connections. */
async function countingUpstream() {
  let connections = 0
  const server = createServer((req, res) => {
    req.resume()
    const at = req.headers['x-silent']
    if (at === undefined) res.end('{"choices":[]}')
    else if (at === 'behind its head') res.writeHead(200, head).flushHeaders()
    else if (at === 'behind content') res.writeHead(200, head).write(event)
  })
  server.on('connection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections }
}

test.for(['before its head', 'behind its head', 'behind content'])(
  'clients that leave, and time limits, wear no connection out: upstream silent %s',
  async (silent) => {
    const { server, url, connections } = await countingUpstream()
    const limits = { keepalive_pool: 2, timeout: 250, override: { forward_headers: ['x-silent'] } }
    const gateway = await startGateway({ routes: [aiRoute(url, limits)] })
    const ask = { body: { ...chat.body, stream: true }, headers: { 'x-silent': silent } }
    for (let left = 0; left < 5; left++) {
      const arrived = once(server, 'request')
      const { answer, hangUp } = sendRaw(gateway.url + chat.path, ask)
      const settled = answer.catch(() => {})
      await arrived
      hangUp()
      await settled
    }
    await askRaw(gateway.url + chat.path, ask)
    expect((await gateway.lines(6)).map((line) => line['outcome']).toSorted()).toEqual([
      ...Array.from({ length: 5 }, () => 'client_disconnect'),
      'stalled',
    ])
    const before = connections()
    for (let asked = 0; asked < 5; asked++) {
      expect(await askRaw(gateway.url + chat.path, { body: chat.body })).toMatchObject({ status: 200 })
    }
    expect(connections() - before).toBe(1)
  },
)
