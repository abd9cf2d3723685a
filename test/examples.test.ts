import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { parse } from 'yaml'
import { chat, contentOf, type ChatOptions } from './support/chat.ts'
import { etcdNeeded, hasEtcd } from './support/etcd.ts'
import { freePort } from './support/free-port.ts'
import { anyPorts, eventually, runGateway, runProgram, sluiceDone, temporaryFolder, type RunningGateway } from './support/program.ts'
import { root } from './support/workspace.ts'

// Each test runs programs, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const folder = join(root, 'examples')
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'))
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8')

/** A value for every variable of the environment that a text names. */
function madeUp(text: string): Record<string, string> {
  const names = Array.from(text.matchAll(/\$env:\/\/([A-Z_]+)/g), ([, name = '']) => name)
  return Object.fromEntries(
    names.map((name) => [name, name === 'GCP_SERVICE_ACCOUNT' ? serviceAccount() : `${name.startsWith('AWS_') ? '' : 'Bearer '}made-up-${name}`]),
  )
}

function serviceAccount(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return JSON.stringify({
    type: 'service_account',
    project_id: 'made-up',
    private_key_id: '1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'made-up@made-up.iam.gserviceaccount.com',
    token_uri: 'http://127.0.0.1:1/token',
  })
}

type Config = Record<string, unknown> & { gateway?: { plugins?: string[] } }

/** Runs an example against a mock, on other ports; `edit` may change a copy of it. */
async function runExample(
  name: string,
  edit: (config: Config) => void = () => {},
  env: Record<string, string> = {},
): Promise<RunningGateway & { mock: MockLlm }> {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const config = parse(textOf(name).replaceAll('127.0.0.1:9100', `127.0.0.1:${mock.port}`)) as Config
  const plugins = (config.gateway?.plugins ?? []).map((entry) => resolve(folder, entry))
  config.gateway = { ...config.gateway, ...anyPorts, plugins }
  edit(config)
  return { ...(await runGateway(config, { env })), mock }
}

const withKey = (key: string): ChatOptions => ({ headers: { 'x-api-key': key } })
const bearer = (key: string): ChatOptions => ({ headers: { authorization: `Bearer ${key}` } })
const sent = (mock: MockLlm): unknown => JSON.parse(mock.requests.at(-1)!.body.toString())

test.skipIf(!hasEtcd)(`examples/cluster runs three gateways on one etcd, and a route that is written through one answers on all${etcdNeeded}`, async () => {
  const home = await temporaryFolder()
  const ports = new Map<string, string>()
  // The member of etcd takes the port behind its own, too.
  const free = async (port: string): Promise<string> => ports.get(port) ?? (ports.set(port, String(await freePort())).get(port) as string)
  for (const name of ['gateway-1.yaml', 'gateway-2.yaml', 'gateway-3.yaml', 'route.json']) {
    let text = readFileSync(join(folder, 'cluster', name), 'utf8')
    for (const [, port = ''] of text.matchAll(/(?:port: |127\.0\.0\.1:)(\d+)/g)) text = text.replaceAll(port, await free(port))
    writeFileSync(join(home, name), text)
  }
  const program = runProgram([process.execPath, join(folder, 'cluster/start.ts'), home])
  const [, urls = ''] = await program.says(/^Three gateways serve: (.*)$/m, 'stdout')
  for (const url of urls.split(', ')) await eventually('it answers', async () => (await chat(url)).status === 200)
  program.signal('SIGTERM')
  expect(await program.exited).toEqual({ code: 0, signal: null })
  const { scripts } = JSON.parse(readFileSync(join(folder, 'cluster/package.json'), 'utf8')) as { scripts: Record<string, string> }
  expect(scripts['start']).toBe('exec node start.ts')
})

