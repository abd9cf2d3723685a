import type { Chain, ConsumerDirectory, Exchange } from '@sluice/kernel'
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
  /** Absent where nobody is known. */
  readonly directory: ConsumerDirectory | undefined
  /** Lets go of the chains; each ends with the last exchange that runs on it. Called once. */
  dispose(): Promise<void>
}

/**
 * One configuration, compiled and immutable. Exchanges choose their chain in it and hold that alone: once it is retired it
 * keeps nothing alive but the chains on which exchanges run, each until the last of them has ended.
 */
export class Snapshot {
  /** Settles once it was retired, its last exchange has ended, and all that it held is given back. */
  readonly disposed: Promise<unknown>
  readonly #end: (endings: Promise<unknown>) => void
  #parts: SnapshotParts | undefined
  #inFlight = 0
  /** Exchanges that have not chosen their chain. */
  #choosing = 0
  #isRetired = false
  readonly #endings: Promise<void>[] = []

  constructor(parts: SnapshotParts) {
    this.#parts = parts
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.disposed = promise
    this.#end = resolve
  }

  get router(): Router<Exchange, CompiledRoute> {
    return this.#held.router
  }

  /** The global rules alone, for requests that no route matches. */
  get notFound(): Chain {
    return this.#held.notFound
  }

  /** In the order in which they are written. */
  get routes(): readonly CompiledRoute[] {
    return this.#held.routes
  }

  /** Exchanges that began on it and have not ended. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** An exchange begins. Take the current snapshot and acquire it without waiting in between. */
  acquire(): void {
    if (!this.#parts) throw gone()
    this.#inFlight += 1
    this.#choosing += 1
  }

  /** Gives an exchange that runs on no chain its consumers, which it closes itself; before another one, for which this is done, has chosen. */
  openDirectory(ctx: Exchange): void {
    const { directory } = this.#held
    if (directory) ctx.openDirectory(directory)
  }

  /** The exchange has chosen its chain, and needs nothing else of the snapshot but its consumers, which it holds itself while it may ask who they are. */
  choose(chain: Chain, ctx: Exchange): void {
    chain.hold()
    this.openDirectory(ctx)
    this.#choosing -= 1
    if (this.#isRetired) this.#letGo()
  }

  /** The exchange is settled; `chain` is what it chose, if it did. Call it once for each `acquire`. */
  release(chain?: Chain): void {
    if (this.#inFlight === 0) throw new Error('this snapshot was released more often than acquired')
    this.#inFlight -= 1
    if (!chain) this.#choosing -= 1
    const ending = chain?.drop()
    if (ending) this.#endings.push(ending)
    if (this.#isRetired) this.#letGo()
  }

  /** Another snapshot serves from now on; does not wait for the exchanges that run on this one. Later calls change nothing. */
  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    this.#letGo()
  }

  get #held(): SnapshotParts {
    if (!this.#parts) throw gone()
    return this.#parts
  }

  #letGo(): void {
    if (this.#choosing > 0) return
    if (this.#parts) this.#endings.push(this.#parts.dispose())
    this.#parts = undefined
    if (this.#inFlight === 0) this.#end(Promise.all(this.#endings))
  }
}

function gone(): Error {
  return new Error('this snapshot has been disposed of')
}
