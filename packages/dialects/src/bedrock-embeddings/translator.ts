import { dimensionsOf } from '../embeddings/dimensions-of.ts'
import type { EmbeddingsAnswer, EmbeddingsRequest } from '../embeddings/embeddings.ts'
import type { EmbeddingsContext, EmbeddingsTranslator } from '../embeddings/embeddings-translator.ts'
import { vectorOf } from '../embeddings/vector-of.ts'
import { isRecord } from '../is-record.ts'
import { malformed, UpstreamNonsense } from '../translate/errors.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import { refusal, refuseMembers } from '../translate/rule.ts'
import { answerRules, oneTextRule, requestFromRules, requestToRules } from './rules.ts'

/**
 * Embeddings of the models in Amazon Bedrock, which are invoked each in a way of its own: Amazon's Titan
 * (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html) and Cohere's
 * (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html).
 */
export const bedrockEmbeddings: EmbeddingsTranslator = {
  dialect: 'bedrock-embeddings',
  requestToEmbeddings,
  requestFromEmbeddings,
  answerToEmbeddings,
  answerFromEmbeddings,
  maxInputs: (model) => (isCoheres(model) ? 96 : 1),
  rules: { requestToChat: requestToRules, requestFromChat: requestFromRules, answers: answerRules },
}

/** `model`, which stands in the path, is expected beside the others. */
function requestToEmbeddings(body: Json, context: EmbeddingsContext): EmbeddingsRequest {
  refuseMembers(requestToRules, body)
  const { inputText, texts, dimensions: titans, output_dimension: coheres } = body
  context.isSingle = texts === undefined
  const inputs: unknown[] = Array.isArray(texts) ? texts : [inputText]
  const at = context.isSingle ? 'inputText' : 'texts'
  if (inputs.length === 0) throw malformed('texts is an empty list', at)
  const model = textIn(body['model'])
  const dimensions = dimensionsOf(titans ?? coheres, titans === undefined ? 'output_dimension' : 'dimensions')
  return {
    inputs: inputs.map((input) => {
      if (typeof input !== 'string' || input === '') throw malformed(`${at} is a text that is not empty`, at)
      return input
    }),
    ...(model !== undefined && { model }),
    ...(dimensions !== undefined && { dimensions }),
  }
}

function requestFromEmbeddings({ model = '', inputs, dimensions }: EmbeddingsRequest): Json {
  if (isCoheres(model)) {
    return { texts: inputs, input_type: 'search_document', embedding_types: ['float'], ...(dimensions !== undefined && { output_dimension: dimensions }) }
  }
  if (inputs.length > 1) throw refusal(oneTextRule, 'input')
  return { inputText: inputs[0], ...(dimensions !== undefined && { dimensions }) }
}

/** An id, a profile of a region's, or an ARN. */
function isCoheres(model: string): boolean {
  return /(?:^|[./])cohere\./.test(model)
}

function answerToEmbeddings({ embedding, embeddings, inputTextTokenCount: tokens }: Json, { model }: EmbeddingsContext): EmbeddingsAnswer {
  const several = isRecord(embeddings) ? embeddings['float'] : embeddings
  const all: unknown = embedding === undefined ? several : [embedding]
  if (!Array.isArray(all)) throw new UpstreamNonsense('no embeddings in response')
  return { model, vectors: all.map((one: unknown, index) => vectorOf(one, index)), ...(tokens !== undefined && { tokens: countIn(tokens) }) }
}

function answerFromEmbeddings({ vectors, tokens }: EmbeddingsAnswer, { isSingle }: EmbeddingsContext): Json {
  if (!isSingle) return { embeddings: { float: vectors }, response_type: 'embeddings_by_type' }
  return { embedding: vectors[0], embeddingsByType: { float: vectors[0] }, inputTextTokenCount: tokens ?? 0 }
}
