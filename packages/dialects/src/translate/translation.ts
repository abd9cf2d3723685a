import type { Dialect } from '@sluice/provider'
import type { DialectFacts } from '../dialect-facts.ts'
import { dialectOf } from '../dialect-of.ts'
import { isRecord } from '../is-record.ts'
import { malformed, Untranslatable, UpstreamNonsense } from './errors.ts'
import { guarded } from './guard.ts'
import type { Json } from './json.ts'
import { StreamTranslation } from './stream-translation.ts'
import { TranslationContext, type TranslationOptions } from './translation-context.ts'
import type { ClientTranslator, Translator } from './translator.ts'
import { clientTranslatorOf, translatorOf } from './translators.ts'

/** Whether a client of one dialect can be served by a provider of another. */
export function canTranslate(client: Dialect, provider: Dialect): boolean {
  return client !== provider && clientTranslatorOf(client) !== undefined && translatorOf(provider) !== undefined && [client, provider].every(dialectOf)
}

/** One exchange between a client and a provider that speak different dialects. */
export class Translation {
  readonly #client: ClientTranslator
  readonly #clientFacts: DialectFacts
  readonly #provider: Translator
  readonly #context: TranslationContext

  constructor(client: Dialect, provider: Dialect, options: TranslationOptions) {
    this.#client = known(clientTranslatorOf(client), client)
    this.#clientFacts = known(dialectOf(client), client)
    this.#provider = known(translatorOf(provider), provider)
    this.#context = new TranslationContext(options)
  }

  /** The client's request, parsed, as the provider understands it. Comes first. Throws `Untranslatable`. */
  request(body: unknown): Json {
    if (!isRecord(body)) throw malformed('request body must be a JSON object')
    return guarded(
      () => {
        const chat = this.#client.requestToChat(body, this.#context)
        const { maxTokens } = this.#context.options
        if (maxTokens !== undefined) chat.max_completion_tokens = maxTokens
        return this.#provider.requestFromChat(chat, this.#context)
      },
      () => new Untranslatable('invalid_request', 'the request is nested too deeply to be translated'),
    )
  }

  /** The provider's whole answer, parsed, as the client understands it. Throws `UpstreamNonsense`. */
  answer(body: unknown): Json {
    if (!isRecord(body)) throw new UpstreamNonsense('the answer is not a JSON object')
    return guarded(
      () => this.#client.answerFromChat(this.#provider.answerToChat(body, this.#context), this.#context),
      () => new UpstreamNonsense('the answer is nested too deeply to be translated'),
    )
  }

  /** The provider's streamed answer. */
  stream(): StreamTranslation {
    return new StreamTranslation(this.#provider.streamToChat(this.#context), this.#client.streamFromChat(this.#context), this.#clientFacts)
  }
}

function known<T>(found: T | undefined, dialect: Dialect): T {
  if (found === undefined) throw new TypeError(`${dialect} cannot be translated`)
  return found
}
