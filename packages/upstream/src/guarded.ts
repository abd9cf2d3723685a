import { HttpError, type Exchange } from '@sluice/kernel'
import type { Receiver } from './upstream-call.ts'

/**
 * Stands before a receiver where nobody else would catch what it throws: a plugin's sink may lie behind it, and undici,
 * zlib and timers call it from outside of every hook. The exchange breaks off then; the process does not.
 */
export class Guarded implements Receiver {
  readonly #inner: Receiver
  readonly #ctx: Exchange
  readonly #stop: () => void
  #isBroken = false

  /** `stop` ends the call whose answer it is. */
  constructor(inner: Receiver, ctx: Exchange, stop: () => void) {
    this.#inner = inner
    this.#ctx = ctx
    this.#stop = stop
  }

  data(chunk: Buffer): void {
    if (this.#isBroken) return
    try {
      this.#inner.data(chunk)
    } catch (error) {
      this.#breakOff(error)
    }
  }

  end(): void {
    if (this.#isBroken) return
    try {
      this.#inner.end()
    } catch (error) {
      this.#breakOff(error)
      this.#ctx.abort('gateway_error') // it may take itself to have ended, while the client still waits for that
    }
  }

  fail(error: HttpError): void {
    if (this.#isBroken) return
    try {
      this.#inner.fail(error)
    } catch (err) {
      this.#isBroken = true
      this.#ctx.log.error({ err }, 'the answer broke off')
      this.#ctx.abort('gateway_error')
    }
  }

  #breakOff(err: unknown): void {
    this.#isBroken = true
    this.#ctx.log.error({ err }, 'the answer broke off')
    this.#stop()
    try {
      this.#inner.fail(new HttpError(500, 'internal_error', 'internal error', { cause: err }))
    } catch {
      this.#ctx.abort('gateway_error') // the log has the first of the two, which tells more
    }
  }
}
