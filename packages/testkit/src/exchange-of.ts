import { bytesSource, Exchange, headerMap, RequestBody, silent, slot, type Clock, type Logger } from '@sluice/kernel'
import { bytesOf, type TestRequest } from './test-request.ts'

/** What an exchange has beside its request. */
export interface ExchangeSetting {
  /** By default it says nothing. */
  log?: Logger
  clock?: Clock
  /** By default a number of this process's tests. */
  id?: string
}

/** Larger bodies are refused, as the gateway's `max_body_bytes` would. */
const maxBodyBytes = 64 * 1024 * 1024

let count = 0

/** The body that the client sent. */
export const received = slot<Buffer>('testkit.received')

/** Makes the exchange that the gateway would make of a request; its route is called `test`. */
export function exchangeOf(request: TestRequest = {}, setting: ExchangeSetting = {}): Exchange {
  const bytes = bytesOf(request)
  const { pathname, search } = new URL(request.path ?? '/v1/chat/completions', 'http://gateway.test')
  const exchange = new Exchange({
    id: setting.id ?? `test-${++count}`,
    log: setting.log ?? silent,
    ...(setting.clock && { clock: setting.clock }),
    request: {
      method: request.method ?? (request.body === undefined ? 'GET' : 'POST'),
      path: pathname,
      uri: decoded(pathname),
      query: search.slice(1),
      headers: headerMap(Object.entries({ ...usualHeaders(request, bytes), ...lowerCase(request.headers) })),
      body: new RequestBody(bytesSource(bytes), maxBodyBytes),
      scheme: 'http',
      httpVersion: '1.1',
      remoteAddress: request.remoteAddress ?? '203.0.113.7',
      remotePort: 52_000,
      serverAddress: '127.0.0.1',
      serverPort: 9080,
    },
  })
  exchange.route = { id: 'test' }
  exchange.set(received, bytes)
  return exchange
}

function usualHeaders({ body }: TestRequest, bytes: Buffer): Record<string, string> {
  if (body === undefined) return { host: 'gateway.test' }
  return { host: 'gateway.test', 'content-type': 'application/json', 'content-length': String(bytes.byteLength) }
}

function lowerCase(headers: TestRequest['headers'] = {}): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path // broken escapes reach plugins as they came
  }
}
