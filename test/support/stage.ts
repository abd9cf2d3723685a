import { startMockLlm, type MockLlm, type MockOptions } from '@sluice/mock-llm'
import { onTestFinished } from 'vitest'
import { MessageFramer } from '@sluice/provider'
import type { Api } from './client-view.ts'
import { askRaw, openRaw, type RawAnswer, type RawReading } from './raw-client.ts'
import { aiRoute, startGateway, type LogLine, type TestGateway } from './start-gateway.ts'

/** A dialect as a client and the mock speak it. */
export interface Spoken {
  readonly api: Api
  readonly provider: string
  readonly path: string
  /** Where a stream is asked for, if elsewhere: the body then does not say so. */
  readonly streamPath?: string
  /** Path of the endpoint at which the provider is asked, if the route names one. */
  readonly endpoint?: string
  readonly body: Readonly<Record<string, unknown>>
  /** What a route to its provider cannot do without. */
  readonly config?: object
  /** Streams are binary messages. */
  readonly isBinary?: boolean
  /** Asks for the usage of a stream, where a client has to. */
  readonly wantsUsage: object
  /** Events before the first with content, in the mock's streams. */
  readonly quiet: number
  /** What only a stream that ended well holds. */
  readonly terminal: string
  /** Whether what upstream told of usage before the end is known when it breaks off. */
  readonly tellsUsageEarly: boolean
}

export const chat: Spoken = {
  api: 'chat',
  provider: 'openai',
  path: '/v1/chat/completions',
  wantsUsage: { stream_options: { include_usage: true } },
  body: { model: 'gpt-4o', messages: [{ role: 'user', content: 'What is 1+1?' }] },
  quiet: 1,
  terminal: 'data: [DONE]',
  tellsUsageEarly: false,
}

export const responses: Spoken = {
  api: 'responses',
  provider: 'openai',
  path: '/v1/responses',
  wantsUsage: {},
  body: { model: 'gpt-5', input: 'What is 1+1?' },
  quiet: 4,
  terminal: 'response.completed',
  tellsUsageEarly: false,
}

export const messages: Spoken = {
  api: 'messages',
  provider: 'anthropic',
  path: '/v1/messages',
  wantsUsage: {},
  body: { model: 'claude', max_tokens: 200_000, messages: [{ role: 'user', content: 'What is 1+1?' }] },
  quiet: 3,
  terminal: 'message_stop',
  tellsUsageEarly: true,
}

export const gemini: Spoken = {
  api: 'gemini',
  provider: 'gemini',
  path: '/v1beta/models/gemini-2.5-flash:generateContent',
  streamPath: '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
  wantsUsage: {},
  body: { contents: [{ role: 'user', parts: [{ text: 'What is 1+1?' }] }] },
  quiet: 0,
  terminal: '"finishReason"',
  tellsUsageEarly: true,
}

export const bedrock: Spoken = {
  api: 'bedrock',
  provider: 'bedrock',
  config: { provider_conf: { region: 'us-east-1' }, auth: { aws: { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'a-secret-key' } } },
  isBinary: true,
  path: '/model/anthropic.claude/converse',
  streamPath: '/model/anthropic.claude/converse-stream',
  wantsUsage: {},
  body: { messages: [{ role: 'user', content: [{ text: 'What is 1+1?' }] }] },
  quiet: 1,
  terminal: 'messageStop',
  tellsUsageEarly: false,
}

export const spoken = [chat, responses, messages, gemini]

export interface Stage {
  readonly mock: MockLlm
  readonly gateway: TestGateway
  readonly says: Spoken
  /** Asks for a whole answer and reads it. */
  ask(members?: object): Promise<RawAnswer>
  /** Asks for a stream and reads it to its end, or to where it was cut. */
  stream(members?: object): Promise<RawAnswer>
  /** Asks for a stream and hands it over with its head. */
  open(members?: object): Promise<RawReading>
  /** What the mock sends for the gateway's latest request under a script, without the gateway in between. */
  upstream(script?: object): Promise<Buffer>
  /** The lines of the log, which must be so many, one for each exchange. */
  lines(count?: number): Promise<LogLine[]>
}

/** Where a client asks for a stream, and what it says of that in the body. */
export function asksForStream({ path, streamPath }: Spoken): { readonly path: string; readonly says: object } {
  return streamPath === undefined ? { path, says: { stream: true } } : { path: streamPath, says: {} }
}

/** A mock and a gateway with one route to it, both of which end with the test. */
export async function stage(says: Spoken, config: object = {}, options: MockOptions = {}): Promise<Stage> {
  const mock = await startMockLlm(options)
  onTestFinished(() => mock.close())
  const gateway = await startGateway({ routes: [aiRoute(mock.url + (says.endpoint ?? ''), { provider: says.provider, ...says.config, ...config })] })
  const url = gateway.url + says.path
  const streamed = asksForStream(says)
  const streamUrl = gateway.url + streamed.path
  const bodyOf = (stream: boolean, members: object): object => ({ ...says.body, ...(stream && streamed.says), ...members })
  return {
    mock,
    gateway,
    says,
    ask: (members = {}) => askRaw(url, { body: bodyOf(false, members) }),
    stream: (members = {}) => askRaw(streamUrl, { body: bodyOf(true, members) }),
    open: (members = {}) => openRaw(streamUrl, { body: bodyOf(true, members) }),
    async upstream(script = {}) {
      const { body, url: path } = mock.requests.at(-1)!
      const headers = { 'x-mock-fault': JSON.stringify(script), 'anthropic-version': '2023-06-01' }
      return (await askRaw(mock.url + path, { body, headers })).body
    },
    async lines(count = 1) {
      const lines = await gateway.lines(count)
      if (lines.length > count) throw new Error(`${lines.length} lines for ${count} exchanges`)
      return lines
    },
  }
}

/** The events of a stream with what ends each, whichever line ends it uses; of a binary one its messages, a character for each byte. */
export function eventsOf(body: Buffer, { isBinary = false }: Pick<Spoken, 'isBinary'> = {}): string[] {
  if (isBinary) {
    const { ends } = new MessageFramer(body.length).push(body) ?? { ends: [] }
    return ends.map((end, index) => body.toString('latin1', ends[index - 1] ?? 0, end))
  }
  return body.toString().match(/[^]+?(?:\r\n\r\n|\n\n|\r\r|$)/g) ?? []
}

/** The text of an error body, which stands in it twice. */
export function errorIn({ body }: RawAnswer): string {
  const { error, error_msg: again } = JSON.parse(body.toString()) as { error: { message: string }; error_msg: string }
  if (again !== error.message)
    throw new Error(`error_msg is ${JSON.stringify(again)}, the message ${JSON.stringify(error.message)}`)
  return again
}
