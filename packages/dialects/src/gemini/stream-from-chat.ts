import type { ChatUsage } from '../pivot/chat-answer.ts'
import type { ChatChunk, ChatDelta, ChunkChoice, ToolCallDelta } from '../pivot/chat-chunk.ts'
import { textOfDetail, type ReasoningDetail } from '../pivot/reasoning.ts'
import { UpstreamNonsense } from '../translate/errors.ts'
import type { Json } from '../translate/json.ts'
import { dataEvent } from '../translate/sse.ts'
import type { TranslationContext } from '../translate/translation-context.ts'
import type { StreamFromChat } from '../translate/translator.ts'
import { callFor, pictureFor } from './answer-from-chat.ts'
import { finishReasons } from './finish-reason.ts'
import { logprobsFromChat } from './logprobs.ts'
import { isGoogles } from './signature.ts'
import { usageFromChat } from './usage.ts'

/** A call whose arguments are not whole yet: Gemini's come at once. */
interface HeldCall {
  readonly first: ToolCallDelta
  text: string
}

interface Candidate {
  readonly calls: Map<number, HeldCall>
  finish: string | undefined
  isCut: boolean
  hasRefused: boolean
}

/** Writes a stream of Gemini's. Text goes out as it comes; calls at the end of it, when their arguments are whole. */
export class GeminiStreamFromChat implements StreamFromChat {
  readonly #context: TranslationContext
  readonly #candidates = new Map<number, Candidate>()
  #heldLength = 0
  #usage: ChatUsage | undefined
  /** What every event ends with, as JSON; empty before the first. */
  #tail = ''

  constructor(context: TranslationContext) {
    this.#context = context
  }

  write(chunk: ChatChunk, out: Buffer[]): void {
    if (this.#tail === '') this.#introduce(chunk)
    if (chunk.usage) this.#usage = chunk.usage
    for (const choice of chunk.choices) this.#choice(choice, out)
  }

  /** One last event ends all candidates, with the counts. */
  end(out: Buffer[]): void {
    if (this.#tail === '') this.#introduce({ choices: [] })
    if (this.#candidates.size === 0) this.#stateOf(0)
    const candidates = [...this.#candidates].map(([index, { calls, finish, isCut, hasRefused }]) => ({
      content: { role: 'model', parts: orEmpty([...calls.values()].flatMap(({ first, text }) => callFor(callOf(first, text), isCut))) },
      finishReason: hasRefused ? 'SAFETY' : (finish ?? 'STOP'),
      index,
    }))
    const usage = this.#usage ? `,"usageMetadata":${JSON.stringify(usageFromChat(this.#usage))}` : ''
    out.push(dataEvent(`{"candidates":${JSON.stringify(candidates)}${usage}${this.#tail}`))
  }

  #introduce({ id, model }: ChatChunk): void {
    const modelVersion = JSON.stringify(model ?? this.#context.model)
    this.#tail = `,"modelVersion":${modelVersion},"responseId":${JSON.stringify(id ?? this.#context.newId('resp_'))}}`
  }

  #choice({ index, delta, logprobs, ...ending }: ChunkChoice, out: Buffer[]): void {
    const state = this.#stateOf(index)
    const parts = this.#partsOf(delta, state)
    const likely = logprobsFromChat(logprobs)
    if (parts.length > 0 || likely) {
      const candidate = { content: { role: 'model', parts: orEmpty(parts) }, index, ...likely }
      out.push(dataEvent(`{"candidates":[${JSON.stringify(candidate)}]${this.#tail}`))
    }
    if (ending.finish_reason === undefined) return
    state.finish = finishReasons.toClient({ ...ending, finish_reason: ending.finish_reason })
    state.isCut = ending.finish_reason === 'length'
  }

  #partsOf({ reasoning_content: thought, reasoning_details: details = [], content, refusal, images = [], tool_calls: calls = [] }: ChatDelta, state: Candidate): Json[] {
    const parts: Json[] = thoughtsIn(details, thought)
    if (content !== undefined && content !== '') parts.push({ text: content })
    if (refusal !== undefined) {
      state.hasRefused = true
      if (refusal !== '') parts.push({ text: refusal })
    }
    // A signature of a text may come behind it.
    for (const detail of details) if (detail.type === 'reasoning.encrypted' && isGoogles(detail)) parts.push({ text: '', thoughtSignature: detail.data })
    parts.push(...images.flatMap(pictureFor))
    for (const call of calls) this.#hold(call, state)
    return parts
  }

  #hold(call: ToolCallDelta, { calls }: Candidate): void {
    this.#heldLength += call.arguments.length
    if (this.#heldLength > this.#context.options.maxHeld) throw new UpstreamNonsense('the arguments of a tool call are too large to be held', 'event_too_large')
    const known = calls.get(call.index)
    if (known) known.text += call.arguments
    else calls.set(call.index, { first: call, text: call.arguments })
  }

  #stateOf(index: number): Candidate {
    const known = this.#candidates.get(index)
    if (known) return known
    const state: Candidate = { calls: new Map(), finish: undefined, isCut: false, hasRefused: false }
    this.#candidates.set(index, state)
    return state
  }
}

function callOf({ id = '', name = '', extra_content }: ToolCallDelta, text: string) {
  return { id, function: { name, arguments: text }, ...(extra_content && { extra_content }) }
}

/** Gemini's last event has an empty text where it has nothing to say. */
function orEmpty(parts: Json[]): Json[] {
  return parts.length > 0 ? parts : [{ text: '' }]
}

function thoughtsIn(details: readonly ReasoningDetail[], thought: string | undefined): Json[] {
  const own = details.flatMap((detail): Json[] => {
    if (detail.type !== 'reasoning.text' || !isGoogles(detail)) return []
    const { text = '', signature } = detail
    return text === '' && !signature ? [] : [{ text, thought: true, ...(signature && { thoughtSignature: signature }) }]
  })
  if (own.length > 0) return own
  const text = thought ?? details.map(textOfDetail).join('')
  return text === '' ? [] : [{ text, thought: true }]
}
