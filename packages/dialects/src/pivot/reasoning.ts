/**
 * † A piece of what the model thought, in OpenRouter's shape: https://openrouter.ai/docs/use-cases/reasoning-tokens.
 * `format` names whose signature or cipher it is; it is worth something to that vendor alone.
 */
export type ReasoningDetail = ReasoningText | ReasoningEncrypted | ReasoningSummary

interface InReasoning {
  /** Which block a piece of a stream belongs to. */
  index?: number
  id?: string | null
  format?: string | null
}

export interface ReasoningText extends InReasoning {
  type: 'reasoning.text'
  text?: string
  signature?: string | null
}

/** Anthropic's redacted thinking, OpenAI's encrypted reasoning. */
export interface ReasoningEncrypted extends InReasoning {
  type: 'reasoning.encrypted'
  data: string
}

export interface ReasoningSummary extends InReasoning {
  type: 'reasoning.summary'
  summary: string
}

/** What Anthropic signed; details without a format count as its. */
export const anthropicFormat = 'anthropic-claude-v1'

/** What OpenAI's Responses API thought; `id` is that of the item. */
export const openAiFormat = 'openai-responses-v1'

/** Whether OpenAI would know this again. */
export function isOpenAis({ format }: ReasoningDetail): boolean {
  return typeof format === 'string' && format.startsWith('openai')
}

/** Whether Anthropic would know this signature again. */
export function isAnthropics({ format }: ReasoningDetail): boolean {
  return format === undefined || format === null || format.startsWith('anthropic')
}

/** The text of one detail; '' where it is a cipher or a bare signature. */
export function textOfDetail(detail: ReasoningDetail): string {
  if (detail.type === 'reasoning.text') return detail.text ?? ''
  return detail.type === 'reasoning.summary' ? detail.summary : ''
}
