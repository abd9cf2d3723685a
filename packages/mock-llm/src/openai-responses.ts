import { jsonAnswer, streamAnswer, type Answer } from './answer.ts'
import { ApiError } from './api-error.ts'
import type { Asked } from './asked.ts'
import type { ToolChoice } from './called-tools.ts'
import { booleanIn, integerIn, modelOf, numberIn, stringIn } from './check-body.ts'
import { isObject, objectsIn, type JsonObject } from './json-object.ts'
import { responseEvents } from './openai-responses-events.ts'
import { promptTokens, takeTurn, type Prompt, type ToolCall, type Turn } from './turn.ts'
import { textOf } from './words.ts'

/** Answers https://platform.openai.com/docs/api-reference/responses/create, whole or streamed. */
export function openaiResponses(asked: Asked): Answer {
  const { body, id } = asked
  const model = modelOf(body, asked.path)
  const items = itemsOf(body['input'])
  const stream = booleanIn(body, 'stream') ?? false
  const turn = takeTurn(promptOf(asked, { model, items }))
  const envelope = envelopeOf(asked, model)
  const output = outputOf(turn, id)
  const incomplete = turn.end === 'length'
  const texts = [stringIn(body, 'instructions') ?? '', ...items.map(textOfItem)]
  const response = {
    ...envelope,
    status: incomplete ? 'incomplete' : 'completed',
    output,
    incomplete_details: incomplete ? { reason: 'max_output_tokens' } : null,
    usage: asked.wishes.noUsage ? null : usageOf(turn, texts),
  }
  return stream ? streamAnswer(responseEvents(response, { envelope, turn })) : jsonAnswer(response)
}

/** The items of an answer: one message, or the calls. */
function outputOf(turn: Turn, id: string): readonly JsonObject[] {
  if (turn.calls.length > 0)
    return turn.calls.map((call, index) => callItem(call, `${id.slice(0, 20)}${index}`))
  const part = { type: 'output_text', annotations: [], logprobs: [], text: turn.pieces.join('') }
  const status = turn.end === 'length' ? 'incomplete' : 'completed'
  return [{ id: `msg_${id}`, type: 'message', status, role: 'assistant', content: [part] }]
}

function callItem({ name, custom, input }: ToolCall, id: string): JsonObject {
  return custom
    ? { id: `ctc_${id}`, type: 'custom_tool_call', status: 'completed', call_id: `call_${id}`, name, input }
    : {
        id: `fc_${id}`,
        type: 'function_call',
        status: 'completed',
        arguments: input,
        call_id: `call_${id}`,
        name,
      }
}

function itemsOf(input: unknown): readonly JsonObject[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }]
  if (Array.isArray(input) && input.length > 0 && input.every(isObject)) return input
  const problem = input === undefined ? 'Missing required parameter' : "Invalid 'input'"
  throw new ApiError(400, `${problem}: 'input' must be a text or a list of items.`, { param: 'input' })
}

function textOfItem(item: JsonObject): string {
  return textOf(item['content'] ?? item['output'] ?? item['arguments'])
}

/** What the user says, or a tool has found. */
function isQuestion({ role, type }: JsonObject): boolean {
  return role === 'user' || String(type).endsWith('_call_output')
}

function promptOf(
  { body, wishes }: Asked,
  { model, items }: { model: string; items: readonly JsonObject[] },
): Prompt {
  numberIn(body, 'temperature', { min: 0, max: 2 })
  numberIn(body, 'top_p', { min: 0, max: 1 })
  const said = (...wanted: string[]) =>
    items.filter((item) => wanted.includes(String(item['role']))).map(textOfItem)
  const json = jsonOf(body['text'])
  const tools = objectsIn(body['tools']).filter(
    (tool) => tool['type'] === 'function' || tool['type'] === 'custom',
  )
  return {
    model,
    wishes,
    system: [stringIn(body, 'instructions') ?? '', ...said('system', 'developer')].filter(Boolean).join(' '),
    question: textOfItem(items.findLast(isQuestion) ?? {}),
    tools: tools.map((tool) => ({
      name: String(tool['name'] ?? ''),
      schema: tool['parameters'],
      custom: tool['type'] === 'custom',
    })),
    choice: toChoice(body['tool_choice']),
    parallel: booleanIn(body, 'parallel_tool_calls') ?? true,
    limit: integerIn(body, 'max_output_tokens', { min: 16 }),
    stop: [],
    ...(json && { json }),
  }
}

function toChoice(choice: unknown): ToolChoice {
  if (choice === 'none' || choice === 'required') return { mode: choice }
  if (!isObject(choice)) return { mode: 'auto' }
  if (choice['type'] === 'allowed_tools') {
    const only = objectsIn(choice['tools']).map((tool) => String(tool['name'] ?? ''))
    return { mode: choice['mode'] === 'required' ? 'required' : 'auto', only }
  }
  return { mode: 'required', only: [String(choice['name'] ?? '')] }
}

function jsonOf(text: unknown): Prompt['json'] {
  const format = isObject(text) ? text['format'] : undefined
  if (!isObject(format)) return undefined
  if (format['type'] === 'json_schema') return { schema: format['schema'] }
  return format['type'] === 'json_object' ? {} : undefined
}

function usageOf(turn: Turn, texts: readonly string[]): JsonObject {
  const input = promptTokens(texts)
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: turn.tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input + turn.tokens,
  }
}

/** What every state of a response repeats of the request. */
function envelopeOf({ body, id, created }: Asked, model: string): JsonObject {
  const or = (name: string, otherwise: unknown) => body[name] ?? otherwise
  const reasoning = isObject(body['reasoning']) ? body['reasoning'] : {}
  const text = isObject(body['text']) ? body['text'] : {}
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: created,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: or('instructions', null),
    max_output_tokens: or('max_output_tokens', null),
    max_tool_calls: or('max_tool_calls', null),
    model,
    output: [],
    parallel_tool_calls: or('parallel_tool_calls', true),
    previous_response_id: or('previous_response_id', null),
    prompt_cache_key: or('prompt_cache_key', null),
    reasoning: { effort: null, summary: null, ...reasoning },
    safety_identifier: or('safety_identifier', null),
    service_tier: 'default',
    store: or('store', true),
    temperature: or('temperature', 1),
    text: { format: { type: 'text' }, verbosity: 'medium', ...text },
    tool_choice: or('tool_choice', 'auto'),
    tools: or('tools', []),
    top_logprobs: or('top_logprobs', 0),
    top_p: or('top_p', 1),
    truncation: or('truncation', 'disabled'),
    usage: null,
    user: or('user', null),
    metadata: or('metadata', {}),
  }
}
