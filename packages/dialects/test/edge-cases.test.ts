import { describe, expect, test } from 'vitest'
import { Untranslatable } from '../src/index.ts'
import { collectedChat, collectedMessage } from './collected.ts'
import { anthropicStream, asked, chatStream, delta, streamed, translating, type Json } from './translating.ts'

const user = { role: 'user', content: 'Hi' }
const tool = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: {} } } }

/** A chat client's request as Anthropic gets it. */
function toAnthropic(body: Json): Json {
  return translating('openai-chat', 'anthropic-messages').request({ model: 'm', max_tokens: 4096, messages: [user], ...body })
}

/** A request of a client of Anthropic's as an OpenAI-compatible provider gets it. */
function toChat(body: Json): Json & { messages: Json[] } {
  return translating('anthropic-messages', 'openai-chat').request({ model: 'm', max_tokens: 4096, messages: [user], ...body }) as Json & { messages: Json[] }
}

function refused(work: () => unknown): Untranslatable {
  try {
    work()
  } catch (error) {
    if (error instanceof Untranslatable) return error
    throw error
  }
  throw new Error('it was not refused')
}

function call(id: string, name = 'get_weather', text = '{}'): Json {
  return { id, type: 'function', function: { name, arguments: text } }
}

/** What a client of Anthropic's makes of a provider's chunks. */
function messageOf(...chunks: (Json | string)[]) {
  return collectedMessage(streamed(asked('anthropic-messages', 'openai-chat').stream(), chatStream(...chunks)))
}

/** What a chat client makes of Anthropic's events. */
function chatOf(...events: Json[]) {
  return collectedChat(streamed(asked('openai-chat', 'anthropic-messages', { stream_options: { include_usage: true } }).stream(), anthropicStream(...events)))
}

function choiceOf({ body }: { body: Json }): Json & { message: Json } {
  return (body['choices'] as (Json & { message: Json })[])[0]!
}

