import { EventTooLargeError, type Framed, type Framer } from './framing.ts'
import { HeldBytes } from './held-bytes.ts'

const LF = 0x0a
const CR = 0x0d
const nothing = Buffer.alloc(0)

/**
 * Cuts an event stream after its blank lines, whatever pieces it comes in; the cuts never show in the result. Lines end
 * in LF, CRLF or CR, mixed too: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 *
 * A blank line where no event stands is an event of its own without fields. A blank line's CR waits for the byte
 * behind it, which may be its LF; only after a line that ended in CR alone it does not. An LF behind such a CR
 * belongs to the next event's bytes.
 */
export class EventFramer implements Framer {
  readonly #max: number
  readonly #held = new HeldBytes()
  /** Nothing stands on the current line yet. */
  #atLineStart = true
  /** The last byte was a CR: an LF now would belong to it. */
  #afterCr = false
  /** That CR ends a blank line, and the event ends with it or with its LF. */
  #awaitingLf = false
  /** The last line ended in CR alone. */
  #crOnly = false
  #failed = false

  /** Longer events are refused; in bytes. */
  constructor(maxEventBytes: number) {
    this.#max = maxEventBytes
  }

  get heldBytes(): number {
    return this.#held.size
  }

  /** Throws an `EventTooLargeError`, then and ever after. */
  push(chunk: Buffer): Framed | undefined {
    if (this.#failed) throw new EventTooLargeError(this.#max)
    const ends = this.#cut(chunk)
    const heldBefore = this.#held.size
    const tooLarge = this.#firstTooLarge(ends, chunk.length)
    if (tooLarge !== undefined) {
      this.#failed = true
      const before = tooLarge > 0 ? this.#take(chunk, ends.slice(0, tooLarge), heldBefore) : undefined
      this.#held.clear()
      throw new EventTooLargeError(this.#max, before)
    }
    const last = ends.at(-1)
    if (last === undefined) {
      if (chunk.length > 0) this.#held.add(chunk)
      return undefined
    }
    const framed = this.#take(chunk, ends, heldBefore)
    if (last < chunk.length) this.#held.add(chunk.subarray(last))
    return framed
  }

  /** What came behind the last whole event: a stream that was cut may have left anything there. */
  end(): Buffer | undefined {
    return this.#held.size > 0 ? this.#held.take(nothing) : undefined
  }

  #take(chunk: Buffer, ends: number[], held: number): Framed {
    const last = ends.at(-1) ?? 0
    const whole = last === chunk.length ? chunk : chunk.subarray(0, last)
    if (held === 0) return { bytes: whole, ends }
    return { bytes: this.#held.take(whole), ends: ends.map((end) => end + held) }
  }

  /** Index of the first event that is too large, `ends.length` being the unfinished one. */
  #firstTooLarge(ends: readonly number[], length: number): number | undefined {
    let start = -this.#held.size
    if (length - start <= this.#max) return undefined
    for (const [index, end] of ends.entries()) {
      if (end - start > this.#max) return index
      start = end
    }
    return length - start > this.#max ? ends.length : undefined
  }

  /** Where events end in `chunk`. Each byte is looked at once by each of two searches. */
  #cut(chunk: Buffer): number[] {
    const ends: number[] = []
    const length = chunk.length
    let nextLf = -1
    let nextCr = -1
    let at = 0
    while (at < length) {
      if (this.#afterCr) {
        this.#afterCr = false
        const isCrLf = chunk[at] === LF
        if (isCrLf) at++
        this.#crOnly = !isCrLf
        if (this.#awaitingLf) {
          this.#awaitingLf = false
          ends.push(at)
        }
        continue
      }
      const first = chunk[at]
      let lineEnd = at
      if (first !== LF && first !== CR) {
        if (nextLf < at) nextLf = indexOrEnd(chunk, LF, at)
        if (nextCr < at) nextCr = indexOrEnd(chunk, CR, at)
        lineEnd = Math.min(nextLf, nextCr)
        this.#atLineStart = false
        if (lineEnd === length) break
      }
      const isBlank = this.#atLineStart
      this.#atLineStart = true
      at = lineEnd + 1
      if (chunk[lineEnd] === LF) {
        this.#crOnly = false
        if (isBlank) ends.push(at)
      } else {
        this.#afterCr = true
        if (isBlank && this.#crOnly) ends.push(at)
        else this.#awaitingLf = isBlank
      }
    }
    return ends
  }
}

function indexOrEnd(chunk: Buffer, byte: number, from: number): number {
  const index = chunk.indexOf(byte, from)
  return index === -1 ? chunk.length : index
}
