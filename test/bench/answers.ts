import { prose, seeded } from './prose.ts'
import { sentModel } from './wire.ts'

const usage = {
  prompt_tokens: 119,
  completion_tokens: 74,
  total_tokens: 193,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
}

const id = 'chatcmpl-BvQ2m8dKp0sWcXy7TzLrN5eHfJa3U'
const created = 1_753_088_400

/** The text of every chat answer that is not streamed. */
export const chatText = prose(300, seeded(11))

/** OpenAI's answer to a chat, printed as its API prints it. */
export const chatAnswer = Buffer.from(
  JSON.stringify(
    {
      id,
      object: 'chat.completion',
      created,
      model: `${sentModel}-2024-08-06`,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: chatText, refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage,
      service_tier: 'default',
      system_fingerprint: 'fp_07871e2ad8',
    },
    null,
    2,
  ),
)

const dimensions = 1536

/** Vectors of an embeddings answer. */
export const embeddingCount = 9

/** OpenAI's answer to an embeddings request: about 290 KB of numbers, usage at the end. */
export const embeddingsAnswer = Buffer.from(
  JSON.stringify(
    {
      object: 'list',
      data: Array.from({ length: embeddingCount }, (_, index) => ({ object: 'embedding', index, embedding: vector(index) })),
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 96, total_tokens: 96 },
    },
    null,
    2,
  ),
)

function vector(index: number): number[] {
  const random = seeded(100 + index)
  return Array.from({ length: dimensions }, () => Number(((random() - 0.5) / 8).toFixed(9)))
}

/** The events of a streamed chat, each with its separator: role, `count` pieces of text, finish, usage if asked for, `[DONE]`. */
export function chatEvents(count: number, includeUsage: boolean): Buffer[] {
  const random = seeded(12)
  const events = [event({ role: 'assistant', content: '', refusal: null }, null, includeUsage)]
  for (let n = 0; n < count; n += 1) events.push(event({ content: streamedPiece(n, random) }, null, includeUsage))
  events.push(event({}, 'stop', includeUsage))
  if (includeUsage) events.push(toEvent({ ...chunkHead, choices: [], usage }))
  events.push(Buffer.from('data: [DONE]\n\n'))
  return events
}

const chunkHead = {
  id,
  object: 'chat.completion.chunk',
  created,
  model: `${sentModel}-2024-08-06`,
  service_tier: 'default',
  system_fingerprint: 'fp_07871e2ad8',
}

function event(delta: object, finish: string | null, includeUsage: boolean): Buffer {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }]
  return toEvent({ ...chunkHead, choices, ...(includeUsage && { usage: null }) })
}

function streamedPiece(n: number, random: () => number): string {
  return `${n === 0 ? '' : ' '}${prose(4 + Math.floor(random() * 6), random).split(' ')[0]}`
}

function toEvent(data: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`)
}
