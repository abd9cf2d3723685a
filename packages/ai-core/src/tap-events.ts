import { isStream, type Outcome, type Reply, type ReplyStream, type Sink } from '@sluice/kernel'
import { piecesOf } from './whole-body.ts'

/** Looks at an answer as it passes; it can neither change nor delay it. */
export interface Tap {
  /** Bytes of whole events, or of a whole answer. What it throws is swallowed: a look must not break an answer. */
  onBytes(bytes: Uint8Array): void
  onEnd?(outcome: Outcome): void
}

/** Shows a reply to `tap` as it leaves. */
export function tapReply(reply: Reply, tap: Tap): Reply {
  const { body } = reply
  if (body === null) return reply
  if (isStream(body)) return { ...reply, body: new TappedStream(body, tap) }
  for (const piece of piecesOf(body)) quietly(() => tap.onBytes(piece))
  quietly(() => tap.onEnd?.('complete'))
  return reply
}

class TappedStream implements ReplyStream {
  readonly source: ReplyStream
  readonly dialect?: string
  readonly #tap: Tap

  constructor(source: ReplyStream, tap: Tap) {
    this.source = source
    if (source.dialect !== undefined) this.dialect = source.dialect
    this.#tap = tap
    if (tap.onEnd) void source.done.then((outcome) => quietly(() => tap.onEnd?.(outcome)))
  }

  get done(): Promise<Outcome> {
    return this.source.done
  }

  start(sink: Sink): void {
    const tap = this.#tap
    this.source.start({
      write: (bytes) => {
        quietly(() => tap.onBytes(bytes))
        return sink.write(bytes)
      },
      end: (outcome) => sink.end(outcome),
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
}

function quietly(look: () => void): void {
  try {
    look()
  } catch {
    // A tap looks; what it fails at is its own affair.
  }
}
