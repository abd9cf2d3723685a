import { decodeEvent, EventFramer } from '@sluice/provider'
import { bodyLength, isStream, type Awaitable, type Outcome, type Reply, type ReplyStream, type Sink } from '@sluice/kernel'

/** One event of a streamed answer, or a whole answer, which passes as a single event. */
export interface ReplyEvent {
  /** As it came, separator included. */
  readonly bytes: Buffer
  /** A whole answer rather than one event of many. */
  readonly isWhole: boolean
  /** The event's name; empty where it has none. */
  readonly name: string
  /** Its payload as text; undefined for a comment. */
  readonly data: string | undefined
}

/** Ends the answer here: `events` are the last that the client sees. */
export interface Ending {
  readonly end: readonly Uint8Array[]
  readonly outcome: Outcome
}

/** What becomes of an event: nothing returned leaves it as it is; a list goes out in its place, an empty one drops it. */
export type Verdict = void | readonly Uint8Array[] | Ending

export interface EventEditor {
  /** Called for each event in order. While a promise is pending, the answer waits. */
  onEvent(event: ReplyEvent): Awaitable<Verdict>
  /** Called when the answer has ended by itself; what it returns goes out last. */
  onEnd?(outcome: Outcome): Awaitable<readonly Uint8Array[] | void>
}

/** Larger events are cut off as a broken stream: nothing here may grow without a bound. */
const maxEventBytes = 16 * 1024 * 1024

/** Lets `editor` see, change, hold back or end what a reply says. Events that it leaves alone keep their bytes. */
export async function editEvents(reply: Reply, editor: EventEditor): Promise<Reply> {
  const { body } = reply
  if (body === null || bodyLength(body) === 0) return reply
  if (isStream(body)) {
    const headers = { ...reply.headers }
    delete headers['content-length']
    return { status: reply.status, headers, body: new EditedStream(body, editor) }
  }
  return editWhole(reply, wholeOf(body), editor)
}

/** Ends the answer in the middle of a stream: `return endReply([event], 'blocked')`. */
export function endReply(events: readonly Uint8Array[], outcome: Outcome): Ending {
  return { end: events, outcome }
}

async function editWhole(reply: Reply, bytes: Buffer, editor: EventEditor): Promise<Reply> {
  const verdict = await editor.onEvent({ bytes, isWhole: true, name: '', data: bytes.toString('utf8') })
  const kept = verdict === undefined ? [bytes] : 'end' in verdict ? verdict.end : verdict
  const last = (verdict && 'end' in verdict ? undefined : await editor.onEnd?.('complete')) ?? []
  if (verdict === undefined && last.length === 0) return reply
  const headers = { ...reply.headers }
  delete headers['content-length']
  return { status: reply.status, headers, body: [...kept, ...last] }
}

function wholeOf(body: string | Uint8Array | readonly Uint8Array[]): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return Buffer.concat(body)
}

class StreamEvent implements ReplyEvent {
  readonly bytes: Buffer
  readonly isWhole = false
  #decoded: ReturnType<typeof decodeEvent> | undefined

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get name(): string {
    return (this.#decoded ??= decodeEvent(this.bytes)).event
  }

  get data(): string | undefined {
    const { data } = (this.#decoded ??= decodeEvent(this.bytes))
    return data === '' ? undefined : data
  }
}

/** Pulls events through an editor, one after the other; what comes meanwhile waits, and upstream is paused. */
class EditedStream implements ReplyStream {
  readonly source: ReplyStream
  readonly done: Promise<Outcome>
  readonly #editor: EventEditor
  readonly #framer = new EventFramer(maxEventBytes)
  readonly #queue: Buffer[] = []
  #sink: Sink | undefined
  #settle: (outcome: Outcome) => void = () => {}
  #sourceEnd: Outcome | undefined
  #busy = false
  #clientFull = false
  #over = false

  constructor(source: ReplyStream, editor: EventEditor) {
    this.source = source
    this.#editor = editor
    this.done = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  get dialect(): string {
    return this.source.dialect ?? ''
  }

  start(sink: Sink): void {
    this.#sink = sink
    this.source.start({
      write: (bytes) => this.#take(bytes),
      end: (outcome) => {
        this.#sourceEnd = outcome
        const rest = this.#framer.end()
        if (rest) this.#queue.push(rest)
        void this.#work()
      },
    })
  }

  pause(): void {
    this.#clientFull = true
    this.source.pause()
  }

  resume(): void {
    this.#clientFull = false
    if (!this.#busy) this.source.resume()
  }

  cancel(reason: Outcome): void {
    if (this.#over) return
    this.#over = true
    this.source.cancel(reason)
    this.#settle(reason)
  }

  #take(bytes: Uint8Array): boolean {
    if (this.#over) return false
    try {
      const framed = this.#framer.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      if (framed) {
        let start = 0
        for (const end of framed.ends) {
          this.#queue.push(framed.bytes.subarray(start, end))
          start = end
        }
      }
    } catch {
      this.#finish('truncated') // an event too large to hold
      return false
    }
    void this.#work()
    return !this.#busy && !this.#clientFull
  }

  async #work(): Promise<void> {
    if (this.#busy || this.#over) return
    this.#busy = true
    try {
      await this.#drain()
      if (this.#sourceEnd !== undefined && !this.#over) {
        const last = await this.#editor.onEnd?.(this.#sourceEnd)
        if (last) this.#write(last)
        this.#finish(this.#sourceEnd)
      }
    } catch {
      this.#finish('gateway_error')
    } finally {
      this.#busy = false
      if (!this.#over && !this.#clientFull) this.source.resume()
    }
  }

  async #drain(): Promise<void> {
    let waited = false
    for (let bytes = this.#queue.shift(); bytes && !this.#over; bytes = this.#queue.shift()) {
      const pending = this.#editor.onEvent(new StreamEvent(bytes))
      if (pending instanceof Promise && !waited) {
        waited = true
        this.source.pause()
      }
      const verdict = pending instanceof Promise ? await pending : pending
      if (this.#over) return
      if (verdict === undefined) this.#write([bytes])
      else if ('end' in verdict) {
        this.#write(verdict.end)
        this.source.cancel(verdict.outcome)
        this.#finish(verdict.outcome)
      } else this.#write(verdict)
    }
  }

  #write(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) if (this.#sink?.write(piece) === false) this.pause()
  }

  #finish(outcome: Outcome): void {
    if (this.#over) return
    this.#over = true
    if (this.#sourceEnd === undefined) this.source.cancel(outcome)
    // The client of an answer that was ended on purpose has a whole answer.
    this.#sink?.end(outcome === 'blocked' ? 'complete' : outcome)
    this.#settle(outcome)
  }
}
