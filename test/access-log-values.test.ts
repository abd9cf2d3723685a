import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { contentOf } from './support/chat.ts'
import { askRaw, type Ask, type RawAnswer } from './support/raw-client.ts'
import { temporaryFolder } from './support/program.ts'
import { problemsOf } from './support/problems-of.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'

let mock: MockLlm
beforeAll(async () => {
  mock = await startMockLlm()
})
afterEach(() => mock.reset())
afterAll(() => mock.close())

const prompt = 'canary-prompt-51f2'
const said = 'canary-answer-88d0'
const chat = { model: 'gpt-4', messages: [{ role: 'user', content: prompt }] }

interface Logged {
  readonly answer: RawAnswer
  /** The access log as it is written. */
  readonly text: string
  /** What was said on stderr. */
  readonly stderr: string
}

/** One exchange through a gateway with this format, which is its own default where there is none. */
async function logOf(format: unknown, ask: Ask & { path?: string }, config: object = {}): Promise<Logged> {
  const file = join(await temporaryFolder(), 'own.log')
  const access_log = { path: file, ...(format !== undefined && { format }) }
  const { url, gateway, logged } = await startGateway({ gateway: { access_log }, routes: [aiRoute(mock.url, config as Record<string, unknown>)] })
  const answer = await askRaw(`${url}${ask.path ?? '/v1/chat/completions'}`, ask)
  await gateway.close()
  return { answer, text: await readFile(file, 'utf8'), stderr: logged() }
}

