import type { Dialect } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { decoded, eventsIn } from './events-in.ts'
import { facts } from './recorded.ts'
import { anthropicStream, asked, chatStream, delta, type Json } from './translating.ts'

/** Pieces of text: common ones, what stands in every event besides, what JSON escapes, and none. */
const pieces = ['Hel', 'lo', ' ', 'index', 'content', 'text', 'text_delta', 'null', 'say "hi"', '\\', 'a\nb', '', '😀', 'é', '"}}', '\\u0041', 'x'.repeat(300), 'end']

const chat = (events: readonly Json[]): Buffer[] => chatStream(...events, delta({}, 'stop'), '[DONE]')
const anthropic = (events: readonly Json[]): Buffer[] => [
  ...anthropicStream({ type: 'message_start', message: { id: 'm', model: 'm', usage: { input_tokens: 1 } } }, { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  ...anthropicStream(...events),
  ...anthropicStream({ type: 'content_block_stop', index: 0 }, { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }, { type: 'message_stop' }),
]
const textDelta = (text: string, index = 0): Json => ({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } })

const logprobs = { content: [{ token: 'x', logprob: -1, bytes: null, top_logprobs: [] }] }

/** All that a client gets where events that are like the one before are not parsed, as `ai-proxy` has it; and how many were not. */
function streamed(client: Dialect, provider: Dialect, bytes: readonly Buffer[]) {
  const stream = asked(client, provider).stream()
  const reader = facts(provider).openStream()
  let unparsed = 0
  const out = eventsIn(bytes).flatMap((event) => {
    reader.see(event)
    const text = reader.likeText?.(event)
    const like = text === undefined ? undefined : stream.likeEvent(text)
    if (like) unparsed++
    return like ?? stream.event(decoded(event))
  })
  return { told: [...out, ...stream.end()].map((event) => decoded(event)), failure: stream.failure, unparsed }
}

/** The same events, each with a member of its own that nobody reads: none is like another. */
const unlike = (events: readonly Json[]): Json[] => events.map((event, index) => ({ ...event, unread: `n${index}` }))

describe('what a client gets of events that are alike but for their text', () => {
  test.for<readonly [string, Dialect, Dialect, (events: readonly Json[]) => Buffer[], readonly Json[]]>([
    ['pieces of all kinds', 'anthropic-messages', 'openai-chat', chat, pieces.map((content) => delta({ content }))],
    ['pieces with a role', 'openai-responses', 'openai-chat', chat, pieces.map((content) => delta({ role: 'assistant', content }))],
    ['thoughts between them', 'anthropic-messages', 'openai-chat', chat, pieces.flatMap((content) => [delta({ reasoning_content: content }), delta({ content })])],
    ['another choice than the first', 'gemini', 'openai-chat', chat, pieces.map((content) => delta({ content }, null, 1))],
    ['citations beside them', 'openai-responses', 'openai-chat', chat, pieces.map((content) => delta({ content, annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.example', title: 'A', start_index: 0, end_index: 1 } }] }))],
    ['several choices', 'gemini', 'openai-chat', chat, pieces.map((content, index) => delta({ content }, null, index % 2))],
    ['calls between them', 'anthropic-messages', 'openai-chat', chat, [delta({ content: 'a' }), delta({ content: 'b' }), delta({ tool_calls: [{ index: 0, id: 't', function: { name: 'f', arguments: '{}' } }] }), delta({ content: 'c' })]],
    ['thoughts beside them', 'anthropic-messages', 'openai-chat', chat, pieces.map((content) => delta({ content, reasoning_content: 'hm' }))],
    ['probabilities beside them', 'openai-completions', 'openai-chat', chat, pieces.map((content) => ({ ...delta({}), choices: [{ index: 0, delta: { content }, logprobs, finish_reason: null }] }))],
    ['a member in place of one that is called as the text before', 'gemini', 'openai-chat', chat, [delta({ content: 'a', reasoning_content: 'hm' }), delta({ content: 'index' }), { ...delta({}), choices: [{ place: 0, delta: { content: 'index' }, finish_reason: null }] }]],
    ['pieces of Anthropic', 'openai-chat', 'anthropic-messages', anthropic, pieces.map((text) => textDelta(text))],
    ['pieces of Anthropic’s for a block that is closed', 'openai-chat', 'anthropic-messages', anthropic, [textDelta('a'), textDelta('b'), { type: 'content_block_stop', index: 0 }, { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }, textDelta('late'), textDelta('c', 1)]],
    ['pieces of Anthropic’s for a block that is not open', 'openai-responses', 'anthropic-messages', anthropic, [textDelta('a'), textDelta('b'), textDelta('c', 1), textDelta('d', 1), textDelta('e')]],
  ])('is what it gets where none is like another: %s', ([, client, provider, stream, events]) => {
    const like = streamed(client, provider, stream(events))
    const parsed = streamed(client, provider, stream(unlike(events)))
    expect(like.told).toEqual(parsed.told)
    expect(parsed.unparsed).toBe(0)
  })

  test('is made without parsing them', () => {
    const events = Array.from({ length: 50 }, (_, index) => `word ${index}`)
    expect(streamed('anthropic-messages', 'openai-chat', chat(events.map((content) => delta({ content })))).unparsed).toBeGreaterThan(45)
    const quoted = events.map((content) => `"${content}",\n\\`)
    expect(streamed('anthropic-messages', 'openai-chat', chat(quoted.map((content) => delta({ content })))).unparsed).toBeGreaterThan(45)
    expect(streamed('openai-chat', 'anthropic-messages', anthropic(events.map((text) => textDelta(text)))).unparsed).toBeGreaterThan(45)
  })

  test('is an error where an event is no JSON, though it is like the one before', () => {
    const raw = JSON.stringify(delta({ content: 'CUT' })).replace('CUT', 'a\tb')
    const { told, failure } = streamed('anthropic-messages', 'openai-chat', [...chatStream(delta({ content: 'a' }), delta({ content: 'b' })), Buffer.from(`data: ${raw}\n\n`)])
    expect(told.at(-1)?.event).toBe('error')
    expect(failure?.message).toContain('not a JSON object')
  })
})
