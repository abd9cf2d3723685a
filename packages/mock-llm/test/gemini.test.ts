import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { startMockLlm, type MockLlm } from '../src/index.ts'
import { ask, eventsOf, json, type Heard, type Loose } from './client.ts'

let mock: MockLlm
beforeAll(async () => void (mock = await startMockLlm()))
afterEach(() => mock.reset())
afterAll(() => mock.close())

const model = '/v1beta/models/gemini-2.5-flash'
const functionDeclarations = [{ name: 'get_weather', parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' }, days: { type: 'INTEGER' } } } }]
const tools = [{ functionDeclarations }]
const hello = { role: 'user', parts: [{ text: 'Hello there' }] }
const call = { role: 'model', parts: [{ functionCall: { name: 'get_weather', args: {} } }] }
const result = { role: 'user', parts: [{ functionResponse: { name: 'get_weather', response: { sun: true } } }] }

function send(body: object, method = 'generateContent', at = model): Promise<Heard> {
  return ask(mock, `${at}:${method}`, { body: { contents: [hello], ...body } })
}

/** What a client makes of a stream. */
function assembled(responses: readonly Loose[]): { candidates: Loose[]; usage: Loose } {
  const candidates: Loose[] = []
  for (const { candidates: told } of responses) {
    for (const { index, content, finishReason } of told) {
      const known = (candidates[index] ??= { index, parts: [] })
      for (const part of content.parts) {
        const last = known.parts.at(-1)
        if (part.text === '') continue
        if (last?.text !== undefined && part.text !== undefined && last.thought === part.thought) last.text += part.text
        else known.parts.push({ ...part })
      }
      if (finishReason) known.finishReason = finishReason
    }
  }
  return { candidates, usage: responses.at(-1).usageMetadata }
}

function asAssembled({ candidates, usageMetadata }: Loose) {
  return { candidates: candidates.map(({ content, index, finishReason }: Loose) => ({ index, parts: anonymous(content.parts), finishReason })), usage: usageMetadata }
}

/** Signatures are made from the request. */
function anonymous(parts: Loose[]) {
  return parts.map(({ thoughtSignature: _signature, ...part }) => part)
}

test('answers a text', async () => {
  const body = json(await send({ systemInstruction: { parts: [{ text: 'Be kind.' }] } }))
  expect(schemaProblems('gemini', 'WholeResponse', body)).toEqual([])
  expect(body).toMatchObject({ modelVersion: 'gemini-2.5-flash', responseId: expect.any(String), usageMetadata: { promptTokenCount: 4, serviceTier: 'standard' } })
  const [{ content, finishReason, index }] = body.candidates
  expect({ finishReason, index, role: content.role }).toEqual({ finishReason: 'STOP', index: 0, role: 'model' })
  expect(content.parts[0].text).toContain('You said: "Hello there" I was told: "Be kind."')
})

test.for<[string, object, string, string[]]>([
  ['a text', {}, 'STOP', ['text']],
  ['thoughts', { generationConfig: { thinkingConfig: { includeThoughts: true } } }, 'STOP', ['thought', 'text']],
  ['a limit', { generationConfig: { maxOutputTokens: 3 } }, 'MAX_TOKENS', ['text']],
  ['a call', { tools, toolConfig: { functionCallingConfig: { mode: 'ANY' } } }, 'STOP', ['functionCall']],
  ['several candidates', { generationConfig: { candidateCount: 2 } }, 'STOP', ['text']],
  ['JSON', { generationConfig: { responseMimeType: 'application/json', responseSchema: { type: 'OBJECT', properties: { a: { type: 'STRING' } } } } }, 'STOP', ['text']],
])('streams %s as it answers it whole, as events and as an array', async ([, body, finish, kinds]) => {
  const whole = json(await send(body))
  expect(whole.candidates[0].finishReason).toBe(finish)
  expect(whole.candidates[0].content.parts.map((part: Loose) => (part.thought ? 'thought' : Object.keys(part)[0]))).toEqual(kinds)
  const streamed = await send(body, 'streamGenerateContent?alt=sse')
  expect(streamed.headers['content-type']).toContain('text/event-stream')
  const events = eventsOf(streamed).map(({ data }) => data)
  expect(events.flatMap((event) => schemaProblems('gemini', 'StreamEvent', event))).toEqual([])
  const array = await send(body, 'streamGenerateContent')
  expect(array.headers['content-type']).toContain('application/json')
  for (const responses of [events, json(array)]) {
    const { candidates, usage } = assembled(responses)
    expect({ candidates: candidates.map((one) => ({ ...one, parts: anonymous(one.parts) })), usage }).toEqual(asAssembled(whole))
  }
})

test('calls functions without ids, the first with a signature', async () => {
  const asks = { role: 'user', parts: [{ text: 'call get_weather and call get_weather' }] }
  const [{ content }] = json(await send({ contents: [asks], tools })).candidates
  expect(content.parts).toEqual([
    { functionCall: { name: 'get_weather', args: { city: 'example', days: 1 } }, thoughtSignature: expect.any(String) },
    { functionCall: { name: 'get_weather', args: { city: 'example', days: 1 } } },
  ])
})

test.for<[string, object, string]>([
  ['a member that it does not know', { stream: true }, 'Unknown name "stream": Cannot find field.'],
  ['a setting that it does not know', { generationConfig: { n: 1 } }, `Unknown name "n" at 'generation_config'`],
  ['no contents', { contents: [] }, 'contents is not specified'],
  ['a role of others', { contents: [{ role: 'assistant', parts: [{ text: 'a' }] }] }, 'Please use a valid role: user, model.'],
  ['a result without its call', { contents: [hello, result] }, 'number of function response parts'],
  ['a call without its result', { contents: [hello, call, hello] }, 'number of function response parts'],
  ['a temperature above 2', { generationConfig: { temperature: 3 } }, 'temperature'],
  ['six stop sequences', { generationConfig: { stopSequences: ['a', 'b', 'c', 'd', 'e', 'f'] } }, 'stop_sequences'],
  ['a JSON Schema for its own', { tools: [{ functionDeclarations: [{ name: 'f', parameters: { type: 'object', additionalProperties: false } }] }] }, 'Unknown name "additionalProperties"'],
  ['an object without properties', { tools: [{ functionDeclarations: [{ name: 'f', parameters: { type: 'object', properties: {} } }] }] }, 'should be non-empty'],
  ['functions and JSON together', { tools, generationConfig: { responseMimeType: 'application/json' } }, 'Function calling with a response mime type'],
])('refuses %s', async ([, body, message]) => {
  const heard = await send(body)
  expect(heard.status).toBe(400)
  expect(json(heard)).toEqual({ error: { code: 400, message: expect.stringContaining(message), status: 'INVALID_ARGUMENT' } })
})

test('of the third version wants signatures back, of the turn that goes on', async () => {
  const at = '/v1beta/models/gemini-3-pro-preview'
  expect(json(await send({ contents: [hello, call, result] }, 'generateContent', at)).error.message).toContain('thought_signature')
  const signed = { role: 'model', parts: [{ ...call.parts[0], thoughtSignature: 'skip_thought_signature_validator' }] }
  expect((await send({ contents: [hello, signed, result] }, 'generateContent', at)).status).toBe(200)
  expect((await send({ contents: [hello, call, result, hello] }, 'generateContent', at)).status).toBe(200)
})

test.for(['x-goog-api-key', 'query'])('takes a bad key by %s for a bad request', async (place) => {
  const isHeader = place !== 'query'
  const heard = await ask(mock, `${model}:generateContent${isHeader ? '' : '?key=bad-key'}`, { ...(isHeader && { headers: { [place]: 'bad-key' } }), body: { contents: [hello] } })
  expect(heard.status).toBe(400)
  expect(json(heard).error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }] })
})

