/** Chunks from this size on are kept as they are; smaller ones are gathered in blocks of this size. */
const blockSize = 4096

/** Bytes that wait for more. Each is copied once or twice in all, however small the pieces are that they come in. */
export class HeldBytes {
  #pieces: Buffer[] = []
  #block: Buffer | undefined
  #used = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  add(bytes: Buffer): void {
    this.#size += bytes.length
    if (bytes.length >= blockSize) {
      this.#seal()
      this.#pieces.push(bytes)
      return
    }
    if (this.#used + bytes.length > blockSize) this.#seal()
    this.#block ??= Buffer.allocUnsafe(blockSize)
    this.#block.set(bytes, this.#used)
    this.#used += bytes.length
  }

  /** Takes everything out, with `last` behind it, as one buffer. */
  take(last: Buffer): Buffer {
    this.#seal()
    const all = Buffer.concat([...this.#pieces, last], this.#size + last.length)
    this.clear()
    return all
  }

  clear(): void {
    this.#pieces = []
    this.#block = undefined
    this.#used = 0
    this.#size = 0
  }

  #seal(): void {
    if (this.#block && this.#used > 0) {
      this.#pieces.push(this.#block.subarray(0, this.#used))
      this.#block = undefined
      this.#used = 0
    }
  }
}
