import type { AnswerRule, Rule } from '../translate/rule.ts'

export const instanceRule: Rule = {
  what: 'instances[].image',
  does: 'refused',
  how: 'text alone can be embedded: an instance has a content',
  example: { instances: [{ image: { bytesBase64Encoded: 'AAAA' } }] },
}

export const requestToRules: readonly Rule[] = [
  { what: 'instances[].task_type', does: 'dropped', how: 'nobody else is told what a vector is for; `title` likewise', example: { instances: [{ content: 'a', task_type: 'CLUSTERING' }] } },
  { what: 'parameters.autoTruncate', does: 'dropped', how: 'the model does with a text that is too long what it does', example: { parameters: { autoTruncate: false } } },
  instanceRule,
]

export const requestFromRules: readonly Rule[] = [
  { what: 'model', does: 'changed', how: 'stands in the path', example: { model: 'text-embedding-005' } },
  { what: 'user', does: 'dropped', how: 'Vertex AI has nothing like it', example: { others: { user: 'u' } } },
]

export const answerRules: readonly AnswerRule[] = [
  { what: 'predictions[].embeddings.statistics', does: 'changed', how: 'the counts of all instances are added up; a client of Vertex AI gets one for a single instance, for others count all inputs together', of: 'provider', example: { predictions: [{ embeddings: { values: [1], statistics: { truncated: false, token_count: 5 } } }] } },
]
