import { generateKeyPairSync, verify } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { problemsOf } from './support/problems-of.ts'
import { askRaw } from './support/raw-client.ts'
import { aiRoute, startGateway } from './support/start-gateway.ts'
import { smallAnswer, startUpstream } from './support/upstream.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const chat = { model: 'google/gemini', messages: [{ role: 'user', content: 'hello' }] }

function keyFile(tokenUri: string): string {
  return JSON.stringify({
    type: 'service_account',
    client_email: 'me@p.iam.gserviceaccount.com',
    private_key_id: 'k1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: tokenUri,
  })
}

type Answer = (count: number, res: ServerResponse, form: URLSearchParams) => void

/** A token endpoint that numbers its tokens, and a provider that remembers what it was shown. */
async function google({
  grant = granted,
  judge = (): number => 200,
}: { grant?: Answer; judge?: (token: string) => number } = {}) {
  const forms: URLSearchParams[] = []
  const shown: string[] = []
  const tokens = await startUpstream(async (req, res) => {
    const form = new URLSearchParams(await textOf(req))
    forms.push(form)
    grant(forms.length, res, form)
  })
  const api = await startUpstream(async (req, res) => {
    await textOf(req)
    const raw = req.rawHeaders.filter(
      (_, index) => req.rawHeaders[index - 1]?.toLowerCase() === 'authorization' && index % 2 === 1,
    )
    shown.push(raw.join(' and '))
    const status = judge(req.headers.authorization ?? '')
    res.writeHead(status, { 'content-type': 'application/json' })
    res.end(
      status === 200
        ? smallAnswer
        : JSON.stringify({ error: { message: `who is ${req.headers.authorization}?`, status: 'UNAUTHENTICATED' } }),
    )
  })
  return { forms, shown, tokenUri: `${tokens.url}/token`, api: api.url, connections: api.connections }
}

function granted(count: number, res: ServerResponse): void {
  res
    .setHeader('content-type', 'application/json')
    .end(JSON.stringify({ access_token: `ya29.token-${count}`, expires_in: 3600 }))
}

async function textOf(req: IncomingMessage): Promise<string> {
  return Buffer.concat(await req.toArray()).toString()
}

function gatewayTo(api: string, gcp: object, more: object = {}, options = {}) {
  const config = {
    provider: 'vertex-ai',
    provider_conf: { project_id: 'p', region: 'us-central1' },
    auth: { gcp },
    ...more,
  }
  return startGateway({ routes: [aiRoute(api, config)] }, options)
}

