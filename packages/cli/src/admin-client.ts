import { request, type Dispatcher } from 'undici'
import { AdminError, refusalOf } from './admin-error.ts'
import type { Connection } from './connection.ts'
import { dispatcherFor } from './dispatcher.ts'
import { unreachable } from './unreachable.ts'

/** One request of the Admin API. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From `/apisix/admin` or `/api` on; what comes from users is encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  /** Beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>>
  /** The connection's gateway group goes along; it does unless this is false. */
  readonly isScoped?: boolean
}

export interface AdminAnswer {
  /** Below 400. */
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** Of JSON; undefined where there is none. */
  readonly body: unknown
}

export interface AdminClientInit {
  /** Of the program. */
  readonly version: string
  /** Milliseconds that a connection may take, and an answer six times; ten seconds by default. */
  readonly patience?: number
}

/** Speaks to one Admin API, over connections of its own that `close` ends. */
export class AdminClient {
  readonly connection: Connection
  readonly #dispatcher: Dispatcher
  readonly #userAgent: string

  constructor(connection: Connection, { version, patience = 10_000 }: AdminClientInit) {
    this.connection = connection
    this.#userAgent = `sluice/${version}`
    this.#dispatcher = dispatcherFor(connection, patience)
  }

  /** Whether the server answers in bare resources, as API7's does; otherwise it is APISIX's dialect, unless the token says otherwise. */
  get isScoped(): boolean {
    return this.connection.group !== undefined
  }

  /** Throws an `AdminError` for an answer of 400 or more, and a `CommandError` where there is none or it is no Admin API that answers. */
  async send(asked: AdminRequest): Promise<AdminAnswer> {
    const { method, body } = asked
    const { server, token } = this.connection
    let answer: Dispatcher.ResponseData
    let text: string
    try {
      answer = await request(`${server.value}${asked.path}${this.#queryOf(asked)}`, {
        method,
        dispatcher: this.#dispatcher,
        headers: { 'x-api-key': token.value, accept: 'application/json', 'user-agent': this.#userAgent, ...(body !== undefined && { 'content-type': 'application/json' }), ...asked.headers },
        body: body === undefined ? null : JSON.stringify(body),
      })
      text = await answer.body.text()
    } catch (error) {
      throw unreachable(error, this.connection)
    }
    const { statusCode: status, headers } = answer
    const told = jsonOf(text)
    if (status >= 300 || told === undefined) throw refusalOf({ status, headers, text, body: told?.value }, asked, this.connection)
    return { status, headers, body: told.value }
  }

  /** The same; undefined in place of a 404. */
  async find(asked: AdminRequest): Promise<AdminAnswer | undefined> {
    try {
      return await this.send(asked)
    } catch (error) {
      if (error instanceof AdminError && error.isMissing) return undefined
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.close()
  }

  #queryOf({ query = {}, isScoped = true }: AdminRequest): string {
    const group = isScoped ? this.connection.group?.value : undefined
    const parts = Object.entries({ gateway_group_id: group, ...query }).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`]))
    return parts.length === 0 ? '' : `?${parts.join('&')}`
  }
}

/** Undefined where it is no JSON; nothing at all is a value, too. */
function jsonOf(text: string): { readonly value: unknown } | undefined {
  if (text.trim() === '') return { value: undefined }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}
