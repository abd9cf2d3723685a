import { errorOfChunk } from '../chat-stream.ts'
import { isRecord } from '../is-record.ts'
import type { ChatChunk, ChatDelta, ChunkChoice } from '../pivot/chat-chunk.ts'
import { errorInside } from '../upstream-error.ts'
import { countIn, textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { ProviderEvent, StreamToChat } from '../translate/translator.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { annotationsOf } from './answer-to-chat.ts'
import { textOfContent, thoughtOf } from './content-to-chat.ts'
import { finishReasonOf, finishWord } from './finish-reason.ts'
import { detailsOf } from './reasoning-to-chat.ts'
import { ToolCallsToChat } from './tool-calls-to-chat.ts'
import { serviceTierOf } from './service-tier.ts'
import { usageToChat } from './usage-to-chat.ts'

interface ChoiceState {
  readonly calls: ToolCallsToChat
  isFinished: boolean
}

const nothing: readonly ChatChunk[] = []
/** OpenAI allows 128. */
const maxChoices = 1024

/** Reads a stream of chat completion chunks, OpenAI's or that of any server which is nearly compatible. */
export class ChatStreamToChat implements StreamToChat {
  readonly #context: TranslationContext
  readonly #choices = new Map<number, ChoiceState>()
  /** The choice of which the last event held a piece of text, and told nothing else. */
  #textOf: number | undefined
  #unfinished = 0
  ended = false
  #isTold = false

  constructor(context: TranslationContext) {
    this.#context = context
  }

  get finished(): boolean {
    return this.ended || (this.#choices.size > 0 && this.#unfinished === 0)
  }

  readLike(content: string): readonly ChatChunk[] | undefined {
    return this.#textOf === undefined ? undefined : [{ choices: [{ index: this.#textOf, delta: { content } }] }]
  }

  read({ event, data }: ProviderEvent): readonly ChatChunk[] {
    if (data.charCodeAt(0) !== 0x7b) {
      const text = data.trim()
      if (text === '') return nothing
      if (text === '[DONE]') {
        this.ended = true
        return nothing
      }
    }
    const body = parsed(data)
    if (event === 'error' || isError(body)) return [{ choices: [], error: isRecord(body) ? errorOfChunk(Buffer.from(data)) : errorInside({ error: data.slice(0, 1024) }) }]
    if (!isRecord(body)) throw new UpstreamNonsense('an event of the stream is not a JSON object')
    const chunks = this.#chunk(body)
    this.#textOf = textAloneOf(chunks[0])
    return chunks
  }

  end(): readonly ChatChunk[] {
    return nothing
  }

  #chunk(body: Json): readonly ChatChunk[] {
    const raw = body['choices']
    const choices = Array.isArray(raw) ? raw.filter(isRecord) : []
    const usage = usageToChat(body)
    // Azure begins with what it thinks of the prompt, in a chunk that is nobody's.
    if (choices.length === 0 && !usage) return nothing
    const chunk: ChatChunk = { choices: choices.map((choice, position) => this.#choice(choice, position)) }
    if (usage) chunk.usage = usage
    if (!this.#isTold) this.#introduce(chunk, body)
    return [chunk]
  }

  /** Who answers is told with the first chunk. */
  #introduce(chunk: ChatChunk, body: Json): void {
    this.#isTold = true
    const id = textIn(body['id'])
    const model = textIn(body['model'])
    const created = countIn(body['created'])
    const tier = serviceTierOf(body['service_tier'])
    const fingerprint = textIn(body['system_fingerprint'])
    if (id !== undefined) chunk.id = id
    if (model !== undefined) chunk.model = model
    if (created > 0) chunk.created = created
    if (tier !== undefined) chunk.service_tier = tier
    if (fingerprint !== undefined) chunk.system_fingerprint = fingerprint
  }

  #choice(choice: Json, position: number): ChunkChoice {
    const index = typeof choice['index'] === 'number' ? countIn(choice['index']) : position
    const state = this.#stateOf(index)
    const read: ChunkChoice = { index, delta: isRecord(choice['delta']) ? deltaOf(choice['delta'], state) : {} }
    if (isRecord(choice['logprobs'])) read.logprobs = choice['logprobs']
    const word = finishWord(choice['finish_reason'])
    // OpenRouter says it twice.
    if (word === undefined || state.isFinished) return read
    state.calls.finish()
    state.isFinished = true
    this.#unfinished--
    read.finish_reason = finishReasonOf(word, state.calls.any)
    const native = textIn(choice['native_finish_reason'])
    if (native !== undefined) read.native_finish_reason = native
    return read
  }

  #stateOf(index: number): ChoiceState {
    const known = this.#choices.get(index)
    if (known) return known
    if (this.#choices.size >= maxChoices) throw new UpstreamNonsense('more choices than anybody asks for')
    const state: ChoiceState = { calls: new ToolCallsToChat(this.#context), isFinished: false }
    this.#choices.set(index, state)
    this.#unfinished++
    return state
  }
}

/** The choice of which a chunk tells a piece of text and nothing else. */
function textAloneOf(chunk: ChatChunk | undefined): number | undefined {
  const [choice] = chunk?.choices ?? []
  if (!chunk || !choice || chunk.choices.length > 1 || choice.delta.content === undefined) return undefined
  return size(chunk) === 1 && size(choice) === 2 && size(choice.delta) === 1 ? choice.index : undefined
}

function size(value: object): number {
  let members = 0
  for (const _ in value) members++
  return members
}

function deltaOf(raw: Json, state: ChoiceState): ChatDelta {
  const delta: ChatDelta = {}
  const text = textOfContent(raw['content'])
  if (text !== '') delta.content = text
  const thought = thoughtOf(raw)
  if (thought !== '') delta.reasoning_content = thought
  const refusal = textIn(raw['refusal'])
  if (refusal !== undefined) delta.refusal = refusal
  const { tool_calls: calls, function_call: legacy, reasoning_details: details, annotations } = raw
  const pieces: unknown[] = Array.isArray(calls) ? calls : []
  if (isRecord(legacy)) pieces.push({ index: 0, function: legacy })
  if (pieces.length > 0) {
    const told = state.calls.read(pieces)
    if (told.length > 0) delta.tool_calls = told
  }
  if (Array.isArray(details) && details.length > 0) delta.reasoning_details = detailsOf(details)
  if (Array.isArray(annotations) && annotations.length > 0) delta.annotations = annotationsOf(annotations)
  return delta
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined // the caller says what it is
  }
}

/** An error instead of a chunk, or in one of its choices. */
function isError(body: unknown): boolean {
  if (!isRecord(body)) return false
  const { error, choices, object, x_groq: groq } = body
  if ((error !== undefined && error !== null) || object === 'error') return true
  if (isRecord(groq) && groq['error'] !== undefined) return true
  return (
    Array.isArray(choices) &&
    choices.some((one) => isRecord(one) && ((one['error'] !== undefined && one['error'] !== null) || one['finish_reason'] === 'error'))
  )
}
