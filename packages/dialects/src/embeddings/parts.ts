import type { Dialect } from '@sluice/provider'
import { isRecord } from '../is-record.ts'
import type { Json } from '../translate/json.ts'
import { embeddingsTranslatorOf } from './embeddings-translators.ts'

/** The member of a client's request that holds several texts, and that of its answer that holds their vectors. */
const lists: Readonly<Partial<Record<Dialect, readonly [texts: string, vectors: string]>>> = {
  'openai-embeddings': ['input', 'data'],
  'gemini-embeddings': ['requests', 'embeddings'],
}

/**
 * A client's request as several, where it has more texts than a model of the provider's takes in one call; undefined where
 * one is enough. Their answers belong together: `joinEmbeddings`.
 */
export function splitEmbeddings(client: Dialect, provider: Dialect, body: Json, model: string): Json[] | undefined {
  const most = embeddingsTranslatorOf(provider)?.maxInputs?.(model) ?? Infinity
  const [member] = lists[client] ?? []
  const texts = member === undefined ? undefined : body[member]
  // A list of tokens is one text.
  if (member === undefined || !Array.isArray(texts) || texts.length <= most || texts.some((text) => typeof text === 'number')) return undefined
  return Array.from({ length: Math.ceil(texts.length / most) }, (_, part) => ({ ...body, [member]: texts.slice(part * most, (part + 1) * most) }))
}

/** The answers to the parts of a request, in their order, as one. */
export function joinEmbeddings(client: Dialect, answers: readonly Json[]): Json {
  const [first = {}] = answers
  const [, member = ''] = lists[client] ?? []
  const all = answers.flatMap((answer) => (Array.isArray(answer[member]) ? (answer[member] as unknown[]) : []))
  const vectors = client === 'openai-embeddings' ? all.map((one, index) => ({ ...(one as Json), index })) : all
  return { ...first, [member]: vectors, ...(isRecord(first['usage']) && { usage: summed(answers) }) }
}

function summed(answers: readonly Json[]): Json {
  const sum: Record<string, number> = {}
  for (const { usage } of answers) {
    if (isRecord(usage)) for (const [name, count] of Object.entries(usage)) if (typeof count === 'number') sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}
