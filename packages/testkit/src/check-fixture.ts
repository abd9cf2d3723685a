import { dialectOf, readUpstreamError, type DialectFacts, type Usage } from '@sluice/dialects'
import type { Dialect, Provider } from '@sluice/provider'
import { cutEvents } from './decode-events.ts'
import type { Expected, ExpectedChoice, Fixture } from './fixtures.ts'

/** The dialect of a fixture's `api`; the others are the provider's own, which Sluice does not speak. */
const dialectsOf: Readonly<Record<string, Dialect>> = {
  chat: 'openai-chat',
  embeddings: 'openai-embeddings',
  responses: 'openai-responses',
  messages: 'anthropic-messages',
  generateContent: 'gemini',
  streamGenerateContent: 'gemini',
  converse: 'bedrock-converse',
  'converse-stream': 'bedrock-converse',
}

/** What a dialect's reader found, in one shape for whole answers and streams. */
interface Found {
  readonly usage: Usage | undefined
  readonly model: string | undefined
  readonly text: string
  readonly hasToolCalls: boolean
  readonly error: string | undefined
  readonly isFinished: boolean
}

/** Reads a recorded answer as the gateway would; gives one sentence for each thing that was read wrongly. */
export function checkFixture(fixture: Omit<Fixture, 'file'> & { readonly body: Buffer }, { speaks }: Provider): string[] {
  const dialect = dialectsOf[fixture.api]
  // An array is no event stream, and nobody is asked for one.
  const isArray = fixture.streaming && /^\s*\[/.test(fixture.body.toString('latin1', 0, 64))
  if (dialect === undefined || !(dialect in speaks) || isArray) return []
  const facts = dialectOf(dialect)
  if (!facts) return [`${dialect} has no reader`]
  const { body, http } = fixture
  const { status, headers } = http
  if (status >= 400) return compareError(readUpstreamError(status, headers, body).message, fixture.expected)
  const found = fixture.streaming ? readStream(facts, body) : readWhole(facts, body)
  return compareAll(found, fixture.expected, dialect)
}

function readWhole(facts: DialectFacts, body: Buffer): Found {
  const { usage, model, hasToolCalls, error, isJson } = facts.readAnswer([body])
  return { usage, model, hasToolCalls, text: facts.textOf(body), error: error?.message, isFinished: isJson }
}

function readStream(facts: DialectFacts, body: Buffer): Found {
  const reader = facts.openStream()
  let text = ''
  for (const event of cutEvents(body, facts.framing)) {
    reader.see(event)
    text += facts.textOfEvent(event)
  }
  const { usage, model, hasToolCalls, error, finished } = reader
  return { usage, model, hasToolCalls, text, error: error?.message, isFinished: finished }
}

function compareAll(found: Found, expected: Expected, dialect: Dialect): string[] {
  const { outcome, choices = [] } = expected
  if (outcome === 'error') return compareError(found.error, expected)
  if (outcome === 'truncated') return compare('finished', found.isFinished, false)
  const [only] = choices
  return [
    ...compare('error', found.error, undefined),
    ...compare('finished', found.isFinished, true),
    ...compare('model', found.model, expected.model ?? undefined),
    ...compareUsage(found.usage, expected.usage, dialect),
    ...compare('tool calls', found.hasToolCalls, choices.some(callsTools)),
    ...(choices.length === 1 && only?.refusal === undefined ? compare('text', found.text, only?.content ?? '') : []),
  ]
}

function compareError(found: string | undefined, { error, stream_error: later }: Expected): string[] {
  const expected = error?.message ?? later?.message
  // A page in place of an error has no message of its own: any will do.
  if (expected === undefined) return found ? [] : ['error: read none']
  return compare('error', found, expected)
}

function callsTools({ tool_calls: calls = [] }: ExpectedChoice): boolean {
  return calls.length > 0
}

function compareUsage(usage: Usage | undefined, expected: Expected['usage'], dialect: Dialect): string[] {
  if (!expected) return compare('usage', usage, undefined)
  if (!usage) return ['usage was not found']
  // Anthropic and Bedrock count what the cache held beside the prompt, the expectation within it.
  const cached = dialect === 'anthropic-messages' || dialect === 'bedrock-converse' ? usage.cacheReadTokens + usage.cacheCreationTokens : 0
  return [
    ...compare('prompt tokens', usage.promptTokens + cached, expected['prompt_tokens'] ?? 0),
    ...compare('completion tokens', usage.completionTokens, expected['completion_tokens'] ?? 0),
    ...compare('cached tokens', usage.cacheReadTokens, expected['cached_tokens'] ?? 0),
    ...compare('reasoning tokens', usage.reasoningTokens, expected['reasoning_tokens'] ?? 0),
  ]
}

function compare(what: string, found: unknown, expected: unknown): string[] {
  if (found === expected) return []
  return [`${what}: read ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`]
}
