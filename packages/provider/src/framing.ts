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
