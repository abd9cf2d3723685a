import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { parseServiceAccount } from '../src/index.ts'
import { privateKey } from './token-endpoint.ts'

const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
const file = { type: 'service_account', client_email: 'a@b.example', private_key: pem }
const text = (changes: object) => JSON.stringify({ ...file, ...changes })

function problem(json: string): Error | undefined {
  try {
    parseServiceAccount(json)
    return undefined
  } catch (error) {
    return error as Error
  }
}

test('it reads a key file', () => {
  const key = parseServiceAccount(text({ private_key_id: 'k', project_id: 'p', token_uri: 'http://127.0.0.1:1/t' }))
  expect(key).toMatchObject({ clientEmail: 'a@b.example', privateKeyId: 'k', projectId: 'p' })
  expect(key.tokenUri).toBe('http://127.0.0.1:1/t')
  expect(key.privateKey.equals(privateKey)).toBe(true)
})

test('it takes Google as token endpoint, and no key id, where the file has none', () => {
  const key = parseServiceAccount(`\uFEFF\n${text({ token_uri: '', private_key_id: null })}`)
  expect(key.tokenUri).toBe('https://oauth2.googleapis.com/token')
  expect('privateKeyId' in key).toBe(false)
})

test('it accepts line ends of the private key that were escaped twice', () => {
  const twice = { private_key: pem.replaceAll('\n', '\\n') }
  expect(parseServiceAccount(text(twice)).privateKey.equals(privateKey)).toBe(true)
  const windows = { private_key: pem.replaceAll('\n', '\\r\\n') }
  expect(parseServiceAccount(text(windows)).privateKey.equals(privateKey)).toBe(true)
})

test('it shows the private key neither in JSON nor inspected', () => {
  const key = parseServiceAccount(text({}))
  const secret = pem.split('\n')[1]!
  expect(JSON.stringify(key)).not.toContain(secret.slice(0, 16))
  expect(inspect(key, { showHidden: true, depth: 9 })).not.toContain(secret.slice(0, 16))
})

const noFile = 'it must be the text of a key file, a JSON object'
const noRsa = 'private_key must be an RSA key of 2048 bits or more'
const noPem = 'private_key must be an unencrypted private key in PEM (PKCS#8)'
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
const locked = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })

test.for([
  { of: 'nothing', json: '', says: noFile },
  { of: 'a path', json: '/etc/key.json', says: noFile },
  { of: 'an array', json: '[]', says: noFile },
  { of: 'half a file', json: '{"type":', says: 'Unexpected end of JSON input' },
  { of: 'an open string', json: '{"private_key": "SECRET', says: matching(/^Unterminated string .* position 23/) },
  { of: 'raw line ends', json: '{"private_key": "-\nSECRET"}', says: matching(/^Bad control .* position 18/) },
  { of: 'a lost quote', json: '{"private_key": SECRET}', says: 'unexpected token, it is not valid JSON' },
  { of: 'text behind', json: '{} SECRET', says: matching(/^Unexpected non-whitespace .* position 3/) },
  { of: 'an empty object', json: '{}', says: 'client_email and private_key are missing' },
  { of: 'no e-mail', json: text({ client_email: undefined }), says: 'client_email is missing' },
  { of: 'an empty key', json: text({ private_key: '' }), says: 'private_key is missing' },
  { of: 'a key that is no string', json: text({ private_key: ['SECRET'] }), says: 'private_key must be a string' },
  { of: 'user credentials', json: text({ type: 'authorized_user' }), says: 'type must be "service_account"' },
  { of: 'no PEM', json: text({ private_key: 'SECRET' }), says: noPem },
  { of: 'a public key', json: text({ private_key: pem.replaceAll('PRIVATE', 'PUBLIC') }), says: noPem },
  { of: 'a locked key', json: text({ private_key: locked }), says: noPem },
  { of: 'an EC key', json: text({ private_key: ec }), says: noRsa },
  { of: 'a short key', json: text({ private_key: small }), says: noRsa },
  { of: 'a strange scheme', json: text({ token_uri: 'file:///SECRET' }), says: 'token_uri must be an http(s) URL' },
  { of: 'a relative URL', json: text({ token_uri: '/token' }), says: 'token_uri must be an http(s) URL' },
])('it refuses $of and says why without quoting it', ({ json, says }) => {
  const error = problem(json)!
  const prefix = 'invalid gcp service_account_json: '
  expect(error.message.slice(0, prefix.length)).toBe(prefix)
  expect(error.message.slice(prefix.length)).toEqual(says)
  expect(inspect(error)).not.toContain('SECRET')
})

test('it never quotes the key, wherever the JSON breaks', () => {
  const whole = text({ private_key: 'S3CR3T'.repeat(30) })
  for (let at = 1; at < whole.length; at += 1) {
    for (const broken of [whole.slice(0, at), `${whole.slice(0, at)}"${whole.slice(at)}`, whole.replace(/"S3/, 'S3')]) {
      expect(problem(broken)?.message ?? '').not.toMatch(/3CR|R3T/)
    }
  }
})
