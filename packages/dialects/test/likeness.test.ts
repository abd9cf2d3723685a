import { EventFramer, type Dialect } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { bytesOf, facts, factsOf, spoken } from './recorded.ts'
import { eventOf } from './seen.ts'

/** What a reader tells of each event; with a `comment` between any two of them, none of which is like the one before. */
function told(name: Dialect, events: readonly Buffer[], comment: boolean) {
  const reader = facts(name).openStream()
  const bits = events.map((event) => {
    if (comment) reader.see(Buffer.from(': \n\n'))
    return reader.see(event)
  })
  const { finished, usage, hasToolCalls, error, model, sentinelSeen } = reader
  return { bits, finished, usage, hasToolCalls, error, model, sentinelSeen }
}

const chat = (content: string, more: object = {}, finish: string | null = null): Buffer =>
  eventOf({ id: 'c', model: 'm', choices: [{ index: 0, delta: { content, ...more }, finish_reason: finish }] })
const chatRaw = (content: string): Buffer =>
  Buffer.from(`data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"${content}"},"finish_reason":null}]}\n\n`)
const block = (text: string, type = 'text_delta'): Buffer =>
  Buffer.from(`event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"${type}","text":"${text}"}}\n\n`)

describe('an event that is like the one before but for its text', () => {
  test.for<readonly [string, Dialect, readonly Buffer[]]>([
    ['another text', 'openai-chat', [chat('a'), chat('b'), chat('cc')]],
    ['no text', 'openai-chat', [chat('a'), chat('')]],
    ['a quote in the text', 'openai-chat', [chat('a'), chat('say "b"'), chat('c')]],
    ['a backslash at the end of the text', 'openai-chat', [chat('a'), chat('b\\'), chat('c')]],
    ['backslashes and quotes in the text', 'openai-chat', [chat('a'), chat('\\'), chat('"'), chat('\\"'), chat('\\\\"\\'), chat('c')]],
    ['a text that ends in a quote which is none', 'openai-chat', [chat('a'), chatRaw('b\\\\'), chatRaw('b\\\\\\'), chat('c')]],
    ['a text that ends the event', 'openai-chat', [chat('a'), chatRaw('b"},"finish_reason":"stop"}],"x":[{"y":{"z":"'), chat('c')]],
    ['a text with the whole tail in it', 'openai-chat', [chat('a'), chatRaw('b"},"finish_reason":null}]}\n\ndata: {"error":{"message":"')]],
    ['a finish reason', 'openai-chat', [chat('a'), chat('b', {}, 'stop'), chat('c')]],
    ['a tool call beside the text', 'openai-chat', [chat('a'), chat('b', { tool_calls: [{ index: 0, id: 't' }] }), chat('c')]],
    ['two texts', 'openai-chat', [chat('a', { reasoning: 'r' }), chat('b', { reasoning: '' }), chat('', { reasoning: 's' })]],
    ['an error in its place', 'openai-chat', [chat('a'), eventOf({ error: { message: 'no' } }), chat('c')]],
    ['the sentinel in its place', 'openai-chat', [chat('a'), Buffer.from('data: [DONE]\n\n'), chat('c')]],
    ['another text of Anthropic', 'anthropic-messages', [block('a'), block('b'), block(''), block('d')]],
    ['a quote in a text of Anthropic', 'anthropic-messages', [block('a'), block('\\"'), block('\\\\'), block('d')]],
  ])('tells the same as one that is looked through: %s', ([, name, events]) => {
    expect(told(name, events, false)).toEqual(told(name, events, true))
  })

  test('tells the same in every recorded stream', () => {
    const streams = spoken.filter(({ file }) => file.endsWith('.sse'))
    expect(streams.length).toBeGreaterThan(20)
    for (const fixture of streams) {
      const events = eventsIn(bytesOf(fixture))
      const { name } = factsOf(fixture)
      expect({ fixture, ...told(name, events, false) }).toEqual({ fixture, ...told(name, events, true) })
    }
  })
})

function eventsIn(stream: Buffer): Buffer[] {
  const framed = new EventFramer(Infinity).push(stream)
  let at = 0
  return (framed?.ends ?? []).map((end) => stream.subarray(at, (at = end)))
}
