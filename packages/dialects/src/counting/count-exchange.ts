import type { DialectFacts } from '../dialect-facts.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { numberIn, type Json } from '../translate/json.ts'
import { noStream } from '../translate/no-stream.ts'
import type { StreamTranslation } from '../translate/stream-translation.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { ClientTranslator, Translator } from '../translate/translator.ts'
import type { Counting } from './counting.ts'

interface Side<T> {
  readonly translator: T
  readonly counting: Counting
}

/** How many tokens a request has: asked in one dialect, counted by a provider of another. */
export class CountExchange {
  readonly #client: Side<ClientTranslator>
  readonly #clientFacts: DialectFacts
  readonly #provider: Side<Translator>
  readonly #context: TranslationContext

  constructor(client: Side<ClientTranslator>, clientFacts: DialectFacts, provider: Side<Translator>, context: TranslationContext) {
    this.#client = client
    this.#clientFacts = clientFacts
    this.#provider = provider
    this.#context = context
  }

  /** The model that is asked for counts, wherever the client's request names another. */
  request(body: Json): Json {
    const { model } = body
    const { stream: _stream, ...request }: Json = { ...this.#client.counting.requestIn(body), ...(model !== undefined && { model }) }
    const chat = this.#client.translator.requestToChat(request, this.#context)
    const asked = this.#provider.translator.requestFromChat(chat, this.#context)
    return this.#provider.counting.bodyFor(asked, this.#context.model, this.#context.options.counts === 'wrapped')
  }

  answer(body: Json): Json {
    const tokens = numberIn(this.#provider.counting.tokensIn(body))
    if (tokens === undefined || tokens < 0) throw new UpstreamNonsense('the provider has counted tokens and tells no number')
    return this.#client.counting.answer(Math.floor(tokens))
  }

  stream(): StreamTranslation {
    return noStream(this.#clientFacts, 'a count comes')
  }
}
