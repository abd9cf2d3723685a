import { HttpError } from '@sluice/kernel'

/** What an upstream did instead of answering. */
export interface Failure {
  readonly error: HttpError
  /** The connection could not be made, or was lost: another one may fare better. */
  readonly isConnection: boolean
}

type Clue = readonly [codes: RegExp, isConnection: boolean, what: string]

const clues: readonly Clue[] = [
  [/^ECONNREFUSED$/, true, 'refused the connection'],
  [/^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET)$/, true, 'closed the connection without an answer'],
  [/^(ENOTFOUND|EAI_\w+)$/, true, 'has a host name that cannot be resolved'],
  [/^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|EACCES|EPERM)$/, true, 'cannot be reached'],
  [/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|EPROTO/, true, 'failed the TLS handshake'],
  [/^UND_ERR_HEADERS_OVERFLOW$/, false, 'sent more headers than are taken'],
  [/^(HPE_|HTTPParserError|UND_ERR_RES_CONTENT_LENGTH)/, false, 'sent an answer that is not HTTP'],
]

/** Says what went wrong, without names and addresses, which are the operator's business; those are in the `cause`. */
export function failureOf(cause: unknown): Failure {
  const { message = '', name = '', code = name } = cause as { message?: string; name?: string; code?: string }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return { error: timedOut('could not be reached in time', cause), isConnection: true }
  }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return { error: unsendable(message, cause), isConnection: false }
  // A switch of protocols that nobody asked for looks like a lost connection to undici.
  if (message === 'bad upgrade') return { error: badGateway('switched protocols', cause), isConnection: false }
  const [, isConnection = false, what = 'could not be talked to'] = clues.find(([codes]) => codes.test(code)) ?? []
  return { error: badGateway(what, cause), isConnection }
}

/** A time limit passed; `what` reads on after "the upstream". */
export function timedOut(what: string, cause?: unknown): HttpError {
  return new HttpError(504, 'upstream_timeout', `the upstream ${what}`, { outcome: 'stalled', ...(cause !== undefined && { cause }) })
}

function badGateway(what: string, cause: unknown): HttpError {
  return new HttpError(502, 'upstream_unreachable', `the upstream ${what}`, { outcome: 'upstream_error', cause })
}

function unsendable(why: string, cause: unknown): HttpError {
  return new HttpError(400, 'unsendable_request', `the request cannot be passed on: ${why}`, { cause })
}
