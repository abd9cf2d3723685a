import { headerMap, type HeaderMap } from '@sluice/kernel'
import type { IncomingHeaders } from '@sluice/upstream'

const relayed = new Set(['content-type', 'retry-after', 'retry-after-ms', 'request-id', 'x-request-id', 'x-should-retry'])
const relayedPrefixes = ['x-ratelimit-', 'anthropic-ratelimit-', 'openai-', 'x-amzn-']

/** Beside those: what tells how the answer is to be read. */
const describing = ['content-encoding', 'content-length', 'content-disposition']

/** Names as they come again with every answer, and whether they are relayed; bounded, for upstreams may invent names. */
const judged = new Map<string, boolean>()
const mostJudged = 1000

/**
 * What the client gets of the provider's headers: what tells it about its request, its limits and its retries. A header
 * that repeats one of the `secrets` stays here.
 */
export function relayedHeaders(incoming: IncomingHeaders, secrets: readonly string[]): HeaderMap {
  const headers = headerMap()
  for (const name in incoming) {
    const value = incoming[name]
    if (value === undefined || !isRelayed(name)) continue
    if (!repeatsOne(typeof value === 'string' ? value : value.join(), secrets)) headers[name] = value
  }
  return headers
}

/** Whether anything is done here with a field of an answer that is no error. */
export function isWanted(name: string): boolean {
  return isRelayed(name) || describing.includes(name)
}

/** What the client needs in order to read an answer that nobody reads here. */
export function describingHeaders(incoming: IncomingHeaders): HeaderMap {
  const headers = headerMap()
  for (const name of describing) {
    const value = incoming[name]
    if (value !== undefined) headers[name] = value
  }
  return headers
}

function repeatsOne(value: string, secrets: readonly string[]): boolean {
  // Most values are shorter than any credential.
  for (const secret of secrets) if (value.length >= secret.length && value.includes(secret)) return true
  return false
}

/** The same for a stream, which nobody on the way is to keep or to hold up; of another `type` where the client's is written otherwise. */
export function streamHeaders(incoming: IncomingHeaders, secrets: readonly string[], type?: string): HeaderMap {
  const headers = relayedHeaders(incoming, secrets)
  if (type !== undefined) headers['content-type'] = type
  headers['cache-control'] = 'no-cache'
  headers['x-accel-buffering'] = 'no'
  return headers
}

/** The first value of a header. */
export function valueOf(incoming: IncomingHeaders, name: string): string | undefined {
  const value = incoming[name]
  return typeof value === 'object' ? value[0] : value
}

function isRelayed(name: string): boolean {
  let verdict = judged.get(name)
  if (verdict === undefined) {
    verdict = relayed.has(name) || relayedPrefixes.some((prefix) => name.startsWith(prefix))
    if (judged.size < mostJudged) judged.set(name, verdict)
  }
  return verdict
}
