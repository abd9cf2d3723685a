import { decodeEvent, EventFramer } from '@sluice/provider'

/** One event of a stream, as a client reads it. */
export interface DecodedEvent {
  /** Empty where the event has no name. */
  readonly event: string
  readonly data: string
}

/** Cuts a whole event stream into its events, separators included; a tail without one is the last. */
export function cutEvents(bytes: Buffer): Buffer[] {
  const framer = new EventFramer(bytes.byteLength)
  const framed = framer.push(bytes)
  const rest = framer.end()
  let start = 0
  const events = (framed?.ends ?? []).map((end) => (framed?.bytes ?? bytes).subarray(start, (start = end)))
  return rest ? [...events, rest] : events
}

/** Reads a whole event stream; comments are left out. */
export function decodeEvents(bytes: Buffer): DecodedEvent[] {
  return cutEvents(bytes)
    .map(decodeEvent)
    .filter(({ event, data }) => event !== '' || data !== '')
    .map(({ event, data }) => ({ event, data }))
}