test.for(files)('examples/%s is fit to serve', async (name) => {
  const { code, stderr, stdout } = await sluiceDone(['validate', '-c', `examples/${name}`], {
    env: madeUp(textOf(name)),
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(`examples/${name} is fit to serve`)
})

test('examples/providers.yaml has a route for each provider, and says which key is missing', async () => {
  const text = textOf('providers.yaml')
  const names = readdirSync(join(root, 'packages')).flatMap((dir) =>
    dir.startsWith('provider-') ? [dir.slice('provider-'.length)] : [],
  )
  const routes = (parse(text) as { routes: { plugins: { 'ai-proxy': { provider: string } } }[] }).routes
  expect([...new Set(routes.map(({ plugins }) => plugins['ai-proxy'].provider))].toSorted()).toEqual(
    names.toSorted(),
  )
  const { AZURE_API_KEY: _, ...env } = madeUp(text)
  const { code, stderr } = await sluiceDone(['validate', '-c', 'examples/providers.yaml'], { env })
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^examples\/providers\.yaml:\d+:\d+ routes\[2\]\.\S+\.api-key: environment variable AZURE_API_KEY is not set\n$/,
  )
})

describe('examples/quickstart.yaml', () => {
  test('answers chats whole and streamed, with its system prompt and model', async () => {
    const { url, mock } = await runExample('quickstart.yaml')
    const whole = await chat(url, { body: { model: 'anything' } })
    expect([whole.status, contentOf(whole)]).toEqual([200, expect.stringContaining('What is 1+1?')])
    expect(sent(mock)).toEqual({
      model: 'gpt-4',
      messages: [
        { role: 'system', content: 'You are a helpful assistant.' },
        { role: 'user', content: 'What is 1+1?' },
      ],
    })
    const streamed = await chat(url, { body: { stream: true } })
    expect([streamed.headers.get('content-type'), contentOf(streamed)]).toEqual([
      expect.stringContaining('text/event-stream'),
      contentOf(whole),
    ])
  })

  test('answers embeddings, Responses, Messages and the list of models', async () => {
    const { url } = await runExample('quickstart.yaml')
    const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
        body: JSON.stringify(body),
      })
      return (await response.json()) as Record<string, unknown>
    }
    expect(await post('/v1/embeddings', { model: 'text-embedding-3-small', input: 'Hello!' })).toMatchObject({
      object: 'list',
    })
    expect(await post('/v1/responses', { model: 'gpt-5', input: 'Hello!' })).toMatchObject({
      object: 'response',
      status: 'completed',
    })
    expect(
      await post('/v1/messages', {
        model: 'claude',
        max_tokens: 99,
        messages: [{ role: 'user', content: 'Hello!' }],
      }),
    ).toMatchObject({ type: 'message' })
    expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({ object: 'list' })
  })

  test('is what npm start runs', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const [, args = ''] = /main\.ts (.*)$/.exec(scripts['start'] ?? '') ?? []
    expect(args).toBe('start -c examples/quickstart.yaml --mock-llm 127.0.0.1:9100')
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`\`npm start\` is \`npx sluice ${args}\``)
  })
})

describe('examples/composing.yaml', () => {
  test('lets the model pick the chain, and shares what its routes have in common', async () => {
    const { url, mock, program } = await runExample('composing.yaml')
    const houseStyle = { role: 'system', content: 'Answer in one short paragraph.' }
    const asked = { role: 'user', content: 'What is 1+1?' }

    expect(await chat(url, { body: { model: 'gpt-4' } })).toMatchObject({ status: 200 })
    expect(sent(mock)).toEqual({ model: 'gpt-4', messages: [houseStyle, asked] })
    expect(await chat(url, { body: { model: 'small' } })).toMatchObject({ status: 200 })
    expect(sent(mock)).toEqual({ model: 'gpt-4o-mini', max_tokens: 256, messages: [houseStyle, asked] })
    expect(await chat(url, { body: { model: 'other' } })).toMatchObject({ status: 404 })

    const lines = await eventually('three lines', () => {
      const said = program.stdout().trim().split('\n')
      return said.length === 3 && said.map((line) => JSON.parse(line) as object)
    })
    expect(lines).toEqual([
      {
        time: expect.any(String) as string,
        route: 'large-model',
        status: 200,
        outcome: 'complete',
        model: 'gpt-4',
        prompt_tokens: expect.any(Number) as number,
        completion_tokens: expect.any(Number) as number,
        first_token_ms: expect.any(Number) as number,
        llm_summary: expect.any(Object) as object,
      },
      expect.objectContaining({ route: 'small-model', model: 'gpt-4o-mini' }),
      expect.objectContaining({ route: null, status: 404, outcome: 'refused' }),
    ])
  })

  test('makes a prompt out of a template', async () => {
    const { url, mock } = await runExample('composing.yaml')
    const body = {
      template_name: 'summarize',
      text: 'Once upon a "time"',
      model: undefined,
      messages: undefined,
    }
    expect(await chat(url, { path: '/prompts/v1/chat/completions', body })).toMatchObject({ status: 200 })
    expect(sent(mock)).toEqual({
      model: 'gpt-4',
      messages: [
        { role: 'system', content: 'You summarise in English.' },
        { role: 'user', content: 'Summarise: Once upon a "time"' },
      ],
    })
  })

  test('proxies the rest to an ordinary upstream', async () => {
    const { url, mock } = await runExample('composing.yaml')
    await fetch(`${url}/status/models?a=1`)
    expect(mock.requests.at(-1)).toMatchObject({ method: 'GET', url: '/status/models?a=1' })
  })
})

