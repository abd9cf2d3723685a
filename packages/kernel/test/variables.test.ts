import { describe, expect, test } from 'vitest'
import { json, Kernel, silent, type Exchange } from '../src/index.ts'
import { exchangeOf, plugin, type TestExchange } from './rig.ts'

const kernel = new Kernel({
  plugins: [plugin('adding', {}, { variables: { mood: (ctx) => `${ctx.id} is happy` } })],
  log: silent,
})

const jsonType = { 'content-type': 'application/json' }

function valueOf(name: string, ctx: Exchange): unknown {
  return kernel.variables(name)?.read(ctx)
}

/** A variable of a request whose body was read. */
async function read(name: string, init: TestExchange): Promise<unknown> {
  const ctx = exchangeOf(init)
  await ctx.request.body.read()
  return valueOf(name, ctx)
}

describe('the request', () => {
  const request: TestExchange = {
    method: 'PUT',
    path: '/v1/things',
    query: 'a=1&b=x%20y&a=2&empty&__proto__=p',
    headers: {
      Host: 'Api.Example.com:8443',
      'X-Forwarded-For': '198.51.100.1',
      'User-Agent': 'curl',
      'Content-Type': 'text/plain',
      'Content-Length': '5',
      Connection: 'close',
      'X-Many': ['one', 'two'],
      Cookie: 'session=abc=def; theme = dark ;constructor=c; =nameless; flag',
    },
    body: 'hello',
  }

  test.for<[string, unknown]>([
    ['uri', '/v1/things'],
    ['request_uri', '/v1/things?a=1&b=x%20y&a=2&empty&__proto__=p'],
    ['args', 'a=1&b=x%20y&a=2&empty&__proto__=p'],
    ['is_args', '?'],
    ['host', 'api.example.com'],
    ['http_host', 'Api.Example.com:8443'],
    ['scheme', 'https'],
    ['request_method', 'PUT'],
    ['method', 'PUT'],
    ['remote_addr', '203.0.113.7'],
    ['remote_port', '52000'],
    ['server_addr', '192.0.2.1'],
    ['server_port', '9080'],
    ['server_protocol', 'HTTP/1.1'],
    ['content_length', '5'],
    ['content_type', 'text/plain'],
    ['connection', 'close'],
    ['request_length', 5],
    ['request_id', 'x-1'],
    ['apisix_request_id', 'x-1'],
    ['original_x_forwarded_for', '198.51.100.1'],
    ['http_user_agent', 'curl'],
    ['http_USER_AGENT', 'curl'],
    ['http_x_many', 'one, two'],
    ['http_absent', undefined],
    ['http_constructor', undefined],
    ['http___proto__', undefined],
    ['arg_a', '1'],
    ['arg_b', 'x y'],
    ['arg_empty', ''],
    ['arg_absent', undefined],
    ['arg_constructor', undefined],
    ['arg___proto__', 'p'],
    ['cookie_session', 'abc=def'],
    ['cookie_theme', 'dark'],
    ['cookie_constructor', 'c'],
    ['cookie_flag', undefined],
    ['cookie_toString', undefined],
    ['mood', 'x-1 is happy'],
    ['consumer_name', undefined],
    ['route_id', undefined],
    ['status', undefined],
    ['upstream_status', undefined],
    ['bytes_sent', 0],
  ])('$%s is %j', ([name, value]) => {
    expect(valueOf(name, exchangeOf(request))).toBe(value)
  })

  test.for(['[2001:db8::1]:443', '[2001:db8::1]'])('the host of %s', (host) => {
    expect(valueOf('host', exchangeOf({ headers: { host } }))).toBe('[2001:db8::1]')
  })

  test.for(['args', 'host', 'http_host', 'cookie_a'])('$%s is absent where there is none', (name) => {
    expect(valueOf(name, exchangeOf())).toBeUndefined()
  })

  test('$is_args is empty where there are none', () => {
    expect(valueOf('is_args', exchangeOf())).toBe('')
  })

  test.for(['unheard_of', 'toString', '__proto__', 'post_argument', 'http'])('%s is no variable', (name) => {
    expect(kernel.variables(name)).toBeUndefined()
  })

  test('one name is one variable, whoever asks', () => {
    expect(kernel.variables('http_x_a')).toBe(kernel.variables('http_x_a'))
  })

  test('arguments follow a query that a plugin rewrites', () => {
    const ctx = exchangeOf({ query: 'a=1' })
    expect(valueOf('arg_a', ctx)).toBe('1')
    ctx.request.query = 'a=2'
    expect(valueOf('arg_a', ctx)).toBe('2')
  })
})

