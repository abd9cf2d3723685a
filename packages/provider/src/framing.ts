/** How the events of a stream are written, and read one by one. */
export interface Framing {
  /** As a `content-type` begins that names it. */
  readonly mediaType: string
  /** All of it, for a stream that we write. */
  readonly contentType: string
  /** Events of more than `maxEventBytes` are refused. */
  framer(maxEventBytes: number): Framer
  /** Whether what begins with these bytes is such a stream; undefined where it takes a few more to tell. */
  begins(bytes: Buffer): boolean | undefined
  /** The payload of one whole event; undefined where it has none, as a comment. */
  dataOf(event: Buffer): Buffer | undefined
  /** The name of one whole event; empty where it has none. */
  nameOf(event: Buffer): string
  /** Payloads do not repeat the names of their events. */
  readonly isNamed: boolean
  /** What ends an event, where the last one of a stream may lack it. */
  readonly separator?: Buffer
  /** Says nothing, so that the connection is not silent; absent where nothing can be said that no client would take for an event. */
  readonly comment?: Buffer
}

/** Whole events, as they were received: one buffer, and where in it each event ends, its separator included. */
export interface Framed {
  readonly bytes: Buffer
  readonly ends: readonly number[]
}

/** Cuts a stream into whole events, whatever pieces it comes in; the cuts never show in the result. */
export interface Framer {
  /** Bytes of the unfinished event. */
  readonly heldBytes: number
  /** The events that `chunk` completes, if any. Throws a `FramingError`, then and ever after. */
  push(chunk: Buffer): Framed | undefined
  /** The stream has ended: what came behind the last whole event. */
  end(): Buffer | undefined
}

/** From here on the stream cannot be cut into events. `before` holds the whole events that stood before it in the chunk. */
export class FramingError extends Error {
  override readonly name: string = 'FramingError'
  readonly before: Framed | undefined

  constructor(message: string, before?: Framed) {
    super(message)
    this.before = before
  }
}

/** An event is longer than its reader allows. */
export class EventTooLargeError extends FramingError {
  override readonly name = 'EventTooLargeError'

  constructor(maxEventBytes: number, before?: Framed) {
    super(`an event of the stream is larger than ${maxEventBytes} bytes`, before)
  }
}

/** Bytes are no message of a binary event stream: a checksum or a length is wrong. */
export class BrokenMessageError extends FramingError {
  override readonly name = 'BrokenMessageError'
}
