import { expect, test } from 'vitest'
import { geminiCallOf, geminiPath } from '../src/index.ts'

test.for([
  ['/v1beta/models/gemini-2.5-flash:generateContent', 'gemini-2.5-flash', false],
  ['/v1beta/models/gemini-2.5-flash:streamGenerateContent', 'gemini-2.5-flash', true],
  ['/prefix/v1/tunedModels/mine-1:generateContent', 'mine-1', false],
  ['/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-pro:streamGenerateContent', 'gemini-2.5-pro', true],
] as const)('%s is a call of a model', ([path, model, stream]) => {
  expect(geminiCallOf(path)).toEqual({ model, stream })
})

test.for([
  '/v1beta/models/gemini-2.5-flash',
  '/v1beta/models/gemini-2.5-flash:countTokens',
  '/v1beta/models/:generateContent',
  '/v1beta/models/a/b:generateContent',
  '/v1beta/models/a:generateContent/x',
  `/v1beta/models/${'a'.repeat(257)}:generateContent`,
  '/v1/chat/completions',
])('%s is none', (path) => {
  expect(geminiCallOf(path)).toBeUndefined()
})

test('the path of a call keeps to its segment, and asks for events', () => {
  expect(geminiPath({ model: 'models/gemini-2.5-flash', stream: false })).toBe('/models/gemini-2.5-flash:generateContent')
  expect(geminiPath({ model: 'google/gemini-2.5-flash@001', stream: true })).toBe('/models/gemini-2.5-flash@001:streamGenerateContent?alt=sse')
  expect(geminiPath({ model: '../a?b#c', stream: false })).toBe('/models/..%2Fa%3Fb%23c:generateContent')
})
