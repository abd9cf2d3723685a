import { definePlugin, Kernel, silent, Type, type Exchange } from '@sluice/kernel'
import { describe, expect, test } from 'vitest'
import { compileFormat, defaultFormat, logExtras, type LogFormat } from '../src/index.ts'
import { exchangeOf } from './exchange-of.ts'

const ai = definePlugin({
  name: 'ai',
  priority: 0,
  schema: Type.Object({}),
  variables: {
    llm_model: () => 'gpt-4',
    llm_prompt_tokens: () => 12,
    llm_stream: () => false,
    tags: () => ['a', 'b'],
    endless: () => 'x'.repeat(9_000),
    emoji: () => `x${'😀'.repeat(5_000)}`,
    broken: () => {
      throw new Error('no')
    },
    odd: () => Number.NaN,
    big: () => 1n,
  },
  setup: () => ({}),
})
const { variables } = new Kernel({ plugins: [ai], log: silent })

function lineOf(format: LogFormat, ctx: Exchange = exchangeOf()): string {
  const { line, issues } = compileFormat(format, variables)
  expect(issues).toEqual([])
  const text = line(ctx)
  expect(text.endsWith('\n')).toBe(true)
  return text.slice(0, -1)
}

const hostile = '"}\n{"status":"200"}\r\u0000\u001b[31m\\\u0085\u2028\u2029\u007f\ud800 ]\t'

describe('an object', () => {
  test('gives one JSON object with values of their own types', () => {
    const format = { a: '$status', b: '$llm_model', c: '$llm_stream', d: '${llm_prompt_tokens}', e: '$consumer_name', f: '$tags' }
    expect(lineOf(format)).toBe('{"a":200,"b":"gpt-4","c":false,"d":12,"e":null,"f":["a","b"]}')
  })

  test('takes templates, fallbacks, constants and nested objects', () => {
    const format = {
      what: '$request_method ${uri}',
      who: '${consumer_name ?? nobody}',
      cost: '\\$5',
      version: 1,
      live: true,
      none: null,
      upstream: { status: '$upstream_status', more: {} },
      'k"\n': 'v',
    }
    expect(JSON.parse(lineOf(format))).toEqual({
      what: 'POST /v1/chat/completions',
      who: 'nobody',
      cost: '$5',
      version: 1,
      live: true,
      none: null,
      upstream: { status: null, more: {} },
      'k"\n': 'v',
    })
  })

  test.for(['$http_x_evil', 'before $http_x_evil after'])('lets no value of %s out of its member', (template) => {
    const line = lineOf({ evil: template, status: '$status' }, exchangeOf({ headers: { 'x-evil': hostile } }))
    expect(line).toMatch(/^[\x20-\x7e]*$/)
    expect(JSON.parse(line)).toEqual({ evil: template.replace('$http_x_evil', hostile), status: 200 })
  })

  test('escapes what plugins add as well', () => {
    const ctx = exchangeOf()
    ctx.set(logExtras, { llm_summary: { model: hostile }, [hostile]: 1 })
    const line = lineOf({}, ctx)
    expect(line).toMatch(/^[\x20-\x7e]*$/)
    expect(JSON.parse(line)).toEqual({ llm_summary: { model: hostile }, [hostile]: 1 })
  })

  test('gets the extras of plugins, once, and not over its own members', () => {
    const ctx = exchangeOf()
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    ctx.set(logExtras, { llm_summary: { model: 'gpt-4' }, llm_request: { stream: false }, status: 'forged', bad: cycle, none: undefined })
    expect(lineOf({ status: '$status', asked: { what: '$llm_request' } }, ctx)).toBe(
      '{"status":200,"asked":{"what":{"stream":false}},"llm_summary":{"model":"gpt-4"}}',
    )
  })

  test('is null where a variable throws or has no JSON', () => {
    expect(lineOf({ a: '$broken', b: '$odd', c: '$big', d: '$llm_summary', e: 'x${broken}y' })).toBe(
      '{"a":null,"b":null,"c":null,"d":null,"e":"xy"}',
    )
  })

  test('cuts values that are too long, between characters', () => {
    const { endless, emoji } = JSON.parse(lineOf({ endless: '$endless', emoji: '$emoji' })) as Record<string, string>
    expect(endless).toBe(`${'x'.repeat(8192)}…`)
    expect(emoji).toBe(`x${'😀'.repeat(4095)}…`)
  })
})

