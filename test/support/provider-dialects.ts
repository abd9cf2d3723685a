import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import type { Dialect } from '@sluice/provider'
import { onTestFinished } from 'vitest'
import { aiRoute, startGateway, type TestGateway } from './start-gateway.ts'

/** A provider that the mock plays, in one of the dialects that providers speak. */
export interface PlayedProvider {
  readonly dialect: Dialect
  readonly name: string
  /** How a route asks it in that dialect, whatever the client speaks. */
  readonly config: Readonly<Record<string, unknown>>
  /** Where it is asked, below the mock's address. */
  readonly endpoint?: string
  /** How its paths end. */
  readonly asked: RegExp
}

const native = { provider_conf: { dialect: 'native' } }

const aws = { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'secret-of-the-route' }

/** The dialects of providers: whoever tests with clients goes through them. */
export const playedProviders: readonly PlayedProvider[] = [
  { dialect: 'openai-chat', name: 'OpenAI’s chat', config: { provider: 'openai-compatible' }, endpoint: '/v1/chat/completions', asked: /\/chat\/completions$/ },
  { dialect: 'openai-responses', name: 'OpenAI’s Responses', config: { provider: 'openai-compatible' }, endpoint: '/v1/responses', asked: /\/responses$/ },
  { dialect: 'anthropic-messages', name: 'Anthropic’s Messages', config: { provider: 'anthropic', ...native }, asked: /\/messages$/ },
  { dialect: 'gemini', name: 'Gemini', config: { provider: 'gemini', ...native }, asked: /:(?:stream)?[gG]enerateContent(?:\?alt=sse)?$/ },
  { dialect: 'bedrock-converse', name: 'Bedrock Converse', config: { provider: 'bedrock', provider_conf: { region: 'eu-central-1' }, auth: { aws } }, asked: /\/converse(?:-stream)?$/ },
]

export interface Played {
  readonly mock: MockLlm
  readonly gateway: TestGateway
  /** The gateway's address. */
  readonly url: string
}

/** A gateway with one route, in front of the mock that plays this provider. Both end with the test. */
export async function playing({ config, endpoint = '' }: PlayedProvider, more: object = {}): Promise<Played> {
  const mock = await startMockLlm()
  onTestFinished(() => mock.close())
  const options = { model: 'the-routes-own' }
  const gateway = await startGateway({ routes: [aiRoute(mock.url + endpoint, { ...config, options, ...more })] })
  return { mock, gateway, url: gateway.url }
}
