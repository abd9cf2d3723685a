import { decodeEvent } from '@sluice/provider'
import { describe, expect, test } from 'vitest'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { translators } from '../src/index.ts'
import { TranslationContext } from '../src/translate/translation-context.ts'
import { chunksOf } from './chunks.ts'
import { collectedResponse } from './collected-response.ts'
import { collectedChat, collectedMessage } from './collected.ts'
import { answerFor, type Says } from './conversations.ts'
import { Random } from './random.ts'
import { anthropicStream, asked, chatStream, delta, streamed, translating, type Json } from './translating.ts'

function call(id: string, name = 'f', text = '{}'): Json {
  return { id, type: 'function', function: { name, arguments: text } }
}

const goesOn = (index: number, text: string): Json => delta({ tool_calls: [{ index, function: { arguments: text } }] })

/** What a client of Responses makes of a provider's chunks. */
function responseOf(...chunks: (Json | string)[]) {
  const events = streamed(asked('openai-responses', 'openai-chat').stream(), chatStream(...chunks))
  expect(events.flatMap(({ data }) => schemaProblems('openAi', 'ResponseStreamEvent', JSON.parse(data)))).toEqual([])
  return collectedResponse(events)
}

/** What a client of Responses makes of Anthropic's events. */
function responseOfMessage(...events: Json[]) {
  return collectedResponse(streamed(asked('openai-responses', 'anthropic-messages').stream(), anthropicStream(...events)))
}

/** The response that a client gets whole. */
function wholeOf(message: Json, finish = 'stop', more: Json = {}): Json & { output: Json[] } {
  const response = asked('openai-responses', 'openai-chat').answer({ id: 'c', model: 'm', choices: [{ index: 0, message, finish_reason: finish, ...more }] })
  expect(schemaProblems('openAi', 'Response', response)).toEqual([])
  return response as Json & { output: Json[] }
}

const response = (more: Json = {}): Json => ({ id: 'resp_1', object: 'response', created_at: 5.5, model: 'gpt', status: 'completed', error: null, incomplete_details: null, output: [], ...more })
const ended = (more: Json = {}): Json => ({ type: 'response.completed', response: response(more) })
const created: Json = { type: 'response.created', response: response({ status: 'in_progress' }) }
const added = (output_index: number, item: Json): Json => ({ type: 'response.output_item.added', output_index, item })
const done = (output_index: number, item: Json): Json => ({ type: 'response.output_item.done', output_index, item })
const messageItem = (id: string, ...texts: string[]): Json => ({ id, type: 'message', role: 'assistant', content: texts.map((text) => ({ type: 'output_text', text, annotations: [] })) })
const says = (item_id: string, output_index: number, piece: string, content_index = 0): Json => ({ type: 'response.output_text.delta', item_id, output_index, content_index, delta: piece, logprobs: [] })
const callItem = (id: string, text = ''): Json => ({ id: `fc_${id}`, type: 'function_call', call_id: id, name: 'f', arguments: text })