describe('examples/consumers.yaml', () => {
  const env = { ANNAS_KEY: 'anna-key', BOBS_KEY: 'bob-key', BOBS_PHONE_KEY: 'bob-phone-key', REPORTS_PASSWORD: 'secret' }

  test('tells consumers apart by their keys, and gives each what is theirs', async () => {
    const { url, mock, program } = await runExample('consumers.yaml', undefined, env)
    const asked = { role: 'user', content: 'What is 1+1?' }
    expect((await chat(url, bearer('anna-key'))).status).toBe(200)
    expect(sent(mock)).toEqual({ model: 'gpt-4', messages: [asked] })
    for (const key of ['bob-key', 'bob-phone-key']) {
      expect((await chat(url, bearer(key))).status).toBe(200)
      expect(sent(mock)).toEqual({ model: 'gpt-4o-mini', messages: [{ role: 'system', content: 'Answer in one short sentence.' }, asked] })
    }
    expect((await chat(url, bearer('nobody'))).status).toBe(401)
    expect(JSON.stringify(mock.requests.map(({ headers }) => headers))).not.toMatch(/anna-key|bob-key|bob-phone-key/)
    const lines = await eventually('four lines', () => {
      const said = program.stdout().trim().split('\n')
      return said.length === 4 && said.map((line) => JSON.parse(line) as object)
    })
    expect(lines).toEqual([
      { consumer: 'anna', group: 'gold', route: 'chat', status: 200, model: 'gpt-4' },
      ...[1, 2].map(() => ({ consumer: 'bob', group: null, route: 'chat', status: 200, model: 'gpt-4o-mini' })),
      { consumer: null, group: null, route: 'chat', status: 401, model: '' },
    ])
  })

  test('lets some look and not touch', async () => {
    const { url, mock } = await runExample('consumers.yaml', undefined, env)
    const headers = { authorization: `Basic ${btoa('reports:secret')}` }
    await fetch(`${url}/status/models`, { headers })
    const [request] = mock.requests
    expect([request?.url, request?.headers['x-consumer-username'], request?.headers['authorization']]).toEqual(['/status/models', 'reports', undefined])
    expect((await fetch(`${url}/status/models`, { method: 'DELETE', headers })).status).toBe(403)
    expect((await fetch(`${url}/status/models`)).headers.get('www-authenticate')).toBe('Basic realm="basic"')
    expect(mock.requests).toHaveLength(1)
  })
})

