import type { Socket } from 'node:net'

/** Bytes of a head that is no answer yet; of more, undici may say what it is. */
const maxInterimBytes = 16 * 1024

/** `HTTP/1.1 1xx`: what stands where, digits for any number. */
const interimLine = 'HTTP/1.# 1##'

/**
 * The socket under a client, for what undici does not do. It takes a `100 Continue` that it did not ask for as an error;
 * to RFC 9110 §15.2 any 1xx is a note that a client must be able to read past, so none gets as far as undici, but
 * the 101 that nobody asks for.
 */
export class Connection {
  /** It did not end but break. */
  isBroken = false
  #isHeadDue = false
  #held: Buffer | undefined

  constructor(socket: Socket) {
    socket.once('error', () => (this.isBroken = true))
    const read = socket.read.bind(socket)
    socket.read = (size?: number): unknown => (this.#isHeadDue && size !== 0 ? this.#readHead(read) : read(size))
  }

  /** What is read next begins an answer, or notes before one. */
  expectHead(): void {
    this.#isHeadDue = true
  }

  #readHead(read: () => Buffer | null): Buffer | null {
    for (let chunk = read(); chunk !== null; chunk = read()) {
      const bytes = this.#held ? Buffer.concat([this.#held, chunk]) : chunk
      const start = behindInterim(bytes)
      if (start === undefined) {
        this.#held = bytes
        continue
      }
      this.#held = undefined
      this.#isHeadDue = false
      return start === 0 ? bytes : bytes.subarray(start)
    }
    return null
  }
}

/** Where the head of an answer begins; undefined as long as that is not to be seen. */
function behindInterim(bytes: Buffer): number | undefined {
  let at = 0
  while (at < bytes.length && isInterim(bytes, at)) {
    const end = bytes.indexOf('\r\n\r\n', at)
    if (end === -1) return bytes.length - at > maxInterimBytes ? at : undefined
    at = end + 4
  }
  return at === bytes.length ? undefined : at
}

/** Whether the bytes from `at` on, few as they may be, can begin a 1xx but 101. */
function isInterim(bytes: Buffer, at: number): boolean {
  for (let i = 0; i < interimLine.length; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return true
    const wanted = interimLine.charCodeAt(i)
    if (wanted === 0x23 ? byte < 0x30 || byte > 0x39 : byte !== wanted) return false
  }
  return bytes[at + 10] !== 0x30 || bytes[at + 11] !== 0x31
}
