import assert from 'node:assert/strict'
import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import type { Dialect } from '@sluice/provider'
import { Translation } from '@sluice/dialects'
import { clientViews, type ClientView } from '../../packages/dialects/test/client-views.ts'
import { decoded, eventsIn } from '../../packages/dialects/test/events-in.ts'
import type { SaidChoice } from '../../packages/dialects/test/said.ts'
import { fixturesFolder } from './fixtures.ts'
import { streamedThoughts, thoughts } from './matrix-thoughts.ts'
import { playedProviders, type PlayedProvider } from './provider-dialects.ts'
import { askRaw, type RawAnswer } from './raw-client.ts'
import { aiRoute, openGateway } from './start-gateway.ts'

type Json = Record<string, unknown>

/** Clients, and where they ask. */
export const askingClients: readonly { readonly dialect: Dialect; readonly name: string; path(stream: boolean): string }[] = [
  { dialect: 'openai-chat', name: 'OpenAI’s chat', path: () => '/v1/chat/completions' },
  { dialect: 'openai-responses', name: 'OpenAI’s Responses', path: () => '/v1/responses' },
  { dialect: 'anthropic-messages', name: 'Anthropic’s Messages', path: () => '/v1/messages' },
  { dialect: 'gemini', name: 'Gemini', path: (stream) => `/v1beta/models/the-clients:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}` },
  { dialect: 'bedrock-converse', name: 'Bedrock Converse', path: (stream) => `/model/the-clients/converse${stream ? '-stream' : ''}` },
]

const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const weather = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string', enum: ['Oslo'] } }, required: ['city'] } } }
const asks = (content: unknown): Json => ({ role: 'user', content })
const question = [asks('What is 1+1?')]
const callsTool = [asks('call get_weather')]

/** One client on one provider. */
class Cell {
  readonly mock: MockLlm
  readonly provider: PlayedProvider
  readonly view: ClientView
  /** Both speak one dialect: what comes is the provider's, byte for byte, and nothing of ours to be held to a schema. */
  readonly isRelayed: boolean
  readonly #client: (typeof askingClients)[number]
  readonly #url: string

  constructor({ mock, url, client, provider }: { mock: MockLlm; url: string; client: (typeof askingClients)[number]; provider: PlayedProvider }) {
    const view = clientViews[client.dialect]
    assert(view)
    this.mock = mock
    this.provider = provider
    this.view = view
    this.isRelayed = client.dialect === provider.dialect
    this.#client = client
    this.#url = url
  }

  /** Sends a chat as the client says it. */
  send(messages: readonly Json[], stream: boolean, more: Json = {}): Promise<RawAnswer> {
    const { dialect, path } = this.#client
    const chat = { model: 'gpt-4o', messages, max_tokens: 8192, ...more, ...(stream && { stream, stream_options: { include_usage: true } }) }
    const written = dialect === 'openai-chat' ? chat : new Translation('openai-chat', dialect, { now: () => 0, newId: () => 'x', maxHeld: 1000 }).request(chat)
    return askRaw(this.#url + path(stream), { body: written, headers: { 'x-provider': this.provider.dialect, 'anthropic-version': '2023-06-01' } })
  }

  async whole(messages: readonly Json[], more?: Json): Promise<SaidChoice> {
    const { status, body } = await this.send(messages, false, more)
    assert.equal(status, 200, body.toString())
    const json = JSON.parse(body.toString()) as Json
    if (!this.isRelayed) assert.deepEqual(this.view.wholeProblems(json), [])
    return this.#said(json)
  }

  async streamed(messages: readonly Json[], more?: Json): Promise<SaidChoice> {
    const { status, body, isWhole } = await this.send(messages, true, more)
    assert.deepEqual([status, isWhole], [200, true], body.toString())
    const events = eventsIn([body]).map(decoded)
    if (!this.isRelayed) assert.deepEqual(events.flatMap((event) => this.view.eventProblems(event)), [])
    const collected = this.view.collect(events)
    assert.deepEqual(collected.terminals, [this.view.lastEvent(collected.body)])
    return this.#said(collected.body)
  }

  #said(body: Json): SaidChoice {
    const { choices, usage } = this.view.read(body)
    const [choice] = choices
    assert(choice)
    assert(usage)
    return choice
  }
}

