import { dataOf } from '@sluice/provider'

const open = Buffer.from('[')
const between = Buffer.from(',\r\n')
const close = Buffer.from(']')
const nothing = Buffer.from('[]')

/** Writes the events of a stream as the objects of one JSON array, for clients of Gemini's that did not ask for events. */
export class JsonListWriter {
  #isBegun = false

  /** What an event adds; nothing for one without data. */
  write(event: Buffer): Buffer[] {
    const data = dataOf(event)
    if (data === undefined) return []
    const before = this.#isBegun ? between : open
    this.#isBegun = true
    return [before, data]
  }

  /** The end of the array; an answer that broke off has none. */
  end(): Buffer {
    return this.#isBegun ? close : nothing
  }
}
