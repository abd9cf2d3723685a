import { jsonAnswer, type Answer } from './answer.ts'
import { ApiError } from './api-error.ts'
import type { Asked } from './asked.ts'
import { integerIn } from './check-body.ts'
import { isObject, objectsIn, type JsonObject } from './json-object.ts'
import { toNumbers, toVector, wordsOf } from './vector.ts'
import { countWords, textOf } from './words.ts'

const usualDimensions = 3_072
const maxDimensions = 3_072
/** Of one batch. */
const maxRequests = 100
const maxInstances = 250

/** Answers https://ai.google.dev/api/embeddings#method:-models.embedcontent. */
export function geminiEmbed({ body }: Asked): Answer {
  return jsonAnswer({ embedding: embeddingOf(body) })
}

/** Answers https://ai.google.dev/api/embeddings#method:-models.batchembedcontents; it counts no tokens. */
export function geminiBatchEmbed({ body, path }: Asked): Answer {
  const requests = listIn(body, 'requests', maxRequests)
  const model = /\/((?:models|tunedModels)\/[^/:]+):/.exec(path)?.[1]
  const wrong = requests.findIndex((request) => request['model'] !== model)
  if (wrong >= 0) throw new ApiError(400, `* BatchEmbedContentsRequest.requests[${wrong}].model: unexpected model name format`)
  return jsonAnswer({ embeddings: requests.map(embeddingOf) })
}

/** Answers https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api. */
export function vertexPredict({ body }: Asked): Answer {
  const parameters = isObject(body['parameters']) ? body['parameters'] : {}
  const dimensions = dimensionsOf(parameters)
  const predictions = listIn(body, 'instances', maxInstances).map(({ content }) => {
    const text = needed(content)
    return { embeddings: { values: valuesOf(text, dimensions), statistics: { truncated: false, token_count: countWords(text) } } }
  })
  return jsonAnswer({ predictions, metadata: { billableCharacterCount: 1 } })
}

function embeddingOf(request: JsonObject): JsonObject {
  const { content } = request
  const text = needed(isObject(content) ? textOf(content['parts']) : undefined)
  return { values: valuesOf(text, dimensionsOf(request)) }
}

function dimensionsOf(body: JsonObject): number {
  return integerIn(body, 'outputDimensionality', { min: 1, max: maxDimensions }) ?? usualDimensions
}

function valuesOf(text: string, dimensions: number): number[] {
  return toNumbers(toVector(wordsOf(text).slice(0, 200), dimensions))
}

function needed(text: unknown): string {
  if (typeof text === 'string' && text !== '') return text
  throw new ApiError(400, 'The text content is empty.')
}

function listIn(body: JsonObject, name: string, most: number): readonly JsonObject[] {
  const list = objectsIn(body[name])
  if (list.length === 0) throw new ApiError(400, `* ${name}: ${name} is not specified`)
  if (list.length > most) throw new ApiError(400, `* ${name}: at most ${most} in one batch`)
  return list
}