const start = { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude', content: [], usage: { input_tokens: 5, output_tokens: 1 } } }
const stop = (reason: string, usage: Json = { output_tokens: 7 }) => [{ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage }, { type: 'message_stop' }]
const block = (index: number, content_block: Json, ...deltas: Json[]) => [
  { type: 'content_block_start', index, content_block },
  ...deltas.map((one) => ({ type: 'content_block_delta', index, delta: one })),
  { type: 'content_block_stop', index },
]
const text = (value: string): Json => ({ type: 'text_delta', text: value })

describe('a request to Anthropic', () => {
  test('1: parallel results of tools are one message of the user, before its text', () => {
    const { messages } = toAnthropic({
      messages: [user, { role: 'assistant', tool_calls: [call('a'), call('b')] }, { role: 'tool', tool_call_id: 'a', content: '1' }, { role: 'tool', tool_call_id: 'b', content: '2' }, { role: 'user', content: 'and?' }],
    }) as { messages: Json[] }
    expect(messages).toHaveLength(3)
    expect((messages[2]!['content'] as Json[]).map(({ type }) => type)).toEqual(['tool_result', 'tool_result', 'text'])
  })

  test('1: a result that comes late is still before what the user says', () => {
    const { messages } = toAnthropic({
      messages: [user, { role: 'assistant', tool_calls: [call('a'), call('b')] }, { role: 'tool', tool_call_id: 'a', content: '1' }, { role: 'user', content: 'and?' }, { role: 'tool', tool_call_id: 'b', content: '2' }],
    }) as { messages: Json[] }
    expect((messages[2]!['content'] as Json[]).map((one) => one['tool_use_id'] ?? one['text'])).toEqual(['a', 'b', 'and?'])
  })

  test('18: calls in the history without tools get the tools declared, and none may be called', () => {
    const body = toAnthropic({ messages: [user, { role: 'assistant', tool_calls: [call('a')] }, { role: 'tool', tool_call_id: 'a', content: '1' }] })
    expect(body).toMatchObject({ tools: [{ name: 'get_weather', input_schema: { type: 'object' } }], tool_choice: { type: 'none' } })
  })

  test('19: more than one answer is refused', () => {
    expect(refused(() => toAnthropic({ n: 2 }))).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'n' })
    expect(toAnthropic({ n: 1 })).not.toHaveProperty('n')
  })

  test('audio is refused, going in and coming out', () => {
    const heard = { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] }
    expect(refused(() => toAnthropic({ messages: [heard] }))).toMatchObject({ code: 'unsupported_content', param: 'messages[0].content[0]' })
    expect(refused(() => toAnthropic({ modalities: ['text', 'audio'] }))).toMatchObject({ param: 'modalities' })
  })

  test('a tool of a type that Anthropic does not know is refused', () => {
    expect(refused(() => toAnthropic({ tools: [tool, { type: 'custom', custom: { name: 'c' } }] }))).toMatchObject({ param: 'tools[1].type' })
  })

  test('22: empty text of the assistant is no block', () => {
    const { messages } = toAnthropic({ messages: [user, { role: 'assistant', content: '', tool_calls: [call('a')] }, { role: 'tool', tool_call_id: 'a', content: '1' }] }) as { messages: Json[] }
    expect((messages[1]!['content'] as Json[]).map(({ type }) => type)).toEqual(['tool_use'])
    expect(toAnthropic({ messages: [user, { role: 'assistant', content: '' }, user] })['messages']).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Hi' }, { type: 'text', text: 'Hi' }] }])
  })

  test('23: system and developer messages in the middle are hoisted in order', () => {
    const body = toAnthropic({ messages: [{ role: 'system', content: 'A' }, user, { role: 'developer', content: 'B' }, { role: 'user', content: 'x' }] })
    expect(body['system']).toBe('A\nB')
    expect((body['messages'] as Json[]).map(({ role }) => role)).toEqual(['user'])
  })

  test('24: a temperature above 1 is 1; beside thinking, and with the newest models, none is sent', () => {
    expect(toAnthropic({ temperature: 2 })['temperature']).toBe(1)
    expect(toAnthropic({ temperature: 0.2, reasoning_effort: 'high', max_tokens: 9000 })).not.toHaveProperty('temperature')
    expect(toAnthropic({ model: 'claude-opus-4-7', temperature: 0.2, top_p: 0.5 })).not.toHaveProperty('temperature')
    expect(toAnthropic({ model: 'claude-opus-4-20250514', temperature: 0.2 })['temperature']).toBe(0.2)
  })

  test.for([
    { effort: 'low', max: 4000, budget: 1024 },
    { effort: 'high', max: 8000, budget: 4096 },
    { effort: 'high', max: 2000, budget: 1999 },
    { effort: 'high', max: 1024, budget: undefined },
    { effort: 'none', max: 8000, budget: undefined },
  ])('25: effort $effort within $max tokens thinks with $budget', ({ effort, max, budget }) => {
    const body = toAnthropic({ reasoning_effort: effort, max_tokens: max })
    expect(body['max_tokens']).toBe(max)
    expect(body['thinking']).toEqual(budget === undefined ? undefined : { type: 'enabled', budget_tokens: budget })
  })

  test('25: without a limit of the client’s there is room for the answer beside the thinking', () => {
    const body = translating('openai-chat', 'anthropic-messages').request({ model: 'm', messages: [user], reasoning_effort: 'high' })
    expect(body).toMatchObject({ max_tokens: 8192, thinking: { budget_tokens: 4096 } })
  })

  test('models that take an effort get one, and those that take no budget think as they see fit', () => {
    expect(toAnthropic({ model: 'claude-sonnet-4-6', reasoning_effort: 'high' })).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } })
    // It knows efforts, and not yet how to decide by itself.
    expect(toAnthropic({ model: 'claude-opus-4-5-20251101', reasoning_effort: 'high', max_tokens: 9000 })).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 4096 }, output_config: { effort: 'high' } })
    expect(toAnthropic({ model: 'claude-opus-4-7', reasoning_effort: 'minimal' })).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'low' } })
  })

  test('26: a forced tool wins over thinking, which Anthropic refuses beside it', () => {
    const body = toAnthropic({ tools: [tool], tool_choice: 'required', reasoning_effort: 'high', max_tokens: 9000 })
    expect(body).not.toHaveProperty('thinking')
    expect(body['tool_choice']).toEqual({ type: 'any' })
  })

  test('calls under way without their thinking are gone on with without thinking', () => {
    const asks = { role: 'assistant', tool_calls: [call('a')] }
    const result = { role: 'tool', tool_call_id: 'a', content: '1' }
    expect(toAnthropic({ tools: [tool], reasoning_effort: 'high', max_tokens: 9000, messages: [user, asks, result] })).not.toHaveProperty('thinking')
    const thought = { ...asks, reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 's' }] }
    expect(toAnthropic({ tools: [tool], reasoning_effort: 'high', max_tokens: 9000, messages: [user, thought, result] })).toHaveProperty('thinking')
  })

  test('reasoning of others stays behind, for Anthropic takes its own signature alone', () => {
    const details = [{ type: 'reasoning.encrypted', data: 'zz', format: 'openai-responses-v1' }, { type: 'reasoning.text', text: 'unsigned' }]
    const { messages } = toAnthropic({ messages: [user, { role: 'assistant', content: 'a', reasoning_content: 'b', reasoning_details: details }, user] }) as { messages: Json[] }
    expect(messages[1]).toEqual({ role: 'assistant', content: 'a' })
  })

  test('41: an empty list of tools is left out', () => {
    expect(toAnthropic({ tools: [] })).not.toHaveProperty('tools')
    expect(toChat({ tools: [] })).not.toHaveProperty('tools')
  })

  test('43: an empty stop is left out', () => {
    expect(toAnthropic({ stop: '' })).not.toHaveProperty('stop_sequences')
    expect(toAnthropic({ stop: [] })).not.toHaveProperty('stop_sequences')
    expect(toAnthropic({ stop: ['\n', 'END'] })['stop_sequences']).toEqual(['END'])
    expect(toChat({ stop_sequences: [''] })).not.toHaveProperty('stop')
    expect(toChat({ stop_sequences: ['', 'END'] })['stop']).toEqual(['END'])
  })

  test('texts to stop at are as many as the provider takes', () => {
    const stops = ['1', '2', '3', '4', '5', '6']
    expect(toChat({ stop_sequences: stops })['stop']).toEqual(['1', '2', '3', '4'])
    expect(toAnthropic({ stop: stops })['stop_sequences']).toEqual(stops)
    expect(translating('openai-chat', 'gemini').request({ messages: [{ role: 'user', content: 'Hi' }], stop: stops })).toMatchObject({ generationConfig: { stopSequences: ['1', '2', '3', '4', '5'] } })
  })

  test('44: no tokens at all is refused here', () => {
    expect(refused(() => toAnthropic({ max_tokens: 0 }))).toMatchObject({ status: 400, param: 'max_completion_tokens' })
    expect(refused(() => toChat({ max_tokens: 0 }))).toMatchObject({ status: 400, param: 'max_tokens' })
  })

  test('45: whole numbers that no double holds keep their digits in what tools are called with', () => {
    const written = '{"id":12345678901234567890,"x":[-9007199254740993,1.5,7]}'
    const body = toAnthropic({ messages: [user, { role: 'assistant', tool_calls: [call('a', 'f', written)] }, { role: 'tool', tool_call_id: 'a', content: '1' }] })
    expect(JSON.stringify(body)).toContain(`"input":${written}`)
    const answer = asked('anthropic-messages', 'openai-chat').answer({ choices: [{ message: { tool_calls: [call('a', 'f', written)] }, finish_reason: 'tool_calls' }] })
    expect(JSON.stringify(answer)).toContain('"input":{"id":12345678901234567890')
  })

  test('ids of calls that Anthropic would refuse change alike in call and result', () => {
    const { messages } = toAnthropic({ messages: [user, { role: 'assistant', tool_calls: [call('functions.f:0')] }, { role: 'tool', tool_call_id: 'functions.f:0', content: '1' }] }) as { messages: Json[] }
    expect(messages[1]).toMatchObject({ content: [{ id: 'functions_f_0' }] })
    expect(messages[2]).toMatchObject({ content: [{ tool_use_id: 'functions_f_0' }] })
  })

  test('the old functions are tools, their calls and results belong together, and the answer is a function_call', () => {
    const translation = translating('openai-chat', 'anthropic-messages')
    const body = translation.request({ model: 'm', functions: [{ name: 'f' }], function_call: { name: 'f' }, messages: [user, { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } }, { role: 'function', name: 'f', content: '1' }] })
    expect(body).toMatchObject({
      tools: [{ name: 'f' }],
      tool_choice: { type: 'tool', name: 'f' },
      messages: [user, { content: [{ type: 'tool_use', id: 'call_made1' }] }, { content: [{ type: 'tool_result', tool_use_id: 'call_made1' }] }],
    })
    const answer = translation.answer({ content: [{ type: 'tool_use', id: 'a', name: 'f', input: { b: 1 } }], stop_reason: 'tool_use' })
    expect(answer).toMatchObject({ choices: [{ finish_reason: 'function_call', message: { function_call: { name: 'f', arguments: '{"b":1}' } } }] })
  })
})

