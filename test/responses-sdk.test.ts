import type { MockLlm, Script } from '@sluice/mock-llm'
import OpenAI, { APIError } from 'openai'
import type { ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, test } from 'vitest'
import { playedProviders, playing, type PlayedProvider } from './support/provider-dialects.ts'

/** Providers that do not speak the Responses API. */
const providers = playedProviders.filter(({ dialect }) => dialect !== 'openai-responses')

const tools = [{ type: 'function' as const, name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string', enum: ['Oslo'] } }, required: ['city'] }, strict: true }]

/** The unmodified SDK, in front of a gateway, in front of a provider of another dialect. */
async function stage(provider: PlayedProvider): Promise<{ openai: OpenAI; mock: MockLlm }> {
  const { mock, url } = await playing(provider)
  return { mock, openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-of-the-client', maxRetries: 0 }) }
}

/** What the SDK makes of a stream, up to where it throws. */
async function read(stream: AsyncIterable<ResponseStreamEvent>): Promise<{ events: ResponseStreamEvent[]; error: unknown }> {
  const events: ResponseStreamEvent[] = []
  try {
    for await (const event of stream) events.push(event)
    return { events, error: undefined }
  } catch (error) {
    return { events, error }
  }
}

describe.for(providers)('OpenAI’s SDK asks for a response of a provider of $name', (provider) => {
  test('and reads it whole, and the same from a stream', async () => {
    const { openai, mock } = await stage(provider)
    const question = { model: 'gpt-5', instructions: 'Be brief.', input: 'What is 1+1?' }
    const whole = await openai.responses.create(question)
    expect(whole.output_text).toContain('What is 1+1?')
    expect(whole).toMatchObject({ object: 'response', status: 'completed', model: 'the-routes-own', instructions: 'Be brief.' })
    const final = await openai.responses.stream(question).finalResponse()
    expect([final.output_text, final.usage?.output_tokens]).toEqual([whole.output_text, whole.usage?.output_tokens])
    expect(mock.requests.map(({ url }) => provider.asked.test(url))).toEqual([true, true])
  })

  test('and goes through a loop with a tool, sending back all that it got', async () => {
    const { openai, mock } = await stage(provider)
    const input: ResponseInputItem[] = [{ role: 'user', content: 'call get_weather' }]
    const first = await openai.responses.stream({ model: 'gpt-5', input, tools }).finalResponse()
    const call = first.output.find((item) => item.type === 'function_call')!
    expect([call.name, JSON.parse(call.arguments)]).toEqual(['get_weather', { city: 'Oslo' }])
    input.push(...(first.output as ResponseInputItem[]), { type: 'function_call_output', call_id: call.call_id, output: 'cold' }, { role: 'user', content: 'So?' })
    const second = await openai.responses.create({ model: 'gpt-5', input, tools })
    expect(second.output_text).not.toBe('')
    const sent = mock.requests.at(-1)!.body.toString()
    expect(sent.split(call.call_id)).toHaveLength(3)
    expect(sent).toContain('cold')
  })

  test('and has a tool called whose input is a text, turn after turn', async () => {
    const { openai, mock } = await stage(provider)
    const patch = { type: 'custom' as const, name: 'apply_patch', description: 'Patches files.', format: { type: 'grammar' as const, syntax: 'lark' as const, definition: 'start: "x"' } }
    const input: ResponseInputItem[] = []
    for (let turn = 0; turn < 3; turn++) {
      input.push({ role: 'user', content: 'call apply_patch' })
      const { events } = await read(await openai.responses.create({ model: 'gpt-5', input, tools: [patch, ...tools], stream: true, store: false, include: ['reasoning.encrypted_content'] }))
      const last = events.at(-1)!
      if (last.type !== 'response.completed') throw new Error(`it ended with ${last.type}`)
      const call = last.response.output.find((item) => item.type === 'custom_tool_call')!
      expect(call).toMatchObject({ name: 'apply_patch', input: 'example' })
      expect(events.filter(({ type }) => type === 'response.custom_tool_call_input.done')).toMatchObject([{ item_id: call.id, input: 'example' }])
      input.push(...(last.response.output as ResponseInputItem[]), { type: 'custom_tool_call_output', call_id: call.call_id, output: `patched ${turn}` })
    }
    const sent = mock.requests.at(-1)!.body.toString()
    expect(sent).toMatch(/patched 0[^]*patched 1/)
    expect(sent).toContain('Lark grammar')
  })

  test.for<[how: string, script: Script]>([
    ['fails', { errorEvent: 6 }],
    ['breaks off', { cutAfter: 6 }],
  ])('and hears that it %s in the middle', async ([, script]) => {
    const { openai, mock } = await stage(provider)
    mock.script(script)
    const { events, error } = await read(await openai.responses.create({ model: 'gpt-5', input: 'Hi', stream: true }))
    expect(error).toBeInstanceOf(APIError)
    expect(events.map(({ type }) => type)).toContain('response.output_text.delta')
    expect(events.map(({ type }) => type)).not.toContain('response.completed')
  })

  test('and hears in a 400 what cannot be translated', async () => {
    const { openai, mock } = await stage(provider)
    const error: unknown = await openai.responses.create({ model: 'gpt-5', input: 'Hi', tools: [{ type: 'web_search' }] }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'tools[0].type' })
    expect(mock.requests).toHaveLength(0)
  })
})
