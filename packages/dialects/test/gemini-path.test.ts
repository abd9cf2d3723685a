import { expect, test } from 'vitest'
import { suffixOf } from '../src/index.ts'

test.for([
  [{ model: 'gemini-2.5-flash', stream: false }, '/models/gemini-2.5-flash:generateContent'],
  [{ model: 'models/gemini-2.5-flash', stream: false }, '/models/gemini-2.5-flash:generateContent'],
  [{ model: 'publishers/google/models/gemini-2.5-flash', stream: false }, '/models/gemini-2.5-flash:generateContent'],
  [{ model: 'tunedModels/mine-1', stream: false }, '/tunedModels/mine-1:generateContent'],
  [{ model: 'google/gemini-2.5-flash@001', stream: true }, '/models/gemini-2.5-flash@001:streamGenerateContent?alt=sse'],
  [{ model: 'gemini-2.5-flash', stream: false, operation: ':countTokens' }, '/models/gemini-2.5-flash:countTokens'],
  [{ model: 'a/b?c#d', stream: false }, '/models/a%2Fb%3Fc%23d:generateContent'],
] as const)('a call of %j ends in %s: streams come as events, and a name keeps to its segment', ([call, path]) => {
  expect(suffixOf('gemini', call)).toBe(path)
})

test.for([undefined, '', 'models/', '..', '../secrets', 'a/../b', 'a\\..\\b'])('there is no path for the model %j', (model) => {
  expect(suffixOf('gemini', { stream: false, ...(model !== undefined && { model }) })).toBeUndefined()
})

test('embeddings have operations of their own, and other dialects one end for all models', () => {
  const call = { model: 'gemini-embedding-001', stream: false }
  expect(suffixOf('gemini-embeddings', call)).toBe('/models/gemini-embedding-001:batchEmbedContents')
  expect(suffixOf('gemini-embeddings', { ...call, operation: ':embedContent' })).toBe('/models/gemini-embedding-001:embedContent')
  expect(suffixOf('vertex-predict', call)).toBe('/models/gemini-embedding-001:predict')
  expect(suffixOf('openai-chat', call)).toBe('/chat/completions')
})

test.for([
  ['gemini', '/models/half%EF%BF%BD:generateContent'],
  ['bedrock-converse', '/model/half%EF%BF%BD/converse'],
] as const)('half of a pair of surrogates in a model’s name is a character that is not known, and no failure: %s', ([dialect, path]) => {
  expect(suffixOf(dialect, { model: 'half\ud83d', stream: false })).toBe(path)
})
