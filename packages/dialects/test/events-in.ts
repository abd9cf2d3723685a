import { EventFramer } from '@sluice/provider'

/** The whole events in a stream that came in pieces, and what stands behind the last of them. */
export function eventsIn(chunks: readonly Buffer[]): Buffer[] {
  const framer = new EventFramer(1 << 24)
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
