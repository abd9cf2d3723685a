/** What is told of one upstream attempt: the `upstream_*` and `balancer_*` variables. Times are milliseconds on `clock.monotonic()`. */
export interface UpstreamRecord {
  /** `host:port` that was connected to. */
  address: string
  scheme: string
  /** Host as configured, before any resolution. */
  host: string
  /** Path and query as sent; credentials in the query masked. */
  uri: string
  /** The node, or the AI instance, that was picked: `balancer_ip`. */
  balancer: string
  balancerPort?: number
  startedAt: number
  connectedAt?: number
  /** When the answer's head was there. */
  headAt?: number
  endedAt?: number
  status?: number
  /** A header field of the answer, by its name in lower case; an array where several came. */
  header?(name: string): string | string[] | undefined
  /** Body bytes received. */
  bytes: number
}
