import type { ReasoningDetail } from './reasoning.ts'

/**
 * The pivot of all translation: a chat completion request as OpenAI defines it, with what the other dialects say besides as
 * extensions. Members marked with † are extensions; `openai-chat` sends them only to a provider that takes them.
 */
export interface ChatRequest {
  model?: string
  messages: ChatMessage[]
  /** The one place of the token limit; `max_tokens` is read into it. */
  max_completion_tokens?: number
  temperature?: number
  top_p?: number
  /** † */
  top_k?: number
  n?: number
  stop?: string[]
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  tools?: ChatTool[]
  tool_choice?: ChatToolChoice
  parallel_tool_calls?: boolean
  response_format?: ResponseFormat
  reasoning_effort?: string
  /** † How much to think, where the client said it in tokens. Beside it `reasoning_effort` says the same for others. */
  thinking?: ThinkingControl
  user?: string
  service_tier?: string
  /** Further members of OpenAI's, as they came: a translator knows each of those it must refuse. */
  [member: string]: unknown
}

export type ThinkingControl = { type: 'enabled'; budget_tokens: number } | { type: 'adaptive' } | { type: 'disabled' }

export type ChatMessage = SystemMessage | UserMessage | AssistantMessage | ToolMessage

export interface SystemMessage {
  role: 'system' | 'developer'
  content: string | TextPart[]
}

export interface UserMessage {
  role: 'user'
  content: string | UserPart[]
}

export interface AssistantMessage {
  role: 'assistant'
  content?: string | (TextPart | RefusalPart)[] | null
  refusal?: string | null
  tool_calls?: ChatToolCall[]
  /** † What it thought, as text: DeepSeek wants it back beside tool calls. */
  reasoning_content?: string
  /** † The same with signatures, in OpenRouter's shape. Where it has text, that is the text of `reasoning_content`. */
  reasoning_details?: ReasoningDetail[]
}

export interface ToolMessage {
  role: 'tool'
  tool_call_id: string
  content: string | UserPart[]
  /** † */
  is_error?: boolean
  cache_control?: CacheControl
}

/** † Anthropic's and OpenRouter's mark: what stands before here is worth caching. */
export interface CacheControl {
  type: 'ephemeral'
  ttl?: string
}

export interface TextPart {
  type: 'text'
  text: string
  cache_control?: CacheControl
}

export interface RefusalPart {
  type: 'refusal'
  refusal: string
}

export interface ImagePart {
  type: 'image_url'
  /** A `data:` URL, or one to fetch. */
  image_url: { url: string; detail?: string }
  cache_control?: CacheControl
}

export interface AudioPart {
  type: 'input_audio'
  input_audio: { data: string; format: string }
}

export interface FilePart {
  type: 'file'
  file: {
    filename?: string
    /** A `data:` URL. */
    file_data?: string
    file_id?: string
    /** † Where to fetch it. */
    file_url?: string
    /** † Plain text, instead of data. */
    text?: string
    /** † What the client says about the document. */
    context?: string
    /** † The answer may cite it. */
    citations?: boolean
  }
  cache_control?: CacheControl
}

export type UserPart = TextPart | ImagePart | AudioPart | FilePart

export interface ChatToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
  cache_control?: CacheControl
  /** † What must come back with the call: Google's `{ google: { thought_signature } }`. */
  extra_content?: Record<string, unknown>
}

export type ChatTool = FunctionTool | CustomTool | ServerTool

export interface FunctionTool {
  type: 'function'
  function: { name: string; description?: string; parameters?: Record<string, unknown>; strict?: boolean }
  cache_control?: CacheControl
}

export interface CustomTool {
  type: 'custom'
  custom: { name: string; [member: string]: unknown }
}

/** † A tool that the provider runs itself. */
export interface ServerTool {
  type: 'server'
  server: {
    kind: ServerToolKind
    /** The tool as its own dialect writes it, and that dialect. */
    native: Record<string, unknown>
    dialect: string
  }
}

export type ServerToolKind = 'web_search' | 'web_fetch' | 'code_execution' | 'computer' | 'bash' | 'text_editor' | 'memory'

export type ChatToolChoice = 'none' | 'auto' | 'required' | { type: 'function'; function: { name: string } }

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | {
      type: 'json_schema'
      json_schema: { name: string; description?: string; schema?: Record<string, unknown>; strict?: boolean | null }
    }