/** What is tried in each cell; it throws where that does not pass. */
export const capabilities: readonly { readonly name: string; passes(cell: Cell): Promise<void> }[] = [
  {
    name: 'whole answers',
    async passes(cell) {
      const { content, finish } = await cell.whole(question)
      assert.match(content, /What is 1\+1\?/)
      assert.equal(finish, 'stop')
      assert.match(cell.mock.requests.at(-1)?.url ?? '', cell.provider.asked)
    },
  },
  {
    name: 'streams',
    async passes(cell) {
      const { content, finish } = await cell.streamed(question)
      assert.match(content, /What is 1\+1\?/)
      assert.equal(finish, 'stop')
      assert.match(cell.mock.requests.at(-1)?.url ?? '', cell.provider.asked)
    },
  },
  {
    name: 'tools',
    async passes(cell) {
      for (const ask of [cell.whole.bind(cell), cell.streamed.bind(cell)]) {
        const { calls, finish } = await ask(callsTool, { tools: [weather] })
        assert.deepEqual([finish, calls.map(({ name, input }) => [name, input])], ['tool_calls', [['get_weather', { city: 'Oslo' }]]])
        const asked = { role: 'assistant', content: null, tool_calls: calls.map(({ id = 'the-one', name, input }) => ({ id, type: 'function', function: { name, arguments: JSON.stringify(input) } })) }
        const found = calls.map(({ id = 'the-one' }) => ({ role: 'tool', tool_call_id: id, content: '7 °C' }))
        const { content } = await ask([...callsTool, asked, ...found], { tools: [weather] })
        assert.match(content, /7 °C/)
      }
    },
  },
  {
    name: 'thinking',
    async passes(cell) {
      cell.mock.script(thoughts[cell.provider.dialect] ?? {})
      const { content, reasoning } = await cell.whole(question, { reasoning_effort: 'low' })
      assert.notEqual(reasoning, '')
      assert.notEqual(content, '')
      cell.mock.script(streamedThoughts[cell.provider.dialect] ?? {})
      const streamed = await cell.streamed(question, { reasoning_effort: 'low' })
      assert.notEqual(streamed.reasoning, '')
      assert.notEqual(streamed.content, '')
    },
  },
  {
    name: 'pictures',
    async passes(cell) {
      await cell.whole([asks([{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${picture}` } }])])
      assert(cell.mock.requests.at(-1)?.body.includes(picture))
    },
  },
  {
    name: 'errors',
    async passes(cell) {
      cell.mock.script({ status: 429, message: 'Slow down.' }, { errorEvent: 0, message: 'Broken at once.' }, { errorEvent: -2, message: 'Broken late.', words: 40 })
      const limited = await cell.send(question, false)
      assert.equal(limited.status, 429)
      if (!cell.isRelayed) assert.deepEqual(cell.view.errorProblems(JSON.parse(limited.body.toString()) as Json), [])
      assert.match(limited.body.toString(), /Slow down\./)
      const early = await cell.send(question, true)
      assert(early.status >= 500, `an error before any content came with ${early.status}`)
      const late = await cell.send(question, true)
      assert.equal(late.isWhole, false)
      assert.match(late.body.toString(), /Broken late\./)
      if (!cell.isRelayed) assert.deepEqual(cell.view.collect(eventsIn([late.body]).map(decoded)).terminals, [cell.view.broken])
    },
  },
]

/** Clients on providers, all in front of one gateway and one mock. */
export async function openMatrix(): Promise<{ cell(client: Dialect, provider: Dialect): Cell; close(): Promise<void> }> {
  const mock = await startMockLlm({ fixtures: fixturesFolder })
  const routes = playedProviders.map(({ dialect, config, endpoint = '' }) => ({
    ...aiRoute(mock.url + endpoint, config),
    id: dialect,
    vars: [['http_x_provider', '==', dialect]],
  }))
  const gateway = await openGateway({ routes })
  return {
    cell(client, provider) {
      const [asking, played] = [askingClients.find(({ dialect }) => dialect === client), playedProviders.find(({ dialect }) => dialect === provider)]
      assert(asking && played)
      return new Cell({ mock, url: gateway.url, client: asking, provider: played })
    },
    async close() {
      await gateway.close()
      await mock.close()
    },
  }
}

/** What of the capabilities does not pass in a cell, and why. */
export async function failuresIn(cell: Cell): Promise<Map<string, string>> {
  const failures = new Map<string, string>()
  for (const { name, passes } of capabilities) {
    cell.mock.reset()
    try {
      await passes(cell)
    } catch (error) {
      failures.set(name, error instanceof Error ? error.message : String(error))
    }
  }
  return failures
}
