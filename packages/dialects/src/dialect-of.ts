import type { Dialect } from '@sluice/provider'
import { anthropicMessages } from './anthropic-messages.ts'
import { bedrockConverse } from './bedrock-converse.ts'
import { bedrockEmbeddings } from './bedrock-embeddings.ts'
import type { DialectFacts, SuffixCall } from './dialect-facts.ts'
import { gemini } from './gemini.ts'
import { geminiEmbeddings, vertexPredict } from './google-embeddings.ts'
import { openAiChat } from './openai-chat.ts'
import { openAiCompletions } from './openai-completions.ts'
import { openAiEmbeddings } from './openai-embeddings.ts'
import { openAiResponses } from './openai-responses.ts'

const known: ReadonlyMap<Dialect, DialectFacts> = new Map(
  [openAiChat, openAiCompletions, openAiResponses, openAiEmbeddings, anthropicMessages, gemini, geminiEmbeddings, vertexPredict, bedrockConverse, bedrockEmbeddings].map((facts) => [facts.name, facts]),
)

/** The facts of a dialect; undefined where Sluice knows the name and not yet the protocol. */
export function dialectOf(name: Dialect): DialectFacts | undefined {
  return known.get(name)
}

/** The end of the path of one call, behind the provider's base; undefined where a model stands in it and the call names none that can. */
export function suffixOf(name: Dialect, call: SuffixCall): string | undefined {
  const suffix = known.get(name)?.suffix
  return typeof suffix === 'function' ? suffix(call) : suffix
}
