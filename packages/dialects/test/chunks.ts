import type { ChatAnswer, ChatChoice } from '../src/pivot/chat-answer.ts'
import type { ChatChunk, ChatDelta, ChunkChoice } from '../src/pivot/chat-chunk.ts'
import type { ReasoningDetail } from '../src/pivot/reasoning.ts'
import type { Random } from './random.ts'

/** A text in pieces, cut anywhere but inside a character. */
function pieces(random: Random, text: string): string[] {
  const chars = [...text]
  const out: string[] = []
  while (chars.length > 0) out.push(chars.splice(0, 1 + random.below(5)).join(''))
  return out
}

function deltasOf(random: Random, { message }: ChatChoice): ChatDelta[] {
  const { reasoning_details: details = [], content, refusal, annotations, tool_calls: calls = [] } = message
  return [
    ...details.flatMap((detail) => thoughtDeltas(random, detail)),
    ...pieces(random, content ?? '').map((piece): ChatDelta => ({ content: piece })),
    ...pieces(random, refusal ?? '').map((piece): ChatDelta => ({ refusal: piece })),
    ...(annotations ? [{ annotations }] : []),
    ...calls.flatMap(({ id, function: { name, arguments: text }, extra_content }, index): ChatDelta[] => [
      { tool_calls: [{ index, id, name, arguments: '', ...(extra_content && { extra_content }) }] },
      ...pieces(random, text).map((piece): ChatDelta => ({ tool_calls: [{ index, arguments: piece }] })),
    ]),
  ]
}

function thoughtDeltas(random: Random, detail: ReasoningDetail): ChatDelta[] {
  if (detail.type === 'reasoning.summary') return pieces(random, detail.summary).map((piece) => ({ reasoning_content: piece, reasoning_details: [{ ...detail, summary: piece }] }))
  if (detail.type !== 'reasoning.text') return [{ reasoning_details: [detail] }]
  const { text = '', signature, ...rest } = detail
  return [
    ...pieces(random, text).map((piece): ChatDelta => ({ reasoning_content: piece, reasoning_details: [{ ...rest, text: piece }] })),
    ...(signature ? [{ reasoning_details: [{ ...rest, signature }] }] : []),
  ]
}

/** An answer as the chunks in which a provider might have streamed it. */
export function chunksOf(random: Random, { id, created, model, choices, usage }: ChatAnswer): ChatChunk[] {
  const said = choices.flatMap((choice): ChunkChoice[] => {
    const { index, finish_reason, stop_sequence, native_finish_reason } = choice
    const end = { index, delta: {}, finish_reason, ...(stop_sequence !== undefined && { stop_sequence }), ...(native_finish_reason !== undefined && { native_finish_reason }) }
    return [...deltasOf(random, choice).map((delta) => ({ index, delta })), end]
  })
  return [{ id, created, model, choices: [] }, ...said.map((choice) => ({ choices: [choice] })), { choices: [], ...(usage && { usage }) }]
}

/** Chunks as the answer that they make up. */
export function answerOf(chunks: readonly ChatChunk[], created: number): ChatAnswer {
  const choices = new Map<number, ChatChoice>()
  const answer: ChatAnswer = { id: '', object: 'chat.completion', created, model: '', choices: [] }
  for (const chunk of chunks) {
    if (chunk.error) throw new Error(chunk.error.message)
    if (chunk.id !== undefined) answer.id = chunk.id
    if (chunk.model !== undefined) answer.model = chunk.model
    if (chunk.usage) answer.usage = chunk.usage
    for (const choice of chunk.choices) {
      const known = choices.get(choice.index) ?? { index: choice.index, message: { role: 'assistant', content: null, refusal: null }, logprobs: null, finish_reason: 'stop' }
      choices.set(choice.index, known)
      add(known, choice)
    }
  }
  answer.choices = [...choices.values()].toSorted((a, b) => a.index - b.index)
  for (const { message } of answer.choices) if (message.content === null && !message.tool_calls && message.refusal === null) message.content = ''
  return answer
}

function add(known: ChatChoice, { delta, finish_reason, native_finish_reason, stop_sequence }: ChunkChoice): void {
  const { message } = known
  if (delta.content !== undefined) message.content = (message.content ?? '') + delta.content
  if (delta.refusal !== undefined) message.refusal = (message.refusal ?? '') + delta.refusal
  if (delta.reasoning_content !== undefined) message.reasoning_content = (message.reasoning_content ?? '') + delta.reasoning_content
  if (delta.annotations) message.annotations = [...(message.annotations ?? []), ...delta.annotations]
  for (const detail of delta.reasoning_details ?? []) addDetail((message.reasoning_details ??= []), detail)
  for (const { index, id, name, arguments: text, extra_content } of delta.tool_calls ?? []) {
    const calls = (message.tool_calls ??= [])
    const call = (calls[index] ??= { id: id ?? '', type: 'function', function: { name: name ?? '', arguments: '' }, ...(extra_content && { extra_content }) })
    call.function.arguments += text
  }
  if (finish_reason !== undefined) known.finish_reason = finish_reason
  if (native_finish_reason !== undefined) known.native_finish_reason = native_finish_reason
  if (stop_sequence !== undefined) known.stop_sequence = stop_sequence
}

function addDetail(details: ReasoningDetail[], detail: ReasoningDetail): void {
  const known = details.find(({ index }) => index === detail.index)
  if (known?.type === 'reasoning.summary' && detail.type === 'reasoning.summary') return void (known.summary += detail.summary)
  if (known?.type !== 'reasoning.text' || detail.type !== 'reasoning.text') return void details.push({ ...detail })
  known.text = (known.text ?? '') + (detail.text ?? '')
  if (detail.signature) known.signature = detail.signature
}