describe('a string', () => {
  test('gives text, with nothing for what is absent', () => {
    const format = '$remote_addr [$consumer_name] "$request_method $uri" $status ${consumer_name ?? -}\n'
    expect(lineOf(format)).toBe('203.0.113.7 [] "POST /v1/chat/completions" 200 -')
  })

  test.for([
    ['$http_x', String.raw`\x22}\x0A{\x22status\x22:\x22200\x22}\x0D\x00\x1B[31m\x5C\xC2\x85\xE2\x80\xA8\xE2\x80\xA9\x7F\xEF\xBF\xBD\x20]\x09`],
    ['"$http_x"', String.raw`"\x22}\x0A{\x22status\x22:\x22200\x22}\x0D\x00\x1B[31m\x5C\xC2\x85\xE2\x80\xA8\xE2\x80\xA9\x7F\xEF\xBF\xBD ]\x09"`],
    ['[$http_x]', String.raw`[\x22}\x0A{\x22status\x22:\x22200\x22}\x0D\x00\x1B[31m\x5C\xC2\x85\xE2\x80\xA8\xE2\x80\xA9\x7F\xEF\xBF\xBD \x5D\x09]`],
  ] as const)('lets no value out of the field %s', ([format, line]) => {
    expect(lineOf(format, exchangeOf({ headers: { x: hostile } }))).toBe(line)
  })

  test.for(['\n', '\r', '\u0000', '\u001b', '\u007f', '\u0085', '\u009b', '\u2028', '\u2029', '\ud800', '"', '\\'])(
    'escapes %j also where it is the only such character',
    (char) => {
      const ctx = exchangeOf({ headers: { x: `a${char}b` } })
      expect(lineOf('"$http_x"', ctx)).toMatch(/^"a(\\x[\dA-F]{2})+b"$/)
      const json = lineOf({ x: '$http_x' }, ctx)
      expect(json).toMatch(/^[\x20-\x7e]*$/)
      expect(JSON.parse(json)).toEqual({ x: `a${char}b` })
    },
  )

  test('knows that quotes between brackets enclose nothing', () => {
    expect(lineOf('["$http_x"] $http_x', exchangeOf({ headers: { x: ' ]' } }))).toBe(String.raw`[" \x5D"] \x20]`)
  })

  test('knows which quotes belong to a fallback', () => {
    expect(lineOf('${consumer_name ?? "} $http_x', exchangeOf({ headers: { x: 'a b' } }))).toBe(String.raw`" a\x20b`)
  })

  test('leaves letters of every alphabet alone', () => {
    expect(lineOf('"$uri"', exchangeOf({ uri: '/größe/日本😀' }))).toBe('"/größe/日本😀"')
  })

  test('has the extras only where it names them', () => {
    const ctx = exchangeOf()
    ctx.set(logExtras, { llm_summary: { model: 'a b' }, llm_request: {} })
    expect(lineOf('$status $llm_summary', ctx)).toBe(String.raw`200 {\x22model\x22:\x22a\x20b\x22}`)
  })
})

