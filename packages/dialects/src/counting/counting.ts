import type { Dialect } from '@sluice/provider'
import { isRecord } from '../is-record.ts'
import { member } from '../gemini/member.ts'
import type { Json } from '../translate/json.ts'

/** How a dialect asks how many tokens a request has. */
export interface Counting {
  /** The request that a client wants to have counted. */
  requestIn(body: Json): Json
  /** A request, as the provider is asked to count it; `wrapped`: within another. */
  bodyFor(request: Json, model: string, wrapped: boolean): Json
  tokensIn(answer: Json): unknown
  answer(tokens: number): Json
}

/** What Anthropic counts; it refuses the rest. https://docs.anthropic.com/en/api/messages-count-tokens */
const counted = ['model', 'messages', 'system', 'tools', 'tool_choice', 'thinking', 'output_config']

const anthropicMessages: Counting = {
  requestIn: (body) => body,
  bodyFor: (request) => picked(request, counted),
  tokensIn: ({ input_tokens: tokens }) => tokens,
  answer: (tokens) => ({ input_tokens: tokens }),
}

/** https://ai.google.dev/api/tokens, and Vertex AI's: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens */
const gemini: Counting = {
  requestIn(body) {
    const inner = member(body, 'generateContentRequest')
    return isRecord(inner) ? inner : body
  },
  bodyFor(request, model, wrapped) {
    if (wrapped) return { generateContentRequest: { ...request, model: /^(?:models|tunedModels)\//.test(model) ? model : `models/${model}` } }
    const { toolConfig: _toolConfig, safetySettings: _safetySettings, ...bare } = request
    return bare
  },
  tokensIn: ({ totalTokens }) => totalTokens,
  answer: (tokens) => ({ totalTokens: tokens }),
}

/** What Bedrock counts of a conversation: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html */
const counts = ['messages', 'system', 'toolConfig', 'additionalModelRequestFields']

const bedrockConverse: Counting = {
  requestIn({ input }) {
    const asked = isRecord(input) ? input['converse'] : undefined
    return isRecord(asked) ? asked : {}
  },
  bodyFor: (request) => ({ input: { converse: picked(request, counts) } }),
  tokensIn: ({ inputTokens }) => inputTokens,
  answer: (tokens) => ({ inputTokens: tokens }),
}

function picked(request: Json, names: readonly string[]): Json {
  return Object.fromEntries(Object.entries(request).filter(([name]) => names.includes(name)))
}

const byDialect: ReadonlyMap<Dialect, Counting> = new Map<Dialect, Counting>([
  ['anthropic-messages', anthropicMessages],
  ['gemini', gemini],
  ['bedrock-converse', bedrockConverse],
])

/** Undefined where a dialect has no such operation. */
export function countingOf(dialect: Dialect): Counting | undefined {
  return byDialect.get(dialect)
}