describe('a request to an OpenAI-compatible provider', () => {
  const long = 'mcp.server/' + 'x'.repeat(70)

  test('42: names of tools that OpenAI refuses are changed, also in the history, and restored in answers and streams', () => {
    const translation = translating('anthropic-messages', 'openai-chat')
    const body = translation.request({
      model: 'm',
      max_tokens: 9,
      tools: [{ name: long, input_schema: { type: 'object' } }, { name: 'good', input_schema: { type: 'object' } }],
      tool_choice: { type: 'tool', name: long },
      messages: [user, { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: long, input: {} }] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: '1' }] }],
    }) as { tools: { function: { name: string } }[]; messages: Json[]; tool_choice: Json }
    const changed = body.tools[0]!.function.name
    expect(changed).toMatch(/^mcp_server_x{44}_[0-9a-f]{8}$/)
    expect(body.tools[1]!.function.name).toBe('good')
    expect(body.tool_choice).toEqual({ type: 'function', function: { name: changed } })
    expect(body.messages[1]).toMatchObject({ tool_calls: [{ function: { name: changed } }] })
    const answer = translation.answer({ choices: [{ message: { tool_calls: [call('b', changed)] }, finish_reason: 'tool_calls' }] })
    expect(answer['content']).toEqual([{ type: 'tool_use', id: 'b', name: long, input: {} }])
    const { body: message } = collectedMessage(streamed(translation.stream(), chatStream(delta({ tool_calls: [{ index: 0, ...call('c', changed) }] }, 'tool_calls'))))
    expect(message['content']).toMatchObject([{ type: 'tool_use', name: long }])
  })

  test('27: what it thought comes back beside its calls where the provider wants it', () => {
    const history = [user, { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm', signature: '' }, { type: 'tool_use', id: 'a', name: 'f', input: {} }] }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: '1' }] }]
    expect(JSON.stringify(toChat({ messages: history }))).not.toContain('hm')
    const deepseek = translating('anthropic-messages', 'openai-chat', { extensions: ['reasoning_content'] }).request({ model: 'm', max_tokens: 9, messages: history }) as { messages: Json[] }
    expect(deepseek.messages[1]).toMatchObject({ reasoning_content: 'hm', content: null, tool_calls: [{ id: 'a' }] })
  })

  test('the limit of tokens stands where the provider looks for it', () => {
    expect(toChat({})['max_completion_tokens']).toBe(4096)
    const other = translating('anthropic-messages', 'openai-chat', { tokenLimit: 'max_tokens' }).request({ model: 'm', max_tokens: 9, messages: [user] })
    expect(other).toMatchObject({ max_tokens: 9 })
    expect(other).not.toHaveProperty('max_completion_tokens')
  })

  test('a name of a user that OpenAI finds too long is a digest of it, the same each time', () => {
    const id = `user_${'0'.repeat(64)}_account__session_1`
    const sent = toChat({ metadata: { user_id: id } })['user']
    expect(sent).toMatch(/^[0-9a-f]{64}$/)
    expect(toChat({ metadata: { user_id: id } })['user']).toBe(sent)
  })

  test.for([
    { budget: 5000, effort: 'high' },
    { budget: 2048, effort: 'medium' },
    { budget: 1024, effort: 'low' },
    { budget: 5, effort: 'minimal' },
  ])('thinking within $budget tokens is an effort that is $effort', ({ budget, effort }) => {
    expect(toChat({ thinking: { type: 'enabled', budget_tokens: budget } })).toMatchObject({ reasoning_effort: effort })
  })

  test('models of OpenAI’s that do not reason are not told an effort', () => {
    const thinking = { type: 'enabled', budget_tokens: 5000 }
    expect(toChat({ model: 'gpt-4o-mini', thinking })).not.toHaveProperty('reasoning_effort')
    expect(toChat({ model: 'openai/gpt-4.1', thinking })).not.toHaveProperty('reasoning_effort')
    expect(toChat({ model: 'gpt-5', thinking })).toHaveProperty('reasoning_effort', 'high')
  })

  test('tools that Anthropic would run are left out, and a choice of tools with the last of them', () => {
    const search = { type: 'web_search_20250305', name: 'web_search' }
    expect(toChat({ tools: [search], tool_choice: { type: 'any' } })).not.toHaveProperty('tool_choice')
    expect(refused(() => toChat({ tools: [{ type: 'quantum_1', name: 'q' }] }))).toMatchObject({ code: 'unsupported_parameter', param: 'tools[0].type' })
  })

  test('pictures in results of tools follow behind all results of the turn', () => {
    const picture = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }
    const { messages } = toChat({
      messages: [
        user,
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }, { type: 'tool_use', id: 'b', name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'see' }, picture] }, { type: 'tool_result', tool_use_id: 'b', content: '2' }, { type: 'text', text: 'and?' }] },
      ],
    })
    expect(messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'see' },
      { role: 'tool', tool_call_id: 'b', content: '2' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
      { role: 'user', content: [{ type: 'text', text: 'and?' }] },
    ])
  })

  test('a hash that Claude Code writes into its first block does not defeat the provider’s cache', () => {
    const header = { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1; cch=00ab1;' }
    expect(toChat({ system: [header, { type: 'text', text: 'Be brief.' }] }).messages[0]).toEqual({ role: 'system', content: 'x-anthropic-billing-header: cc_version=2.1;Be brief.' })
    expect(toChat({ system: [{ type: 'text', text: 'x-anthropic-billing-header: cch=00ab1;' }] }).messages).toHaveLength(1)
  })

  test.for([
    { what: 'no messages', body: { messages: [] }, param: 'messages' },
    { what: 'a message that is none', body: { messages: [user, 7] }, param: 'messages[1]' },
    { what: 'content that is none', body: { messages: [{ role: 'user', content: 7 }] }, param: 'messages[0].content' },
    { what: 'a document by the id of a file', body: { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: 'f' } }] }] }, param: 'messages[0].content[0].source.type' },
    { what: 'a document by its URL', body: { messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'url', url: 'https://a.example/b.pdf' } }] }] }, param: 'messages[0].content[0]' },
  ])('$what is refused, with its place', ({ body, param }) => {
    expect(refused(() => toChat(body))).toMatchObject({ status: 400, param })
  })
})

