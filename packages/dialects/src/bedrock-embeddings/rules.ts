import type { AnswerRule, Rule } from '../translate/rule.ts'

export const oneTextRule: Rule = {
  what: 'input of several texts',
  does: 'refused',
  how: 'Amazon’s Titan embeds one text in a call: `ai-proxy` asks once for each, and this is for others',
  example: { model: 'amazon.titan-embed-text-v2:0', inputs: ['a', 'b'] },
}

export const mediaRule: Rule = {
  what: 'images',
  does: 'refused',
  how: 'text alone can be embedded',
  example: { texts: undefined, images: ['data:image/png;base64,AAAA'] },
}

export const requestToRules: readonly Rule[] = [
  ...['normalize', 'input_type', 'truncate', 'embedding_types'].map((what): Rule => ({ what, does: 'dropped', how: 'nobody else is told what a vector is for, or how to cut a text', example: { [what]: 'a' } })),
  mediaRule,
]

export const requestFromRules: readonly Rule[] = [
  oneTextRule,
  { what: 'user', does: 'dropped', how: 'Bedrock has nothing like it', example: { others: { user: 'u' } } },
  { what: 'input_type', does: 'changed', how: 'Cohere’s models want one: `search_document`, unless the route sets another', example: { model: 'cohere.embed-v4:0' } },
]

export const answerRules: readonly AnswerRule[] = [
  { what: 'embeddings', does: 'changed', how: 'Cohere’s models tell no tokens in their answer: the usage is zeros', of: 'provider', example: { embeddings: { float: [[0.5]] } } },
]
