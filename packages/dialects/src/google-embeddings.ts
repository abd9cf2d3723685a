import type { Answer, DialectFacts } from './dialect-facts.ts'
import { gemini } from './gemini.ts'
import { geminiPath } from './gemini-path.ts'
import { joined } from './joined.ts'
import { bytesOf, JsonWalk } from './json-walk.ts'
import { looksLikeJson } from './looks-like-json.ts'
import { parseJson } from './parse-json.ts'
import { errorInside } from './upstream-error.ts'

const PREDICTIONS = bytesOf('predictions')
const EMBEDDINGS = bytesOf('embeddings')
const STATISTICS = bytesOf('statistics')
const TOKEN_COUNT = bytesOf('token_count')
const ERROR = bytesOf('error')

/** Nobody streams embeddings; errors are those of Gemini. */
const ofGoogle = {
  openStream: gemini.openStream,
  textOf: () => '',
  textOfEvent: () => '',
  errorBody: gemini.errorBody,
  errorEvent: gemini.errorEvent,
  isError: gemini.isError,
  readAnswer,
}

/** Gemini's embeddings: https://ai.google.dev/api/embeddings */
export const geminiEmbeddings: DialectFacts = { ...ofGoogle, name: 'gemini-embeddings', suffix: (call) => geminiPath({ operation: ':batchEmbedContents', ...call }) }

/** Vertex AI's: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api */
export const vertexPredict: DialectFacts = { ...ofGoogle, name: 'vertex-predict', suffix: (call) => geminiPath({ operation: ':predict', ...call }) }

/** Adds up what Vertex AI counts of each instance, and does not look at the vectors; Gemini counts nothing. */
function readAnswer(pieces: readonly Buffer[]): Answer {
  const body = joined(pieces)
  const walk = new JsonWalk().over(body)
  const counts: number[] = []
  let hasError = false
  if (walk.enterObject()) {
    while (walk.member()) {
      if (walk.is(PREDICTIONS) && walk.enterArray()) while (walk.element()) readPrediction(walk, counts)
      else if (walk.is(ERROR)) hasError = walk.takeIsFilled()
      else walk.skipValue()
    }
  }
  const answer: Answer = { hasToolCalls: false, isJson: looksLikeJson(pieces) }
  if (counts.length > 0) {
    const tokens = counts.reduce((sum, count) => sum + count, 0)
    answer.usage = { promptTokens: tokens, completionTokens: 0, totalTokens: tokens, cacheReadTokens: 0, cacheCreationTokens: 0, reasoningTokens: 0 }
    answer.rawUsage = { token_count: tokens }
  }
  if (hasError) answer.error = errorInside(parseJson(body))
  return answer
}

function readPrediction(walk: JsonWalk, counts: number[]): void {
  if (!walk.enterObject()) return walk.skipValue()
  while (walk.member()) {
    if (walk.is(EMBEDDINGS) && walk.enterObject()) readEmbeddings(walk, counts)
    else walk.skipValue()
  }
}

function readEmbeddings(walk: JsonWalk, counts: number[]): void {
  while (walk.member()) {
    if (!(walk.is(STATISTICS) && walk.enterObject())) walk.skipValue()
    else
      while (walk.member()) {
        if (!walk.is(TOKEN_COUNT)) walk.skipValue()
        else {
          const count = walk.take()
          if (typeof count === 'number' && count >= 0) counts.push(count)
        }
      }
  }
}
