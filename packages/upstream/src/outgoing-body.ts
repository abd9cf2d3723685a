import type { Exchange } from '@sluice/kernel'
import { PiecesSource } from './pieces-source.ts'
import type { UploadSource } from './upload.ts'

/** What goes up behind the head. */
export interface OutgoingBody {
  /** Bytes that fit into one write, or a source of them; null where there are none. */
  readonly content: Buffer | UploadSource | null
  /** Undefined: not known, and sent in chunks. */
  readonly length: number | undefined
  /** Whether it can be sent again after some of it was. */
  readonly isRepeatable: boolean
  /** Of a body whose length nobody knows: bytes beyond which it is a 413. */
  readonly maxBytes?: number
  /**
   * Of a body that comes from the client: so many bytes of it are in memory that upstream does not take; whether more
   * are to be read. That the client is gone stands behind all that it has sent.
   */
  mayReadOn?(bytes: number): boolean
}

/** Up to this many bytes go up in one write: more writes would cost more than copying so much together. */
const singleWrite = 16 * 1024

/** A larger piece goes up in slices, so that progress can be seen. */
const sliceSize = 256 * 1024

/** The body of the request as it is now, for `callUpstream`: from memory where someone has read it, else as the client sends it, up to `maxBytes`. */
export function outgoingBody({ request }: Exchange, maxBytes = Infinity): OutgoingBody {
  const { body, headers } = request
  if (body.isRead) return wholeBody(body.views())
  const declared = headers['content-length']
  // Without either field a request has no body: https://www.rfc-editor.org/rfc/rfc9112#section-6.3
  if (declared === undefined && headers['transfer-encoding'] === undefined) return nothing
  const length = declared === undefined ? undefined : Number(declared)
  if (length === 0) return { ...nothing, length }
  return { content: body.stream(), length, isRepeatable: false, maxBytes, mayReadOn: (bytes) => body.keep(bytes) }
}

const nothing: OutgoingBody = { content: null, length: undefined, isRepeatable: true }

/** A body that is in memory, in the pieces that it is in. It is good for one call. */
export function wholeBody(pieces: readonly Buffer[]): OutgoingBody {
  let length = 0
  for (const { byteLength } of pieces) length += byteLength
  if (length === 0) return nothing
  const [first] = pieces
  if (pieces.length === 1 && first && length <= sliceSize) return { content: first, length, isRepeatable: true }
  if (length <= singleWrite) return { content: Buffer.concat(pieces, length), length, isRepeatable: true }
  return { content: new PiecesSource(slicesOf(pieces)), length, isRepeatable: true }
}

function slicesOf(pieces: readonly Buffer[]): readonly Buffer[] {
  if (pieces.every(({ byteLength }) => byteLength <= sliceSize)) return pieces
  const slices: Buffer[] = []
  for (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; at += sliceSize) slices.push(piece.subarray(at, at + sliceSize))
  }
  return slices
}
