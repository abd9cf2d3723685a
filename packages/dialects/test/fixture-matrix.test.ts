import { encodeEvent, type Dialect } from '@sluice/provider'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { clientTranslators, JsonListFramer, readUpstreamError, translators } from '../src/index.ts'
import { clientViews, type ClientView } from './client-views.ts'
import type { Collected } from './collected.ts'
import { eventsIn } from './events-in.ts'
import { Random } from './random.ts'
import { bytesOf, everything, facts, type Recorded } from './recorded.ts'
import { saidBy, withIdsOf, type Expected } from './said.ts'
import { asked, streamed, type Json } from './translating.ts'

// Each cuts a whole stream at every byte, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

/** A message as the manifest wants it for a client of Anthropic's. */
interface AsAnthropic {
  content: Json[]
  stop_reason: string
  stop_reason_also_acceptable?: string[]
  usage?: Json
  thinking_text_if_exposed?: string
}

type Fixture = Recorded & { expected: Expected; expected_as_anthropic?: AsAnthropic }

/** The rows of the matrix: what each provider's dialect is called in the manifest. */
const rows: Readonly<Record<string, Dialect>> = {
  chat: 'openai-chat',
  responses: 'openai-responses',
  messages: 'anthropic-messages',
  generateContent: 'gemini',
  streamGenerateContent: 'gemini',
  converse: 'bedrock-converse',
  'converse-stream': 'bedrock-converse',
}

/** What is no answer of a chat, or has no translator. */
const elsewhere = ['batchEmbedContents', 'completions', 'count_tokens', 'embeddings', 'invoke-embedding', 'oauth2-token', 'predict']

const fixtures = (everything as Fixture[]).filter(({ api }) => api in rows)
const answered = fixtures.filter(({ expected }) => expected.outcome === 'ok')
const streams = fixtures.filter(({ streaming }) => streaming)
const failed = (everything as Fixture[]).filter(({ streaming, expected }) => !streaming && expected.outcome === 'error')

const providerOf = ({ api }: Recorded): Dialect => rows[api]!
const viewOf = (client: Dialect): ClientView => clientViews[client]!
const columns = clientTranslators.map(({ dialect }) => dialect)
const cells = <T extends Recorded>(entries: readonly T[]) => entries.flatMap((entry) => columns.map((client) => ({ id: entry.id, provider: providerOf(entry), client, entry })))

/** A stream that came in these pieces, cut into its events whatever frames they have. */
function framed({ file }: Recorded, chunks: readonly Buffer[]): Buffer[] {
  if (!file.endsWith('.json')) return eventsIn(chunks)
  const framer = new JsonListFramer(1 << 20)
  return chunks.flatMap((chunk) => [...framer.push(chunk)].map((object) => encodeEvent(object.toString())))
}

/** What a client gets of the provider's answer. */
function got(entry: Recorded, client: Dialect, chunks: readonly Buffer[] = [bytesOf(entry)]): Collected {
  const isOld = entry.id === 'openai-chat-legacy-function-call'
  const more = { stream_options: { include_usage: true }, ...(isOld && { functions: [{ name: 'get_current_weather' }] }) }
  const translation = asked(client, providerOf(entry), client === 'openai-chat' || client === 'openai-completions' ? more : {})
  if (!entry.streaming) return { body: translation.answer(JSON.parse(String(chunks[0]))), error: undefined, terminals: [] }
  const events = streamed(translation.stream(), framed(entry, chunks))
  const { eventProblems, collect } = viewOf(client)
  expect(events.flatMap((event) => eventProblems(event))).toEqual([])
  return collect(events)
}

/** Each event between those beside it, for a cut changes nothing further away; an array is cut as a whole, which its brackets make it. */
function neighbours(entry: Recorded): { bytes: Buffer; events: Buffer[] }[] {
  const bytes = bytesOf(entry)
  const all = framed(entry, [bytes])
  if (entry.file.endsWith('.json')) return [{ bytes, events: all }]
  return all.map((_, index) => {
    const events = all.slice(Math.max(0, index - 1), index + 2)
    return { bytes: Buffer.concat(events), events }
  })
}

function isThought({ type }: Json): boolean {
  return type === 'thinking'
}

/** The provider gave no id, and the manifest takes any. */
function isMadeUp(id: unknown): boolean {
  return [undefined, null, '', '(generated)'].includes(id as string)
}

/** In pieces of these sizes. */
function cut(bytes: Buffer, sizeOf: () => number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, size = sizeOf(); at < bytes.length; at += size, size = sizeOf()) chunks.push(bytes.subarray(at, at + size))
  return chunks
}