describe('what was found', () => {
  test('the route, its parameters and the consumer', () => {
    const ctx = exchangeOf()
    ctx.route = { id: 'r1', name: 'chat', serviceId: 's1', serviceName: 'llm' }
    ctx.consumer = { name: 'anna', groupId: 'g1' }
    ctx.params = { name: 'x' }
    const names = ['route_id', 'route_name', 'service_id', 'service_name', 'consumer_name', 'consumer_group_id', 'uri_param_name']
    expect(names.map((name) => valueOf(name, ctx))).toEqual(['r1', 'chat', 's1', 'llm', 'anna', 'g1', 'x'])
    expect(valueOf('uri_param_constructor', ctx)).toBeUndefined()
  })

  test('the answer, and what was sent of it', () => {
    const ctx = exchangeOf()
    ctx.reply = json(201, 'ok', { 'x-a': ['1', '2'] })
    expect(['status', 'sent_http_x_a', 'sent_http_content_type', 'body_bytes_sent'].map((name) => valueOf(name, ctx))).toEqual([
      201,
      '1, 2',
      'application/json',
      0,
    ])
    ctx.reply = { status: 201, headers: {}, body: null }
    expect(valueOf('sent_http_constructor', ctx)).toBeUndefined()
    ctx.delivery = { status: 499, headerBytes: 10, bodyBytes: 5 }
    ctx.outcome = 'client_disconnect'
    expect(['status', 'bytes_sent', 'body_bytes_sent', 'outcome'].map((name) => valueOf(name, ctx))).toEqual([499, 15, 5, 'client_disconnect'])
  })

  test('the upstream attempt, times in seconds', () => {
    const ctx = exchangeOf()
    const upstream = { address: '192.0.2.9:443', scheme: 'https', host: 'api.example.com', uri: '/v1', balancer: 'ai-proxy-openai', startedAt: 100, bytes: 7 }
    const names = ['upstream_connect_time', 'upstream_header_time', 'upstream_response_time', 'apisix_upstream_response_time']
    ctx.upstream = { ...upstream }
    expect(names.map((name) => valueOf(name, ctx))).toEqual([undefined, undefined, undefined, undefined])
    ctx.upstream = { ...upstream, connectedAt: 112.4, headAt: 150, endedAt: 1_100.6, status: 200, header: (name) => (name === 'x-a' ? ['1', '2'] : undefined), balancerPort: 443 }
    expect(names.map((name) => valueOf(name, ctx))).toEqual(['0.012', '0.050', '1.001', 1_001])
    const others = ['upstream_addr', 'upstream_host', 'upstream_uri', 'upstream_scheme', 'upstream_status', 'upstream_http_x_a', 'upstream_http_x_b', 'balancer_ip', 'balancer_port', 'upstream_response_length']
    expect(others.map((name) => valueOf(name, ctx))).toEqual(['192.0.2.9:443', 'api.example.com', '/v1', 'https', 200, '1, 2', undefined, 'ai-proxy-openai', 443, 7])
  })

  test('the time is that of the end, once it has come', () => {
    const ctx = exchangeOf({ clock: { now: () => Date.UTC(2026, 6, 3, 10, 0, 0, 500), monotonic: () => 40 } })
    expect(valueOf('msec', ctx)).toBe('1783072800.500')
    expect(valueOf('request_time', ctx)).toBe('0.000')
    ctx.durationMs = 1_250
    expect(valueOf('msec', ctx)).toBe('1783072801.750')
    expect(valueOf('request_time', ctx)).toBe('1.250')
    const iso = String(valueOf('time_iso8601', ctx))
    expect(iso).toMatch(/^2026-07-0\dT\d\d:00:01[+-]\d\d:\d\d$/)
    expect(new Date(iso).getTime()).toBe(Date.UTC(2026, 6, 3, 10, 0, 1))
    expect(valueOf('time_local', ctx)).toMatch(/^0\d\/Jul\/2026:\d\d:00:01 [+-]\d{4}$/)
  })
})

