import { describe, expect, test } from 'vitest'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { Untranslatable } from '../src/index.ts'
import { translating, type Json } from './translating.ts'

const user = { role: 'user', content: 'Hi' }
const tool = { type: 'function', name: 'f', parameters: { type: 'object', properties: {} } }
const reasoning = (id: string, text = 'hm'): Json => ({ type: 'reasoning', id, summary: [{ type: 'summary_text', text }], encrypted_content: `cipher ${id}` })
const say = (text: string): Json => ({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] })
const call = (id: string): Json => ({ type: 'function_call', id: `fc_${id}`, call_id: id, name: 'f', arguments: '{"a":1}' })
const output = (id: string, value: unknown = 'done'): Json => ({ type: 'function_call_output', call_id: id, output: value })

const document = (source: Json): Json => ({ type: 'document', title: 'D', source })

/** A request of a client of Responses as a provider of chats gets it. */
function toChat(body: Json): Json & { messages: Json[] } {
  return translating('openai-responses', 'openai-chat', { extensions: ['reasoning_content', 'reasoning_details'] }).request({ model: 'm', input: 'Hi', ...body }) as Json & { messages: Json[] }
}

/** A chat client's request as a provider of Responses gets it. */
function toResponses(body: Json): Json & { input: Json[] } {
  const sent = translating('openai-chat', 'openai-responses').request({ model: 'm', messages: [user], ...body })
  expect(schemaProblems('openAi', 'CreateResponse', sent)).toEqual([])
  return sent as Json & { input: Json[] }
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

function chatCall(id: string): Json {
  return { id, type: 'function', function: { name: 'f', arguments: '{"a":1}' } }
}

describe('a request of a client of the Responses API', () => {
  test('may be a text, with instructions before it', () => {
    expect(toChat({ instructions: 'Be brief.' })).toEqual({ model: 'm', messages: [{ role: 'system', content: 'Be brief.' }, user] })
    expect(toChat({ instructions: null }).messages).toEqual([user])
  })

  test('has messages of every role, with and without their type', () => {
    const { messages } = toChat({ input: [{ role: 'developer', content: [{ type: 'input_text', text: 'A' }] }, { type: 'message', role: 'system', content: 'B' }, { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }, { role: 'assistant', content: 'Ho' }, user] })
    expect(messages.map(({ role }) => role)).toEqual(['developer', 'system', 'user', 'assistant', 'user'])
    expect(messages.map(({ content }) => content)).toEqual(['A', 'B', [{ type: 'text', text: 'Hi' }], 'Ho', 'Hi'])
  })

  test('has pictures and files', () => {
    const content = [
      { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' },
      { type: 'input_image', image_url: 'https://a.example/b.png', detail: 'original' },
      { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' },
    ]
    expect(toChat({ input: [{ role: 'user', content }] }).messages[0]!['content']).toEqual([
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'high' } },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } },
    ])
  })

  test('becomes one message of what the assistant thought, said and called in one go', () => {
    const { messages } = toChat({ input: [user, reasoning('rs_1'), say('looking'), call('a'), call('b'), output('a'), output('b', [{ type: 'input_text', text: 'x' }, { type: 'input_text', text: 'y' }])] })
    expect(messages).toMatchObject([
      user,
      { role: 'assistant', content: 'looking', reasoning_content: 'hm', tool_calls: [{ id: 'a' }, { id: 'b' }] },
      { role: 'tool', tool_call_id: 'a', content: 'done' },
      { role: 'tool', tool_call_id: 'b', content: 'xy' },
    ])
  })

  test.for<[how: string, items: Json[], roles: string[]]>([
    ['calls one after the other', [call('a'), output('a'), call('b'), output('b')], ['assistant', 'tool', 'assistant', 'tool']],
    ['thoughts between calls', [reasoning('rs_1'), call('a'), reasoning('rs_2'), call('b'), output('a'), output('b')], ['assistant', 'tool', 'tool']],
    ['text behind calls', [call('a'), say('x'), output('a')], ['assistant', 'tool']],
    ['text around calls', [say('x'), call('a'), say('y'), output('a')], ['assistant', 'tool']],
    ['two answers', [say('x'), say('y')], ['assistant', 'assistant']],
    ['an answer and then thoughts', [say('x'), reasoning('rs_1'), call('a'), output('a')], ['assistant', 'assistant', 'tool']],
    ['thoughts that nothing follows', [reasoning('rs_1'), user], ['assistant', 'user']],
    ['thoughts of which nothing is told', [{ type: 'reasoning', id: 'rs_1', summary: [] }, user], ['user']],
    ['what OpenAI searched', [{ type: 'web_search_call', id: 'ws', status: 'completed' }, say('found')], ['assistant']],
  ])('keeps results behind their calls: %s', ([, items, roles]) => {
    expect(toChat({ input: [user, ...items] }).messages.map(({ role }) => role)).toEqual(['user', ...roles])
  })

  test('loses nothing of thoughts between calls', () => {
    const { messages } = toChat({ input: [user, reasoning('rs_1', 'one'), call('a'), reasoning('rs_2', 'two'), call('b'), output('a'), output('b')] })
    expect(messages[1]).toMatchObject({ reasoning_content: 'one\n\ntwo', tool_calls: [{ id: 'a' }, { id: 'b' }] })
    expect((messages[1]!['reasoning_details'] as Json[]).map(({ id, type }) => [id, type])).toEqual([
      ['rs_1', 'reasoning.summary'],
      ['rs_1', 'reasoning.encrypted'],
      ['rs_2', 'reasoning.summary'],
      ['rs_2', 'reasoning.encrypted'],
    ])
  })

  test.for<[what: string, body: Json, param: string, code?: string]>([
    ['an answer before this one', { previous_response_id: 'resp_1' }, 'previous_response_id'],
    ['a stored conversation', { conversation: 'conv_1' }, 'conversation'],
    ['an answer later', { background: true }, 'background'],
    ['a stored prompt', { prompt: { id: 'p' } }, 'prompt'],
    ['compaction', { context_management: [{ type: 'compaction' }] }, 'context_management'],
    ['a search of the web', { tools: [tool, { type: 'web_search' }] }, 'tools[1].type'],
    ['servers of tools', { tools: [{ type: 'mcp', server_label: 'a', server_url: 'https://a.example' }] }, 'tools[0].type'],
    ['the choice of a hosted tool', { tools: [tool], tool_choice: { type: 'file_search' } }, 'tool_choice'],
    ['hosted tools alone', { tools: [tool], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'mcp', server_label: 'a' }] } }, 'tool_choice.tools[0].type'],
    ['an item that is stored', { input: [user, { type: 'item_reference', id: 'msg_1' }] }, 'input[1]'],
    ['a screenshot', { input: [user, { type: 'computer_call_output', call_id: 'c', output: {} }] }, 'input[1].type'],
    ['what a shell said', { input: [user, { type: 'local_shell_call_output', id: 's', output: '' }] }, 'input[1].type'],
    ['a picture by the id of a file', { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] }, 'input[0].content[0].file_id'],
    ['a part that is unknown', { input: [{ role: 'user', content: [{ type: 'input_audio' }] }] }, 'input[0].content[0]', 'unsupported_content'],
  ])('is refused where it needs %s', ([, body, param, code = 'unsupported_parameter']) => {
    expect(refused(() => toChat(body))).toMatchObject({ status: 400, code, param })
  })

  test.for<[what: string, body: Json, param: string]>([
    ['no input', { input: undefined }, 'input'],
    ['an empty text', { input: '' }, 'input'],
    ['no items', { input: [] }, 'input'],
    ['an item that is none', { input: [user, 7] }, 'input[1]'],
    ['a role that is none', { input: [{ role: 'king', content: 'x' }] }, 'input[0].role'],
    ['content that is none', { input: [{ role: 'user', content: 7 }] }, 'input[0].content'],
    ['a result of no call', { input: [user, { type: 'function_call_output', output: 'x' }] }, 'input[1].call_id'],
    ['a call of no function', { input: [user, { type: 'function_call', call_id: 'a' }] }, 'input[1].name'],
    ['a file that is nowhere', { input: [{ role: 'user', content: [{ type: 'input_file', filename: 'a' }] }] }, 'input[0].content[0]'],
    ['44: no tokens', { max_output_tokens: 0 }, 'max_output_tokens'],
    ['a temperature in words', { temperature: 'hot' }, 'temperature'],
    ['instructions in a list', { instructions: [user] }, 'instructions'],
    ['a format that is none', { text: { format: { type: 'xml' } } }, 'text.format'],
    ['a tool without a name', { tools: [{ type: 'custom' }] }, 'tools[0].name'],
    ['tools that are no list', { tools: {} }, 'tools'],
  ])('is refused with the place of %s', ([, body, param]) => {
    expect(refused(() => toChat(body))).toMatchObject({ status: 400, code: 'invalid_request', param })
  })

  test('may say that it needs nothing of the kind', () => {
    expect(toChat({ background: false, previous_response_id: null, conversation: null, prompt: null, context_management: [], store: true, truncation: 'auto', metadata: { a: 'b' }, include: ['reasoning.encrypted_content'] })).toEqual({ model: 'm', messages: [user] })
  })

  test('41: with no tools has none, and nothing is chosen of them', () => {
    expect(toChat({ tools: [], tool_choice: 'auto', parallel_tool_calls: true })).toEqual({ model: 'm', messages: [user] })
  })

  test('may choose among some of its tools', () => {
    const tools = ['f', 'g', 'h'].map((name) => ({ ...tool, name }))
    const sent = toChat({ tools, tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'g' }, { type: 'function', name: 'h' }] } })
    expect(sent).toMatchObject({ tools: [{ function: { name: 'g' } }, { function: { name: 'h' } }], tool_choice: 'required' })
  })

  test('has tools whose input is a text as functions with one, in the history and in the choice, too', () => {
    const patch = { type: 'custom', name: 'apply_patch', description: 'Patches.', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } }
    const sent = toChat({
      tools: [patch, { type: 'custom', name: 'plain', format: { type: 'text' } }],
      tool_choice: { type: 'custom', name: 'apply_patch' },
      input: [user, { type: 'custom_tool_call', call_id: 'a', name: 'apply_patch', input: '*** "x"' }, { type: 'custom_tool_call_output', call_id: 'a', output: 'done' }],
    })
    const parameters = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'], additionalProperties: false }
    expect(sent).toMatchObject({
      tools: [
        { type: 'function', function: { name: 'apply_patch', description: 'Patches.\n\nThe input follows this Lark grammar:\nstart: "x"', parameters } },
        { type: 'function', function: { name: 'plain', parameters } },
      ],
      tool_choice: { type: 'function', function: { name: 'apply_patch' } },
      messages: [user, { tool_calls: [{ id: 'a', function: { name: 'apply_patch', arguments: '{"input":"*** \\"x\\""}' } }] }, { role: 'tool', tool_call_id: 'a', content: 'done' }],
    })
  })

  test('42: has the names of its tools in the answer, which the provider would have refused', () => {
    const long = 'mcp_files_'.repeat(10)
    const translation = translating('openai-responses', 'openai-chat')
    const { tools, messages } = translation.request({ model: 'm', input: [user, { ...call('a'), name: long }, output('a')], tools: [{ ...tool, name: long }] }) as { tools: { function: { name: string } }[]; messages: Json[] }
    const name = tools[0]!.function.name
    expect(name).toMatch(/^[\w-]{1,64}$/)
    expect(messages[1]).toMatchObject({ tool_calls: [{ function: { name } }] })
    const answer = translation.answer({ choices: [{ message: { tool_calls: [{ id: 'a', type: 'function', function: { name, arguments: '{}' } }] }, finish_reason: 'tool_calls' }] })
    expect(answer['output']).toMatchObject([{ type: 'function_call', name: long }])
  })

  test('says what it wants as text, and how likely each of its tokens is', () => {
    const schema = { type: 'object', properties: {}, additionalProperties: false, required: [] }
    const format = { type: 'json_schema', name: 'p', description: 'd', schema, strict: true }
    expect(toChat({ text: { format, verbosity: 'low' }, top_logprobs: 2 })).toMatchObject({ response_format: { type: 'json_schema', json_schema: { name: 'p', description: 'd', schema, strict: true } }, logprobs: true, top_logprobs: 2 })
    expect(toChat({ include: ['message.output_text.logprobs'] })).toMatchObject({ logprobs: true })
    expect(toChat({ text: { format: { type: 'text' } } })).not.toHaveProperty('response_format')
  })

  test('brings what strict servers refuse to those alone that take it', () => {
    const body = { model: 'm', input: 'Hi', text: { verbosity: 'low' }, prompt_cache_key: 'k', prompt_cache_retention: '24h', safety_identifier: 's' }
    const messages = [user]
    expect(toChat(body)).toEqual({ model: 'm', messages, user: 's' })
    expect(toChat({ ...body, user: 'u' })).toEqual({ model: 'm', messages, user: 'u' })
    const extensions = ['verbosity', 'prompt_cache_key', 'prompt_cache_retention', 'safety_identifier'] as const
    const taken = translating('openai-responses', 'openai-chat', { extensions }).request(body)
    expect(taken).toEqual({ model: 'm', messages, verbosity: 'low', prompt_cache_key: 'k', prompt_cache_retention: '24h', safety_identifier: 's' })
    expect(translating('openai-responses', 'anthropic-messages').request(body)).toEqual({ model: 'm', messages, max_tokens: 4096, metadata: { user_id: 's' } })
  })

  test('is repeated by the answer', () => {
    const asked = { instructions: 'Be brief.', tools: [tool], tool_choice: 'required', parallel_tool_calls: false, temperature: 0.5, max_output_tokens: 50, metadata: { a: 'b' }, reasoning: { effort: 'low' }, user: null }
    const translation = translating('openai-responses', 'openai-chat')
    translation.request({ model: 'm', input: 'Hi', store: true, ...asked })
    const answer = translation.answer({ id: 'c', choices: [{ message: { content: 'Ho' }, finish_reason: 'stop' }] })
    expect(answer).toMatchObject({ ...asked, object: 'response', model: 'm', store: false, previous_response_id: null, usage: null })
    expect(schemaProblems('openAi', 'Response', answer)).toEqual([])
  })

  test('brings OpenAI’s reasoning to no other provider', () => {
    const sent = translating('openai-responses', 'anthropic-messages').request({ model: 'claude', input: [user, reasoning('rs_1'), call('a'), output('a')], tools: [tool] })
    expect(JSON.stringify(sent)).not.toMatch(/hm|cipher/)
  })
})

