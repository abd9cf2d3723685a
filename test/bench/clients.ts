import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from './connection.ts'
import type { Ran } from './load.ts'
import { streamGapMs, type Traffic } from './scenarios.ts'
import { Tally } from './tally.ts'

/** The clients of one scenario at one target, each with a connection that it keeps. */
export class Clients {
  readonly #traffic: Traffic
  readonly #connections: readonly Connection[]
  readonly #requests: readonly Buffer[]
  #next = 0

  constructor(traffic: Traffic, { hostname, port }: URL) {
    this.#traffic = traffic
    this.#requests = traffic.requests()
    this.#connections = Array.from({ length: traffic.connections }, () => new Connection(hostname, Number(port || 80)))
  }

  /** Opens the connections that are not open. */
  async open(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.open()))
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  /** Sends one slice; resolves when its last answer is here. */
  async run(sliceMs: number | undefined): Promise<Ran> {
    const { slice } = this.#traffic
    const tally = new Tally()
    const until = slice === 'once' ? 0 : performance.now() + (sliceMs ?? slice)
    const spread = slice === 'once' ? streamGapMs / this.#connections.length : 0
    await Promise.all(
      this.#connections.map(async (connection, n) => {
        if (spread > 0) await sleep(n * spread)
        do tally.add(await this.#exchange(connection))
        while (performance.now() < until && !tally.isHopeless)
      }),
    )
    return tally.ran
  }

  async #exchange(connection: Connection): Promise<string | undefined> {
    const request = this.#requests[this.#next++ % this.#requests.length] as Buffer
    try {
      await connection.open()
      return this.#traffic.check(await connection.send(request))
    } catch (error) {
      return (error as Error).message
    }
  }
}
