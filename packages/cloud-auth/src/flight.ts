/**
 * One run of a slow task that several callers wait for. A caller that goes does not disturb the others; when the last
 * one has gone the task's signal aborts. The task starts in the next microtask.
 */
export class Flight<T> {
  readonly #controller = new AbortController()
  readonly #done: Promise<T>
  #waiting = 0

  constructor(task: (signal: AbortSignal) => Promise<T>) {
    this.#done = Promise.resolve(this.#controller.signal).then(task)
    // Who waits hears of a failure; after everybody has gone there is nobody left to tell.
    this.#done.catch(() => {})
  }

  /** Whether everybody had gone: nobody may join any more. */
  get cancelled(): boolean {
    return this.#controller.signal.aborted
  }

  /** The result of the run; rejects with the signal's reason as soon as the caller has gone. */
  join(signal?: AbortSignal): Promise<T> {
    this.#waiting += 1
    if (signal === undefined) return this.#done
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        reject(signal.reason)
        this.#waiting -= 1
        if (this.#waiting === 0) this.#controller.abort()
      }
      const stay = () => signal.removeEventListener('abort', leave)
      signal.addEventListener('abort', leave, { once: true })
      this.#done.then(resolve, reject).finally(stay)
    })
  }
}
