import { jsonAnswer, streamAnswer, type Answer } from './answer.ts'
import { messageEvents } from './anthropic-events.ts'
import { checkMessages, limitOf, thinkingOf } from './anthropic-checks.ts'
import type { Asked } from './asked.ts'
import type { ToolChoice } from './called-tools.ts'
import { booleanIn, modelOf, stringsIn } from './check-body.ts'
import { isObject, objectsIn, type JsonObject } from './json-object.ts'
import { takeTurn, type Prompt, type Turn } from './turn.ts'
import { countWords, textOf, toPieces } from './words.ts'

/** Answers https://docs.anthropic.com/en/api/messages, whole or streamed. */
export function anthropicMessages(asked: Asked): Answer {
  const { body, id } = asked
  const messages = checkMessages(asked, { counting: false })
  const model = modelOf(body, asked.path)
  const limit = limitOf(body)
  const thinking = thinkingOf(body, limit)
  const turn = takeTurn(promptOf(asked, { model, messages, limit }))
  const content = [...(thinking ? [thought] : []), ...contentOf(turn, id)]
  const message = {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: stopReasons[turn.end],
    stop_sequence: turn.sequence ?? null,
    usage: asked.wishes.noUsage ? undefined : usageOf(content, body),
  }
  return booleanIn(body, 'stream') ? streamAnswer(messageEvents(message)) : jsonAnswer(message)
}

/** Answers https://docs.anthropic.com/en/api/messages-count-tokens. */
export function anthropicCountTokens(asked: Asked): Answer {
  checkMessages(asked, { counting: true })
  return jsonAnswer({ input_tokens: Math.max(1, countInput(asked.body).all) })
}

const stopReasons = {
  stop: 'end_turn',
  sequence: 'stop_sequence',
  length: 'max_tokens',
  calls: 'tool_use',
} as const

const thought = {
  type: 'thinking',
  thinking: 'The user wants to see that a request arrives. I repeat what was said, and say who I am.',
  signature: 'bW9jay1sbG0gc2lnbmVkIHRoaXMgdGhvdWdodA==',
} as const

/** A call is announced by a text, as the real models like to do. */
function contentOf(turn: Turn, id: string): readonly JsonObject[] {
  if (turn.calls.length === 0) return [{ type: 'text', text: turn.pieces.join('') }]
  const uses = turn.calls.map(({ name, input }, index) => ({
    type: 'tool_use',
    id: `toolu_${id.slice(0, 20)}${index}`,
    name,
    input: JSON.parse(input) as unknown,
  }))
  return [{ type: 'text', text: `I call ${turn.calls.map((call) => call.name).join(' and ')}.` }, ...uses]
}

interface PromptInit {
  readonly model: string
  readonly messages: readonly JsonObject[]
  readonly limit: number
}

function promptOf({ body, wishes }: Asked, { model, messages, limit }: PromptInit): Prompt {
  const json = jsonOf(body)
  const asks = messages.filter((message) => message['role'] === 'user')
  const choice = body['tool_choice']
  return {
    model,
    wishes,
    limit,
    system: textOf(body['system']),
    question: textOf(asks.at(-1)?.['content']),
    tools: objectsIn(body['tools'])
      .filter((tool) => isObject(tool['input_schema']))
      .map((tool) => ({ name: String(tool['name'] ?? ''), schema: tool['input_schema'], custom: false })),
    choice: toChoice(choice),
    parallel: !(isObject(choice) && choice['disable_parallel_tool_use'] === true),
    stop: stringsIn(body, 'stop_sequences', 8_192),
    ...(json && { json }),
  }
}

function toChoice(choice: unknown): ToolChoice {
  if (!isObject(choice)) return { mode: 'auto' }
  if (choice['type'] === 'tool') return { mode: 'required', only: [String(choice['name'] ?? '')] }
  if (choice['type'] === 'any') return { mode: 'required' }
  return { mode: choice['type'] === 'none' ? 'none' : 'auto' }
}

function jsonOf(body: JsonObject): Prompt['json'] {
  const config = body['output_config']
  const format = (isObject(config) ? config['format'] : undefined) ?? body['output_format']
  return isObject(format) && format['type'] === 'json_schema' ? { schema: format['schema'] } : undefined
}

/** Tokens up to the last `cache_control` count as written to the cache, never as read: the mock remembers nothing. */
function usageOf(content: readonly JsonObject[], body: JsonObject): JsonObject {
  const { all, cached } = countInput(body)
  return {
    input_tokens: all - cached,
    cache_creation_input_tokens: cached,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: cached, ephemeral_1h_input_tokens: 0 },
    output_tokens: content.reduce((sum, block) => sum + tokensOf(block), 0),
    service_tier: 'standard',
  }
}

function tokensOf({ text, thinking, input }: JsonObject): number {
  return toPieces(String(text ?? thinking ?? JSON.stringify(input))).length
}

function countInput(body: JsonObject): { all: number; cached: number } {
  const contents = [body['system'], ...objectsIn(body['messages']).map((message) => message['content'])]
  let all = 0
  let cached = 0
  for (const block of contents.flatMap((content) =>
    Array.isArray(content) ? (content as unknown[]) : [content],
  )) {
    all += countWords(textOf([block]))
    if (isObject(block) && isObject(block['cache_control'])) cached = all
  }
  return { all, cached }
}
