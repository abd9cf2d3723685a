import { describe, expect, test } from 'vitest'
import { AwsSigner, type RequestToSign } from '../src/index.ts'

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const host = 'example.amazonaws.com'
const body: readonly Uint8Array[] = []

function signer(options: Partial<ConstructorParameters<typeof AwsSigner>[0]> = {}): AwsSigner {
  return new AwsSigner({ credentials, region: 'us-east-1', service: 'service', now: () => Date.parse('2015-08-30T12:36:00Z'), ...options })
}

function signatureOf(request: Partial<RequestToSign>, options?: Parameters<typeof signer>[0]): string | undefined {
  const { authorization = '' } = signer(options).sign({ method: 'GET', host, path: '/', body, ...request })
  return /Signature=([0-9a-f]{64})$/.exec(authorization)?.[1]
}

function signatureOfBody(...pieces: string[]): string | undefined {
  return signatureOf({ method: 'POST', body: pieces.map((piece) => Buffer.from(piece)) })
}

// AWS's own test suite, which signs for example.amazonaws.com: https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4
const suite: readonly (readonly [string, Partial<RequestToSign>, string])[] = [
  ['get-vanilla', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['get-vanilla-query-order-key-case', { path: '/?Param2=value2&Param1=value1' }, 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'],
  ['get-unreserved', { path: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz' }, '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f'],
  ['get-utf8', { path: '/ሴ' }, '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
  ['get-slash', { path: '//' }, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['get-relative', { path: '/example/..' }, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['get-slash-dot-slash', { path: '/./' }, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['get-slashes', { path: '//example//' }, '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84'],
  ['post-vanilla', { method: 'POST' }, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-x-www-form-urlencoded',
    { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: [Buffer.from('Param1='), Buffer.from('value1')] },
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
]

describe('a signature', () => {
  test.for(suite)('is that of %s', ([, request, signature]) => {
    expect(signatureOf(request)).toBe(signature)
  })

  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, as it stood for years.
  test("is that of IAM's example, with all that belongs to it", () => {
    const iam = { credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }, service: 'iam' }
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    expect(signer(iam).sign({ method: 'GET', host: 'iam.amazonaws.com', path: '/?Action=ListUsers&Version=2010-05-08', headers, body })).toEqual({
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    })
  })

  test('covers the token of temporary credentials', () => {
    const sessionToken = 'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='
    const signed = signer({ credentials: { ...credentials, sessionToken } }).sign({ method: 'POST', host, path: '/', body })
    expect(signed['x-amz-security-token']).toBe(sessionToken)
    expect(signed['authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token,')
    // post-sts-header-before of AWS's suite.
    expect(signed['authorization']).toContain('Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead')
  })

  test('encodes what is encoded on the wire once more: the id of a model, and its ARN', () => {
    const once = signatureOf({ path: '/model/anthropic.claude-v2%3A1/converse' })
    expect(once).toBe(signatureOf({ path: '/./model//anthropic.claude-v2%3A1/converse' }))
    expect(once).not.toBe(signatureOf({ path: '/model/anthropic.claude-v2:1/converse' }))
    expect(once).not.toBe(signatureOf({ path: '/model/anthropic.claude-v2%253A1/converse' }))
  })

  test('depends on each byte of the body, and not on its pieces', () => {
    expect(signatureOfBody('{"a"', ':1}')).toBe(signatureOfBody('{"a":1}'))
    expect(signatureOfBody('{"a":2}')).not.toBe(signatureOfBody('{"a":1}'))
  })

  test('sorts a query by names and then values, whichever way they are encoded', () => {
    const sorted = signatureOf({ path: '/?a=1&a=2&b=x%20y&c=' })
    expect(signatureOf({ path: '/?c&b=x+y&a=2&%61=1' })).toBe(sorted)
    expect(signatureOf({ path: '/?a=%zz' })).toMatch(/^[0-9a-f]{64}$/)
  })

  test('has the day and the key of the day on which it is made', () => {
    let now = Date.parse('2026-11-28T23:59:59.999Z')
    const one = signer({ now: () => now })
    const scope = () => /Credential=[^/]+\/(\d+)/.exec(one.sign({ method: 'GET', host, path: '/', body })['authorization'] ?? '')?.[1]
    const before = one.sign({ method: 'GET', host, path: '/', body })
    expect(scope()).toBe('20261128')
    now += 1
    expect(scope()).toBe('20261129')
    expect(one.sign({ method: 'GET', host, path: '/', body })).toEqual(signer({ now: () => now }).sign({ method: 'GET', host, path: '/', body }))
    now -= 1
    expect(one.sign({ method: 'GET', host, path: '/', body })).toEqual(before)
  })
})
