import { isRecord } from '../is-record.ts'
import type { Json } from '../translate/json.ts'

/** Likelihoods of tokens as lists beside each other; `start` is where the first of them stands in the text. */
export function logprobsFromChat(logprobs: Json | null | undefined, start: number): Json | null {
  const content = logprobs?.['content']
  const told = Array.isArray(content) ? content.filter(isRecord) : []
  if (told.length === 0) return null
  const tokens = told.map(({ token }) => textOf(token))
  let offset = start
  return {
    tokens,
    token_logprobs: told.map(({ logprob }) => numberOf(logprob)),
    top_logprobs: told.map(({ top_logprobs: top }) => (Array.isArray(top) ? Object.fromEntries(top.filter(isRecord).map(({ token, logprob }) => [textOf(token), numberOf(logprob)])) : {})),
    text_offset: tokens.map((token) => {
      const at = offset
      offset += token.length
      return at
    }),
  }
}

function textOf(token: unknown): string {
  return typeof token === 'string' ? token : ''
}

function numberOf(logprob: unknown): number | null {
  return typeof logprob === 'number' ? logprob : null
}
