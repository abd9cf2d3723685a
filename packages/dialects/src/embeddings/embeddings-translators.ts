import type { Dialect } from '@sluice/provider'
import { bedrockEmbeddings } from '../bedrock-embeddings/translator.ts'
import { geminiEmbeddings } from '../gemini-embeddings/translator.ts'
import { openAiEmbeddings } from '../openai-embeddings/translator.ts'
import { vertexPredict } from '../vertex-predict/translator.ts'
import type { EmbeddingsTranslator } from './embeddings-translator.ts'

/** The dialects of embeddings, each into every other. One more is a folder of its name, its `DialectFacts`, and a line here. */
export const embeddingsTranslators: readonly EmbeddingsTranslator[] = [openAiEmbeddings, geminiEmbeddings, vertexPredict, bedrockEmbeddings]

const byDialect: ReadonlyMap<Dialect, EmbeddingsTranslator> = new Map(embeddingsTranslators.map((one) => [one.dialect, one]))

/** Whether a dialect is one of embeddings. */
export function embedsIn(dialect: Dialect): boolean {
  return byDialect.has(dialect)
}

export function embeddingsTranslatorOf(dialect: Dialect): EmbeddingsTranslator | undefined {
  return byDialect.get(dialect)
}
