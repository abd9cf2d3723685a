import { describe, expect, test } from 'vitest'
import { UpstreamNonsense } from '../src/index.ts'
import { translating, type Json } from './translating.ts'

const tools = [{ name: 'f', description: 'd', input_schema: { type: 'object', properties: { a: { type: 'string' } } } }]
const message = { model: 'claude', system: 'Be kind.', messages: [{ role: 'user', content: 'Hi' }], tools, tool_choice: { type: 'any' } }
const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }]
const systemInstruction = { parts: [{ text: 'Be kind.' }] }

describe('a count that is asked in Anthropic’s dialect', () => {
  test('is asked of Gemini within a request, with all that costs tokens', () => {
    expect(translating('anthropic-messages', 'gemini', { counts: 'wrapped' }).request({ ...message, model: 'gemini-2.5-flash' })).toEqual({
      generateContentRequest: {
        model: 'models/gemini-2.5-flash',
        contents,
        systemInstruction: expect.objectContaining(systemInstruction) as Json,
        tools: [{ functionDeclarations: [expect.objectContaining({ name: 'f' })] }],
        toolConfig: expect.any(Object) as Json,
      },
    })
  })

  test('is asked of Vertex as it is, without what that does not count', () => {
    const asked = translating('anthropic-messages', 'gemini', { counts: 'bare' }).request({ ...message, model: 'gemini-2.5-flash' })
    expect(Object.keys(asked).toSorted()).toEqual(['contents', 'systemInstruction', 'tools'])
  })

  test('is answered in Anthropic’s shape', () => {
    const translation = translating('anthropic-messages', 'gemini', { counts: 'wrapped' })
    translation.request(message)
    expect(translation.answer({ totalTokens: 31, promptTokensDetails: [] })).toEqual({ input_tokens: 31 })
  })
})

describe('a count of Bedrock’s', () => {
  test('is asked of a conversation, without what costs nothing', () => {
    const translation = translating('anthropic-messages', 'bedrock-converse', { counts: 'bare' })
    const asked = translation.request({ ...message, model: 'anthropic.claude-3-5-haiku-20241022-v1:0', max_tokens: 9, temperature: 1 })
    expect(asked).toEqual({ input: { converse: { messages: [{ role: 'user', content: [{ text: 'Hi' }] }], system: [{ text: 'Be kind.' }], toolConfig: expect.any(Object) as Json } } })
    expect(translation.answer({ inputTokens: 12 })).toEqual({ input_tokens: 12 })
  })

  test('is asked of others for its clients', () => {
    const translation = translating('bedrock-converse', 'anthropic-messages', { counts: 'bare' })
    expect(translation.request({ model: 'claude', input: { converse: { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] } } })).toMatchObject({ model: 'claude', messages: [{ role: 'user' }] })
    expect(translation.answer({ input_tokens: 12 })).toEqual({ inputTokens: 12 })
  })
})

describe('a count that is asked in Gemini’s dialect', () => {
  test.for<Json>([
    { contents, systemInstruction, generationConfig: { temperature: 1, maxOutputTokens: 9 } },
    { generateContentRequest: { model: 'models/other', contents, systemInstruction, generationConfig: { temperature: 1 } } },
  ])('is asked of Anthropic without what it refuses: %j', (body) => {
    expect(translating('gemini', 'anthropic-messages', { counts: 'bare' }).request({ ...body, model: 'claude' })).toEqual({
      model: 'claude',
      system: expect.anything() as unknown,
      messages: expect.anything() as unknown,
    })
  })

  test('is answered in Gemini’s shape', () => {
    const translation = translating('gemini', 'anthropic-messages', { counts: 'bare' })
    translation.request({ contents })
    expect(translation.answer({ input_tokens: 7 })).toEqual({ totalTokens: 7 })
  })
})

test.for<Json>([{}, { totalTokens: '31' }, { totalTokens: -1 }])('the answer %j is no count', (answer) => {
  const translation = translating('anthropic-messages', 'gemini', { counts: 'wrapped' })
  translation.request(message)
  expect(() => translation.answer(answer)).toThrow(UpstreamNonsense)
})

test('nobody streams a count', () => {
  const translation = translating('anthropic-messages', 'gemini', { counts: 'wrapped' })
  translation.request(message)
  const stream = translation.stream()
  stream.event({ event: '', data: '{"totalTokens":1}' })
  expect(stream.failure).toMatchObject({ status: 502 })
})

test('only dialects that count can be asked to', () => {
  expect(() => translating('openai-chat', 'gemini', { counts: 'wrapped' })).toThrow('openai-chat cannot be translated')
  expect(() => translating('gemini', 'openai-chat', { counts: 'bare' })).toThrow('openai-chat cannot be translated')
})
