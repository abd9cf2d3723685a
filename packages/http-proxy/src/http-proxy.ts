import {
  definePlugin,
  headerOf,
  HttpError,
  maskQuery,
  Type,
  type Exchange,
  type Plugin,
  type Reply,
  type UpstreamRecord,
} from '@sluice/kernel'
import type { Dispatcher } from 'undici'
import { Agents, type AgentKey, type Lease, type SharedAgent } from './agents.ts'
import { Balancer } from './balancer.ts'
import { milliseconds } from './clocks.ts'
import type { UpstreamConfig, UpstreamNode } from './config.ts'
import { outgoingBody } from './request-body.ts'
import { requestHeaders } from './request-headers.ts'
import { UpstreamCall } from './upstream-call.ts'

export interface HttpProxyOptions {
  /** Makes the undici dispatcher for connections of one kind, in place of a pool. It is destroyed when nobody uses it any more. */
  readonly dispatcherFor?: (key: AgentKey) => Dispatcher
}

interface Target {
  readonly host: string
  readonly port: number
  /** `host:port`, as it stands in a URL. */
  readonly authority: string
  readonly weight: number
  readonly priority: number
  readonly agent: SharedAgent
}

/** The ordinary upstream: answers with what one of its nodes answers. Make one for each process: connections are shared among its instances. */
export function httpProxy({ dispatcherFor }: HttpProxyOptions = {}): Plugin {
  const agents = new Agents(dispatcherFor)
  return definePlugin({
    name: 'http-proxy',
    priority: 0,
    answers: true,
    body: 'none',
    schema: Type.Unsafe<UpstreamConfig>({ type: 'object' }),
    setup(config) {
      const leases: Lease[] = []
      const release = (): Promise<unknown> => Promise.all(leases.map((lease) => lease.release()))
      try {
        const balancer = new Balancer(config.nodes.map((node) => targetOf(node, config, agents, leases)))
        return { proxy: (ctx) => answer(ctx, config, balancer), dispose: async () => void (await release()) }
      } catch (error) {
        void release()
        throw error
      }
    },
  })
}

function targetOf({ host, port, weight, priority = 0 }: UpstreamNode, config: UpstreamConfig, agents: Agents, leases: Lease[]): Target {
  const { scheme, tls, timeout, keepalive_pool: pool } = config
  const authority = `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
  const lease = agents.acquire({
    origin: `${scheme}://${authority}`,
    verify: tls?.verify ?? false,
    connectMs: milliseconds(timeout.connect),
    idle: { size: pool.size, ms: milliseconds(pool.idle_timeout), requests: pool.requests },
  })
  leases.push(lease)
  return { host, port, authority, weight, priority, agent: lease.agent }
}

/** Asks nodes by turns until one answers, or until it is enough. */
async function answer(ctx: Exchange, config: UpstreamConfig, balancer: Balancer<Target>): Promise<Reply> {
  const { clock } = ctx
  const lastStart = config.retry_timeout ? clock.monotonic() + milliseconds(config.retry_timeout) : Infinity
  let failed: Set<Target> | undefined
  for (let left = config.retries ?? balancer.size - 1; ; left--) {
    let target = balancer.pick(failed)
    if (!target) {
      failed = undefined // each has had its turn
      target = balancer.pick()
    }
    if (!target) throw new HttpError(502, 'no_upstream_node', 'the upstream has no node that takes requests', { outcome: 'upstream_error' })
    const call = begin(ctx, config, target)
    try {
      return await call.reply
    } catch (error) {
      if (left <= 0 || !call.mayRepeat || clock.monotonic() >= lastStart) throw error
      failed = (failed ?? new Set()).add(target)
    }
  }
}

function begin(ctx: Exchange, config: UpstreamConfig, target: Target): UpstreamCall {
  const { request } = ctx
  if (request.method === 'CONNECT') throw new HttpError(405, 'method_not_allowed', 'CONNECT is not passed on')
  const record = recordOf(ctx, config, target)
  ctx.upstream = record
  const body = outgoingBody(ctx)
  const call = new UpstreamCall({
    ctx,
    record,
    body,
    agent: target.agent,
    timeout: config.timeout,
    path: sendable(request.query ? `${request.path}?${request.query}` : request.path),
    headers: requestHeaders(request, hostFor(ctx, config), body.length),
  })
  call.dispatch()
  return call
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
