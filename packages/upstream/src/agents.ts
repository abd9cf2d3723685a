import { Pool, type Dispatcher } from 'undici'

/** What makes two connections interchangeable. Times are milliseconds. */
export interface AgentKey {
  /** `https://host:port` */
  readonly origin: string
  /** Whether the certificate must be valid. */
  readonly verify: boolean
  readonly connectMs: number
  /** Idle connections that are kept, for how long, and requests after which one is closed all the same (absent: never). */
  readonly idle: { readonly size: number; readonly ms: number; readonly requests?: number }
}

/** Connections to one origin. */
export class SharedAgent {
  readonly origin: string
  readonly dispatcher: Dispatcher
  readonly #keepable: number
  #running = 0

  constructor({ origin, idle }: AgentKey, dispatcher: Dispatcher) {
    this.origin = origin
    this.dispatcher = dispatcher
    this.#keepable = idle.ms > 0 ? idle.size : 0
  }

  /**
   * Counts a request in and returns its `reset` option: true asks for a connection that closes with its answer. undici
   * bounds connections or nothing; this bounds those that can become idle, and never how many requests run at once.
   */
  begin(): boolean {
    this.#running += 1
    return this.#running > this.#keepable
  }

  /** Counts it out, exactly once for each `begin`. */
  end(): void {
    this.#running -= 1
  }
}

/** A claim on an agent. */
export interface Lease {
  readonly agent: SharedAgent
  /** Gives it up, once no answer is under way any more; the last one closes the connections, those still being made included. */
  release(): Promise<void>
}

interface Held {
  readonly agent: SharedAgent
  leases: number
}

/** The agents of a process, shared by all who could use one another's connections. */
export class Agents {
  readonly #connect: (key: AgentKey) => Dispatcher
  readonly #held = new Map<string, Held>()

  /** `connect` makes the dispatcher of a key that is new; it is destroyed with its last lease. */
  constructor(connect: (key: AgentKey) => Dispatcher = connectPool) {
    this.#connect = connect
  }

  get size(): number {
    return this.#held.size
  }

  /** Throws where the origin is not one. */
  acquire(key: AgentKey): Lease {
    const id = JSON.stringify([key.origin, key.verify, key.connectMs, key.idle.size, key.idle.ms, key.idle.requests])
    const held = this.#held.get(id) ?? { agent: new SharedAgent(key, this.#connect(key)), leases: 0 }
    this.#held.set(id, held)
    held.leases += 1
    let isReleased = false
    return {
      agent: held.agent,
      release: async () => {
        if (isReleased) return
        isReleased = true
        held.leases -= 1
        if (held.leases > 0) return
        this.#held.delete(id)
        await held.agent.dispatcher.destroy()
      },
    }
  }
}

/** A pool for a key, straight to its origin. */
export function connectPool({ origin, verify, connectMs, idle }: AgentKey): Dispatcher {
  const keepAliveMs = Math.max(idle.ms, 1)
  return new Pool(origin, {
    // The clocks of each call decide; undici's tick too coarsely and cannot tell a slow client from a slow upstream.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    ...(idle.requests !== undefined && { maxRequestsPerClient: idle.requests }),
    maxHeaderSize: 64 * 1024,
    allowH2: false,
    connect: { timeout: connectMs, rejectUnauthorized: verify },
  })
}
