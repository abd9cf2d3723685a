import type { HttpError, Outcome, ReplyStream, Sink } from '@sluice/kernel'
import type { Flow, Receiver } from './upstream-call.ts'

/** Bytes that are taken in before anybody wants them. */
const mostHeld = 64 * 1024

/** The body of an answer that nobody looks into: held until someone starts it, handed on as it comes from then on. */
export class Pump implements Receiver, ReplyStream {
  readonly done: Promise<Outcome>
  readonly #flow: Flow
  #settle: (outcome: Outcome) => void = () => {}
  #held: Buffer[] = []
  #heldBytes = 0
  #sink: Sink | undefined
  #outcome: Outcome | undefined
  #error: HttpError | undefined

  constructor(flow: Flow) {
    this.#flow = flow
    this.done = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** Everything so far, once it is over; undefined while more may come. */
  get whole(): readonly Buffer[] | undefined {
    return this.#outcome === 'complete' ? this.#held : undefined
  }

  /** Why it broke off, if it did. */
  get error(): HttpError | undefined {
    return this.#error
  }

  data(chunk: Buffer): void {
    if (this.#sink) {
      if (!this.#sink.write(chunk)) this.#flow.pause()
      return
    }
    this.#held.push(chunk)
    this.#heldBytes += chunk.byteLength
    if (this.#heldBytes >= mostHeld) this.#flow.pause()
  }

  end(): void {
    this.#finish('complete')
  }

  fail(error: HttpError): void {
    this.#error = error
    this.#finish(error.outcome === 'upstream_error' ? 'truncated' : error.outcome)
  }

  start(sink: Sink): void {
    if (this.#sink) throw new TypeError('the stream was started before')
    const held = this.#held
    this.#held = []
    this.#sink = sink
    let wantsMore = true
    for (const bytes of held) if (this.#sink) wantsMore = sink.write(bytes) && wantsMore
    if (!this.#sink) return
    if (this.#outcome !== undefined) sink.end(this.#outcome)
    else if (wantsMore) this.#flow.resume()
    else this.#flow.pause()
  }

  pause(): void {
    this.#flow.pause()
  }

  resume(): void {
    this.#flow.resume()
  }

  cancel(reason: Outcome): void {
    this.#sink = undefined
    this.#held = []
    if (this.#outcome !== undefined) return
    this.#outcome = reason
    this.#flow.stop(reason)
    this.#settle(reason)
  }

  #finish(outcome: Outcome): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.#settle(outcome)
    this.#sink?.end(outcome)
  }
}
