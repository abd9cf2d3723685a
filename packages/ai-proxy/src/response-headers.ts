import { headerMap, type HeaderMap } from '@sluice/kernel'

type Incoming = Readonly<Record<string, string | string[] | undefined>>

const relayed = new Set(['content-type', 'retry-after', 'retry-after-ms', 'request-id', 'x-request-id', 'x-should-retry'])
const relayedPrefixes = ['x-ratelimit-', 'anthropic-ratelimit-', 'openai-']

/** What the client gets of the provider's headers: what tells it about its request, its limits and its retries. */
export function relayedHeaders(incoming: Incoming): HeaderMap {
  const headers = headerMap()
  for (const name in incoming) {
    const value = incoming[name]
    if (value === undefined) continue
    if (relayed.has(name) || relayedPrefixes.some((prefix) => name.startsWith(prefix))) headers[name] = value
  }
  return headers
}

/** The first value of a header. */
export function valueOf(incoming: Incoming, name: string): string | undefined {
  const value = incoming[name]
  return typeof value === 'object' ? value[0] : value
}
