import { Flight } from './flight.ts'

/** What a token endpoint granted. */
export interface Grant {
  readonly token: string
  /** How long it is valid, in seconds. */
  readonly expiresIn: number
}

/** How to get a token, and how long it may be used. */
export interface TokenCacheOptions {
  readonly fetch: (signal: AbortSignal) => Promise<Grant>
  /** Seconds that no token outlives, whatever the endpoint granted. */
  readonly maxTtl: number
  /** Seconds before its end at which a token is replaced. */
  readonly expireEarlySecs: number
  /** Unix time, milliseconds. */
  readonly now: () => number
}

interface Held {
  readonly token: string
  /** The same promise for every caller: a token at hand costs no allocation. */
  readonly promise: Promise<string>
  readonly from: number
  /** From here on a new one is fetched. */
  readonly fresh: number
  /** From here on it may not be used at all. */
  readonly end: number
}

/** How long a failure answers for the endpoint, in milliseconds. */
const pause = 1_000

/** Keeps one token and replaces it when its time comes: one fetch at a time, shared by all who wait. */
export class TokenCache {
  readonly #options: TokenCacheOptions
  #held: Held | undefined
  #flight: Flight<string> | undefined
  #failure: { readonly error: unknown; readonly from: number } | undefined

  constructor(options: TokenCacheOptions) {
    this.#options = options
  }

  /**
   * A valid token, from the cache or fetched. Rejects with a `CloudAuthError`, or with the reason of the caller's own
   * `signal`; a failure answers for the endpoint for one second.
   */
  token(signal?: AbortSignal): Promise<string> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const at = this.#options.now()
    const held = this.#held
    if (held !== undefined && at >= held.from && at < held.fresh) return held.promise
    const failure = this.#failure
    if (failure !== undefined && at >= failure.from && at < failure.from + pause) {
      return this.#lastResort(at)?.promise ?? Promise.reject(failure.error)
    }
    if (this.#flight === undefined || this.#flight.cancelled) this.#flight = new Flight((stop) => this.#refresh(stop))
    return this.#flight.join(signal)
  }

  /** Forgets a token that the API refused (401), so that the next call fetches another; any but the one that is held is ignored. */
  drop(token: string): void {
    if (this.#held?.token === token) this.#held = undefined
  }

  /** A flight that everybody left changes nothing: by then another one may be under way. */
  async #refresh(stop: AbortSignal): Promise<string> {
    const { fetch, now } = this.#options
    // The lifetime counts from before the request: how long the answer took to come is not ours to use.
    const from = now()
    try {
      const grant = await fetch(stop)
      if (stop.aborted) return grant.token
      this.#flight = this.#failure = undefined
      this.#held = this.#hold(grant, from)
      return grant.token
    } catch (error) {
      if (stop.aborted) throw error
      this.#flight = undefined
      this.#failure = { error, from: now() }
      const old = this.#lastResort(now())
      if (old === undefined) throw error
      return old.token
    }
  }

  #hold({ token, expiresIn }: Grant, from: number): Held {
    const { maxTtl, expireEarlySecs } = this.#options
    // A token that is granted for less than the margin is used to its end; else it would be stale on arrival.
    const early = expiresIn > expireEarlySecs ? expiresIn - expireEarlySecs : expiresIn
    const after = (seconds: number) => from + Math.min(seconds, maxTtl) * 1_000
    return { token, promise: Promise.resolve(token), from, fresh: after(early), end: after(expiresIn) }
  }

  /** The old token inside its early window: due to be replaced, still good when that fails. */
  #lastResort(at: number): Held | undefined {
    const held = this.#held
    return held !== undefined && at >= held.from && at < held.end ? held : undefined
  }
}
