import type { Framing } from '@sluice/provider'
import type { Outcome, ReplyStream, Sink } from '@sluice/kernel'
import type { EventEditor, ReplyEvent, Verdict } from './edit-events.ts'

/** Larger events, and larger answers that must be seen whole, break off: nothing here may grow without a bound. */
const maxEventBytes = 16 * 1024 * 1024
const maxWholeBytes = 64 * 1024 * 1024

/** Cuts the bytes of an answer into what an editor sees. Throws where one piece is too large to hold. */
export interface Cutter {
  push(bytes: Buffer): readonly ReplyEvent[]
  end(): ReplyEvent | undefined
}

/** One event after the other. */
export function cutEvents(framing: Framing): Cutter {
  const framer = framing.framer(maxEventBytes)
  return {
    push: (pushed) => {
      const framed = framer.push(pushed)
      if (!framed) return []
      let start = 0
      return framed.ends.map((end) => new StreamEvent(framed.bytes.subarray(start, (start = end)), framing))
    },
    end: () => {
      const rest = framer.end()
      // A fragment of a message is no event, and nobody can read it.
      return rest && framing.separator && new StreamEvent(rest, framing)
    },
  }
}

/** Everything at the end. */
export function cutWhole(): Cutter {
  const pieces: Buffer[] = []
  let length = 0
  return {
    push: (bytes) => {
      length += bytes.byteLength
      if (length > maxWholeBytes) throw new RangeError(`an answer of more than ${maxWholeBytes} bytes cannot be edited`)
      pieces.push(bytes)
      return []
    },
    end: () => {
      const bytes = Buffer.concat(pieces)
      return { bytes, isWhole: true, name: '', data: bytes.toString('utf8') }
    },
  }
}

class StreamEvent implements ReplyEvent {
  readonly bytes: Buffer
  readonly isWhole = false
  readonly #framing: Framing

  constructor(bytes: Buffer, framing: Framing) {
    this.bytes = bytes
    this.#framing = framing
  }

  get name(): string {
    return this.#framing.nameOf(this.bytes)
  }

  get data(): string | undefined {
    const data = this.#framing.dataOf(this.bytes)
    return data === undefined || data.length === 0 ? undefined : data.toString('utf8')
  }
}

export interface Editing {
  readonly editor: EventEditor
  readonly cut: Cutter
  /** The editor has ended the answer. */
  ended(outcome: Outcome): void
  /** The editor threw, or the answer cannot be edited. */
  failed(error: unknown): Failure
  /** Whoever takes the edited answer threw: there is nobody left to tell in the answer. */
  lost(error: unknown): void
}

/** How an answer ends whose editor threw. */
export interface Failure {
  /** Tells the client; absent where its dialect is not known. */
  readonly event: Buffer | undefined
  /** The editor threw on purpose, and how that counts. */
  readonly refused?: Outcome
}

/** Pulls events through an editor, one after the other; what comes while one waits is queued, and upstream is paused. */
export class EditedStream implements ReplyStream {
  readonly source: ReplyStream
  readonly dialect?: string
  readonly done: Promise<Outcome>
  readonly #editing: Editing
  /** Bounded by what one read of upstream brings: it is paused before there is more. */
  #queue: readonly ReplyEvent[] = []
  #sink: Sink | undefined
  #settle: (told: Outcome | Promise<Outcome>) => void = () => {}
  #sourceEnd: Outcome | undefined
  #isWaiting = false
  #isWorking = false
  #isClientFull = false
  #isOver = false

