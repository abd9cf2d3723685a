import { Document } from '@sluice/json-edit'
import type { HttpError } from '@sluice/kernel'
import { chatRequest, embeddingsRequest, exchangeOf, type TestRequest } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { aiRequestOf, callOfPath, detectDialect, dialectOfPath, isStreaming, passedOperation, readAiRequest, textMember } from '../src/index.ts'

const noLimit = 1_000_000

/** What a request is found to be; the text where it is refused. */
async function found(request: TestRequest): Promise<unknown> {
  try {
    return await readAiRequest(exchangeOf(request), noLimit)
  } catch (error) {
    const { status, code, message } = error as HttpError
    return `${status} ${code}: ${message}`
  }
}

describe('detection, by path and body', () => {
  test.for<[string, unknown, string | undefined]>([
    ['/model/x/converse', { messages: [] }, 'bedrock-converse'],
    ['/model/x/converse', { messages: {} }, 'openai-chat'],
    ['/v1/messages', { messages: [] }, 'anthropic-messages'],
    ['/v1/messages', { anything: 1 }, 'anthropic-messages'],
    ['/prefix/v1/messages', { messages: [] }, 'anthropic-messages'],
    ['/v1/responses', { input: 'x' }, 'openai-responses'],
    ['/openai/v1/responses', { input: [] }, 'openai-responses'],
    ['/v1/responses', { messages: [] }, 'openai-chat'],
    ['/v1/chat/completions', { messages: [] }, 'openai-chat'],
    ['/v1/chat/completions', { messages: {} }, 'openai-chat'],
    ['/whatever', { messages: [], input: 'x' }, 'openai-chat'],
    ['/v1/chat/completions', { messages: 'x' }, undefined],
    ['/v1/embeddings', { input: 'x' }, 'openai-embeddings'],
    ['/whatever', { input: null }, 'openai-embeddings'],
    ['/v1/chat/completions', {}, undefined],
    ['/v1/chat/completions', { model: 'x' }, undefined],
    ['/v1beta/models/x:generateContent', { contents: [] }, 'gemini'],
    ['/v1beta/models/x:generateContent', { messages: [] }, 'gemini'],
    ['/v1beta/models/x:generateContent', {}, undefined],
    ['/v1beta/models/x:embedContent', { content: {} }, 'gemini-embeddings'],
    ['/model/x/converse-stream', { promptVariables: {} }, 'bedrock-converse'],
    ['/v1/completions', { prompt: 'Once' }, 'openai-completions'],
    ['/v1/completions', { prompt: 'Once', messages: [] }, 'openai-completions'],
    ['/v1/completions', { model: 'm' }, 'openai-completions'],
    ['/v1/completions', { messages: [] }, 'openai-chat'],
    ['/v1/completions', {}, undefined],
    ['/v1/messages', [], undefined],
    ['/v1/chat/completions', 'messages', undefined],
    ['/v1/chat/completions', null, undefined],
    ['/v1/chat/completions', { __proto__: null, constructor: [] }, undefined],
  ])('%s with %j is %s', ([path, body, dialect]) => {
    expect(detectDialect(path, Document.parse(Buffer.from(JSON.stringify(body))))).toBe(dialect)
  })
})

