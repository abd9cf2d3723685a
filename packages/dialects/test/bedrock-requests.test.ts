import { describe, expect, test } from 'vitest'
import { schemaProblems } from '../../../test/support/dialect-schemas.ts'
import { translators, Untranslatable } from '../src/index.ts'
import { TranslationContext } from '../src/translate/translation-context.ts'
import { requestFor, writtenIn, type Says } from './conversations.ts'
import { seeds } from './random.ts'
import { everything as everyRecorded, facts, recorded, type Recorded } from './recorded.ts'
import { translating, type Json } from './translating.ts'

interface Message {
  role: string
  content: Json[]
}
type ConverseRequest = Json & { messages: Message[]; system?: Json[]; toolConfig?: { tools: Json[]; toolChoice?: Json }; additionalModelRequestFields?: Json; inferenceConfig?: Json }
type ChatRequest = Json & { messages: Json[] }

/** Whom clients of Bedrock's may reach, and what a request is called in the schema of their API. */
const others = [
  ['openai-chat', 'openAi', 'CreateChatCompletionRequest'],
  ['openai-responses', 'openAi', 'CreateResponse'],
  ['anthropic-messages', 'anthropic', 'MessagesRequest'],
  ['gemini', 'gemini', 'GenerateContentRequest'],
] as const

const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
const user = { role: 'user', content: 'Hi' }
const hi = { role: 'user', content: [{ text: 'Hi' }] }
const parameters = { type: 'object', properties: { city: { type: 'string' } } }
const tool = { type: 'function', function: { name: 'get_weather', parameters } }
const pdf = 'data:application/pdf;base64,JVBERi0='

/** A chat client's request as Bedrock gets it; valid, whatever it is. */
function toBedrock(body: Json): ConverseRequest {
  const request = translating('openai-chat', 'bedrock-converse').request({ model: claude, messages: [user], ...body })
  expect(schemaProblems('bedrock', 'ConverseRequest', request)).toEqual([])
  return request as ConverseRequest
}

/** A request of a client of Bedrock's as another provider gets it. */
function fromBedrock(body: Json): ChatRequest {
  return translating('bedrock-converse', 'openai-chat', { extensions: ['cache_control', 'reasoning_details', 'reasoning_content', 'top_k', 'thinking'] }).request({ model: 'm', messages: [hi], ...body }) as ChatRequest
}

