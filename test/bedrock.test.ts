import { AwsSigner } from '@sluice/cloud-auth'
import { binaryMessages } from '@sluice/provider'
import { decodeEvents } from '@sluice/testkit'
import { startMockLlm, type MockLlm, type SeenRequest } from '@sluice/mock-llm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bytesOf, fixturesFolder } from './support/fixtures.ts'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { aiRoute, startGateway, type TestGateway } from './support/start-gateway.ts'

const model = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const body = { messages: [{ role: 'user', content: [{ text: 'What is 1+1?' }] }] }
const keys = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', session_token: 'IQoJb3JpZ2luX2VjE/+==' }
const provider = { provider: 'bedrock', provider_conf: { region: 'eu-central-1' } }
const aws = { ...provider, auth: { aws: keys } }

function pathOf(operation: string, name = model): string {
  return `/model/${encodeURIComponent(name)}/${operation}`
}

interface Staged {
  readonly mock: MockLlm
  readonly gateway: TestGateway
  ask(path: string, asked?: object | string, headers?: Record<string, string>): Promise<RawAnswer>
}

/** The provider in front of the mock, which says what was recorded. */
async function staged(config: object = aws, script: object = { fixture: 'bedrock-basic' }): Promise<Staged> {
  const mock = await startMockLlm({ fixtures: fixturesFolder })
  onTestFinished(() => mock.close())
  mock.script(script)
  const gateway = await startGateway({ routes: [aiRoute(mock.url, { ...aws, ...config })] })
  return { mock, gateway, ask: (path, asked = body, headers = {}) => askRaw(gateway.url + path, { body: asked, headers }) }
}

/** What AWS would work out for a request that it gets. */
function expectedSignature({ method, url, headers, body: bytes }: SeenRequest, { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken }: typeof keys): string | undefined {
  const time = String(headers['x-amz-date']).replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')
  const signer = new AwsSigner({ credentials: { accessKeyId, secretAccessKey, sessionToken }, region: 'eu-central-1', service: 'bedrock', now: () => Date.parse(time) })
  const signed = { 'content-type': String(headers['content-type']) }
  return signer.sign({ method, host: String(headers.host), path: url, headers: signed, body: [bytes] })['authorization']
}

