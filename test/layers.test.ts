import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { problemsOf } from './support/problems-of.ts'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway, type TestConfig, type TestGateway } from './support/start-gateway.ts'
import { mark, tell } from './support/tell.ts'

/** What answers, and the values that the plugins `one` and `two` put into headers. */
async function effect({ url }: TestGateway, path = '/x', headers: Record<string, string> = {}) {
  const { status, headers: got, body } = await askRaw(`${url}${path}`, { method: 'GET', headers })
  return { status, one: got['x-one'], two: got['x-two'], body: body.toString() }
}

function gatewayWith(config: TestConfig, ran: string[] = []): Promise<TestGateway> {
  return startGateway(config, { plugins: [tell, mark('one', 20, ran), mark('two', 10, ran)] })
}

describe('layers', () => {
  const services = [{ id: 's', plugins: { tell: {}, one: { value: 'service' }, two: { value: 'service' } } }]
  const plugin_configs = [{ id: 'c', plugins: { one: { value: 'config' }, two: { value: 'config' } } }]

  const merges = [
    ['the service alone', { service_id: 's' }, 'service', 'service'],
    ['a plugin config wins over the service', { service_id: 's', plugin_config_id: 'c' }, 'config', 'config'],
    [
      'the route wins over both, plugin by plugin',
      { service_id: 's', plugin_config_id: 'c', plugins: { one: { value: 'route' } } },
      'route',
      'config',
    ],
    ['a plugin is replaced whole, not merged', { service_id: 's', plugins: { one: {} } }, 'yes', 'service'],
    [
      'a disabled one hides those that it stands before',
      { service_id: 's', plugin_config_id: 'c', plugins: { one: { _meta: { disable: true } } } },
      undefined,
      'config',
    ],
  ] as const

  test.for(merges)('%s', async ([, fields, one, two]) => {
    const gateway = await gatewayWith({ services, plugin_configs, routes: [{ id: 'r', uri: '/x', ...fields }] })
    expect(await effect(gateway)).toMatchObject({ status: 200, one, two })
  })

  test('a route of nothing but a plugin config is served', async () => {
    const gateway = await gatewayWith({
      plugin_configs: [{ id: 7, plugins: { tell: { says: 'hello' } } }],
      routes: [{ id: 'r', uri: '/x', plugin_config_id: 7 }],
    })
    expect((await effect(gateway)).body).toBe('{"route":"r","says":"hello"}')
  })

  test('references into the void are problems at load, each with its place', async () => {
    const routes = [
      { id: 'a', uri: '/a', service_id: 'ghost', plugins: { tell: {} } },
      { id: 'b', uri: '/b', plugin_config_id: 'ghost', plugins: { tell: {} } },
      { id: 'c', uri: '/c', upstream_id: 'ghost' },
    ]
    expect(await problemsOf({ routes }, { plugins: [tell] })).toEqual([
      expect.stringMatching(/routes\[0\]\.service_id: refers to service \[ghost\], which does not exist/),
      expect.stringMatching(/routes\[1\]\.plugin_config_id: refers to plugin config \[ghost\], which does not exist/),
      expect.stringMatching(/routes\[2\]\.upstream_id: refers to upstream \[ghost\], which does not exist/),
    ])
  })

  test('a global rule runs beside the route’s own plugin of that name, and before it', async () => {
    const ran: string[] = []
    const gateway = await gatewayWith(
      {
        global_rules: [{ id: 1, plugins: { two: { value: 'global' } } }],
        routes: [{ id: 'r', uri: '/x', plugins: { tell: {}, one: {}, two: { value: 'route' } } }],
      },
      ran,
    )
    expect(await effect(gateway)).toMatchObject({ two: 'route', one: 'yes' })
    await gateway.lines(1)
    const phases = ['rewrite', 'access', 'proxy', 'log']
    expect(ran).toEqual(phases.flatMap((phase) => [`two ${phase}`, `one ${phase}`, `two ${phase}`]))
  })

  test('one plugin in two global rules is a problem', async () => {
    const global_rules = ['a', 'b'].map((id) => ({ id, plugins: { one: {} } }))
    expect(await problemsOf({ global_rules, routes: [] }, { plugins: [mark('one', 1)] })).toEqual([
      expect.stringMatching(/global_rules\[1\]\.plugins\.one: is in global rule \[a\] already/),
    ])
  })
})

