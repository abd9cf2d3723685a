import { describe, expect, test } from 'vitest'
import { readUpstreamError, Saw, type StreamReader } from '../src/index.ts'
import { decoded, eventsIn } from './events-in.ts'
import { bytesOf, everything, factsOf, spoken, type Recorded } from './recorded.ts'

const streams = spoken.filter(({ streaming }) => streaming)
/** Those in text: binary ones have no lines. */
const inLines = streams.filter(({ file }) => file.endsWith('.sse'))
const answers = spoken.filter(({ streaming, expected }) => !streaming && expected.outcome === 'ok')
const errors = everything.filter(({ streaming, expected }) => !streaming && expected.outcome === 'error')

/** All that a reader tells, and the bits of each event. */
function read(entry: Recorded, chunks: readonly Buffer[]) {
  const facts = factsOf(entry)
  const reader = facts.openStream()
  const events = eventsIn(chunks)
  const bits = events.map((event) => reader.see(event))
  const text = events.map((event) => facts.textOfEvent(event)).join('')
  return { bits, text, ...stateOf(reader) }
}

function stateOf(reader: StreamReader) {
  const { finished, sentinelSeen, usage, rawUsage, model, hasToolCalls, error } = reader
  return { finished, sentinelSeen, usage, rawUsage, model, hasToolCalls, error }
}

function callsTools({ expected }: Recorded): boolean {
  return expected.choices?.some(({ tool_calls }) => (tool_calls?.length ?? 0) > 0) ?? false
}

/** The manifest's counts, which are those of a translated answer, as the dialect itself counts. */
function usageOf({ api, expected }: Recorded) {
  const { usage } = expected
  if (!usage) return undefined
  const tokens = (name: string): number => (usage[name] as number | undefined) ?? 0
  const cached = tokens('cached_tokens') + tokens('cache_write_tokens')
  const apart = api === 'messages' ? cached : 0
  return {
    promptTokens: tokens('prompt_tokens') - apart,
    completionTokens: tokens('completion_tokens'),
    totalTokens: tokens('total_tokens') - apart,
    cacheReadTokens: tokens('cached_tokens'),
    cacheCreationTokens: tokens('cache_write_tokens'),
    reasoningTokens: tokens('reasoning_tokens'),
  }
}

describe('a recorded stream', () => {
  test.for(streams)('$id is read as it was meant', (entry) => {
    const { expected } = entry
    const seen = read(entry, [bytesOf(entry)])
    const isError = expected.outcome === 'error'
    expect(seen.finished).toBe(!isError)
    expect(seen.sentinelSeen).toBe(expected.stream?.done_sentinel ?? false)
    expect(seen.hasToolCalls).toBe(callsTools(entry))
    expect(seen.model).toBe(expected.model ?? seen.model)
    // Of a stream that broke off the manifest counts nothing.
    expect(isError ? undefined : seen.usage).toEqual(isError ? undefined : usageOf(entry))
    expect(seen.error?.message).toBe(expected.stream_error?.message)
    expect(seen.text).toBe((expected.choices ?? []).map(({ content }) => content ?? '').join(''))
  })

  test.for(streams)('$id has content exactly where its events say something', (entry) => {
    const reader = factsOf(entry).openStream()
    const found = eventsIn([bytesOf(entry)]).map((event) => (reader.see(event) & Saw.content) !== 0)
    expect(found).toEqual(eventsIn([bytesOf(entry)]).map((event) => saysSomething(decoded(event).data)))
  })

  test.for(streams)('$id is read alike byte by byte and in pieces of any size', (entry) => {
    const bytes = bytesOf(entry)
    const whole = read(entry, [bytes])
    for (const size of [1, 2, 3, 7, 64, 1000]) {
      const chunks: Buffer[] = []
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
      expect(read(entry, chunks)).toEqual(whole)
    }
  })

  test.for(inLines)('$id is read alike with every line end, and with comments and names between', (entry) => {
    const text = bytesOf(entry).toString()
    const whole = read(entry, [Buffer.from(text)])
    for (const eol of ['\r\n', '\r']) {
      expect(read(entry, [Buffer.from(text.replaceAll(/\r?\n/g, eol))])).toEqual(whole)
    }
    expect(read(entry, [Buffer.from(text.replaceAll(/^data:/gm, ': between\nid: 1\ndata:'))])).toEqual(whole)
  })

  test.for(streams)('$id is not finished before its end', (entry) => {
    const reader = factsOf(entry).openStream()
    const steps = eventsIn([bytesOf(entry)]).map((event) => {
      const before = reader.finished
      const bits = reader.see(event)
      return { before, after: reader.finished, bits }
    })
    const ends = steps.filter(({ before, after }) => before !== after)
    expect(ends).toHaveLength(entry.expected.outcome === 'ok' ? 1 : 0)
    expect(ends.every(({ bits }) => (bits & Saw.finish) !== 0)).toBe(true)
    // What may follow the end: usage, [DONE], comments, and OpenRouter's second finish.
    expect(steps.filter(({ before, bits }) => before && (bits & Saw.content) !== 0)).toEqual([])
  })
})

