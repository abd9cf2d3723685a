import { isUtf8 } from 'node:buffer'

/** The longest character, in bytes. */
const longest = 4

/** Whether pieces that may be cut anywhere, within a character too, are UTF-8 together. */
export function areUtf8(pieces: readonly Buffer[]): boolean {
  let rest: Buffer = nothing
  for (const piece of pieces) {
    let from = 0
    if (rest.length > 0) {
      // The character that the pieces before have begun, and what is sure to hold its end.
      while (from < piece.length && isContinuation(piece[from]) && rest.length + from < longest) from++
      const seam = Buffer.concat([rest, piece.subarray(0, from)])
      if (from < piece.length) {
        if (!isUtf8(seam)) return false
      } else {
        rest = seam
        continue
      }
    }
    const end = lastStart(piece, from)
    if (!isUtf8(piece.subarray(from, end))) return false
    rest = piece.subarray(end)
  }
  return isUtf8(rest)
}

const nothing = Buffer.alloc(0)

/** Where a character begins that the piece may hold only a part of; its end, where the last one is whole for sure. */
function lastStart(piece: Buffer, from: number): number {
  const { length } = piece
  if (length === from || (piece[length - 1] as number) < 0x80) return length
  let at = length - 1
  while (at > from && length - at < longest && isContinuation(piece[at])) at--
  return at
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
