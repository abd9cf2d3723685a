import { bytesSource, Exchange, headerMap, RequestBody, silent, type ExchangeRequest } from '@sluice/kernel'

/** An exchange that is over, as the log phase sees it. */
export function exchangeOf(request: Partial<ExchangeRequest> = {}, over: Partial<Exchange> = {}): Exchange {
  const ctx = new Exchange({
    id: '6b0f6a3c-3a4e-4f0a-9a55-3f6f7a3c1d11',
    log: silent,
    clock: { now: () => Date.UTC(2026, 10, 24, 12, 0, 0), monotonic: () => 1_000 },
    request: {
      method: 'POST',
      path: '/v1/chat/completions',
      uri: '/v1/chat/completions',
      query: '',
      body: new RequestBody(bytesSource(Buffer.from('{}')), 1024),
      scheme: 'http',
      httpVersion: '1.1',
      remoteAddress: '203.0.113.7',
      remotePort: 50_000,
      serverAddress: '127.0.0.1',
      serverPort: 9080,
      ...request,
      headers: headerMap(Object.entries(request.headers ?? { host: 'gateway.test' })),
    },
  })
  ctx.outcome = 'complete'
  ctx.delivery = { status: 200, headerBytes: 100, bodyBytes: 23 }
  ctx.durationMs = 12
  return Object.assign(ctx, over)
}
