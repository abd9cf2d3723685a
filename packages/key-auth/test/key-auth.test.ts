import { exercise, type Exercised, type ExerciseOptions, type TestConsumer, type TestRequest } from '@sluice/testkit'
import { definePlugin, json, Type, type Exchange } from '@sluice/kernel'
import { describe, expect, test } from 'vitest'
import { keyAuth } from '../src/index.ts'

const consumers: TestConsumer[] = [
  { username: 'anna', labels: { custom_id: '12' }, plugins: { 'key-auth': { key: 'annas-key' } } },
  { username: 'bob', credentials: { laptop: { 'key-auth': { key: 'bobs-key' } }, phone: { 'key-auth': { key: 'ключ' } } } },
  { username: 'guest' },
]

/** What the upstream would have got. */
const upstream = ({ request: { headers, query } }: Exchange): ReturnType<typeof json> => json(200, { headers, query })

function ask(request: TestRequest, config: object = {}, options: ExerciseOptions = {}): Promise<Exercised> {
  return exercise(keyAuth, config, { path: '/anything', ...request }, { consumers, answer: upstream, ...options })
}

const header = (key: string, name = 'apikey'): TestRequest => ({ headers: { [name]: key } })
const sent = ({ reply }: Exercised): { headers: Record<string, string>; query: string } => JSON.parse(reply.body) as never

describe('a consumer', () => {
  test.for<[what: string, request: TestRequest, config: object, consumer: object]>([
    ['by a header', header('annas-key'), {}, { name: 'anna', labels: { custom_id: '12' } }],
    ['by a header of another name, in any case', header('annas-key', 'X-Api-Key'), { header: 'X-API-Key' }, { name: 'anna' }],
    ['by what stands behind Bearer', header('Bearer annas-key', 'authorization'), { header: 'Authorization' }, { name: 'anna' }],
    ['by the query', { path: '/x?a=1&apikey=annas-key' }, {}, { name: 'anna' }],
    ['by a parameter of another name, encoded', { path: '/x?my%20key=annas%2Dkey' }, { query: 'my key' }, { name: 'anna' }],
    ['by a credential of its own', header('bobs-key'), {}, { name: 'bob', credentialId: 'laptop' }],
    ['by a key that is not ASCII, as UTF-8', header(Buffer.from('ключ').toString('latin1')), {}, { name: 'bob', credentialId: 'phone' }],
    ['by such a key in the query', { path: `/x?apikey=${encodeURIComponent('ключ')}` }, {}, { name: 'bob', credentialId: 'phone' }],
    ['by the header, where the query says another', { path: '/x?apikey=bobs-key', ...header('annas-key') }, {}, { name: 'anna' }],
  ])('is found %s', async ([, request, config, consumer]) => {
    const { ctx, reply } = await ask(request, config)
    expect([reply.status, ctx.consumer]).toMatchObject([200, consumer])
  })

  test('is told to the upstream', async () => {
    const { headers } = sent(await ask(header('annas-key')))
    expect(headers).toMatchObject({ 'x-consumer-username': 'anna', 'x-consumer-custom-id': '12', apikey: 'annas-key' })
    expect(headers).not.toHaveProperty('x-credential-identifier')
    const bob = sent(await ask({ headers: { apikey: 'bobs-key', 'x-consumer-custom-id': 'forged' } }))
    expect(bob.headers).toMatchObject({ 'x-consumer-username': 'bob', 'x-credential-identifier': 'laptop' })
    expect(bob.headers).not.toHaveProperty('x-consumer-custom-id')
  })

  test('may be told by labels that no header can carry as they are', async () => {
    const labels = { custom_id: 'зё\u0007-7' }
    const { ctx } = await ask(header('k'), {}, { consumers: [{ username: 'anna', labels, plugins: { 'key-auth': { key: 'k' } } }] })
    expect(Buffer.from(String(ctx.request.headers['x-consumer-custom-id']), 'latin1').toString()).toBe('зё-7')
  })
})

