import { jsonAnswer, type Answer } from './answer.ts'
import type { Asked } from './asked.ts'
import type { Tool, ToolChoice } from './called-tools.ts'
import { integerIn, numberIn, stringsIn } from './check-body.ts'
import { checkContents, partsOf } from './gemini-checks.ts'
import { arrayStream, eventStream, type Response } from './gemini-events.ts'
import { isObject, objectsIn, type JsonObject } from './json-object.ts'
import { promptTokens, takeTurn, type Prompt, type Turn } from './turn.ts'
import { textOf, toPieces } from './words.ts'

/** Answers https://ai.google.dev/api/generate-content, whole, as events (`alt=sse`) or as the pieces of one JSON array. */
export function geminiContent(asked: Asked): Answer {
  const { body, path, query, id } = asked
  const model = modelIn(path)
  const contents = checkContents(body, model)
  const config = isObject(body['generationConfig']) ? body['generationConfig'] : {}
  const choices = integerIn(config, 'candidateCount', { min: 1, max: 8 }) ?? 1
  const prompt = { ...promptOf(asked, { model, contents, config }), choices }
  const turns = Array.from({ length: choices }, (_, variant) => takeTurn(prompt, variant))
  const thinks = thinking(config)
  const usage = asked.wishes.noUsage ? undefined : usageOf(body, contents)
  const envelope = { modelVersion: model, responseId: id }
  const count = (written: number, thought = thinks ? toPieces(thoughtText).length : 0) => (usage ? { usageMetadata: total(usage, written, thought) } : {})
  if (!path.endsWith(':streamGenerateContent')) {
    const written = turns.reduce((sum, turn) => sum + turn.tokens, 0)
    const candidates = turns.map((turn, index) => ({ content: { parts: [...(thinks ? [thought] : []), ...contentOf(turn, id)], role: 'model' }, finishReason: finishReasons[turn.end], index }))
    return jsonAnswer({ candidates, ...count(written), ...envelope })
  }
  let written = 0
  const responses = interleaved(turns.map((turn, index) => piecesOf(turn, { id, index, thinks }))).map(({ candidate, tokens }): Response => {
    written += tokens
    return { value: { candidates: [candidate], ...count(written), ...envelope }, tokens }
  })
  return query.get('alt') === 'sse' ? eventStream(responses) : arrayStream(responses)
}

/** Answers https://ai.google.dev/api/tokens. */
export function geminiCountTokens({ body, path }: Asked): Answer {
  const inner = isObject(body['generateContentRequest']) ? body['generateContentRequest'] : body
  const { model: _model, ...request } = inner
  return jsonAnswer({ totalTokens: Math.max(1, usageOf(request, checkContents(request, modelIn(path)))) })
}

/** The model in a path. */
export function modelIn(path: string): string {
  return decodeURIComponent(/\/([^/:]+):\w+$/.exec(path)?.[1] ?? '')
}

const finishReasons = { stop: 'STOP', sequence: 'STOP', length: 'MAX_TOKENS', calls: 'STOP' } as const

const thoughtText = 'The user wants to see that a request arrives. I repeat what was said, and say who I am.'
const thought = { text: thoughtText, thought: true }
const signature = 'bW9jay1sbG0gc2lnbmVkIHRoaXMgdGhvdWdodA=='

/** Calls have no id, and the first of them a signature. */
function contentOf(turn: Turn, id: string): readonly JsonObject[] {
  if (turn.calls.length === 0) return [{ text: turn.pieces.join('') }]
  return turn.calls.map(({ name, input }, index) => ({
    functionCall: { name, args: JSON.parse(input) as unknown },
    ...(index === 0 && { thoughtSignature: Buffer.from(`${id}${signature}`).toString('base64') }),
  }))
}

interface Piece {
  readonly candidate: JsonObject
  readonly tokens: number
}

