import type { JsonObject } from './json-object.ts'
import type { ToolCall } from './turn.ts'

/** OpenAI's names for how a turn ended. */
export const finishReasons = {
  stop: 'stop',
  sequence: 'stop',
  length: 'length',
  calls: 'tool_calls',
} as const

/** The id of a call, the same in whole and streamed answers. */
export function callId(id: string, { choice, index }: { choice: number; index: number }): string {
  return `call_${id.slice(0, 20)}${choice}_${index}`
}

/** A call as the wire has it, without its id. */
export function toolCall({ name, custom, input }: ToolCall): JsonObject {
  return custom
    ? { type: 'custom', custom: { name, input } }
    : { type: 'function', function: { name, arguments: input } }
}

/** Names and members as of the `usage` in a chat completion. */
export interface ChatUsage extends JsonObject {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}
