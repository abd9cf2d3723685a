import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { systemClock } from '@sluice/kernel'
import { exercise, type Exercised, type TestConsumer, type TestRequest } from '@sluice/testkit'
import { CompactSign, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'
import { describe, expect, test } from 'vitest'
import { jwtAuth, jwtClaims } from '../src/index.ts'

const secret = 'a secret of thirty-two characters'
const now = 1_800_000_000
const clock = { ...systemClock, now: () => now * 1000 }

const pem = (key: KeyObject): string => String(key.export({ type: 'spki', format: 'pem' }))
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const curve = (namedCurve: string): ReturnType<typeof generateKeyPairSync> => generateKeyPairSync('ec', { namedCurve }) as never
const pairs = { RS: rsa, PS: rsa, ES256: curve('P-256'), ES384: curve('P-384'), ES512: curve('P-521'), EdDSA: generateKeyPairSync('ed25519') } as unknown as Record<string, typeof rsa>

const anna = (credential: object = {}): TestConsumer[] => [{ username: 'anna', plugins: { 'jwt-auth': { key: 'annas', secret, ...credential } } }, { username: 'guest' }]

interface Signing {
  claims?: JWTPayload
  alg?: string
  with?: KeyObject | Uint8Array
  header?: object
}

function signed({ claims = {}, alg = 'HS256', with: key = Buffer.from(secret), header = {} }: Signing = {}): Promise<string> {
  return new SignJWT({ key: 'annas', ...claims }).setProtectedHeader({ alg, ...header }).sign(key)
}

function ask(request: TestRequest, config: object = {}, consumers = anna()): Promise<Exercised> {
  return exercise(jwtAuth, config, { path: '/anything', ...request }, { consumers, clock })
}
const bearing = (token: string): TestRequest => ({ headers: { authorization: `Bearer ${token}` } })

async function messageFor(request: TestRequest, config: object = {}, consumers = anna()): Promise<string> {
  const { reply, ctx } = await ask(request, config, consumers)
  expect([reply.status, reply.headers['www-authenticate'], ctx.consumer]).toEqual([401, 'Bearer realm="jwt"', undefined])
  const body = JSON.parse(reply.body) as { message: string }
  expect(Object.keys(body)).toEqual(['message'])
  return body.message
}

describe('a token is found', () => {
  test.for<[what: string, place: (token: string) => TestRequest, config?: object]>([
    ['behind Bearer', bearing],
    ['behind bearer', (token) => ({ headers: { authorization: `bearer   ${token}` } })],
    ['alone in the header', (token) => ({ headers: { authorization: token } })],
    ['in another header', (token) => ({ headers: { 'X-Token': token } }), { header: 'X-Token' }],
    ['in the query', (token) => ({ path: `/x?jwt=${token}` })],
    ['in another parameter', (token) => ({ path: `/x?a=b&t=${token}` }), { query: 't' }],
    ['in a cookie', (token) => ({ headers: { cookie: `a=b; jwt=${token}` } })],
    ['in another cookie', (token) => ({ headers: { cookie: `session=${token}; jwt=x` } }), { cookie: 'session' }],
  ])('%s', async ([, place, config]) => {
    const request = place(await signed())
    const { ctx, reply } = await ask(request, config)
    expect([reply.status, ctx.consumer, ctx.request.headers['x-consumer-username']]).toEqual([200, { name: 'anna' }, 'anna'])
    const hidden = await ask(request, { ...config, hide_credentials: true })
    expect([hidden.reply.status, JSON.stringify([hidden.ctx.request.headers, hidden.ctx.request.query])]).toEqual([200, expect.not.stringContaining('eyJ')])
  })

  test('by the claim that names its credential', async () => {
    const token = await signed({ claims: { key: 'nobody', sub: 'annas' } })
    expect((await ask(bearing(token), { key_claim_name: 'sub' })).ctx.consumer).toEqual({ name: 'anna' })
  })

  test('and its claims are kept for other plugins, where that is asked for', async () => {
    const token = await signed({ claims: { team: 'blue' } })
    expect((await ask(bearing(token), { store_in_ctx: true })).ctx.get(jwtClaims)).toEqual({ key: 'annas', team: 'blue' })
    expect((await ask(bearing(token))).ctx.get(jwtClaims)).toBeUndefined()
  })

  test('takes nothing away but itself', async () => {
    const { ctx } = await ask({ path: `/x?a=1&jwt=x`, headers: { cookie: 'a=1; jwt=y;  b=2', authorization: await signed() } }, { hide_credentials: true })
    expect([ctx.request.query, ctx.request.headers['cookie'], ctx.request.headers['authorization']]).toEqual(['a=1', 'a=1;  b=2', undefined])
  })
})

const asymmetric = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

describe('algorithms', () => {
  test.for(['HS256', 'HS384', 'HS512'])('%s', async (alg) => {
    expect((await ask(bearing(await signed({ alg })), {}, anna({ algorithm: alg }))).reply.status).toBe(200)
    expect(await messageFor(bearing(await signed({ alg, with: Buffer.from('another') })), {}, anna({ algorithm: alg }))).toBe('failed to verify jwt')
  })

  test.for(asymmetric)('%s', async (alg) => {
    const { publicKey, privateKey } = pairs[alg] ?? pairs[alg.slice(0, 2)]!
    const consumers = anna({ algorithm: alg, public_key: pem(publicKey), secret: undefined })
    const token = await signed({ alg, with: privateKey })
    expect((await ask(bearing(token), {}, consumers)).reply.status).toBe(200)
    const [head, body] = token.split('.')
    expect(await messageFor(bearing(`${head}.${body}.AAAA`), {}, consumers)).toBe('failed to verify jwt')
  })

  test('a secret may be written in base64', async () => {
    const bytes = Buffer.from([0, 255, 7, 9])
    const consumers = anna({ secret: bytes.toString('base64'), base64_secret: true })
    expect((await ask(bearing(await signed({ with: bytes })), {}, consumers)).reply.status).toBe(200)
  })

  test("are the credential's to choose, not the token's", async () => {
    const strong = anna({ algorithm: 'RS256', public_key: pem(rsa.publicKey) })
    const payload = { key: 'annas' }
    const attempts = [
      new UnsecuredJWT(payload).encode(),
      // The public key as a secret: everybody has it.
      await signed({ with: Buffer.from(pem(rsa.publicKey)) }),
      await signed({ alg: 'HS384', with: Buffer.from(pem(rsa.publicKey).trim()) }),
      await signed({ with: Buffer.from(secret) }),
      await signed({ alg: 'RS512', with: rsa.privateKey }),
      await signed({ alg: 'PS256', with: rsa.privateKey }),
    ]
    for (const token of attempts) expect(await messageFor(bearing(token), {}, strong)).toBe('failed to verify jwt')
    expect(await messageFor(bearing(new UnsecuredJWT(payload).encode()))).toBe('failed to verify jwt')
    expect(await messageFor(bearing(await signed({ alg: 'HS512' })))).toBe('failed to verify jwt')
    expect(await messageFor(bearing(await signed({ alg: 'RS256', with: rsa.privateKey, header: { jwk: rsa.publicKey.export({ format: 'jwk' }) } })))).toBe('failed to verify jwt')
  })
})

describe('claims', () => {
  test.for<[what: string, claims: JWTPayload, config: object, credential: object, status: number]>([
    ['no time at all', {}, {}, {}, 200],
    ['an end that is to come', { exp: now + 1 }, {}, {}, 200],
    ['an end that has come', { exp: now }, {}, {}, 401],
    ['an end within the grace', { exp: now - 9 }, {}, { lifetime_grace_period: 10 }, 200],
    ['an end beyond it', { exp: now - 10 }, {}, { lifetime_grace_period: 10 }, 401],
    ['a beginning that has come', { nbf: now }, {}, {}, 200],
    ['a beginning that is to come', { nbf: now + 1 }, {}, {}, 401],
    ['a beginning within the grace', { nbf: now + 10 }, {}, { lifetime_grace_period: 10 }, 200],
    ['an end that is no time', { exp: 'tomorrow' as unknown as number }, {}, {}, 401],
    ['one that must be there, and is', { exp: now + 1 }, { claims_to_verify: ['exp'] }, {}, 200],
    ['one that must be there, and is not', { exp: now + 1 }, { claims_to_verify: ['exp', 'nbf'] }, {}, 401],
    ['an end that has come, where another must be there', { exp: now, nbf: now }, { claims_to_verify: ['nbf'] }, {}, 401],
  ])('%s', async ([, claims, config, credential, status]) => {
    const request = bearing(await signed({ claims }))
    expect((await ask(request, config, anna(credential))).reply.status).toBe(status)
  })
})

describe('a request is refused', () => {
  test.for<[what: string, request: TestRequest, message: string]>([
    ['without a token', {}, 'Missing JWT token in request'],
    ['with an empty one', { headers: { authorization: '' } }, 'Missing JWT token in request'],
    ['with no token at all', { headers: { authorization: 'Basic YTpi' } }, 'JWT token invalid'],
    ['with two parts', bearing('eyJhbGciOiJIUzI1NiJ9.e30'), 'JWT token invalid'],
    ['with a body that is no JSON', bearing(`e30.${Buffer.from('{').toString('base64url')}.x`), 'JWT token invalid'],
    ['with a body that is a list', bearing(`e30.${Buffer.from('[]').toString('base64url')}.x`), 'JWT token invalid'],
    ['with base64 that is none', bearing('e30.!!!.x'), 'JWT token invalid'],
    ['with two in the query', { path: '/x?jwt=a&jwt=a' }, 'JWT token invalid'],
    ['with one too long to look at', bearing(`e30.${Buffer.from(JSON.stringify({ key: 'annas', x: 'x'.repeat(20_000) })).toString('base64url')}.x`), 'JWT token invalid'],
    ['with a head that is no JSON', bearing(`e.${Buffer.from('{"key":"annas"}').toString('base64url')}.x`), 'failed to verify jwt'],
    ['without the claim of the key', bearing(`e30.${Buffer.from('{"sub":"annas"}').toString('base64url')}.x`), 'missing user key in JWT token'],
    ['with a key that is no text', bearing(`e30.${Buffer.from('{"key":["annas"]}').toString('base64url')}.x`), 'missing user key in JWT token'],
    ['with a key that nobody has', bearing(`e30.${Buffer.from('{"key":"nobodys"}').toString('base64url')}.x`), 'Invalid user key in JWT token'],
    ['without a signature', bearing(`${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"key":"annas"}').toString('base64url')}.`), 'failed to verify jwt'],
  ])('%s', async ([, request, message]) => {
    expect(await messageFor(request)).toBe(message)
  })

  test('with two headers', async () => {
    const token = await signed()
    expect(await messageFor({ headers: { authorization: `Bearer ${token}, Bearer ${token}` } })).toBe('JWT token invalid')
  })

  test('with a critical header that nobody understands', async () => {
    const token = await new CompactSign(Buffer.from('{"key":"annas"}')).setProtectedHeader({ alg: 'HS256', crit: ['mine'], mine: 1 }).sign(Buffer.from(secret), { crit: { mine: true } })
    expect(await messageFor(bearing(token))).toBe('failed to verify jwt')
  })

  test('unless there is an anonymous consumer', async () => {
    expect((await ask({}, { anonymous_consumer: 'guest' })).ctx.consumer).toEqual({ name: 'guest' })
  })
})

describe('a credential is refused', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
  test.for<[what: string, credential: object, message: string]>([
    ['HS without a secret', { secret: undefined }, 'secret: is required for HS256'],
    ['base64 that is none', { secret: '!!', base64_secret: true }, 'secret: must be base64'],
    ['RS without a key', { algorithm: 'RS256' }, 'public_key: is required for RS256'],
    ['a key that is none', { algorithm: 'RS256', public_key: 'x' }, 'public_key: must be a public key or a certificate in PEM'],
    ['a private key', { algorithm: 'RS256', public_key: String(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })) }, 'public_key: must be a public key, and is a private one'],
    ['a small key', { algorithm: 'RS256', public_key: pem(small.publicKey) }, 'public_key: must have 2048 bits or more'],
    ['a key of another kind', { algorithm: 'ES256', public_key: pem(rsa.publicKey) }, 'public_key: must be a key of curve P-256 for ES256, and is one of type rsa'],
    ['a key of another curve', { algorithm: 'ES384', public_key: pem(pairs['ES256']!.publicKey) }, 'public_key: must be a key of curve P-384 for ES384'],
    ['no algorithm', { algorithm: 'none' }, 'algorithm: must be one of HS256'],
    ['a private key of its own', { private_key: 'x' }, 'private_key: is not supported yet'],
  ])('%s', async ([, credential, message]) => {
    await expect(ask({}, {}, anna(credential))).rejects.toThrow(message)
  })
})
