import Anthropic, { APIError, BadRequestError, RateLimitError } from '@anthropic-ai/sdk'
import type { MessageParam, MessageStreamEvent, Tool } from '@anthropic-ai/sdk/resources/messages'
import type { MockLlm, Script } from '@sluice/mock-llm'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { playedProviders, playing, type PlayedProvider } from './support/provider-dialects.ts'

// On a machine that is busy with something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const tools: Tool[] = [{ name: 'get_weather', description: 'The weather.', input_schema: { type: 'object', properties: { city: { type: 'string', enum: ['Oslo'] } }, required: ['city'] } }]
const question = { model: 'claude', max_tokens: 4096, system: 'Be brief.', messages: [{ role: 'user' as const, content: 'What is 1+1?' }] }

/** The unmodified SDK, in front of a gateway, in front of a provider. */
async function stage(provider: PlayedProvider): Promise<{ anthropic: Anthropic; mock: MockLlm; paths(): string[] }> {
  const { mock, url } = await playing(provider)
  const anthropic = new Anthropic({ baseURL: url, apiKey: 'sk-of-the-client', maxRetries: 0 })
  return { anthropic, mock, paths: () => mock.requests.map((request) => request.url) }
}

/** What the SDK makes of a stream, up to where it throws. */
async function read(stream: AsyncIterable<MessageStreamEvent>): Promise<{ events: MessageStreamEvent[]; error: unknown }> {
  const events: MessageStreamEvent[] = []
  try {
    for await (const event of stream) events.push(event)
    return { events, error: undefined }
  } catch (error) {
    return { events, error }
  }
}

describe.for(playedProviders)('Anthropic’s SDK on a provider of $name', (provider) => {
  const { asked } = provider

  test('reads a message whole, and the same from a stream', async () => {
    const { anthropic, paths } = await stage(provider)
    const whole = await anthropic.messages.create(question)
    expect(whole).toMatchObject({ type: 'message', role: 'assistant', model: 'the-routes-own', stop_reason: 'end_turn' })
    const [block] = whole.content
    expect(block?.type === 'text' && block.text).toMatch(/What is 1\+1\?[^]*Be brief\./)
    const streamed = anthropic.messages.stream(question)
    const texts: string[] = []
    streamed.on('text', (text) => texts.push(text))
    const final = await streamed.finalMessage()
    expect([final.content, final.stop_reason, final.usage.output_tokens]).toEqual([whole.content, whole.stop_reason, whole.usage.output_tokens])
    expect(texts.length).toBeGreaterThan(3)
    expect(paths().every((path) => asked.test(path))).toBe(true)
  })

  test('goes through a loop with a tool, sending back all that it got', async () => {
    const { anthropic, mock } = await stage(provider)
    const messages: MessageParam[] = [{ role: 'user', content: 'call get_weather' }]
    const first = await anthropic.messages.stream({ ...question, messages, tools }).finalMessage()
    expect(first.stop_reason).toBe('tool_use')
    const call = first.content.find((block) => block.type === 'tool_use')!
    expect([call.name, call.input]).toEqual(['get_weather', { city: 'Oslo' }])
    messages.push({ role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: '7 °C' }] })
    const second = await anthropic.messages.create({ ...question, messages, tools })
    const [block] = second.content
    expect(block?.type === 'text' && block.text).toContain('7 °C')
    expect(mock.requests).toHaveLength(2)
  })

  test('sees pictures on their way', async () => {
    const { anthropic, mock } = await stage(provider)
    const data = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    const content = [{ type: 'text' as const, text: 'What is it?' }, { type: 'image' as const, source: { type: 'base64' as const, media_type: 'image/png' as const, data } }]
    await anthropic.messages.create({ ...question, messages: [{ role: 'user', content }] })
    expect(mock.requests[0]!.body.toString()).toContain(data)
  })

  test.for<[how: string, script: Script]>([
    ['fails', { errorEvent: 6 }],
    ['breaks off', { cutAfter: 6 }],
  ])('throws where the stream %s in the middle', async ([, script]) => {
    const { anthropic, mock } = await stage(provider)
    mock.script(script)
    const { events, error } = await read(await anthropic.messages.create({ ...question, stream: true }))
    expect(error).toBeInstanceOf(APIError)
    expect(events.map(({ type }) => type)).toContain('content_block_delta')
    expect(events.map(({ type }) => type)).not.toContain('message_stop')
  })

  test('throws what the provider refuses, and what cannot be told to it', async () => {
    const { anthropic, mock } = await stage(provider)
    mock.script({ status: 429, message: 'Slow down.', headers: { 'retry-after': '7' } })
    const limited: unknown = await anthropic.messages.create(question).catch((thrown: unknown) => thrown)
    expect(limited).toBeInstanceOf(RateLimitError)
    expect(limited).toMatchObject({ status: 429, error: { type: 'error', error: { type: 'rate_limit_error', message: 'Slow down.' } } })
    const refused: unknown = await anthropic.messages.create({ ...question, max_tokens: 0 }).catch((thrown: unknown) => thrown)
    expect(refused).toBeInstanceOf(BadRequestError)
  })
})

describe.for(playedProviders.filter(({ dialect }) => dialect !== 'anthropic-messages'))('a conversation that Anthropic would keep, on a provider of $name,', (provider) => {
  test('is refused, for it is kept nowhere', async () => {
    const { anthropic, mock } = await stage(provider)
    const { messages: _messages, ...others } = question
    const refused: unknown = await anthropic.beta.messages.thread(others).send({ role: 'user', content: 'Hi' }).then(undefined, (thrown: unknown) => thrown)
    expect(refused).toBeInstanceOf(BadRequestError)
    expect(String(refused)).toContain('a translated conversation is kept nowhere: send all of it as messages')
    expect(mock.requests).toHaveLength(0)
  })

  test('is sent whole by the SDK’s own loop, which calls the tool and hears the answer', async () => {
    const { anthropic, mock } = await stage(provider)
    const seen: unknown[] = []
    const run = (input: unknown): string => {
      seen.push(input)
      return '7 °C'
    }
    const messages = [{ role: 'user' as const, content: 'call get_weather' }]
    const last = await anthropic.beta.messages.toolRunner({ ...question, messages, tools: [{ ...tools[0]!, type: 'custom', parse: (input: unknown) => input, run }] })
    expect(seen).toEqual([{ city: 'Oslo' }])
    expect(JSON.stringify(last.content)).toContain('7 °C')
    expect(mock.requests.map(({ body }) => body.toString().includes('call get_weather'))).toEqual([true, true])
  })
})
