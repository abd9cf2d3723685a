import { EnvHttpProxyAgent, Pool, type Dispatcher } from 'undici'

/** What makes two connections interchangeable. */
export interface LaneKey {
  readonly origin: string
  readonly verify: boolean
  /** Keep idle connections; how long (milliseconds) and how many. */
  readonly keepAlive: boolean
  readonly idleMs: number
  readonly idleCount: number
}

/** Connections to one origin. Bounds how many stay idle, never how many requests run. */
export class Lane {
  readonly origin: string
  readonly dispatcher: Dispatcher
  readonly #key: LaneKey
  #running = 0

  constructor(key: LaneKey, dispatcher: Dispatcher) {
    this.#key = key
    this.origin = key.origin
    this.dispatcher = dispatcher
  }

  /**
   * Counts a request in. True: its connection must not be kept, for as many as may stay idle are already in use.
   * undici has no bound on idle connections, so those beyond it ask to be closed with their answer.
   */
  enter(): boolean {
    this.#running += 1
    return !this.#key.keepAlive || this.#running > this.#key.idleCount
  }

  leave(): void {
    this.#running -= 1
  }
}

export interface OutboundProxy {
  /** For `https:` origins. */
  readonly https?: string
  /** For `http:` origins. */
  readonly http?: string
  /** Hosts that are reached directly, as in the environment variable `NO_PROXY`. */
  readonly except?: string
}

interface Held {
  readonly lane: Lane
  holders: number
}

/** Every lane of the process, shared by the instances that could use one another's connections. */
export class Lanes {
  readonly #proxy: OutboundProxy
  readonly #held = new Map<string, Held>()

  constructor(proxy: OutboundProxy = {}) {
    this.#proxy = proxy
  }

  get size(): number {
    return this.#held.size
  }

  /** Takes a lane; give it back with `release`, which closes it behind the last holder once its requests are done. */
  hold(key: LaneKey): { lane: Lane; release(): Promise<void> } {
    const id = JSON.stringify([key.origin, key.verify, key.keepAlive, key.idleMs, key.idleCount])
    let held = this.#held.get(id)
    if (!held) {
      held = { lane: new Lane(key, this.#connect(key)), holders: 0 }
      this.#held.set(id, held)
    }
    held.holders += 1
    const mine = held
    return { lane: mine.lane, release: () => this.#release(id, mine) }
  }

  async #release(id: string, held: Held): Promise<void> {
    held.holders -= 1
    if (held.holders > 0) return
    this.#held.delete(id)
    await held.lane.dispatcher.close()
  }

  #connect({ origin, verify, idleMs }: LaneKey): Dispatcher {
    const options = {
      // The clocks of the call decide; undici's would be a second opinion at a coarser grain.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      maxHeaderSize: 64 * 1024,
      allowH2: false,
      connect: { timeout: 600_000, rejectUnauthorized: verify },
    }
    const { https, http, except = '' } = this.#proxy
    const via = origin.startsWith('https:') ? https : http
    if (via === undefined || isLoopback(origin)) return new Pool(origin, options)
    return new EnvHttpProxyAgent({
      ...options,
      httpProxy: http ?? '',
      httpsProxy: https ?? '',
      noProxy: except,
      requestTls: { rejectUnauthorized: verify },
    })
  }
}

/** A proxy elsewhere cannot reach what runs beside the gateway. */
function isLoopback(origin: string): boolean {
  const { hostname } = new URL(origin)
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}
