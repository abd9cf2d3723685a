import type { ReplyBody, ReplyStream } from '@sluice/kernel'

type WholeBody = Exclude<ReplyBody, ReplyStream>

/** The pieces of a body that is no stream. */
export function piecesOf(body: WholeBody): readonly Uint8Array[] {
  if (body === null) return []
  if (typeof body === 'string') return [Buffer.from(body)]
  return body instanceof Uint8Array ? [body] : body
}

/** The same in one piece, copied only where it comes in several. */
export function bytesOf(body: WholeBody): Buffer {
  const pieces = piecesOf(body)
  const [only] = pieces
  if (only === undefined || pieces.length > 1) return Buffer.concat(pieces)
  return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
}