describe('a request without a good key', () => {
  test.for<[what: string, request: TestRequest, message: string]>([
    ['no key', {}, 'Missing API key in request'],
    ['an empty one', header(''), 'Missing API key in request'],
    ['an empty one in the query', { path: '/x?apikey=' }, 'Missing API key in request'],
    ['one that nobody has', header('nobodys-key'), 'Invalid API key in request'],
    ['one of two headers', header('annas-key, bobs-key'), 'Invalid API key in request'],
    ['two in the query', { path: '/x?apikey=annas-key&apikey=bobs-key' }, 'Invalid API key in request'],
    ['a good one twice in the query', { path: '/x?apikey=annas-key&apikey=annas-key' }, 'Invalid API key in request'],
    ['a name in place of a key', header('anna'), 'Invalid API key in request'],
    ['a key in another case', header('ANNAS-KEY'), 'Invalid API key in request'],
    ['a key with a prefix where none belongs', header('Bearer annas-key'), 'Invalid API key in request'],
    ['a key as long as a header may be', header('k'.repeat(16_000)), 'Invalid API key in request'],
    ['a name of every object', header('__proto__'), 'Invalid API key in request'],
  ])('is refused: %s', async ([, request, message]) => {
    const { reply, outcome, ctx } = await ask(request)
    expect([reply.status, JSON.parse(reply.body), reply.headers['www-authenticate'], outcome]).toEqual([401, { message }, 'apikey realm="key"', 'refused'])
    expect(ctx.consumer).toBeUndefined()
  })

  test("is refused in the client's dialect, where it has one", async () => {
    const { reply } = await ask({ path: '/v1/chat/completions', body: { messages: [] } })
    const message = 'Missing API key in request'
    expect(JSON.parse(reply.body)).toEqual({ error: { message, type: 'authentication_error', param: null, code: 'missing_credential' }, error_msg: message, message })
  })

  test('is told the realm', async () => {
    const { reply } = await ask({}, { realm: 'a "b" \\ c' })
    expect(reply.headers['www-authenticate']).toBe('apikey realm="a \\"b\\" \\\\ c"')
  })

  test('gets what _meta.error_response says', async () => {
    const error_response = { code: 4011, hint: 'ask for a key' }
    const { reply } = await ask({}, { _meta: { error_response } })
    expect([reply.status, JSON.parse(reply.body), reply.headers['www-authenticate']]).toEqual([401, error_response, 'apikey realm="key"'])
  })

  test.for([{}, header('nobodys-key')])('is let in as the anonymous consumer, where there is one: %j', async (request) => {
    const { ctx, reply } = await ask(request, { anonymous_consumer: 'guest' })
    expect([reply.status, ctx.consumer, ctx.request.headers['x-consumer-username']]).toEqual([200, { name: 'guest' }, 'guest'])
  })

  test('is refused where the anonymous consumer does not exist', async () => {
    const { reply } = await ask({}, { anonymous_consumer: 'nobody' })
    expect([reply.status, JSON.parse(reply.body)]).toEqual([401, { message: 'Invalid user authorization' }])
  })
})

describe('hide_credentials', () => {
  const hide = { hide_credentials: true }
  test('takes a header away', async () => {
    expect(sent(await ask(header('annas-key'), hide)).headers).not.toHaveProperty('apikey')
  })

  test.for([
    ['/x?a=1&apikey=annas-key&b=%20', 'a=1&b=%20'],
    ['/x?apikey=annas-key', ''],
    ['/x?api%6bey=annas-key&apikeys=1', 'apikeys=1'],
  ])('takes a parameter away, and leaves the others as they are: %s', async ([path, query]) => {
    expect(sent(await ask({ path: path! }, hide)).query).toBe(query)
  })

  test('takes both away where both are there, and what was no good', async () => {
    expect(sent(await ask({ path: '/x?apikey=bobs-key', ...header('annas-key') }, hide))).toMatchObject({ query: '', headers: { 'x-consumer-username': 'anna' } })
    expect(sent(await ask(header('nobodys-key'), { ...hide, anonymous_consumer: 'guest' })).headers).not.toHaveProperty('apikey')
  })
})

test('the plugins of a consumer win over those of the route, whole', async () => {
  const limit = definePlugin({
    name: 'limit',
    priority: 1,
    schema: Type.Object({ limit: Type.Integer(), burst: Type.Integer({ default: 0 }) }),
    setup: ({ limit: most, burst }) => ({ access: (ctx) => ctx.onReply(({ headers }) => void (headers['x-limit'] = `${most}/${burst}`)) }),
  })
  const options = { behind: [[limit, { limit: 5, burst: 9 }]] as const, consumers: [{ username: 'anna', plugins: { 'key-auth': { key: 'k' }, limit: { limit: 7 } } }, { username: 'bob', plugins: { 'key-auth': { key: 'l' } } }] }
  expect((await ask(header('k'), {}, options)).reply.headers['x-limit']).toBe('7/0')
  expect((await ask(header('l'), {}, options)).reply.headers['x-limit']).toBe('5/9')
})

test.for([
  [{ header: 'a b' }, 'must be a header name'],
  [{ realm: 'naïve' }, 'must be printable ASCII characters'],
  [{ key: 'k' }, 'is not a known field'],
])('a configuration is refused: %j', async ([config, message]) => {
  await expect(ask({}, config as object)).rejects.toThrow(message as string)
})
