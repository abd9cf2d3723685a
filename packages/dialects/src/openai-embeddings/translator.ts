import type { EmbeddingsAnswer, EmbeddingsRequest } from '../embeddings/embeddings.ts'
import type { EmbeddingsContext, EmbeddingsTranslator } from '../embeddings/embeddings-translator.ts'
import { toBase64, vectorOf } from '../embeddings/vector-of.ts'
import { isRecord } from '../is-record.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import { requestToEmbeddings } from './request-to-embeddings.ts'
import { answerRules, requestFromRules, requestToRules } from './rules.ts'

/** OpenAI's embeddings: https://platform.openai.com/docs/api-reference/embeddings */
export const openAiEmbeddings: EmbeddingsTranslator = {
  dialect: 'openai-embeddings',
  requestToEmbeddings,
  requestFromEmbeddings,
  answerToEmbeddings,
  answerFromEmbeddings,
  rules: { requestToChat: requestToRules, requestFromChat: requestFromRules, answers: answerRules },
}

function requestFromEmbeddings({ model, inputs, dimensions, others }: EmbeddingsRequest): Json {
  return { ...others, ...(model !== undefined && { model }), input: inputs, ...(dimensions !== undefined && { dimensions }) }
}

/** Servers may answer in any order, and say so. */
function answerToEmbeddings(body: Json, context: EmbeddingsContext): EmbeddingsAnswer {
  const { data, usage } = body
  if (!Array.isArray(data)) throw new UpstreamNonsense('no data in response')
  const vectors: number[][] = []
  for (const [position, one] of data.entries()) {
    if (!isRecord(one)) throw new UpstreamNonsense(`invalid embedding at index ${position}`)
    const index = typeof one['index'] === 'number' ? countIn(one['index']) : position
    if (index >= data.length || vectors[index]) throw new UpstreamNonsense(`invalid embedding at index ${position}`)
    vectors[index] = vectorOf(one['embedding'], position)
  }
  const answer: EmbeddingsAnswer = { model: textIn(body['model']) ?? context.model, vectors }
  if (isRecord(usage)) answer.tokens = countIn(usage['prompt_tokens'])
  return answer
}

function answerFromEmbeddings({ model, vectors, tokens = 0 }: EmbeddingsAnswer, { asBase64 }: EmbeddingsContext): Json {
  return {
    object: 'list',
    data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: asBase64 ? toBase64(vector) : vector })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}
