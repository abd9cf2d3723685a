import { isRecord } from '../is-record.ts'
import type { Json } from '../translate/json.ts'

/** Likelihoods of tokens as a chat tells them; null where there are none. */
export function logprobsToChat(logprobs: unknown): Json | null {
  if (!Array.isArray(logprobs) || logprobs.length === 0) return null
  return { content: tokensOf(logprobs), refusal: null }
}

/** Likelihoods of the tokens of a text; those of a refusal have no place. */
export function logprobsFromChat(logprobs: Json | null | undefined): Json[] {
  return logprobs ? tokensOf(logprobs['content']) : []
}

function tokensOf(value: unknown): Json[] {
  if (!Array.isArray(value)) return []
  return value.filter(isRecord).flatMap((one) => {
    const token = tokenOf(one)
    const { top_logprobs: top } = one
    return token ? [{ ...token, top_logprobs: Array.isArray(top) ? top.filter(isRecord).flatMap((other) => tokenOf(other) ?? []) : [] }] : []
  })
}

function tokenOf({ token, logprob, bytes }: Json): Json | undefined {
  if (typeof token !== 'string' || typeof logprob !== 'number') return undefined
  return { token, logprob, bytes: Array.isArray(bytes) ? bytes : [...Buffer.from(token)] }
}
