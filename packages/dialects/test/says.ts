import type { Dialect } from '@sluice/provider'
import type { Says } from './conversations.ts'

/** What each dialect can say. A chat that holds nothing else comes back from it as it was. */
export const says: Readonly<Partial<Record<Dialect, Says>>> = {
  'openai-chat': {
    signedCalls: true,
    cacheControl: true,
    signedReasoning: true,
    thinkingBudget: true,
    topK: true,
    isError: false,
    picturesFromTools: false,
    documents: false,
    citations: false,
    severalChoices: true,
    refusal: true,
    stopSequence: false,
  },
  'openai-responses': {
    cacheControl: false,
    signedReasoning: false,
    encryptedReasoning: true,
    thinkingBudget: false,
    topK: false,
    isError: false,
    picturesFromTools: true,
    documents: false,
    citations: false,
    severalChoices: false,
    refusal: true,
    stopSequence: false,
    neverStops: true,
  },
  'anthropic-messages': {
    cacheControl: true,
    signedReasoning: true,
    thinkingBudget: true,
    topK: true,
    isError: true,
    picturesFromTools: true,
    documents: true,
    citations: true,
    severalChoices: false,
    refusal: false,
    stopSequence: true,
  },
  gemini: {
    cacheControl: false,
    signedReasoning: false,
    googleReasoning: true,
    signedCalls: true,
    thinkingBudget: true,
    topK: true,
    isError: true,
    picturesFromTools: false,
    documents: false,
    citations: false,
    severalChoices: true,
    refusal: false,
    stopSequence: false,
    lacks: new Set(['file names', 'strict tools', 'single calls', 'user', 'cache writes']),
  },
  'bedrock-converse': {
    cacheControl: true,
    signedReasoning: true,
    thinkingBudget: true,
    topK: true,
    isError: true,
    picturesFromTools: true,
    documents: false,
    citations: false,
    severalChoices: false,
    refusal: false,
    stopSequence: true,
    lacks: new Set(['file names', 'single calls', 'user', 'addresses', 'marks in results', 'files without a word', 'thought tokens', 'ids of answers']),
  },
}

const abilities = ['cacheControl', 'signedReasoning', 'googleReasoning', 'encryptedReasoning', 'thinkingBudget', 'topK', 'isError', 'picturesFromTools', 'documents', 'citations', 'severalChoices', 'refusal', 'stopSequence', 'signedCalls'] as const

/** What two dialects can both say: that has to survive between them. */
export function saidByBoth(one: Says, other: Says): Says {
  const able = Object.fromEntries(abilities.map((name) => [name, one[name] === true && other[name] === true])) as Record<(typeof abilities)[number], boolean>
  return { ...able, lacks: new Set([...(one.lacks ?? []), ...(other.lacks ?? [])]), neverStops: one.neverStops === true || other.neverStops === true }
}
