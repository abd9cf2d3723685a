import type { Readable } from 'node:stream'
import { Document, JsonSyntaxError } from '@sluice/json-edit'
import { HttpError } from './errors.ts'
import { areUtf8 } from './are-utf8.ts'
import { TimeSlice } from './time-slice.ts'

/** Where a request's body comes from. The front implements it over the socket. */
export interface BodySource {
  /** `Content-Length`, where the client sent one. */
  readonly declaredLength: number | undefined
  /** Reads to the end. Rejects with an `HttpError`: 413 as soon as more than `limit` bytes are certain, 408 when the body stalls. */
  gather(limit: number): Promise<Buffer[]>
  /** The bytes as they come; instead of `gather`, never after it. */
  stream(): Readable
  /** So many bytes of the stream are kept in memory, for nobody takes them yet. Whether there is room for more; absent: there is none. */
  keep?(bytes: number): boolean
  /** Nobody has what `gather` gave any more, nor any part of it. */
  free?(pieces: readonly Buffer[]): void
}

/** A body that is there already: for tests, and for requests that a plugin makes up. */
export function bytesSource(bytes: Buffer, declaredLength: number | undefined = bytes.byteLength): BodySource {
  return {
    declaredLength,
    gather: async (limit) => {
      if (bytes.byteLength > limit) throw tooLarge(bytes.byteLength, limit)
      return [bytes]
    },
    stream: () => {
      throw new TypeError('this body is whole; use toBuffers()')
    },
  }
}

/** The 413 of every body limit. `size` is what is known of it so far, in bytes. */
export function tooLarge(size: number, limit: number): HttpError {
  return new HttpError(
    413,
    'body_too_large',
    `could not get body: request size ${size} is greater than the maximum size ${limit} allowed`,
  )
}

/** The 400 of a body that is not JSON. */
export function invalidJson(cause: JsonSyntaxError): HttpError {
  return new HttpError(400, 'invalid_json', `could not parse JSON request body: ${cause.message}`, { cause })
}

/** Bytes of a body above which it is looked over in slices: one that is made of millions of values takes a second. */
const inSlices = 4 * 1024 * 1024

/** A request's body: unread, then bytes, and a JSON document over those bytes for whoever asks. */
export class RequestBody {
  readonly #source: BodySource
  readonly #limit: number
  #reading: Promise<void> | undefined
  /** As they came: what goes on as it came need never be copied together. */
  #pieces: readonly Buffer[] | undefined
  #document: Document | undefined
  /** Of a large body, whose structure was checked as it was read. */
  #structured: Document | undefined
  #isNoJson: JsonSyntaxError | undefined
  #received = 0
  #replaced = 0
  /** Bytes of it are with somebody who may keep them. */
  #isKept = false
  /** Calls that may still be sending it. */
  #held = 0
  #isOver = false

  /** `limit` (bytes) bounds every reading, whatever a plugin allows. */
  constructor(source: BodySource, limit: number) {
    this.#source = source
    this.#limit = limit
  }

  get isRead(): boolean {
    return this.#pieces !== undefined
  }

  /** Bytes that the client sent, once read; before that, what it declared. */
  get receivedLength(): number | undefined {
    return this.#pieces ? this.#received : this.#source.declaredLength
  }

