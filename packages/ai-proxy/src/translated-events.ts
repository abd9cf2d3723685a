import { Saw, type ClientError, type StreamReader, type StreamTranslation, type Translation } from '@sluice/dialects'
import { HttpError } from '@sluice/kernel'
import type { Framing } from '@sluice/provider'
import type { Attempt } from './attempt.ts'
import { cleanError } from './secrets.ts'

/** The events of a provider on their way into the client's dialect. */
export class TranslatedEvents {
  readonly #stream: StreamTranslation
  readonly #attempt: Attempt
  /** The provider's. */
  readonly #framing: Framing

  constructor(translation: Translation, attempt: Attempt, framing: Framing) {
    this.#stream = translation.stream()
    this.#attempt = attempt
    this.#framing = framing
  }

  /** The client has been told the end, be it a good one. */
  get over(): boolean {
    return this.#stream.over
  }

  /** What the provider sent cannot be translated; the client has been told. */
  get failure(): HttpError | undefined {
    const { failure } = this.#stream
    if (!failure) return undefined
    const { status, code = 'invalid_upstream_response', message } = failure
    return new HttpError(status, code, message, { outcome: 'upstream_error' })
  }

  /** What an event is for the client; `saw` is what `reader` saw in it just now. */
  take(event: Buffer, saw: number, reader: StreamReader): Buffer[] {
    if (saw & Saw.error) return this.fail(cleanError(reader.error, this.#attempt.secrets))
    const text = reader.likeText?.(event)
    const like = text === undefined ? undefined : this.#stream.likeEvent(text)
    if (like) return like
    const { isNamed } = this.#framing
    const data = this.#framing.dataOf(event)
    return data === undefined ? [] : this.#stream.event({ event: isNamed ? this.#framing.nameOf(event) : '', data: data.toString('utf8') })
  }

  end(): Buffer[] {
    return this.#stream.end()
  }

  fail(error: ClientError): Buffer[] {
    return this.#stream.fail(error, this.#attempt.ctx.id)
  }
}
