import type { HttpError } from '@sluice/kernel'
import type { Receiver } from '@sluice/upstream'
import { elapsed, type Attempt } from './attempt.ts'

export interface GatheringOptions {
  readonly attempt: Attempt
  /** Bytes that are gathered at most. */
  readonly limit: number
  /** Ends the upstream call. */
  stop(): void
  /** All of it. */
  whole(body: Buffer): void
  /** There is more than the limit; the call is stopped. `body` is what there was of it. */
  tooLarge(body: Buffer): void
  /** It broke off after `body`. */
  failed(error: HttpError, body: Buffer): void
}

/** Takes a body that is to be looked at as a whole. */
export class Gathering implements Receiver {
  readonly #options: GatheringOptions
  readonly #pieces: Buffer[] = []
  #length = 0

  constructor(options: GatheringOptions) {
    this.#options = options
  }

  data(chunk: Buffer): void {
    const { attempt, limit, stop, tooLarge } = this.#options
    attempt.account.firstByteMs ??= elapsed(attempt)
    this.#length += chunk.byteLength
    this.#pieces.push(chunk)
    if (this.#length <= limit) return
    stop()
    this.#settle()
    tooLarge(this.#body())
  }

  end(): void {
    this.#settle()
    this.#options.whole(this.#body())
  }

  fail(error: HttpError): void {
    this.#settle()
    this.#options.failed(error, this.#body())
  }

  #settle(): void {
    const { attempt } = this.#options
    attempt.account.durationMs = elapsed(attempt)
  }

  #body(): Buffer {
    const [first] = this.#pieces
    return this.#pieces.length === 1 && first ? first : Buffer.concat(this.#pieces)
  }
}
