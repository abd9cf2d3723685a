import type { Dialect } from '@sluice/provider'
import type { Json } from '../translate/json.ts'
import type { TranslationRules } from '../translate/translator.ts'
import type { EmbeddingsAnswer, EmbeddingsRequest } from './embeddings.ts'

/** How one dialect of embeddings is said in the pivot, and the pivot in it: as `Translator` is for chats. */
export interface EmbeddingsTranslator {
  readonly dialect: Dialect
  /** Throws `Untranslatable`. */
  requestToEmbeddings(body: Json, exchange: EmbeddingsContext): EmbeddingsRequest
  requestFromEmbeddings(request: EmbeddingsRequest): Json
  /** Throws `UpstreamNonsense`. */
  answerToEmbeddings(body: Json, exchange: EmbeddingsContext): EmbeddingsAnswer
  answerFromEmbeddings(answer: EmbeddingsAnswer, exchange: EmbeddingsContext): Json
  /** Texts that a model of a provider's takes in one call, where there is a limit worth knowing. */
  maxInputs?(model: string): number
  readonly rules: TranslationRules
}

/** What one exchange remembers between its request and its answer. */
export interface EmbeddingsContext {
  /** The model that was asked for; '' where none was named. */
  model: string
  /** How many answers are expected. */
  inputs: number
  /** OpenAI's clients may ask for base64: their SDKs do. */
  asBase64: boolean
  /** Gemini's clients may ask for one without a list. */
  isSingle: boolean
}
