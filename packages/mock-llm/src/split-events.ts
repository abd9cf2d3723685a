import { FramingError, MessageFramer } from '@sluice/provider'

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

/** Cuts a binary event stream into its messages; what is none is one piece. */
export function splitMessages(bytes: Buffer): Buffer[] {
  const { ends, rest } = messagesIn(bytes)
  let start = 0
  const pieces = ends.map((end) => bytes.subarray(start, (start = end)))
  return rest.length > 0 ? [...pieces, rest] : pieces
}

function messagesIn(bytes: Buffer): { ends: readonly number[]; rest: Buffer } {
  try {
    const ends = new MessageFramer(bytes.length).push(bytes)?.ends ?? []
    return { ends, rest: bytes.subarray(ends.at(-1) ?? 0) }
  } catch (error) {
    if (!(error instanceof FramingError)) throw error
    const ends = error.before?.ends ?? []
    return { ends, rest: bytes.subarray(ends.at(-1) ?? 0) }
  }
}