describe('values cannot forge lines', () => {
  const forged = 'gpt\r\n{"status":200,"forged":true}\n" ] \\ \u2028\u2029\u0085\u0000\u001b[31m'
  const path = `/v1/chat/completions/%e2%80%a8${encodeURIComponent('"] 200 -\u00a0x')}`

  test('in JSON', async () => {
    const format = { model: '$request_llm_model', agent: '$http_user_agent', uri: '$uri', all: '<$uri|$request_llm_model>', arg: '$arg_x', raw: '$request_uri' }
    const { text, answer } = await logOf(format, {
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
    const { text } = await logOf(format, { headers: { 'user-agent': 'a" 500 "b' }, body: { ...chat, model: forged } })
    expect(text).toMatch(expected)
    expect(text.split(/[\n\r\u2028\u2029\u0085]/)).toHaveLength(2)
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Zl}\p{Zp}]/u)
  })

  test('a path that is no text, a header beyond ASCII and a long value are one short line', async () => {
    const format = { agent: '$http_user_agent', model: '$request_llm_model', uri: '$uri' }
    const { text } = await logOf(format, { headers: { 'user-agent': 'caf\u00e9\u00a0' }, body: { ...chat, model: 'm'.repeat(100_000) } })
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
    const { text } = await logOf({ status: '$status' }, { body }, { logging: { summaries: true }, options: { model: 'ours' } })
    const { llm_summary: summary, ...rest } = JSON.parse(text) as { llm_summary: Record<string, unknown> }
    expect(rest).toEqual({ status: 200 })
    expect(Object.keys(summary).toSorted()).toEqual(summaryKeys.toSorted())
    expect(summary).toMatchObject({ request_model: 'gpt-4', model: 'ours', stream: false, tool_count: 1, end_user_id: 'u-1', content_risk_level: '' })
    expect(Number(summary['total_tokens'])).toBe(Number(summary['prompt_tokens']) + Number(summary['completion_tokens']))
    expect(text).not.toContain(prompt)
  })

  test.for([
    ['a chat', {}],
    ['a stream', { stream: true }],
  ])('P32: without payloads no word of %s is anywhere in the logs', async ([, more]) => {
    mock.script({ text: said })
    const { text, stderr, answer } = await logOf(undefined, { body: { ...chat, ...(more as object) } }, { logging: { summaries: true, payloads: false } })
    expect(contentOf({ text: answer.body.toString() })).toBe(said)
    expect(text).toContain('llm_summary')
    expect(text + stderr).not.toContain(prompt)
    expect(text + stderr).not.toContain(said)
  })

  test('P32: nor of what was refused or failed', async () => {
    const broken = `{"model":"m","messages":[{"role":"user","content":"${prompt}"}] oops`
    for (const [body, script] of [[broken, {}], [chat, { status: 500 }], [chat, { garbage: 'html' }], [{ ...chat, stream: true }, { errorEvent: 1 }], [{ ...chat, stream: true }, { cutAfter: 2 }]] as const) {
      mock.script({ text: `${said} and more of it`, ...script })
      const { text, stderr } = await logOf(undefined, { body })
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
    const { text } = await logOf({ status: '$status' }, { path, body }, { ...config, logging: { payloads: true } })
    expect(JSON.parse(text)).toEqual({
      status: 200,
      llm_request: { messages: chat.messages, stream: 'stream' in body },
      llm_response_text: { content: said },
    })
  })

  test('both are bounded', async () => {
    const long = 'x'.repeat(300_000)
    mock.script({ text: long })
    const { text } = await logOf({}, { body: { ...chat, messages: [{ role: 'user', content: long }] } }, { logging: { payloads: true } })
    expect(text.length).toBeLessThan(150_000)
    expect(JSON.parse(text)).toMatchObject({ llm_request: { messages: expect.stringMatching(/…$/) }, llm_response_text: { content: expect.stringMatching(/^x+…$/) } })
    const words = await logOf({}, { body: { ...chat, stream: true } }, { logging: { payloads: true } })
    expect(words.text).toContain('llm_response_text')
  })

  test('in text they are where the format names them, and nowhere else', async () => {
    mock.script({ text: said }, { text: said })
    const logging = { summaries: true, payloads: true }
    expect((await logOf('$status', { body: chat }, { logging })).text).toBe('200\n')
    const named = await logOf('$status "$llm_response_text" $llm_summary', { body: chat }, { logging })
    expect(named.text).toMatch(/^200 "[^\n]*canary-answer-88d0[^\n]*\n$/)
    expect(named.text).not.toContain(prompt)
    expect(named.text).toContain('total_tokens')
  })

  test('what a format calls by another name is not repeated', async () => {
    const { text } = await logOf({ summary: '$llm_summary' }, { body: chat }, { logging: { summaries: true } })
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['summary'])
  })

  test('a variable that nobody has is a problem with a hint', async () => {
    const gateway = { access_log: { path: '/dev/null', format: { x: '$llm_modell' } } }
    expect(await problemsOf({ gateway, routes: [] })).toEqual([expect.stringMatching(/gateway\.access_log\.format\.x: uses the unknown variable \$llm_modell; did you mean \$llm_model\?/)])
  })

  test('the default format tells of an exchange, its tokens included', async () => {
    const { text } = await logOf(undefined, { body: chat })
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

describe('keys appear nowhere', () => {
  const keys = { header: 'sk-header-11112222', query: 'sk-query+33/334444', mine: 'sk-client-55556666', cookie: 'sk-cookie-77778888', arg: 'sk-arg-99990000' }
  const auth = { header: { Authorization: `Bearer ${keys.header}` }, query: { key: keys.query } }
  const everything = {
    request_uri: '$request_uri',
    args: '$args',
    upstream_uri: '$upstream_uri',
    authorization: '$http_authorization',
    api: '$http_x_api_key',
    cookie: '$http_cookie',
    session: '$cookie_session',
    arg: '$arg_api_key',
    referer: '$http_referer',
    sent: '$sent_http_set_cookie',
    post: '${post_arg.api_key}',
    all: '$request_uri $http_authorization $args $upstream_uri $arg_api_key',
  }
  const ask = {
    path: `/v1/chat/completions?api_key=${keys.arg}&n=1`,
    headers: { authorization: `Bearer ${keys.mine}`, 'x-api-key': keys.mine, cookie: `session=${keys.cookie}`, referer: `http://x/?api_key=${keys.arg}` },
    body: { ...chat, api_key: keys.mine },
  }
  const echo = `you sent Authorization: Bearer ${keys.header} and key=${keys.query} and key=${encodeURIComponent(keys.query)}`
  const shaped = { error: { message: echo, type: 'x', param: null, code: 'y' } }
  // In JSON, the same text without its bytes.
  const escaped = JSON.stringify(shaped).replaceAll('/', '\\/').replaceAll('sk-', '\\u0073k-')

  const answers: readonly [name: string, script: object, status: number, more?: object][] = [
    ['an answer', {}, 200],
    ['an error that repeats them, in our shape', { status: 401, body: shaped }, 401],
    ['one that spells them otherwise', { status: 401, body: escaped, contentType: 'application/json' }, 401],
    ['one that repeats them elsewhere', { status: 401, body: { error: { message: 'x', type: echo, param: echo, code: echo } } }, 401],
    ['one in another shape', { status: 400, body: { detail: echo } }, 400],
    ['a page', { status: 500, body: `<p>${echo}</p>`, contentType: 'text/html' }, 500],
    ['an error inside a 200', { body: { error: { message: echo } } }, 502],
    ['an error event', { event: [`data: ${JSON.stringify({ error: { message: echo } })}\n\n`] }, 502, { stream: true }],
    ['a redirect that carries them', { status: 302, headers: { location: `http://x/?key=${keys.query}` } }, 302],
    ['a provider that hangs up', { resetOnAccept: true }, 502],
  ]

  const spellings = [...Object.values(keys), encodeURIComponent(keys.query), keys.query.replaceAll('/', '\\/'), '\\u0073k-']

  test.for(answers)('%s', async ([, script, status, more = {}]) => {
    mock.script(script)
    const { answer, text, stderr } = await logOf(everything, { ...ask, body: { ...ask.body, ...more } }, { auth })
    expect(answer.status).toBe(status)
    const everywhere = [text, stderr, answer.body.toString(), JSON.stringify(answer.headers)].join('\n')
    for (const key of spellings) expect.soft(everywhere).not.toContain(key)
    expect(text).toContain('n=1')
  })

  test.for([
    ['shaped', escaped, 'application/json'],
    ['text', echo, 'text/plain'],
  ] as const)('an error of a passed operation: %s', async ([, body, contentType]) => {
    mock.script({ status: 404, body, contentType })
    const { answer, text, stderr } = await logOf(everything, { ...ask, method: 'GET', path: `/v1/models?api_key=${keys.arg}`, body: undefined }, { auth })
    expect(answer.status).toBe(404)
    for (const key of spellings) expect.soft(text + stderr + answer.body.toString()).not.toContain(key)
  })

  test.for([
    ['refused', '/v1/chat/completions', '{'],
    ['unknown', '/v1/nothing', '{}'],
    ['malformed', '/%zz', '{}'],
  ])('of a request that is %s', async ([, path, body]) => {
    const { text, stderr, answer } = await logOf(everything, { ...ask, path: `${path}?api_key=${keys.arg}`, body }, { auth })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    for (const key of spellings) expect.soft(text + stderr + answer.body.toString()).not.toContain(key)
  })

  test('of a refused configuration', async () => {
    const problems = await problemsOf({ routes: [aiRoute('nonsense', { auth })] })
    expect(problems).toHaveLength(1)
    for (const key of spellings) expect(problems.join()).not.toContain(key)
  })
})
