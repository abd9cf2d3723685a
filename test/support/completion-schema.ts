import { Ajv2020 } from 'ajv/dist/2020.js'

const tokens = { type: 'integer', minimum: 0 }

/** OpenAI's text completion, out of its reference: https://platform.openai.com/docs/api-reference/completions/object */
function schema(isChunk: boolean): object {
  const reasons = ['stop', 'length', 'content_filter']
  const logprobs = {
    type: ['object', 'null'],
    required: ['tokens', 'token_logprobs', 'top_logprobs', 'text_offset'],
    properties: { tokens: { type: 'array', items: { type: 'string' } }, token_logprobs: { type: 'array' }, top_logprobs: { type: 'array', items: { type: 'object' } }, text_offset: { type: 'array', items: tokens } },
  }
  const choice = {
    type: 'object',
    required: ['text', 'index', 'logprobs', 'finish_reason'],
    properties: { text: { type: 'string' }, index: tokens, logprobs, finish_reason: { enum: isChunk ? [...reasons, null] : reasons } },
    additionalProperties: false,
  }
  const usage = { type: isChunk ? ['object', 'null'] : 'object', required: ['prompt_tokens', 'completion_tokens', 'total_tokens'], properties: { prompt_tokens: tokens, completion_tokens: tokens, total_tokens: tokens } }
  return {
    type: 'object',
    required: ['id', 'object', 'created', 'model', 'choices'],
    properties: { id: { type: 'string' }, object: { const: 'text_completion' }, created: tokens, model: { type: 'string' }, choices: { type: 'array', items: choice }, usage, system_fingerprint: { type: 'string' } },
    additionalProperties: false,
  }
}

const ajv = new Ajv2020({ strict: false })
const whole = ajv.compile(schema(false))
const chunk = ajv.compile(schema(true))

/** What OpenAI's reference has against a text completion, or a chunk of one. */
export function completionProblems(body: unknown, isChunk: boolean): string[] {
  const validate = isChunk ? chunk : whole
  validate(body)
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`)
}
