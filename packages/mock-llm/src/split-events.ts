/** Cuts an event stream behind each blank line, whichever line ends it uses; what is left over is a piece too. */
export function splitEvents(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = []
  let start = 0
  // Latin 1 keeps one character per byte, so that offsets are those of the bytes.
  for (const { index, 0: separator } of bytes.toString('latin1').matchAll(/\r\n\r\n|\n\n|\r\r/g)) {
    const end = index + separator.length
    pieces.push(bytes.subarray(start, end))
    start = end
  }
  return start < bytes.length ? [...pieces, bytes.subarray(start)] : pieces
}
