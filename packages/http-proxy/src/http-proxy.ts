import { definePlugin, HttpError, Type, type Exchange, type Plugin, type Reply } from '@sluice/kernel'
import { Agents, milliseconds, type ConnectionKey, type Lease } from '@sluice/upstream'
import type { Dispatcher } from 'undici'
import { Balancer } from './balancer.ts'
import { callNode } from './call-node.ts'
import type { UpstreamConfig, UpstreamNode } from './config.ts'

export interface HttpProxyOptions {
  /** Makes the undici dispatcher for connections of one kind, in place of a pool. It is destroyed when nobody uses it any more. */
  readonly dispatcherFor?: (key: ConnectionKey) => Dispatcher
}

/** One node, with its connections. */
export interface Target {
  readonly host: string
  readonly port: number
  /** `host:port`, as it stands in a URL. */
  readonly authority: string
  readonly weight: number
  readonly priority: number
  readonly connections: Lease
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
  return { host, port, authority, weight, priority, connections: lease }
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
    const result = await callNode(ctx, config, target)
    if ('reply' in result) return result.reply
    if (left <= 0 || !result.mayRepeat || clock.monotonic() >= lastStart) throw result.error
    failed = (failed ?? new Set()).add(target)
  }
}