/** Calls come whole, and before a last piece with an empty text. */
function piecesOf(turn: Turn, { id, index, thinks }: { id: string; index: number; thinks: boolean }): Piece[] {
  const piece = (parts: readonly JsonObject[], tokens: number): Piece => ({ candidate: { content: { parts, role: 'model' }, index }, tokens })
  const thoughts = thinks ? toPieces(thoughtText).map((text) => piece([{ text, thought: true }], 0)) : []
  const said = turn.calls.length > 0 ? [piece(contentOf(turn, id), turn.tokens)] : turn.pieces.map((text) => piece([{ text }], 1))
  const last = { content: { parts: [{ text: '' }], role: 'model' }, finishReason: finishReasons[turn.end], index }
  return [...thoughts, ...said, { candidate: last, tokens: 0 }]
}

/** One of each in turn, as long as any has one. */
function interleaved(lists: readonly (readonly Piece[])[]): Piece[] {
  const longest = Math.max(...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat()
}

function thinking({ thinkingConfig: config }: JsonObject): boolean {
  return isObject(config) && config['includeThoughts'] === true && config['thinkingBudget'] !== 0
}

function usageOf(body: JsonObject, contents: readonly JsonObject[]): number {
  return promptTokens([systemOf(body), ...contents.flatMap(partsOf).map((part) => textOf([part['functionResponse'] ? { text: JSON.stringify(part['functionResponse']) } : part]))])
}

/** Counted so far; what was thought stands beside what was written. */
function total(promptTokenCount: number, candidatesTokenCount: number, thoughtsTokenCount: number): JsonObject {
  return {
    promptTokenCount,
    candidatesTokenCount,
    totalTokenCount: promptTokenCount + candidatesTokenCount + thoughtsTokenCount,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: promptTokenCount }],
    ...(thoughtsTokenCount > 0 && { thoughtsTokenCount }),
    serviceTier: 'standard',
  }
}

function systemOf({ systemInstruction: instruction }: JsonObject): string {
  return isObject(instruction) ? textOf(instruction['parts']) : ''
}

interface PromptInit {
  readonly model: string
  readonly contents: readonly JsonObject[]
  readonly config: JsonObject
}

function promptOf({ body, wishes }: Asked, { model, contents, config }: PromptInit): Prompt {
  numberIn(config, 'topP', { min: 0, max: 1 })
  const asks = contents.filter((content) => content['role'] !== 'model')
  const schema = config['responseJsonSchema'] ?? config['responseSchema']
  return {
    model,
    wishes,
    limit: integerIn(config, 'maxOutputTokens', { min: 1 }),
    system: systemOf(body),
    question: questionIn(partsOf(asks.at(-1) ?? {})),
    tools: objectsIn(body['tools']).flatMap((tool) => objectsIn(tool['functionDeclarations'])).map(toTool),
    choice: toChoice(body['toolConfig']),
    parallel: true,
    stop: stringsIn(config, 'stopSequences', 5),
    ...(config['responseMimeType'] === 'application/json' && { json: schema === undefined ? {} : { schema } }),
  }
}

/** What the user says, or else what functions have found. */
function questionIn(parts: readonly JsonObject[]): string {
  const found = parts.flatMap(({ functionResponse: result }) => (isObject(result) ? [JSON.stringify(result['response'])] : []))
  return textOf(parts) || found.join('\n')
}

function toTool({ name, parameters, parametersJsonSchema: plain }: JsonObject): Tool {
  return { name: String(name ?? ''), schema: plain ?? parameters, custom: false }
}

function toChoice(toolConfig: unknown): ToolChoice {
  const config = isObject(toolConfig) ? toolConfig['functionCallingConfig'] : undefined
  if (!isObject(config)) return { mode: 'auto' }
  const { mode, allowedFunctionNames: only } = config
  if (mode === 'NONE') return { mode: 'none' }
  const allowed = Array.isArray(only) && only.length > 0 ? { only: only.map(String) } : {}
  return { mode: mode === 'ANY' ? 'required' : 'auto', ...allowed }
}
