import { exercise, type Exercised, type TestConsumer } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { basicAuth } from '../src/index.ts'

const consumers: TestConsumer[] = [
  { username: 'anna', plugins: { 'basic-auth': { username: 'anna@example.com', password: 'pass:word' } } },
  { username: 'bob', credentials: { home: { 'basic-auth': { username: 'Боб', password: 'пароль 🔑' } } } },
  { username: 'guest' },
]

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function ask(authorization?: string, config: object = {}, given = consumers): Promise<Exercised> {
  const headers = authorization === undefined ? {} : { authorization }
  return exercise(basicAuth, config, { path: '/anything', headers }, { consumers: given })
}

describe('a consumer', () => {
  test.for<[what: string, authorization: string, consumer: object]>([
    ['by name and password; what follows the first colon is the password', `Basic ${base64('anna@example.com:pass:word')}`, { name: 'anna' }],
    ['whatever the case of the scheme', `bASIC  ${base64('anna@example.com:pass:word')}`, { name: 'anna' }],
    ['without padding', `Basic ${base64('anna@example.com:pass:word').replaceAll('=', '')}`, { name: 'anna' }],
    ['in UTF-8', `Basic ${base64('Боб:пароль 🔑')}`, { name: 'bob', credentialId: 'home' }],
  ])('is found %s', async ([, authorization, consumer]) => {
    const { ctx, reply } = await ask(authorization)
    expect([reply.status, ctx.consumer]).toEqual([200, consumer])
    expect(ctx.request.headers).toMatchObject({ authorization, 'x-consumer-username': (consumer as { name: string }).name })
  })

  test('may keep it from the upstream', async () => {
    const { ctx } = await ask(`Basic ${base64('anna@example.com:pass:word')}`, { hide_credentials: true })
    expect(ctx.request.headers).not.toHaveProperty('authorization')
  })
})

describe('a request is refused', () => {
  test.for<[what: string, authorization: string | undefined, message: string]>([
    ['without a header', undefined, 'Missing authorization in request'],
    ['with an empty one', '', 'Missing authorization in request'],
    ['with another scheme', 'Bearer abc', 'Invalid authorization in request'],
    ['with nothing behind the scheme', 'Basic', 'Invalid authorization in request'],
    ['with what is no base64', 'Basic !!!', 'Invalid authorization in request'],
    ['with base64 of another alphabet', 'Basic _-__', 'Invalid authorization in request'],
    ['with base64 of right words that has bits to spare', `Basic ${base64('anna@example.com:pass:word').replace('Q=', 'R=')}`, 'Invalid authorization in request'],
    ['with padding in the middle', 'Basic YQ==Yg==', 'Invalid authorization in request'],
    ['without a colon', `Basic ${base64('anna')}`, 'Invalid authorization in request'],
    ['with two headers', `Basic ${base64('anna@example.com:pass:word')}, Basic ${base64('Боб:пароль 🔑')}`, 'Invalid authorization in request'],
    ['by an unknown user', `Basic ${base64('carl:pass:word')}`, 'Invalid user authorization'],
    ['by the name of a consumer in place of a user', `Basic ${base64('anna:pass:word')}`, 'Invalid user authorization'],
    ['with another password', `Basic ${base64('anna@example.com:password')}`, 'Invalid user authorization'],
    ['without a password', `Basic ${base64('anna@example.com:')}`, 'Invalid user authorization'],
    ["with somebody else's password", `Basic ${base64('anna@example.com:пароль 🔑')}`, 'Invalid user authorization'],
    ['with a password that continues', `Basic ${base64('anna@example.com:pass:word ')}`, 'Invalid user authorization'],
    ['by nobody without a password', `Basic ${base64(':')}`, 'Invalid user authorization'],
    ['with a header as long as one may be', `Basic ${base64('a'.repeat(12_000))}`, 'Invalid authorization in request'],
  ])('%s', async ([, authorization, message]) => {
    const { reply, outcome, ctx } = await ask(authorization)
    expect([reply.status, JSON.parse(reply.body), reply.headers['www-authenticate'], outcome]).toEqual([401, { message }, 'Basic realm="basic"', 'refused'])
    expect(ctx.consumer).toBeUndefined()
  })

  test('unless there is an anonymous consumer', async () => {
    const { ctx } = await ask('Basic !!!', { anonymous_consumer: 'guest', hide_credentials: true })
    expect(ctx.consumer).toEqual({ name: 'guest' })
    expect(ctx.request.headers).not.toHaveProperty('authorization')
  })
})

test.for<[object, string]>([
  [{ username: 'a:b', password: 'x' }, 'must be a name without a colon'],
  [{ username: 'a' }, 'is required'],
  [{ username: 'a', password: '' }, 'must not be empty'],
])('a credential is refused: %j', async ([credential, message]) => {
  await expect(ask('', {}, [{ username: 'anna', plugins: { 'basic-auth': credential } }])).rejects.toThrow(message)
})

test('two consumers cannot have one user name', async () => {
  const plugins = { 'basic-auth': { username: 'one', password: 'x' } }
  await expect(ask('', {}, [{ username: 'anna', plugins }, { username: 'bob', plugins }])).rejects.toThrow('duplicate key of plugin basic-auth found with consumer: anna')
})
