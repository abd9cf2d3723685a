import { readUpstreamError } from '@sluice/dialects'
import { HttpError } from '@sluice/kernel'
import type { IncomingHeaders, Receiver } from '@sluice/upstream'
import type { Attempt } from './attempt.ts'
import { Gathering } from './gathering.ts'
import { relayedHeaders } from './response-headers.ts'
import { parsed, repeats } from './secrets.ts'
import { toUpstreamFailure } from './upstream-failure.ts'

/** Bytes of an error body that are kept; a page from a firewall is not worth more. */
const maxErrorBytes = 256 * 1024

/**
 * Gathers an answer with an error status and hands it to the client in the client's own shape; that of an operation that is
 * passed through as it is. What repeats a credential is told without it.
 */
export function receiveError(attempt: Attempt, status: number, headers: IncomingHeaders, stop: () => void): Receiver {
  // To a client of a dialect, a 3xx is no answer; that of an operation which nobody knows may make something of it.
  const isTold = status >= 400 || (attempt.facts === undefined && status !== 304)
  const wrap = (pieces: readonly Buffer[]): void => {
    begin(attempt)
    if (!isTold && redirects.has(status)) return attempt.reject(redirected(attempt, status))
    const error = readUpstreamError(status, headers, Buffer.concat(pieces))
    attempt.reject(toUpstreamFailure(attempt, { ...error, status: isTold ? status : 502, headers }))
  }
  return new Gathering({
    attempt,
    limit: Math.min(attempt.maxResponseBytes, maxErrorBytes),
    stop,
    whole(pieces) {
      const body = Buffer.concat(pieces)
      const json = parsed(body.toString('utf8'))
      const isTheirs = attempt.facts === undefined || (isTold && attempt.facts.isError(json))
      if (!isTheirs || repeats(body, json, attempt.secrets)) return wrap(pieces)
      begin(attempt)
      attempt.resolve({ status, headers: relayedHeaders(headers, attempt.secrets), body })
    },
    tooLarge: wrap,
    // The status is known; the rest of the body is not worth another error.
    failed: (error, pieces) => (error.outcome === 'client_disconnect' ? attempt.reject(error) : wrap(pieces)),
  })
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Followed, it would take the request and its credentials to where nobody has configured it; told as it is, the client’s. */
function redirected({ provider }: Attempt, status: number): HttpError {
  return new HttpError(502, 'invalid_upstream_response', `${provider} answered with a redirect (${status}), which is not followed`, {
    headers: { 'x-should-retry': 'false' },
    outcome: 'upstream_error',
  })
}

function begin({ account, ctx }: Attempt): void {
  account.firstTokenMs = account.durationMs
  ctx.outcome = 'upstream_error'
}
