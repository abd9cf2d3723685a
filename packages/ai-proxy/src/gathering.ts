import { PieceList, type HttpError } from '@sluice/kernel'
import type { Receiver } from '@sluice/upstream'
import { elapsed, type Attempt } from './attempt.ts'

export interface GatheringOptions {
  readonly attempt: Attempt
  /** Bytes that are gathered at most. */
  readonly limit: number
  /** Ends the upstream call. */
  stop(): void
  /** All of it, in the pieces that it came in. */
  whole(body: readonly Buffer[]): void
  /** There is more than the limit; the call is stopped. `body` is what there was of it. */
  tooLarge(body: readonly Buffer[]): void
  /** It broke off after `body`. */
  failed(error: HttpError, body: readonly Buffer[]): void
}

/** Takes a body that is to be looked at as a whole. */
export class Gathering implements Receiver {
  readonly #options: GatheringOptions
  readonly #gathered = new PieceList()

  constructor(options: GatheringOptions) {
    this.#options = options
  }

  data(chunk: Buffer): void {
    const { attempt, limit, stop, tooLarge } = this.#options
    attempt.account.firstByteMs ??= elapsed(attempt)
    this.#gathered.push(chunk)
    if (this.#gathered.length <= limit) return
    stop()
    this.#settle()
    tooLarge(this.#gathered.pieces)
  }

  end(): void {
    this.#settle()
    this.#options.whole(this.#gathered.pieces)
  }

  fail(error: HttpError): void {
    this.#settle()
    this.#options.failed(error, this.#gathered.pieces)
  }

  #settle(): void {
    const { attempt } = this.#options
    attempt.account.durationMs = elapsed(attempt)
  }
}
