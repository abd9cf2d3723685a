import { checkAddition, CountersUnavailableError, type Addition, type Count, type Counters } from '@sluice/kernel'
import type { PrimaryLink } from './primary-link.ts'
import type { ToPrimary, ToWorker } from './worker-messages.ts'

/** Milliseconds that the primary gets to answer; an exchange waits for it. */
const answerMs = 1_000

interface Waiting {
  resolve(count: Count): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

/** Counts at the primary. What one turn of the event loop adds goes in one message. */
export class PrimaryCounters implements Counters {
  readonly #link: PrimaryLink
  readonly #waiting = new Map<number, Waiting>()
  #outgoing: [id: number, key: string, addition: Addition][] = []
  #ids = 0

  constructor(link: PrimaryLink) {
    this.#link = link
  }

  add(key: string, addition: Addition): Promise<Count> {
    checkAddition(addition)
    const id = ++this.#ids
    const { promise, resolve, reject } = Promise.withResolvers<Count>()
    const timer = setTimeout(() => this.#fail(id, `the primary process has not answered within ${answerMs} ms`), answerMs)
    this.#waiting.set(id, { resolve, reject, timer })
    if (this.#outgoing.length === 0) setImmediate(() => this.#send())
    this.#outgoing.push([id, key, addition])
    return promise
  }

  /** The primary has counted. What comes after its time is nobody's. */
  counted({ counts }: Extract<ToWorker, { type: 'counted' }>): void {
    for (const [id, count] of counts) this.#take(id)?.resolve(count)
  }

  #send(): void {
    const additions = this.#outgoing
    this.#outgoing = []
    const message: ToPrimary = { type: 'count', additions }
    try {
      this.#link.send(message)
    } catch (error) {
      for (const [id] of additions) this.#fail(id, (error as Error).message)
    }
  }

  #fail(id: number, why: string): void {
    this.#take(id)?.reject(new CountersUnavailableError(why))
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (!waiting) return undefined
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    return waiting
  }
}
