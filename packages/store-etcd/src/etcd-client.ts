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

interface Question<T> {
  readonly path: string
  /** JSON. */
  readonly text: string
  readonly read: (answer: Dispatcher.ResponseData) => Promise<T>
  readonly signal: AbortSignal | undefined
  /** Milliseconds for the answer; of a stream, for its head. */
  readonly withinMs: number
  /** Milliseconds for which a stream may say nothing; undefined: it is no stream. */
  readonly idleMs?: number
}

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

  /**
   * Calls a method; a member gets `withinMs` to answer. What is done twice must do no harm: it may reach more than one
   * member. Rejects with an `EtcdError` or an `EtcdAwayError`.
   */
  call<T>(path: string, body: object, signal?: AbortSignal, withinMs = answerMs): Promise<T> {
    return this.#ask({ path, text: JSON.stringify(body), read: async (answer) => (await answer.body.json()) as T, signal, withinMs })
  }

  /** Calls with several bodies in a row, and hands the answer over as it begins; it may last, with pauses of `idleMs` at most. */
  async stream(path: string, bodies: readonly object[], signal: AbortSignal, idleMs: number): Promise<AsyncIterable<Buffer>> {
    const text = bodies.map((body) => JSON.stringify(body)).join('\n')
    return this.#ask({ path, text, read: async (answer) => answer.body, signal, withinMs: answerMs, idleMs })
  }

  /** Begins with another member the next time. */
  leaveMember(): void {
    this.#member = (this.#member + 1) % this.#endpoints.length
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #ask<T>(question: Question<T>): Promise<T> {
    const problems: string[] = []
    let mayBeDone = false
    for (let turn = 0; turn < this.#endpoints.length; turn++) {
      const endpoint = this.#endpoints[this.#member] ?? ''
      try {
        return await this.#askMember(endpoint, question)
      } catch (error) {
        question.signal?.throwIfAborted()
        if (error instanceof EtcdError && !error.isOfMember) throw error
        mayBeDone ||= !unsent.has(codeOf(error))
        problems.push(`${endpoint}: ${reasonOf(error)}`)
        this.leaveMember()
      }
    }
    throw new EtcdAwayError(problems.join('; '), mayBeDone)
  }

  async #askMember<T>(endpoint: string, question: Question<T>): Promise<T> {
    if (!this.#user) return this.#send(endpoint, question)
    const token = (this.#token ??= await this.#authenticate(endpoint, question))
    try {
      return await this.#send(endpoint, question)
    } catch (error) {
      if (!(error instanceof EtcdError) || !error.isUnauthenticated) throw error
      // Another request may have got a new one meanwhile.
      if (this.#token === token) this.#token = undefined
      this.#token ??= await this.#authenticate(endpoint, question)
      return this.#send(endpoint, question)
    }
  }

  #authenticate(endpoint: string, { signal }: Question<unknown>): Promise<string> {
    return this.#send(endpoint, { path: '/v3/auth/authenticate', text: JSON.stringify(this.#user), read: readToken, signal, withinMs: answerMs })
  }

  async #send<T>(origin: string, { path, text, read, signal, withinMs, idleMs }: Question<T>): Promise<T> {
    const signals = [...(signal ? [signal] : []), ...(idleMs === undefined ? [AbortSignal.timeout(withinMs)] : [])]
    const answer = await this.#agent.request({
      origin,
      path,
      method: 'POST',
      body: text,
      headers: { 'content-type': 'application/json', ...(this.#token !== undefined && { authorization: this.#token }) },
      headersTimeout: withinMs,
      bodyTimeout: idleMs ?? withinMs,
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
  if (name === 'TimeoutError') return 'no answer in time'
  const code = codeOf(error)
  return message === '' || unsent.has(code) ? String(code ?? name) : message
}
