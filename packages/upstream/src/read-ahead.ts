import { PieceList } from '@sluice/kernel'

/** What was read of a body before anybody took it, in order, in pieces of which none is too small to keep. */
export class ReadAhead {
  /** Bytes of all that is here. */
  length = 0
  #come = new PieceList()
  #going: readonly Buffer[] = []
  #next = 0

  push(piece: Buffer): void {
    this.length += piece.byteLength
    this.#come.push(piece)
  }

  /** The next piece, which is here no longer; undefined where there is none. */
  take(): Buffer | undefined {
    if (this.#next === this.#going.length) {
      if (this.length === 0) return undefined
      this.#going = this.#come.pieces
      this.#come = new PieceList()
      this.#next = 0
    }
    const piece = this.#going[this.#next++] as Buffer
    this.length -= piece.byteLength
    if (this.length === 0) this.drop()
    return piece
  }

  drop(): void {
    this.length = 0
    this.#going = []
    this.#next = 0
    this.#come = new PieceList()
  }
}
