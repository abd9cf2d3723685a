import type { EmbeddingsAnswer, EmbeddingsRequest } from '../embeddings/embeddings.ts'
import type { EmbeddingsContext, EmbeddingsTranslator } from '../embeddings/embeddings-translator.ts'
import { vectorOf } from '../embeddings/vector-of.ts'
import { isRecord } from '../is-record.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import type { Json } from '../translate/json.ts'
import { requestToEmbeddings } from './request-to-embeddings.ts'
import { answerRules, requestFromRules, requestToRules } from './rules.ts'

/** Gemini's embeddings, a provider's always in a batch: https://ai.google.dev/api/embeddings */
export const geminiEmbeddings: EmbeddingsTranslator = {
  dialect: 'gemini-embeddings',
  requestToEmbeddings,
  requestFromEmbeddings,
  answerToEmbeddings,
  answerFromEmbeddings,
  maxInputs: () => 100,
  rules: { requestToChat: requestToRules, requestFromChat: requestFromRules, answers: answerRules },
}

function requestFromEmbeddings({ model = '', inputs, dimensions }: EmbeddingsRequest): Json {
  const name = /^(?:models|tunedModels)\//.test(model) ? model : `models/${model}`
  return {
    requests: inputs.map((text) => ({
      model: name,
      content: { parts: [{ text }] },
      ...(dimensions !== undefined && { outputDimensionality: dimensions }),
    })),
  }
}

function answerToEmbeddings({ embeddings, embedding }: Json, { model }: EmbeddingsContext): EmbeddingsAnswer {
  const all: unknown = embeddings ?? (embedding === undefined ? undefined : [embedding])
  if (!Array.isArray(all)) throw new UpstreamNonsense('no embeddings in response')
  return { model, vectors: all.map((one: unknown, index) => vectorOf(isRecord(one) ? one['values'] : undefined, index)) }
}

function answerFromEmbeddings({ vectors }: EmbeddingsAnswer, { isSingle }: EmbeddingsContext): Json {
  const embeddings = vectors.map((values) => ({ values }))
  return isSingle ? { embedding: embeddings[0] } : { embeddings }
}
