import type { Json } from '../translate/json.ts'

/** Items of an answer: https://platform.openai.com/docs/api-reference/responses/object */
export type OutputItem = MessageItem | CallItem | CustomCallItem | ReasoningItem

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

export interface MessageItem {
  id: string
  type: 'message'
  status: ItemStatus
  role: 'assistant'
  content: (OutputText | Refusal)[]
}

export interface OutputText {
  type: 'output_text'
  annotations: Json[]
  logprobs: Json[]
  text: string
}

export interface Refusal {
  type: 'refusal'
  refusal: string
}

export interface CallItem {
  id: string
  type: 'function_call'
  status: ItemStatus
  call_id: string
  name: string
  arguments: string
}

export interface CustomCallItem {
  id: string
  type: 'custom_tool_call'
  call_id: string
  name: string
  input: string
}

export interface ReasoningItem {
  id: string
  type: 'reasoning'
  summary: { type: 'summary_text'; text: string }[]
  content?: { type: 'reasoning_text'; text: string }[]
  encrypted_content?: string
}

/** Tells one event of a stream: its type, and its own members as JSON without braces. */
export type Tell = (type: string, members: string) => void
