import type { DialectFacts } from '../dialect-facts.ts'
import type { Json } from './json.ts'
import { StreamTranslation } from './stream-translation.ts'
import type { TranslationContext } from './translation-context.ts'
import type { ClientTranslator, Translator } from './translator.ts'

/** One chat between a client and a provider that speak different dialects. */
export class ChatExchange {
  readonly #client: ClientTranslator
  readonly #clientFacts: DialectFacts
  readonly #provider: Translator
  readonly #context: TranslationContext

  constructor(client: ClientTranslator, clientFacts: DialectFacts, provider: Translator, context: TranslationContext) {
    this.#client = client
    this.#clientFacts = clientFacts
    this.#provider = provider
    this.#context = context
  }

  request(body: Json): Json {
    const chat = this.#client.requestToChat(body, this.#context)
    const { maxTokens } = this.#context.options
    if (maxTokens !== undefined) chat.max_completion_tokens = maxTokens
    return this.#provider.requestFromChat(chat, this.#context)
  }

  answer(body: Json): Json {
    return this.#client.answerFromChat(this.#provider.answerToChat(body, this.#context), this.#context)
  }

  stream(): StreamTranslation {
    return new StreamTranslation(this.#provider.streamToChat(this.#context), this.#client.streamFromChat(this.#context), this.#clientFacts)
  }
}
