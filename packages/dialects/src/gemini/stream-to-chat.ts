import { isRecord } from '../is-record.ts'
import type { ChatUsage } from '../pivot/chat-answer.ts'
import type { ChatChunk, ChatDelta, ChunkChoice } from '../pivot/chat-chunk.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import { parseExact } from '../translate/exact-json.ts'
import { textIn, type Json } from '../translate/json.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { ProviderEvent, StreamToChat } from '../translate/translator.ts'
import { errorInside } from '../upstream-error.ts'
import { mergeUsage } from '../usage.ts'
import { annotationsOf } from './annotations.ts'
import { blockReasonOf, indexOf, partsOf } from './answer-to-chat.ts'
import { CandidateParts } from './candidate-parts.ts'
import { finishReasons } from './finish-reason.ts'
import { logprobsToChat } from './logprobs.ts'
import { member } from './member.ts'
import { tierOf } from './service-tier.ts'
import { usageToChat } from './usage.ts'

interface Candidate {
  readonly parts: CandidateParts
  calls: number
  /** What it has said: citations are told by their place in it. */
  text: string
  /** Why it ended; undefined while it goes on. */
  reason: string | undefined
}

const nothing: readonly ChatChunk[] = []
/** Gemini allows 8. */
const maxCandidates = 1024

/** Reads a stream of Gemini's. Calls may come before its last event, and counts after the end of a candidate: it is over when it ends. */
export class GeminiStreamToChat implements StreamToChat {
  readonly #context: TranslationContext
  readonly #candidates = new Map<number, Candidate>()
  #id = ''
  #isTold = false
  #usage: unknown
  #blocked: string | undefined
  ended = false

  constructor(context: TranslationContext) {
    this.#context = context
  }

  get finished(): boolean {
    if (this.#candidates.size === 0) return this.#blocked !== undefined
    for (const { reason } of this.#candidates.values()) if (reason === undefined) return false
    return true
  }

  read({ event, data }: ProviderEvent): readonly ChatChunk[] {
    const text = data.trim()
    if (text === '') return nothing
    if (text === '[DONE]') return this.#done()
    const parsed = parse(text)
    const body: unknown = Array.isArray(parsed) ? parsed[0] : parsed
    if (!isRecord(body)) {
      if (event === 'error') return [{ choices: [], error: errorInside({ error: text.slice(0, 1024) }) }]
      throw new UpstreamNonsense('an event of the stream is not a JSON object')
    }
    if (event === 'error' || isError(body['error'])) return [{ choices: [], error: errorInside(body) }]
    return this.#response(body)
  }

  end(): readonly ChatChunk[] {
    if (!this.finished) return nothing
    const choices = [...this.#candidates].map(([index, { parts, reason = '' }]): ChunkChoice => ({
      index,
      delta: {},
      finish_reason: finishReasons.toChat(reason, parts.hasCalls),
      native_finish_reason: reason,
    }))
    if (this.#blocked !== undefined && choices.length === 0) choices.push({ index: 0, delta: {}, finish_reason: 'content_filter', native_finish_reason: this.#blocked })
    return [{ choices, ...this.#counted() }]
  }

  /** None of Gemini's own; proxies add it. */
  #done(): readonly ChatChunk[] {
    if (!this.finished) return nothing
    this.ended = true
    return this.end()
  }

  #response(body: Json): readonly ChatChunk[] {
    const usage = member(body, 'usageMetadata')
    // Vertex begins with counts of nothing: what comes later is added to what was there.
    if (isRecord(usage)) this.#usage = mergeUsage(this.#usage, usage)
    this.#blocked ??= blockReasonOf(body)
    const chunk: ChatChunk = { choices: [] }
    if (!this.#isTold) this.#introduce(chunk, body)
    const { candidates } = body
    const all = Array.isArray(candidates) ? candidates.filter(isRecord) : []
    chunk.choices = all.flatMap((candidate, position) => this.#candidate(candidate, indexOf(candidate, position)))
    return chunk.choices.length > 0 || chunk.id !== undefined ? [chunk] : nothing
  }

  /** Who answers is told with the first chunk. */
  #introduce(chunk: ChatChunk, body: Json): void {
    this.#isTold = true
    this.#id = textIn(member(body, 'responseId')) ?? this.#context.newId('chatcmpl-')
    chunk.id = this.#id
    const model = textIn(member(body, 'modelVersion'))
    if (model !== undefined) chunk.model = model
    const tier = tierOf(this.#usage)
    if (tier !== undefined) chunk.service_tier = tier
    Object.assign(chunk, this.#counted())
  }

  #candidate(candidate: Json, index: number): ChunkChoice[] {
    const state = this.#stateOf(index)
    const said = partsOf(candidate).flatMap((part) => this.#deltaOf(part, state)).map((delta): ChunkChoice => ({ index, delta }))
    const annotations = annotationsOf(member(candidate, 'groundingMetadata'), state.text)
    if (annotations.length > 0) said.push({ index, delta: { annotations } })
    const logprobs = logprobsToChat(member(candidate, 'logprobsResult'))
    // They belong to the text of this event: beside the last of its pieces.
    const last = said.findLast(({ delta }) => delta.content !== undefined)
    if (logprobs && last) last.logprobs = logprobs
    else if (logprobs) said.push({ index, delta: {}, logprobs })
    const reason = textIn(member(candidate, 'finishReason'))
    if (reason !== undefined && reason !== 'FINISH_REASON_UNSPECIFIED') state.reason = reason
    return said
  }

  #deltaOf(part: Json, state: Candidate): ChatDelta[] {
    return state.parts.read(part, this.#id).map((told): ChatDelta => {
      if ('text' in told) {
        state.text += told.text
        return { content: told.text }
      }
      if ('call' in told) {
        const { id, function: { name, arguments: text }, extra_content } = told.call
        return { tool_calls: [{ index: state.calls++, id, name, arguments: text, ...(extra_content && { extra_content }) }] }
      }
      if ('image' in told) return { images: [told.image] }
      if (!('thought' in told)) return { reasoning_details: [told.detail] }
      return { ...(told.thought !== '' && { reasoning_content: told.thought }), reasoning_details: [told.detail] }
    })
  }

  #stateOf(index: number): Candidate {
    const known = this.#candidates.get(index)
    if (known) return known
    if (this.#candidates.size >= maxCandidates) throw new UpstreamNonsense('more candidates than anybody asks for')
    const state: Candidate = { parts: new CandidateParts(this.#context, index), calls: 0, text: '', reason: undefined }
    this.#candidates.set(index, state)
    return state
  }

  #counted(): { usage?: ChatUsage } {
    return isRecord(this.#usage) ? { usage: usageToChat(this.#usage) } : {}
  }
}

function parse(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return undefined // the caller says what it is
  }
}

function isError(error: unknown): boolean {
  return (isRecord(error) && Object.keys(error).length > 0) || (typeof error === 'string' && error !== '')
}
