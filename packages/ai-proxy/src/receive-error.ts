import { readUpstreamError } from '@sluice/dialects'
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
  const wrap = (pieces: readonly Buffer[]): void => {
    begin(attempt)
    const error = readUpstreamError(status, headers, Buffer.concat(pieces))
    attempt.reject(toUpstreamFailure(attempt, { ...error, status: statusFor(status, attempt), headers }))
  }
  return new Gathering({
    attempt,
    limit: Math.min(attempt.maxResponseBytes, maxErrorBytes),
    stop,
    whole(pieces) {
      const body = Buffer.concat(pieces)
      const json = parsed(body.toString('utf8'))
      const isTheirs = attempt.facts === undefined || (!attempt.translation && attempt.facts.isError(json))
      if (!isTheirs || repeats(body, json, attempt.secrets)) return wrap(pieces)
      begin(attempt)
      attempt.resolve({ status, headers: relayedHeaders(headers, attempt.secrets), body })
    },
    tooLarge: wrap,
    // The status is known; the rest of the body is not worth another error.
    failed: (error, pieces) => (error.outcome === 'client_disconnect' ? attempt.reject(error) : wrap(pieces)),
  })
}

function begin({ account, ctx }: Attempt): void {
  account.firstTokenMs = account.durationMs
  ctx.outcome = 'upstream_error'
}

/** A client that is told that nothing has changed would look for no error; 529 is Anthropic's alone. */
function statusFor(status: number, { translation, clientFacts }: Attempt): number {
  if (status === 304) return 502
  return status === 529 && translation && clientFacts?.name !== 'anthropic-messages' ? 503 : status
}
