import { Saw, type DialectFacts, type StreamReader } from '@sluice/dialects'
import type { HttpError, Outcome, ReplyStream, Sink } from '@sluice/kernel'
import { FramingError, serverSentEvents, type Framer, type Framing } from '@sluice/provider'
import type { Flow, IncomingHeaders, Receiver } from '@sluice/upstream'
import { accountFor, elapsed, type Attempt } from './attempt.ts'
import { isWholeEvent } from './is-whole-event.ts'
import { maxEventBytes, maxHeldBytes } from './stream-bounds.ts'
import { brokenStream, responseTooLarge, streamTruncated } from './answer-faults.ts'
import { streamHeaders } from './response-headers.ts'
import { cleanError, eventRepeats } from './secrets.ts'
import { TranslatedEvents } from './translated-events.ts'
import { toUpstreamFailure } from './upstream-failure.ts'

/**
 * Relays an event stream in whole events, as the bytes that came. Until the first content it holds everything back, so
 * that a failure still has a status; from then on a failure is told in the stream, and the connection is cut.
 */
export class EventReceiver implements Receiver, ReplyStream {
  readonly dialect: string
  readonly done: Promise<Outcome>
  readonly #attempt: Attempt
  /** The provider's dialect, and how its streams are written. */
  readonly #facts: DialectFacts
  readonly #framing: Framing
  readonly #framer: Framer
  /** Where the client speaks another one. */
  readonly #translated: TranslatedEvents | undefined
  readonly #reader: StreamReader
  readonly #status: number
  readonly #headers: IncomingHeaders
  readonly #upstream: Flow
  /** Whole events that wait: for the commit, then for `start`. */
  #held: Buffer[] = []
  #heldBytes = 0
  #received = 0
  #committed = false
  #commitTimer: NodeJS.Timeout | undefined
  #sentinelSent = false
  /** What was forwarded last lacks its separator. */
  #endsOpen = false
  #sink: Sink | undefined
  #ending: Outcome | undefined
  #over = false
  #settle: (outcome: Outcome) => void = () => {}

