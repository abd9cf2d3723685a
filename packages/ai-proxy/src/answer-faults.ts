import { HttpError } from '@sluice/kernel'
import { EventTooLargeError, type FramingError } from '@sluice/provider'

/** The answer is larger than the route, or the gateway, allows. */
export function responseTooLarge(): HttpError {
  return new HttpError(502, 'response_too_large', 'max_response_bytes exceeded', { outcome: 'upstream_error' })
}

/** The provider closed the stream in the middle of the answer. */
export function streamTruncated(provider: string): HttpError {
  return new HttpError(502, 'stream_truncated', `${provider} ended the stream before it was complete`, { outcome: 'upstream_error' })
}

/** What the provider sent cannot be cut into events. */
export function brokenStream(cause: FramingError): HttpError {
  const code = cause instanceof EventTooLargeError ? 'event_too_large' : 'invalid_upstream_response'
  return new HttpError(502, code, cause.message, { cause, outcome: 'upstream_error' })
}
