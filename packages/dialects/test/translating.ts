import type { Dialect, SseEvent } from '@sluice/provider'
import { Translation, type StreamTranslation, type TranslationOptions } from '../src/index.ts'
import { decoded, eventsIn } from './events-in.ts'

export type Json = Record<string, unknown>

/** A translation whose clock stands still and whose ids count. */
export function translating(client: Dialect, provider: Dialect, more: Partial<TranslationOptions> = {}): Translation {
  let ids = 0
  return new Translation(client, provider, { now: () => 1_700_000_000, newId: () => `made${++ids}`, maxHeld: 1 << 20, ...more })
}

/** The least that a client may ask, so that the answer can be translated. */
export function asked(client: Dialect, provider: Dialect, body: Json = {}, more: Partial<TranslationOptions> = {}): Translation {
  const translation = translating(client, provider, more)
  translation.request({ model: 'asked', max_tokens: 64, ...saying(client), ...body })
  return translation
}

/** What a client of a dialect says to say something; each ignores what others call it. */
export function saying(client: string): Json {
  if (client === 'openai-completions') return { prompt: 'Hi' }
  if (client === 'bedrock-converse') return { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }
  return { messages: [{ role: 'user', content: 'Hi' }], input: 'Hi', contents: [{ parts: [{ text: 'Hi' }] }] }
}

/** The least that a provider of a dialect answers: `Hi`. */
export function answering(dialect: string): Json {
  const part = { text: 'Hi' }
  const answers: Readonly<Record<string, Json>> = {
    'openai-chat': { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hi', refusal: null }, logprobs: null, finish_reason: 'stop' }], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } },
    'openai-responses': { id: 'r', created_at: 1, model: 'm', status: 'completed', output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', annotations: [], ...part }] }] },
    'anthropic-messages': { id: 'a', model: 'm', content: [{ type: 'text', ...part }], stop_reason: 'end_turn' },
    gemini: { responseId: 'g', modelVersion: 'm', candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }] },
    'bedrock-converse': { output: { message: { role: 'assistant', content: [part] } }, stopReason: 'end_turn' },
  }
  return { ...answers[dialect] }
}

/** All that a client gets of a provider's stream, as it came in these pieces, decoded. */
export function streamed(stream: StreamTranslation, chunks: readonly Buffer[]): SseEvent[] {
  const out = eventsIn(chunks).flatMap((event) => stream.event(decoded(event)))
  return [...out, ...stream.end()].map((event) => decoded(event))
}

/** Provider events as the bytes of a stream of chat chunks. */
export function chatStream(...chunks: readonly (Json | string)[]): Buffer[] {
  return chunks.map((chunk) => Buffer.from(`data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`))
}

/** Provider events as the bytes of a stream of Anthropic's. */
export function anthropicStream(...events: readonly Json[]): Buffer[] {
  return events.map((event) => Buffer.from(`event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`))
}

/** One choice's chunk. */
export function delta(piece: Json, finish: string | null = null, index = 0): Json {
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index, delta: piece, finish_reason: finish }] }
}
