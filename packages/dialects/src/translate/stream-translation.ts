import type { ClientError, DialectFacts } from '../dialect-facts.ts'
import type { ChatChunk } from '../pivot/chat-chunk.ts'
import { UpstreamNonsense } from './errors.ts'
import type { ProviderEvent, StreamFromChat, StreamToChat } from './translator.ts'

/** A streamed answer on its way to the client, event by event. Every path ends in one last word of the client's dialect. */
export class StreamTranslation {
  readonly #reader: StreamToChat
  readonly #writer: StreamFromChat
  readonly #facts: DialectFacts
  #over = false
  /** What came from the provider and could not be translated; an error that the provider reported is none. */
  failure: ClientError | undefined

  constructor(reader: StreamToChat, writer: StreamFromChat, facts: DialectFacts) {
    this.#reader = reader
    this.#writer = writer
    this.#facts = facts
  }

  /** The last word has been said: what comes now is not heard. */
  get over(): boolean {
    return this.#over
  }

  /** What one event of the provider's is for the client: whole events, perhaps none. Never throws for what a provider sends. */
  event(event: ProviderEvent): Buffer[] {
    const out: Buffer[] = []
    if (this.#over) return out
    try {
      this.#tell(this.#reader.read(event), out)
    } catch (error) {
      this.#stumble(error, out)
    }
    return out
  }

  /**
   * The same for an event that differs from the last one in nothing but its one text, as most do: it need not be parsed.
   * Undefined where it has to be.
   */
  likeEvent(text: string): Buffer[] | undefined {
    const out: Buffer[] = []
    if (this.#over) return out
    const chunks = this.#reader.readLike?.(text)
    if (!chunks) return undefined
    try {
      this.#tell(chunks, out)
    } catch (error) {
      this.#stumble(error, out)
    }
    return out
  }

  /** The provider has closed the stream: the last word, which is an error where the answer is not whole. */
  end(): Buffer[] {
    const out: Buffer[] = []
    if (this.#over) return out
    try {
      if (!this.#pass(this.#reader.end(), out)) return out
      if (this.#reader.finished) this.#close(out)
      else throw new UpstreamNonsense('the provider ended the stream before it was complete', 'stream_truncated')
    } catch (error) {
      this.#stumble(error, out)
    }
    return out
  }

  /** The stream has failed outside of what the provider says in it: the last word is this error. */
  fail(error: ClientError, requestId?: string): Buffer[] {
    const out: Buffer[] = []
    if (!this.#over) this.#say(error, out, requestId)
    return out
  }

  #tell(chunks: readonly ChatChunk[], out: Buffer[]): void {
    if (this.#pass(chunks, out) && this.#reader.ended) this.#close(out)
  }

  /** False where the provider reports an error: it has been told. */
  #pass(chunks: readonly ChatChunk[], out: Buffer[]): boolean {
    for (const chunk of chunks) {
      if (chunk.error) {
        this.#say(chunk.error, out)
        return false
      }
      this.#writer.write(chunk, out)
    }
    return true
  }

  #close(out: Buffer[]): void {
    this.#writer.end(out)
    this.#over = true
  }

  #say(error: ClientError, out: Buffer[], requestId?: string): void {
    this.#over = true
    if (this.#writer.fail) this.#writer.fail(error, out)
    else out.push(this.#facts.errorEvent(error, requestId))
  }

  #stumble(error: unknown, out: Buffer[]): void {
    // JSON that is nested deeper than the stack.
    const isTooDeep = error instanceof RangeError
    if (!isTooDeep && !(error instanceof UpstreamNonsense)) throw error
    const { status, code, message } = isTooDeep ? new UpstreamNonsense('an event is nested too deeply to be translated') : error
    this.failure = { status, code, message }
    this.#say(this.failure, out)
  }
}