describe('an answer for a client of Anthropic’s', () => {
  test('7: Azure’s first chunk is nobody’s: neither who answers nor usage', () => {
    const { body } = messageOf({ id: '', object: '', created: 0, model: '', choices: [], prompt_filter_results: [] }, { ...delta({ content: 'a' }), id: 'real', model: 'gpt' }, delta({}, 'stop'), '[DONE]')
    expect(body).toMatchObject({ id: 'real', model: 'gpt', content: [{ text: 'a' }] })
  })

  test('8: a choice without delta, or without message, is an empty one', () => {
    expect(messageOf({ id: 'c', choices: [{ index: 0, finish_reason: 'stop' }] }, '[DONE]').body).toMatchObject({ content: [], stop_reason: 'end_turn' })
    expect(asked('anthropic-messages', 'openai-chat').answer({ id: 'c', model: 'm', choices: [{ index: 0, finish_reason: 'content_filter' }] })).toMatchObject({ content: [], stop_reason: 'refusal' })
  })

  test.for([
    { where: 'in a chunk of its own', chunks: [delta({}, 'stop'), { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } }] },
    { where: 'in one without choices', chunks: [delta({}, 'stop'), { choices: null, usage: { prompt_tokens: 3, completion_tokens: 4 } }] },
    { where: 'on the finish', chunks: [{ ...delta({}, 'stop'), usage: { prompt_tokens: 3, completion_tokens: 4 } }] },
    { where: 'with Groq', chunks: [{ ...delta({}, 'stop'), x_groq: { usage: { prompt_tokens: 3, completion_tokens: 4 } } }] },
    { where: 'twice', chunks: [{ ...delta({}, 'stop'), usage: { prompt_tokens: 3, completion_tokens: 4 } }, { choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } }] },
  ])('9: usage $where is counted once', ({ chunks }) => {
    expect(messageOf(delta({ content: 'a' }), ...chunks, '[DONE]').body['usage']).toMatchObject({ input_tokens: 3, output_tokens: 4 })
  })

  test('10: a finish that is told twice ends the message once', () => {
    const { body, terminals } = messageOf(delta({ content: 'a' }, 'length'), delta({}, 'stop'), '[DONE]', '[DONE]')
    expect(body['stop_reason']).toBe('max_tokens')
    expect(terminals).toEqual(['message_stop'])
  })

  test('11: an error behind the finish is an error', () => {
    const { error, terminals } = messageOf(delta({ content: 'a' }, 'length'), { error: { code: 502, message: 'Token limit reached' }, choices: [{ index: 0, delta: {}, finish_reason: 'error' }] }, '[DONE]')
    expect(error).toEqual({ type: 'api_error', message: 'Token limit reached' })
    expect(terminals).toEqual(['error'])
  })

  test('13: without [DONE] a finish is enough; without a finish nothing is', () => {
    expect(messageOf(delta({ content: 'a' }, 'stop')).terminals).toEqual(['message_stop'])
    expect(messageOf(delta({ content: 'a' })).terminals).toEqual(['error'])
    expect(messageOf().terminals).toEqual(['error'])
  })

  test.for([
    { how: 'counting from 1', deltas: [{ index: 1, ...call('a') }, { index: 2, ...call('b') }] },
    { how: 'all 0', deltas: [{ index: 0, ...call('a') }, { index: 0, ...call('b') }] },
    { how: 'none', deltas: [call('a'), call('b')] },
  ])('14: calls with index $how are two', ({ deltas }) => {
    const { body } = messageOf(...deltas.map((one) => delta({ tool_calls: [one] })), delta({}, 'tool_calls'), '[DONE]')
    expect(body['content']).toMatchObject([{ id: 'a', name: 'get_weather' }, { id: 'b', name: 'get_weather' }])
  })

  test('15: a call without an id gets one', () => {
    const { body } = messageOf(delta({ tool_calls: [{ index: 0, ...call('') }] }, 'tool_calls'), '[DONE]')
    expect(body['content']).toMatchObject([{ id: 'call_made1' }])
  })

  test('20: a call that the limit of tokens cut off is told in pieces by a stream, and not at all when whole', () => {
    const { body } = messageOf(delta({ tool_calls: [{ index: 0, ...call('a', 'f', '{"b": 1, "c') }] }, 'length'), '[DONE]')
    expect(body).toMatchObject({ stop_reason: 'max_tokens', content: [{ input: { unparsed: '{"b": 1, "c' } }] })
    const whole = asked('anthropic-messages', 'openai-chat').answer({ choices: [{ message: { content: 'x', tool_calls: [call('a', 'f', '{"b')] }, finish_reason: 'length' }] })
    expect(whole).toMatchObject({ stop_reason: 'max_tokens', content: [{ type: 'text', text: 'x' }] })
  })

  test('arguments that are no JSON object are an empty one', () => {
    const whole = asked('anthropic-messages', 'openai-chat').answer({ choices: [{ message: { tool_calls: [call('a', 'f', 'nonsense'), call('b', 'f', '[1]')] }, finish_reason: 'tool_calls' }] })
    expect(whole['content']).toMatchObject([{ input: {} }, { input: {} }])
  })

  test('21: a stop behind calls is a stop for them', () => {
    expect(messageOf(delta({ tool_calls: [{ index: 0, ...call('a') }] }), delta({}, 'stop'), '[DONE]').body['stop_reason']).toBe('tool_use')
  })

  test('28: content in parts is joined, and thinking among them is thinking', () => {
    const { body } = messageOf(delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }), delta({ content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }, 'stop'), '[DONE]')
    expect(body['content']).toEqual([{ type: 'thinking', thinking: 'hm', signature: '' }, { type: 'text', text: 'ab' }])
  })

  test('29: a refusal is text, and the reason to stop', () => {
    const { body } = messageOf(delta({ refusal: 'I ' }), delta({ refusal: 'cannot.' }), delta({}, 'stop'), '[DONE]')
    expect(body).toMatchObject({ stop_reason: 'refusal', content: [{ type: 'text', text: 'I cannot.' }] })
  })

  test('calls that arrive interleaved are put one behind the other, and the first is not held back', () => {
    const stream = asked('anthropic-messages', 'openai-chat').stream()
    const chunks = chatStream(
      delta({ tool_calls: [{ index: 0, ...call('a', 'f', '') }, { index: 1, ...call('b', 'g', '') }] }),
      delta({ tool_calls: [{ index: 1, function: { arguments: '{"y"' } }, { index: 0, function: { arguments: '{"x":' } }] }),
      delta({ tool_calls: [{ index: 1, function: { arguments: ':2}' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '1}' } }] }),
      delta({}, 'tool_calls'),
    )
    const seen = chunks.map((chunk) => stream.event({ event: '', data: chunk.toString().slice(6).trim() }).length)
    expect(seen).toEqual([2, 1, 0, 4, 0])
    const { body } = collectedMessage(streamed(asked('anthropic-messages', 'openai-chat').stream(), chunks))
    expect(body['content']).toMatchObject([{ id: 'a', name: 'f', input: { x: 1 } }, { id: 'b', name: 'g', input: { y: 2 } }])
  })

  test('a call is whole by its JSON: braces and quotes in its texts end nothing', () => {
    const first = JSON.stringify({ code: 'if (x) { return "}\\" }' })
    const { body } = messageOf(
      delta({ tool_calls: [{ index: 0, ...call('a', 'f', first.slice(0, -2)) }, { index: 1, ...call('b', 'g', '{}') }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: first.slice(-2) } }] }, 'tool_calls'),
    )
    expect(body['content']).toMatchObject([{ id: 'a', input: JSON.parse(first) as Json }, { id: 'b', input: {} }])
  })

  test('a call that never gets a name is an error, and not lost', () => {
    const { error, terminals } = messageOf(delta({ tool_calls: [{ index: 0, id: 'a', function: { arguments: '{}' } }] }), delta({}, 'tool_calls'), '[DONE]')
    expect(error?.['message']).toContain('without the name')
    expect(terminals).toEqual(['error'])
  })

  test('what has to be held is bounded', () => {
    const stream = asked('anthropic-messages', 'openai-chat', {}, { maxHeld: 100 }).stream()
    const { error, terminals } = collectedMessage(streamed(stream, chatStream(delta({ tool_calls: [{ index: 0, ...call('a', 'f', '{') }, { index: 1, ...call('b', 'g', 'x'.repeat(101)) }] }), delta({}, 'tool_calls'), '[DONE]')))
    expect(error?.['type']).toBe('api_error')
    expect(terminals).toEqual(['error'])
  })

  test('a name behind the id, and arguments before the name, are told once the name is known', () => {
    const { body } = messageOf(
      delta({ tool_calls: [{ index: 0, id: 'a', function: { arguments: '{"x"' } }] }),
      delta({ tool_calls: [{ index: 0, function: { name: 'f', arguments: ':1' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '}' } }] }, 'tool_calls'),
    )
    expect(body['content']).toMatchObject([{ id: 'a', name: 'f', input: { x: 1 } }])
  })

  test('46: only one message begins, with or without events around it', () => {
    expect(streamed(asked('anthropic-messages', 'openai-chat').stream(), chatStream(delta({ role: 'assistant', content: '' }), delta({ content: 'a' }, 'stop'), '[DONE]')).map(({ event }) => event)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  test('no choices at all are an error of the provider’s', () => {
    expect(() => asked('anthropic-messages', 'openai-chat').answer({ choices: [] })).toThrow('no choices in response')
  })
})

describe('an answer of Anthropic’s for a chat client', () => {
  test('2: a tool without arguments, streamed, has {} for them', () => {
    const noPiece = chatOf(start, ...block(0, { type: 'tool_use', id: 'a', name: 'f', input: {} }), ...stop('tool_use'))
    const emptyPiece = chatOf(start, ...block(0, { type: 'tool_use', id: 'a', name: 'f', input: {} }, { type: 'input_json_delta', partial_json: '' }), ...stop('tool_use'))
    expect(choiceOf(noPiece).message['tool_calls']).toEqual([{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }])
    expect(emptyPiece).toEqual(noPiece)
  })

  test('5: its prompt counts what was cached, and back again nothing is below 0', () => {
    const usage = { input_tokens: 10, cache_read_input_tokens: 4, cache_creation_input_tokens: 3, output_tokens: 7 }
    expect(asked('openai-chat', 'anthropic-messages').answer({ content: [], usage })['usage']).toMatchObject({ prompt_tokens: 17, completion_tokens: 7, total_tokens: 24, prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 } })
    expect(asked('anthropic-messages', 'openai-chat').answer({ choices: [{ message: {} }], usage: { prompt_tokens: 3, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 9 } } })['usage']).toMatchObject({ input_tokens: 0, cache_read_input_tokens: 9 })
  })

  test('6: usage at the end takes the place of usage at the start', () => {
    expect(chatOf(start, ...block(0, { type: 'text', text: '' }, text('a')), ...stop('end_turn', { input_tokens: 6, output_tokens: 9 })).body['usage']).toMatchObject({ prompt_tokens: 6, completion_tokens: 9 })
  })

  test('29: a refusal without text is filtered content', () => {
    expect(choiceOf({ body: asked('openai-chat', 'anthropic-messages').answer({ content: [], stop_reason: 'refusal' }) })).toMatchObject({ message: { content: '' }, finish_reason: 'content_filter' })
  })

  test('30: tools that Anthropic ran are nobody’s to run, and their pieces nobody’s arguments', () => {
    const ran = [
      ...block(0, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }, { type: 'input_json_delta', partial_json: '{"query":"x"}' }),
      ...block(1, { type: 'web_search_tool_result', tool_use_id: 's', content: [] }),
      ...block(2, { type: 'text', text: '' }, text('found')),
    ]
    const chat = chatOf(start, ...ran, ...stop('pause_turn'))
    expect(choiceOf(chat)).toMatchObject({ message: { content: 'found' }, finish_reason: 'stop' })
    expect(choiceOf(chat).message).not.toHaveProperty('tool_calls')
  })

  test('31: redacted thinking is no text, and kept to be sent back', () => {
    const chat = chatOf(start, ...block(0, { type: 'redacted_thinking', data: 'cipher' }), ...block(1, { type: 'text', text: '' }, text('a')), ...stop('end_turn'))
    expect(choiceOf(chat).message).toMatchObject({ content: 'a', reasoning_details: [{ type: 'reasoning.encrypted', data: 'cipher' }] })
    expect(choiceOf(chat).message).not.toHaveProperty('reasoning_content')
  })

  test('32: text that citations split is joined without anything between', () => {
    const citation = { type: 'web_search_result_location', url: 'https://a.example', title: 'A', cited_text: 'x', encrypted_index: 'e' }
    const answer = asked('openai-chat', 'anthropic-messages').answer({ content: [{ type: 'text', text: 'It is ' }, { type: 'text', text: 'warm', citations: [citation] }, { type: 'text', text: '.' }], stop_reason: 'end_turn' })
    expect(choiceOf({ body: answer }).message).toMatchObject({ content: 'It is warm.', annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.example', title: 'A', start_index: 6, end_index: 10 } }] })
  })

  test('46: a second beginning is ignored, and pings are', () => {
    const chat = chatOf(start, { type: 'ping' }, { ...start, message: { ...start.message, id: 'msg_2' } }, ...block(0, { type: 'text', text: '' }, text('a')), ...stop('end_turn'))
    expect(chat.body).toMatchObject({ id: 'msg_1' })
    expect(choiceOf(chat).message['content']).toBe('a')
  })

  test('47: separators of lines and joined emoji pass, whatever they look like', () => {
    const said = 'a\u2028b\u2029 👩‍👩‍👧‍👦'
    expect(choiceOf(chatOf(start, ...block(0, { type: 'text', text: '' }, text(said)), ...stop('end_turn'))).message['content']).toBe(said)
  })

  test('45: a time that is no whole number is cut down to one', () => {
    const answer = asked('anthropic-messages', 'openai-chat').answer({ id: 'c', created: 1.5, choices: [{ message: { content: 'a' }, finish_reason: 'stop' }] })
    expect(answer).toMatchObject({ id: 'c', model: 'asked' })
    expect(translating('openai-chat', 'openai-chat').answer({ created: 17.5, choices: [{ message: { content: 'a' }, finish_reason: 'stop' }] })['created']).toBe(17)
  })

  test('49: the tier is the one that served it, by the name that the client knows', () => {
    const usage = { input_tokens: 1, output_tokens: 1, service_tier: 'standard' }
    expect(asked('openai-chat', 'anthropic-messages').answer({ content: [], usage })).toHaveProperty('service_tier', 'default')
    expect(chatOf({ ...start, message: { ...start.message, usage } }, ...stop('end_turn')).body).toHaveProperty('service_tier', 'default')
    const answer = asked('anthropic-messages', 'openai-chat').answer({ service_tier: 'priority', choices: [{ message: { content: 'a' } }] })
    expect(answer['usage']).toHaveProperty('service_tier', 'priority')
  })

  test('50: the model is the one that answered, not the one that was asked', () => {
    expect(asked('anthropic-messages', 'openai-chat').answer({ model: 'real', choices: [{ message: { content: 'a' } }] })).toHaveProperty('model', 'real')
    expect(chatOf(start, ...stop('end_turn')).body).toHaveProperty('model', 'claude')
  })

  test('its thinking comes with the signature, and goes back to it with the signature', () => {
    const chat = chatOf(start, ...block(0, { type: 'thinking', thinking: '', signature: '' }, { type: 'thinking_delta', thinking: 'h' }, { type: 'thinking_delta', thinking: 'm' }, { type: 'signature_delta', signature: 'sig' }), ...block(1, { type: 'text', text: '' }, text('a')), ...stop('end_turn'))
    const { message } = choiceOf(chat)
    expect(message).toMatchObject({ reasoning_content: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 'sig' }] })
    const { messages } = toAnthropic({ messages: [user, message, user] }) as { messages: Json[] }
    expect(messages[1]).toEqual({ role: 'assistant', content: [{ type: 'thinking', thinking: 'hm', signature: 'sig' }, { type: 'text', text: 'a' }] })
  })

  test('usage is told to those who asked for it, in a chunk of its own before [DONE]', () => {
    const events = anthropicStream(start, ...block(0, { type: 'text', text: '' }, text('a')), ...stop('end_turn'))
    const quiet = streamed(asked('openai-chat', 'anthropic-messages').stream(), events)
    const counted = streamed(asked('openai-chat', 'anthropic-messages', { stream_options: { include_usage: true } }).stream(), events)
    expect(quiet.some(({ data }) => data.includes('usage'))).toBe(false)
    expect(JSON.parse(counted.at(-2)?.data ?? '')).toMatchObject({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 } })
    expect(counted.slice(0, -2).every(({ data }) => data.includes('"usage":null'))).toBe(true)
  })

  test('text is never held: each piece leaves with the event that it came in', () => {
    const stream = asked('openai-chat', 'anthropic-messages').stream()
    const events = [start, ...block(0, { type: 'text', text: '' }, text('a'), text('b'), text('c'))]
    expect(events.map((event) => stream.event({ event: '', data: JSON.stringify(event) }).length)).toEqual([1, 0, 1, 1, 1, 0])
  })
})