function file(filename: string | undefined, file_data = pdf): Json {
  return { type: 'file', file: { file_data, ...(filename !== undefined && { filename }) } }
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

describe('a request to Bedrock', () => {
  const history = [user, { role: 'assistant', content: null, tool_calls: [call('a'), call('b')] }, { role: 'tool', tool_call_id: 'a', content: 'first' }, { role: 'tool', tool_call_id: 'b', content: '{"c":1}' }]

  test('1: has all results of a turn in one message of the user, before its text', () => {
    const { messages } = toBedrock({ messages: [...history, user], tools: [tool] })
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    expect(messages[2]?.content).toEqual([{ toolResult: { toolUseId: 'a', content: [{ text: 'first' }] } }, { toolResult: { toolUseId: 'b', content: [{ json: { c: 1 } }] } }, { text: 'Hi' }])
  })

  test('1: has results in front of what the user said before them', () => {
    const { messages } = toBedrock({ messages: [...history.slice(0, 2), { role: 'user', content: 'Wait' }, ...history.slice(2)], tools: [tool] })
    expect(messages[2]?.content.map((block) => Object.keys(block)[0])).toEqual(['toolResult', 'toolResult', 'text'])
  })

  test.for<[string, Json[]]>([
    ['{"temp":24}', [{ json: { temp: 24 } }]],
    ['18C', [{ text: '18C' }]],
    ['[1,2]', [{ text: '[1,2]' }]],
    ['null', [{ text: 'null' }]],
    ['  ', []],
    ['', []],
  ])('17: the result %j is told as %j', ([content, told]) => {
    const { messages } = toBedrock({ messages: [...history.slice(0, 2), { role: 'tool', tool_call_id: 'a', content }, { role: 'tool', tool_call_id: 'b', content: 'x' }] })
    expect(messages[2]?.content[0]).toEqual({ toolResult: { toolUseId: 'a', content: told } })
  })

  test('18: calls in a history without tools declare what was called, and may not go on', () => {
    const { toolConfig, system } = toBedrock({ messages: history })
    expect(toolConfig).toEqual({ tools: [{ toolSpec: { name: 'get_weather', inputSchema: { json: { type: 'object' } } } }] })
    expect(system).toEqual([{ text: 'Call no tools now.' }])
  })

  test('18: no tool at all is offered where none may be called, unless the history has calls', () => {
    expect(toBedrock({ tools: [tool], tool_choice: 'none' }).toolConfig).toBeUndefined()
    const { toolConfig, system } = toBedrock({ messages: history, tools: [tool], tool_choice: 'none' })
    expect(toolConfig?.tools).toHaveLength(1)
    expect(toolConfig?.toolChoice).toBeUndefined()
    expect(system).toEqual([{ text: 'Call no tools now.' }])
  })

  test('19: asks for one answer', () => {
    expect(refused(() => toBedrock({ n: 2 }))).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'n' })
    expect(toBedrock({ n: 1 })).not.toHaveProperty('n')
  })

  test('22: has no blank texts, and no message of nothing', () => {
    const { messages, system } = toBedrock({ messages: [{ role: 'system', content: '' }, user, { role: 'assistant', content: '' }, { role: 'user', content: [{ type: 'text', text: ' \n' }, { type: 'text', text: 'Ho' }] }] })
    expect(messages).toEqual([{ role: 'user', content: [{ text: 'Hi' }, { text: 'Ho' }] }])
    expect(system).toBeUndefined()
    expect(refused(() => toBedrock({ messages: [{ role: 'user', content: ' ' }] }))).toMatchObject({ status: 400, param: 'messages' })
  })

  test('23: has what the system says in the middle in front, in order', () => {
    const { system, messages } = toBedrock({ messages: [{ role: 'system', content: 'a' }, user, { role: 'developer', content: [{ type: 'text', text: 'b' }] }] })
    expect(system).toEqual([{ text: 'a' }, { text: 'b' }])
    expect(messages).toHaveLength(1)
  })

  test('begins with the user, whoever began', () => {
    expect(toBedrock({ messages: [{ role: 'assistant', content: 'Hello' }, user] }).messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
  })

  test('24: has a temperature that Bedrock takes', () => {
    expect(toBedrock({ temperature: 2, top_p: 0.5 }).inferenceConfig).toEqual({ temperature: 1, topP: 0.5 })
    expect(toBedrock({ model: 'anthropic.claude-opus-4-7-v1:0', temperature: 0.5, top_k: 3 })).not.toHaveProperty('inferenceConfig')
  })

  test.for<[string, Json, Json | undefined]>([
    ['anthropic.claude-3-7-sonnet-20250219-v1:0', { max_tokens: 8000 }, { thinking: { type: 'enabled', budget_tokens: 4096 } }],
    ['anthropic.claude-3-7-sonnet-20250219-v1:0', { max_tokens: 2000 }, { thinking: { type: 'enabled', budget_tokens: 1999 } }],
    ['anthropic.claude-3-7-sonnet-20250219-v1:0', { max_tokens: 1024 }, undefined],
    ['anthropic.claude-3-7-sonnet-20250219-v1:0', {}, { thinking: { type: 'enabled', budget_tokens: 4096 } }],
    ['arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc', {}, { thinking: { type: 'enabled', budget_tokens: 4096 } }],
    ['us.amazon.nova-2-lite-v1:0', {}, { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } }],
    ['us.amazon.nova-2-lite-v1:0', { max_tokens: 8000 }, { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'medium' } }],
    ['us.amazon.nova-lite-v1:0', {}, undefined],
    ['openai.gpt-oss-120b-1:0', {}, { reasoning_effort: 'high' }],
    ['us.meta.llama3-3-70b-instruct-v1:0', {}, undefined],
    ['us.deepseek.r1-v1:0', {}, undefined],
  ])('25: %s with %j thinks as %j', ([model, more, fields]) => {
    expect(toBedrock({ model, reasoning_effort: 'high', temperature: 0.5, ...more }).additionalModelRequestFields).toEqual(fields)
  })

  test('25: with thinking of Claude’s has no sampling', () => {
    const { inferenceConfig, additionalModelRequestFields: fields } = toBedrock({ reasoning_effort: 'low', max_tokens: 9000, temperature: 0.5, top_p: 0.5, top_k: 4 })
    expect([inferenceConfig, fields]).toEqual([{ maxTokens: 9000 }, { thinking: { type: 'enabled', budget_tokens: 1024 } }])
  })

  test('26: a forced tool wins over thinking, and so do calls under way that lack theirs', () => {
    expect(toBedrock({ tools: [tool], tool_choice: 'required', reasoning_effort: 'high' }).additionalModelRequestFields).toBeUndefined()
    expect(toBedrock({ messages: history, tools: [tool], reasoning_effort: 'high' }).additionalModelRequestFields).toBeUndefined()
    expect(toBedrock({ messages: [...history, { role: 'assistant', content: 'So.' }, user], tools: [tool], reasoning_effort: 'high' }).additionalModelRequestFields).toHaveProperty('thinking')
  })

  test('31: has back what was signed and encrypted, with models that know it; nothing else that was thought', () => {
    const details = [
      { type: 'reasoning.text', text: 'hm', signature: 'c2ln', format: 'anthropic-claude-v1', index: 0 },
      { type: 'reasoning.encrypted', data: 'Y2lwaGVy', format: 'anthropic-claude-v1', index: 1 },
      { type: 'reasoning.text', text: 'unsigned', index: 2 },
      { type: 'reasoning.encrypted', data: 'Z29vZ2xl', format: 'google-gemini-v1', index: 3 },
    ]
    const messages = [user, { role: 'assistant', content: 'a', reasoning_content: 'hm', reasoning_details: details }, user]
    expect(toBedrock({ messages }).messages[1]?.content).toEqual([
      { reasoningContent: { reasoningText: { text: 'hm', signature: 'c2ln' } } },
      { reasoningContent: { redactedContent: 'Y2lwaGVy' } },
      { text: 'a' },
    ])
    expect(toBedrock({ model: 'us.amazon.nova-2-lite-v1:0', messages }).messages[1]?.content).toEqual([{ text: 'a' }])
  })

  test('38: goes to a path whose model is one segment, whatever it holds', () => {
    const { suffix } = facts('bedrock-converse')
    const path = (model: string, stream = false) => (typeof suffix === 'function' ? suffix({ model, stream }) : undefined)
    expect(path(claude, true)).toBe('/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream')
    expect(path('arn:aws:bedrock:eu-west-1:1:inference-profile/eu.x')).toBe('/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.x/converse')
    expect(path("a(b)!*'?#%2F")).toBe('/model/a%28b%29%21%2A%27%3F%23%252F/converse')
    expect(['', '..', 'a/../b', 'a\\..'].map((model) => path(model))).toEqual([undefined, undefined, undefined, undefined])
  })

  test('41: has no empty lists', () => {
    expect(toBedrock({ tools: [], stop: [] })).toEqual({ messages: [hi] })
  })

  test('43: has no stop that is blank', () => {
    expect(toBedrock({ stop: ['', ' ', 'END'] }).inferenceConfig).toEqual({ stopSequences: ['END'] })
    expect(toBedrock({ stop: '' })).not.toHaveProperty('inferenceConfig')
  })

  test('44: has a limit of tokens above 0', () => {
    expect(refused(() => toBedrock({ max_tokens: 0 }))).toMatchObject({ status: 400 })
    expect(refused(() => fromBedrock({ inferenceConfig: { maxTokens: 0 } }))).toMatchObject({ status: 400, param: 'inferenceConfig.maxTokens' })
  })

  test('45: writes long numbers as they came', () => {
    const written = JSON.stringify(toBedrock({ messages: [user, { role: 'assistant', tool_calls: [call('a', 'f', '{"id":12345678901234567890}')] }, { role: 'tool', tool_call_id: 'a', content: '{"id":98765432109876543210}' }], tools: [tool] }))
    expect(written).toContain('"input":{"id":12345678901234567890}')
    expect(written).toContain('"json":{"id":98765432109876543210}')
  })

  test('has ids of calls that Bedrock takes, and the same for call and result', () => {
    const long = `call.${'x'.repeat(80)}`
    const ids = (model: string) => {
      const { messages } = toBedrock({ model, messages: [user, { role: 'assistant', tool_calls: [call(long), call('b.c'), call('b_c')] }, ...[long, 'b.c', 'b_c'].map((id) => ({ role: 'tool', tool_call_id: id, content: 'x' }))], tools: [tool] })
      const told = messages.slice(1).map(({ content }) => content.map((block) => ((block['toolUse'] ?? block['toolResult']) as { toolUseId: string }).toolUseId))
      expect(told[0]).toEqual(told[1])
      return told[0]!
    }
    expect(new Set(ids(claude)).size).toBe(3)
    expect(ids(claude)[2]).toBe('b_c')
    expect(ids('mistral.mistral-large-2402-v1:0').every((id) => /^[a-z0-9]{9}$/.test(id))).toBe(true)
    expect(new Set(ids('mistral.mistral-large-2402-v1:0')).size).toBe(3)
  })

  test('has a mark for the cache behind what it marks, wherever that is', () => {
    const cache_control = { type: 'ephemeral' }
    const point = { cachePoint: { type: 'default' } }
    const ask = {
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'a', cache_control }] },
        { role: 'user', content: [{ type: 'text', text: 'b', cache_control: { ...cache_control, ttl: '1h' } }, { type: 'text', text: 'c' }] },
        { role: 'assistant', tool_calls: [{ ...call('t'), cache_control }] },
        { role: 'tool', tool_call_id: 't', content: [{ type: 'text', text: 'd', cache_control }, { type: 'text', text: 'e' }] },
      ],
      tools: [{ ...tool, cache_control }],
    }
    const { system, messages, toolConfig } = toBedrock(ask)
    expect(system).toEqual([{ text: 'a' }, point])
    expect(messages[0]?.content).toEqual([{ text: 'b' }, { cachePoint: { type: 'default', ttl: '1h' } }, { text: 'c' }])
    expect(messages[1]?.content[1]).toEqual(point)
    expect(messages[2]?.content).toEqual([{ toolResult: { toolUseId: 't', content: [{ text: 'd' }, { text: 'e' }] } }, point])
    expect(toolConfig?.tools[1]).toEqual(point)
    expect(JSON.stringify(toBedrock({ ...ask, model: 'us.meta.llama3-3-70b-instruct-v1:0' }))).not.toContain('cachePoint')
    const nova = toBedrock({ ...ask, model: 'us.amazon.nova-pro-v1:0' })
    expect([nova.toolConfig?.tools.length, nova.messages[0]?.content[1]]).toEqual([1, point])
  })

  test('has documents under names that Bedrock takes, no two alike, and something said about them', () => {
    const { messages } = toBedrock({ messages: [{ role: 'user', content: [file('my_plan  (v2).pdf'), file('my-plan (v2).pdf'), file(undefined), file('notes.md', 'data:text/markdown;base64,IyBB')] }] })
    const documents = messages[0]!.content.flatMap((block) => (block['document'] ? [block['document'] as Json] : []))
    expect(documents.map(({ name, format }) => [name, format])).toEqual([
      ['my-plan (v2)', 'pdf'],
      ['my-plan (v2) (2)', 'pdf'],
      ['document', 'pdf'],
      ['notes', 'md'],
    ])
    expect(messages[0]!.content.at(-1)).toEqual({ text: 'See the document.' })
  })

  test('has documents of text, with what is said about them and the wish to cite them', () => {
    const source = { type: 'text', media_type: 'text/plain', data: 'Once' }
    const request = translating('anthropic-messages', 'bedrock-converse').request({ model: claude, max_tokens: 9, messages: [{ role: 'user', content: [{ type: 'document', source, title: 'tale.md', context: 'old', citations: { enabled: true } }, { type: 'text', text: 'Go' }] }] }) as ConverseRequest
    expect(schemaProblems('bedrock', 'ConverseRequest', request)).toEqual([])
    expect(request.messages[0]?.content[0]).toEqual({ document: { format: 'md', name: 'tale', source: { bytes: 'T25jZQ==' }, context: 'old', citations: { enabled: true } } })
  })

  test('hears', () => {
    expect(toBedrock({ messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } }] }] }).messages[0]?.content).toEqual([{ audio: { format: 'mp3', source: { bytes: 'AAAA' } } }])
  })

  test('sees what lies in a bucket of Amazon’s', () => {
    const { content } = toBedrock({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 's3://b/a.jpg' } }] }] }).messages[0]!
    expect(content).toEqual([{ image: { format: 'jpeg', source: { s3Location: { uri: 's3://b/a.jpg' } } } }])
  })

  test.for<[string, Json]>([
    ['that is no data', { type: 'image_url', image_url: { url: 'https://a.example/b.png' } }],
    ['of another format', { type: 'image_url', image_url: { url: 'data:image/svg+xml;base64,AAAA' } }],
    ['in no address at all', { type: 'image_url', image_url: { url: 'b.png' } }],
    ['of another provider’s', { type: 'file', file: { file_id: 'file-1' } }],
    ['with no text in it', { type: 'file', file: { file_data: 'data:application/zip;base64,AAAA' } }],
  ])('refuses a picture or a document %s', ([, part]) => {
    expect(refused(() => toBedrock({ messages: [{ role: 'user', content: [part] }] }))).toMatchObject({ status: 400, param: expect.stringMatching(/^messages\[0\]\.content\[0\]/) as string })
  })

  test('says in words what the model takes no schema for', () => {
    const response_format = { type: 'json_schema', json_schema: { name: 'a', schema: parameters } }
    expect(toBedrock({ response_format })['outputConfig']).toEqual({ textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: JSON.stringify(parameters), name: 'a' } } } })
    for (const model of ['amazon.nova-lite-v1:0', 'anthropic.claude-3-5-sonnet-20241022-v2:0', 'us.anthropic.claude-opus-4-1-20250805-v1:0', 'us.anthropic.claude-sonnet-4-20250514-v1:0']) {
      const { system, ...request } = toBedrock({ model, response_format, tools: [{ type: 'function', function: { name: 'f', strict: true } }] })
      expect(request).not.toHaveProperty('outputConfig')
      expect(JSON.stringify(request)).not.toContain('strict')
      expect(system?.[0]?.['text']).toContain(JSON.stringify(parameters))
    }
  })
})

