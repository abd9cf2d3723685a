/** How an exchange ended, settled exactly once: `$outcome` of the access log. */
export const outcomes = [
  /** Everything was delivered, and it was everything. */
  'complete',
  /** The answer broke off after its head was written. */
  'truncated',
  /** Upstream, or the client's body, stood still past a time limit. */
  'stalled',
  'client_disconnect',
  /** A guard stopped the answer. */
  'blocked',
  /** A plugin, or the gateway's own checks, refused the request. */
  'refused',
  /** Upstream answered with an error, or could not be reached. */
  'upstream_error',
  'gateway_error',
] as const

export type Outcome = (typeof outcomes)[number]