describe('auth.gcp', () => {
  test('a signed assertion is exchanged for a token, which is kept', async () => {
    const { forms, shown, tokenUri, api } = await google()
    const { url } = await gatewayTo(api, {
      service_account_json: keyFile(tokenUri),
      max_ttl: 3600,
      expire_early_secs: 60,
    })
    for (let n = 0; n < 3; n++)
      expect(
        (await askRaw(`${url}/v1/chat/completions`, { body: chat, headers: { authorization: 'Bearer mine' } })).status,
      ).toBe(200)
    expect(shown).toEqual(Array.from({ length: 3 }, () => 'Bearer ya29.token-1'))
    expect(forms).toHaveLength(1)
    expect(forms[0]!.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const [head = '', claims = '', signature = ''] = forms[0]!.get('assertion')!.split('.')
    const decoded = [head, claims].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object)
    expect(decoded).toMatchObject([
      { alg: 'RS256', kid: 'k1' },
      { iss: 'me@p.iam.gserviceaccount.com', aud: tokenUri, scope: 'https://www.googleapis.com/auth/cloud-platform' },
    ])
    expect(verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(
      true,
    )
  })

  test('Google’s own API is shown the same token, and a client’s key is not', async () => {
    const { shown, tokenUri, api } = await google()
    const { url } = await gatewayTo(api, { service_account_json: keyFile(tokenUri) })
    const asked = { contents: [{ role: 'user', parts: [{ text: 'hello' }] }] }
    const headers = { 'x-goog-api-key': 'mine' }
    for (const operation of ['generateContent', 'countTokens']) {
      expect((await askRaw(`${url}/v1beta/models/gemini-2.5-flash:${operation}`, { body: asked, headers })).status).toBe(200)
    }
    expect(shown).toEqual(['Bearer ya29.token-1', 'Bearer ya29.token-1'])
  })

  test('those who ask at once wait for one refresh', async () => {
    const waiting: (() => void)[] = []
    const { forms, shown, tokenUri, api } = await google({
      grant: (count, res) => void waiting.push(() => granted(count, res)),
    })
    const { url } = await gatewayTo(api, { service_account_json: keyFile(tokenUri) })
    const answers = Array.from({ length: 8 }, () => askRaw(`${url}/v1/chat/completions`, { body: chat }))
    await expect.poll(() => waiting.length, { timeout: 15_000 }).toBe(1)
    waiting[0]!()
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200))
    expect([forms.length, shown.length]).toEqual([1, 8])
  })

  test('routes of one configuration share a token and connections, which stay when one of them goes', async () => {
    const { forms, shown, tokenUri, api, connections } = await google()
    const route = (id: string, gcp: object = {}) => {
      const auth = { gcp: { service_account_json: keyFile(tokenUri), ...gcp } }
      return { ...aiRoute(api, { provider: 'vertex-ai', provider_conf: { project_id: 'p', region: 'us-central1' }, auth }), id, uri: `/${id}/*` }
    }
    const { url, apply, gateway } = await startGateway({ routes: [route('a'), route('b'), route('c', { max_ttl: 600 })] })
    const ask = async (id: string) => (await askRaw(`${url}/${id}/v1/chat/completions`, { body: chat })).status
    for (const id of ['a', 'b', 'c', 'a']) expect(await ask(id)).toBe(200)
    expect(shown.map((bearer) => bearer.at(-1))).toEqual(['1', '1', '2', '1'])
    const before = gateway.snapshot
    await apply({ routes: [route('b')] })
    await before.disposed
    expect(await ask('b')).toBe(200)
    expect(connections()).toBe(1)
    const last = gateway.snapshot
    await apply({ routes: [] })
    await last.disposed
    await apply({ routes: [route('b')] })
    expect(await ask('b')).toBe(200)
    expect(shown.slice(4)).toEqual(['Bearer ya29.token-1', 'Bearer ya29.token-3'])
    expect(forms).toHaveLength(3)
  })

  test('a token that the provider no longer takes is replaced once', async () => {
    const { forms, shown, tokenUri, api } = await google({ judge: (token) => (token.endsWith('token-1') ? 401 : 200) })
    const { url, lines } = await gatewayTo(api, { service_account_json: keyFile(tokenUri) })
    expect((await askRaw(`${url}/v1/chat/completions`, { body: chat })).status).toBe(200)
    expect((await askRaw(`${url}/v1/chat/completions`, { body: chat })).status).toBe(200)
    expect(shown).toEqual(['Bearer ya29.token-1', 'Bearer ya29.token-2', 'Bearer ya29.token-2'])
    expect(forms).toHaveLength(2)
    expect(await lines(2)).toMatchObject([{ status: 200, outcome: 'complete' }, { status: 200 }])
  })

  test('and not twice: the second 401 is the client’s, without the token', async () => {
    const { forms, tokenUri, api } = await google({ judge: () => 401 })
    const { url, logged } = await gatewayTo(api, { service_account_json: keyFile(tokenUri) })
    const { status, body } = await askRaw(`${url}/v1/chat/completions`, { body: chat })
    expect([status, forms.length]).toEqual([401, 2])
    expect(body.toString() + logged()).not.toContain('ya29')
    expect(JSON.parse(body.toString())).toMatchObject({ error_msg: expect.stringContaining('who is') })
  })

  test('it takes the place of a fixed Authorization, other headers stay', async () => {
    const { shown, tokenUri, api } = await google()
    const auth = {
      gcp: { service_account_json: keyFile(tokenUri) },
      header: { authorization: 'Bearer fixed', 'x-goog-user-project': 'p' },
    }
    const { url } = await gatewayTo(api, {}, { auth })
    await askRaw(`${url}/v1/chat/completions`, { body: chat })
    expect(shown).toEqual(['Bearer ya29.token-1'])
  })

  test('passed operations carry it too', async () => {
    const { shown, tokenUri, api } = await google()
    const { url } = await gatewayTo(api, { service_account_json: keyFile(tokenUri) })
    await askRaw(`${url}/v1/models`, { method: 'GET' })
    expect(shown).toEqual(['Bearer ya29.token-1'])
  })

  test('without a key file of its own it takes the environment’s', async () => {
    const { shown, tokenUri, api } = await google()
    const { url } = await gatewayTo(api, {}, {}, { builtIn: { gcpServiceAccount: keyFile(tokenUri) } })
    await askRaw(`${url}/v1/chat/completions`, { body: chat })
    expect(shown).toEqual(['Bearer ya29.token-1'])
  })

  const failures: readonly [name: string, status: number, grant: Answer][] = [
    [
      'a refusal',
      502,
      (_, res) => void res.writeHead(400).end('{"error":"invalid_grant","error_description":"no such account"}'),
    ],
    ['an answer without a token', 502, (_, res) => void res.end('{}')],
    ['a page', 502, (_, res) => void res.writeHead(503).end('<html>')],
    ['a hang-up', 502, (_, res) => void res.destroy()],
    ['silence', 504, () => {}],
  ]
  test.for(failures)('%s is a %i with error_msg, nothing sent', async ([, expected, grant]) => {
    const { shown, tokenUri, api } = await google({ grant })
    const { url, logged, linesOf } = await gatewayTo(api, { service_account_json: keyFile(tokenUri) }, { timeout: 300 })
    const { status, body, id } = await askRaw(`${url}/v1/chat/completions`, { body: chat })
    expect([status, shown]).toEqual([expected, []])
    expect(JSON.parse(body.toString())).toMatchObject({
      error_msg: expect.stringMatching(/^failed to get gcp access token: /),
    })
    expect(body.toString() + logged()).not.toMatch(/PRIVATE KEY|eyJ/)
    expect(await linesOf(id)).toMatchObject([{ status: expected, outcome: 'upstream_error' }])
  })

  test('a key file that is none is a problem at load', async () => {
    const routes = ['{"private_key": ', keyFile('file:///x'), keyFile('https://oauth2.googleapis.com/token')].map(
      (json, index) => ({
        ...aiRoute('http://127.0.0.1', { auth: { gcp: { service_account_json: json } } }),
        id: index + 1,
      }),
    )
    expect(await problemsOf({ routes })).toEqual([
      expect.stringContaining('routes[0].plugins.ai-proxy.auth.gcp.service_account_json: invalid gcp service_account_json: '),
      expect.stringMatching(/routes\[1\].*token_uri/),
    ])
  })
})
