import { CloudAuthError, type CloudAuthErrorKind } from './cloud-auth-error.ts'
import type { FormAnswer } from './post-form.ts'
import { printable } from './printable.ts'
import type { Grant } from './token-cache.ts'

/**
 * Reads what a token endpoint answered (https://www.rfc-editor.org/rfc/rfc6749#section-5). Throws a `CloudAuthError`
 * that says in the endpoint's words why there is no token; `what` names what was asked for.
 */
export function readGrant({ status, body }: FormAnswer, what: string): Grant {
  const fail = (kind: CloudAuthErrorKind, reason: string) =>
    new CloudAuthError(kind, `failed to get ${what}: ${reason}`)
  const answer = parseObject(body)
  if (status !== 200) {
    // Only what calls itself an error is quoted, for anything else may hold a token.
    const words = status >= 400 && answer === undefined ? printable(body) : ''
    throw fail(kindOf(status), told(answer) ?? (words === '' ? `HTTP ${status}` : `HTTP ${status}: ${words}`))
  }
  if (answer === undefined) throw fail('unreachable', 'the answer of the token endpoint is not a JSON object')
  const token = answer['access_token']
  if (token === undefined) {
    throw fail('unreachable', told(answer) ?? 'the answer of the token endpoint has no access_token')
  }
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw fail('unreachable', 'the access_token of the token endpoint is not one that a header can carry')
  }
  return { token, expiresIn: seconds(answer['expires_in']) }
}

/** A 4xx is about the credential, except where it is about the moment. */
function kindOf(status: number): CloudAuthErrorKind {
  return status >= 400 && status < 500 && status !== 408 && status !== 429 ? 'refused' : 'unreachable'
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    // Not JSON is a case like any other here: proxies and load balancers answer in HTML.
    return undefined
  }
}

/** `error: error_description` of OAuth, or `status: message` where Google answers as its other APIs do. */
function told(answer: Record<string, unknown> | undefined): string | undefined {
  const error = answer?.['error']
  const parts =
    typeof error === 'object' && error !== null
      ? ['status' in error && error.status, 'message' in error && error.message]
      : [error, answer?.['error_description']]
  const words = parts.filter((part) => typeof part === 'string').map(printable).filter((part) => part !== '')
  return words.length > 0 ? words.join(': ') : undefined
}

/** An hour where the answer does not say, which is what Google's tokens live. */
function seconds(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? Math.max(0, number) : 3_600
}
