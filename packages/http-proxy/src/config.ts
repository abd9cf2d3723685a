/** One server of an upstream. */
export interface UpstreamNode {
  /** A name or an address; IPv6 with or without brackets. */
  readonly host: string
  readonly port: number
  /** Share of the requests among nodes of one priority; 0 gets none. */
  readonly weight: number
  /** Nodes of a lower priority are asked only when all of a higher one have failed. 0 where absent. */
  readonly priority?: number
}

/** An upstream, completed and checked by whoever reads the configuration file. Times are seconds. */
export interface UpstreamConfig {
  readonly nodes: readonly UpstreamNode[]
  readonly scheme: 'http' | 'https'
  /** Which `Host` the node sees: the client's, the node's own, or `upstream_host`. */
  readonly pass_host: 'pass' | 'node' | 'rewrite'
  readonly upstream_host?: string
  /** Further tries after a connection failed; by default one for each other node. */
  readonly retries?: number
  /** How long after the first try another may begin; 0: no limit. */
  readonly retry_timeout?: number
  readonly timeout: { readonly connect: number; readonly send: number; readonly read: number }
  /** Connections that stay open between requests: how many, how long, and for how many requests. */
  readonly keepalive_pool: { readonly size: number; readonly idle_timeout: number; readonly requests: number }
  readonly tls?: { readonly verify?: boolean }
}