  constructor(attempt: Attempt, facts: DialectFacts, status: number, headers: IncomingHeaders, upstream: Flow) {
    this.#attempt = attempt
    this.#facts = facts
    this.#framing = facts.framing ?? serverSentEvents
    this.#framer = this.#framing.framer(maxEventBytes)
    this.dialect = (attempt.clientFacts ?? facts).name
    this.#translated = attempt.translation && new TranslatedEvents(attempt.translation, attempt, this.#framing)
    this.#reader = facts.openStream(attempt.choices)
    this.#status = status
    this.#headers = headers
    this.#upstream = upstream
    this.#commitTimer = setTimeout(() => this.#commit(), attempt.commitMs)
    this.done = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  // What upstream sends.

  data(chunk: Buffer): void {
    this.#attempt.account.firstByteMs ??= elapsed(this.#attempt)
    this.#received += chunk.byteLength
    try {
      const framed = this.#framer.push(chunk)
      if (framed) this.#take(framed.bytes, framed.ends)
    } catch (error) {
      if (!(error instanceof FramingError)) throw error
      if (error.before) this.#take(error.before.bytes, error.before.ends)
      this.#upstream.stop('upstream_error')
      return this.fail(brokenStream(error))
    }
    if (this.#over) return
    if (this.#received > this.#attempt.maxResponseBytes) {
      this.#upstream.stop('truncated')
      this.fail(responseTooLarge())
    } else if (!this.#committed && this.#heldBytes + this.#framer.heldBytes > maxHeldBytes) this.#commit()
  }

  end(): void {
    this.#takeRest()
    if (this.#over) return
    if (this.#isWhole) return this.#conclude()
    if (this.#reader.error) return this.#finish('upstream_error')
    this.fail(streamTruncated(this.#attempt.provider))
  }

  fail(error: HttpError): void {
    if (this.#over) return
    if (!this.#committed) {
      this.#close(error.outcome)
      this.#attempt.reject(error)
      return
    }
    const isLeft = error.outcome === 'client_disconnect'
    const isOurs = error.outcome === 'gateway_error' // what has come may not have been passed on
    // An answer whose own end has passed is whole, whatever becomes of the connection behind it. Clients hang up at that end.
    if (this.#isWhole && !isOurs && (!isLeft || this.#hasEnd)) return this.#conclude()
    if (!this.#reader.error) this.#sayError(error)
    if (this.#reader.error && !isLeft) this.#finish('upstream_error')
    else this.#finish(error.outcome === 'upstream_error' ? 'truncated' : error.outcome)
  }

  /** It is no stream after all: somebody else takes the answer. False where the client has been told that it is one. */
  giveWay(): boolean {
    if (this.#committed || this.#over) return false
    this.#over = true
    clearTimeout(this.#commitTimer)
    return true
  }

  // What the front asks.

  start(sink: Sink): void {
    this.#sink = sink
    const held = this.#held
    this.#held = []
    let wantsMore = true
    for (const bytes of held) wantsMore = sink.write(bytes) && wantsMore
    if (this.#ending !== undefined) sink.end(this.#ending)
    else if (wantsMore) this.#upstream.resume()
  }

  pause(): void {
    this.#upstream.pause()
  }

  resume(): void {
    this.#upstream.resume()
  }

  cancel(reason: Outcome): void {
    if (this.#over) return
    this.#sink = undefined
    this.#upstream.stop(reason)
    // Whoever takes another answer in its place has settled how the exchange goes.
    this.#close(reason, this.#attempt.ctx.outcome ?? reason)
  }

  /** What stands behind the last separator: an event, if upstream merely left the separator out; else a fragment of one. */
  #takeRest(): void {
    const rest = this.#framer.end()
    if (!rest || !this.#framing.separator || !isWholeEvent(rest, this.#reader.finished)) return
    this.#take(rest, [rest.byteLength])
    this.#endsOpen = true
  }

  /** The dialect's own end has passed. A chat has none that tells of a failure, so one that failed has no end. */
  get #isWhole(): boolean {
    return this.#reader.finished && !(this.#reader.error && this.#facts.sentinel)
  }

  /** The client has got all that its dialect ends with. */
  get #hasEnd(): boolean {
    return this.#translated ? this.#translated.over : !this.#facts.sentinel || this.#sentinelSent
  }

  #conclude(): void {
    this.#commit()
    if (this.#translated) {
      this.#forwardAll(this.#translated.end())
      if (this.#translated.failure) return this.#finish('upstream_error')
    } else if (this.#facts.sentinel && !this.#sentinelSent) this.#say(this.#facts.sentinel)
    this.#finish(this.#reader.error ? 'upstream_error' : 'complete', 'complete')
  }

  /** Looks at each event and forwards runs of them in one piece. */
  #take(bytes: Buffer, ends: readonly number[]): void {
    if (this.#translated) return this.#translate(this.#translated, bytes, ends)
    let from = 0
    let at = 0
    let commits = false
    for (const end of ends) {
      const saw = this.#reader.see(ends.length === 1 ? bytes : bytes.subarray(at, end))
      if (saw !== 0) {
        if (!this.#committed && !commits && saw & Saw.error) return this.#refuse()
        if (saw & Saw.content) {
          this.#attempt.account.firstTokenMs ??= elapsed(this.#attempt)
          commits = true
        }
        const tells = (saw & Saw.error) !== 0 && eventRepeats(bytes.subarray(at, end), this.#framing, this.#attempt.secrets)
        if (tells || this.#isDropped(saw)) {
          if (at > from) this.#forward(bytes.subarray(from, at))
          from = end
        }
        // The provider's error as one of ours, in the middle of its stream.
        if (tells) this.#forward(this.#facts.errorEvent(cleanError(this.#reader.error, this.#attempt.secrets), this.#attempt.ctx.id))
      }
      if (this.#attempt.payloads) this.#attempt.payloads.add(this.#facts.textOfEvent(bytes.subarray(at, end)))
      at = end
    }
    if (at > from) this.#forward(from === 0 && at === bytes.byteLength ? bytes : bytes.subarray(from, at))
    if (commits || this.#reader.finished) this.#commit()
  }

  /** The same for a client of another dialect: what each event is in its words. */
  #translate(translated: TranslatedEvents, bytes: Buffer, ends: readonly number[]): void {
    const out: Buffer[] = []
    let commits = false
    let at = 0
    for (const end of ends) {
      const event = ends.length === 1 ? bytes : bytes.subarray(at, end)
      at = end
      const saw = this.#reader.see(event)
      if (!this.#committed && !commits && saw & Saw.error) return this.#refuse()
      if (saw & Saw.content) {
        this.#attempt.account.firstTokenMs ??= elapsed(this.#attempt)
        commits = true
      }
      if (this.#attempt.payloads) this.#attempt.payloads.add(this.#facts.textOfEvent(event))
      out.push(...translated.take(event, saw, this.#reader))
      if (!translated.failure) continue
      this.#upstream.stop('upstream_error')
      if (this.#committed) this.#forwardAll(out)
      return this.fail(translated.failure)
    }
    this.#forwardAll(out)
    if (commits || this.#reader.finished) this.#commit()
  }

  /** The usage chunk that we asked for, every `[DONE]` but the first, and any behind an error: it would look like success. */
  #isDropped(saw: number): boolean {
    if (saw & Saw.sentinel) {
      if (this.#sentinelSent || this.#reader.error) return true
      this.#sentinelSent = true
      return false
    }
    return this.#attempt.hidesUsage && (saw & Saw.usageOnly) !== 0
  }

  #sayError({ status, message, type, code }: HttpError): void {
    const error = { status, message, type, code }
    if (this.#translated) this.#forwardAll(this.#translated.fail(error))
    else this.#say(this.#facts.errorEvent(error, this.#attempt.ctx.id))
  }

  /** Adds an event of our own. */
  #say(event: Buffer): void {
    const { separator } = this.#framing
    this.#forward(this.#endsOpen && separator ? Buffer.concat([separator, event]) : event)
  }

  /** Events in one piece, for each write costs a call of the kernel's. */
  #forwardAll(events: readonly Buffer[]): void {
    const [first] = events
    if (first) this.#forward(events.length === 1 ? first : Buffer.concat(events))
  }

  #forward(bytes: Buffer): void {
    if (this.#sink) {
      if (!this.#sink.write(bytes)) this.#upstream.pause()
      return
    }
    this.#held.push(bytes)
    this.#heldBytes += bytes.byteLength
    // Nobody listens yet: upstream waits, rather than memory grows.
    if (this.#committed && this.#heldBytes > maxHeldBytes) this.#upstream.pause()
  }

  #commit(): void {
    if (this.#committed || this.#over) return
    this.#committed = true
    clearTimeout(this.#commitTimer)
    const { framing = serverSentEvents } = this.#attempt.clientFacts ?? this.#facts
    const headers = streamHeaders(this.#headers, this.#attempt.secrets, framing === this.#framing ? undefined : framing.contentType)
    this.#attempt.resolve({ status: this.#status, headers, body: this })
  }

  /** An error event before any content: it has a status after all. */
  #refuse(): void {
    const { error } = this.#reader
    this.#upstream.stop('upstream_error')
    this.#close('upstream_error')
    this.#attempt.reject(toUpstreamFailure(this.#attempt, { status: 502, message: 'upstream failed', ...error, headers: this.#headers }))
  }

  /** `ending` is how the client's connection ends: anything but `complete` cuts it. */
  #finish(outcome: Outcome, ending: Outcome = outcome): void {
    if (!this.#committed) this.#commit()
    this.#close(outcome)
    this.#ending = ending
    this.#sink?.end(ending)
  }

  /** Settles the account, once; `told` is how the exchange goes. */
  #close(outcome: Outcome, told = outcome): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#commitTimer)
    accountFor(this.#attempt, this.#reader)
    this.#attempt.ctx.outcome = told
    this.#settle(outcome)
  }
}
