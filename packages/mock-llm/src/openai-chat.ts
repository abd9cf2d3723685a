import { jsonAnswer, streamAnswer, type Answer } from './answer.ts'
import { ApiError } from './api-error.ts'
import type { Asked } from './asked.ts'
import type { Tool, ToolChoice } from './called-tools.ts'
import { booleanIn, integerIn, modelOf, numberIn, stringsIn } from './check-body.ts'
import { callId, finishReasons, toolCall, type ChatUsage } from './chat-wire.ts'
import { isObject, objectsIn, type JsonObject } from './json-object.ts'
import { chatEvents } from './openai-chat-events.ts'
import { promptTokens, takeTurn, type Prompt, type Turn } from './turn.ts'
import { textOf } from './words.ts'

/** Answers https://platform.openai.com/docs/api-reference/chat/create, whole or streamed. */
export function openaiChat(asked: Asked): Answer {
  const { body } = asked
  const model = modelOf(body, asked.path)
  const messages = messagesOf(body)
  const choices = integerIn(body, 'n', { min: 1, max: 128 }) ?? 1
  const prompt = { ...promptOf(asked, { model, messages }), choices }
  const turns = Array.from({ length: choices }, (_, variant) => takeTurn(prompt, variant))
  const usage = asked.wishes.noUsage ? undefined : usageOf(messages, turns)
  const envelope = { id: `chatcmpl-${asked.id}`, created: asked.created, model, callIds: asked.id }
  const options = streamOptionsOf(body)
  if (options) {
    const shown = options['include_usage'] === true ? usage : undefined
    return streamAnswer(chatEvents(turns, { ...envelope, usage: shown }))
  }
  return jsonAnswer({
    id: envelope.id,
    object: 'chat.completion',
    created: envelope.created,
    model,
    choices: turns.map((turn, index) => ({
      index,
      message: messageOf(turn, { id: asked.id, index }),
      logprobs: null,
      finish_reason: finishReasons[turn.end],
    })),
    ...(usage && { usage }),
    service_tier: 'default',
    system_fingerprint: 'fp_mock',
  })
}

function messageOf(turn: Turn, { id, index: choice }: { id: string; index: number }): JsonObject {
  const message = {
    role: 'assistant',
    content: turn.calls.length > 0 ? null : turn.pieces.join(''),
    refusal: null,
  }
  if (turn.calls.length === 0) return { ...message, annotations: [] }
  return {
    ...message,
    tool_calls: turn.calls.map((call, index) => ({ id: callId(id, { choice, index }), ...toolCall(call) })),
    annotations: [],
  }
}

function messagesOf(body: JsonObject): readonly JsonObject[] {
  const { messages } = body
  if (!Array.isArray(messages)) {
    const complaint = messages === undefined ? 'Missing required parameter' : "Invalid type for 'messages'"
    throw new ApiError(400, `${complaint}: 'messages' must be an array of messages.`, { param: 'messages' })
  }
  if (messages.length === 0) {
    const complaint = 'expected an array with minimum length 1, but got an empty array instead'
    throw new ApiError(400, `Invalid 'messages': ${complaint}.`, { param: 'messages', code: 'empty_array' })
  }
  const stranger = messages.findIndex((message) => !isObject(message) || !roles.has(String(message['role'])))
  if (stranger < 0) return messages as JsonObject[]
  const param = `messages[${stranger}].role`
  const message = `Invalid value: '${param}' must be one of ${[...roles].join(', ')}.`
  throw new ApiError(400, message, { param, code: 'invalid_value' })
}

const roles = new Set(['developer', 'system', 'user', 'assistant', 'tool', 'function'])

interface PromptInit {
  readonly model: string
  readonly messages: readonly JsonObject[]
}

function promptOf({ body, wishes }: Asked, { model, messages }: PromptInit): Prompt {
  numberIn(body, 'temperature', { min: 0, max: 2 })
  numberIn(body, 'top_p', { min: 0, max: 1 })
  const said = (...wanted: string[]) => messages.filter((message) => wanted.includes(String(message['role'])))
  const json = jsonOf(body, messages)
  return {
    model,
    wishes,
    system: said('system', 'developer')
      .map((message) => textOf(message['content']))
      .join(' '),
    // What tools have found is answered as what the user says.
    question: textOf(said('user', 'tool', 'function').at(-1)?.['content']),
    tools: objectsIn(body['tools'])
      .map(toTool)
      .filter((tool) => tool.name !== ''),
    choice: toChoice(body['tool_choice']),
    parallel: booleanIn(body, 'parallel_tool_calls') ?? true,
    limit: limitOf(body),
    stop: stringsIn(body, 'stop', 4),
    ...(json && { json }),
  }
}

function toTool(tool: JsonObject): Tool {
  const custom = tool['type'] === 'custom'
  const inner = tool[custom ? 'custom' : 'function']
  if (!isObject(inner)) return { name: '', schema: undefined, custom }
  return { name: String(inner['name'] ?? ''), schema: inner['parameters'], custom }
}

function toChoice(choice: unknown): ToolChoice {
  if (choice === 'none' || choice === 'required') return { mode: choice }
  if (!isObject(choice)) return { mode: 'auto' }
  const { allowed_tools: allowed } = choice
  if (isObject(allowed)) {
    const only = objectsIn(allowed['tools']).map((tool) => toTool(tool).name)
    return { mode: allowed['mode'] === 'required' ? 'required' : 'auto', only }
  }
  return { mode: 'required', only: [toTool(choice).name] }
}

function limitOf(body: JsonObject): number | undefined {
  const old = integerIn(body, 'max_tokens', { min: 1 })
  const limit = integerIn(body, 'max_completion_tokens', { min: 1 })
  if (old === undefined || limit === undefined) return limit ?? old
  throw new ApiError(
    400,
    "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
    {
      code: 'invalid_parameter_combination',
    },
  )
}

function jsonOf(body: JsonObject, messages: readonly JsonObject[]): Prompt['json'] {
  const { response_format: format } = body
  if (!isObject(format)) return undefined
  if (format['type'] === 'json_schema') {
    return { schema: isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined }
  }
  if (format['type'] !== 'json_object') return undefined
  if (messages.some((message) => /json/i.test(textOf(message['content'])))) return {}
  const message = "'messages' must contain the word 'json' to use 'response_format' of type 'json_object'."
  throw new ApiError(400, message, { param: 'messages' })
}

/** The `stream_options` of a request that wants a stream, empty where it names none. */
function streamOptionsOf(body: JsonObject): JsonObject | undefined {
  const { stream_options: options } = body
  if (booleanIn(body, 'stream')) return isObject(options) ? options : {}
  if (options === undefined || options === null) return undefined
  const message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
  throw new ApiError(400, message, { param: 'stream_options' })
}

function usageOf(messages: readonly JsonObject[], turns: readonly Turn[]): ChatUsage {
  const prompt = promptTokens(messages.map((message) => textOf(message['content'])))
  const completion = turns.reduce((sum, turn) => sum + turn.tokens, 0)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
