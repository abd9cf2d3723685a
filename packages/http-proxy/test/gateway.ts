import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import {
  Exchange,
  headerMap,
  isStream,
  Kernel,
  RequestBody,
  silent,
  systemClock,
  type BodySource,
  type Clock,
  type ExchangeRequest,
  type Outcome,
  type Plugin,
  type Reply,
} from '@sluice/kernel'
import { httpProxy, type UpstreamConfig } from '../src/index.ts'

export const defaults: Omit<UpstreamConfig, 'nodes'> = {
  scheme: 'http',
  pass_host: 'pass',
  retry_timeout: 0,
  timeout: { connect: 5, send: 5, read: 5 },
  keepalive_pool: { size: 320, idle_timeout: 60, requests: 1000 },
  tls: { verify: false },
}

export interface GatewayOptions {
  plugin?: Plugin
  /** Further plugins, without configuration. */
  others?: readonly Plugin[]
  request?: Partial<ExchangeRequest>
  clock?: Clock
}

export interface Gateway extends AsyncDisposable {
  readonly port: number
  /** Exchanges that were settled, with the reply that left. */
  readonly settled: Exchange[]
  next(): Promise<Exchange>
}

/** The kernel's chain with the proxy in it, behind a server that knows no more than it must. */
export async function startGateway(
  config: Partial<UpstreamConfig> & Pick<UpstreamConfig, 'nodes'>,
  { plugin = httpProxy(), others = [], request = {}, clock = systemClock }: GatewayOptions = {},
): Promise<Gateway> {
  const kernel = new Kernel({ plugins: [plugin, ...others], log: silent })
  const owner = { kind: 'route', id: 'r' } as const
  const prepared = [plugin, ...others].map((one) => {
    const written = one === plugin ? { ...defaults, ...config } : {}
    const result = kernel.prepare({ name: one.name, config: written, owner, path: ['plugins', one.name] })
    if (!result.prepared) throw new Error(JSON.stringify(result.issues))
    return result.prepared
  })
  const builder = kernel.build()
  const chain = await builder.chain({ globals: [], plugins: prepared })
  const settled: Exchange[] = []
  const waiting: ((ctx: Exchange) => void)[] = []

  const server = createServer((req, res) => {
    const ctx = new Exchange({ id: 'x', log: silent, clock, request: { ...requestOf(req), ...request } })
    let outcome: Outcome | undefined
    let reply: Reply | undefined
    res.on('close', () => {
      if (!res.writableFinished) {
        outcome ??= 'client_disconnect'
        ctx.abort(outcome)
        if (reply && isStream(reply.body)) reply.body.cancel(outcome)
      }
      const delivery = { status: res.statusCode, headerBytes: 0, bodyBytes: 0 }
      const keep = (): void => {
        settled.push(ctx)
        waiting.shift()?.(ctx)
      }
      void Promise.resolve(chain.settle(ctx, outcome ?? 'complete', delivery)).then(keep)
    })
    const answered = (given: Reply): void => {
      reply = given
      send(given, res, (end) => (outcome = end))
    }
    void chain.run(ctx).then(answered)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: portOf(server),
    settled,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await builder.release()
    },
  }
}

function requestOf(req: IncomingMessage): ExchangeRequest {
  const [path = '/', query = ''] = (req.url ?? '/').split('?')
  const headers = headerMap(Object.entries(req.headers) as [string, string][])
  const source: BodySource = {
    declaredLength: headers['content-length'] === undefined ? undefined : Number(headers['content-length']),
    gather: () => req.toArray() as Promise<Buffer[]>,
    stream: () => req,
  }
  return {
    method: req.method ?? 'GET',
    path,
    uri: path,
    query,
    headers,
    body: new RequestBody(source, Infinity),
    scheme: 'http',
    httpVersion: req.httpVersion,
    remoteAddress: '127.0.0.1',
    peerAddress: '127.0.0.1',
    remotePort: req.socket.remotePort ?? 0,
    serverAddress: '127.0.0.1',
    serverPort: req.socket.localPort ?? 0,
  }
}

function send({ status, headers, body }: Reply, res: ServerResponse, ended: (outcome: Outcome) => void): void {
  res.writeHead(status, headers)
  if (!isStream(body)) {
    for (const piece of Array.isArray(body) ? (body as Buffer[]) : [body ?? '']) if (piece.length > 0) res.write(piece)
    res.end()
    return
  }
  res.flushHeaders()
  res.on('drain', () => body.resume())
  body.start({
    write: (bytes) => res.write(bytes),
    end(outcome) {
      ended(outcome)
      if (outcome === 'complete') res.end()
      else res.socket?.destroySoon()
    },
  })
}

export function portOf(server: Server | NetServer): number {
  return (server.address() as AddressInfo).port
}
