import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type, type Content, type GenerateContentResponse } from '@google/genai'
import type { Script } from '@sluice/mock-llm'
import { describe, expect, test } from 'vitest'
import { aiRoute } from './support/start-gateway.ts'
import { playedProviders, playing, type Played, type PlayedProvider } from './support/provider-dialects.ts'

/** Vertex AI speaks as Gemini does, at a place of its own. */
const providers: readonly PlayedProvider[] = [
  ...playedProviders,
  {
    dialect: 'gemini',
    name: 'Gemini in Vertex AI',
    config: { provider: 'vertex-ai', provider_conf: { project_id: 'p', region: 'global', dialect: 'native' } },
    asked: /^\/v1\/projects\/p\/locations\/global\/publishers\/google\/models\/the-routes-own:(?:stream)?[gG]enerateContent(?:\?alt=sse)?$/,
  },
]

const model = 'gemini-3-pro'
const question = { model, contents: 'What is 1+1?', config: { systemInstruction: 'Be brief.' } }
const city = { type: Type.OBJECT, properties: { city: { type: Type.STRING, enum: ['Oslo'] } }, required: ['city'] }
const tools = [{ functionDeclarations: [{ name: 'get_weather', description: 'Tells the weather.', parameters: city }] }]

/** The unmodified SDK, in front of a gateway, in front of a provider of any dialect. */
async function stage(provider: PlayedProvider): Promise<Played & { ai: GoogleGenAI }> {
  const played = await playing(provider)
  return { ...played, ai: new GoogleGenAI({ apiKey: 'AIza-of-the-client', httpOptions: { baseUrl: played.url } }) }
}

/** What the SDK makes of a stream, up to where it throws. */
async function read(stream: AsyncIterable<GenerateContentResponse>): Promise<{ pieces: GenerateContentResponse[]; error: unknown }> {
  const pieces: GenerateContentResponse[] = []
  try {
    for await (const piece of stream) pieces.push(piece)
    return { pieces, error: undefined }
  } catch (error) {
    return { pieces, error }
  }
}

function textOf(pieces: readonly GenerateContentResponse[]): string {
  return pieces.map(({ text }) => text ?? '').join('')
}

describe.for(providers)('Google’s SDK asks a provider of $name', (provider) => {
  const { asked } = provider

  test('and reads the answer whole, and the same from a stream', async () => {
    const { ai, mock, gateway } = await stage(provider)
    const whole = await ai.models.generateContent(question)
    expect(whole.text).toContain('What is 1+1?')
    expect(whole.candidates).toMatchObject([{ finishReason: 'STOP', content: { role: 'model' } }])
    expect(whole.usageMetadata).toMatchObject({ promptTokenCount: expect.any(Number) as number, candidatesTokenCount: expect.any(Number) as number })
    const { pieces, error } = await read(await ai.models.generateContentStream(question))
    expect(error).toBeUndefined()
    expect(pieces.length).toBeGreaterThan(5)
    expect(textOf(pieces)).toBe(whole.text)
    expect(pieces.at(-1)).toMatchObject({ candidates: [{ finishReason: 'STOP' }], usageMetadata: { candidatesTokenCount: whole.usageMetadata!.candidatesTokenCount } })
    expect(mock.requests.map(({ url }) => url)).toEqual([expect.stringMatching(asked), expect.stringMatching(asked)])
    expect(JSON.stringify(mock.requests.map(({ headers }) => headers))).not.toContain('of-the-client')
    const told = { request_llm_model: model, llm_model: 'the-routes-own', outcome: 'complete', usage_source: 'provider' }
    expect(await gateway.lines(2)).toMatchObject([{ ...told, llm_stream: false }, { ...told, llm_stream: true }])
  })

  test('and talks, turn after turn', async () => {
    const { ai, mock } = await stage(provider)
    const chat = ai.chats.create({ model })
    await chat.sendMessage({ message: 'My name is Ada.' })
    const { pieces, error } = await read(await chat.sendMessageStream({ message: 'What is my name?' }))
    expect([error, textOf(pieces)]).toEqual([undefined, expect.stringContaining('What is my name?') as string])
    // The SDK remembers a stream piece by piece: a turn is many contents, one behind the other.
    expect((await chat.sendMessage({ message: 'Thanks.' })).text).toContain('Thanks.')
    expect(mock.requests.at(-1)!.body.toString()).toMatch(/My name is Ada\.[^]*What is my name\?[^]*Thanks\./)
  })

  test.for(['whole', 'streamed'])('and goes through a loop with a tool, sending back all that it got, %s', async (mode) => {
    const { ai, mock, gateway } = await stage(provider)
    const contents: Content[] = [{ role: 'user', parts: [{ text: 'call get_weather' }] }]
    const config = { tools, toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } } }
    const ask = async (): Promise<GenerateContentResponse[]> => {
      if (mode === 'whole') return [await ai.models.generateContent({ model, contents, config })]
      const { pieces, error } = await read(await ai.models.generateContentStream({ model, contents, config }))
      expect(error).toBeUndefined()
      return pieces
    }
    const first = await ask()
    const calls = first.flatMap((piece) => piece.functionCalls ?? [])
    expect(calls).toMatchObject([{ name: 'get_weather', args: { city: 'Oslo' } }])
    const said = first.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? [])
    const response = { name: 'get_weather', ...(calls[0]!.id !== undefined && { id: calls[0]!.id }), response: { sky: 'grey' } }
    contents.push({ role: 'model', parts: said }, { role: 'user', parts: [{ functionResponse: response }] }, { role: 'user', parts: [{ text: 'So?' }] })
    expect(textOf(await ask())).toContain('So?')
    const sent = mock.requests.at(-1)!.body.toString()
    expect(sent).toMatch(/get_weather[^]*Oslo[^]*grey/)
    expect(await gateway.lines(2)).toMatchObject([{ llm_has_tool_calls: true, llm_tool_count: 1 }, { llm_has_tool_calls: false, llm_tool_count: 1 }])
  })

  test('and gets JSON in the form that it wants', async () => {
    const { ai } = await stage(provider)
    const { text } = await ai.models.generateContent({ model, contents: 'Where?', config: { responseMimeType: 'application/json', responseSchema: city } })
    expect(JSON.parse(text!)).toHaveProperty('city')
  })

  test('and hears of an error by its status', async () => {
    const { ai, mock } = await stage(provider)
    mock.script({ status: 429, message: 'slow down' })
    const error: unknown = await ai.models.generateContent(question).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 429, message: expect.stringContaining('slow down') as string })
  })

  test.for<[how: string, script: Script]>([
    ['fails', { errorEvent: 6 }],
    ['breaks off', { cutAfter: 6 }],
  ])('and hears that a stream %s in the middle', async ([, script]) => {
    const { ai, mock } = await stage(provider)
    mock.script(script)
    const { pieces, error } = await read(await ai.models.generateContentStream(question))
    expect(error).toBeInstanceOf(Error)
    expect(textOf(pieces)).not.toBe('')
    expect(pieces.flatMap(({ candidates = [] }) => candidates).every(({ finishReason }) => finishReason === undefined)).toBe(true)
  })

  test('and takes the provider’s connection with it when it gives up', async () => {
    const { ai, mock, gateway } = await stage(provider)
    mock.script({ stallAfter: 6 })
    const controller = new AbortController()
    const stream = await ai.models.generateContentStream({ ...question, config: { abortSignal: controller.signal } })
    const request = await mock.waitForRequest()
    const reading = read(stream)
    controller.abort()
    expect((await reading).error).toBeDefined()
    expect(await request.closed).toMatchObject({ by: 'client' })
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'client_disconnect' }])
  })
})

