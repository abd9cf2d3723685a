import { HttpError } from '@sluice/kernel'
import type { Stage, TotalLimit } from './clocks.ts'

/** What an upstream did instead of answering. */
export interface Failure {
  readonly error: HttpError
  /** The connection could not be made, or was lost: another one may fare better. */
  readonly isConnection: boolean
}

type Clue = readonly [codes: RegExp, isConnection: boolean, what: string]

const clues: readonly Clue[] = [
  [/^ECONNREFUSED$/, true, 'refused the connection'],
  [/^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET)$/, true, 'closed the connection'],
  [/^(ENOTFOUND|EAI_\w+)$/, true, 'has a host name that cannot be resolved'],
  [/^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|EACCES|EPERM)$/, true, 'cannot be reached'],
  [/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|EPROTO/, true, 'failed the TLS handshake'],
  [/^UND_ERR_HEADERS_OVERFLOW$/, false, 'sent more headers than are taken'],
  [/^(HPE_|HTTPParserError|UND_ERR_RES_CONTENT_LENGTH)/, false, 'sent an answer that is not HTTP'],
]

/** Says what went wrong with `who`, without names and addresses, which are the operator's business; those are in the `cause`. */
export function failureOf(who: string, cause: unknown): Failure {
  const { message = '', name = '', code = name } = cause as { message?: string; name?: string; code?: string }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return { error: gatewayTimeout(`${who} could not be reached in time`, cause), isConnection: true }
  }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return { error: unsendable(message, cause), isConnection: false }
  // A switch of protocols that nobody asked for looks like a lost connection to undici.
  if (message === 'bad upgrade') return { error: badGateway(`${who} switched protocols`, cause), isConnection: false }
  const [, isConnection = false, what = 'could not be talked to'] = clues.find(([codes]) => codes.test(code)) ?? []
  return { error: badGateway(`${who} ${what}`, cause), isConnection }
}

const overdue: Readonly<Record<Stage | 'body', (ms: number) => string>> = {
  connect: (ms) => `could not be reached within ${ms} ms`,
  send: (ms) => `did not take the request for ${ms} ms`,
  head: (ms) => `did not answer within ${ms} ms`,
  body: (ms) => `sent nothing behind its head within ${ms} ms`,
  idle: (ms) => `sent nothing for ${ms} ms`,
}

/** The limit of a stage has passed; `body` is the first byte behind the head. */
export function timedOut(who: string, stage: Stage | 'body', ms: number): HttpError {
  return gatewayTimeout(`${who} ${overdue[stage](ms)}`)
}

/** The limit of the whole call has passed; `hasBegun`: some of the answer has come. Another try would take as long, and cost as much. */
export function durationExceeded({ name, code }: TotalLimit, hasBegun: boolean): HttpError {
  const outcome = hasBegun ? 'upstream_error' : 'stalled'
  return new HttpError(504, code, `${name} exceeded`, { outcome, headers: { 'x-should-retry': 'false' } })
}

function gatewayTimeout(message: string, cause?: unknown): HttpError {
  return new HttpError(504, 'upstream_timeout', message, { outcome: 'stalled', ...(cause !== undefined && { cause }) })
}

function badGateway(message: string, cause: unknown): HttpError {
  return new HttpError(502, 'upstream_unreachable', message, { outcome: 'upstream_error', cause })
}

function unsendable(why: string, cause: unknown): HttpError {
  return new HttpError(400, 'unsendable_request', `the request cannot be passed on: ${why}`, { cause })
}
