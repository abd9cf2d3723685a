import { HttpError, PluginError, type Exchange } from '@sluice/kernel'
import { chatRequest, exchangeOf } from '@sluice/testkit'
import { expect, test } from 'vitest'
import { clientDialect, formatError, readAiRequest, targetSlot } from '../src/index.ts'

const refusal = new HttpError(429, 'too_many', 'slow down', { headers: { 'retry-after': '7' }, param: 'model' })

function shaped(ctx: Exchange, error: HttpError | PluginError = refusal): unknown {
  const { status, headers, body } = formatError(error, ctx)
  expect(headers['content-type']).toBe('application/json')
  return { status, 'retry-after': headers['retry-after'], ...(JSON.parse(String(body)) as object) }
}

test.for(['/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/models'])('on %s it speaks as OpenAI does', (path) => {
  expect(shaped(exchangeOf({ path }))).toEqual({
    status: 429,
    'retry-after': '7',
    error: { message: 'slow down', type: 'rate_limit_error', param: 'model', code: 'too_many' },
    error_msg: 'slow down',
  })
})

test.for(['/v1/messages', '/v1/messages/count_tokens'])('on %s it speaks as Anthropic does', (path) => {
  expect(shaped(exchangeOf({ path }))).toMatchObject({
    status: 429,
    type: 'error',
    error: { type: 'rate_limit_error', message: 'slow down' },
    error_msg: 'slow down',
  })
})

test('elsewhere it says what is wrong and no more', () => {
  expect(shaped(exchangeOf({ path: '/somewhere' }))).toEqual({
    status: 429,
    'retry-after': '7',
    error_msg: 'slow down',
    message: 'slow down',
  })
})

test('the body tells the dialect where the path does not', async () => {
  const ctx = exchangeOf({ ...chatRequest('Hi'), path: '/somewhere' })
  await readAiRequest(ctx, 1_000)
  expect(clientDialect(ctx)).toBe('openai-chat')
})

test('where an AI was going to answer and nothing tells the dialect, it is that of OpenAI', () => {
  const ctx = exchangeOf({ path: '/somewhere' })
  expect(clientDialect(ctx)).toBeUndefined()
  ctx.set(targetSlot, { instance: 'a', provider: 'openai', model: undefined, dialect: undefined, digest: '1' })
  expect(clientDialect(ctx)).toBe('openai-chat')
})

test('what a plugin did not mean to throw shows nothing of itself', () => {
  const error = new PluginError('guard', 'access', new Error('the secret is hunter2'))
  for (const path of ['/v1/chat/completions', '/v1/messages', '/somewhere']) {
    const answer = shaped(exchangeOf({ path }), error)
    expect(answer).toMatchObject({ status: 500, error_msg: 'internal error' })
    expect(JSON.stringify(answer)).not.toMatch(/hunter2|guard/)
  }
})
