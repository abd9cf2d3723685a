import type { Chain, Exchange } from '@sluice/kernel'
import type { Router } from '@sluice/router'
import type { ResolvedRoute } from './resolve-route.ts'

/** A route that serves, with the chain that its exchanges run on. */
export interface CompiledRoute extends ResolvedRoute {
  readonly chain: Chain
}

export interface SnapshotParts {
  readonly routes: readonly CompiledRoute[]
  readonly router: Router<Exchange, CompiledRoute>
  readonly notFound: Chain
  /** Gives back what the chains hold. Called once. */
  dispose(): Promise<void>
}

/** One configuration, compiled and immutable. It lives until it is retired and its last exchange has ended. */
export class Snapshot {
  readonly router: Router<Exchange, CompiledRoute>
  /** The global rules alone, for requests that no route matches. */
  readonly notFound: Chain
  /** In the order in which they are written. */
  readonly routes: readonly CompiledRoute[]
  /** Settles once it was retired, its last exchange has ended, and all that it held is given back. */
  readonly disposed: Promise<void>
  readonly #end: () => void
  #inFlight = 0
  #isRetired = false

  constructor({ routes, router, notFound, dispose }: SnapshotParts) {
    this.routes = routes
    this.router = router
    this.notFound = notFound
    const { promise, resolve } = Promise.withResolvers<void>()
    this.disposed = promise
    this.#end = () => resolve(dispose())
  }

  /** Exchanges that run on it. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** An exchange begins. Take the current snapshot and acquire it without waiting in between. */
  acquire(): void {
    if (this.#isRetired && this.#inFlight === 0) throw new Error('this snapshot has been disposed of')
    this.#inFlight += 1
  }

  /** The exchange is settled. Call it once for each `acquire`. */
  release(): void {
    if (this.#inFlight === 0) throw new Error('this snapshot was released more often than acquired')
    this.#inFlight -= 1
    this.#endIfIdle()
  }

  /** Another snapshot serves from now on; does not wait for the exchanges that run on this one. Later calls change nothing. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    this.#endIfIdle()
  }

  #endIfIdle(): void {
    if (this.#isRetired && this.#inFlight === 0) this.#end()
  }
}
