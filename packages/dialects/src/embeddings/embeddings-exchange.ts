import type { DialectFacts } from '../dialect-facts.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import type { Json } from '../translate/json.ts'
import { noStream } from '../translate/no-stream.ts'
import type { StreamTranslation } from '../translate/stream-translation.ts'
import type { EmbeddingsContext, EmbeddingsTranslator } from './embeddings-translator.ts'

/** One exchange of embeddings between a client and a provider that speak different dialects. */
export class EmbeddingsExchange {
  readonly #client: EmbeddingsTranslator
  readonly #clientFacts: DialectFacts
  readonly #provider: EmbeddingsTranslator
  readonly #context: EmbeddingsContext = { model: '', inputs: 0, asBase64: false, isSingle: false }

  constructor(client: EmbeddingsTranslator, clientFacts: DialectFacts, provider: EmbeddingsTranslator) {
    this.#client = client
    this.#clientFacts = clientFacts
    this.#provider = provider
  }

  request(body: Json): Json {
    const request = this.#client.requestToEmbeddings(body, this.#context)
    this.#context.model = request.model ?? ''
    this.#context.inputs = request.inputs.length
    return this.#provider.requestFromEmbeddings(request)
  }

  /** A vector too few, or too many, would belong to another text. */
  answer(body: Json): Json {
    const answer = this.#provider.answerToEmbeddings(body, this.#context)
    const { inputs } = this.#context
    if (answer.vectors.length !== inputs) throw new UpstreamNonsense(`the provider answered with ${answer.vectors.length} embeddings for ${inputs} inputs`)
    return this.#client.answerFromEmbeddings(answer, this.#context)
  }

  stream(): StreamTranslation {
    return noStream(this.#clientFacts, 'embeddings come')
  }
}
