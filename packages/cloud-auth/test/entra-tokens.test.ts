import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { Agent } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { type CloudAuthError, EntraTokens, type EntraTokensOptions, entraTokenUri } from '../src/index.ts'
import { grant, send, start } from './token-endpoint.ts'

const clientSecret = 'S3CR3T~with/odd+"signs"'

type Answer = (response: ServerResponse, form: URLSearchParams) => void

/** A tenant's token endpoint and a client of it; `advance` moves the client's clock by seconds. */
async function tenant(answer?: Answer, options: Partial<EntraTokensOptions> = {}) {
  const seen: { url: string | undefined; form: URLSearchParams }[] = []
  const server = createServer(async (request, response) => {
    const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString())
    seen.push({ url: request.url, form })
    if (answer) answer(response, form)
    else grant(response, `token-${seen.length}`)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const dispatcher = new Agent()
  onTestFinished(async () => {
    await dispatcher.destroy()
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  let now = start
  const tokenUri = entraTokenUri('contoso.example', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const tokens = new EntraTokens({ tokenUri, clientId: 'app-1', clientSecret, dispatcher, now: () => now, ...options })
  return { seen, tokens, advance: (seconds: number) => void (now += seconds * 1_000) }
}

test('it exchanges a client secret for an access token', async () => {
  const { seen, tokens } = await tenant()
  expect(await tokens.token()).toBe('token-1')
  expect(seen.map(({ url, form }) => [url, Object.fromEntries(form)])).toEqual([
    [
      '/contoso.example/oauth2/v2.0/token',
      {
        grant_type: 'client_credentials',
        client_id: 'app-1',
        client_secret: clientSecret,
        scope: 'https://cognitiveservices.azure.com/.default',
      },
    ],
  ])
})

test('it asks for another scope where it is told so', async () => {
  const { seen, tokens } = await tenant(undefined, { scope: 'https://cognitiveservices.azure.us/.default' })
  await tokens.token()
  expect(seen[0]!.form.get('scope')).toBe('https://cognitiveservices.azure.us/.default')
})

test('it fetches once for those who come at once, keeps the token until a minute before its end, then replaces it', async () => {
  const { seen, tokens, advance } = await tenant()
  expect(await Promise.all(Array.from({ length: 9 }, () => tokens.token()))).toEqual(Array.from({ length: 9 }, () => 'token-1'))
  advance(3_538)
  expect(await tokens.token()).toBe('token-1')
  advance(1)
  expect(await tokens.token()).toBe('token-2')
  expect(seen).toHaveLength(2)
})

test('it fetches another one for a token that the API refused', async () => {
  const { tokens } = await tenant()
  tokens.drop(await tokens.token())
  expect(await tokens.token()).toBe('token-2')
})

const prefix = 'failed to get entra id access token: '
const quoting: Answer = (response, form) => {
  const secret = form.get('client_secret') as string
  const words = [secret, encodeURIComponent(secret), new URLSearchParams({ s: secret }).toString(), 'eyJ0.eyJ1.x'].join(' ')
  send(response, 401, { error: 'invalid_client', error_description: `AADSTS7000215: ${words}` })
}

test.for<[name: string, kind: string, says: string, answer: Answer]>([
  ['a refusal that quotes the secret', 'refused', 'invalid_client: AADSTS7000215: [redacted] [redacted] s=[redacted] [redacted]', quoting],
  ['an answer without a token', 'unreachable', 'the answer of the token endpoint has no access_token', (response) => send(response, 200, {})],
  ['an outage', 'unreachable', 'temporarily_unavailable', (response) => send(response, 503, { error: 'temporarily_unavailable' })],
  ['silence', 'timeout', 'the token endpoint did not answer within 50 ms', () => {}],
])('it tells operators of %s', async ([, kind, says, answer]) => {
  const { tokens } = await tenant(answer, { timeout: 50 })
  const error = await tokens.token().then(() => undefined, (reason: unknown) => reason as CloudAuthError)
  expect([error?.kind, error?.message]).toEqual([kind, prefix + says])
  expect(inspect([error, tokens], { depth: 9, showHidden: true })).not.toContain('S3CR3T')
})

test('it knows where a tenant asks, in national clouds as well', () => {
  expect(entraTokenUri('8f1e-a')).toBe('https://login.microsoftonline.com/8f1e-a/oauth2/v2.0/token')
  expect(entraTokenUri('a.example', 'https://login.microsoftonline.us/')).toBe('https://login.microsoftonline.us/a.example/oauth2/v2.0/token')
})

test.for(['', '..', 'a/b', 'a?b', 'a b', 'a%2f'])('it refuses the tenant %j', (tenantId) => {
  expect(() => entraTokenUri(tenantId)).toThrow('tenant_id must be')
})

test.for(['login.microsoftonline.com', 'ftp://a', 'https://a/b', 'https://u:p@a', 'https://a?b', 'https://a#b'])('it refuses the authority %j', (authority) => {
  expect(() => entraTokenUri('t', authority)).toThrow('authority must be')
})
