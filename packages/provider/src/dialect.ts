/** The wire protocols that Sluice knows by name, whichever side speaks them. */
export const dialects = [
  'openai-chat',
  'openai-responses',
  'openai-completions',
  'openai-embeddings',
  'anthropic-messages',
  'gemini',
  'gemini-embeddings',
  'vertex-predict',
  'bedrock-converse',
  'bedrock-embeddings',
  'cohere-chat',
] as const

export type Dialect = (typeof dialects)[number]