  /** Reads the body whole, once. Rejects with an `HttpError` 413 when it is larger than `limit` or the gateway's own limit. */
  read(limit = Infinity): Promise<void> {
    const bound = Math.min(limit, this.#limit)
    const declared = this.#source.declaredLength
    if (declared !== undefined && declared > bound) return Promise.reject(tooLarge(declared, bound))
    // Whoever asks first has its own bound checked on the way.
    if (!this.#reading && !this.#pieces) return (this.#reading = this.#gather(bound))
    return this.#check(bound)
  }

  /** What `use` gives once the body is read, within `limit` as with `read`: at once, and no promise, where somebody has read it before. */
  whenRead<T>(use: () => T, limit = Infinity): T | Promise<Awaited<T>> {
    if (this.#pieces && this.#received <= limit) return use()
    return this.read(limit).then(use) as Promise<Awaited<T>>
  }

  async #check(bound: number): Promise<void> {
    if (!this.#pieces) await this.#reading
    if (this.#received > bound) throw tooLarge(this.#received, bound)
  }

  /**
   * The body as it is now, in one piece: copied together where it came in several. Throws where the body was not read:
   * declare `body: 'whole'`.
   */
  get bytes(): Buffer {
    if (this.#document?.changed) return Buffer.concat(this.#document.views())
    this.#isKept = true
    const pieces = this.#read()
    const [first] = pieces
    if (pieces.length === 1 && first) return first
    const whole = Buffer.concat(pieces)
    // Asked for once, it is asked for again. A document goes on with the pieces that it was made of.
    this.#pieces = [whole]
    return whole
  }

  /** The body as it is now, in the pieces that it came in and those that edits made, none of it copied. */
  toBuffers(): Buffer[] {
    this.#isKept = true
    return [...this.views()]
  }

  /** The same for whoever is done with it when the exchange is settled, or holds it meanwhile; `callUpstream` does. */
  views(): readonly Buffer[] {
    return this.#document ? this.#document.views() : this.#read()
  }

  /** Something goes on that reads `views()` past the end of the exchange, such as a write to a socket. */
  hold(): void {
    this.#held += 1
  }

  /** That is over. Where nobody can tell, do not call it. */
  release(): void {
    this.#held -= 1
  }

  /**
   * The exchange is settled: what the client sent gives its memory back at once, where nobody else has it. To leave that to the
   * collector costs more than all else about a large request.
   */
  end(): void {
    const pieces = this.#pieces
    if (!pieces || this.#isKept || this.#held > 0 || !this.#source.free) return
    if (this.#document && !this.#document.end()) return
    this.#isOver = true
    this.#pieces = undefined
    this.#structured = undefined
    this.#source.free(pieces)
  }

  /** The body as JSON that can be read and edited in place. Throws an `HttpError` 400 that says where it is not JSON. */
  get document(): Document {
    return (this.#document ??= this.#parse())
  }

  /** Puts other bytes in place of the body. */
  replace(bytes: Buffer): void {
    this.#isKept = true // by documents that were read before
    this.#replaced += 1 + (this.#document?.revision ?? 0)
    this.#pieces = [bytes]
    this.#document = undefined
    this.#structured = undefined
    this.#isNoJson = undefined
  }

  /** Grows whenever the body changes; what was read out of it is good for one revision. */
  get revision(): number {
    return this.#replaced + (this.#document?.revision ?? 0)
  }

  /** The bytes as they come, for those who relay and do not look. A body that was read comes from memory: check `isRead` first. */
  stream(): Readable {
    return this.#source.stream()
  }

  /**
   * Whoever relays the stream keeps so many bytes of it in memory, 0 in the end, because they are not taken: whether to
   * read on all the same. What is not read hides that the client is gone.
   */
  keep(bytes: number): boolean {
    return (this.#source.keep?.(bytes) ?? false) && bytes < this.#limit
  }

  #read(): readonly Buffer[] {
    if (this.#isOver) throw new TypeError('the request is over, and its body gone: read it before the log phase has ended, or take toBuffers() and keep it')
    if (!this.#pieces) throw new TypeError("the body was not read; a plugin that needs it declares body: 'whole'")
    return this.#pieces
  }

  #parse(): Document {
    const pieces = this.#read()
    if (this.#isNoJson) throw invalidJson(this.#isNoJson)
    if (pieces.every(({ byteLength }) => byteLength === 0)) throw new HttpError(400, 'empty_body', 'could not get body: request body is empty')
    let document = this.#structured
    try {
      document ??= Document.parse(pieces)
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error
      throw invalidJson(error)
    }
    this.#structured = undefined
    // Two readers make two texts of such bytes: https://www.rfc-editor.org/rfc/rfc8259#section-8.1
    if (!areUtf8(pieces)) throw new HttpError(400, 'invalid_json', 'could not parse JSON request body: it is not UTF-8')
    return document
  }

  async #gather(limit: number): Promise<void> {
    const pieces = await this.#source.gather(limit)
    let received = 0
    for (const { byteLength } of pieces) received += byteLength
    this.#received = received
    if (received > inSlices) await this.#lookOver(pieces)
    this.#pieces = pieces
  }

  /** Does ahead, and beside other exchanges, what asking for the document would do at once. */
  async #lookOver(pieces: readonly Buffer[]): Promise<void> {
    const slice = new TimeSlice()
    const steps = Document.parseInSteps(pieces)
    try {
      for (let step = steps.next(); ; step = steps.next()) {
        if (step.done) return void (this.#structured = step.value)
        if (slice.isOver) await slice.rest()
      }
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error
      this.#isNoJson = error // perhaps nobody wants it to be
    }
  }
}
