import { dataEvent, type EventText } from './answer.ts'
import { callId, finishReasons, toolCall, type ChatUsage } from './chat-wire.ts'
import type { JsonObject } from './json-object.ts'
import type { ToolCall, Turn } from './turn.ts'
import { toPieces } from './words.ts'

interface Envelope {
  readonly id: string
  readonly created: number
  readonly model: string
  /** What the ids of calls are made from. */
  readonly callIds: string
  /** Given where the client asked for it. */
  readonly usage: ChatUsage | undefined
}

/** The events of a chat with `[DONE]` at the end; several choices take turns. */
export function chatEvents(turns: readonly Turn[], { usage, ...envelope }: Envelope): EventText[] {
  const chunk = (rest: JsonObject, tokens = 0) =>
    dataEvent(
      {
        id: envelope.id,
        object: 'chat.completion.chunk',
        created: envelope.created,
        model: envelope.model,
        service_tier: 'default',
        system_fingerprint: 'fp_mock',
        ...rest,
      },
      tokens,
    )
  const choice = ({ index, delta, tokens, finish }: Delta) =>
    chunk(
      {
        choices: [{ index, delta, logprobs: null, finish_reason: finish ?? null }],
        ...(usage && { usage: null }),
      },
      // Choices that take turns are made at the same time.
      index === 0 ? tokens : 0,
    )
  return [
    ...interleave(turns.map((turn, index) => deltasOf(turn, { index, id: envelope.callIds }))).map(choice),
    ...(usage ? [chunk({ choices: [], usage })] : []),
    { text: 'data: [DONE]\n\n', tokens: 0 },
  ]
}

interface Delta {
  readonly index: number
  readonly delta: JsonObject
  readonly tokens: number
  readonly finish?: string
}

function deltasOf(turn: Turn, { index, id }: { index: number; id: string }): Delta[] {
  const calls = turn.calls.map((call, at) =>
    callDeltas(call, { at, id: callId(id, { choice: index, index: at }) }),
  )
  const one = calls.length === 1 ? (calls[0]?.[0] ?? {}) : {}
  const first = { role: 'assistant', content: turn.calls.length > 0 ? null : '', refusal: null }
  // A single call opens in the first chunk; several open in chunks of their own.
  const rest = calls.length === 1 ? (calls[0]?.slice(1) ?? []) : calls.flat()
  return [
    { index, delta: { ...first, ...one }, tokens: 0 },
    ...turn.pieces.map((content) => ({ index, delta: { content }, tokens: 1 })),
    ...rest.map((delta) => ({ index, delta, tokens: 1 })),
    { index, delta: {}, tokens: 0, finish: finishReasons[turn.end] },
  ]
}

function callDeltas(call: ToolCall, { at, id }: { at: number; id: string }): JsonObject[] {
  const opening = toolCall({ ...call, input: '' })
  return [
    { tool_calls: [{ index: at, id, ...opening }] },
    ...toPieces(call.input).map((piece) => ({
      tool_calls: [
        call.custom ? { index: at, custom: { input: piece } } : { index: at, function: { arguments: piece } },
      ],
    })),
  ]
}

/** One of each in turn, as long as any has one. */
function interleave(lists: readonly (readonly Delta[])[]): Delta[] {
  if (lists.length === 1) return [...(lists[0] ?? [])]
  const longest = Math.max(...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat()
}
