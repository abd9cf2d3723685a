import type { DialectFacts } from '@sluice/dialects'
import { HttpError } from '@sluice/kernel'
import type { IncomingHeaders, Receiver } from '@sluice/upstream'
import type { Attempt } from './attempt.ts'
import { Gathering } from './gathering.ts'
import { relayedHeaders } from './response-headers.ts'
import { toUpstreamFailure } from './upstream-failure.ts'

/** Bytes that are gathered at most, whatever the route allows. */
const maxWholeBytes = 64 * 1024 * 1024

/** Gathers an answer that is not streamed, accounts for it, and hands it on as it came. */
export function receiveWhole(
  attempt: Attempt,
  facts: DialectFacts,
  status: number,
  headers: IncomingHeaders,
  stop: () => void,
): Receiver {
  return new Gathering({
    attempt,
    limit: Math.min(attempt.maxResponseBytes, maxWholeBytes),
    stop,
    whole(body) {
      attempt.account.firstTokenMs = attempt.account.durationMs
      const problem = notAnAnswer(body, headers, attempt.provider) ?? account(attempt, facts, body, headers)
      if (problem) attempt.reject(problem)
      else attempt.resolve({ status, headers: relayedHeaders(headers, attempt.secrets), body })
    },
    tooLarge: () => attempt.reject(responseTooLarge()),
    failed: (error) => attempt.reject(error),
  })
}

/** Takes down what the answer says of itself; gives the error where it is one inside a 200. */
function account(attempt: Attempt, facts: DialectFacts, body: Buffer, headers: IncomingHeaders): HttpError | undefined {
  const { usage, hasToolCalls, error } = facts.readAnswer(body)
  if (error) return toUpstreamFailure(attempt, { ...error, headers })
  attempt.account.usage = usage
  attempt.account.usageSource = usage ? 'provider' : 'none'
  attempt.account.hasToolCalls = hasToolCalls
  attempt.payloads?.add(facts.textOf(body))
  attempt.ctx.outcome = 'complete'
  return undefined
}

/** The answer is larger than the route, or the gateway, allows. */
export function responseTooLarge(): HttpError {
  return new HttpError(502, 'response_too_large', 'max_response_bytes exceeded', { outcome: 'upstream_error' })
}

/** A 2xx that cannot be an answer: nothing, a page, or something that was cut before its closing brace. */
function notAnAnswer(body: Buffer, headers: IncomingHeaders, provider: string): HttpError | undefined {
  const first = edge(body, 0, 1)
  const last = edge(body, body.byteLength - 1, -1)
  const isJson = (first === 0x7b && last === 0x7d) || (first === 0x5b && last === 0x5d)
  if (isJson) return undefined
  const type = String(headers['content-type'] ?? 'no content type').split(';')[0]
  const what = first === undefined ? 'an empty body' : `a body that is not JSON (${type})`
  return new HttpError(502, 'invalid_upstream_response', `${provider} answered with ${what}`, { outcome: 'upstream_error' })
}

/** The first byte that is no white space and no byte order mark, looking in one direction. */
function edge(body: Buffer, from: number, step: 1 | -1): number | undefined {
  for (let at = from; at >= 0 && at < body.byteLength; at += step) {
    const byte = body[at] as number
    if (byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf) return byte
  }
  return undefined
}
