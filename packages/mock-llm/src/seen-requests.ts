import type { IncomingHttpHeaders } from 'node:http'
import type { ReceivedBody } from './received-body.ts'

/** How and when an exchange ended, in milliseconds of `performance.now()`. */
export interface Closed {
  /** `answer`: all was sent. `client`: it went away before. `mock`: a script or `close()` broke it off. */
  readonly by: 'answer' | 'client' | 'mock'
  readonly at: number
}

/** A request as it arrived; listed once its body is complete, or has broken off. */
export interface SeenRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as they were spelled. */
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  /** Milliseconds of `performance.now()`. */
  readonly at: number
  /** Whether the client went away before it had the whole answer. */
  readonly aborted: boolean
  /** Resolves once the exchange is over. */
  readonly closed: Promise<Closed>
}

/** The latest requests, and those who wait for the next. */
export interface SeenRequests {
  readonly list: readonly SeenRequest[]
  add(request: Arrived): (closed: Closed) => void
  /** Resolves with the n-th request since the start or the last `clear`; rejects when it is gone from the list. */
  wait(n: number): Promise<SeenRequest>
  /** Forgets all; those who wait are rejected with `reason`. */
  clear(reason: string): void
}

interface Arrived extends Omit<SeenRequest, 'body' | 'aborted' | 'closed'> {
  readonly body: ReceivedBody
}

interface Waiter {
  readonly n: number
  resolve(request: SeenRequest): void
  reject(error: Error): void
}

/** Keeps so many requests and no more than so many bytes of their bodies; the oldest go first. */
export function seenRequests({ count, bytes }: { count: number; bytes: number }): SeenRequests {
  const list: (SeenRequest & { readonly length: number })[] = []
  let waiters: Waiter[] = []
  let held = 0
  let total = 0

  function forget(): void {
    while (list.length > count || (held > bytes && list.length > 1)) held -= list.shift()?.length ?? 0
  }

  return {
    list,
    add({ body, ...request }) {
      const { promise, resolve } = Promise.withResolvers<Closed>()
      const seen = {
        ...request,
        get body() {
          return body.bytes
        },
        length: body.length,
        aborted: false,
        closed: promise,
      }
      list.push(seen)
      held += body.length
      total++
      const served = waiters.filter(({ n }) => n === total)
      waiters = waiters.filter(({ n }) => n !== total)
      for (const waiter of served) waiter.resolve(seen)
      forget()
      return (closed) => {
        seen.aborted = closed.by === 'client'
        resolve(closed)
      }
    },
    wait(n) {
      const seen = list.at(n - 1 - total)
      if (n <= total && n > total - list.length && seen) return Promise.resolve(seen)
      if (n <= total)
        return Promise.reject(new Error(`request ${n} is no longer kept; ${list.length} of ${total} are`))
      return new Promise((resolve, reject) => waiters.push({ n, resolve, reject }))
    },
    clear(reason) {
      list.length = 0
      held = 0
      total = 0
      for (const waiter of waiters) waiter.reject(new Error(reason))
      waiters = []
    },
  }
}
