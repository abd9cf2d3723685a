import { isRecord } from './is-record.ts'

/** Tokens of one answer, as the provider counted them; what it did not tell is 0. */
export interface Usage {
  /** As reported: Anthropic and Bedrock leave out what was read from or written to the cache, the others count it in. */
  promptTokens: number
  completionTokens: number
  totalTokens: number
  cacheReadTokens: number
  cacheCreationTokens: number
  /** Part of `completionTokens` with nearly every provider. */
  reasoningTokens: number
}

/** Reads the usage of a chat completion; undefined where `raw` counts nothing. A stream gets no total made up. */
export function chatUsage(raw: unknown, isStream: boolean): Usage | undefined {
  if (!isRecord(raw) || !hasCounts(raw, ['prompt_tokens', 'completion_tokens', 'total_tokens'])) return undefined
  const promptTokens = count(raw['prompt_tokens'])
  const completionTokens = count(raw['completion_tokens'])
  const prompt = record(raw['prompt_tokens_details'])
  return {
    promptTokens,
    completionTokens,
    totalTokens: count(raw['total_tokens']) || (isStream ? 0 : promptTokens + completionTokens),
    cacheReadTokens: count(prompt['cached_tokens'] ?? raw['prompt_cache_hit_tokens']),
    cacheCreationTokens: count(prompt['cache_creation_input_tokens'] ?? prompt['cache_write_tokens']),
    reasoningTokens: count(record(raw['completion_tokens_details'])['reasoning_tokens']),
  }
}

/** Reads the usage of an answer of the Responses API; undefined where `raw` counts nothing. */
export function responsesUsage(raw: unknown): Usage | undefined {
  if (!isRecord(raw) || !hasCounts(raw, ['input_tokens', 'output_tokens', 'total_tokens'])) return undefined
  const promptTokens = count(raw['input_tokens'])
  const completionTokens = count(raw['output_tokens'])
  const input = record(raw['input_tokens_details'])
  return {
    promptTokens,
    completionTokens,
    totalTokens: count(raw['total_tokens']) || promptTokens + completionTokens,
    cacheReadTokens: count(input['cached_tokens']),
    cacheCreationTokens: count(input['cache_write_tokens']),
    reasoningTokens: count(record(raw['output_tokens_details'])['reasoning_tokens']),
  }
}

/** Reads the usage of an Anthropic message; undefined where `raw` counts nothing. */
export function anthropicUsage(raw: unknown): Usage | undefined {
  if (!isRecord(raw) || !hasCounts(raw, ['input_tokens', 'output_tokens'])) return undefined
  const promptTokens = count(raw['input_tokens'])
  const completionTokens = count(raw['output_tokens'])
  return {
    promptTokens,
    completionTokens,
    totalTokens: Math.max(count(raw['total_tokens']), promptTokens + completionTokens),
    cacheReadTokens: count(raw['cache_read_input_tokens']),
    cacheCreationTokens: count(raw['cache_creation_input_tokens']),
    reasoningTokens: 0,
  }
}

/** Reads the usage of Gemini's `usageMetadata`; undefined where `raw` counts nothing. It counts thoughts beside the answer. */
export function geminiUsage(raw: unknown): Usage | undefined {
  if (!isRecord(raw) || !hasCounts(raw, ['promptTokenCount', 'candidatesTokenCount', 'totalTokenCount'])) return undefined
  const reasoningTokens = count(raw['thoughtsTokenCount'])
  const promptTokens = count(raw['promptTokenCount']) + count(raw['toolUsePromptTokenCount'])
  const completionTokens = count(raw['candidatesTokenCount']) + reasoningTokens
  return {
    promptTokens,
    completionTokens,
    totalTokens: count(raw['totalTokenCount']) || promptTokens + completionTokens,
    cacheReadTokens: count(raw['cachedContentTokenCount']),
    cacheCreationTokens: 0,
    reasoningTokens,
  }
}

/** Reads the usage of an answer of Bedrock's Converse; undefined where `raw` counts nothing. Its total has in it what was cached. */
export function bedrockUsage(raw: unknown): Usage | undefined {
  if (!isRecord(raw) || !hasCounts(raw, ['inputTokens', 'outputTokens', 'totalTokens'])) return undefined
  const promptTokens = count(raw['inputTokens'])
  const completionTokens = count(raw['outputTokens'])
  const cacheReadTokens = count(raw['cacheReadInputTokens'])
  const cacheCreationTokens = count(raw['cacheWriteInputTokens'])
  return {
    promptTokens,
    completionTokens,
    totalTokens: count(raw['totalTokens']) || promptTokens + completionTokens + cacheReadTokens + cacheCreationTokens,
    cacheReadTokens,
    cacheCreationTokens,
    reasoningTokens: 0,
  }
}

/** Reads the usage of embeddings; undefined where `raw` counts nothing. */
export function embeddingsUsage(raw: unknown): Usage | undefined {
  if (!isRecord(raw) || !hasCounts(raw, ['prompt_tokens', 'total_tokens'])) return undefined
  return {
    promptTokens: count(raw['prompt_tokens']),
    completionTokens: 0,
    totalTokens: count(raw['total_tokens']),
    cacheReadTokens: 0,
    cacheCreationTokens: 0,
    reasoningTokens: 0,
  }
}

/** Usage that a stream tells in parts: what comes later wins, but a 0 takes no number back. */
export function mergeUsage(before: unknown, later: unknown): unknown {
  if (!isRecord(before)) return later
  if (!isRecord(later)) return before
  const merged = new Map(Object.entries(before))
  for (const [name, value] of Object.entries(later)) {
    const isNoNews = value === null || (typeof value === 'number' && value <= 0)
    if (!isNoNews || !merged.has(name)) merged.set(name, value)
  }
  return Object.fromEntries(merged)
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}

function hasCounts(raw: Record<string, unknown>, names: readonly string[]): boolean {
  return names.some((name) => typeof raw[name] === 'number')
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0
}
