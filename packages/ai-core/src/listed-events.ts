import { JsonListWriter } from '@sluice/dialects'
import { isStream, type Exchange, type Outcome, type Reply, type ReplyStream, type Sink } from '@sluice/kernel'
import { EventFramer } from '@sluice/provider'
import { callOfPath } from './operation.ts'
import { bytesOf } from './whole-body.ts'

/** Plugins have seen whole events of this size at most. */
const maxEventBytes = 16 * 1024 * 1024

/** Whether a client of Gemini's has asked for a stream, and not for events: it reads one JSON array, piece by piece. */
export function wantsList({ request: { uri, query } }: Exchange): boolean {
  return callOfPath(uri)?.dialect === 'gemini' && callOfPath(uri)?.stream === true && new URLSearchParams(query).get('alt') !== 'sse'
}

/** Makes such an array of an answer that is about to leave; all plugins have seen it as events. An error stands in an array, too. */
export function listEvents(reply: Reply): void {
  const { status, headers, body } = reply
  if (isStream(body)) {
    if (body.dialect !== 'gemini') return
    headers['content-type'] = 'application/json; charset=UTF-8'
    reply.body = new ListedStream(body)
  } else if (status >= 400 && String(headers['content-type']).startsWith('application/json')) {
    const bytes = bytesOf(body)
    if (bytes[0] === 0x7b) reply.body = [Buffer.from('['), bytes, Buffer.from(']')]
  }
}

/** The events of a stream as the objects of one array. It has no dialect any more: nothing but JSON may stand in it. */
class ListedStream implements ReplyStream {
  readonly source: ReplyStream
  readonly #framer = new EventFramer(maxEventBytes)
  readonly #writer = new JsonListWriter()

  constructor(source: ReplyStream) {
    this.source = source
  }

  get done(): Promise<Outcome> {
    return this.source.done
  }

  start(sink: Sink): void {
    this.source.start({
      write: (bytes) => {
        const pieces = this.#piecesOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
        return pieces.length === 0 || sink.write(Buffer.concat(pieces))
      },
      end: (outcome) => {
        const rest = this.#framer.end()
        const pieces = rest ? this.#writer.write(rest) : []
        // An answer that broke off has told so in its last object, and has no end.
        if (outcome === 'complete') pieces.push(this.#writer.end())
        if (pieces.length > 0) sink.write(Buffer.concat(pieces))
        sink.end(outcome)
      },
    })
  }

  pause(): void {
    this.source.pause()
  }

  resume(): void {
    this.source.resume()
  }

  cancel(reason: Outcome): void {
    this.source.cancel(reason)
  }

  #piecesOf(bytes: Buffer): Buffer[] {
    const framed = this.#framer.push(bytes)
    let start = 0
    return framed?.ends.flatMap((end) => this.#writer.write(framed.bytes.subarray(start, (start = end)))) ?? []
  }
}
