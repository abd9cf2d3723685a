import { Agent, type Dispatcher } from 'undici'
import { EtcdAwayError, EtcdError } from './etcd-error.ts'
import type { WireProblem } from './wire.ts'

export interface EtcdClientOptions {
  /** `http://host:port` or `https://host:port`. */
  readonly endpoints: readonly string[]
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** PEM. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string } | undefined
}

/** Milliseconds to connect to a member. */
const connectMs = 2_000
/** Milliseconds that a member gets to answer, before the next one is asked. */
const answerMs = 3_000

/** Fails before anything was sent. */
const unsent: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

/**
 * A client of etcd's JSON gateway: asks one member after the other until one answers, and goes on with that one. Where it
 * has a user, it shows a token that it got for the password, and gets another where that has expired.
 */
export class EtcdClient {
  readonly #endpoints: readonly string[]
  readonly #user: { readonly name: string; readonly password: string } | undefined
  readonly #agent: Agent
  /** The member that answered last. */
  #member: number
  #token: string | undefined

  constructor({ endpoints, user, password, tls }: EtcdClientOptions) {
    this.#endpoints = endpoints.map((endpoint) => endpoint.replace(/\/$/, ''))
    this.#user = user === undefined ? undefined : { name: user, password: password ?? '' }
    this.#agent = new Agent({ connect: { timeout: connectMs, keepAlive: true, keepAliveInitialDelay: 10_000, ...tls } })
    // Not all gateways on the same one.
    this.#member = Math.floor(Math.random() * endpoints.length)
  }

  /** Calls a method. What is done twice must do no harm: it may reach more than one member. Rejects with an `EtcdError` or an `EtcdAwayError`. */
  async call<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
    return (await this.#ask(path, body, async (answer) => (await answer.body.json()) as T, signal))
  }

  /** Calls with several bodies in a row, and hands the answer over as it begins; it may last, with pauses of `idleMs` at most. */
  async stream(path: string, bodies: readonly object[], signal: AbortSignal, idleMs: number): Promise<AsyncIterable<Buffer>> {
    const text = bodies.map((body) => JSON.stringify(body)).join('\n')
    return this.#ask(path, text, async (answer) => answer.body, signal, idleMs)
  }

  /** Begins with another member the next time. */
  leaveMember(): void {
    this.#member = (this.#member + 1) % this.#endpoints.length
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #ask<T>(path: string, body: object | string, read: (answer: Dispatcher.ResponseData) => Promise<T>, signal?: AbortSignal, idleMs?: number): Promise<T> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const problems: string[] = []
    let mayBeDone = false
    for (let turn = 0; turn < this.#endpoints.length; turn++) {
      const endpoint = this.#endpoints[this.#member] ?? ''
      try {
        return await this.#askMember(endpoint, path, text, read, signal, idleMs)
      } catch (error) {
        signal?.throwIfAborted()
        if (error instanceof EtcdError && !error.isOfMember) throw error
        mayBeDone ||= !unsent.has(codeOf(error))
        problems.push(`${endpoint}: ${reasonOf(error)}`)
        this.leaveMember()
      }
    }
    throw new EtcdAwayError(problems.join('; '), mayBeDone)
  }

  async #askMember<T>(endpoint: string, path: string, text: string, read: (answer: Dispatcher.ResponseData) => Promise<T>, signal?: AbortSignal, idleMs?: number): Promise<T> {
    if (!this.#user) return this.#send(endpoint, path, text, read, signal, idleMs)
    const token = (this.#token ??= await this.#authenticate(endpoint, signal))
    try {
      return await this.#send(endpoint, path, text, read, signal, idleMs)
    } catch (error) {
      if (!(error instanceof EtcdError) || !error.isUnauthenticated) throw error
      // Another request may have got a new one meanwhile.
      if (this.#token === token) this.#token = undefined
      this.#token ??= await this.#authenticate(endpoint, signal)
      return this.#send(endpoint, path, text, read, signal, idleMs)
    }
  }

  async #authenticate(endpoint: string, signal?: AbortSignal): Promise<string> {
    return this.#send(endpoint, '/v3/auth/authenticate', JSON.stringify(this.#user), readToken, signal)
  }

  async #send<T>(origin: string, path: string, body: string, read: (answer: Dispatcher.ResponseData) => Promise<T>, signal?: AbortSignal, idleMs?: number): Promise<T> {
    const late = AbortSignal.timeout(answerMs)
    const signals = [...(signal ? [signal] : []), ...(idleMs === undefined ? [late] : [])]
    const answer = await this.#agent.request({
      origin,
      path,
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...(this.#token !== undefined && { authorization: this.#token }) },
      headersTimeout: answerMs,
      bodyTimeout: idleMs ?? answerMs,
      ...(signals.length > 0 && { signal: AbortSignal.any(signals) }),
    })
    if (answer.statusCode === 200) return read(answer)
    throw toError(await answer.body.text(), answer.statusCode)
  }
}

async function readToken({ body }: Dispatcher.ResponseData): Promise<string> {
  return ((await body.json()) as { readonly token: string }).token
}

function toError(text: string, status: number): Error {
  try {
    const { message, error, code = 2 } = JSON.parse(text) as WireProblem
    return new EtcdError(message ?? error ?? `status ${status}`, code)
  } catch {
    return new Error(`it answers with status ${status}, and not as etcd does`)
  }
}

function codeOf(error: unknown): unknown {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: readonly NodeJS.ErrnoException[] }
  return code ?? errors?.[0]?.code
}

function reasonOf(error: unknown): string {
  const { name, message } = error as Error
  if (name === 'TimeoutError') return `no answer within ${answerMs} ms`
  const code = codeOf(error)
  return message === '' || unsent.has(code) ? String(code ?? name) : message
}
