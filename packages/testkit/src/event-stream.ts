import type { Outcome, ReplyStream, Sink } from '@sluice/kernel'
import { encodeEvent } from '@sluice/provider'

/** An event: its bytes as they are, separator included, or what its `data` says (text as it is, else its JSON). */
export type TestEvent = string | Uint8Array | { readonly event?: string; readonly data: unknown }

export interface EventStreamOptions {
  /** Cuts the bytes there, wherever that is: at these offsets, or after every so many. By default between events. */
  cutAt?: number | readonly number[]
  /** How it ends once everything is told; `never`: it stays open until somebody cancels it. */
  end?: Outcome | 'never'
}

/** A stream out of given events, which a test can look at. */
export interface TestStream extends ReplyStream {
  readonly isStarted: boolean
  readonly isPaused: boolean
  /** Why it was cancelled; undefined where it was not. */
  readonly cancelled: Outcome | undefined
  /** Bytes that it has given out. */
  readonly given: number
}

/** Makes a stream in `dialect` (none: bytes that are no events) that gives out its pieces as fast as it may, and stops between two when told to. */
export function eventStream(
  dialect: string | undefined,
  events: readonly TestEvent[],
  { cutAt, end = 'complete' }: EventStreamOptions = {},
): TestStream {
  const encoded = events.map(encode)
  const pieces = cutAt === undefined ? encoded : cut(Buffer.concat(encoded), cutAt)
  return new GivenStream(dialect, pieces, end)
}

class GivenStream implements TestStream {
  readonly dialect?: string
  readonly done: Promise<Outcome>
  isStarted = false
  isPaused = false
  cancelled: Outcome | undefined
  given = 0
  readonly #pieces: readonly Buffer[]
  #next = 0
  readonly #end: Outcome | 'never'
  #sink: Sink | undefined
  #settle: (outcome: Outcome) => void = () => {}
  #isGiving = false
  #isOver = false

  constructor(dialect: string | undefined, pieces: readonly Buffer[], end: Outcome | 'never') {
    if (dialect !== undefined) this.dialect = dialect
    this.#pieces = pieces
    this.#end = end
    this.done = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  start(sink: Sink): void {
    if (this.isStarted) throw new TypeError('a stream is started once')
    this.isStarted = true
    this.#sink = sink
    this.#give()
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    if (this.isStarted) this.#give()
  }

  cancel(reason: Outcome): void {
    if (this.#isOver) return
    this.#isOver = true
    this.cancelled = reason
    this.#settle(reason)
  }

  #give(): void {
    // A sink that resumes from within its `write` must not turn the order around.
    if (this.#isGiving) return
    this.#isGiving = true
    while (!this.isPaused && !this.#isOver) {
      const piece = this.#pieces[this.#next]
      if (!piece) break
      this.#next++
      this.given += piece.byteLength
      if (this.#sink?.write(piece) === false) this.isPaused = true
    }
    this.#isGiving = false
    if (this.#next === this.#pieces.length && !this.#isOver && !this.isPaused && this.#end !== 'never') this.#finish(this.#end)
  }

  #finish(outcome: Outcome): void {
    this.#isOver = true
    this.#sink?.end(outcome)
    this.#settle(outcome)
  }
}

function encode(event: TestEvent): Buffer {
  if (typeof event === 'string') return Buffer.from(event)
  if (event instanceof Uint8Array) return Buffer.from(event)
  return encodeEvent(typeof event.data === 'string' ? event.data : JSON.stringify(event.data), event.event)
}

function cut(bytes: Buffer, at: number | readonly number[]): Buffer[] {
  const offsets = typeof at === 'number' ? steps(bytes.byteLength, at) : at.filter((offset) => offset < bytes.byteLength)
  const pieces: Buffer[] = []
  let from = 0
  for (const offset of [...offsets.toSorted((a, b) => a - b), bytes.byteLength]) {
    if (offset > from) pieces.push(bytes.subarray(from, offset))
    from = Math.max(from, offset)
  }
  return pieces
}

function steps(length: number, size: number): number[] {
  if (!(size >= 1)) throw new RangeError(`cannot cut after every ${size} bytes`)
  return Array.from({ length: Math.floor(length / size) }, (_, index) => (index + 1) * size)
}
