import { request } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { problemsOf } from './support/problems-of.ts'
import { askRaw, type Ask } from './support/raw-client.ts'
import { startGateway, type TestConfig, type TestGateway } from './support/start-gateway.ts'
import { tell } from './support/tell.ts'

function route(id: string, vars?: unknown, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { id, uri: '/v1/chat/completions', plugins: { tell: {} }, ...(vars !== undefined && { vars }), ...fields }
}

function gatewayWith(routes: readonly object[], rest: TestConfig = {}): Promise<TestGateway> {
  return startGateway({ routes, ...rest }, { plugins: [tell] })
}

async function routeOf(url: string, ask: Ask = {}, query = ''): Promise<string | number> {
  const { status, body } = await askRaw(`${url}/v1/chat/completions${query}`, ask)
  return status === 200 ? (JSON.parse(body.toString()) as { route: string }).route : status
}

const form = (body: string): Ask => ({ body, headers: { 'content-type': 'application/x-www-form-urlencoded' } })

const byModel = (model: string) => [['post_arg.model', '==', model]]

describe('routes by what a body says', () => {
  test('R3: each model has its route, and a third none', async () => {
    const { url } = await gatewayWith([route('a', byModel('a')), route('b', byModel('b'))])
    expect(await routeOf(url, { body: { model: 'a', messages: [] } })).toBe('a')
    expect(await routeOf(url, { body: { messages: [], model: 'b' } })).toBe('b')
    expect(await routeOf(url, { body: { model: 'c' } })).toBe(404)
    expect(await routeOf(url, { body: {} })).toBe(404)
    expect(await routeOf(url)).toBe(404)
    expect(await routeOf(url, { body: '{"model":"a"' })).toBe(404)
  })

  test('R4: a route without a condition takes the rest', async () => {
    const { url } = await gatewayWith([
      route('rest', undefined, { priority: -1 }),
      route('a', byModel('a')),
      route('b', byModel('b')),
    ])
    expect(await routeOf(url, { body: { model: 'c' } })).toBe('rest')
    expect(await routeOf(url, { body: { model: 'b' } })).toBe('b')
    expect(await routeOf(url, { body: 'no JSON' })).toBe('rest')
  })

  test('R5: values keep their JSON type', async () => {
    const { url } = await gatewayWith([route('stream', [['post_arg.stream', '==', true]])])
    expect(await routeOf(url, { body: { stream: true } })).toBe('stream')
    for (const stream of ['true', 1, null, [true], false]) expect(await routeOf(url, { body: { stream } })).toBe(404)
  })

  test('R6: a JSONPath looks into every message', async () => {
    const { url } = await gatewayWith([route('system', [['post_arg.messages[*].role', 'has', 'system']])])
    const messages = [{ role: 'user' }, { role: 'system' }]
    expect(await routeOf(url, { body: { messages } })).toBe('system')
    expect(await routeOf(url, { body: { messages: messages.slice(0, 1) } })).toBe(404)
    expect(await routeOf(url, { body: { messages: 'system' } })).toBe(404)
  })

  test('R10: a form is read by either name', async () => {
    const { url } = await gatewayWith([
      route('both', [
        ['post_arg_model', '==', 'a'],
        ['post_arg.model', '==', 'a'],
      ]),
    ])
    expect(await routeOf(url, form('x=1&model=a&model=b'))).toBe('both')
    expect(await routeOf(url, form('model=b'))).toBe(404)
    expect(await routeOf(url, { body: { model: 'a' } })).toBe(404) // post_arg_ is of forms alone
  })

  test('a nested field, `..` and a missing content type', async () => {
    const { url } = await gatewayWith([
      route('image', [['post_arg..type', 'has', 'image_url']], { priority: 1 }),
      route('gold', [['post_arg.metadata.tier', 'in', ['gold', 'silver']]]),
    ])
    const plain = (body: string): Promise<string | number> =>
      new Promise((resolve, reject) => {
        const req = request(
          `${url}/v1/chat/completions`,
          { method: 'POST', headers: { 'content-length': body.length } },
          (res) => {
            resolve(res.statusCode ?? 0)
            res.resume()
          },
        )
        req.on('error', reject).end(body)
      })
    expect(await routeOf(url, { body: { metadata: { tier: 'gold' } } })).toBe('gold')
    expect(await routeOf(url, { body: { messages: [{ content: [{ type: 'image_url' }] }] } })).toBe('image')
    expect(await routeOf(url, { body: { 'metadata.tier': 'gold' } })).toBe(404)
    expect(await plain('{"metadata":{"tier":"silver"}}')).toBe(200)
  })

  test('R15: 65 MiB in chunks are refused at the limit, and nothing beyond it is held', async () => {
    const { url, linesOf } = await gatewayWith([route('a', byModel('a'))])
    const limit = 64 * 1024 * 1024
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    const before = heldBytes()
    const { status, text, id, waited } = await sendChunks(url, 65, chunk, limit)
    expect(status).toBe(413)
    expect(JSON.parse(text)).toMatchObject({
      error_msg: expect.stringContaining(`greater than the maximum size ${limit} allowed`),
    })
    expect(waited).toBeLessThan(1000)
    await expect.poll(() => heldBytes() - before, { timeout: 5000 }).toBeLessThan(16 * 1024 * 1024)
    expect(await linesOf(id)).toMatchObject([{ status: 413, outcome: 'refused' }])
    expect(await routeOf(url, { body: { model: 'a' } })).toBe('a')
  })

  test('a body that says how long it is gets its 413 before it is sent', async () => {
    const { url } = await gatewayWith([route('a', byModel('a'))], { gateway: { max_body_bytes: 100 } })
    const exactly = { model: 'a', pad: 'x'.repeat(78) }
    expect(JSON.stringify(exactly)).toHaveLength(100)
    expect(await routeOf(url, { body: exactly })).toBe('a')
    expect(await routeOf(url, { body: { ...exactly, pad: 'x'.repeat(79) } })).toBe(413)
  })
})