describe('_meta', () => {
  test('priority moves a plugin', async () => {
    const ran: string[] = []
    const plugins = { tell: {}, one: { _meta: { priority: 5 } }, two: {} }
    const gateway = await gatewayWith({ routes: [{ id: 'r', uri: '/x', plugins }] }, ran)
    await effect(gateway)
    expect(ran.filter((what) => what.endsWith('rewrite'))).toEqual(['two rewrite', 'one rewrite'])
  })

  test('R18: a filter that is false silences every phase, the log too', async () => {
    const ran: string[] = []
    const plugins = { tell: {}, one: { _meta: { filter: [['http_x_on', '==', '1']] } } }
    const gateway = await gatewayWith({ routes: [{ id: 'r', uri: '/x', plugins }] }, ran)
    expect(await effect(gateway)).toMatchObject({ status: 200, one: undefined })
    await gateway.lines(1)
    expect(ran).toEqual([])
    expect(await effect(gateway, '/x', { 'x-on': '1' })).toMatchObject({ one: 'yes' })
    await gateway.lines(2)
    expect(ran).toEqual(['one rewrite', 'one access', 'one proxy', 'one log'])
  })

  test.for([
    ['an object', { sorry: true }, 'application/json', '{"sorry":true}'],
    ['a text', 'sorry', 'text/plain; charset=utf-8', 'sorry'],
  ] as const)(
    'error_response as %s takes the place of the body, the status stays',
    async ([, error_response, type, text]) => {
      const plugins = { tell: {}, one: { refuse: 418, _meta: { error_response } } }
      const { url } = await gatewayWith({ routes: [{ id: 'r', uri: '/x', plugins }] })
      const { status, headers, body } = await askRaw(`${url}/x`, { method: 'GET' })
      expect([status, headers['content-type'], body.toString()]).toEqual([418, type, text])
    },
  )

  test('error_response of another plugin does not count', async () => {
    const plugins = { tell: {}, one: { _meta: { error_response: 'not mine' } }, two: { refuse: 403 } }
    const gateway = await gatewayWith({ routes: [{ id: 'r', uri: '/x', plugins }] })
    expect(await effect(gateway)).toMatchObject({ status: 403, body: '{"refused_by":"two"}' })
  })

  test.for([
    ['a stranger', { what: 1 }, /_meta\.what: .*not a known field/],
    ['Lua', { pre_function: 'return function() end' }, /_meta\.pre_function: .*not supported/],
    ['a filter that is none', { filter: ['a', '==', 'b'] }, /_meta\.filter.*rule should be wrapped inside brackets/],
    ['a priority in words', { priority: 'high' }, /_meta\.priority/],
  ] as const)('%s in it is a problem', async ([, _meta, problem]) => {
    const routes = [{ id: 'r', uri: '/x', plugins: { tell: { _meta } } }]
    expect(await problemsOf({ routes }, { plugins: [tell] })).toEqual([expect.stringMatching(problem)])
  })

  test('a disabled plugin need not be valid', async () => {
    const plugins = { tell: {}, one: { nonsense: true, _meta: { disable: true } } }
    expect(
      await problemsOf({ routes: [{ id: 'r', uri: '/x', plugins }] }, { plugins: [tell, mark('one', 1)] }),
    ).toEqual([])
  })
})

describe('_meta of ai-proxy', () => {
  let mock: MockLlm
  beforeAll(async () => {
    mock = await startMockLlm()
  })
  afterEach(() => mock.reset())
  afterAll(() => mock.close())

  const body = { model: 'gpt-4', messages: [{ role: 'user', content: 'hello' }] }

  test('R17: disabled, it does nothing', async () => {
    const { url } = await startGateway({ routes: [aiRoute(mock.url, { _meta: { disable: true } })] })
    const { status } = await askRaw(`${url}/v1/chat/completions`, { body })
    expect(status).toBe(502)
    expect(mock.requests).toEqual([])
  })

  test('filtered, it leaves the request to nobody, and the log says that it was none of its', async () => {
    const { url, linesOf } = await startGateway({
      routes: [aiRoute(mock.url, { _meta: { filter: [['arg_on', '==', '1']] } })],
    })
    const off = await askRaw(`${url}/v1/chat/completions`, { body })
    expect(off.status).toBe(502)
    expect(await linesOf(off.id)).toMatchObject([{ request_type: 'traditional_http', llm_model: '' }])
    const on = await askRaw(`${url}/v1/chat/completions?on=1`, { body })
    expect(on.status).toBe(200)
    expect(await linesOf(on.id)).toMatchObject([{ request_type: 'ai_chat', llm_model: 'gpt-4' }])
    expect(mock.requests).toHaveLength(1)
  })

  test('error_response is the body of its refusals and of errors that it brings back', async () => {
    const { url } = await startGateway({ routes: [aiRoute(mock.url, { _meta: { error_response: { code: 7 } } })] })
    const refused = await askRaw(`${url}/v1/chat/completions`, { body: '{}' })
    expect([refused.status, refused.headers['content-type'], refused.body.toString()]).toEqual([
      400,
      'application/json',
      '{"code":7}',
    ])
    mock.script({ status: 429 })
    const limited = await askRaw(`${url}/v1/chat/completions`, { body })
    expect([limited.status, limited.body.toString()]).toEqual([429, '{"code":7}'])
    const fine = await askRaw(`${url}/v1/chat/completions`, { body })
    expect([fine.status, fine.body.includes('choices')]).toEqual([200, true])
  })
})
