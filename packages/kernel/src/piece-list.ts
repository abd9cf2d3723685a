/** A piece below this many bytes is worth less than what it takes to keep it. */
const small = 2048

/** So many small ones in a row become one. */
const most = 64

/**
 * Bytes gathered in the pieces that they come in, without copying what is large. Small ones are put together: a sender
 * who sends millions of single bytes must not have each kept as a buffer of its own.
 */
export class PieceList {
  readonly pieces: Buffer[] = []
  /** Of all pieces, bytes. */
  length = 0
  /** Small pieces at the end. */
  #smallOnes = 0

  push(piece: Buffer): void {
    this.length += piece.byteLength
    this.pieces.push(piece)
    if (piece.byteLength >= small) this.#smallOnes = 0
    else if (++this.#smallOnes === most) this.#join()
  }

  #join(): void {
    const joined = Buffer.concat(this.pieces.splice(-most))
    this.pieces.push(joined)
    this.#smallOnes = joined.byteLength < small ? 1 : 0
  }
}
