import { jsonAnswer, type Answer } from './answer.ts'
import { ApiError } from './api-error.ts'
import type { Asked } from './asked.ts'
import { checkConversation } from './bedrock-checks.ts'
import { conversationStream } from './bedrock-events.ts'
import type { ToolChoice } from './called-tools.ts'
import { integerIn, numberIn, stringsIn } from './check-body.ts'
import { isObject, objectsIn, type JsonObject } from './json-object.ts'
import { takeTurn, type Prompt, type Turn } from './turn.ts'
import { countWords, textOf, toPieces } from './words.ts'

/** Answers https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, whole, or streamed as messages. */
export function bedrockConverse(asked: Asked): Answer {
  const { body, path, id, wishes } = asked
  const messages = checkConversation(body)
  const turn = takeTurn(promptOf(asked, messages))
  const content = [...(thinks(body) ? [thought] : []), ...contentOf(turn, id)]
  const answer = {
    metrics: { latencyMs: 12 },
    output: { message: { role: 'assistant', content } },
    stopReason: stopReasons[turn.end],
    usage: wishes.noUsage ? undefined : usageOf(content, body),
  }
  return path.endsWith('/converse-stream') ? conversationStream(content, answer) : jsonAnswer(answer)
}

const stopReasons = { stop: 'end_turn', sequence: 'stop_sequence', length: 'max_tokens', calls: 'tool_use' } as const

const thought = {
  reasoningContent: {
    reasoningText: {
      text: 'The user wants to see that a request arrives. I repeat what was said, and say who I am.',
      signature: 'bW9jay1sbG0gc2lnbmVkIHRoaXMgdGhvdWdodA==',
    },
  },
} as const

/** A call is announced by a text, as Claude likes to do. */
function contentOf(turn: Turn, id: string): readonly JsonObject[] {
  if (turn.calls.length === 0) return [{ text: turn.pieces.join('') }]
  const uses = turn.calls.map(({ name, input }, index) => ({
    toolUse: { toolUseId: `tooluse_${id.slice(0, 20)}${index}`, name, input: JSON.parse(input) as unknown },
  }))
  return [{ text: `I call ${turn.calls.map((call) => call.name).join(' and ')}.` }, ...uses]
}

/** What only Claude has goes into a member of its own. */
function thinks({ additionalModelRequestFields: fields }: JsonObject): boolean {
  const thinking = isObject(fields) ? fields['thinking'] : undefined
  return isObject(thinking) && thinking['type'] !== 'disabled'
}

function promptOf({ body, path, wishes }: Asked, messages: readonly JsonObject[]): Prompt {
  const config = isObject(body['inferenceConfig']) ? body['inferenceConfig'] : {}
  const { tools, toolChoice } = isObject(body['toolConfig']) ? body['toolConfig'] : {}
  numberIn(config, 'temperature', { min: 0, max: 1 })
  numberIn(config, 'topP', { min: 0, max: 1 })
  return {
    model: decodeURIComponent(/\/model\/([^/]+)\/[\w-]+$/.exec(path)?.[1] ?? ''),
    wishes,
    limit: integerIn(config, 'maxTokens', { min: 1 }),
    system: textOf(body['system']),
    question: questionIn(objectsIn(messages.findLast(({ role }) => role === 'user')?.['content'])),
    tools: objectsIn(tools).flatMap(({ toolSpec }) => (isObject(toolSpec) ? [{ name: String(toolSpec['name'] ?? ''), schema: schemaOf(toolSpec), custom: false }] : [])),
    choice: toChoice(toolChoice),
    parallel: true,
    stop: stringsIn(config, 'stopSequences', 2_500),
    ...jsonOf(body['outputConfig']),
  }
}

/** The schema comes as a text. */
function jsonOf(output: unknown): Pick<Prompt, 'json'> {
  const path = ['textFormat', 'structure', 'jsonSchema', 'schema']
  const schema = path.reduce((value, name) => (isObject(value) ? value[name] : undefined), output)
  if (typeof schema !== 'string') return {}
  try {
    return { json: { schema: JSON.parse(schema) as unknown } }
  } catch {
    throw new ApiError(400, 'The model returned the following errors: output_config.format.schema: Invalid JSON')
  }
}

function schemaOf({ inputSchema }: JsonObject): unknown {
  return isObject(inputSchema) ? inputSchema['json'] : undefined
}

function toChoice(choice: unknown): ToolChoice {
  if (!isObject(choice)) return { mode: 'auto' }
  const { any, tool } = choice
  if (isObject(tool)) return { mode: 'required', only: [String(tool['name'] ?? '')] }
  return { mode: any === undefined ? 'auto' : 'required' }
}

/** What the user says, or else what tools have found. */
function questionIn(content: readonly JsonObject[]): string {
  return textOf(content) || content.map(foundIn).filter(Boolean).join('\n')
}

function foundIn({ toolResult: result }: JsonObject): string {
  return objectsIn(isObject(result) ? result['content'] : []).map(({ text, json }) => (json === undefined ? String(text ?? '') : JSON.stringify(json))).join('\n')
}

/** Tokens up to the last `cachePoint` count as written to the cache, never as read: the mock remembers nothing. */
function usageOf(content: readonly JsonObject[], body: JsonObject): JsonObject {
  let all = 0
  let cached = 0
  for (const block of [body['system'], ...objectsIn(body['messages']).map((message) => message['content'])].flatMap(objectsIn)) {
    all += countWords(textOf([block]) || foundIn(block))
    if (isObject(block['cachePoint'])) cached = all
  }
  const outputTokens = content.reduce((sum, block) => sum + toPieces(writtenIn(block)).length, 0)
  return {
    inputTokens: all - cached,
    outputTokens,
    totalTokens: all + outputTokens,
    ...(cached > 0 && { cacheReadInputTokens: 0, cacheWriteInputTokens: cached }),
  }
}

function writtenIn({ text, toolUse, reasoningContent: thinking }: JsonObject): string {
  if (isObject(toolUse)) return JSON.stringify(toolUse['input'])
  const reasoning = isObject(thinking) ? thinking['reasoningText'] : undefined
  return String(text ?? (isObject(reasoning) ? reasoning['text'] : ''))
}