const thinks = (summary_index: number, piece: string): Json => ({ type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', output_index: 0, summary_index, delta: piece })

/** What a chat client makes of the events of a provider of Responses. */
function chatOf(...events: Json[]) {
  return collectedChat(streamed(asked('openai-chat', 'openai-responses', { stream_options: { include_usage: true } }).stream(), anthropicStream(...events)))
}

function choiceOf({ body }: { body: Json }): Json & { message: Json } {
  return (body['choices'] as (Json & { message: Json })[])[0]!
}

function chatAnswer(more: Json): Json & { message: Json } {
  return choiceOf({ body: asked('openai-chat', 'openai-responses').answer(response(more)) })
}

/** Everything that an answer may hold. */
const everything: Says = {
  cacheControl: true,
  signedReasoning: true,
  thinkingBudget: true,
  topK: true,
  isError: true,
  picturesFromTools: true,
  documents: true,
  citations: true,
  severalChoices: true,
  refusal: true,
  stopSequence: true,
}

const context = (): TranslationContext => new TranslationContext({ now: () => 1_700_000_000, newId: () => 'made', maxHeld: 1 << 20 })

/** A response without the ids of its items, which count in the order in which they were made up. */
function unnumbered({ output, ...more }: Json): Json {
  return { ...more, output: (output as Json[]).map(({ id: _id, ...item }) => item) }
}

describe('an answer for a client of the Responses API', () => {
  test.for([true, false])('says streamed what it says whole (OpenAI’s reasoning: %s)', (encryptedReasoning) => {
    const { answerFromChat, streamFromChat } = translators.find(({ dialect }) => dialect === 'openai-responses')!
    for (let seed = 1; seed <= 150; seed++) {
      const answer = answerFor({ ...everything, encryptedReasoning }, seed)
      const writer = streamFromChat(context())
      const events: Buffer[] = []
      for (const chunk of chunksOf(new Random(seed), answer)) writer.write(chunk, events)
      writer.end(events)
      const decoded = events.map((event) => decodeEvent(event))
      expect({ seed, problems: decoded.flatMap(({ data }) => schemaProblems('openAi', 'ResponseStreamEvent', JSON.parse(data))) }).toEqual({ seed, problems: [] })
      expect({ seed, response: unnumbered(collectedResponse(decoded).body) }).toEqual({ seed, response: unnumbered(JSON.parse(JSON.stringify(answerFromChat(answer, context()))) as Json) })
    }
  })

  test('2: a call without arguments has {} for them, whole and streamed', () => {
    const block = [{ type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'a', name: 'f', input: {} } }, { type: 'content_block_stop', index: 0 }]
    const events = [{ type: 'message_start', message: { id: 'msg_1', model: 'claude', content: [] } }, ...block, { type: 'message_delta', delta: { stop_reason: 'tool_use' } }, { type: 'message_stop' }]
    expect(responseOfMessage(...events).body['output']).toMatchObject([{ arguments: '{}', status: 'completed' }])
    expect(responseOf(delta({ tool_calls: [{ index: 0, ...call('a', 'f', '') }] }, 'tool_calls')).body['output']).toMatchObject([{ arguments: '{}', status: 'completed' }])
    expect(wholeOf({ tool_calls: [call('a', 'f', '')] }, 'tool_calls').output).toMatchObject([{ arguments: '{}', status: 'completed' }])
  })

  test('7: Azure’s first chunk is nobody’s', () => {
    const { body } = responseOf({ id: '', object: '', created: 0, model: '', choices: [], prompt_filter_results: [] }, { ...delta({ content: 'a' }), id: 'real', model: 'gpt' }, delta({}, 'stop'), '[DONE]')
    expect(body).toMatchObject({ id: 'real', model: 'gpt', status: 'completed' })
  })

  test.for<[where: string, chunks: Json[]]>([
    ['in a chunk of its own', [delta({}, 'stop'), { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } }]],
    ['on the finish', [{ ...delta({}, 'stop'), usage: { prompt_tokens: 3, completion_tokens: 4 } }]],
    ['twice', [{ ...delta({}, 'stop'), usage: { prompt_tokens: 3, completion_tokens: 4 } }, { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } }]],
  ])('9: usage %s is counted once, with all its members', ([, chunks]) => {
    expect(responseOf(delta({ content: 'a' }), ...chunks, '[DONE]').body['usage']).toEqual({ input_tokens: 3, input_tokens_details: { cached_tokens: 0 }, output_tokens: 4, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 7 })
  })

  test('10, 13: a finish that is told twice, or without [DONE], ends the response once', () => {
    expect(responseOf(delta({ content: 'a' }, 'length'), delta({}, 'stop'), '[DONE]', '[DONE]')).toMatchObject({ terminals: ['response.incomplete'], body: { incomplete_details: { reason: 'max_output_tokens' } } })
    expect(responseOf(delta({ content: 'a' }, 'stop')).terminals).toEqual(['response.completed'])
  })

  test('11, 12: an error ends in one event, which SDKs throw, with what there was of the answer', () => {
    const late = responseOf(delta({ content: 'a' }), { error: { code: 502, message: 'Token limit reached' } }, '[DONE]')
    expect(late).toMatchObject({ terminals: ['response.failed'], error: { message: 'Token limit reached', code: '502' }, body: { status: 'failed', error: { code: '502', message: 'Token limit reached' }, output: [{ status: 'in_progress', content: [{ text: 'a' }] }] } })
    expect(responseOf({ error: { message: 'no', type: 'server_error' } })).toMatchObject({ terminals: ['response.failed'], body: { error: { code: 'server_error', message: 'no' }, output: [] } })
  })

  test('13: a stream that was cut never looks finished', () => {
    expect(responseOf(delta({ content: 'a' })).terminals).toEqual(['response.failed'])
    expect(responseOf().terminals).toEqual(['response.failed'])
  })

  test('14, 15: calls by whatever index, and without an id, are items of their own', () => {
    const { body } = responseOf(delta({ tool_calls: [{ index: 0, ...call('a') }] }), delta({ tool_calls: [{ index: 0, ...call('b') }] }), delta({ tool_calls: [{ index: 7, ...call('') }] }), delta({}, 'tool_calls'))
    const output = body['output'] as Json[]
    expect(output.map((item) => item['call_id'])).toEqual(['a', 'b', expect.stringMatching(/^call_/)])
    expect(output.map((item) => item['id'])).toEqual([1, 2, 3].map(() => expect.stringMatching(/^fc_/) as string))
  })

  test('16: two calls of one function are two', () => {
    expect(wholeOf({ tool_calls: [call('a'), call('b')] }, 'tool_calls').output).toMatchObject([{ call_id: 'a', name: 'f' }, { call_id: 'b', name: 'f' }])
  })

  test('19: the first of several answers is the one', () => {
    const { body } = responseOf(delta({ content: 'a' }), delta({ content: 'z' }, null, 1), delta({}, 'stop', 1), delta({}, 'stop'))
    expect(body['output']).toMatchObject([{ content: [{ text: 'a' }] }])
  })

  test('20: a call that the limit of tokens cut off is incomplete, and so is the response', () => {
    const cut = [{ type: 'function_call', status: 'completed', arguments: '{"a":1}' }, { type: 'function_call', status: 'incomplete', arguments: '{"b": 1, "c' }]
    const calls = [call('a', 'f', '{"a":1}'), call('b', 'f', '{"b": 1, "c')]
    expect(wholeOf({ tool_calls: calls }, 'length')).toMatchObject({ status: 'incomplete', output: cut })
    expect(responseOf(...calls.map((one, index) => delta({ tool_calls: [{ index, ...one }] })), delta({}, 'length')).body).toMatchObject({ status: 'incomplete', output: cut })
  })

  test('21, 28, 29: stops behind calls, content in parts and refusals', () => {
    expect(responseOf(delta({ tool_calls: [{ index: 0, ...call('a') }] }), delta({}, 'stop')).body['status']).toBe('completed')
    expect(responseOf(delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }), delta({ content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }, 'stop')).body['output']).toMatchObject([{ type: 'reasoning', summary: [{ text: 'hm' }] }, { content: [{ text: 'ab' }] }])
    expect(responseOf(delta({ content: 'Well. ' }), delta({ refusal: 'I ' }), delta({ refusal: 'cannot.' }), delta({}, 'stop')).body).toMatchObject({ status: 'completed', output: [{ content: [{ type: 'output_text', text: 'Well. ' }, { type: 'refusal', refusal: 'I cannot.' }] }] })
  })

  test('filtered content is incomplete', () => {
    expect(wholeOf({ content: 'a' }, 'content_filter')).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [{ status: 'incomplete' }] })
  })

  test('33: an answer of nothing is a response without output', () => {
    expect(wholeOf({ content: '' }).output).toEqual([])
    expect(responseOf(delta({}, 'length'))).toMatchObject({ terminals: ['response.incomplete'], body: { output: [] } })
  })

  test('calls that arrive interleaved are told as they come, each under its own number', () => {
    const stream = asked('openai-responses', 'openai-chat').stream()
    const chunks = chatStream(
      delta({ tool_calls: [{ index: 0, ...call('a', 'f', '') }, { index: 1, ...call('b', 'g', '') }] }),
      delta({ tool_calls: [{ index: 1, function: { arguments: '{"y"' } }, { index: 0, function: { arguments: '{"x":' } }] }),
      delta({ tool_calls: [{ index: 1, function: { arguments: ':2}' } }, { index: 0, function: { arguments: '1}' } }] }),
      delta({}, 'tool_calls'),
    )
    expect(chunks.map((chunk) => stream.event({ event: '', data: chunk.toString().slice(6).trim() }).length)).toEqual([4, 2, 2, 0])
    const { body } = collectedResponse(streamed(asked('openai-responses', 'openai-chat').stream(), chunks))
    expect(body['output']).toMatchObject([{ call_id: 'a', arguments: '{"x":1}' }, { call_id: 'b', arguments: '{"y":2}' }])
  })

  test('a call that is whole ends when the next begins', () => {
    const events = streamed(asked('openai-responses', 'openai-chat').stream(), chatStream(delta({ tool_calls: [{ index: 0, ...call('a') }] }), delta({ tool_calls: [{ index: 1, ...call('b') }] }), delta({}, 'tool_calls')))
    const order = events.map(({ event, data }) => `${event} ${String((JSON.parse(data) as Json)['output_index'])}`)
    expect(order.indexOf('response.output_item.done 0')).toBeLessThan(order.indexOf('response.output_item.added 1'))
  })

  test('calls of tools whose input is a text are told as such, once the text is whole', () => {
    const tools = [{ type: 'custom', name: 'apply_patch' }, { type: 'function', name: 'f' }]
    const wrapped = JSON.stringify({ input: '*** "x"\n+}' })
    const called = [{ type: 'custom_tool_call', call_id: 'a', name: 'apply_patch', input: '*** "x"\n+}' }, { type: 'function_call', call_id: 'b' }, { type: 'custom_tool_call', call_id: 'c', input: 'bare' }]
    const calls = [call('a', 'apply_patch', wrapped), call('b'), call('c', 'apply_patch', 'bare')]
    const whole = asked('openai-responses', 'openai-chat', { tools }).answer({ choices: [{ message: { tool_calls: calls }, finish_reason: 'tool_calls' }] })
    expect(whole['output']).toMatchObject(called)
    expect(schemaProblems('openAi', 'Response', whole)).toEqual([])
    const [first, second, third] = calls
    const chunks = chatStream(delta({ tool_calls: [{ index: 0, ...first, function: { name: 'apply_patch', arguments: '' } }] }), goesOn(0, wrapped.slice(0, 14)), goesOn(0, wrapped.slice(14)), delta({ tool_calls: [{ index: 1, ...second }] }), delta({ tool_calls: [{ index: 2, ...third }] }), delta({}, 'tool_calls'))
    const events = streamed(asked('openai-responses', 'openai-chat', { tools }).stream(), chunks)
    expect(events.flatMap(({ data }) => schemaProblems('openAi', 'ResponseStreamEvent', JSON.parse(data)))).toEqual([])
    expect(collectedResponse(events).body['output']).toMatchObject(called)
    const cut = streamed(asked('openai-responses', 'openai-chat', { tools }).stream(), [...chunks.slice(0, 2), ...chatStream(delta({}, 'length'))])
    expect(collectedResponse(cut).body).toMatchObject({ status: 'incomplete', output: [{ type: 'custom_tool_call', input: '' }] })
  })

  test('text is never held: each piece leaves with the event that it came in', () => {
    const stream = asked('openai-responses', 'openai-chat').stream()
    expect(chatStream(delta({ role: 'assistant', content: '' }), delta({ content: 'a' }), delta({ content: 'b' }), delta({ content: 'c' })).map((chunk) => stream.event({ event: '', data: chunk.toString().slice(6).trim() }).length)).toEqual([2, 3, 1, 1])
  })

  test('what the last event has to repeat is bounded', () => {
    const stream = asked('openai-responses', 'openai-chat', {}, { maxHeld: 100 }).stream()
    const { error, terminals } = collectedResponse(streamed(stream, chatStream(delta({ content: 'x'.repeat(60) }), delta({ content: 'x'.repeat(60) }), delta({}, 'stop'))))
    expect(error).toMatchObject({ code: 'event_too_large' })
    expect(terminals).toEqual(['response.failed'])
  })

  test('30, 32: pages that Anthropic found are citations of the text, whose pieces are one', () => {
    const citation = { type: 'web_search_result_location', url: 'https://a.example', title: 'A', cited_text: 'x', encrypted_index: 'e' }
    const content = [{ type: 'server_tool_use', id: 's', name: 'web_search', input: {} }, { type: 'text', text: 'It is ' }, { type: 'text', text: 'warm', citations: [citation] }]
    const answer = asked('openai-responses', 'anthropic-messages').answer({ content, stop_reason: 'end_turn' })
    const cited = { type: 'url_citation', url: 'https://a.example', title: 'A', start_index: 6, end_index: 10 }
    expect(answer['output']).toMatchObject([{ content: [{ text: 'It is warm', annotations: [cited] }] }])
    const events = [
      { type: 'message_start', message: { id: 'msg_1', content: [] } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: 'It is ' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'warm' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'citations_delta', citation } },
      { type: 'content_block_stop', index: 1 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' } },
      { type: 'message_stop' },
    ]
    expect(responseOfMessage(...events).body['output']).toMatchObject([{ content: [{ text: 'It is warm', annotations: [cited] }] }])
  })

  test('31: what Anthropic signed or enciphered comes back to it with the client’s next request', () => {
    const blocks = [{ type: 'thinking', thinking: 'hm', signature: 'sig#1' }, { type: 'redacted_thinking', data: 'zz' }, { type: 'tool_use', id: 'a', name: 'f', input: {} }]
    const tools = [{ type: 'function', name: 'f' }]
    const whole = asked('openai-responses', 'anthropic-messages').answer({ content: blocks, stop_reason: 'tool_use' })
    const events: Json[] = [
      { type: 'message_start', message: { id: 'msg_1', content: [] } },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'h' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'm' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'sig#1' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'redacted_thinking', data: 'zz' } },
      { type: 'content_block_stop', index: 1 },
      { type: 'content_block_start', index: 2, content_block: { type: 'tool_use', id: 'a', name: 'f', input: {} } },
      { type: 'content_block_stop', index: 2 },
      { type: 'message_delta', delta: { stop_reason: 'tool_use' } },
      { type: 'message_stop' },
    ]
    const pieces = responseOfMessage(...events).body
    for (const { output } of [whole, pieces] as { output: Json[] }[]) {
      expect(output).toMatchObject([{ type: 'reasoning', summary: [{ text: 'hm' }] }, { type: 'reasoning', summary: [] }, { type: 'function_call' }])
      const next = translating('openai-responses', 'anthropic-messages').request({ model: 'claude', tools, input: [{ role: 'user', content: 'Hi' }, ...output, { type: 'function_call_output', call_id: 'a', output: '1' }] })
      expect((next['messages'] as Json[])[1]).toEqual({ role: 'assistant', content: blocks })
    }
  })

  test('31: what was signed apart stays apart, numbered or not', () => {
    const details = ['s1', 's2'].map((signature) => ({ type: 'reasoning.text', text: `by ${signature}`, signature, format: 'anthropic-claude-v1' }))
    const items = details.map(({ text, signature }) => ({ type: 'reasoning', summary: [{ type: 'summary_text', text }], encrypted_content: `anthropic-claude-v1#signature#${signature}` }))
    expect(wholeOf({ content: 'a', reasoning_details: details }).output.slice(0, 2)).toMatchObject(items)
    expect(wholeOf({ content: 'a', reasoning_details: details.map((detail, index) => ({ ...detail, index })) }).output.slice(0, 2)).toMatchObject(items)
  })

  test('thoughts that others tell are a summary', () => {
    expect(responseOf(delta({ reasoning_content: 'h' }), delta({ reasoning_content: 'm' }), delta({ content: 'a' }, 'stop')).body['output']).toMatchObject([{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] }, { type: 'message' }])
  })

  test('47: separators of lines and joined emoji pass, whatever they look like', () => {
    const said = 'a\u2028b\u2029 👩‍👩‍👧‍👦'
    expect(responseOf(delta({ content: said }, 'stop')).body['output']).toMatchObject([{ content: [{ text: said }] }])
  })

  test('how likely each token was stands beside its piece, and in the whole', () => {
    const token = { token: 'a', logprob: -0.5, bytes: null, top_logprobs: [{ token: 'b', logprob: -1, bytes: [98] }] }
    const written = [{ token: 'a', logprob: -0.5, bytes: [97], top_logprobs: [{ token: 'b', logprob: -1, bytes: [98] }] }]
    expect(wholeOf({ content: 'a' }, 'stop', { logprobs: { content: [token] } }).output).toMatchObject([{ content: [{ logprobs: written }] }])
    const chunk = { id: 'c', model: 'm', choices: [{ index: 0, delta: { content: 'a' }, logprobs: { content: [token] }, finish_reason: null }] }
    expect(responseOf(chunk, delta({}, 'stop')).body['output']).toMatchObject([{ content: [{ logprobs: written }] }])
  })
})

