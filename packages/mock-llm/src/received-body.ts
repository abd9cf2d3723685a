/** A request's body in the chunks that it came in. */
export interface ReceivedBody {
  readonly length: number
  /** In one piece; joined when somebody asks, as a megabyte costs more to copy than to compare. */
  readonly bytes: Buffer
  equals(other: Buffer): boolean
}

export function receivedBody(chunks: readonly Buffer[], length: number): ReceivedBody {
  let joined = chunks.length === 1 ? chunks[0] : undefined
  return {
    length,
    get bytes() {
      return (joined ??= Buffer.concat(chunks, length))
    },
    equals(other) {
      if (other.length !== length) return false
      let start = 0
      return chunks.every((chunk) => {
        const end = start + chunk.length
        const same = chunk.compare(other, start, end) === 0
        start = end
        return same
      })
    },
  }
}
