import type { Dialect } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { canTranslate, embeddingsTranslators, suffixOf, Untranslatable, UpstreamNonsense } from '../src/index.ts'
import { Random } from './random.ts'
import { facts, recorded } from './recorded.ts'
import { translating, type Json } from './translating.ts'

const google = ['gemini-embeddings', 'vertex-predict'] as const
const ask = { model: 'text-embedding-005', input: ['one', 'two'] }
const json = (id: string): Json => JSON.parse(recorded(id).toString()) as Json
const requestSchemas = { 'gemini-embeddings': 'BatchEmbedContentsRequest', 'vertex-predict': 'PredictRequest' } as const

function answered(provider: Dialect, body: Json, request: Json = ask): Json {
  const translation = translating('openai-embeddings', provider)
  translation.request(request)
  return translation.answer(body)
}

function floats(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64')
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}

const thrown = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe('a request for embeddings of OpenAI’s', () => {
  test('is a batch of Gemini’s', () => {
    const body = translating('openai-embeddings', 'gemini-embeddings').request({ ...ask, dimensions: 64, encoding_format: 'base64', user: 'u' })
    expect(body).toEqual({ requests: ['one', 'two'].map((text) => ({ model: 'models/text-embedding-005', content: { parts: [{ text }] }, outputDimensionality: 64 })) })
  })

  test('is a prediction of Vertex AI’s', () => {
    const body = translating('openai-embeddings', 'vertex-predict').request({ ...ask, dimensions: 64, encoding_format: 'base64', user: 'u' })
    expect(body).toEqual({ instances: [{ content: 'one' }, { content: 'two' }], parameters: { outputDimensionality: 64 } })
  })

  test.for(google)('as recorded is valid for %s', (provider) => {
    for (const id of ['openai-embed-dims', 'openai-embed-base64']) {
      const request = JSON.parse(recorded(id, '.request.json').toString()) as Json
      expect(schemaProblems('gemini', requestSchemas[provider], translating('openai-embeddings', provider).request(request))).toEqual([])
    }
  })

  test.for<[string, Json, string]>([
    ['no input', {}, '`input` is required for embeddings'],
    ['an empty list', { input: [] }, '`input` is required for embeddings'],
    ['a number', { input: true }, '`input` must be string or array'],
    ['an object in its list', { input: ['a', {}] }, 'unsupported input type at index 1'],
    ['an empty text', { input: ['a', ''] }, 'the input at index 1 is empty'],
    ['tokens', { input: [1, 2] }, 'tokens mean something to their own model alone: the input has to be text'],
    ['lists of tokens', { input: [[1, 2]] }, 'tokens mean something to their own model alone: the input has to be text'],
    ['dimensions that are none', { input: 'a', dimensions: -1 }, 'dimensions is a whole number above 0'],
  ])('with %s is refused', ([, body, message]) => {
    for (const provider of google) {
      const refused = thrown(() => translating('openai-embeddings', provider).request(body))
      expect(refused).toBeInstanceOf(Untranslatable)
      expect(refused).toMatchObject({ status: 400, message })
    }
  })
})

describe('an answer of Google’s', () => {
  test.for([
    ['gemini-embeddings', 'gemini-embed-batch', 'embeddings', 0],
    ['vertex-predict', 'vertex-embed-predict', 'predictions', 11],
  ] as const)('of %s is what a client of OpenAI’s should get', ([provider, id, member, tokens]) => {
    const body = json(id)
    const wanted = (body[member] as Json[]).map((one) => (one['values'] ?? (one['embeddings'] as Json)['values']) as number[])
    const answer = answered(provider, body)
    expect(schemaProblems('openAi', 'CreateEmbeddingResponse', answer)).toEqual([])
    expect(answer).toEqual({
      object: 'list',
      model: 'text-embedding-005',
      data: wanted.map((embedding, index) => ({ object: 'embedding', index, embedding })),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    })
    // As OpenAI's SDKs ask for it.
    const encoded = answered(provider, body, { ...ask, encoding_format: 'base64' })['data'] as { embedding: string }[]
    expect(encoded.map(({ embedding }) => floats(embedding))).toEqual(wanted.map((vector) => [...Float32Array.from(vector)]))
  })

  test.for<[string, Json]>([
    ['without embeddings', {}],
    ['with one too few', { embeddings: [{ values: [1] }] }],
    ['with one too many', { embeddings: [{ values: [1] }, { values: [1] }, { values: [1] }] }],
    ['with a vector that is none', { embeddings: [{ values: [1] }, { values: ['x'] }] }],
    ['with an empty vector', { embeddings: [{ values: [1] }, { values: [] }] }],
    ['with null for a vector', { embeddings: [{ values: [1] }, null] }],
  ])('%s is none', ([, body]) => {
    expect(thrown(() => answered('gemini-embeddings', body))).toBeInstanceOf(UpstreamNonsense)
    expect(thrown(() => answered('vertex-predict', { predictions: (body['embeddings'] as Json[] | undefined)?.map((embeddings) => ({ embeddings })) }))).toBeInstanceOf(UpstreamNonsense)
  })

  test('tells its counts and errors to whoever accounts for it', () => {
    const vertex = facts('vertex-predict')
    expect(vertex.readAnswer([recorded('vertex-embed-predict')])).toMatchObject({ isJson: true, usage: { promptTokens: 11, totalTokens: 11 } })
    expect(facts('gemini-embeddings').readAnswer([recorded('gemini-embed-batch')])).toEqual({ hasToolCalls: false, isJson: true })
    expect(vertex.readAnswer([recorded('gemini-err-503')]).error).toMatchObject({ status: 503, type: 'UNAVAILABLE' })
  })
})

