import { describe, expect, test } from 'vitest'
import { completionProblems } from '../../../test/support/completion-schema.ts'
import { Saw, Untranslatable } from '../src/index.ts'
import { collectedCompletion } from './collected-completion.ts'
import { facts, recorded } from './recorded.ts'
import { eventsIn } from './events-in.ts'
import { asked, chatStream, delta, streamed, translating, type Json } from './translating.ts'

/** An old request as a provider of chats gets it. */
function toChat(body: Json): Json {
  return translating('openai-completions', 'openai-chat').request({ model: 'm', prompt: 'Once', ...body })
}

function refused(body: Json): Untranslatable {
  try {
    toChat(body)
  } catch (error) {
    if (error instanceof Untranslatable) return error
    throw error
  }
  throw new Error('it was not refused')
}

/** What an old client gets whole. */
function wholeOf(body: Json, ...choices: Json[]): Json & { choices: Json[] } {
  const completion = asked('openai-completions', 'openai-chat', body).answer({ id: 'c', created: 1, model: 'm', choices })
  expect(completionProblems(completion, false)).toEqual([])
  return completion as Json & { choices: Json[] }
}

/** What an old client makes of a stream. */
function streamOf(body: Json, ...chunks: (Json | string)[]) {
  return collectedCompletion(streamed(asked('openai-completions', 'openai-chat', body).stream(), chatStream(...chunks)))
}

const token = (name: string, logprob: number): Json => ({ token: name, logprob, bytes: null, top_logprobs: [{ token: name, logprob, bytes: null }] })
const likely = (content: string, told: Json): Json => ({ id: 'c', model: 'm', choices: [{ index: 0, delta: { content }, logprobs: { content: [told] }, finish_reason: null }] })
const said = (content: string, more: Json = {}): Json => ({ index: 0, message: { content }, finish_reason: 'stop', ...more })

describe('a request of the old completions', () => {
  test('is a chat with one message', () => {
    expect(toChat({ max_tokens: 9, temperature: 0.5, top_p: 0.9, n: 2, stop: 'END', presence_penalty: 1, frequency_penalty: 1, logit_bias: { 5: 1 }, seed: 7, user: 'u', echo: false, suffix: null, best_of: 1, logprobs: null })).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Once' }],
      max_completion_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      n: 2,
      stop: ['END'],
      presence_penalty: 1,
      frequency_penalty: 1,
      logit_bias: { 5: 1 },
      seed: 7,
      user: 'u',
    })
  })

  test('is answered by Anthropic, too', () => {
    expect(translating('openai-completions', 'anthropic-messages').request({ model: 'claude', prompt: ['Once'], max_tokens: 9 })).toEqual({ model: 'claude', max_tokens: 9, messages: [{ role: 'user', content: 'Once' }] })
  })

  test('asks how likely tokens are by a number', () => {
    expect(toChat({ logprobs: 2 })).toMatchObject({ logprobs: true, top_logprobs: 2 })
    expect(toChat({ logprobs: 0 })).not.toHaveProperty('top_logprobs')
  })

  test.for<[what: string, body: Json, param: string, code?: string]>([
    ['several prompts', { prompt: ['a', 'b'] }, 'prompt', 'unsupported_parameter'],
    ['tokens', { prompt: [1, 2] }, 'prompt', 'unsupported_parameter'],
    ['a list of tokens', { prompt: [[1, 2]] }, 'prompt', 'unsupported_parameter'],
    ['filling in', { suffix: 'end' }, 'suffix', 'unsupported_parameter'],
    ['the best of several', { best_of: 2 }, 'best_of', 'unsupported_parameter'],
    ['no prompt', { prompt: null }, 'prompt'],
    ['an empty prompt', { prompt: [''] }, 'prompt'],
    ['likelihoods in words', { logprobs: true }, 'logprobs'],
    ['44: no tokens', { max_tokens: 0 }, 'max_completion_tokens'],
    ['a temperature in words', { temperature: 'hot' }, 'temperature'],
  ])('is refused where it has %s', ([, body, param, code = 'invalid_request']) => {
    expect(refused(body)).toMatchObject({ status: 400, code, param })
  })
})

