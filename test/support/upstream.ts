import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { KeyAndCertificate } from './self-signed.ts'

export interface Upstream {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string
  readonly port: number
  readonly server: Server
  /** Connections that were made so far. */
  connections(): number
  /** Connections that are open now. */
  open(): number
}

/** A provider that does what `handle` says; it ends with the test. */
export async function startUpstream(handle: RequestListener, tls?: KeyAndCertificate): Promise<Upstream> {
  const server = tls ? createTlsServer({ ...tls }, handle) : createServer(handle)
  server.keepAliveTimeout = 0
  const sockets = new Set<Socket>()
  let made = 0
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    made += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await listening(server)
  onTestFinished(() => closed(server))
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    server,
    connections: () => made,
    open: () => sockets.size,
  }
}

/** A proxy that tunnels every `CONNECT` to `target`, and remembers who was asked for. */
export async function startConnectProxy(target: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((_, res) => void res.writeHead(405).end())
  server.on('connect', (req, socket: Socket) => {
    asked.push(req.url ?? '')
    const tunnel = connect(target, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      tunnel.pipe(socket).pipe(tunnel)
    })
    socket.on('error', () => {})
    tunnel.on('error', () => socket.resetAndDestroy())
    socket.on('close', () => tunnel.destroy())
    onTestFinished(() => void socket.destroy())
  })
  await listening(server)
  onTestFinished(() => closed(server))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

/** The smallest whole answer to a chat. */
export const smallAnswer = JSON.stringify({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
})

/** The smallest streamed one, without its usage. */
export const smallStream =
  'data: {"id":"x","choices":[{"index":0,"delta":{"role":"assistant","content":"ok"},"finish_reason":null}]}\n\n' +
  'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

async function listening(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

async function closed(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  if (server.listening) await once(server, 'close')
}
