import { dimensionsOf } from '../embeddings/dimensions-of.ts'
import type { EmbeddingsAnswer, EmbeddingsRequest } from '../embeddings/embeddings.ts'
import type { EmbeddingsContext, EmbeddingsTranslator } from '../embeddings/embeddings-translator.ts'
import { vectorOf } from '../embeddings/vector-of.ts'
import { isRecord } from '../is-record.ts'
import { malformed, UpstreamNonsense } from '../translate/errors.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import { refusal } from '../translate/rule.ts'
import { answerRules, instanceRule, requestFromRules, requestToRules } from './rules.ts'

/** Vertex AI's embeddings: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api */
export const vertexPredict: EmbeddingsTranslator = {
  dialect: 'vertex-predict',
  requestToEmbeddings,
  requestFromEmbeddings,
  answerToEmbeddings,
  answerFromEmbeddings,
  maxInputs: (model) => (model.includes('gemini-embedding') ? 1 : 250),
  rules: { requestToChat: requestToRules, requestFromChat: requestFromRules, answers: answerRules },
}

/** `model`, which stands in the path, is expected beside the others. */
function requestToEmbeddings({ model: given, instances, parameters }: Json): EmbeddingsRequest {
  if (!Array.isArray(instances) || instances.length === 0) throw malformed('instances is not specified', 'instances')
  const inputs = instances.map((one: unknown, index) => {
    const at = `instances[${index}]`
    if (!isRecord(one)) throw malformed('an instance is not an object', at)
    if (typeof one['content'] !== 'string') throw refusal(instanceRule, at)
    if (one['content'] === '') throw malformed('the text content is empty', `${at}.content`)
    return one['content']
  })
  const model = textIn(given)
  const dimensions = isRecord(parameters) ? dimensionsOf(parameters['outputDimensionality'], 'parameters.outputDimensionality') : undefined
  return { inputs, ...(model !== undefined && { model }), ...(dimensions !== undefined && { dimensions }) }
}

function requestFromEmbeddings({ inputs, dimensions }: EmbeddingsRequest): Json {
  return {
    instances: inputs.map((content) => ({ content })),
    ...(dimensions !== undefined && { parameters: { outputDimensionality: dimensions } }),
  }
}

function answerToEmbeddings({ predictions }: Json, { model }: EmbeddingsContext): EmbeddingsAnswer {
  if (!Array.isArray(predictions)) throw new UpstreamNonsense('vertex response missing predictions')
  let tokens = 0
  const vectors = predictions.map((prediction: unknown, index) => {
    const one = isRecord(prediction) ? prediction['embeddings'] : undefined
    const { values, statistics } = isRecord(one) ? one : {}
    if (isRecord(statistics)) tokens += countIn(statistics['token_count'])
    return vectorOf(values, index)
  })
  return { model, vectors, tokens }
}

function answerFromEmbeddings({ vectors, tokens }: EmbeddingsAnswer): Json {
  const counted = vectors.length === 1 && tokens !== undefined ? { token_count: tokens } : {}
  return { predictions: vectors.map((values) => ({ embeddings: { values, statistics: { truncated: false, ...counted } } })) }
}
