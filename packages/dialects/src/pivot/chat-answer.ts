import type { ChatToolCall, ImagePart } from './chat-request.ts'
import type { ReasoningDetail } from './reasoning.ts'

/** A whole chat completion, with extensions marked † as in the request. */
export interface ChatAnswer {
  id: string
  object: 'chat.completion'
  /** Seconds since the epoch. */
  created: number
  model: string
  choices: ChatChoice[]
  usage?: ChatUsage
  service_tier?: string
  system_fingerprint?: string
}

export interface ChatChoice {
  index: number
  message: ChatAnswerMessage
  logprobs: Record<string, unknown> | null
  finish_reason: FinishReason
  /** † The provider's own word for it, where it says more. */
  native_finish_reason?: string
  /** † The stop sequence that was met. */
  stop_sequence?: string
}

export interface ChatAnswerMessage {
  role: 'assistant'
  content: string | null
  refusal: string | null
  tool_calls?: ChatToolCall[]
  annotations?: Annotation[]
  audio?: Record<string, unknown>
  /** † Pictures that the model made, in OpenRouter's shape; as `data:` URLs. */
  images?: ImagePart[]
  /** † */
  reasoning_content?: string
  /** † */
  reasoning_details?: ReasoningDetail[]
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** What a passage of the text rests on. OpenAI knows pages; the rest are extensions. */
export type Annotation = UrlCitation | NativeCitation

export interface UrlCitation {
  type: 'url_citation'
  url_citation: { url: string; title: string; start_index: number; end_index: number }
  /** † As its own dialect writes it. */
  native?: Record<string, unknown>
}

/** † A citation of something that has no address, as its own dialect writes it. */
export interface NativeCitation {
  type: 'citation'
  start_index: number
  end_index: number
  native: Record<string, unknown>
}

/** Tokens as OpenAI counts them: what was cached is part of the prompt, what was thought part of the completion. */
export interface ChatUsage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
  prompt_tokens_details?: { cached_tokens?: number; cache_write_tokens?: number; audio_tokens?: number }
  completion_tokens_details?: { reasoning_tokens?: number; audio_tokens?: number }
}
