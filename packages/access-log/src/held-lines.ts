/** Bytes of a block; a line that is longer gets one of its own. */
const blockSize = 64 * 1024

/** Lines that wait to be written, as bytes: as strings, each would be kept alive with all the pieces that it was made of. */
export class HeldLines {
  #full: Buffer[] = []
  #block: Buffer | undefined
  #used = 0
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  add(lines: string): void {
    const most = lines.length * 3 // bytes of UTF-8 that a UTF-16 unit takes at most
    if (this.#block && this.#block.length - this.#used < most) this.#seal()
    this.#block ??= Buffer.allocUnsafe(Math.max(blockSize, most))
    const written = this.#block.write(lines, this.#used)
    this.#used += written
    this.#bytes += written
  }

  /** All of them in one piece; nothing is held any more. */
  take(): Buffer {
    this.#seal()
    const [only] = this.#full
    const all = only && this.#full.length === 1 ? only : Buffer.concat(this.#full)
    this.#full = []
    this.#bytes = 0
    return all
  }

  #seal(): void {
    if (this.#block) this.#full.push(this.#block.subarray(0, this.#used))
    this.#block = undefined
    this.#used = 0
  }
}