describe('routes by the rest of a request', () => {
  test('R7: one of several conditions is enough', async () => {
    const { url } = await gatewayWith([route('either', [['OR', ['http_x_a', '==', '1'], ['arg_b', 'in', ['x', 'y']]]])])
    expect(await routeOf(url, { headers: { 'x-a': '1' } })).toBe('either')
    expect(await routeOf(url, {}, '?b=y')).toBe('either')
    expect(await routeOf(url, { headers: { 'x-a': '2' } }, '?b=z')).toBe(404)
  })

  test('R8: what is absent is not equal', async () => {
    const { url } = await gatewayWith([route('not', [['http_x_a', '!', '==', '1']])])
    expect(await routeOf(url)).toBe('not')
    expect(await routeOf(url, { headers: { 'x-a': '1' } })).toBe(404)
  })

  test('R9: what is no number is not greater', async () => {
    const { url, logged } = await gatewayWith([route('more', [['arg_v', '>', 10]])])
    expect(await routeOf(url, {}, '?v=abc')).toBe(404)
    expect(await routeOf(url, {}, '?v=11')).toBe('more')
    expect(await routeOf(url, {}, '?v=9')).toBe(404)
    expect(logged()).not.toContain('error')
  })

  const rules = [
    [['arg_a', '1'], '?a=1', true],
    [['arg_a', '~=', '1'], '', true],
    [['arg_a', '~~', '^gpt-[45]'], '?a=gpt-4o', true],
    [['arg_a', '~~', '^gpt-[45]'], '?a=my-gpt-4', false],
    [['arg_a', '~*', 'GPT'], '?a=gpt-4', true],
    [['remote_addr', 'ipmatch', ['10.0.0.0/8', '127.0.0.1']], '', true],
    [['remote_addr', 'ipmatch', ['10.0.0.0/8']], '', false],
    [['!AND', ['arg_a', '==', '1'], ['arg_b', '==', '2']], '?a=1&b=3', true],
    [['!OR', ['arg_a', '==', '1'], ['arg_b', '==', '2']], '?a=1&b=3', false],
    [['cookie_tier', '==', 'gold'], '', true],
    [['request_method', 'in', ['POST']], '', true],
    [['uri', '==', '/v1/chat/completions'], '', true],
  ] as const

  test.for(rules)('%j of %s is %s', async ([rule, query, expected]) => {
    const { url } = await gatewayWith([route('it', [rule])])
    expect(await routeOf(url, { headers: { cookie: 'a=b; tier=gold' } }, query)).toBe(expected ? 'it' : 404)
  })

  const wrong = [
    ['R14: a bare triple', ['a', '==', '1'], 'rule should be wrapped inside brackets'],
    ['a lonely operand', [['OR', ['a', '==', '1']]], 'rule too short'],
    ['a stranger among operators', [['a', '=~', '1']], "invalid operator '=~'"],
    ['half a negation', [['a', '!', '==']], 'bad'],
    ['no address', [['remote_addr', 'ipmatch', ['300.1.1.1']]], 'invalid ip address'],
  ] as const

  test.for(wrong)('%s is a problem at load, with its place', async ([, vars, reason]) => {
    const [problem, ...others] = await problemsOf({ routes: [route('it', vars)] }, { plugins: [tell] })
    expect(others).toEqual([])
    expect(problem).toMatch(/gateway\.yaml:\d+.*routes\[0\]\.vars/)
    expect(problem).toContain("failed to validate the 'vars' expression: ")
    expect(problem).toContain(reason)
  })

  test.for(['filter_func', 'script', 'script_id'])('%s is refused as not supported', async (field) => {
    const value = 'function(vars) return true end'
    expect(await problemsOf({ routes: [route('it', undefined, { [field]: value })] }, { plugins: [tell] })).toEqual([
      expect.stringMatching(new RegExp(`routes\\[0\\]\\.${field}.*not supported`)),
    ])
  })

  test.for(['graphql_name', 'graphql_operation'])('%s is refused as not supported', async (name) => {
    expect(await problemsOf({ routes: [route('it', [[name, '==', 'x']])] }, { plugins: [tell] })).toEqual([
      expect.stringMatching(/routes\[0\]\.vars.*not supported/),
    ])
  })
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of buffers that are still in use. */
function heldBytes(): number {
  collect()
  return process.memoryUsage().arrayBuffers
}

/** Sends so many chunks without a length; `waited` are the milliseconds from the first byte beyond `limit` to the answer. */
function sendChunks(url: string, count: number, chunk: Buffer, limit: number) {
  return new Promise<{ status: number; text: string; id: string; waited: number }>((resolve, reject) => {
    let exceededAt = Number.POSITIVE_INFINITY
    let sent = 0
    const req = request(
      `${url}/v1/chat/completions`,
      { method: 'POST', headers: { 'content-type': 'application/json' } },
      (res) => {
        const waited = performance.now() - exceededAt
        let text = ''
        res.setEncoding('utf8').on('data', (piece: string) => (text += piece))
        req.end()
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, text, id: String(res.headers['x-sluice-request-id']), waited }),
        )
      },
    )
    req.on('error', reject)
    const more = (): void => {
      if (sent === count) return // and says nothing more until it has its answer
      sent += 1
      if (sent * chunk.length > limit) exceededAt = performance.now()
      req.write(chunk, more)
    }
    more()
  })
}
