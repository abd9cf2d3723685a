import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { contentOf } from './support/chat.ts'
import { logOf } from './support/log-of.ts'
import { problemsOf } from './support/problems-of.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const prompt = 'canary-prompt-51f2'
const said = 'canary-answer-88d0'
const chat = { model: 'gpt-4', messages: [{ role: 'user', content: prompt }] }

describe('values cannot forge lines', () => {
  const forged = 'gpt\r\n{"status":200,"forged":true}\n" ] \\ \u2028\u2029\u0085\u0000\u001b[31m'
  const path = `/v1/chat/completions/%e2%80%a8${encodeURIComponent('"] 200 -\u00a0x')}`

  test('in JSON', async () => {
    const format = {
      model: '$request_llm_model',
      agent: '$http_user_agent',
      uri: '$uri',
      all: '<$uri|$request_llm_model>',
      arg: '$arg_x',
      raw: '$request_uri',
    }
    const { text, answer } = await logOf(mock.url, format, {
      path: `${path}?x=%0a%22%7d&y=%00`,
      headers: { 'user-agent': 'a"b\\c\td' },
      body: { ...chat, model: forged },
    })
    expect(answer.status).toBeLessThan(500)
    expect(text.split(/[\n\r\u2028\u2029\u0085]/)).toHaveLength(2)
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}]/u)
    const line = JSON.parse(text) as Record<string, string>
    expect(line).toMatchObject({ model: forged, agent: 'a"b\\c\td', arg: '\n"}' })
    expect(line['all']).toContain(forged)
    expect(Object.keys(line)).toEqual(Object.keys(format))
  })

  test.for([
    ['on its own', '$status $request_llm_model $uri end', /^200 \S+ \S+ end\n$/],
    ['in quotes', '$status "$request_llm_model" "$http_user_agent" end', /^200 "[^"]*" "[^"]*" end\n$/],
    ['in brackets', '$status [$request_llm_model] [$uri] end', /^200 \[[^\]]*\] \[[^\]]*\] end\n$/],
  ] as const)('in text: %s', async ([, format, expected]) => {
    mock.script({ text: 'x' })
    const { text } = await logOf(mock.url, format, {
      headers: { 'user-agent': 'a" 500 "b' },
      body: { ...chat, model: forged },
    })
    expect(text).toMatch(expected)
    expect(text.split(/[\n\r\u2028\u2029\u0085]/)).toHaveLength(2)
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}]/u)
  })

  test('a path that is no text, a header beyond ASCII and a long value are one short line', async () => {
    const format = { agent: '$http_user_agent', model: '$request_llm_model', uri: '$uri' }
    const { text } = await logOf(mock.url, format, {
      headers: { 'user-agent': 'caf\u00e9\u00a0' },
      body: { ...chat, model: 'm'.repeat(100_000) },
    })
    expect(text.length).toBeLessThan(20_000)
    expect(JSON.parse(text)).toMatchObject({ model: expect.stringMatching(/^m+…$/), uri: '/v1/chat/completions' })
  })
})

const summaryKeys = [
  'request_model',
  'model',
  'duration',
  'prompt_tokens',
  'completion_tokens',
  'total_tokens',
  'upstream_response_time',
  'stream',
  'tool_count',
  'has_tool_calls',
  'end_user_id',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'reasoning_tokens',
  'content_risk_level',
]

