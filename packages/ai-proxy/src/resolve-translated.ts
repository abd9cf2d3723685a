import { UpstreamNonsense, type Translation } from '@sluice/dialects'
import { Document, JsonSyntaxError } from '@sluice/json-edit'
import { HttpError } from '@sluice/kernel'
import type { IncomingHeaders } from '@sluice/upstream'
import type { Attempt } from './attempt.ts'
import { exactValue } from './exact-value.ts'
import { relayedHeaders } from './response-headers.ts'

/** Gives the client a provider's whole answer in the client's own dialect. */
export function resolveTranslated(attempt: Attempt, translation: Translation, pieces: readonly Buffer[], incoming: IncomingHeaders): void {
  try {
    const body = Buffer.from(JSON.stringify(translation.answer(exactValue(Document.parse(pieces)))))
    const headers = relayedHeaders(incoming, attempt.secrets)
    headers['content-type'] = 'application/json'
    attempt.resolve({ status: 200, headers, body })
  } catch (error) {
    attempt.ctx.outcome = 'upstream_error'
    attempt.reject(nonsense(attempt, error))
  }
}

/** What cannot be translated is no answer. */
function nonsense({ provider }: Attempt, error: unknown): unknown {
  if (error instanceof UpstreamNonsense) return new HttpError(502, error.code, error.message, { outcome: 'upstream_error' })
  if (!(error instanceof JsonSyntaxError || error instanceof RangeError)) return error
  return new HttpError(502, 'invalid_upstream_response', `${provider} answered with a body that is not JSON`, { cause: error, outcome: 'upstream_error' })
}
