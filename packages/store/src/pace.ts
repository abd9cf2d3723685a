/** Share of the time for which a client's changes may wait for the data plane. */
const mostWaiting = 0.5
const secondMs = 1_000

/** Whether changes come so fast that each of them cannot wait until it is served. */
export class Pace {
  /** Milliseconds, on `performance.now()`, of the changes of the last second. */
  readonly #recent: number[] = []
  #servingMs = 0

  /** A change came. */
  came(): void {
    const now = performance.now()
    this.#recent.push(now)
    while ((this.#recent[0] ?? now) < now - secondMs) this.#recent.shift()
  }

  /** A state was served; it took so long. */
  served(ms: number): void {
    this.#servingMs = this.#servingMs === 0 ? ms : this.#servingMs * 0.7 + ms * 0.3
  }

  /** Milliseconds that it takes to serve a state, as far as is known. */
  get servingMs(): number {
    return this.#servingMs
  }

  get hasTimeToWait(): boolean {
    return this.#recent.length * this.#servingMs <= mostWaiting * secondMs
  }
}
