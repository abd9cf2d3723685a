import { isRecord } from '../is-record.ts'
import { numberIn, type Json } from '../translate/json.ts'
import { member } from './member.ts'

/** Likelihoods of tokens as a chat tells them; null where there are none. */
export function logprobsToChat(result: unknown): Json | null {
  if (!isRecord(result)) return null
  const tops = list(member(result, 'topCandidates')).map((one) => list(one['candidates']).flatMap(tokenOf))
  const content = list(member(result, 'chosenCandidates')).flatMap((one, index) => tokenOf(one).map((token) => ({ ...token, top_logprobs: tops[index] ?? [] })))
  return content.length === 0 ? null : { content, refusal: null }
}

function tokenOf(one: Json): Json[] {
  const { token } = one
  const logprob = numberIn(member(one, 'logProbability'))
  return typeof token === 'string' && logprob !== undefined ? [{ token, logprob, bytes: [...Buffer.from(token)] }] : []
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** The same for a client of Gemini's; nothing where there are none. */
export function logprobsFromChat(logprobs: Json | null | undefined): { logprobsResult: Json } | undefined {
  const tokens = list(logprobs?.['content'])
  if (tokens.length === 0) return undefined
  return {
    logprobsResult: {
      chosenCandidates: tokens.map(candidateFor),
      topCandidates: tokens.map((one) => ({ candidates: list(one['top_logprobs']).map(candidateFor) })),
    },
  }
}

function candidateFor({ token, logprob }: Json): Json {
  return { token, logProbability: logprob }
}
