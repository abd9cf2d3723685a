import { expect, test } from 'vitest'
import { chatRequest, embeddingsRequest, exchangeOf, messagesRequest, responsesRequest } from '../src/index.ts'

test('it makes the exchange that the gateway would make', async () => {
  const ctx = exchangeOf({ path: '/a%20b/c?x=1&y', headers: { 'X-Thing': 'one', Cookie: ['a=1'] }, body: { b: 1 } })
  expect(ctx.request).toMatchObject({ method: 'POST', path: '/a%20b/c', uri: '/a b/c', query: 'x=1&y', remoteAddress: '203.0.113.7' })
  expect({ ...ctx.request.headers }).toEqual({
    host: 'gateway.test',
    'content-type': 'application/json',
    'content-length': '7',
    'x-thing': 'one',
    cookie: ['a=1'],
  })
  await ctx.request.body.read()
  expect(ctx.request.body.document.get('b')).toBe(1)
})

test('it sends GET, and no headers of a body, where there is none', () => {
  const { request } = exchangeOf()
  expect(request).toMatchObject({ method: 'GET', path: '/v1/chat/completions' })
  expect({ ...request.headers }).toEqual({ host: 'gateway.test' })
})

test.for([
  [chatRequest('Hi', { stream: true }), '/v1/chat/completions', { messages: [{ role: 'user', content: 'Hi' }], stream: true }],
  [messagesRequest('Hi', { system: 'Be kind.' }), '/v1/messages', { messages: [{ role: 'user', content: 'Hi' }], system: 'Be kind.' }],
  [responsesRequest('Hi'), '/v1/responses', { input: 'Hi' }],
  [embeddingsRequest(['a', 'b']), '/v1/embeddings', { input: ['a', 'b'] }],
] as const)('it makes the request of %#', ([request, path, body]) => {
  expect(request.path).toBe(path)
  expect(request.body).toMatchObject(body)
})
