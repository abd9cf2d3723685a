const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Follows a JSON object or list that comes in pieces, and tells when it is whole. What is inside is not checked. */
export class JsonEnd {
  #depth = 0
  #inString = false
  #isEscaped = false
  isWhole = false

  see(piece: string): void {
    for (let at = 0; at < piece.length; at++) {
      const char = piece.charCodeAt(at)
      if (this.#inString) this.#inText(char)
      else if (char === QUOTE) this.#inString = true
      else if (char === 0x7b || char === 0x5b) this.#depth++
      else if ((char === 0x7d || char === 0x5d) && --this.#depth <= 0) this.isWhole = true
    }
  }

  #inText(char: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (char === BACKSLASH) this.#isEscaped = true
    else if (char === QUOTE) this.#inString = false
  }
}