describe('models in Amazon Bedrock', () => {
  const titan = { model: 'amazon.titan-embed-text-v2:0', input: 'one', dimensions: 256 }
  const cohere = { model: 'eu.cohere.embed-v4:0', input: ['one', 'two'], dimensions: 256 }

  test('are asked as Titan wants it, with a text in a call, and as Cohere’s want it', () => {
    expect(translating('openai-embeddings', 'bedrock-embeddings').request(titan)).toEqual({ inputText: 'one', dimensions: 256 })
    expect(translating('openai-embeddings', 'bedrock-embeddings').request(cohere)).toEqual({ texts: ['one', 'two'], input_type: 'search_document', embedding_types: ['float'], output_dimension: 256 })
    const refused = thrown(() => translating('openai-embeddings', 'bedrock-embeddings').request({ ...titan, input: ['one', 'two'] }))
    expect(refused).toMatchObject({ status: 400, param: 'input', message: expect.stringContaining('one text in a call') as string })
  })

  test('answer what a client of OpenAI’s should get', () => {
    const answer = answered('bedrock-embeddings', json('bedrock-embed-titan'), titan)
    expect(schemaProblems('openAi', 'CreateEmbeddingResponse', answer)).toEqual([])
    expect(answer).toEqual({ object: 'list', model: titan.model, data: [{ object: 'embedding', index: 0, embedding: [0.0123, -0.0456, 0.0789] }], usage: { prompt_tokens: 5, total_tokens: 5 } })
    for (const embeddings of [{ float: [[1], [2]] }, [[1], [2]]]) {
      expect(answered('bedrock-embeddings', { embeddings }, cohere)).toMatchObject({ data: [{ embedding: [1] }, { embedding: [2] }], usage: { total_tokens: 0 } })
    }
    expect(thrown(() => answered('bedrock-embeddings', {}, titan))).toBeInstanceOf(UpstreamNonsense)
  })

  test('tell their counts and errors to whoever accounts for it, and have a path', () => {
    const bedrock = facts('bedrock-embeddings')
    expect(bedrock.readAnswer([recorded('bedrock-embed-titan')])).toMatchObject({ isJson: true, usage: { promptTokens: 5, totalTokens: 5 } })
    expect(bedrock.readAnswer([Buffer.from('{"embeddings":{"float":[[1]]}}')])).toEqual({ hasToolCalls: false, isJson: true })
    expect(bedrock.readAnswer([Buffer.from('{"message":"Slow down."}')]).error).toMatchObject({ message: 'Slow down.' })
    expect(suffixOf('bedrock-embeddings', { model: titan.model, stream: false })).toBe('/model/amazon.titan-embed-text-v2%3A0/invoke')
  })

  test('serve a client of Google’s', () => {
    const translation = translating('gemini-embeddings', 'bedrock-embeddings')
    translation.request({ model: titan.model, content: { parts: [{ text: 'one' }] } })
    expect(translation.answer(json('bedrock-embed-titan'))).toEqual({ embedding: { values: [0.0123, -0.0456, 0.0789] } })
  })
})

