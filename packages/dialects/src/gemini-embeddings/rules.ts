import type { AnswerRule, Rule } from '../translate/rule.ts'

const content = { parts: [{ text: 'a' }] }

export const unlikeRule: Rule = {
  what: 'requests[].outputDimensionality',
  does: 'refused',
  how: 'all vectors of a request have the same length: outputDimensionality has to be the same everywhere',
  example: { content: undefined, requests: [{ content, outputDimensionality: 3 }, { content }] },
}

export const mediaRule: Rule = {
  what: 'content.parts[].inlineData',
  does: 'refused',
  how: 'text alone can be embedded',
  example: { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } },
}

export const requestToRules: readonly Rule[] = [
  ...['taskType', 'title'].map((what): Rule => ({ what, does: 'dropped', how: 'nobody else is told what a vector is for', example: { [what]: 'a' } })),
  unlikeRule,
  mediaRule,
]

export const requestFromRules: readonly Rule[] = [
  { what: 'user', does: 'dropped', how: 'Gemini has nothing like it', example: { others: { user: 'u' } } },
]

export const answerRules: readonly AnswerRule[] = [
  { what: 'usage', does: 'dropped', how: 'Gemini counts no tokens of embeddings', of: 'client', example: { tokens: 5 } },
]
