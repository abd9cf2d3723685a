import { startMockLlm } from '@sluice/mock-llm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { problemsOf } from './support/problems-of.ts'
import { askRaw } from './support/raw-client.ts'
import { startGateway } from './support/start-gateway.ts'

function routeWith(config: object): { routes: object[] } {
  return { routes: [{ id: 'ai', uri: '/*', plugins: { 'ai-proxy': config } }] }
}

const openai = { provider: 'openai', auth: {} }
const aws = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'secret' }
const vertex = 'vertex-ai requires either provider_conf (project_id + region) or override.endpoint'

/** What must be said of it, behind file, line and `routes[0].plugins.ai-proxy`. */
const refused: readonly [name: string, config: object, where: string, what: string | RegExp][] = [
  ['P33: provider foo', { provider: 'foo', auth: {} }, '.provider', /must be one of .*openai/],
  ['P33: vertex without conf', { provider: 'vertex-ai', auth: {} }, '', vertex],
  ['P33: vertex with half of it', { provider: 'vertex-ai', auth: {}, provider_conf: { region: 'r' } }, '', vertex],
  ['P33: bedrock without a region', { provider: 'bedrock', auth: { aws } }, '', 'bedrock requires provider_conf.region'],
  ['P33: bedrock without keys', { provider: 'bedrock', auth: {}, provider_conf: { region: 'us-east-1' } }, '', /bedrock requires auth.aws, or an API key/],
  [
    'bedrock with a region that is none',
    { provider: 'bedrock', auth: { aws }, provider_conf: { region: 'evil.example/' } },
    '',
    /provider_conf.region is not a region/,
  ],
  ['auth.aws without the key', { ...openai, auth: { aws: { access_key_id: 'a' } } }, '.auth.aws.secret_access_key', 'is required'],
  ['auth.aws with a key that is none', { ...openai, auth: { aws: { ...aws, session_token: 'a\nb' } }, provider_conf: { region: 'us-east-1' } }, '.auth.aws.session_token', /holds characters/],
  ['auth.aws without a region', { ...openai, auth: { aws } }, '.auth.aws', /requires provider_conf.region/],
  ['auth.aws beside auth.azure', { ...openai, auth: { aws, azure: { tenant_id: 't', client_id: 'c', client_secret: 's' } } }, '.auth.aws', /stands beside azure/],
  ['azure without an endpoint', { provider: 'azure-openai', auth: {} }, '', 'azure-openai requires override.endpoint'],
  [
    'azure with half of its address',
    { provider: 'azure-openai', auth: {}, provider_conf: { deployment: 'd' } },
    '',
    'azure-openai requires provider_conf.resource or override.endpoint',
  ],
  [
    'azure with a resource that is none',
    { provider: 'azure-openai', auth: {}, provider_conf: { resource: 'evil.example/' } },
    '',
    /provider_conf.resource is not the name of a resource/,
  ],
  [
    'azure with two addresses',
    { provider: 'azure-openai', auth: {}, provider_conf: { resource: 'x' }, override: { endpoint: 'https://x.openai.azure.com' } },
    '',
    /leave one of them out/,
  ],
  [
    'auth.azure without a secret',
    { ...openai, auth: { azure: { tenant_id: 't', client_id: 'c' } } },
    '.auth.azure.client_secret',
    'is required',
  ],
  [
    'auth.azure with a tenant that would lead elsewhere',
    { ...openai, auth: { azure: { tenant_id: '../x', client_id: 'c', client_secret: 's' } } },
    '.auth.azure.tenant_id',
    /tenant_id must be the id or the domain/,
  ],
  [
    'auth.azure with an authority that is none',
    { ...openai, auth: { azure: { tenant_id: 't', client_id: 'c', client_secret: 's', authority: 'login.microsoftonline.us' } } },
    '.auth.azure.authority',
    /authority must be http/,
  ],
  [
    'two clouds',
    { ...openai, auth: { gcp: {}, azure: { tenant_id: 't', client_id: 'c', client_secret: 's' } } },
    '.auth.azure',
    /stands beside gcp/,
  ],
  [
    'openai-compatible without one',
    { provider: 'openai-compatible', auth: {} },
    '',
    'openai-compatible requires override.endpoint',
  ],
  ['no auth', { provider: 'openai' }, '.auth', 'is required'],
  ['a stranger in auth', { provider: 'openai', auth: { headers: {} } }, '.auth.headers', /not a known field/],
  ['a header name that is none', { provider: 'openai', auth: { header: { 'a:b': 'x' } } }, '.auth.header.a:b', /./],
  [
    'a header with a line feed',
    { provider: 'openai', auth: { header: { a: 'x\ny: z' } } },
    '.auth.header.a',
    /cannot carry/,
  ],
  [
    'a header that frames the request',
    { provider: 'openai', auth: { header: { 'Content-Length': '1' } } },
    '.auth.header.Content-Length',
    /connection/,
  ],
  ['a header that is a number', { provider: 'openai', auth: { header: { a: 1 } } }, '.auth.header.a', /string/],
  [
    'a key file that is none',
    { provider: 'openai', auth: { gcp: { service_account_json: '{"private' } } },
    '.auth.gcp.service_account_json',
    /^invalid gcp service_account_json: /,
  ],
  [
    'a key file that nobody gave',
    { provider: 'openai', auth: { gcp: {} } },
    '.auth.gcp',
    /GCP_SERVICE_ACCOUNT is not set/,
  ],
  [
    'an endpoint that is no URL',
    { ...openai, override: { endpoint: 'api.openai.com' } },
    '.override.endpoint',
    'must be a URL such as https://api.example.com/v1',
  ],
  [
    'an endpoint of another scheme',
    { ...openai, override: { endpoint: 'ftp://x/v1' } },
    '.override.endpoint',
    'must begin with http:// or https://',
  ],
  [
    'an endpoint with a password',
    { ...openai, override: { endpoint: 'https://a:b@x/v1' } },
    '.override.endpoint',
    /must not hold credentials/,
  ],
  ['an empty endpoint', { ...openai, override: { endpoint: '' } }, '.override.endpoint', /./],
  [
    'a dialect that is none',
    { ...openai, override: { request_body: { chat: {} } } },
    '.override.request_body.chat',
    /not a known field/,
  ],
  [
    'a dialect that comes later',
    { ...openai, override: { request_body: { passthrough: {} } } },
    '.override.request_body.passthrough',
    /not supported yet/,
  ],
  [
    'llm_options of another kind',
    { ...openai, override: { llm_options: { temperature: 1 } } },
    '.override.llm_options.temperature',
    /not a known field/,
  ],
  [
    'no tokens at all',
    { ...openai, override: { llm_options: { max_tokens: 0 } } },
    '.override.llm_options.max_tokens',
    /./,
  ],
  ['a timeout of nothing', { ...openai, timeout: 0 }, '.timeout', /1/],
  ['a timeout beyond ten minutes', { ...openai, timeout: 600_001 }, '.timeout', /600000/],
  ['a connect_timeout of nothing', { ...openai, connect_timeout: 0 }, '.connect_timeout', /1/],
  ['a first_byte_timeout beyond a day', { ...openai, first_byte_timeout: 86_400_001 }, '.first_byte_timeout', /86400000/],
  ['an idle_timeout in words', { ...openai, idle_timeout: '1m' }, '.idle_timeout', /integer/],
  ['a total_timeout of a millisecond and a half', { ...openai, total_timeout: 1.5 }, '.total_timeout', /integer/],
  ['a commit_ms below nothing', { ...openai, commit_ms: -1 }, '.commit_ms', /0/],
  ['a timeout in words', { ...openai, timeout: '30s' }, '.timeout', /integer/],
  ['keepalive_timeout below a second', { ...openai, keepalive_timeout: 999 }, '.keepalive_timeout', /1000/],
  ['a pool of none', { ...openai, keepalive_pool: 0 }, '.keepalive_pool', /1/],
  ['a body of none', { ...openai, max_req_body_size: 0 }, '.max_req_body_size', /1/],
  ['options_mode of another name', { ...openai, options_mode: 'merge' }, '.options_mode', /override.*default/],
  ['include_usage of another name', { ...openai, include_usage: 'always' }, '.include_usage', /auto.*never/],
  ['a model that is a number', { ...openai, options: { model: 4 } }, '.options.model', /string/],
  ['a stranger', { ...openai, retries: 2 }, '.retries', /not a known field/],
]

