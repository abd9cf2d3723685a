import type { AnswerRule, Rule } from '../translate/rule.ts'

export const tokensRule: Rule = { what: 'input of tokens', does: 'refused', how: 'tokens mean something to their own model alone: the input has to be text', example: { input: [[1, 2]] } }

export const requestToRules: readonly Rule[] = [
  tokensRule,
  { what: 'encoding_format', does: 'changed', how: 'the provider is asked for numbers, and the client gets base64 if it asked for it', example: { encoding_format: 'base64' } },
]

export const requestFromRules: readonly Rule[] = []

export const answerRules: readonly AnswerRule[] = [
  { what: 'usage', does: 'changed', how: 'zeros where the provider counts nothing, for clients expect it', of: 'client', example: { vectors: [[1]] } },
]
