import type { UpstreamError } from '../upstream-error.ts'
import type { Annotation, ChatUsage, FinishReason } from './chat-answer.ts'
import type { ImagePart } from './chat-request.ts'
import type { ReasoningDetail } from './reasoning.ts'

/** What one event of a stream adds to a chat. Everything is optional: a translator says what is new and nothing twice. */
export interface ChatChunk {
  id?: string
  created?: number
  model?: string
  service_tier?: string
  system_fingerprint?: string
  choices: readonly ChunkChoice[]
  /** All of it so far: a later one takes the place of an earlier one. */
  usage?: ChatUsage
  /** The provider failed in the middle; nothing after it counts. */
  error?: UpstreamError
}

export interface ChunkChoice {
  index: number
  delta: ChatDelta
  /** At most once for each choice, in the chunk of its last content or later. */
  finish_reason?: FinishReason
  native_finish_reason?: string
  stop_sequence?: string
  logprobs?: Record<string, unknown>
}

export interface ChatDelta {
  content?: string
  refusal?: string
  tool_calls?: readonly ToolCallDelta[]
  reasoning_content?: string
  reasoning_details?: readonly ReasoningDetail[]
  annotations?: readonly Annotation[]
  /** Whole pictures. */
  images?: readonly ImagePart[]
}

/**
 * A piece of a tool call. `index` counts from 0 without gaps. The first piece has id and name, both whole; a later one
 * has arguments alone.
 */
export interface ToolCallDelta {
  index: number
  id?: string
  name?: string
  arguments: string
  extra_content?: Record<string, unknown>
}
