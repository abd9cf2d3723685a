import { exchangeOf } from '@sluice/testkit'
import { expect, test } from 'vitest'
import { accountSlot, openAccount, aiVariables, usageOf, type Account } from '../src/index.ts'

const usage = {
  promptTokens: 12,
  completionTokens: 5,
  totalTokens: 17,
  cacheReadTokens: 3,
  cacheCreationTokens: 2,
  reasoningTokens: 1,
}

const account: Account = {
  stream: true,
  requestedModel: 'auto',
  model: 'gpt-4o',
  usage,
  usageSource: 'provider',
  firstTokenMs: 120.6,
  firstByteMs: 80.4,
  durationMs: 990.5,
  hasToolCalls: true,
  toolCount: 2,
  endUserId: 'u-1',
}

test.for<[string, unknown, unknown, unknown]>([
  ['request_type', 'ai_stream', 'ai_chat', 'traditional_http'],
  ['request_llm_model', 'auto', '', ''],
  ['llm_model', 'gpt-4o', '', ''],
  ['llm_time_to_first_token', 121, 0, 0],
  ['llm_time_to_first_byte', 80, 0, 0],
  ['llm_duration', 991, 0, 0],
  ['llm_prompt_tokens', 12, 0, 0],
  ['llm_completion_tokens', 5, 0, 0],
  ['llm_total_tokens', 17, 0, 0],
  ['llm_cache_read_input_tokens', 3, 0, 0],
  ['llm_cache_creation_input_tokens', 2, 0, 0],
  ['llm_reasoning_tokens', 1, 0, 0],
  ['llm_stream', true, false, false],
  ['llm_has_tool_calls', true, false, false],
  ['llm_tool_count', 2, 0, 0],
  ['llm_end_user_id', 'u-1', '', ''],
  ['usage_source', 'provider', 'none', 'none'],
])('$%s is %j of a full account, %j of an empty one and %j without one', ([name, full, empty, none]) => {
  const read = aiVariables[name]!
  const ctx = exchangeOf()
  expect(read(ctx)).toBe(none)
  ctx.set(accountSlot, openAccount({ stream: false, requestedModel: undefined, model: undefined }))
  expect(read(ctx)).toBe(empty)
  ctx.set(accountSlot, account)
  expect(read(ctx)).toBe(full)
})

test('usageOf gives what is known of the tokens', () => {
  const ctx = exchangeOf()
  expect(usageOf(ctx)).toBeUndefined()
  ctx.set(accountSlot, account)
  expect(usageOf(ctx)).toBe(usage)
})
