import { startMockLlm } from '@sluice/mock-llm'
import { expect, onTestFinished, test } from 'vitest'
import { logOf } from './support/log-of.ts'

const number = expect.any(Number) as unknown
const seconds = expect.stringMatching(/^\d+\.\d{3}$/) as unknown

/** Every variable that a format of the family may name, with what it is for the chat below. */
const expected: Readonly<Record<string, unknown>> = {
  uri: '/v1/chat/completions',
  request_uri: '/v1/chat/completions?a=1&b=%20',
  args: 'a=1&b=%20',
  is_args: '?',
  host: 'api.test',
  http_host: 'api.test:80',
  scheme: 'http',
  request_method: 'POST',
  method: 'POST',
  remote_addr: '127.0.0.1',
  remote_port: expect.stringMatching(/^\d+$/),
  server_addr: '127.0.0.1',
  server_port: expect.stringMatching(/^\d+$/),
  server_protocol: 'HTTP/1.1',
  request_length: number,
  content_length: expect.stringMatching(/^\d+$/),
  content_type: 'application/json',
  time_iso8601: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  time_local: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:/),
  msec: expect.stringMatching(/^\d{10}\.\d{3}$/),
  status: 200,
  bytes_sent: number,
  body_bytes_sent: number,
  request_time: seconds,
  connection: expect.any(String),
  hostname: expect.any(String),
  request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  apisix_request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  http_user_agent: 'tester',
  http_x_absent: null,
  sent_http_content_type: 'application/json',
  upstream_http_openai_version: '2020-10-01',
  arg_a: '1',
  arg_b: ' ',
  arg_absent: null,
  cookie_tier: 'gold',
  post_arg_model: null,
  'post_arg.model': 'gpt-4',
  'post_arg.messages[*].role': ['user'],
  uri_param_rest: 'chat/completions',
  consumer_name: null,
  consumer_group_id: null,
  route_id: 'ai',
  route_name: null,
  service_id: null,
  service_name: null,
  balancer_ip: 'ai-proxy-openai',
  balancer_port: null,
  upstream_addr: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  upstream_status: 200,
  upstream_uri: '/v1/chat/completions',
  upstream_host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  upstream_unresolved_host: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  upstream_scheme: 'http',
  upstream_response_time: seconds,
  upstream_response_length: number,
  upstream_connect_time: seconds,
  upstream_header_time: seconds,
  apisix_upstream_response_time: number,
  rate_limiting_info: null,
  original_x_forwarded_for: '203.0.113.9',
  request_type: 'ai_chat',
  request_llm_model: 'gpt-4',
  llm_model: 'gpt-4',
  llm_time_to_first_token: number,
  llm_prompt_tokens: number,
  llm_completion_tokens: number,
  llm_total_tokens: number,
  llm_stream: false,
  llm_has_tool_calls: false,
  llm_tool_count: 0,
  llm_end_user_id: '',
  llm_cache_read_input_tokens: number,
  llm_cache_creation_input_tokens: number,
  llm_reasoning_tokens: number,
  llm_content_risk_level: '',
  outcome: 'complete',
  usage_source: 'provider',
}

const ask = {
  path: '/v1/chat/completions?a=1&b=%20',
  headers: { host: 'api.test:80', 'user-agent': 'tester', cookie: 'tier=gold', 'x-forwarded-for': '203.0.113.9' },
  body: { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] },
}

test('P36: a format may name every variable of the family', async () => {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const format = Object.fromEntries(Object.keys(expected).map((name) => [name, `\${${name}}`]))
  const { text } = await logOf(mock.url, format, ask, {}, '/v1/*rest')
  expect(JSON.parse(text)).toEqual(expected)
})

test('P36: in text too, where what is absent is empty', async () => {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const format = '$remote_addr "$request_method $request_uri $server_protocol" $status <$consumer_name> ${consumer_name ?? nobody} ${llm_model}'
  const { text } = await logOf(mock.url, format, ask)
  expect(text).toBe('127.0.0.1 "POST /v1/chat/completions?a=1&b=%20 HTTP/1.1" 200 <> nobody gpt-4\n')
})
