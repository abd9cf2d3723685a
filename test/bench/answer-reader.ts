/** An answer as it came: its body in pieces, without the framing of chunks. */
export interface Answer {
  readonly status: number
  /** Status line and headers. */
  readonly head: string
  readonly body: readonly Buffer[]
  /** Times that bytes of the body arrived; tells a stream from one that was held back. */
  readonly reads: number
  /** The server wants the connection closed. */
  readonly closes: boolean
}

type State = 'head' | 'length' | 'chunks' | 'close'

/**
 * Reads HTTP/1.1 answers off one connection, one after the other; less than a client, for speed. Throws on what it
 * does not take for an answer.
 */
export class AnswerReader {
  readonly #onAnswer: (answer: Answer) => void
  #state: State = 'head'
  #rest: Buffer | undefined
  #head = ''
  #body: Buffer[] = []
  #reads = 0
  #missing = 0

  constructor(onAnswer: (answer: Answer) => void) {
    this.#onAnswer = onAnswer
  }

  push(received: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, received]) : received
    this.#rest = undefined
    const at = this.#state === 'head' ? this.#readHead(bytes) : 0
    if (at < 0 || this.#state === 'head') return
    if (at < bytes.byteLength) this.#reads += 1
    if (this.#state === 'chunks') this.#readChunks(bytes, at)
    else this.#readLength(bytes, at)
  }

  /** The server closed the connection; true when that ended an answer. */
  end(): boolean {
    if (this.#state !== 'close') return false
    this.#finish()
    return true
  }

  /** Where the body begins; -1 when the head is not whole yet. */
  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) {
      this.#rest = bytes
      return -1
    }
    const head = bytes.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 ')) throw new Error(`not an answer: ${head.slice(0, 40)}`)
    this.#head = head
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    this.#missing = length === undefined ? Infinity : Number(length)
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#state = 'chunks'
    else this.#state = length === undefined ? 'close' : 'length'
    if (this.#missing === 0) this.#finish()
    return end + 4
  }

  #readLength(bytes: Buffer, at: number): void {
    const piece = at === 0 ? bytes : bytes.subarray(at)
    if (piece.byteLength > this.#missing) throw new Error(`${piece.byteLength - this.#missing} bytes behind the end of an answer`)
    this.#body.push(piece)
    this.#missing -= piece.byteLength
    if (this.#missing === 0) this.#finish()
  }

  #readChunks(bytes: Buffer, from: number): void {
    let at = from
    while (at < bytes.byteLength) {
      const lineEnd = bytes.indexOf('\r\n', at)
      const size = lineEnd < 0 ? 0 : Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
      if (Number.isNaN(size)) throw new Error(`not a chunk: ${bytes.toString('latin1', at, at + 20)}`)
      const end = lineEnd + 2 + size
      if (lineEnd < 0 || end + 2 > bytes.byteLength) {
        this.#rest = bytes.subarray(at)
        return
      }
      if (size === 0) return this.#finish()
      this.#body.push(bytes.subarray(lineEnd + 2, end))
      at = end + 2
    }
  }

  #finish(): void {
    const answer = {
      status: Number(this.#head.slice(9, 12)),
      head: this.#head,
      body: this.#body,
      reads: this.#reads,
      closes: this.#state === 'close' || /\r\nconnection: *close/i.test(this.#head),
    }
    this.#state = 'head'
    this.#body = []
    this.#reads = 0
    this.#onAnswer(answer)
  }
}
