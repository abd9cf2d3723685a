import type { Dispatcher } from 'undici'
import { Connections, type ConnectionKey } from './connections.ts'

/** A claim on the connections of a key. */
export interface Lease {
  readonly origin: string
  readonly dispatcher: Dispatcher
  /** Gives it up, once no answer is under way any more; the last one closes the connections, those still being made included. */
  release(): Promise<void>
}

interface Held {
  readonly dispatcher: Dispatcher
  leases: number
}

/** The connections of a process, shared by all who could use one another's. */
export class Agents {
  readonly #connect: (key: ConnectionKey) => Dispatcher
  readonly #held = new Map<string, Held>()

  /** `connect` makes the dispatcher of a key that is new; it is destroyed with its last lease. */
  constructor(connect: (key: ConnectionKey) => Dispatcher = (key) => new Connections(key)) {
    this.#connect = connect
  }

  get size(): number {
    return this.#held.size
  }

  /** Throws where the origin is not one. */
  acquire(key: ConnectionKey): Lease {
    const id = JSON.stringify([key.origin, key.verify, key.connectMs, key.idle.size, key.idle.ms, key.idle.requests])
    const held = this.#held.get(id) ?? { dispatcher: this.#connect(key), leases: 0 }
    this.#held.set(id, held)
    held.leases += 1
    let isReleased = false
    return {
      origin: key.origin,
      dispatcher: held.dispatcher,
      release: async () => {
        if (isReleased) return
        isReleased = true
        held.leases -= 1
        if (held.leases > 0) return
        this.#held.delete(id)
        await held.dispatcher.destroy()
      },
    }
  }
}