function withByte(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

/** Where the first message of this type ends. */
function endOf(bytes: Buffer, type: string): number {
  const at = bytes.lastIndexOf(':event-type', bytes.indexOf(type)) - 13
  return at + bytes.readUInt32BE(at)
}

describe('a request to Bedrock', () => {
  test.for<[string, string, object, object, string]>([
    ['an id', pathOf('converse'), {}, body, '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse'],
    ['an ARN', pathOf('converse', 'arn:aws:bedrock:eu-central-1:1:inference-profile/eu.x'), {}, body, '/model/arn%3Aaws%3Abedrock%3Aeu-central-1%3A1%3Ainference-profile%2Feu.x/converse'],
    ['the route’s own model', pathOf('converse', 'mine'), { options: { model } }, body, '/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse'],
    ['a model in the body, as APISIX has it', '/converse', {}, { ...body, model: 'a.b-v1:0' }, '/model/a.b-v1%3A0/converse'],
    ['a query of the route’s', pathOf('converse', 'm'), { auth: { aws: keys, query: { b: 'x y', a: '1' } } }, body, '/model/m/converse?b=x+y&a=1'],
    ['a changed body', pathOf('converse', 'm'), { options: { max_tokens: 7 }, override: { llm_options: { max_tokens: 9 } } }, body, '/model/m/converse'],
    ['text in many bytes', pathOf('converse', 'm'), {}, { messages: [{ role: 'user', content: [{ text: '👩‍👩‍👧‍👦'.repeat(9_000) }] }] }, '/model/m/converse'],
  ])('with %s is signed as it goes over the wire', async ([, path, config, asked, expected]) => {
    const { mock, gateway } = await staged()
    await gateway.apply({ routes: [aiRoute(mock.url, { ...aws, ...config, override: { ...('override' in config && (config.override as object)), endpoint: mock.url } })] })
    expect((await askRaw(gateway.url + path, { body: asked })).status).toBe(200)
    const [sent] = mock.requests
    expect(sent!.url).toBe(expected)
    expect(sent!.headers['x-amz-security-token']).toBe(keys.session_token)
    expect(sent!.headers.authorization).toBe(expectedSignature(sent!, keys))
    expect(sent!.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/)
  })

  test('is as the client wrote it, but for a model and a stream, which Bedrock has in the path', async () => {
    const { mock, ask } = await staged()
    await ask(pathOf('converse'), '{ "messages":[{"role":"user","content":[{"text":"1.0"}]}],"n":12345678901234567890 }')
    expect(mock.requests.at(-1)!.body.toString()).toBe('{ "messages":[{"role":"user","content":[{"text":"1.0"}]}],"n":12345678901234567890 }')
    mock.script({ fixture: 'bedrock-stream-text' })
    await ask(pathOf('converse', 'm'), { ...body, model: 'x', stream: true })
    expect(mock.requests.at(-1)).toMatchObject({ url: '/model/m/converse-stream' })
    expect(JSON.parse(mock.requests.at(-1)!.body.toString())).toEqual(body)
  })

  test('carries none of the client’s own credentials for AWS', async () => {
    const { mock, ask } = await staged({ override: {} , auth: { header: { Authorization: 'Bearer bedrock-api-key-1' } } })
    const theirs = { authorization: 'AWS4-HMAC-SHA256 Credential=theirs', 'x-amz-date': '20200101T000000Z', 'x-amz-security-token': 'theirs', 'x-amz-content-sha256': 'theirs' }
    expect((await ask(pathOf('converse'), body, theirs)).status).toBe(200)
    const { headers } = mock.requests[0]!
    expect(headers.authorization).toBe('Bearer bedrock-api-key-1')
    expect(Object.keys(headers).filter((name) => name.startsWith('x-amz'))).toEqual([])
  })

  test('has limits and options where Converse has them', async () => {
    const { mock, ask } = await staged({ options: { temperature: 0.5, additionalModelRequestFields: { top_k: 3 } } })
    await ask(pathOf('converse'), { ...body, inferenceConfig: { temperature: 1, topP: 0.1 } })
    expect(JSON.parse(mock.requests[0]!.body.toString())).toEqual({ ...body, inferenceConfig: { temperature: 0.5, topP: 0.1 }, additionalModelRequestFields: { top_k: 3 } })
  })

  test('that is passed through is signed, too', async () => {
    const { mock, ask } = await staged(aws, { status: 200, body: {} })
    await ask('/v1/rerank', '{"query": "x"}')
    expect(mock.requests[0]!.body.toString()).toBe('{"query": "x"}')
    expect(mock.requests[0]!.headers.authorization).toBe(expectedSignature(mock.requests[0]!, keys))
  })

  test('names no model: there is no path for it', async () => {
    const { ask, mock } = await staged()
    const { status, body: answer } = await ask('/converse')
    expect(status).toBe(400)
    expect(JSON.parse(answer.toString())).toMatchObject({ __type: 'ValidationException', message: expect.stringContaining('could not resolve upstream path') })
    expect(mock.requests).toEqual([])
  })
})

describe('an answer of Bedrock’s', () => {
  test.for(['bedrock-stream-text', 'bedrock-stream-tool'])('that is streamed is relayed byte for byte, however it is cut: %s', async (fixture) => {
    const { mock, gateway, ask } = await staged(aws, {})
    const recorded = bytesOf(`${fixture}.bin`)
    for (const cut of [{}, { chunk: 1 }, { chunk: 7 }, { chunk: 500 }]) {
      mock.reset()
      mock.script({ fixture, ...cut })
      const { status, headers, body: answer, isWhole } = await ask(pathOf('converse-stream'))
      expect([status, headers['content-type'], headers['cache-control'], isWhole]).toEqual([200, 'application/vnd.amazon.eventstream', 'no-cache', true])
      expect(answer.equals(recorded)).toBe(true)
    }
    const lines = await gateway.lines(4)
    expect(lines.map(({ outcome, usage_source: source, llm_stream: stream }) => [outcome, source, String(stream)])).toEqual(Array.from({ length: 4 }, () => ['complete', 'provider', 'true']))
  })

  test('that fails behind its end, before it counts tokens, is told to have failed, and cut', async () => {
    const { gateway, ask } = await staged(aws, { errorEvent: -1, message: 'Not today.' })
    const { body: answer, isWhole } = await ask(pathOf('converse-stream'))
    const events = decodeEvents(answer, binaryMessages)
    expect([isWhole, events.at(-2)?.event, events.at(-1)]).toEqual([false, 'messageStop', { event: 'serviceUnavailableException', data: '{"message":"Not today."}' }])
    expect(await gateway.lines(1)).toMatchObject([{ outcome: 'upstream_error' }])
  })

  test.for<[string, (bytes: Buffer) => Buffer, string]>([
    ['a byte is not what it was', (bytes) => withByte(bytes, bytes.length - 30), 'a message of the stream has a wrong checksum'],
    ['a length is not what it was', (bytes) => withByte(bytes, bytes.lastIndexOf(':event-type') - 13), 'a message of the stream has a wrong checksum over its lengths'],
  ])('of which %s is told and cut behind the last whole message', async ([, damage, message]) => {
    const { mock, gateway, ask } = await staged(aws, {})
    const recorded = bytesOf('bedrock-stream-text.bin')
    // Behind its `messageStop` the answer is whole.
    const damaged = damage(recorded.subarray(0, endOf(recorded, 'contentBlockStop')))
    for (const chunk of [1, 300, 100_000]) {
      mock.reset()
      mock.script({ event: damaged, chunk })
      const { body: answer, isWhole, headers } = await ask(pathOf('converse-stream'))
      const events = decodeEvents(answer, binaryMessages)
      expect([isWhole, headers['content-type'], events.at(-1)]).toEqual([false, 'application/vnd.amazon.eventstream', { event: 'modelStreamErrorException', data: JSON.stringify({ message }) }])
      const told = answer.subarray(0, answer.lastIndexOf(':exception-type') - 13)
      expect(damaged.subarray(0, told.length).equals(told)).toBe(true)
      expect(events.at(-2)?.event).toBe('contentBlockDelta')
    }
    expect(await gateway.lines(3)).toMatchObject(Array.from({ length: 3 }, () => ({ outcome: 'truncated' })))
  })

  test.for(['application/json', 'text/event-stream', 'application/octet-stream'])('that is a stream under %s is one', async (contentType) => {
    const { ask } = await staged(aws, { event: bytesOf('bedrock-stream-text.bin'), contentType })
    const { body: answer, headers } = await ask(pathOf('converse'))
    expect(answer.equals(bytesOf('bedrock-stream-text.bin'))).toBe(true)
    expect(headers['content-type']).toBe('application/vnd.amazon.eventstream')
  })

  test('is kept awake by nothing while it is waited for: a comment would break it', async () => {
    const { mock, gateway } = await staged(aws, {})
    const route = aiRoute(mock.url, { ...aws, commit_ms: 20 })
    await gateway.apply({ gateway: { stream_keepalive_ms: 10 }, routes: [route] })
    mock.reset()
    mock.script({ stallBeforeFirstByteMs: 100, stallAfter: 1, stallMs: 200, text: 'ok' })
    const { body: answer, isWhole } = await askRaw(gateway.url + pathOf('converse-stream'), { body })
    expect(isWhole).toBe(true)
    expect(decodeEvents(answer, binaryMessages).map(({ event }) => event)).toEqual(['messageStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata'])
  })

  test('that is an error keeps its bytes and its type', async () => {
    const { ask } = await staged(aws, { fixture: 'bedrock-err-403' })
    const { status, headers, body: answer } = await ask(pathOf('converse'))
    expect([status, answer.equals(bytesOf('bedrock-err-403.json'))]).toEqual([403, true])
    expect(headers['x-amzn-errortype']).toMatch(/Exception/)
  })

  test('that repeats a key is told without it', async () => {
    const { ask } = await staged(aws, { status: 403, body: { message: `no such token: ${keys.session_token}` } })
    const { status, body: answer } = await ask(pathOf('converse'))
    expect([status, JSON.parse(answer.toString())]).toEqual([403, expect.objectContaining({ message: 'no such token: ***' })])
  })
})
