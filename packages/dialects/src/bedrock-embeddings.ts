import { bedrockConverse } from './bedrock-converse.ts'
import { bedrockPath } from './bedrock-path.ts'
import type { Answer, DialectFacts } from './dialect-facts.ts'
import { isRecord } from './is-record.ts'
import { joined } from './joined.ts'
import { looksLikeJson } from './looks-like-json.ts'
import { parseJson } from './parse-json.ts'
import { errorInside } from './upstream-error.ts'
import { countIn } from './translate/json.ts'

/** Models in Bedrock that embed: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html. Nobody streams embeddings; errors are those of Converse. */
export const bedrockEmbeddings: DialectFacts = {
  ...bedrockConverse,
  name: 'bedrock-embeddings',
  suffix: (call) => bedrockPath({ operation: '/invoke', ...call }),
  readAnswer,
  textOf: () => '',
  textOfEvent: () => '',
}

function readAnswer(pieces: readonly Buffer[]): Answer {
  const answer: Answer = { hasToolCalls: false, isJson: looksLikeJson(pieces) }
  const json = parseJson(joined(pieces))
  if (!isRecord(json)) return answer
  if (bedrockConverse.isError(json)) answer.error = errorInside(json)
  const { inputTextTokenCount: count } = json
  if (typeof count === 'number') {
    const tokens = countIn(count)
    answer.usage = { promptTokens: tokens, completionTokens: 0, totalTokens: tokens, cacheReadTokens: 0, cacheCreationTokens: 0, reasoningTokens: 0 }
    answer.rawUsage = { inputTextTokenCount: count }
  }
  return answer
}
