import { isIPv6 } from 'node:net'
import type { Issue } from '@sluice/kernel'
import type { Upstream } from './upstream-schema.ts'

/** Name of the plugin that answers for ordinary upstreams. It is added to a route’s chain, never written in `plugins`. */
export const httpProxy = 'http-proxy'

/** One node, its port always known; IPv6 addresses without brackets. */
export interface HttpProxyNode {
  readonly host: string
  readonly port: number
  readonly weight: number
  readonly priority: number
}

/** What the plugin `http-proxy` is set up with: an upstream in one spelling, defaults filled in. Times are seconds. */
export interface HttpProxyConfig extends Omit<Upstream, 'nodes'> {
  readonly nodes: readonly HttpProxyNode[]
}

/** Brings a checked upstream into one spelling; what the schema cannot say goes into `issues`. */
export function toHttpProxyConfig(upstream: Upstream, path: Issue['path'], issues: Issue[]): HttpProxyConfig {
  const { scheme, pass_host, upstream_host, retries, retry_timeout, timeout, keepalive_pool, tls } = upstream
  if (pass_host === 'rewrite' && upstream_host === undefined) {
    issues.push({ path: [...path, 'upstream_host'], message: 'is required where pass_host is rewrite' })
  }
  return {
    nodes: nodesOf(upstream, [...path, 'nodes'], issues),
    scheme,
    pass_host,
    ...(upstream_host !== undefined && { upstream_host }),
    ...(retries !== undefined && { retries }),
    retry_timeout,
    timeout,
    keepalive_pool,
    tls,
  }
}

function nodesOf({ nodes, scheme }: Upstream, path: Issue['path'], issues: Issue[]): HttpProxyNode[] {
  const otherwise = scheme === 'https' ? 443 : 80
  if (Array.isArray(nodes)) {
    return (nodes as Extract<Upstream['nodes'], readonly unknown[]>).map(({ host, port, weight, priority }, index) => {
      const name = hostOf(host)
      if (name === undefined)
        issues.push({ path: [...path, index, 'host'], message: 'must be a host name or an IP address' })
      return { host: name ?? host, port: port ?? otherwise, weight, priority }
    })
  }
  return Object.entries(nodes as Record<string, number>).map(([key, weight]) => {
    const address = splitAddress(key)
    if (!address)
      issues.push({ path: [...path, key], message: 'must be host or host:port, an IPv6 address in brackets' })
    return { host: address?.host ?? key, port: address?.port ?? otherwise, weight, priority: 0 }
  })
}

function splitAddress(text: string): { host: string; port: number | undefined } | undefined {
  const match = /^(\[.*\]|[^:]*)(?::([1-9]\d{0,4}))?$/.exec(text)
  const host = hostOf(match?.[1] ?? text)
  const port = match?.[2] === undefined ? undefined : Number(match[2])
  return host === undefined || (port !== undefined && port > 65_535) ? undefined : { host, port }
}

/** A host as it is connected to: IPv6 without brackets. */
function hostOf(text: string): string | undefined {
  const inner = /^\[(.*)\]$/.exec(text)?.[1]
  if (inner !== undefined) return isIPv6(inner) ? inner : undefined
  return isIPv6(text) || /^[0-9a-zA-Z._-]+$/.test(text) ? text : undefined
}
