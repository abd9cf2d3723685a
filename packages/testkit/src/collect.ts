import { framingOf, type Dialect } from '@sluice/ai-core'
import { bodyLength, isStream, type HeaderMap, type Outcome, type Reply, type ReplyStream } from '@sluice/kernel'
import { decodeEvents, type DecodedEvent } from './decode-events.ts'

/** A reply, read to its end. */
export interface Collected {
  readonly status: number
  readonly headers: HeaderMap
  /** The body as text. */
  readonly body: string
  readonly bytes: Buffer
  /** Events of an event stream, comments left out; empty for anything else. */
  readonly events: readonly DecodedEvent[]
  /** How the body ended, as it tells those who wrap it; `complete` where it was no stream. */
  readonly outcome: Outcome
  /** What the client's end of the stream was told: anything but `complete` cuts the connection. */
  readonly ended: Outcome
}

/** Reads a reply to its end. A stream is driven through a sink that is full after every other write, for a moment. */
export async function collect(reply: Reply): Promise<Collected> {
  const { status, headers, body } = reply
  if (!isStream(body)) {
    const bytes = wholeOf(body)
    return { status, headers, body: bytes.toString('utf8'), bytes, events: [], outcome: 'complete', ended: 'complete' }
  }
  const { bytes, ended } = await drive(body)
  const events = body.dialect === undefined ? [] : decodeEvents(bytes, framingOf(body.dialect as Dialect))
  return { status, headers, body: bytes.toString('utf8'), bytes, events, outcome: await body.done, ended }
}

function drive(stream: ReplyStream): Promise<{ bytes: Buffer; ended: Outcome }> {
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = []
    let writes = 0
    let isFull = false
    stream.start({
      write: (bytes) => {
        // A copy: whoever wrote may use its buffer again.
        pieces.push(Uint8Array.from(bytes))
        if (++writes % 2 === 1 || isFull) return !isFull
        isFull = true
        setImmediate(() => {
          isFull = false
          stream.resume()
        })
        return false
      },
      end: (ended) => resolve({ bytes: Buffer.concat(pieces), ended }),
    })
    // A stream that somebody else cancelled says nothing to its sink.
    void stream.done.then((outcome) => setImmediate(() => resolve({ bytes: Buffer.concat(pieces), ended: outcome })))
  })
}

function wholeOf(body: Exclude<Reply['body'], ReplyStream>): Buffer {
  if (body === null || bodyLength(body) === 0) return Buffer.alloc(0)
  if (typeof body === 'string') return Buffer.from(body)
  return Buffer.concat(body instanceof Uint8Array ? [body] : body)
}