describe('Google’s SDK', () => {
  const gemini = providers.find(({ dialect }) => dialect === 'gemini')!
  const anthropic = providers.find(({ dialect }) => dialect === 'anthropic-messages')!

  test('counts tokens where the provider is Google’s', async () => {
    const { ai, mock } = await stage(gemini)
    expect(await ai.models.countTokens({ model, contents: 'one two three' })).toMatchObject({ totalTokens: 3 })
    expect(mock.requests[0]!.url).toBe('/v1beta/models/the-routes-own:countTokens')
  })

  test('shows what Gemini and Anthropic thought apart from the text', async () => {
    for (const provider of [gemini, anthropic]) {
      const { ai } = await stage(provider)
      const answer = await ai.models.generateContent({ model: 'gemini-2.5-flash', contents: 'Hi', config: { thinkingConfig: { includeThoughts: true, thinkingBudget: 2000 } } })
      const parts = answer.candidates![0]!.content!.parts!
      expect(parts.map(({ thought }) => thought === true)).toEqual([true, false])
    }
  })

  test('shows who asks by the key that it sends with every request, and is refused in words that it reads', async () => {
    const { mock, gateway } = await stage(gemini)
    const route = aiRoute(mock.url, { provider: 'gemini', auth: { header: { 'x-goog-api-key': 'AIza-of-the-route' } } }) as { plugins: object }
    const consumers = [{ username: 'ada', plugins: { 'key-auth': { key: 'key-of-ada' } } }]
    await gateway.apply({ consumers, routes: [{ ...route, plugins: { ...route.plugins, 'key-auth': { header: 'x-goog-api-key' } } }] })
    const ask = (apiKey: string): Promise<unknown> => new GoogleGenAI({ apiKey, httpOptions: { baseUrl: gateway.url } }).models.generateContent(question)
    expect(await ask('key-of-ada')).toMatchObject({ candidates: [{ finishReason: 'STOP' }] })
    expect(mock.requests.map(({ headers }) => headers['x-goog-api-key'])).toEqual(['AIza-of-the-route'])
    const refused: unknown = await ask('key-of-nobody').catch((thrown: unknown) => thrown)
    expect(refused).toBeInstanceOf(ApiError)
    expect(refused).toMatchObject({ status: 401, message: expect.stringContaining('UNAUTHENTICATED') as string })
  })

  test('asks in the way of Vertex AI, too', async () => {
    const { mock, gateway } = await stage(gemini)
    const ai = new GoogleGenAI({ vertexai: true, apiKey: 'AIza-of-the-client', httpOptions: { baseUrl: gateway.url } })
    const whole = await ai.models.generateContent(question)
    const { pieces } = await read(await ai.models.generateContentStream(question))
    expect(textOf(pieces)).toBe(whole.text)
    expect(mock.requests.map(({ url }) => url)).toEqual(['', '?alt=sse'].map((query) => expect.stringMatching(`^/v1beta/models/the-routes-own:\\w+${query.replace('?', '\\?')}$`) as string))
    expect(await gateway.lines(2)).toMatchObject([{ uri: expect.stringContaining('/publishers/google/models/') as string, request_llm_model: model }, {}])
  })
})