describe('a request of Bedrock’s clients', () => {
  test('38: tells model and stream beside the body, as its path has them', () => {
    expect(fromBedrock({ model: 'arn:aws:bedrock:x/y', stream: true })).toMatchObject({ model: 'arn:aws:bedrock:x/y', stream: true, stream_options: { include_usage: true } })
  })

  test('has its marks for the cache on what stands before them', () => {
    const point = { cachePoint: { type: 'default' } }
    const chat = fromBedrock({
      system: [point, { text: 'a' }, point],
      messages: [
        { role: 'user', content: [{ text: 'b' }, { cachePoint: { type: 'default', ttl: '1h' } }] },
        { role: 'assistant', content: [{ text: 'c' }, { toolUse: { toolUseId: 't', name: 'f', input: {} } }, point] },
        { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ text: 'd' }] } }, point] },
      ],
      toolConfig: { tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object' } } } }, point] },
    })
    const cache_control = { type: 'ephemeral' }
    expect(chat).toMatchObject({
      messages: [
        { role: 'system', content: [{ text: 'a', cache_control }] },
        { role: 'user', content: [{ text: 'b', cache_control: { type: 'ephemeral', ttl: '1h' } }] },
        { role: 'assistant', content: 'c' },
        { role: 'tool', content: 'd', cache_control },
      ],
      tools: [{ function: { name: 'f' }, cache_control }],
    })
  })

  test('says what a guardrail, a search or a citation says, and leaves out what Amazon ran', () => {
    const { messages } = fromBedrock({
      messages: [
        { role: 'user', content: [{ guardContent: { text: { text: 'a', qualifiers: ['query'] } } }, { searchResult: { title: 't', source: 's', content: [{ text: 'b' }] } }] },
        { role: 'assistant', content: [{ toolUse: { toolUseId: 'x', name: 'nova_grounding', input: {}, type: 'server_tool_use' } }, { toolResult: { toolUseId: 'x', content: [], type: 'nova_grounding_result' } }, { citationsContent: { content: [{ text: 'c' }, { text: 'd' }], citations: [] } }] },
        hi,
      ],
    })
    expect(messages).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 't\ns\nb' }] },
      { role: 'assistant', content: 'cd' },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
    ])
  })

  test('has what was thought back where it is signed', () => {
    const said = { role: 'assistant', content: [{ reasoningContent: { reasoningText: { text: 'a', signature: 's' } } }, { reasoningContent: { redactedContent: 'Yg==' } }, { reasoningContent: { reasoningText: { text: 'c' } } }, { text: 'd' }] }
    const { messages } = translating('bedrock-converse', 'anthropic-messages').request({ model: 'm', messages: [hi, said, hi] }) as ChatRequest
    expect(messages[1]).toEqual({ role: 'assistant', content: [{ type: 'thinking', thinking: 'a', signature: 's' }, { type: 'redacted_thinking', data: 'Yg==' }, { type: 'text', text: 'd' }] })
    expect(fromBedrock({ messages: [hi, said, hi] }).messages[1]).toMatchObject({ reasoning_content: 'ac', reasoning_details: [{ signature: 's' }, { data: 'Yg==' }] })
    expect(fromBedrock({ messages: [hi, said, hi] }).messages[1]?.['reasoning_details']).toHaveLength(2)
  })

  test.for<[Json, Json]>([
    [{ thinking: { type: 'enabled', budget_tokens: 2048 } }, { reasoning_effort: 'medium', thinking: { type: 'enabled', budget_tokens: 2048 } }],
    [{ reasoning_config: { type: 'enabled', budget_tokens: 1024 } }, { reasoning_effort: 'low' }],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, { reasoning_effort: 'max', thinking: { type: 'adaptive' } }],
    [{ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } }, { reasoning_effort: 'low' }],
    [{ reasoningConfig: { type: 'disabled' } }, { reasoning_effort: 'none' }],
    [{ reasoning_effort: 'high' }, { reasoning_effort: 'high' }],
    [{ top_k: 5 }, { top_k: 5 }],
    [{ inferenceConfig: { topK: 6 } }, { top_k: 6 }],
    [{ k: 7 }, { top_k: 7 }],
  ])('has %j of its model’s own as %j', ([additionalModelRequestFields, told]) => {
    expect(fromBedrock({ additionalModelRequestFields })).toMatchObject(told)
  })

  test.for<[string, Json, string]>([
    ['no messages', { messages: [] }, 'messages'],
    ['a text for content', { messages: [{ role: 'user', content: 'Hi' }] }, 'messages[0].content'],
    ['a role that is none', { messages: [{ role: 'tool', content: [] }] }, 'messages[0].role'],
    ['a call without a name', { messages: [{ role: 'assistant', content: [{ toolUse: { toolUseId: 'a' } }] }] }, 'messages[0].content[0].toolUse'],
    ['a result of no call', { messages: [{ role: 'user', content: [{ toolResult: { content: [] } }] }] }, 'messages[0].content[0].toolResult.toolUseId'],
    ['a picture without bytes', { messages: [{ role: 'user', content: [{ image: { format: 'png', source: {} } }] }] }, 'messages[0].content[0].image'],
    ['a document of no format', { messages: [{ role: 'user', content: [{ document: { format: 'exe', name: 'a', source: { bytes: 'AAAA' } } }] }] }, 'messages[0].content[0].document.format'],
    ['a system that is a text', { system: 'a' }, 'system'],
    ['a tool without a schema', { toolConfig: { tools: [{ toolSpec: { name: 'f' } }] } }, 'toolConfig.tools[0].toolSpec.inputSchema.json'],
    ['a choice that is none', { toolConfig: { tools: [{ toolSpec: { name: 'f', inputSchema: { json: {} } } }], toolChoice: { none: {} } } }, 'toolConfig.toolChoice'],
    ['a schema that is no JSON', { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: '{' } } } } }, 'outputConfig.textFormat.structure.jsonSchema.schema'],
  ])('with %s is refused, and told where', ([, body, param]) => {
    expect(refused(() => fromBedrock(body))).toMatchObject({ status: 400, param })
  })
})