describe('a request to a provider of the Responses API', () => {
  test('1: has a result for each call, in their order', () => {
    const { input } = toResponses({ messages: [user, { role: 'assistant', content: 'x', tool_calls: [chatCall('a'), chatCall('b')] }, { role: 'tool', tool_call_id: 'a', content: '1' }, { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: '2' }] }] })
    expect(input).toEqual([
      user,
      { role: 'assistant', content: 'x' },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call', call_id: 'b', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: 'a', output: '1' },
      { type: 'function_call_output', call_id: 'b', output: [{ type: 'input_text', text: '2' }] },
    ])
  })

  test('23: has the system’s first words as instructions, and its later ones where they stood', () => {
    const body = toResponses({ messages: [{ role: 'system', content: [{ type: 'text', text: 'A' }, { type: 'text', text: 'B' }] }, user, { role: 'system', content: 'C' }, user] })
    expect(body['instructions']).toBe('AB')
    expect(body.input).toEqual([user, { role: 'system', content: 'C' }, user])
    expect(toResponses({ messages: [{ role: 'system', content: 'A' }] })).toMatchObject({ input: [{ role: 'system', content: 'A' }] })
  })

  test.for<[what: string, body: Json, param: string]>([
    ['19: several answers', { n: 2 }, 'n'],
    ['sound', { modalities: ['audio'] }, 'modalities'],
    ['a voice', { audio: { voice: 'alloy', format: 'wav' } }, 'audio'],
    ['hearing', { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] }] }, 'messages[0].content[0]'],
    ['a tool of its own kind', { tools: [{ type: 'custom', custom: { name: 'c' } }] }, 'tools[0].type'],
    ['searching by an option', { web_search_options: {} }, 'web_search_options'],
  ])('is refused where it needs %s', ([, body, param]) => {
    expect(refused(() => toResponses(body))).toMatchObject({ status: 400, code: 'unsupported_parameter', param })
  })

  test('43: has no text to stop at, and nothing else that the API refuses', () => {
    expect(toResponses({ stop: 'END', seed: 7, presence_penalty: 1, frequency_penalty: 1, logit_bias: { 5: 1 }, n: 1, stream_options: { include_usage: true }, stream: true, top_k: 3 })).toEqual({ model: 'm', stream: true, input: [user], store: false })
  })

  test('is not stored unless the client wants it, and asks for tokens enough', () => {
    expect(toResponses({ store: true, max_tokens: 5 })).toMatchObject({ store: true, max_output_tokens: 16 })
    expect(toResponses({ max_completion_tokens: 500 })).toMatchObject({ store: false, max_output_tokens: 500 })
  })

  test('asks for thoughts in cipher where the model thinks', () => {
    expect(toResponses({ reasoning_effort: 'high' })).toMatchObject({ reasoning: { effort: 'high' }, include: ['reasoning.encrypted_content'] })
    expect(toResponses({ reasoning_effort: 'none', logprobs: true, top_logprobs: 3 })).toMatchObject({ reasoning: { effort: 'none' }, include: ['message.output_text.logprobs'], top_logprobs: 3 })
    expect(toResponses({})).not.toHaveProperty('include')
  })

  test('31: has the thoughts that OpenAI can read again, before what followed them', () => {
    const details = [
      { type: 'reasoning.summary', summary: 'hm', id: 'rs_1', format: 'openai-responses-v1' },
      { type: 'reasoning.encrypted', data: 'cipher', id: 'rs_1', format: 'openai-responses-v1' },
      { type: 'reasoning.summary', summary: 'no cipher', id: 'rs_2', format: 'openai-responses-v1' },
      { type: 'reasoning.text', text: 'signed', signature: 's', format: 'anthropic-claude-v1' },
    ]
    const { input } = toResponses({ messages: [user, { role: 'assistant', reasoning_content: 'x', reasoning_details: details, tool_calls: [chatCall('a')] }, { role: 'tool', tool_call_id: 'a', content: '1' }] })
    expect(input.slice(1, 3)).toEqual([{ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'cipher' }, { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"a":1}' }])
    const alone = toResponses({ messages: [user, { role: 'assistant', content: '', reasoning_details: details }, user] })
    expect(alone.input).toEqual([user, user])
  })

  test('22, 29: has what the assistant refused, and no empty text', () => {
    const { input } = toResponses({ messages: [user, { role: 'assistant', content: '', refusal: 'No.' }, user, { role: 'assistant', content: [{ type: 'text', text: 'But' }, { type: 'refusal', refusal: 'no.' }] }] })
    expect(input).toMatchObject([user, { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] }, user, { content: [{ type: 'output_text', text: 'But' }, { type: 'refusal', refusal: 'no.' }] }])
  })

  test('has functions that are strict only where they said so', () => {
    const tools = [true, undefined].map((strict) => ({ type: 'function', function: { name: 'f', ...(strict && { strict }) } }))
    expect(toResponses({ tools, tool_choice: { type: 'function', function: { name: 'f' } }, parallel_tool_calls: false })).toMatchObject({
      tools: [{ type: 'function', name: 'f', strict: true }, { type: 'function', name: 'f', strict: false, parameters: { type: 'object', properties: {} } }],
      tool_choice: { type: 'function', name: 'f' },
      parallel_tool_calls: false,
    })
    expect(toResponses({ tools: [] })).not.toHaveProperty('tools')
  })

  test('has ids that OpenAI takes, in call and result alike', () => {
    const id = 'x'.repeat(100)
    const { input } = toResponses({ messages: [user, { role: 'assistant', tool_calls: [chatCall(id)] }, { role: 'tool', tool_call_id: id, content: '1' }] })
    expect(input[1]!['call_id']).toMatch(/^[0-9a-f]{64}$/)
    expect(input[2]!['call_id']).toBe(input[1]!['call_id'])
  })

  test('has pictures, and files in each form that it takes', () => {
    const content = [
      { type: 'image_url', image_url: { url: 'https://a.example/b.png' } },
      { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } },
      { type: 'file', file: { file_id: 'f' } },
    ]
    expect(toResponses({ messages: [{ role: 'user', content }] }).input[0]!['content']).toEqual([
      { type: 'input_image', image_url: 'https://a.example/b.png', detail: 'auto' },
      { type: 'input_file', filename: 'document.pdf', file_data: 'data:application/pdf;base64,AAAA' },
      { type: 'input_file', file_id: 'f' },
    ])
  })

  test('of a client of Anthropic’s keeps documents, results of tools and the wish to think', () => {
    const body = translating('anthropic-messages', 'openai-responses').request({
      model: 'gpt-5',
      max_tokens: 9000,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      thinking: { type: 'enabled', budget_tokens: 5000 },
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
      messages: [
        { role: 'user', content: [document({ type: 'text', media_type: 'text/plain', data: 'once' }), document({ type: 'url', url: 'https://a.example/b.pdf' })] },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'hm', signature: 's' }, { type: 'tool_use', id: 'a', name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } }] }, { type: 'text', text: 'and?' }] },
      ],
    })
    expect(schemaProblems('openAi', 'CreateResponse', body)).toEqual([])
    expect(body).toMatchObject({
      instructions: 'Be brief.',
      reasoning: { effort: 'high' },
      max_output_tokens: 9000,
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'D\n\nonce' }, { type: 'input_file', file_url: 'https://a.example/b.pdf' }] },
        { type: 'function_call', call_id: 'a' },
        { type: 'function_call_output', call_id: 'a', output: [{ type: 'input_image', image_url: 'https://a.example/b.png' }] },
        { role: 'user', content: [{ type: 'input_text', text: 'and?' }] },
      ],
    })
    expect(JSON.stringify(body)).not.toContain('cache_control')
  })
})