describe('an answer of a provider of the Responses API', () => {
  test('50: names the model, the time in whole seconds, and the tier that it was', () => {
    expect(asked('openai-chat', 'openai-responses').answer(response({ service_tier: 'flex' }))).toMatchObject({ id: 'resp_1', model: 'gpt', created: 5, service_tier: 'flex' })
    expect(asked('openai-chat', 'openai-responses').answer({ output: [] })).toMatchObject({ model: 'asked', created: 1_700_000_000 })
  })

  test('with several messages has an empty line between them, and citations where they belong', () => {
    const cited = { type: 'url_citation', url: 'https://a.example', title: 'A', start_index: 0, end_index: 3 }
    const second = { id: 'm2', type: 'message', content: [{ type: 'output_text', text: 'two', annotations: [cited] }, { type: 'output_text', text: '!', annotations: [{ type: 'file_citation', file_id: 'f' }] }] }
    const { message } = chatAnswer({ output: [messageItem('m1', 'o', 'ne'), { type: 'web_search_call', id: 'ws' }, second] })
    expect(message).toMatchObject({ content: 'one\n\ntwo!', annotations: [{ url_citation: { start_index: 5, end_index: 8 } }] })
    const note = { type: 'response.output_text.annotation.added', item_id: 'm2', output_index: 2, content_index: 0, annotation_index: 0, annotation: cited }
    const chat = chatOf(created, added(0, messageItem('m1')), says('m1', 0, 'o'), says('m1', 0, 'ne', 1), added(1, { type: 'web_search_call', id: 'ws' }), added(2, messageItem('m2')), says('m2', 2, 'two'), note, says('m2', 2, '!', 1), ended())
    expect(choiceOf(chat).message).toMatchObject({ content: 'one\n\ntwo!', annotations: [{ url_citation: { start_index: 5, end_index: 8 } }] })
  })

  test('tells its thoughts, and with their cipher gets them back', () => {
    const item = { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'one' }, { type: 'summary_text', text: 'two' }], encrypted_content: 'cipher' }
    const whole = chatAnswer({ output: [item, callItem('a', '{}')] })
    const pieces = choiceOf(chatOf(created, added(0, { ...item, summary: [] }), thinks(0, 'one'), thinks(1, 'two'), done(0, item), added(1, callItem('a')), done(1, callItem('a', '{}')), ended()))
    for (const { message } of [whole, pieces]) {
      expect(message['reasoning_content']).toBe('one\n\ntwo')
      const next = translating('openai-chat', 'openai-responses').request({ model: 'gpt', messages: [{ role: 'user', content: 'Hi' }, message, { role: 'tool', tool_call_id: 'a', content: '1' }] }) as { input: Json[] }
      expect(next.input[1]).toEqual(item)
    }
  })

  test('tells the thoughts of models that show them as they are', () => {
    const item = { id: 'rs_1', type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'raw' }] }
    expect(chatAnswer({ output: [item, messageItem('m1', 'a')] }).message).toMatchObject({ content: 'a', reasoning_content: 'raw' })
    const raw = { type: 'response.reasoning_text.delta', item_id: 'rs_1', output_index: 0, content_index: 0, delta: 'raw' }
    expect(choiceOf(chatOf(created, added(0, { ...item, content: [] }), raw, done(0, item), ended())).message['reasoning_content']).toBe('raw')
  })

  test('tells at the end of an item what it did not tell in pieces', () => {
    const reasoning = { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] }
    const chat = chatOf(created, done(0, reasoning), done(1, messageItem('m1', 'a')), done(2, messageItem('m2', 'b')), added(3, callItem('a')), { type: 'response.function_call_arguments.done', item_id: 'fc_a', output_index: 3, arguments: '{"x":1}' }, done(3, callItem('a', '{"x":1}')), done(4, callItem('b')), ended())
    expect(choiceOf(chat)).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'a\n\nb', reasoning_content: 'hm', tool_calls: [call('a', 'f', '{"x":1}'), call('b', 'f', '{}')] } })
  })

  test.for<[status: string, reason: string, finish: string]>([
    ['incomplete', 'max_output_tokens', 'length'],
    ['incomplete', 'content_filter', 'content_filter'],
    ['incomplete', 'something_new', 'length'],
    ['completed', '', 'stop'],
  ])('that is %s for %s has the finish reason %s', ([status, reason, finish]) => {
    const more = { status, incomplete_details: reason === '' ? null : { reason }, output: [messageItem('m1', 'a')] }
    expect(chatAnswer(more)['finish_reason']).toBe(finish)
    expect(choiceOf(chatOf(created, { type: `response.${status}`, response: response(more) }))['finish_reason']).toBe(finish)
  })

  test('has its usage counted, what was cached and what was written to the cache apart', () => {
    const usage = { input_tokens: 9, input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 }, output_tokens: 5, output_tokens_details: { reasoning_tokens: 3 }, total_tokens: 17 }
    const read = { prompt_tokens: 9, completion_tokens: 5, total_tokens: 17, prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 }, completion_tokens_details: { reasoning_tokens: 3 } }
    expect(asked('openai-chat', 'openai-responses').answer(response({ usage }))['usage']).toEqual(read)
    expect(chatOf(created, ended({ usage })).body['usage']).toEqual(read)
  })

  test('29: that refuses is a refusal for a chat client, and the reason to stop for one of Anthropic’s', () => {
    const output = [{ id: 'm1', type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }]
    expect(chatAnswer({ output })).toMatchObject({ finish_reason: 'stop', message: { content: null, refusal: 'No.' } })
    const events = anthropicStream(created, added(0, { id: 'm1', type: 'message', content: [] }), { type: 'response.refusal.delta', item_id: 'm1', output_index: 0, content_index: 0, delta: 'No.' }, done(0, output[0]!), ended())
    expect(collectedMessage(streamed(asked('anthropic-messages', 'openai-responses').stream(), events)).body).toMatchObject({ stop_reason: 'refusal', content: [{ text: 'No.' }] })
  })

  test.for<[how: string, event: Json, message: string]>([
    ['flat', { type: 'error', code: 'rate_limit_exceeded', message: 'slow', param: null, sequence_number: 3 }, 'slow'],
    ['nested', { type: 'error', error: { type: 'insufficient_quota', code: 'insufficient_quota', message: 'pay', param: null } }, 'pay'],
    ['in the response', { type: 'response.failed', response: response({ status: 'failed', error: { code: 'server_error', message: 'oops' } }) }, 'oops'],
    ['without a name', { error: { message: 'what' } }, 'what'],
  ])('that fails with an error that is %s tells it, and no finish', ([, event, message]) => {
    const { error, terminals } = chatOf(created, added(0, messageItem('m1')), says('m1', 0, 'a'), event)
    expect(error?.['message']).toBe(message)
    expect(terminals).toEqual(['error'])
  })

  test.for(['failed', 'cancelled', 'in_progress', 'queued'])('whole and %s is none', (status) => {
    expect(() => asked('openai-chat', 'openai-responses').answer(response({ status, ...(status === 'failed' && { error: { code: 'server_error', message: 'oops' } }) }))).toThrow(status === 'failed' ? 'oops' : status)
  })

  test('13: that stops before its last event is cut, and [DONE] makes it no better', () => {
    const cut = [created, added(0, messageItem('m1')), says('m1', 0, 'a')]
    expect(chatOf(...cut).terminals).toEqual(['error'])
    const events = streamed(asked('openai-chat', 'openai-responses').stream(), [...anthropicStream(...cut), ...chatStream('[DONE]')])
    expect(collectedChat(events).terminals).toEqual(['error'])
  })

  test('46: begins once, whatever says so again', () => {
    expect(chatOf(created, { ...created, type: 'response.in_progress', response: response({ id: 'resp_2' }) }, ended({ id: 'resp_3' })).body['id']).toBe('resp_1')
  })

  test('that is another API’s is none', () => {
    expect(() => asked('openai-chat', 'openai-responses').answer({ choices: [] })).toThrow('no output in response')
    expect(() => asked('openai-chat', 'openai-responses').answer(response({ output: [{ type: 'function_call', call_id: 'a' }] }))).toThrow('without a name')
  })

  test('that never stops beginning items is stopped', () => {
    const { error } = chatOf(created, ...Array.from({ length: 1025 }, (_, index) => added(index, messageItem(`m${index}`))), ended())
    expect(error?.['message']).toBe('more items than any answer has')
  })
})
