import { callWith, choicesOf } from '../translate/example-answer.ts'
import type { AnswerRule, Rule } from '../translate/rule.ts'

const isMany = (value: unknown): boolean => typeof value !== 'number' || value > 1

/** A prompt that is not one text. */
export const promptRule: Rule = {
  what: 'prompt[]',
  does: 'refused',
  how: 'a chat answers one prompt that is a text: neither several, nor tokens',
  example: { prompt: ['a', 'b'] },
}

/** What a request loses on its way from the old completions into the pivot. */
export const requestToChatRules: readonly Rule[] = [
  promptRule,
  { what: 'suffix', does: 'refused', how: 'a chat writes on, and does not fill in', example: { suffix: 'end' }, refuses: (value) => value !== '' },
  { what: 'best_of', does: 'refused', how: 'a chat gives all that it has written, and chooses none: best_of must be 1', example: { best_of: 3 }, refuses: isMany },
  { what: 'prompt', does: 'changed', how: 'becomes a message of the user, and nothing is added to it: models that chat answer more often than they write on', example: { prompt: 'Once' } },
  { what: 'max_tokens', does: 'changed', how: 'becomes `max_completion_tokens`; where it is missing the provider’s limit holds, not 16', example: { max_tokens: 9 } },
  { what: 'logprobs', does: 'changed', how: 'becomes `logprobs` with that many `top_logprobs`', example: { logprobs: 2 } },
  { what: 'stop', does: 'changed', how: 'a text becomes a list; what is empty is left out', example: { stop: 'END' } },
  { what: 'echo', does: 'dropped', how: 'on the way to the provider; the answer begins with the prompt', example: { echo: true } },
]

/** What an answer loses on its way to a client of the old completions. */
export const answerRules: readonly AnswerRule[] = [
  { what: 'choices[].message.refusal', does: 'changed', how: 'is text like any other', of: 'client', example: choicesOf({ message: { content: null, refusal: 'No' } }) },
  { what: 'choices[].message.reasoning_content', does: 'dropped', how: 'a completion has text alone: `annotations`, `audio` and `tool_calls` are dropped, too', of: 'client', example: choicesOf({ message: { reasoning_content: 'hm', annotations: [], audio: {} } }) },
  { what: 'choices[].finish_reason', does: 'changed', how: '`tool_calls`, which nobody can have asked for, is `stop`', of: 'client', example: choicesOf({ message: callWith('{}'), finish_reason: 'tool_calls' }) },
]