describe('a text completion', () => {
  test('begins with the prompt where the client wants it, once for each choice', () => {
    const choices = [said(' upon'), { ...said(' more'), index: 1 }]
    expect(wholeOf({ prompt: 'Once', echo: true }, ...choices).choices).toMatchObject([{ text: 'Once upon' }, { index: 1, text: 'Once more' }])
    const pieces = streamOf({ prompt: 'Once', echo: true, n: 2 }, delta({ content: ' up' }), delta({ content: ' more' }, null, 1), delta({ content: 'on' }), delta({}, 'stop'), delta({}, 'stop', 1))
    expect(pieces.body['choices']).toMatchObject([{ text: 'Once upon' }, { index: 1, text: 'Once more' }])
  })

  test('has refusals as text, and no thoughts, tools or pages', () => {
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }
    expect(wholeOf({}, { index: 0, message: { content: 'a', refusal: 'No.', reasoning_content: 'hm', tool_calls: [call] }, finish_reason: 'tool_calls' }).choices).toEqual([{ text: 'aNo.', index: 0, logprobs: null, finish_reason: 'stop' }])
    const pieces = streamOf({}, delta({ reasoning_content: 'hm' }), delta({ content: 'a' }), delta({ refusal: 'No.' }), delta({ tool_calls: [{ index: 0, ...call }] }), delta({}, 'tool_calls'))
    expect(pieces.body['choices']).toEqual([{ text: 'aNo.', index: 0, logprobs: null, finish_reason: 'stop' }])
  })

  test('tells how likely tokens were in lists, by their place', () => {
    const logprobs = { content: [token(' up', -0.5), token('on', -1)] }
    expect(wholeOf({ prompt: 'Once', echo: true }, said(' upon', { logprobs })).choices).toMatchObject([
      { logprobs: { tokens: [' up', 'on'], token_logprobs: [-0.5, -1], top_logprobs: [{ ' up': -0.5 }, { on: -1 }], text_offset: [4, 7] } },
    ])
    const events = streamed(asked('openai-completions', 'openai-chat').stream(), chatStream(likely(' up', token(' up', -0.5)), likely('on', token('on', -1)), delta({}, 'stop')))
    const offsets = events.slice(0, 2).map(({ data }) => (JSON.parse(data) as { choices: { logprobs: { text_offset: number[] } }[] }).choices[0]!.logprobs.text_offset)
    expect(offsets).toEqual([[0], [3]])
  })

  test('is streamed with its usage where the client asks for it, and ends once', () => {
    const chunks = [delta({ content: 'a' }), delta({}, 'length'), { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }, '[DONE]', '[DONE]']
    expect(streamOf({ stream: true, stream_options: { include_usage: true } }, ...chunks)).toMatchObject({ terminals: ['[DONE]'], body: { object: 'text_completion', usage: { total_tokens: 7 }, choices: [{ text: 'a', finish_reason: 'length' }] } })
    expect(streamOf({ stream: true }, ...chunks).body).not.toHaveProperty('usage')
  })

  test('that breaks off or fails ends in an error, and no finish', () => {
    expect(streamOf({}, delta({ content: 'a' }))).toMatchObject({ terminals: ['error'], body: { choices: [{ finish_reason: null }] } })
    expect(streamOf({}, delta({ content: 'a' }), { error: { message: 'oops', code: 500 } })).toMatchObject({ terminals: ['error'], error: { message: 'oops' } })
  })

  test('text is never held: each piece leaves with the event that it came in', () => {
    const stream = asked('openai-completions', 'openai-chat').stream()
    expect(chatStream(delta({ role: 'assistant', content: '' }), delta({ content: 'a' }), delta({ content: 'b' })).map((chunk) => stream.event({ event: '', data: chunk.toString().slice(6).trim() }).length)).toEqual([0, 1, 1])
  })

  test('is read from a recorded stream: text, finish, usage and end', () => {
    const known = facts('openai-completions')
    const reader = known.openStream()
    const events = eventsIn([recorded('openai-completions-stream')])
    const bits = events.map((event) => reader.see(event))
    expect([bits[0], bits.at(-3)! & Saw.finish, bits.at(-2)! & Saw.usageOnly, bits.at(-1)]).toEqual([Saw.content, Saw.finish, Saw.usageOnly, Saw.sentinel])
    expect([reader.finished, reader.usage?.totalTokens, reader.model]).toEqual([true, 56, 'babbage:2023-07-21-v2'])
    expect(events.map(known.textOfEvent).join('')).toMatch(/^ \+ fib\(n-3\) \+ fib/)
    const body = Buffer.from('{"choices":[{"text":"a","index":0},{"text":"b","index":1}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}')
    expect([known.textOf(body), known.readAnswer([body]).usage?.totalTokens]).toEqual(['a b', 3])
  })
})
