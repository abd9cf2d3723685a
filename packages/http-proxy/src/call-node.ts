import { headerOf, HttpError, maskQuery, type Exchange, type Reply, type ReplyBody, type UpstreamRecord } from '@sluice/kernel'
import { callUpstream, milliseconds, outgoingBody, Pump, type CallFailure, type IncomingHeaders } from '@sluice/upstream'
import type { UpstreamConfig } from './config.ts'
import type { Target } from './http-proxy.ts'
import { requestHeaders } from './request-headers.ts'
import { responseHeaders } from './response-headers.ts'

/** Asks one node; settles with its answer, or with why there is none. */
export function callNode(ctx: Exchange, config: UpstreamConfig, target: Target): Promise<{ reply: Reply } | CallFailure> {
  const { request } = ctx
  if (request.method === 'CONNECT') throw new HttpError(405, 'method_not_allowed', 'CONNECT is not passed on')
  const { timeout } = config
  const record = recordOf(ctx, config, target)
  ctx.upstream = record
  const body = outgoingBody(ctx)
  const read = milliseconds(timeout.read)
  return new Promise((resolve) => {
    callUpstream({
      ctx,
      record,
      body,
      connections: target.connections,
      who: 'the upstream',
      limits: { connect: milliseconds(timeout.connect), send: milliseconds(timeout.send), head: read, idle: read },
      method: request.method,
      path: sendable(request.query ? `${request.path}?${request.query}` : request.path),
      headers: requestHeaders(ctx, hostFor(ctx, config), body.length),
      onHead(status, headers, flow) {
        const pump = new Pump(flow)
        // What came in one read with the head is taken in first: a small answer is whole by then, and leaves in one write.
        queueMicrotask(() => resolve(pump.error ? { error: pump.error, mayRepeat: false } : { reply: replyOf(ctx, status, headers, pump) }))
        return pump
      },
      onFailure: resolve,
    })
  })
}

function replyOf(ctx: Exchange, status: number, incoming: IncomingHeaders, pump: Pump): Reply {
  ctx.outcome = status >= 500 ? 'upstream_error' : 'complete'
  const headers = responseHeaders(incoming)
  if (status === 204) delete headers['content-length']
  const hasBody = ctx.request.method !== 'HEAD' && status !== 204 && status !== 304
  const body: ReplyBody = hasBody ? (pump.whole ?? pump) : null
  return { status, headers, body: Array.isArray(body) && body.length === 0 ? null : body }
}

function recordOf({ clock, request }: Exchange, { scheme }: UpstreamConfig, { authority, host, port }: Target): UpstreamRecord {
  return {
    address: authority,
    scheme,
    host,
    uri: request.query ? `${request.path}?${maskQuery(request.query)}` : request.path,
    balancer: host,
    balancerPort: port,
    startedAt: clock.monotonic(),
    bytes: 0,
  }
}

/** Undefined for undici's own choice, the authority of the node without a default port. */
function hostFor({ request }: Exchange, { pass_host, upstream_host }: UpstreamConfig): string | undefined {
  if (pass_host === 'pass') return headerOf(request.headers, 'host')
  return pass_host === 'rewrite' ? upstream_host : undefined
}

/** Plugins may have put anything into a path; a client can only send what HTTP can carry. */
function sendable(path: string): string {
  return /[^\x21-\xff]/.test(path) ? path.toWellFormed().replace(/[^\x21-\xff]+/g, encodeURIComponent) : path
}
