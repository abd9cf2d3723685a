import { EventFramer } from './event-framer.ts'
import type { Framing } from './framing.ts'
import { MessageFramer } from './message-framer.ts'
import { decodeMessage, nameOfMessage, payloadOf } from './message.ts'
import { dataOf, decodeEvent } from './sse.ts'

const fields = ['data:', 'event:', 'id:', 'retry:', ':']
const longest = 6

/** Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html */
export const serverSentEvents: Framing = {
  mediaType: 'text/event-stream',
  contentType: 'text/event-stream; charset=utf-8',
  framer: (maxEventBytes) => new EventFramer(maxEventBytes),
  begins(bytes) {
    const at = bytes.findIndex((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
    if (at === -1) return false
    const text = bytes.toString('latin1', at, at + longest)
    if (fields.some((field) => text.startsWith(field))) return true
    return fields.some((field) => field.startsWith(text)) ? undefined : false
  },
  dataOf,
  nameOf: (event) => decodeEvent(event).event,
  isNamed: false,
  separator: Buffer.from('\n\n'),
  comment: Buffer.from(': keep-alive\n\n'),
}

/** The binary event streams of AWS: https://smithy.io/2.0/aws/amazon-eventstream.html */
export const binaryMessages: Framing = {
  mediaType: 'application/vnd.amazon.eventstream',
  contentType: 'application/vnd.amazon.eventstream',
  framer: (maxEventBytes) => new MessageFramer(maxEventBytes),
  // The length of a message: nobody's has 16 MiB, and no text begins so.
  begins: (bytes) => (bytes.length === 0 ? undefined : bytes[0] === 0),
  dataOf: payloadOf,
  nameOf: (event) => nameOfMessage(decodeMessage(event)),
  isNamed: true,
}
