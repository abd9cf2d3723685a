import { EventTooLargeError } from '@sluice/provider'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/**
 * Cuts one JSON array that comes in pieces into its objects, each as soon as it is whole: Gemini streams so to who does not
 * ask for events. What stands between the objects is not looked at.
 */
export class JsonListFramer {
  readonly #max: number
  #held: Buffer[] = []
  #heldLength = 0
  /** How deep the walk is within the object. */
  #depth = 0
  #inString = false
  #isEscaped = false
  #isClosed = false

  /** Larger objects are refused; in bytes. */
  constructor(maxObjectBytes: number) {
    this.#max = maxObjectBytes
  }

  /** The array has come to its end: nothing is missing. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The objects that `chunk` completes. Throws an `EventTooLargeError`. */
  push(chunk: Buffer): Buffer[] {
    const found: Buffer[] = []
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]
      if (this.#inString) this.#inText(byte)
      else if (byte === QUOTE) this.#inString = this.#depth > 0
      else if (byte === OPEN_OBJECT || (byte === OPEN_ARRAY && this.#depth > 0)) {
        if (this.#depth++ === 0) start = at
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (this.#depth === 0) this.#isClosed = byte === CLOSE_ARRAY
        else if (--this.#depth === 0) found.push(this.#take(chunk.subarray(start, at + 1)))
      }
    }
    if (this.#depth > 0) this.#hold(chunk.subarray(start))
    return found
  }

  #inText(byte: number | undefined): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === BACKSLASH) this.#isEscaped = true
    else if (byte === QUOTE) this.#inString = false
  }

  #take(last: Buffer): Buffer {
    this.#hold(last)
    const whole = this.#held.length === 1 ? last : Buffer.concat(this.#held)
    this.#held = []
    this.#heldLength = 0
    return whole
  }

  #hold(piece: Buffer): void {
    this.#held.push(piece)
    this.#heldLength += piece.length
    if (this.#heldLength > this.#max) throw new EventTooLargeError(this.#max)
  }
}