describe('a client of Google’s', () => {
  const content = { parts: [{ text: 'one' }] }
  const openAi = { object: 'list', model: 'm', data: [{ object: 'embedding', index: 1, embedding: [2, 3] }, { object: 'embedding', index: 0, embedding: [0, 1] }], usage: { prompt_tokens: 4, total_tokens: 4 } }

  test('gets one embedding where it asked for one', () => {
    const translation = translating('gemini-embeddings', 'openai-embeddings')
    expect(translation.request({ model: 'models/m', content, outputDimensionality: 2, taskType: 'CLUSTERING' })).toEqual({ model: 'm', input: ['one'], dimensions: 2 })
    const answer = translation.answer({ ...openAi, data: openAi.data.slice(1) })
    expect(schemaProblems('gemini', 'EmbedContentResponse', answer)).toEqual([])
    expect(answer).toEqual({ embedding: { values: [0, 1] } })
  })

  test('gets a batch where it asked for one, in its order', () => {
    const translation = translating('gemini-embeddings', 'openai-embeddings')
    expect(translation.request({ model: 'm', requests: [{ content }, { content: { parts: [{ text: 'tw' }, { text: 'o' }] } }] })).toEqual({ model: 'm', input: ['one', 'two'] })
    const answer = translation.answer(openAi)
    expect(schemaProblems('gemini', 'BatchEmbedContentsResponse', answer)).toEqual([])
    expect(answer).toEqual({ embeddings: [{ values: [0, 1] }, { values: [2, 3] }] })
  })

  test('gets a prediction, with the count of a single instance', () => {
    const translation = translating('vertex-predict', 'openai-embeddings')
    expect(translation.request({ model: 'm', instances: [{ content: 'one' }], parameters: { outputDimensionality: 2 } })).toEqual({ model: 'm', input: ['one'], dimensions: 2 })
    const answer = translation.answer({ ...openAi, data: openAi.data.slice(1) })
    expect(schemaProblems('gemini', 'PredictResponse', answer)).toEqual([])
    expect(answer).toEqual({ predictions: [{ embeddings: { values: [0, 1], statistics: { truncated: false, token_count: 4 } } }] })
  })

  test('39: gets what OpenAI answered in base64', () => {
    const translation = translating('gemini-embeddings', 'openai-embeddings')
    translation.request({ model: 'm', content })
    const { values } = translation.answer(json('openai-embed-dims'))['embedding'] as { values: number[] }
    expect(values).toHaveLength(256)
    expect(values.slice(0, 3)).toEqual([0.02042737975716591, -0.07188791781663895, 0.14788959920406342].map(Math.fround))
  })

  test.for<[string, Dialect, Json]>([
    ['nothing', 'gemini-embeddings', {}],
    ['an empty batch', 'gemini-embeddings', { requests: [] }],
    ['an empty text', 'gemini-embeddings', { content: { parts: [{ text: '' }] } }],
    ['a picture', 'gemini-embeddings', { content: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } }],
    ['lengths that differ', 'gemini-embeddings', { requests: [{ content, outputDimensionality: 2 }, { content }] }],
    ['no instances', 'vertex-predict', { instances: [] }],
    ['an instance that is null', 'vertex-predict', { instances: [null] }],
    ['an empty content', 'vertex-predict', { instances: [{ content: '' }] }],
  ])('that sends %s is refused', ([, client, body]) => {
    expect(thrown(() => translating(client, 'openai-embeddings').request(body))).toBeInstanceOf(Untranslatable)
  })
})

describe('embeddings', () => {
  const pairs = embeddingsTranslators.flatMap(({ dialect: client }) => embeddingsTranslators.map(({ dialect: provider }) => ({ client, provider }))).filter(({ client, provider }) => client !== provider)

  test('are translated among themselves, and into no chat', () => {
    expect(pairs.every(({ client, provider }) => canTranslate(client, provider))).toBe(true)
    expect(canTranslate('openai-embeddings', 'openai-chat')).toBe(false)
    expect(canTranslate('openai-chat', 'gemini-embeddings')).toBe(false)
  })

  test.for(embeddingsTranslators.map((translator) => ({ dialect: translator.dialect, translator })))('of $dialect say there and back what they said', ({ translator }) => {
    // Of Bedrock's, those that take several texts.
    const model = translator.dialect === 'bedrock-embeddings' ? 'cohere.m' : 'm'
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed)
      const context = { model, inputs: 0, asBase64: false, isSingle: random.chance() }
      const request = { model, inputs: random.some(1, 4, (at) => `text ${at}`), ...random.sometimes(() => ({ dimensions: 1 + random.below(9) })) }
      const { others: _others, ...back } = translator.requestToEmbeddings({ model, ...translator.requestFromEmbeddings(request) }, context)
      const single = context.isSingle ? 1 : request.inputs.length
      const vectors = Array.from({ length: single }, () => random.some(1, 5, () => random.below(1000) / 1000))
      expect({ seed, request: back }).toEqual({ seed, request })
      const answer = translator.answerToEmbeddings(translator.answerFromEmbeddings({ model, vectors, tokens: 7 }, context), context)
      expect({ seed, vectors: answer.vectors }).toEqual({ seed, vectors })
    }
  })

  test('that come as a stream are an error of the provider', () => {
    const stream = translating('openai-embeddings', 'gemini-embeddings').stream()
    const events = [...stream.event({ event: '', data: '{"embeddings":[]}' }), ...stream.end()]
    expect(events).toHaveLength(1)
    expect(String(events[0])).toContain('embeddings come whole')
    expect(stream.failure?.status).toBe(502)
  })
})
