import { looksLikeJson, type DialectFacts } from '@sluice/dialects'
import { HttpError, lendReply } from '@sluice/kernel'
import { isReusable, reuse, type IncomingHeaders, type Receiver } from '@sluice/upstream'
import type { Attempt } from './attempt.ts'
import { responseTooLarge } from './answer-faults.ts'
import { Gathering } from './gathering.ts'
import { resolveTranslated } from './resolve-translated.ts'
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
    whole(pieces) {
      attempt.account.firstTokenMs = attempt.account.durationMs
      const problem = notAnAnswer(pieces, headers, attempt.provider) ?? account(attempt, facts, pieces, headers)
      if (problem) return attempt.reject(problem)
      if (attempt.translation) return resolveTranslated(attempt, attempt.translation, pieces, headers)
      const relayed = relayedHeaders(headers, attempt.secrets)
      if (pieces.some(isReusable)) return attempt.resolve(lendReply(status, relayed, pieces, reuse))
      const body = pieces.length === 1 ? (pieces[0] as Buffer) : pieces
      attempt.resolve({ status, headers: relayed, body })
    },
    tooLarge: () => attempt.reject(responseTooLarge()),
    failed: (error) => attempt.reject(error),
  })
}

/** Takes down what the answer says of itself; gives the error where it is one inside a 200. */
function account(attempt: Attempt, facts: DialectFacts, pieces: readonly Buffer[], headers: IncomingHeaders): HttpError | undefined {
  const { usage, hasToolCalls, error } = facts.readAnswer(pieces)
  if (error) return toUpstreamFailure(attempt, { ...error, headers })
  attempt.account.usage = usage
  attempt.account.usageSource = usage ? 'provider' : 'none'
  attempt.account.hasToolCalls = hasToolCalls
  attempt.payloads?.add(facts.textOf(Buffer.concat(pieces)))
  attempt.ctx.outcome = 'complete'
  return undefined
}

/** A 2xx that cannot be an answer: nothing, a page, or something that was cut before its closing brace. */
function notAnAnswer(pieces: readonly Buffer[], headers: IncomingHeaders, provider: string): HttpError | undefined {
  if (looksLikeJson(pieces)) return undefined
  const type = String(headers['content-type'] ?? 'no content type').split(';')[0]
  const isEmpty = pieces.every((piece) => piece.every((byte) => byte <= 0x20))
  const what = isEmpty ? 'an empty body' : `a body that is not JSON (${type})`
  return new HttpError(502, 'invalid_upstream_response', `${provider} answered with ${what}`, { outcome: 'upstream_error' })
}
