import type { Dialect } from '@sluice/provider'
import { CountExchange } from '../counting/count-exchange.ts'
import { countingOf } from '../counting/counting.ts'
import { dialectOf } from '../dialect-of.ts'
import { EmbeddingsExchange } from '../embeddings/embeddings-exchange.ts'
import { embeddingsTranslatorOf } from '../embeddings/embeddings-translators.ts'
import { isRecord } from '../is-record.ts'
import { ChatExchange } from './chat-exchange.ts'
import { malformed, Untranslatable, UpstreamNonsense } from './errors.ts'
import { guarded } from './guard.ts'
import type { Json } from './json.ts'
import type { StreamTranslation } from './stream-translation.ts'
import { TranslationContext, type TranslationOptions } from './translation-context.ts'
import { clientTranslatorOf, translatorOf } from './translators.ts'

/** Whether a client of one dialect can be served by a provider of another. */
export function canTranslate(client: Dialect, provider: Dialect): boolean {
  if (client === provider || ![client, provider].every(dialectOf)) return false
  if (embeddingsTranslatorOf(client)) return embeddingsTranslatorOf(provider) !== undefined
  return clientTranslatorOf(client) !== undefined && translatorOf(provider) !== undefined
}

/** One exchange between a client and a provider that speak different dialects. */
export class Translation {
  readonly #exchange: ChatExchange | CountExchange | EmbeddingsExchange

  constructor(client: Dialect, provider: Dialect, options: TranslationOptions) {
    const facts = known(dialectOf(client), client)
    const embeds = embeddingsTranslatorOf(client)
    if (embeds) {
      this.#exchange = new EmbeddingsExchange(embeds, facts, known(embeddingsTranslatorOf(provider), provider))
      return
    }
    const asks = known(clientTranslatorOf(client), client)
    const answers = known(translatorOf(provider), provider)
    const context = new TranslationContext(options)
    this.#exchange = options.counts
      ? new CountExchange({ translator: asks, counting: known(countingOf(client), client) }, facts, { translator: answers, counting: known(countingOf(provider), provider) }, context)
      : new ChatExchange(asks, facts, answers, context)
  }

  /** The client's request, parsed, as the provider understands it. Comes first. Throws `Untranslatable`. */
  request(body: unknown): Json {
    if (!isRecord(body)) throw malformed('request body must be a JSON object')
    return guarded(
      () => this.#exchange.request(body),
      () => new Untranslatable('invalid_request', 'the request is nested too deeply to be translated'),
    )
  }

  /** The provider's whole answer, parsed, as the client understands it. Throws `UpstreamNonsense`. */
  answer(body: unknown): Json {
    if (!isRecord(body)) throw new UpstreamNonsense('the answer is not a JSON object')
    return guarded(
      () => this.#exchange.answer(body),
      () => new UpstreamNonsense('the answer is nested too deeply to be translated'),
    )
  }

  /** The provider's streamed answer. */
  stream(): StreamTranslation {
    return this.#exchange.stream()
  }
}

function known<T>(found: T | undefined, dialect: Dialect): T {
  if (found === undefined) throw new TypeError(`${dialect} cannot be translated`)
  return found
}
