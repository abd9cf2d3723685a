import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JWTVerifyResult, jwtVerify } from 'jose'

/** What a client of the endpoint sent: the request, its form, and the assertion once its signature was verified. */
export interface Received {
  readonly request: IncomingMessage
  readonly form: URLSearchParams
  readonly jwt: JWTVerifyResult
}

export type Answer = (response: ServerResponse, received: Received) => void

export const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** The instant at which the tests begin, Unix time in milliseconds. */
export const start = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

/** A local token endpoint that verifies every assertion and then answers as `answer` says. */
export class TokenEndpoint {
  readonly received: Received[] = []
  readonly #arrivals: (() => void)[] = []
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  answer: Answer = (response) => grant(response, `token-${this.received.length}`)
  uri = ''

  async listen(): Promise<this> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    this.uri = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/token?a=1`
    return this
  }

  /** Resolves when the next request has been verified. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.#arrivals.push(resolve))
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await once(this.#server.close(), 'close')
  }

  /** The text of a key file for this endpoint. */
  keyFile(changes: Record<string, unknown> = {}): string {
    return JSON.stringify({
      type: 'service_account',
      project_id: 'a-project',
      private_key_id: 'key-1',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: 'sluice@a-project.iam.gserviceaccount.com',
      token_uri: this.uri,
      ...changes,
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    try {
      const jwt = await jwtVerify(form.get('assertion') ?? '', publicKey, {
        audience: this.uri,
        algorithms: ['RS256'],
        currentDate: new Date(start),
        clockTolerance: 100_000,
      })
      const received = { request, form, jwt }
      this.received.push(received)
      this.answer(response, received)
    } catch (error) {
      send(response, 400, { error: 'invalid_grant', error_description: String(error) })
    }
    this.#arrivals.shift()?.()
  }
}

export function grant(response: ServerResponse, token: string, expiresIn: unknown = 3_599): void {
  send(response, 200, { access_token: token, expires_in: expiresIn, token_type: 'Bearer' })
}

export function send(response: ServerResponse, status: number, body: unknown): void {
  const json = typeof body !== 'string'
  response.writeHead(status, { 'content-type': json ? 'application/json' : 'text/html', location: '/elsewhere' })
  response.end(json ? JSON.stringify(body) : body)
}
