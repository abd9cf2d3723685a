import { once } from 'node:events'
import { createServer as createHttp, request, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type RequestOptions } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { portOf } from './gateway.ts'

export interface Upstream extends AsyncDisposable {
  readonly port: number
  readonly node: { host: string; port: number; weight: number; priority: number }
  readonly sockets: Set<Socket>
}

export async function startUpstream(listener: RequestListener): Promise<Upstream> {
  return listening(createHttp(listener))
}

/** An upstream that speaks whatever it likes. */
export async function startRaw(onConnection: (socket: Socket) => void): Promise<Upstream> {
  return listening(createServer(onConnection))
}

async function listening(server: ReturnType<typeof createServer>): Promise<Upstream> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  return {
    port,
    node: { host: '127.0.0.1', port, weight: 1, priority: 0 },
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** A port that nothing listens on. */
export async function deadNode(): Promise<Upstream['node']> {
  const upstream = await startRaw(() => {})
  await upstream[Symbol.asyncDispose]()
  return upstream.node
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** One request on a connection of its own. Rejects where the answer breaks off. */
export async function ask(port: number, options: RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
  const req = request({ port, host: '127.0.0.1', agent: false, ...options })
  req.end(body)
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  req.on('error', () => {}) // of a body that nobody wanted in the end
  return { status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(await res.toArray()) }
}