describe('keys', () => {
  const headers = Object.fromEntries(
    ['authorization', 'proxy-authorization', 'x-api-key', 'api-key', 'cookie', 'x-amz-security-token', 'x-goog-api-key'].map((name) => [name, 'sk-1']),
  )

  test.for(Object.keys(headers))('masks the header %s', (name) => {
    expect(lineOf({ it: `$http_${name.replaceAll('-', '_')}` }, exchangeOf({ headers }))).toBe('{"it":"***"}')
    expect(lineOf(`$http_${name.replaceAll('-', '_')}`, exchangeOf())).toBe('')
  })

  test.for([
    ['$request_uri', '/v1/chat/completions?a=1&key=***'],
    ['$args', 'a=1&key=***'],
    ['$arg_key', '***'],
    ['$arg_a', '1'],
    ['$cookie_session', '***'],
    ['$http_referer', 'https://a.test/?token=***'],
    ['$post_arg.metadata.api_key', '***'],
    ['$sent_http_set_cookie', '***'],
    ['$upstream_uri', '/p?key=***'],
  ] as const)('masks in %s', ([template, value]) => {
    const ctx = exchangeOf(
      { query: 'a=1&key=sk-1', headers: { referer: 'https://a.test/?token=sk-1', cookie: 'session=sk-1', 'content-type': 'application/json' } },
      {
        reply: { status: 200, headers: { 'set-cookie': ['sk-1', 'sk-1'] }, body: null },
        upstream: { address: 'a', scheme: 'http', host: 'a', uri: '/p?key=sk-1', balancer: 'a', startedAt: 0, bytes: 0 },
      },
    )
    ctx.request.body.replace(Buffer.from('{"metadata":{"api_key":"sk-1"}}'))
    const name = template.slice(1)
    expect(lineOf({ it: `\${${name}}` }, ctx)).toBe(JSON.stringify({ it: value }))
  })
})

describe('issues', () => {
  test('name the place, the variable and the nearest one that there is', () => {
    const format = { a: '$reqest_id', b: { c: 'x ${Status} $zzzzzz' }, d: ['$status'] }
    expect(compileFormat(format, variables, ['gateway', 'access_log', 'format']).issues).toEqual([
      { path: ['gateway', 'access_log', 'format', 'a'], message: 'uses the unknown variable $reqest_id; did you mean $request_id?' },
      { path: ['gateway', 'access_log', 'format', 'b', 'c'], message: 'uses the unknown variable $Status; did you mean $status?' },
      { path: ['gateway', 'access_log', 'format', 'b', 'c'], message: 'uses the unknown variable $zzzzzz' },
      { path: ['gateway', 'access_log', 'format', 'd'], message: 'must be a text, a number, a boolean, null or an object' },
    ])
    expect(compileFormat('$statu\n$uri', variables, ['f']).issues).toEqual([
      { path: ['f'], message: 'must be a single line' },
      { path: ['f'], message: 'uses the unknown variable $statu; did you mean $status?' },
    ])
  })

  test('refuse a format that nests without end', () => {
    let format: Record<string, unknown> = {}
    for (let depth = 0; depth < 5_000; depth++) format = { a: format }
    expect(compileFormat(format, variables).issues).toMatchObject([{ message: 'is nested more than 32 levels deep' }])
  })

  test('leave a line that can be written', () => {
    const { line } = compileFormat({ a: '$nothing', b: ['x'] }, variables)
    expect(line(exchangeOf())).toBe('{"a":null,"b":["x"]}\n')
  })
})

test('the default format leaves out what no plugin provides', () => {
  const bare = compileFormat(defaultFormat, new Kernel({ plugins: [], log: silent }).variables)
  expect(bare.issues).toEqual([])
  const line = JSON.parse(bare.line(exchangeOf({ query: 'key=sk-1' }))) as Record<string, unknown>
  expect(line).toMatchObject({ method: 'POST', path: '/v1/chat/completions', status: 200, client: '203.0.113.7', outcome: 'complete' })
  expect(line).not.toHaveProperty('llm_model')
  expect(JSON.parse(lineOf(defaultFormat))).toMatchObject({ llm_model: 'gpt-4', llm_prompt_tokens: 12 })
})

test('shows the time of each exchange though it formats a second once', () => {
  const { line } = compileFormat('$time_iso8601 $msec', variables)
  const at = (seconds: number): string => line(exchangeOf({}, { startedAt: 1_800_000_000_000 + seconds * 1000 }))
  expect(at(0)).not.toBe(at(1))
  expect(at(0)).toBe(at(0))
  expect(new Date(at(1).split(' ')[0]!).getTime()).toBe(1_800_000_001_000)
})
