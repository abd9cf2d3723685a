import { EventFramer } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { readUpstreamError, Saw, type StreamReader } from '../src/index.ts'
import { bytesOf, everything, factsOf, spoken, type Recorded } from './recorded.ts'

const streams = spoken.filter(({ streaming }) => streaming)
const answers = spoken.filter(({ streaming, expected }) => !streaming && expected.outcome === 'ok')
const errors = everything.filter(({ streaming, expected }) => !streaming && expected.outcome === 'error')

function eventsOf(chunks: readonly Buffer[]): Buffer[] {
  const framer = new EventFramer(1 << 20)
  const events: Buffer[] = []
  for (const chunk of chunks) {
    const framed = framer.push(chunk)
    let start = 0
    for (const end of framed?.ends ?? []) {
      events.push(framed!.bytes.subarray(start, end))
      start = end
    }
  }
  const rest = framer.end()
  return rest ? [...events, rest] : events
}

/** All that a reader tells, and the bits of each event. */
function read(entry: Recorded, chunks: readonly Buffer[]) {
  const facts = factsOf(entry)
  const reader = facts.openStream()
  const events = eventsOf(chunks)
  const bits = events.map((event) => reader.see(event))
  const text = events.map((event) => facts.textOfEvent(event)).join('')
  return { bits, text, ...stateOf(reader) }
}

function stateOf(reader: StreamReader) {
  const { finished, sentinelSeen, usage, rawUsage, model, hasToolCalls, error } = reader
  return { finished, sentinelSeen, usage, rawUsage, model, hasToolCalls, error }
}

function hasToolCalls({ expected }: Recorded): boolean {
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
    expect(seen.hasToolCalls).toBe(hasToolCalls(entry))
    if (expected.model) expect(seen.model).toBe(expected.model)
    if (!isError) expect(seen.usage).toEqual(usageOf(entry))
    expect(seen.error?.message).toBe(expected.stream_error?.message)
    expect(seen.text).toBe((expected.choices ?? []).map(({ content }) => content ?? '').join(''))
  })

  test.for(streams)('$id has content exactly where its events say something', (entry) => {
    const reader = factsOf(entry).openStream()
    const found = eventsOf([bytesOf(entry)]).map((event) => (reader.see(event) & Saw.content) !== 0)
    expect(found).toEqual(eventsOf([bytesOf(entry)]).map((event) => saysSomething(event.toString())))
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

  test.for(streams)('$id is read alike with every line end, and with comments and names between', (entry) => {
    const text = bytesOf(entry).toString()
    const whole = read(entry, [Buffer.from(text)])
    for (const eol of ['\r\n', '\r']) {
      expect(read(entry, [Buffer.from(text.replaceAll(/\r?\n/g, eol))])).toEqual(whole)
    }
    expect(read(entry, [Buffer.from(text.replaceAll(/^data:/gm, ': between\nid: 1\ndata:'))])).toEqual(whole)
  })

  test.for(streams)('$id is not finished before its end', (entry) => {
    const reader = factsOf(entry).openStream()
    for (const event of eventsOf([bytesOf(entry)])) {
      const before = reader.finished
      const bits = reader.see(event)
      // What may follow the end: usage, [DONE], comments, and OpenRouter's second finish.
      if (before) expect(bits & Saw.content).toBe(0)
      else if (reader.finished) expect(bits & (Saw.finish | Saw.sentinel)).not.toBe(0)
    }
  })
})

describe('a recorded answer', () => {
  test.for(answers)('$id is read as it was meant', (entry) => {
    const { expected, api } = entry
    const facts = factsOf(entry)
    const body = bytesOf(entry)
    const answer = facts.readAnswer(body)
    expect(answer.isJson).toBe(true)
    expect(answer.error).toBeUndefined()
    expect(answer.hasToolCalls).toBe(hasToolCalls(entry))
    expect(answer.model).toBe(expected.model)
    expect(answer.usage).toEqual(usageOf(entry))
    expect(answer.rawUsage).toEqual((JSON.parse(body.toString()) as { usage: unknown }).usage)
    if (api === 'embeddings') expect(facts.textOf(body)).toBe('')
    else expect(facts.textOf(body)).toBe(expected.choices?.map(({ content }) => content ?? '').join(' '))
  })
})

describe('a recorded error', () => {
  test.for(errors)('$id is read as it was meant', ({ expected, http, ...entry }) => {
    const { status, headers } = http
    const wanted = expected.error!
    const error = readUpstreamError(status, headers, bytesOf({ expected, http, ...entry }))
    expect(error.status).toBe(wanted.status)
    expect(error.message).toBe(wanted.non_json ? `Upstream returned HTTP 502 (text/html)` : wanted.message)
    if (wanted.upstream_code !== undefined) expect(error.code).toBe(String(wanted.upstream_code))
    if (wanted.upstream_type ?? wanted.upstream_status) {
      expect(error.type).toBe(wanted.upstream_type ?? wanted.upstream_status)
    }
    expect(error.param).toBe(wanted.param)
    expect(error.retryAfterSeconds === undefined ? undefined : Math.ceil(error.retryAfterSeconds)).toBe(
      wanted.retry_after_seconds,
    )
  })
})

/** The same question, asked of parsed JSON. */
function saysSomething(event: string): boolean {
  const data = /^data: ?(.*)$/m.exec(event)?.[1]?.trim()
  if (data === undefined || data === '[DONE]') return false
  const json = JSON.parse(data) as Record<string, any>
  if (json['type'] === 'content_block_start') return !['text', 'thinking'].includes(json['content_block'].type)
  if (json['type'] === 'content_block_delta') {
    const { text, thinking, partial_json: input } = json['delta']
    return Boolean(text || thinking || input)
  }
  if (json['type'] === 'response.output_item.added') return json['item'].type === 'function_call'
  if (json['type']?.startsWith('response.')) return json['type'].endsWith('.delta')
  return (json['choices'] ?? []).some(({ delta = {} }: { delta?: Record<string, any> }) => {
    const calls = (delta['tool_calls'] ?? []).some((call: any) => call.function.name || call.function.arguments)
    return Boolean(delta['content'] || delta['reasoning_content'] || delta['reasoning'] || delta['refusal'] || calls)
  })
}
