/** Whether a body is an object or an array by its first and last byte, white space aside; in the pieces that it came in. */
export function looksLikeJson(pieces: readonly Buffer[]): boolean {
  const first = firstOf(pieces)
  const last = lastOf(pieces)
  return (first === 0x7b && last === 0x7d) || (first === 0x5b && last === 0x5d)
}

function firstOf(pieces: readonly Buffer[]): number | undefined {
  // DeepSeek sends empty lines for as long as the answer waits in its queue.
  for (const piece of pieces) for (let at = 0; at < piece.length; at++) if (!isPadding(piece[at])) return piece[at]
  return undefined
}

function lastOf(pieces: readonly Buffer[]): number | undefined {
  for (let index = pieces.length - 1; index >= 0; index--) {
    const piece = pieces[index] as Buffer
    for (let at = piece.length - 1; at >= 0; at--) if (!isPadding(piece[at])) return piece[at]
  }
  return undefined
}

/** White space, or a byte of a byte order mark. */
function isPadding(byte: number | undefined): boolean {
  if (byte === undefined || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return true
  return byte === 0xef || byte === 0xbb || byte === 0xbf
}
