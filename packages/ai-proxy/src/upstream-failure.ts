import type { UpstreamError } from '@sluice/dialects'
import { HttpError } from '@sluice/kernel'
import type { IncomingHeaders } from '@sluice/upstream'
import type { Attempt } from './attempt.ts'
import { relayedHeaders } from './response-headers.ts'
import { withoutSecrets } from './secrets.ts'

/** An upstream's error as one that the gateway throws; the client's dialect shapes it. */
export function toUpstreamFailure(attempt: Attempt, error: UpstreamError & { headers: IncomingHeaders }): HttpError {
  const headers = relayedHeaders(error.headers, attempt.secrets)
  delete headers['content-type']
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] ??= String(Math.ceil(error.retryAfterSeconds))
  const clean = (text: string): string => withoutSecrets(text, attempt.secrets)
  return new HttpError(error.status, clean(error.code ?? 'upstream_error'), clean(error.message), {
    headers,
    outcome: 'upstream_error',
    logMessage: `${attempt.provider} answered with an error`,
    ...(error.type !== undefined && { type: clean(error.type) }),
    ...(error.param !== undefined && { param: clean(error.param) }),
  })
}
