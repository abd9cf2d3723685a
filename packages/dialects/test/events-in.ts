import { decodeEvent, decodeMessage, EventFramer, MessageFramer, type SseEvent } from '@sluice/provider'

const limit = 1 << 24

/** A binary message begins with its length, whose first byte is 0 below 16 MiB; no text does. */
function isBinary(bytes: Buffer | undefined): boolean {
  return bytes?.[0] === 0
}

/** The whole events in a stream that came in pieces, and what stands behind the last of them. */
export function eventsIn(chunks: readonly Buffer[]): Buffer[] {
  const framer = isBinary(chunks.find(({ length }) => length > 0)) ? new MessageFramer(limit) : new EventFramer(limit)
  const events: Buffer[] = []
  for (const chunk of chunks) {
    const framed = framer.push(chunk)
    if (!framed) continue
    let start = 0
    for (const end of framed.ends) {
      events.push(Buffer.from(framed.bytes.subarray(start, end)))
      start = end
    }
  }
  const rest = framer.end()
  return rest ? [...events, rest] : events
}

/** What one whole event says, in whichever frame: of a binary message its type and its payload. */
export function decoded(event: Buffer): SseEvent {
  if (!isBinary(event)) return decodeEvent(event)
  const { headers, payload } = decodeMessage(event)
  return { event: String(headers.get(':exception-type') ?? headers.get(':event-type')), data: payload.toString() }
}
