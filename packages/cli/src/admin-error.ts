import type { AdminAnswer, AdminRequest } from './admin-client.ts'
import { CommandError } from './command-error.ts'
import type { Connection } from './connection.ts'
import { isFields } from './fields.ts'
import { redacted } from './redacted.ts'

/** An answer of 400 or more. */
export class AdminError extends CommandError {
  override readonly name = 'AdminError'
  readonly status: number
  /** What the server says is wrong. */
  readonly reason: string
  /** The answer, where there may be more in it than that. */
  readonly body: unknown

  constructor(status: number, reason: string, message: string, advice: readonly string[] = [], body?: unknown) {
    super(message, { advice })
    this.status = status
    this.reason = reason
    this.body = body
  }

  /** The resource itself is not there; its consumer or group is another matter. */
  get isMissing(): boolean {
    return this.status === 404 && isNotFound(this.reason)
  }
}

interface Refused extends AdminAnswer {
  readonly text: string
}

/** What an answer that is none becomes. */
export function refusalOf(refused: Refused, asked: AdminRequest, connection: Connection): CommandError {
  const { status, headers, body } = refused
  const { server, token, group } = connection
  const hide = (text: string): string => (token.value.length >= 6 ? text.replaceAll(token.value, redacted) : text)
  if (status >= 300 && status < 400) return new CommandError(`${server.value} sends elsewhere, to ${hide(String(headers['location'] ?? 'nowhere'))}`, { advice: ['Give the address where the Admin API answers itself with --server.'] })

  const said = messageOf(body)
  if (said === undefined) return stranger(refused, connection)
  const reason = hide(said)
  switch (status) {
    case 401:
      return new AdminError(status, reason, `${server.value} does not take the token of ${token.from}: ${reason}`, ['It must be the key in gateway.admin of that gateway; one with the role viewer may read only.', 'Give another with --token, as SLUICE_TOKEN, or in a context: sluice context create --help'])
    case 403:
      return new AdminError(status, reason, `permission denied: ${reason}`, [`The token is that of ${token.from}.`])
    case 404:
      if (isUnknownGroup(reason)) return new AdminError(status, reason, reason, [`The group is that of ${group?.from ?? 'the server'}; sluice gateway-group list tells which there are.`])
      if (headers['x-api-version'] === undefined && !isNotFound(reason)) return stranger(refused, connection)
      return new AdminError(status, reason, isNotFound(reason) ? `${asked.path}: ${reason}` : reason, reason === 'consumer not found' ? ['sluice consumer list tells which there are.'] : [])
    case 409:
      return new AdminError(status, reason, `conflict: ${reason}`)
    default:
      return new AdminError(status, reason, status >= 500 ? `${server.value} failed (status ${status}): ${reason}` : reason, [], body)
  }
}

/** APISIX has a message, or `error_msg` and a description; API7 has `error_msg`. */
function messageOf(body: unknown): string | undefined {
  if (!isFields(body)) return undefined
  const message = body['error_msg'] ?? body['message']
  if (typeof message !== 'string') return undefined
  const { description } = body
  return typeof description === 'string' ? `${message} (${description})` : message
}

function isUnknownGroup(reason: string): boolean {
  return /gateway.?group/i.test(reason)
}

/** In the words of API7 and of APISIX. Data planes have a 404 in JSON, too, but neither these words nor an API version. */
function isNotFound(reason: string): boolean {
  return /^(?:resource|key) not found$/i.test(reason)
}

function stranger({ status, headers, text }: Refused, { server }: Connection): AdminError {
  const type = String(headers['content-type'] ?? (text === '' ? 'nothing' : 'no content type')).replace(/;.*/, '')
  const reason = `${server.value} answers (status ${status}, ${type}), but not as an Admin API does`
  return new AdminError(status, reason, reason, [`The address is that of ${server.from}. Is it the port of gateway.admin, 9180 by default? 9080 is where requests are served.`])
}
