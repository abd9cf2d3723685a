import type { Outcome, ReplyStream, Sink } from '@sluice/kernel'

/** What a pump may do to the call whose answer it pumps. */
export interface Source {
  pause(): void
  resume(): void
  /** Closes the connection; nothing more comes. */
  stop(reason: Outcome): void
}

/** Bytes that are taken in before anybody wants them. */
const mostHeld = 64 * 1024

/** The body of an answer: held until someone starts it, handed on as it comes from then on. */
export class Pump implements ReplyStream {
  readonly done: Promise<Outcome>
  readonly #source: Source
  #settle: (outcome: Outcome) => void = () => {}
  #held: Buffer[] = []
  #heldBytes = 0
  #sink: Sink | undefined
  #outcome: Outcome | undefined

  constructor(source: Source) {
    this.#source = source
    this.done = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** Everything so far, once it is over; undefined while more may come. */
  get whole(): readonly Buffer[] | undefined {
    return this.#outcome === 'complete' ? this.#held : undefined
  }

  data(chunk: Buffer): void {
    if (this.#sink) {
      if (!this.#sink.write(chunk)) this.#source.pause()
      return
    }
    this.#held.push(chunk)
    this.#heldBytes += chunk.byteLength
    if (this.#heldBytes >= mostHeld) this.#source.pause()
  }

  /** The last call from upstream. */
  end(outcome: Outcome): void {
    if (this.#outcome !== undefined) return
    this.#outcome = outcome
    this.#settle(outcome)
    this.#sink?.end(outcome)
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
    else if (wantsMore) this.#source.resume()
    else this.#source.pause()
  }

  pause(): void {
    this.#source.pause()
  }

  resume(): void {
    this.#source.resume()
  }

  cancel(reason: Outcome): void {
    this.#sink = undefined
    this.#held = []
    if (this.#outcome !== undefined) return
    this.#outcome = reason
    this.#source.stop(reason)
    this.#settle(reason)
  }
}
