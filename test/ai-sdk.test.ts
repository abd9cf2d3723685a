import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { APICallError, generateText, isStepCount, jsonSchema, streamText, tool, type LanguageModel } from 'ai'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { playedProviders, playing } from './support/provider-dialects.ts'

// On a machine that is busy with something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

/** The providers of the AI SDK, each in front of a gateway as it would be in front of its own API. */
const clients: readonly { name: string; model(url: string): LanguageModel }[] = [
  { name: 'its provider for OpenAI’s chat', model: (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-of-the-client' }).chat('gpt-4o') },
  { name: 'its provider for OpenAI’s Responses', model: (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-of-the-client' }).responses('gpt-4o') },
  { name: 'its provider for Anthropic', model: (url) => createAnthropic({ baseURL: `${url}/v1`, apiKey: 'sk-of-the-client' })('claude-sonnet-4-5') },
]

const cells = clients.flatMap((client) => playedProviders.map((provider) => ({ client: client.name, on: provider.name, model: client.model, provider })))

describe.for(cells)('the AI SDK with $client, on a provider of $on', ({ model, provider }) => {
  // Without it the SDK sends ids in place of what OpenAI would have kept.
  const common = { system: 'Be brief.', maxRetries: 0, providerOptions: { openai: { store: false } } }
  const prompt = 'What is 1+1?'

  test('generates a text, and streams the same', async () => {
    const { mock, url } = await playing(provider)
    const whole = await generateText({ model: model(url), prompt, ...common })
    expect(whole.text).toMatch(/What is 1\+1\?[^]*Be brief\./)
    expect(whole.finishReason).toBe('stop')
    const streamed = streamText({ model: model(url), prompt, ...common })
    const pieces: string[] = []
    for await (const piece of streamed.textStream) pieces.push(piece)
    expect(pieces.join('')).toBe(whole.text)
    expect(pieces.length).toBeGreaterThan(3)
    const { inputTokens, outputTokens } = await streamed.usage
    expect([inputTokens, outputTokens]).toEqual([whole.usage.inputTokens, whole.usage.outputTokens])
    expect(outputTokens).toBeGreaterThan(0)
    expect(mock.requests.every((request) => provider.asked.test(request.url))).toBe(true)
  })

  test.for(['whole', 'streamed'])('runs a tool and goes on with what it found, %s', async (how) => {
    const { mock, url } = await playing(provider)
    const seen: unknown[] = []
    const weather = tool({
      description: 'The weather.',
      inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string', enum: ['Oslo'] } }, required: ['city'], additionalProperties: false }),
      execute: (input) => {
        seen.push(input)
        return '7 °C'
      },
    })
    const asked = { model: model(url), prompt: 'call get_weather', tools: { get_weather: weather }, stopWhen: isStepCount(4), ...common }
    const text = how === 'whole' ? (await generateText(asked)).text : await streamText(asked).text
    expect(seen).toEqual([{ city: 'Oslo' }])
    expect(text).toContain('7 °C')
    expect(mock.requests).toHaveLength(2)
  })

  test('throws what the provider says, whole and in the middle of a stream', async () => {
    const { mock, url } = await playing(provider)
    mock.script({ status: 429, message: 'Slow down.' }, { errorEvent: 6, message: 'Broken in the middle.' })
    const limited: unknown = await generateText({ model: model(url), prompt, ...common }).catch((thrown: unknown) => thrown)
    expect(APICallError.isInstance(limited) && [limited.statusCode, limited.message]).toEqual([429, 'Slow down.'])
    const { text, errors } = await readToTheEnd((onError) => streamText({ model: model(url), prompt, ...common, onError }))
    expect(text).not.toBe('')
    expect(errors).toContain('Broken in the middle.')
  })
})

/** What came of a stream that breaks, and all that it says of it: the connection is cut behind the error, too. */
async function readToTheEnd(start: (onError: (event: { error: unknown }) => void) => { fullStream: AsyncIterable<{ type: string }> }): Promise<{ text: string; errors: string }> {
  const errors: unknown[] = []
  let text = ''
  try {
    for await (const part of start(({ error }) => void errors.push(error)).fullStream) {
      if ('text' in part && part.type === 'text-delta') text += String(part.text)
      if ('error' in part) errors.push(part.error)
    }
  } catch (error) {
    errors.push(error)
  }
  return { text, errors: JSON.stringify(errors.map((error) => (error instanceof Error ? error.message : error))) }
}
