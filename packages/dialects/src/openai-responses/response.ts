import type { ChatUsage, FinishReason } from '../pivot/chat-answer.ts'
import type { Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import { usageFromChat } from './usage.ts'
import type { OutputItem } from './wire.ts'

/** Who answers, and when. */
export interface ResponseHead {
  readonly id: string
  readonly created_at: number
  readonly model: string
  readonly service_tier?: string
}

/** How a response stands. */
export interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed'
  readonly output: readonly OutputItem[]
  readonly reason?: 'max_output_tokens' | 'content_filter'
  readonly error?: { readonly code: string; readonly message: string }
  readonly usage?: ChatUsage | undefined
}

/** What every response says of the request that it answers, where the request said nothing. */
const unasked: Json = {
  background: false,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  store: false,
  temperature: null,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: null,
  truncation: 'disabled',
  user: null,
}

/** A whole response object; nothing of it is kept. */
export function responseFor({ id, created_at, model, service_tier }: ResponseHead, { status, output, reason, error, usage }: ResponseState, { repeated }: TranslationContext): Json {
  const asked = Object.fromEntries(Object.entries(repeated).filter(([, value]) => value !== null))
  return {
    ...unasked,
    ...asked,
    id,
    object: 'response',
    created_at,
    status,
    error: error ?? null,
    incomplete_details: reason === undefined ? null : { reason },
    model,
    output,
    ...(service_tier !== undefined && { service_tier }),
    usage: usage ? usageFromChat(usage) : null,
  }
}

/** How a response ends, by the reason of a chat. */
export function endOf(reason: FinishReason): Pick<ResponseState, 'status' | 'reason'> {
  if (reason === 'length') return { status: 'incomplete', reason: 'max_output_tokens' }
  return reason === 'content_filter' ? { status: 'incomplete', reason } : { status: 'completed' }
}

/** The reason of a chat, by how a response ended. Who has called functions has stopped for them. */
export function finishReasonOf(status: unknown, reason: unknown, hasCalls: boolean): FinishReason {
  if (status === 'incomplete') return reason === 'content_filter' ? reason : 'length'
  return hasCalls ? 'tool_calls' : 'stop'
}