describe('post_arg', () => {
  const body = JSON.stringify({
    model: 'gpt',
    stream: true,
    n: 1.5,
    none: null,
    metadata: { tier: 'gold', 'a.b': 1 },
    messages: [{ role: 'system', content: 'x' }, { role: 'user', content: [{ type: 'image_url' }] }],
    list: ['x'],
    text: 'true',
  })

  test.for<[string, unknown]>([
    ['model', 'gpt'],
    ['stream', true],
    ['text', 'true'],
    ['n', 1.5],
    ['metadata.tier', 'gold'],
    ['metadata', { tier: 'gold', 'a.b': 1 }],
    ['list', ['x']],
    ['list.0', undefined],
    ['list.length', undefined],
    ['model.length', undefined],
    ['metadata.none.deeper', undefined],
    ['none', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['metadata.toString', undefined],
    ['messages[*].role', ['system', 'user']],
    ['messages[0].role', ['system']],
    ['messages[*].content[*].type', ['image_url']],
    ['.type', ['image_url']],
    ['messages[*].name', undefined],
  ])('post_arg.%s is %j', async ([path, value]) => {
    expect(await read(`post_arg.${path}`, { headers: jsonType, body })).toEqual(value)
  })

  test.for([
    [{ 'content-type': 'application/json; charset=utf-8' }, 'gpt'],
    [{ 'content-type': 'Application/JSON' }, 'gpt'],
    [{ 'content-type': 'application/vnd.api+json' }, 'gpt'],
    [{}, 'gpt'],
    [{ 'content-type': 'text/plain' }, undefined],
    [{ 'content-type': 'multipart/form-data; boundary=x' }, undefined],
  ] as const)('with %j post_arg.model is %j', async ([headers, value]) => {
    expect(await read('post_arg.model', { headers, body })).toBe(value)
  })

  test.for(['', '{', '[]', '"model"', 'null', '{"model":"\u0001"}'])('of the body %j it is absent, and no error', async (broken) => {
    expect(await read('post_arg.model', { headers: jsonType, body: broken })).toBeUndefined()
    expect(await read('post_arg.messages[*].role', { headers: jsonType, body: broken })).toBeUndefined()
  })

  test('of a body that was not read it is absent, and found once it was', async () => {
    const ctx = exchangeOf({ headers: jsonType, body })
    expect(kernel.variables('post_arg.model')?.needsBody).toBe(true)
    expect(valueOf('post_arg.model', ctx)).toBeUndefined()
    await ctx.request.body.read()
    expect(valueOf('post_arg.model', ctx)).toBe('gpt')
  })

  test('it follows the edits of plugins', async () => {
    const ctx = exchangeOf({ headers: jsonType, body })
    await ctx.request.body.read()
    const roles = 'post_arg.messages[*].role'
    expect([valueOf('post_arg.model', ctx), valueOf(roles, ctx)]).toEqual(['gpt', ['system', 'user']])
    ctx.request.body.document.set('model', 'other')
    ctx.request.body.document.prepend('messages', [{ role: 'tool' }])
    expect([valueOf('post_arg.model', ctx), valueOf(roles, ctx)]).toEqual(['other', ['tool', 'system', 'user']])
    ctx.request.body.replace(Buffer.from('{"model":"third"}'))
    expect([valueOf('post_arg.model', ctx), valueOf(roles, ctx)]).toEqual(['third', undefined])
  })

  describe('of a form', () => {
    const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'model=a&model=b&x%20y=1+2&__proto__=p' }

    test.for([
      ['post_arg_model', 'a'],
      ['post_arg.model', 'a'],
      ['post_arg_x y', '1 2'],
      ['post_arg_absent', undefined],
      ['post_arg_constructor', undefined],
    ] as const)('%s is %j', async ([name, value]) => {
      expect(await read(name, form)).toBe(value)
    })

    test('it is found once the body was read, and follows its changes', async () => {
      const ctx = exchangeOf(form)
      expect([valueOf('post_arg_model', ctx), valueOf('post_arg.model', ctx)]).toEqual([undefined, undefined])
      await ctx.request.body.read()
      expect([valueOf('post_arg_model', ctx), valueOf('post_arg.model', ctx)]).toEqual(['a', 'a'])
      ctx.request.body.replace(Buffer.from('model=c'))
      expect([valueOf('post_arg_model', ctx), valueOf('post_arg.model', ctx)]).toEqual(['c', 'c'])
    })

    test('post_arg_ is for forms alone', async () => {
      expect(await read('post_arg_model', { headers: jsonType, body })).toBeUndefined()
    })
  })
})
