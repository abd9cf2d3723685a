import type { Dialect } from '@sluice/provider'
import { geminiEmbeddings } from '../gemini-embeddings/translator.ts'
import { openAiEmbeddings } from '../openai-embeddings/translator.ts'
import { vertexPredict } from '../vertex-predict/translator.ts'
import type { EmbeddingsTranslator } from './embeddings-translator.ts'

/** The dialects of embeddings, each into every other. One more is a folder of its name, its `DialectFacts`, and a line here. */
export const embeddingsTranslators: readonly EmbeddingsTranslator[] = [openAiEmbeddings, geminiEmbeddings, vertexPredict]

const byDialect: ReadonlyMap<Dialect, EmbeddingsTranslator> = new Map(embeddingsTranslators.map((one) => [one.dialect, one]))

export function embeddingsTranslatorOf(dialect: Dialect): EmbeddingsTranslator | undefined {
  return byDialect.get(dialect)
}