describe('examples/traffic.yaml', () => {
  const asked = { path: '/assistant', headers: { origin: 'https://app.example' } }

  test('answers pages of its origin, three times a minute, and names each exchange', async () => {
    const { url, mock } = await runExample('traffic.yaml')
    const preflight = await fetch(`${url}/assistant`, { method: 'OPTIONS', headers: asked.headers })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([200, 'https://app.example'])
    const answers = [await chat(url, asked), await chat(url, { ...asked, body: { stream: true } }), await chat(url, asked), await chat(url, asked)]
    expect(answers.map(({ status, headers }) => [status, headers.get('x-ratelimit-remaining')])).toEqual([[200, '2'], [200, '1'], [200, '0'], [429, '0']])
    expect(answers.map(({ headers }) => headers.get('access-control-allow-origin'))).toEqual(Array(4).fill('https://app.example'))
    expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(4)
    expect(contentOf(answers[1]!)).toBe(contentOf(answers[0]!))
    expect(answers[3]!.text).toContain('Take a breath')
    expect(mock.requests.map((request) => request.url)).toEqual(Array(3).fill('/v1/chat/completions'))
    expect((await fetch(`${url}/nowhere`, { headers: asked.headers })).headers.get('access-control-allow-origin')).toBe('https://app.example')
  })

  test('rewrites what goes up and what comes down', async () => {
    const { url, mock } = await runExample('traffic.yaml')
    const answer = await fetch(`${url}/internal/models?a=1`, { headers: { cookie: 'c=1' } })
    const { data } = (await answer.json()) as { data: object[] }
    expect([answer.headers.get('cache-control'), data[0]]).toEqual(['no-store', expect.objectContaining({ owner: expect.any(String) as string })])
    expect(mock.requests[0]).toMatchObject({ url: '/v1/models?a=1', headers: { 'x-asked-by': '127.0.0.1' } })
    expect(mock.requests[0]!.headers).not.toHaveProperty('cookie')
  })
})

describe('examples/plugins.yaml', () => {
  test('token-budget lets a key spend its tokens, and no other key', async () => {
    const { url } = await runExample('plugins.yaml', (config) => {
      const [route] = config['routes'] as [{ plugins: Record<string, object> }]
      route.plugins['token-budget'] = { tokens: 10 }
    })
    expect(await chat(url, withKey('one'))).toMatchObject({ status: 200 })
    const refused = await eventually('the end of the budget', async () => {
      const answer = await chat(url, withKey('one')) // tokens are counted once an answer has left
      return answer.status !== 200 && answer
    })
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      429,
      expect.objectContaining({ error_msg: 'no tokens left today' }),
    ])
    expect(await chat(url, withKey('two'))).toMatchObject({ status: 200 })
  })

  test.for([false, true])('retry asks again when upstream fails (stream: %s)', async (stream) => {
    const { url, mock } = await runExample('plugins.yaml')
    mock.script({ status: 500 }, { status: 503 }, { text: 'At last.' })
    const answer = await chat(url, { body: { stream } })
    expect([answer.status, contentOf(answer), mock.requests.length]).toEqual([200, 'At last.', 3])
    mock.script({ status: 500 }, { status: 500 }, { status: 503 })
    expect(await chat(url, { body: { stream } })).toMatchObject({ status: 503 })
  })

  test.for([false, true])('swear-jar bleeps words out (stream: %s)', async (stream) => {
    const { url, mock } = await runExample('plugins.yaml')
    mock.script({ text: 'Well, darn it.' })
    expect(contentOf(await chat(url, { body: { stream } }))).toBe('Well, **** it.')
  })
})

test("examples/admin.yaml is changed by the README's request, which its file then holds, and answers go on", async () => {
  const { url, file, program } = await runExample(
    'admin.yaml',
    ({ gateway }) => Object.assign(gateway ?? {}, { admin: { key: '$env://SLUICE_ADMIN_KEY', listen: { port: 0 } }, control: { listen: { port: 0 } } }),
    { SLUICE_ADMIN_KEY: 'made-up' },
  )
  const [, admin = ''] = await program.says(/the Admin API answers on (\S+)/)
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const [, path = '', body = ''] = /curl -X PUT http:\/\/127\.0\.0\.1:9180(\S+) [^\n]*\n {2}-d '([^']*)'/.exec(readme) ?? []
  const answer = await fetch(`http://${admin}${path}`, { method: 'PUT', headers: { 'x-api-key': 'made-up' }, body })
  expect(answer.status).toBe(200)
  expect(contentOf(await chat(url))).toContain('What is 1+1?')
  // Its methods are gone, as the request has none.
  expect((parse(readFileSync(file, 'utf8')) as { routes: unknown }).routes).toEqual([{ id: 'chat', uri: '/v1/chat/completions', service_id: 'mock' }])
  expect((await fetch(`http://${admin}/apisix/admin/openapi.json`, { headers: { 'x-api-key': 'made-up' } })).status).toBe(200)
})
