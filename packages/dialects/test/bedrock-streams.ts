import { encodeMessage } from '@sluice/provider'
import type { Json } from './translating.ts'

/** An event of a stream, or an exception, by its type. */
export type BedrockEvent = readonly [type: string, payload: Json | string]

/** One binary message of a stream of Converse: an event, or an exception. */
export function bedrockMessage(type: string, payload: Json | string): Buffer {
  const kind = type.endsWith('Exception') ? 'exception' : 'event'
  const headers = { [`:${kind}-type`]: type, ':content-type': 'application/json', ':message-type': kind }
  return encodeMessage(headers, typeof payload === 'string' ? payload : JSON.stringify(payload))
}

/** A stream of Converse: from its beginning to its counts, with these events in between. */
export function bedrockStream(...events: readonly BedrockEvent[]): Buffer[] {
  return [['messageStart', { role: 'assistant' }] as const, ...events].map(([type, payload]) => bedrockMessage(type, payload))
}

/** A piece of a block. */
export function piece(delta: Json, contentBlockIndex = 0): BedrockEvent {
  return ['contentBlockDelta', { contentBlockIndex, delta, p: 'abcdefghij' }]
}

/** The end of a message, and its counts. */
export function ending(stopReason: string, more: Json = {}): readonly BedrockEvent[] {
  return [
    ['messageStop', { stopReason, ...more }],
    ['metadata', { usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 }, metrics: { latencyMs: 5 } }],
  ]
}