  constructor(source: ReplyStream, editing: Editing) {
    this.source = source
    if (source.dialect !== undefined) this.dialect = source.dialect
    this.#editing = editing
    this.done = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  start(sink: Sink): void {
    this.#sink = sink
    this.source.start({ write: (bytes) => this.#take(bytes), end: (outcome) => this.#sourceEnded(outcome) })
  }

  pause(): void {
    this.#isClientFull = true
    this.source.pause()
  }

  resume(): void {
    this.#isClientFull = false
    if (!this.#isWaiting) this.source.resume()
  }

  cancel(reason: Outcome): void {
    if (this.#isOver) return
    this.#isOver = true
    this.source.cancel(reason)
    this.#settle(reason)
  }

  #take(bytes: Uint8Array): boolean {
    if (this.#isOver) return false
    try {
      this.#enqueue(this.#editing.cut.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)))
    } catch (error) {
      this.#fail(error, 'truncated')
      return false
    }
    this.#work()
    return !this.#isWaiting && !this.#isClientFull && !this.#isOver
  }

  #sourceEnded(outcome: Outcome): void {
    if (this.#isOver) return
    this.#sourceEnd = outcome
    const rest = this.#editing.cut.end()
    if (rest) this.#enqueue([rest])
    this.#work()
  }

  #enqueue(events: readonly ReplyEvent[]): void {
    if (events.length > 0) this.#queue = this.#queue.length > 0 ? [...this.#queue, ...events] : events
  }

  /** Edits what is queued until something must be waited for; an editor that answers at once costs no promise. */
  #work(): void {
    if (this.#isWorking) return
    this.#isWorking = true
    try {
      while (this.#queue.length > 0 && !this.#isWaiting) this.#editQueued()
      if (this.#sourceEnd !== undefined && !this.#isWaiting && !this.#isOver) this.#endWith(this.#sourceEnd)
    } catch (error) {
      this.#fail(error, 'gateway_error')
    }
    this.#isWorking = false
  }

  #editQueued(): void {
    const events = this.#queue
    this.#queue = []
    for (let at = 0; at < events.length && !this.#isOver; at++) {
      const event = events[at] as ReplyEvent
      const verdict = this.#editing.editor.onEvent(event)
      if (verdict instanceof Promise) {
        this.#queue = [...events.slice(at + 1), ...this.#queue]
        void this.#wait(verdict, (settled) => this.#apply(event, settled))
        return
      }
      this.#apply(event, verdict)
    }
  }

  #endWith(outcome: Outcome): void {
    const last = this.#editing.editor.onEnd?.(outcome)
    if (last instanceof Promise) void this.#wait(last, (settled) => this.#close(settled, outcome))
    else this.#close(last, outcome)
  }

  async #wait<T>(pending: Promise<T>, use: (value: T) => void): Promise<void> {
    this.#isWaiting = true
    this.source.pause()
    try {
      const value = await pending
      this.#isWaiting = false
      if (this.#isOver) return
      use(value)
    } catch (error) {
      this.#isWaiting = false
      this.#fail(error, 'gateway_error')
    }
    this.#work()
    if (!this.#isOver && !this.#isWaiting && !this.#isClientFull) this.source.resume()
  }

  #apply(event: ReplyEvent, verdict: Verdict): void {
    if (verdict === undefined) this.#write([event.bytes])
    else if ('end' in verdict) {
      this.#write(verdict.end)
      this.#finish(verdict.outcome)
      this.#editing.ended(verdict.outcome)
    } else this.#write(verdict)
  }

  #close(last: readonly Uint8Array[] | void, outcome: Outcome): void {
    if (last) this.#write(last)
    // How its connection ends is not always how it went: a response may have failed and be whole.
    this.#finish(outcome, this.source.done)
  }

  #write(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) if (!this.#isOver && !this.#send(piece)) this.pause()
  }

  /** False: no more for now. What a sink throws is no failure of the editor, and no reason to tell that sink. */
  #send(piece: Uint8Array): boolean {
    try {
      return this.#sink?.write(piece) !== false
    } catch (error) {
      this.cancel('gateway_error')
      this.#editing.lost(error)
      return false
    }
  }

  #fail(error: unknown, outcome: Outcome): void {
    if (this.#isOver) return
    const { event, refused } = this.#editing.failed(error)
    if (event) this.#write([event])
    this.#finish(refused ?? outcome)
    if (refused !== undefined) this.#editing.ended(refused)
  }

  #finish(outcome: Outcome, told: Outcome | Promise<Outcome> = outcome): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#queue = []
    if (this.#sourceEnd === undefined) this.source.cancel(outcome)
    this.#settle(told)
    try {
      // The client of an answer that was ended on purpose has a whole answer.
      this.#sink?.end(outcome === 'blocked' ? 'complete' : outcome)
    } catch (error) {
      this.#editing.lost(error)
    }
  }
}