describe('operations that are passed through, unread', () => {
  test.for<[string, string | undefined]>([
    ['/v1/moderations', '/moderations'],
    ['/v1/rerank', '/rerank'],
    ['/v1/images/generations', '/images/generations'],
    ['/v1/audio/speech', '/audio/speech'],
    ['/v1/audio/transcriptions', '/audio/transcriptions'],
    ['/v1/files', '/files'],
    ['/v1/files/file-1/content', '/files/file-1/content'],
    ['/v1/models', '/models'],
    ['/v1/models/v0-large', '/models/v0-large'],
    ['/v1/messages/count_tokens', '/messages/count_tokens'],
    ['/v1beta/models/x:countTokens', '/models/x:countTokens'],
    ['/v1/projects/p/locations/l/publishers/google/models/x:countTokens', '/models/x:countTokens'],
    ['/prefix/v1beta/models', '/models'],
    ['/v1/v1/models', '/models'],
    ['/v1/chat/completions', undefined],
    ['/v1/messages', undefined],
    ['/v1/responses', undefined],
    ['/v1/embeddings', undefined],
    ['/v1/completions/x', undefined],
    ['/v1/images', undefined],
    ['/v1/audio/', undefined],
    ['/v1/models/', undefined],
    ['/v1//models', undefined],
    ['/models', undefined],
    ['/vX/models', undefined],
    ['/v1/organization/keys', undefined],
    ['/v1/messages/batches', undefined],
    // What ends like a dialect is read, whatever it pretends to be.
    ['/v1/files/x/v1/messages', undefined],
    ['/v1/models/x/chat/completions', undefined],
    ['/v1/models/x:generateContent', undefined],
    ['/v1/models/x:embedContent', undefined],
    ['/v1/files/x/converse', undefined],
    ['', undefined],
  ])('%s → %s', ([path, operation]) => {
    expect(passedOperation(path)).toBe(operation)
  })

  test('they are found without touching the body', async () => {
    const ctx = exchangeOf({ path: '/v1/audio/transcriptions', body: Buffer.from([0xff, 0xd8]) })
    expect(await readAiRequest(ctx, 1)).toEqual({ kind: 'passed', operation: '/audio/transcriptions', call: undefined })
    expect(ctx.request.body.isRead).toBe(false)
    expect(aiRequestOf(ctx)).toBeUndefined()
  })

  test('a path made to be slow is looked at in no time', () => {
    const path = `${'/v1/files'.repeat(100_000)}/`
    const start = performance.now()
    expect(passedOperation(path)).toBeUndefined()
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})

describe('a path that names its dialect', () => {
  test.for<[string, object]>([
    ['/v1/chat/completions', { dialect: 'openai-chat' }],
    ['/prefix/v1/messages', { dialect: 'anthropic-messages' }],
    ['/v1/responses', { dialect: 'openai-responses' }],
    ['/v1/completions', { dialect: 'openai-completions' }],
    ['/v1/embeddings', { dialect: 'openai-embeddings' }],
    ['/v1beta/models/gemini-2.5-flash:generateContent', { dialect: 'gemini', model: 'gemini-2.5-flash', stream: false }],
    ['/prefix/v1/models/gemini-2.5-flash:streamGenerateContent', { dialect: 'gemini', model: 'gemini-2.5-flash', stream: true }],
    ['/v1beta/tunedModels/mine-1:generateContent', { dialect: 'gemini', model: 'tunedModels/mine-1', stream: false }],
    ['/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-pro:streamGenerateContent', { dialect: 'gemini', model: 'gemini-2.5-pro', stream: true }],
    ['/v1beta/models/gemini-2.5-flash:countTokens', { dialect: 'gemini', model: 'gemini-2.5-flash', operation: ':countTokens', isPassed: true }],
    ['/v1beta/models/e:embedContent', { dialect: 'gemini-embeddings', model: 'e', stream: false, operation: ':embedContent' }],
    ['/v1beta/models/e:batchEmbedContents', { dialect: 'gemini-embeddings', model: 'e', stream: false, operation: ':batchEmbedContents' }],
    ['/model/anthropic.claude-v2:1/converse', { dialect: 'bedrock-converse', model: 'anthropic.claude-v2:1' }],
    ['/model/arn:aws:bedrock:eu-west-1:1:inference-profile%2Feu.x/converse-stream', { dialect: 'bedrock-converse', model: 'arn:aws:bedrock:eu-west-1:1:inference-profile/eu.x', stream: true }],
    ['/bedrock/converse', { dialect: 'bedrock-converse' }],
  ])('%s is a call: %j', ([path, call]) => {
    expect(callOfPath(path)).toEqual(call)
  })

  test.for([
    '/v1beta/models/gemini-2.5-flash',
    '/v1beta/models/gemini-2.5-flash:predictLongRunning',
    '/v1beta/models/:generateContent',
    '/v1beta/models/a/b:generateContent',
    '/v1beta/models/a:generateContent/x',
    '/v1beta/models/..%2Ffiles:generateContent',
    `/v1beta/models/${'a'.repeat(257)}:generateContent`,
    '/generateContent',
    '/x:generateContent',
    '/converse-stream',
    '/v1/complete',
  ])('%s names none', (path) => {
    expect(callOfPath(path)).toBeUndefined()
  })

  test('a path made to be slow is looked at in no time', () => {
    const start = performance.now()
    for (const end of [':generateContent', '/converse-stream']) expect(callOfPath(`${'/models/model'.repeat(100_000)}/x/y${end}`)).toBeUndefined()
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})

test.for<[string, string | undefined]>([
  ['/v1beta/models/x:generateContent', 'gemini'],
  ['/v1beta/models/x:countTokens', 'gemini'],
  ['/v1beta/models/x:embedContent', 'gemini-embeddings'],
  ['/model/x/converse', 'bedrock-converse'],
  ['/v1/chat/completions', 'openai-chat'],
  ['/openai/deployments/x/chat/completions', 'openai-chat'],
  ['/v1/messages', 'anthropic-messages'],
  ['/v1/messages/count_tokens', 'anthropic-messages'],
  ['/v1/responses', 'openai-responses'],
  ['/v1/embeddings', 'openai-embeddings'],
  ['/v1/models', 'openai-chat'],
  ['/', undefined],
])('the path %s speaks %s', ([path, dialect]) => {
  expect(dialectOfPath(path)).toBe(dialect)
})

describe('readAiRequest', () => {
  test.for<[TestRequest, object]>([
    [chatRequest('Hi'), { dialect: 'openai-chat', model: 'gpt-4o', stream: false }],
    [chatRequest('Hi', { stream: true }), { stream: true }],
    [chatRequest('Hi', { stream: 'true' }), { stream: false }],
    [chatRequest('Hi', { stream: 1 }), { stream: false }],
    [chatRequest('Hi', { model: 7 }), { model: undefined }],
    [embeddingsRequest('Hi', { stream: true }), { dialect: 'openai-embeddings', stream: false }],
    [{ path: '/v1beta/models/a:streamGenerateContent', body: { contents: [] } }, { dialect: 'gemini', model: 'a', stream: true }],
    [{ path: '/v1beta/models/a:generateContent', body: { contents: [], model: 'b', stream: true } }, { dialect: 'gemini', model: 'a', stream: false }],
    [{ path: '/model/a/converse', body: { messages: [], stream: true } }, { dialect: 'bedrock-converse', model: 'a', stream: true }],
    [{ path: '/model/a/converse-stream', body: { messages: [] } }, { dialect: 'bedrock-converse', model: 'a', stream: true }],
  ])('%j', async ([request, expected]) => {
    expect(await found(request)).toMatchObject({ kind: 'spoken', ...expected })
  })

  test.for<[TestRequest, string]>([
    [{ body: '' }, '400 empty_body: could not get body: request body is empty'],
    [{ body: '{' }, '400 invalid_json: could not parse JSON request body: '],
    [{ body: '{}' }, '400 unknown_dialect: no matching AI protocol for the request'],
    [{ body: '[]' }, '400 unknown_dialect: no matching AI protocol for the request'],
    [{ body: `{"messages":[],"pad":"${'x'.repeat(noLimit)}"}` }, '413 body_too_large: could not get body: request size'],
  ])('refuses %# at once', async ([request, text]) => {
    expect(await found(request)).toContain(text)
  })

  test.for(['model', 'messages', 'input', 'stream', 'stream_options', 'system', 'instructions', 'template_name', 'contents', 'prompt'])(
    'refuses two members "%s", which gateway and provider might read differently',
    async (name) => {
      const body = `{"messages":[],"${name}":[],"x":1,"x":2,"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}":[]}`
      expect(await found({ body })).toBe(`400 duplicate_member: the request body has more than one member "${name}"`)
    },
  )

  test('lets two members pass that it does not read', async () => {
    expect(await found({ body: '{"messages":[],"x":1,"x":2}' })).toMatchObject({ kind: 'spoken' })
  })

  test('looks again after an edit, and after the path has changed', async () => {
    const ctx = exchangeOf(chatRequest('Hi'))
    const first = await readAiRequest(ctx, noLimit)
    expect(await readAiRequest(ctx, noLimit)).toBe(first)
    expect(aiRequestOf(ctx)).toBe(first)
    ctx.request.body.document.set('stream', true)
    expect(await readAiRequest(ctx, noLimit)).toMatchObject({ dialect: 'openai-chat', stream: true })
    ctx.request.uri = '/v1/messages'
    expect(await readAiRequest(ctx, noLimit)).toMatchObject({ dialect: 'anthropic-messages' })
  })

  test('holds its limit also where the body was read before', async () => {
    const ctx = exchangeOf(chatRequest('Hi'))
    await readAiRequest(ctx, noLimit)
    await expect(readAiRequest(ctx, 5)).rejects.toMatchObject({ status: 413 })
  })
})

test('textMember and isStreaming read what is of their kind alone', () => {
  const document = Document.parse(Buffer.from('{"a":"x","b":null,"stream":null}'))
  expect([textMember(document, 'a'), textMember(document, 'b'), textMember(document, 'c')]).toEqual(['x', undefined, undefined])
  expect(isStreaming(document)).toBe(false)
})