function bodyOf({ id }: Recorded): Json {
  return JSON.parse(recorded(id, '.request.json').toString()) as Json
}

describe('a recorded request to Bedrock', () => {
  const accepted = everyRecorded.filter(({ api, expected }) => api.startsWith('converse') && expected.outcome === 'ok')
  const guarded = accepted.filter(({ id }) => id === 'bedrock-guardrail')

  test.for(accepted)('$id is valid here as it was there', (entry) => {
    expect(schemaProblems('bedrock', 'ConverseRequest', bodyOf(entry))).toEqual([])
  })

  test.for(accepted.filter((entry) => !guarded.includes(entry)))('$id can be asked of all others', (entry) => {
    for (const [provider, bundle, name] of others) {
      const request = translating('bedrock-converse', provider).request({ model: 'm', ...bodyOf(entry) })
      expect({ provider, problems: schemaProblems(bundle, name, request) }).toEqual({ provider, problems: [] })
    }
  })

  test.for(guarded)('$id is refused by all others: nobody would watch', (entry) => {
    for (const [provider] of others) {
      expect(refused(() => translating('bedrock-converse', provider).request({ model: 'm', ...bodyOf(entry) }))).toMatchObject({ status: 400, param: 'guardrailConfig' })
    }
  })
})

/** What conversations may hold at all. */
const everything: Says = {
  signedCalls: true,
  cacheControl: true,
  signedReasoning: true,
  thinkingBudget: true,
  topK: true,
  isError: true,
  picturesFromTools: true,
  documents: false,
  citations: true,
  severalChoices: true,
  refusal: true,
  stopSequence: true,
}

describe('requests to Bedrock', () => {
  test.for(translators.filter(({ dialect }) => dialect !== 'bedrock-converse'))('out of generated conversations of $dialect are valid, users and assistants in turn', ({ dialect, requestFromChat }) => {
    for (const seed of seeds()) {
      const context = new TranslationContext({ now: () => 0, newId: () => 'x', maxHeld: 1 << 20 })
      const body = requestFromChat(requestFor(writtenIn('bedrock-converse', everything), seed), context)
      const request = translating(dialect, 'bedrock-converse').request({ model: 'm', ...(JSON.parse(JSON.stringify(body)) as Json) }) as ConverseRequest
      const roles = request.messages.map(({ role }, index) => role === (index % 2 === 0 ? 'user' : 'assistant'))
      expect({ seed, problems: schemaProblems('bedrock', 'ConverseRequest', request), isInTurn: !roles.includes(false) }).toEqual({ seed, problems: [], isInTurn: true })
    }
  })
})