test('goes wrong as it is told', async () => {
  mock.script({ status: 429 }, { errorEvent: 2 }, { endAfter: -1 }, { comments: 2 })
  expect(json(await send({})).error).toMatchObject({ code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay: '2s' }] })
  const failed = eventsOf(await send({}, 'streamGenerateContent?alt=sse')).map(({ data }) => data)
  expect(failed).toHaveLength(3)
  expect(failed.at(-1)).toEqual({ error: { code: 503, message: 'The mock was told to fail.', status: 'UNAVAILABLE' } })
  const cut = await send({}, 'streamGenerateContent?alt=sse')
  expect(cut.complete).toBe(true)
  expect(cut.text).not.toContain('finishReason')
  expect(assembled(json(await send({}, 'streamGenerateContent'))).candidates[0].finishReason).toBe('STOP')
})

test('counts tokens', async () => {
  expect(json(await send({}, 'countTokens'))).toEqual({ totalTokens: 2 })
  const generateContentRequest = { model: 'models/gemini-2.5-flash', contents: [hello, hello] }
  expect(json(await ask(mock, `${model}:countTokens`, { body: { generateContentRequest } }))).toEqual({ totalTokens: 4 })
})

function embedded(text: string, more: object = {}) {
  return { model: 'models/gemini-embedding-001', content: { parts: [{ text }] }, outputDimensionality: 4, ...more }
}

test('embeds texts, one by one, in batches and for Vertex AI', async () => {
  const at = '/v1beta/models/gemini-embedding-001'
  const single = json(await ask(mock, `${at}:embedContent`, { body: embedded('a') }))
  expect(schemaProblems('gemini', 'EmbedContentResponse', single)).toEqual([])
  const batch = json(await ask(mock, `${at}:batchEmbedContents`, { body: { requests: [embedded('a'), embedded('b')] } }))
  expect(schemaProblems('gemini', 'BatchEmbedContentsResponse', batch)).toEqual([])
  expect(batch.embeddings[0]).toEqual(single.embedding)
  expect(batch.embeddings[1]).not.toEqual(single.embedding)
  const predicted = json(await ask(mock, '/v1/projects/p/locations/l/publishers/google/models/m:predict', { body: { instances: [{ content: 'a' }], parameters: { outputDimensionality: 4 } } }))
  expect(schemaProblems('gemini', 'PredictResponse', predicted)).toEqual([])
  expect(predicted.predictions[0].embeddings.values).toEqual(single.embedding.values)
  const refused = await ask(mock, `${at}:batchEmbedContents`, { body: { requests: [embedded('a', { model: 'models/other' })] } })
  expect(json(refused).error).toMatchObject({ code: 400, message: expect.stringContaining('unexpected model name') })
})
