import { BrokenMessageError, EventTooLargeError, type Framed, type Framer } from './framing.ts'
import { HeldBytes } from './held-bytes.ts'
import { checkMessage, messageLength, preludeBytes } from './message.ts'

const nothing = Buffer.alloc(0)

/**
 * Cuts a binary event stream (`application/vnd.amazon.eventstream`) into its messages, and checks both checksums and all
 * lengths of each: https://smithy.io/2.0/aws/amazon-eventstream.html
 */
export class MessageFramer implements Framer {
  readonly #max: number
  readonly #held = new HeldBytes()
  /** Bytes with which there is something to look at: a prelude, or the message whose prelude has come. */
  #needed = preludeBytes
  #failure: Error | undefined

  /** Longer messages are refused, as soon as they say how long they are; in bytes. */
  constructor(maxMessageBytes: number) {
    this.#max = maxMessageBytes
  }

  get heldBytes(): number {
    return this.#held.size
  }

  push(chunk: Buffer): Framed | undefined {
    if (this.#failure) throw this.#failure
    if (this.#held.size + chunk.length < this.#needed) {
      if (chunk.length > 0) this.#held.add(chunk)
      return undefined
    }
    const bytes = this.#held.size === 0 ? chunk : this.#held.take(chunk)
    const ends: number[] = []
    try {
      const rest = bytes.subarray(this.#cut(bytes, ends))
      if (rest.length > 0) this.#held.add(rest)
    } catch (error) {
      throw this.#fail(error, framed(bytes, ends))
    }
    return framed(bytes, ends)
  }

  end(): Buffer | undefined {
    return this.#held.size > 0 ? this.#held.take(nothing) : undefined
  }

  /** Adds where messages end to `ends`, and gives where the unfinished one begins. */
  #cut(bytes: Buffer, ends: number[]): number {
    let at = 0
    for (;;) {
      const left = bytes.length - at
      this.#needed = left < preludeBytes ? preludeBytes : messageLength(bytes, at)
      if (this.#needed > this.#max) throw new EventTooLargeError(this.#max)
      if (left < this.#needed) return at
      checkMessage(bytes.subarray(at, at + this.#needed))
      at += this.#needed
      ends.push(at)
    }
  }

  #fail(error: unknown, before: Framed | undefined): unknown {
    if (error instanceof EventTooLargeError) {
      this.#failure = error
      return new EventTooLargeError(this.#max, before)
    }
    if (!(error instanceof BrokenMessageError)) return error
    this.#failure = error
    return new BrokenMessageError(error.message, before)
  }
}

function framed(bytes: Buffer, ends: readonly number[]): Framed | undefined {
  const last = ends.at(-1)
  if (last === undefined) return undefined
  return { bytes: last === bytes.length ? bytes : bytes.subarray(0, last), ends }
}