describe('a recorded answer', () => {
  test.for(answers)('$id is read as it was meant', (entry) => {
    const { expected, api } = entry
    const facts = factsOf(entry)
    const body = bytesOf(entry)
    const answer = facts.readAnswer([body])
    expect(answer.isJson).toBe(true)
    expect(answer.error).toBeUndefined()
    expect(answer.hasToolCalls).toBe(callsTools(entry))
    expect(answer.model).toBe(expected.model ?? undefined)
    expect(answer.usage).toEqual(usageOf(entry))
    expect(answer.rawUsage).toEqual((JSON.parse(body.toString()) as { usage?: unknown; usageMetadata?: unknown })[api === 'generateContent' ? 'usageMetadata' : 'usage'])
    const texts = (expected.choices ?? []).map(({ content }) => content ?? '')
    expect(facts.textOf(body)).toBe(api === 'embeddings' ? '' : texts.join(' '))
  })
})

describe('a recorded error', () => {
  test.for(errors)('$id is read as it was meant', (entry) => {
    const { status, headers } = entry.http
    const { retryAfterSeconds = 0, ...error } = readUpstreamError(status, headers, bytesOf(entry))
    const wanted = entry.expected.error!
    const { upstream_code: code = error.code, upstream_type: type = wanted.upstream_status ?? error.type } = wanted
    expect(error).toEqual({
      status: wanted.status,
      message: wanted.non_json ? 'Upstream returned HTTP 502 (text/html)' : wanted.message,
      ...(type === undefined ? {} : { type }),
      ...(code === undefined ? {} : { code: String(code) }),
      ...(wanted.param === undefined ? {} : { param: wanted.param }),
    })
    expect(Math.ceil(retryAfterSeconds)).toBe(wanted.retry_after_seconds ?? 0)
  })
})

/** What a payload may hold, as far as the question below goes. */
interface Payload {
  type?: string
  item?: { type: string }
  content_block?: { type: string }
  delta?: { text?: string; thinking?: string; partial_json?: string; toolUse?: { input: string }; reasoningContent?: { text?: string } }
  start?: { toolUse?: object }
  choices?: { delta?: Delta }[] | null
  candidates?: { content?: { parts?: { text?: string; functionCall?: object }[] } }[]
}

interface Delta {
  content?: string | null
  reasoning?: string
  reasoning_content?: string | null
  tool_calls?: { function: { name?: string; arguments?: string } }[]
}

/** The same question, asked of parsed JSON. */
function saysSomething(data: string): boolean {
  if (data.trim() === '' || data.trim() === '[DONE]') return false
  const { type = '', item, content_block: block, delta, start, choices, candidates } = JSON.parse(data) as Payload
  if (start) return start.toolUse !== undefined
  if (block) return !['text', 'thinking'].includes(block.type)
  if (type === 'content_block_delta') return Boolean(delta?.text || delta?.thinking || delta?.partial_json)
  if (type === 'response.output_item.added') return item?.type === 'function_call'
  if (type.startsWith('response.')) return type.endsWith('.delta')
  if (type === '' && delta) return Boolean(delta.text || delta.toolUse?.input || delta.reasoningContent?.text)
  if (candidates) return candidates.some(({ content }) => content?.parts?.some(({ text, functionCall }) => text || functionCall))
  return (choices ?? []).some(({ delta: said = {} }) => {
    const calls = (said.tool_calls ?? []).some((call) => call.function.name || call.function.arguments)
    return Boolean(said.content || said.reasoning_content || said.reasoning || calls)
  })
}