describe('logging', () => {
  test('P31: summaries add llm_summary to a JSON line, with every key of the family', async () => {
    const body = { ...chat, user: 'u-1', tools: [{ type: 'function', function: { name: 'f' } }] }
    const { text } = await logOf(
      mock.url,
      { status: '$status' },
      { body },
      { logging: { summaries: true }, options: { model: 'ours' } },
    )
    const { llm_summary: summary, ...rest } = JSON.parse(text) as { llm_summary: Record<string, unknown> }
    expect(rest).toEqual({ status: 200 })
    expect(Object.keys(summary).toSorted()).toEqual(summaryKeys.toSorted())
    expect(summary).toMatchObject({
      request_model: 'gpt-4',
      model: 'ours',
      stream: false,
      tool_count: 1,
      end_user_id: 'u-1',
      content_risk_level: '',
    })
    expect(Number(summary['total_tokens'])).toBe(
      Number(summary['prompt_tokens']) + Number(summary['completion_tokens']),
    )
    expect(text).not.toContain(prompt)
  })

  test.for([
    ['a chat', {}],
    ['a stream', { stream: true }],
  ])('P32: without payloads no word of %s is anywhere in the logs', async ([, more]) => {
    mock.script({ text: said })
    const { text, stderr, answer } = await logOf(
      mock.url,
      undefined,
      { body: { ...chat, ...(more as object) } },
      { logging: { summaries: true, payloads: false } },
    )
    expect(contentOf({ text: answer.body.toString() })).toBe(said)
    expect(text).toContain('llm_summary')
    expect(text + stderr).not.toContain(prompt)
    expect(text + stderr).not.toContain(said)
  })

  test('P32: nor of what was refused or failed', async () => {
    const broken = `{"model":"m","messages":[{"role":"user","content":"${prompt}"}] oops`
    for (const [body, script] of [
      [broken, {}],
      [chat, { status: 500 }],
      [chat, { garbage: 'html' }],
      [chat, { status: 422, body: { detail: [{ msg: `this is wrong: ${prompt}`, input: chat }] } }],
      [chat, { status: 500, body: { error: `cannot answer ${prompt}` } }],
      [chat, { body: { error: { message: `cannot answer ${prompt}` } } }],
      [{ ...chat, stream: true }, { errorEvent: 1 }],
      [{ ...chat, stream: true }, { cutAfter: 2 }],
    ] as const) {
      mock.script({ text: `${said} and more of it`, ...script })
      const { text, stderr } = await logOf(mock.url, undefined, { body })
      expect(text + stderr).not.toContain(prompt)
      expect(text + stderr).not.toContain(said)
      mock.reset()
    }
  })

  const dialects: readonly [name: string, path: string, body: object, config: object][] = [
    ['a chat', '/v1/chat/completions', chat, {}],
    ['a streamed chat', '/v1/chat/completions', { ...chat, stream: true }, {}],
    ['Messages', '/v1/messages', { ...chat, max_tokens: 99 }, { provider: 'anthropic' }],
    ['streamed Messages', '/v1/messages', { ...chat, max_tokens: 99, stream: true }, { provider: 'anthropic' }],
    ['Responses', '/v1/responses', { model: 'm', input: chat.messages }, {}],
    ['streamed Responses', '/v1/responses', { model: 'm', input: chat.messages, stream: true }, {}],
  ]
  test.for(dialects)('payloads add what was asked and answered: %s', async ([, path, body, config]) => {
    mock.script({ text: said })
    const { text } = await logOf(
      mock.url,
      { status: '$status' },
      { path, body },
      { ...config, logging: { payloads: true } },
    )
    expect(JSON.parse(text)).toEqual({
      status: 200,
      llm_request: { messages: chat.messages, stream: 'stream' in body },
      llm_response_text: { content: said },
    })
  })

  test('both are bounded', async () => {
    const long = 'x'.repeat(300_000)
    mock.script({ text: long })
    const { text } = await logOf(
      mock.url,
      {},
      { body: { ...chat, messages: [{ role: 'user', content: long }] } },
      { logging: { payloads: true } },
    )
    expect(text.length).toBeLessThan(150_000)
    expect(JSON.parse(text)).toMatchObject({
      llm_request: { messages: expect.stringMatching(/…$/) },
      llm_response_text: { content: expect.stringMatching(/^x+…$/) },
    })
    const words = await logOf(mock.url, {}, { body: { ...chat, stream: true } }, { logging: { payloads: true } })
    expect(words.text).toContain('llm_response_text')
  })

  test('in text they are where the format names them, and nowhere else', async () => {
    mock.script({ text: said }, { text: said })
    const logging = { summaries: true, payloads: true }
    expect((await logOf(mock.url, '$status', { body: chat }, { logging })).text).toBe('200\n')
    const named = await logOf(mock.url, '$status "$llm_response_text" $llm_summary', { body: chat }, { logging })
    expect(named.text).toMatch(/^200 "[^\n]*canary-answer-88d0[^\n]*\n$/)
    expect(named.text).not.toContain(prompt)
    expect(named.text).toContain('total_tokens')
  })

  test('what a format calls by another name is not repeated', async () => {
    const { text } = await logOf(
      mock.url,
      { summary: '$llm_summary' },
      { body: chat },
      { logging: { summaries: true } },
    )
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['summary'])
  })

  test('a variable that nobody has is a problem with a hint', async () => {
    const gateway = { access_log: { path: '/dev/null', format: { x: '$llm_modell' } } }
    expect(await problemsOf({ gateway, routes: [] })).toEqual([
      expect.stringMatching(
        /gateway\.access_log\.format\.x: uses the unknown variable \$llm_modell; did you mean \$llm_model\?/,
      ),
    ])
  })

  test('the default format tells of an exchange, its tokens included', async () => {
    const { text } = await logOf(mock.url, undefined, { body: chat })
    expect(JSON.parse(text)).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      status: 200,
      outcome: 'complete',
      route: 'ai',
      request_type: 'ai_chat',
      llm_model: 'gpt-4',
      llm_prompt_tokens: expect.any(Number),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/),
    })
  })
})
