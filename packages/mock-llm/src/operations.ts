import { anthropicCountTokens, anthropicMessages } from './anthropic-messages.ts'
import type { Answer } from './answer.ts'
import type { Asked } from './asked.ts'
import type { Dialect } from '@sluice/provider'
import { bedrockConverse } from './bedrock.ts'
import { geminiContent, geminiCountTokens } from './gemini.ts'
import { geminiBatchEmbed, geminiEmbed, vertexPredict } from './gemini-embeddings.ts'
import { models } from './models.ts'
import { openaiChat } from './openai-chat.ts'
import { openaiEmbeddings } from './openai-embeddings.ts'
import { openaiResponses } from './openai-responses.ts'

export interface Operation {
  readonly method: 'GET' | 'POST'
  readonly dialect: Dialect
  answer(asked: Asked): Answer
}

/** The operations by the end of their path: providers differ in what comes before. */
const operations: readonly (Operation & { readonly path: RegExp })[] = [
  { path: /\/chat\/completions$/, method: 'POST', dialect: 'openai-chat', answer: openaiChat },
  { path: /\/embeddings$/, method: 'POST', dialect: 'openai-chat', answer: openaiEmbeddings },
  { path: /\/responses$/, method: 'POST', dialect: 'openai-responses', answer: openaiResponses },
  { path: /\/messages$/, method: 'POST', dialect: 'anthropic-messages', answer: anthropicMessages },
  {
    path: /\/messages\/count_tokens$/,
    method: 'POST',
    dialect: 'anthropic-messages',
    answer: anthropicCountTokens,
  },
  { path: /\/[^/:]+:(generateContent|streamGenerateContent)$/, method: 'POST', dialect: 'gemini', answer: geminiContent },
  { path: /\/[^/:]+:countTokens$/, method: 'POST', dialect: 'gemini', answer: geminiCountTokens },
  { path: /\/[^/:]+:embedContent$/, method: 'POST', dialect: 'gemini', answer: geminiEmbed },
  { path: /\/[^/:]+:batchEmbedContents$/, method: 'POST', dialect: 'gemini', answer: geminiBatchEmbed },
  { path: /\/[^/:]+:predict$/, method: 'POST', dialect: 'gemini', answer: vertexPredict },
  { path: /\/model\/[^/]+\/(converse|converse-stream)$/, method: 'POST', dialect: 'bedrock-converse', answer: bedrockConverse },
  { path: /\/models(\/[^/:]+)?$/, method: 'GET', dialect: 'openai-chat', answer: models },
]

/** Finds the operation that a path ends in, whatever the method. */
export function operationAt(path: string): Operation | undefined {
  return operations.find((operation) => operation.path.test(path))
}

/** For the person who asks for a path that is not there. */
export const knownPaths =
  '/chat/completions, /embeddings, /responses, /messages, /messages/count_tokens, /models, Gemini’s :generateContent and the like, or Bedrock’s /model/ID/converse'