test.for(refused)('%s is a problem, with its place', async ([, config, where, what]) => {
  const [problem = '', ...others] = await problemsOf(routeWith(config))
  expect(others).toEqual([])
  const [, place = '', message] = /^\S*gateway\.yaml:\d+(?::\d+)?:? routes\[0\]\.plugins\.ai-proxy(\S*?): (.*)$/.exec(
    problem,
  ) ?? [problem]
  expect([place, message]).toEqual([
    where,
    expect.stringMatching(what instanceof RegExp ? what : new RegExp(`^${what.replace(/[.()+]/g, '\\$&')}$`)),
  ])
})

test('a key file that the environment does not have is one problem, not two', async () => {
  const gcp = { service_account_json: '$env://NO_SUCH_KEY_FILE' }
  expect(await problemsOf(routeWith({ provider: 'openai', auth: { gcp } }))).toEqual([
    expect.stringMatching(/\.auth\.gcp\.service_account_json: environment variable NO_SUCH_KEY_FILE is not set$/),
  ])
})

test('every problem is told at once', async () => {
  const problems = await problemsOf(
    routeWith({ provider: 'vertex-ai', auth: { header: { a: 'x\ny' } }, override: { endpoint: 'x' } }),
  )
  expect(problems).toHaveLength(2)
  expect(await problemsOf(routeWith({ provider: 'foo', auth: { what: 1 }, timeout: 0 }))).toHaveLength(3)
})

