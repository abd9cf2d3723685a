import { serverSentEvents, type Framing } from '@sluice/provider'

/** One event of a stream, as a client reads it. */
export interface DecodedEvent {
  /** Empty where the event has no name. */
  readonly event: string
  readonly data: string
}

/** Cuts a whole event stream into its events, separators included; a tail without one is the last, but for a fragment of a binary message. */
export function cutEvents(bytes: Buffer, framing: Framing = serverSentEvents): Buffer[] {
  const framer = framing.framer(bytes.byteLength)
  const framed = framer.push(bytes)
  const rest = framer.end()
  let start = 0
  const events = (framed?.ends ?? []).map((end) => (framed?.bytes ?? bytes).subarray(start, (start = end)))
  return rest && framing.separator ? [...events, rest] : events
}

/** Reads a whole event stream; comments are left out. Binary messages are named by their type, or what they are an exception of. */
export function decodeEvents(bytes: Buffer, framing: Framing = serverSentEvents): DecodedEvent[] {
  return cutEvents(bytes, framing)
    .map((event) => ({ event: framing.nameOf(event), data: framing.dataOf(event)?.toString('utf8') ?? '' }))
    .filter(({ event, data }) => event !== '' || data !== '')
}
