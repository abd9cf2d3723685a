/**
 * Why there is no credential. `refused`: the token endpoint said no (4xx); `timeout`: it did not answer in time;
 * `unreachable`: all else, be it no connection or an answer without a token (408, 429, 5xx, a redirect, bad JSON).
 */
export type CloudAuthErrorKind = 'refused' | 'unreachable' | 'timeout'

/** A credential could not be had. The message is written for operators and holds neither secrets nor hosts. */
export class CloudAuthError extends Error {
  readonly kind: CloudAuthErrorKind

  // No `cause`: undici's errors may hold what was received, and an inspected error shows its cause.
  constructor(kind: CloudAuthErrorKind, message: string) {
    super(message)
    this.name = 'CloudAuthError'
    this.kind = kind
  }
}