describe('the matrix', () => {
  test('has a row for each dialect of providers, a column for each of clients', () => {
    expect([...new Set(fixtures.map(providerOf))].toSorted()).toEqual(translators.map(({ dialect }) => dialect).toSorted())
    expect(Object.keys(clientViews).toSorted()).toEqual(columns.toSorted())
  })

  test('leaves out what is no answer of a chat', () => {
    const left = everything.filter(({ api }) => !(api in rows)).map(({ api }) => api)
    expect([...new Set(left)].toSorted()).toEqual(elsewhere)
  })
})

describe('an answer', () => {
  test.for(cells(answered))('of $provider, $id, says to a client of $client what it should', ({ entry, client }) => {
    const { read, told, wholeProblems, lastEvent } = viewOf(client)
    const { body, error, terminals } = got(entry, client)
    expect(wholeProblems(body)).toEqual([])
    expect(error).toBeUndefined()
    const said = read(body)
    expect(said).toEqual(withIdsOf(told(saidBy(entry.expected)), said))
    expect(terminals).toEqual(entry.streaming ? [lastEvent(body)] : [])
  })

  test.for(answered.filter(({ expected_as_anthropic: as }) => as))('of $provider’s, $id, is the message that a client of Anthropic’s should get', (entry) => {
    const wanted = entry.expected_as_anthropic!
    const { body } = got(entry, 'anthropic-messages')
    const content = body['content'] as Json[]
    const blocks = content.filter((block) => !isThought(block))
    expect(blocks).toEqual(wanted.content.map((block, at) => ({ ...block, ...(block['type'] === 'tool_use' && isMadeUp(block['id']) && { id: blocks[at]?.['id'] }) })))
    const thinking = content.filter(isThought).map((block) => block['thinking']).join('')
    expect(thinking).toBe(wanted.thinking_text_if_exposed ?? thinking)
    expect([wanted.stop_reason, ...(wanted.stop_reason_also_acceptable ?? [])]).toContain(body['stop_reason'])
    expect(body['usage']).toMatchObject(wanted.usage ?? {})
  })
})

describe('a stream', () => {
  test.for(streams)('of $provider’s, $id, is framed alike wherever it is cut in two', (entry) => {
    const wrong = neighbours(entry).flatMap(({ bytes, events }) => {
      const isWhole = (parts: readonly Buffer[]): boolean => parts.length === events.length && parts.every((part, index) => part.equals(events[index]!))
      return Array.from(bytes, (_, at) => at).filter((at) => !isWhole(framed(entry, [bytes.subarray(0, at), bytes.subarray(at)])))
    })
    expect(wrong).toEqual([])
  })

  test.for(cells(streams))('of $provider, $id, reaches a client of $client alike byte by byte and in pieces of any size', ({ client, entry }) => {
    const bytes = bytesOf(entry)
    const whole = got(entry, client)
    const random = new Random(bytes.length)
    const anywhere = (): number => 1 + random.below(200)
    for (const sizeOf of [() => 1, () => 2, () => 7, anywhere, anywhere, anywhere]) {
      expect(got(entry, client, cut(bytes, sizeOf))).toEqual(whole)
    }
  })

  test.for(cells(streams.filter(({ expected }) => expected.outcome === 'ok')))('of $provider, $id, that ends before its last event never looks finished to a client of $client', ({ client, provider, entry }) => {
    const { collect, broken } = viewOf(client)
    const whole = got(entry, client).terminals
    const reader = facts(provider).openStream()
    const events = framed(entry, [bytesOf(entry)])
    for (const [index, event] of events.entries()) {
      const { terminals } = collect(streamed(asked(client, provider).stream(), events.slice(0, index)))
      expect(terminals).toEqual(reader.finished ? whole : [broken])
      reader.see(event)
    }
  })

  test.for(cells(streams.filter(({ expected }) => expected.outcome === 'error')))('of $provider, $id, that breaks off with an error tells a client of $client of it, and of no finish', ({ client, entry }) => {
    const { error, terminals } = got(entry, client)
    expect(terminals).toEqual([viewOf(client).broken])
    expect(error?.['message']).toBe(entry.expected.stream_error?.message)
  })
})

describe('an error', () => {
  const pairs = failed.flatMap((entry) => columns.map((client) => ({ id: entry.id, client, entry })))

  test.for(pairs)('$id reaches a client of $client in its own shape, with the provider’s words', ({ client, entry }) => {
    const error = readUpstreamError(entry.http.status, entry.http.headers, bytesOf(entry))
    const body = facts(client).errorBody(error, 'req_1')
    expect(viewOf(client).errorProblems(body)).toEqual([])
    expect(JSON.stringify(body)).toContain(JSON.stringify(error.message))
  })
})
