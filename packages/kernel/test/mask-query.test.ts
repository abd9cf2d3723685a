import { expect, test } from 'vitest'
import { isSecretName, maskQuery } from '../src/index.ts'

test.for([
  ['', ''],
  ['a=1&b=2', 'a=1&b=2'],
  ['key=abc', 'key=***'],
  ['a=1&api_key=s&b=2', 'a=1&api_key=***&b=2'],
  ['api-key=s&apikey=s&API_KEY=s', 'api-key=***&apikey=***&API_KEY=***'],
  ['token=s&access_token=s&id_token=s', 'token=***&access_token=***&id_token=***'],
  ['X-Amz-Signature=s&X-Amz-Credential=s&X-Amz-Security-Token=s', 'X-Amz-Signature=***&X-Amz-Credential=***&X-Amz-Security-Token=***'],
  ['%6bey=s', '%6bey=***'],
  ['%zzkey=s', '%zzkey=***'],
  ['key=a=b', 'key=***'],
  ['key=&key', 'key=&key'],
  ['monkey=1&max_tokens=5&keyword=x', 'monkey=1&max_tokens=5&keyword=x'],
])('makes %s into %s', ([query, masked]) => {
  expect(maskQuery(query!)).toBe(masked)
})

test.for(['authorization', 'proxy-authorization', 'x-api-key', 'api-key', 'cookie', 'set-cookie', 'x-goog-api-key', 'x-amz-security-token'])(
  'takes %s for a secret',
  (name) => {
    expect(isSecretName(name)).toBe(true)
  },
)

test.for(['accept', 'user-agent', 'x-request-id', 'x-stainless-retry-count', 'idempotency-key', 'authority'])('lets %s be read', (name) => {
  expect(isSecretName(name)).toBe(false)
})