describe('the examples of the documentation load as they are', () => {
  const examples: readonly [string, object][] = [
    [
      'openai',
      {
        provider: 'openai',
        auth: { header: { Authorization: 'Bearer sk' } },
        options: { model: 'gpt-4', temperature: 0.7, max_tokens: 100, stream: true },
      },
    ],
    [
      'azure',
      {
        provider: 'azure-openai',
        auth: { header: { 'api-key': 'k' } },
        override: {
          endpoint: 'https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-02-15-preview',
        },
      },
    ],
    [
      'every limit',
      {
        ...openai,
        timeout: 600_000,
        keepalive: false,
        keepalive_timeout: 1000,
        keepalive_pool: 1,
        ssl_verify: false,
        streaming_flush_interval_ms: 0,
        max_stream_duration_ms: 1,
        max_response_bytes: 1,
      },
    ],
    ['logging', { ...openai, logging: { summaries: true, payloads: true } }],
  ]
  test.for(examples)('%s', async ([, config]) => {
    expect(await problemsOf(routeWith(config))).toEqual([])
  })
})

describe('references', () => {
  test('P34: $env:// is resolved when the file is loaded', async () => {
    const mock = await startMockLlm()
    onTestFinished(() => mock.close())
    const config = {
      ...openai,
      auth: { header: { Authorization: '$env://OPENAI_AUTH' }, query: { k: '$env://PARTS/deep' } },
      override: { endpoint: mock.url },
    }
    const { url } = await startGateway(routeWith(config), {
      env: { OPENAI_AUTH: 'Bearer from-env', PARTS: '{"deep":"v"}' },
    })
    await askRaw(`${url}/v1/chat/completions`, { body: { model: 'm', messages: [] } })
    expect(mock.requests[0]).toMatchObject({
      url: '/v1/chat/completions?k=v',
      headers: { authorization: 'Bearer from-env' },
    })
  })

  test('one that is missing is a problem, and never sent as it is written', async () => {
    expect(
      await problemsOf(routeWith({ provider: 'openai', auth: { header: { Authorization: '$env://NOWHERE' } } })),
    ).toEqual([expect.stringMatching(/auth\.header\.Authorization: .*NOWHERE/)])
  })

  test('$secret:// is not supported yet', async () => {
    expect(
      await problemsOf(routeWith({ provider: 'openai', auth: { header: { Authorization: '$secret://vault/1/x' } } })),
    ).toEqual([expect.stringMatching(/auth\.header\.Authorization: .*not supported yet/)])
  })

  test('a secret is never part of a problem', async () => {
    const header = { 'bad name': 'sk-secret-1', a: 'sk-secret-2\n' }
    const problems = await problemsOf(
      routeWith({
        provider: 'openai',
        auth: { header, query: { q: ['sk-secret-3'] }, gcp: { service_account_json: '{"private_key":"sk-secret-4' } },
      }),
    )
    expect(problems).not.toEqual([])
    expect(problems.join('\n')).not.toContain('sk-secret')
  })
})
