import { promptDecorator } from '@sluice/prompt-decorator'
import { exercise, type TestRequest } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { promptTemplate } from '../src/index.ts'

const essay = {
  name: 'essay',
  template: {
    model: 'gpt-4o',
    messages: [
      { role: 'system', content: 'You write {{ style | plain, short }} essays.' },
      { role: 'user', content: 'Write about {{topic}}. Again: {{topic}}!' },
    ],
  },
}
const config = { templates: [essay, { name: 'echo', template: { messages: [{ role: 'user', content: '{{text}}' }] } }] }

function request(body: Record<string, unknown>): TestRequest {
  return { path: '/v1/chat/completions', body }
}

async function filled(body: Record<string, unknown>, given: unknown = config): Promise<Record<string, unknown>> {
  return (await exercise(promptTemplate, given, request(body))).sent?.json as Record<string, unknown>
}

test('it makes a chat of a template and its variables', async () => {
  expect(await filled({ template_name: 'essay', topic: 'sluices', style: 'long' })).toEqual({
    model: 'gpt-4o',
    messages: [
      { role: 'system', content: 'You write long essays.' },
      { role: 'user', content: 'Write about sluices. Again: sluices!' },
    ],
  })
})

test.for(['a "quote"', 'two\nlines', '<b>&amp;</b>', 'back\\slash', '{{topic}}', '{{style}}', '$& $1', '🦆\u0000', ''])(
  'it puts the value %j into the text as it is, once',
  async (topic) => {
    const { messages } = (await filled({ template_name: 'essay', topic })) as { messages: { content: string }[] }
    expect(messages[1]?.content).toBe(`Write about ${topic}. Again: ${topic}!`)
  },
)

test.for([
  [{}, 'plain, short'],
  [{ style: null }, 'plain, short'],
  [{ style: '' }, ''],
] as const)('with %j it takes the style %j', async ([rest, style]) => {
  const { messages } = (await filled({ template_name: 'essay', topic: 'x', ...rest })) as { messages: { content: string }[] }
  expect(messages[0]?.content).toBe(`You write ${style} essays.`)
})

test.for([
  ['12345678901234567890', '12345678901234567890'],
  ['1.0', '1.0'],
  ['true', 'true'],
  ['{"a": [1, "x"]}', '{"a": [1, "x"]}'],
  ['["a","b"]', '["a","b"]'],
])('it puts %s into the text as its JSON', async ([json, text]) => {
  const { sent } = await exercise(promptTemplate, config, { body: `{"template_name":"echo","text":${json}}` })
  expect(sent?.chat.messages).toEqual([{ role: 'user', content: text }])
})

test('it keeps the other members of the request, to the byte, and takes away what it used up', async () => {
  const body = '{"stream": true, "template_name":"essay", "user":"u-1", "topic":"x", "seed":12345678901234567890, "model":"mine", "messages":[]}'
  const { sent } = await exercise(promptTemplate, config, { body })
  expect(sent?.text).toMatch(/^\{"stream": true, "user":"u-1", "seed":12345678901234567890, "model":"gpt-4o", "messages":\[\{/)
  expect(Object.keys(sent?.json as object)).toEqual(['stream', 'user', 'seed', 'model', 'messages'])
})

test('it leaves the model to the client where the template names none', async () => {
  expect(await filled({ template_name: 'echo', text: 'Hi', model: 'mine' })).toEqual({
    model: 'mine',
    messages: [{ role: 'user', content: 'Hi' }],
  })
})

test('a variable that is called like a member of the request is a variable', async () => {
  const given = {
    templates: [{ name: 't', template: { model: '{{model}}-mini', messages: [{ role: 'user', content: 'Is it {{stream}}? {{template_name}}: {{messages}}' }] } }],
  }
  expect(await filled({ template_name: 't', stream: true, model: 'gpt', messages: ['m'], user: 'u' }, given)).toEqual({
    user: 'u',
    model: 'gpt-mini',
    messages: [{ role: 'user', content: 'Is it true? t: ["m"]' }],
  })
})

test('it runs before the decorator, which sees the messages', async () => {
  const system = { role: 'system', content: 'Be kind.' }
  const { sent } = await exercise(promptTemplate, config, request({ template_name: 'echo', text: 'Hi' }), {
    behind: [[promptDecorator, { prepend: [system] }]],
  })
  expect(sent?.chat.messages).toEqual([system, { role: 'user', content: 'Hi' }])
})

test.for(['/v1/models', '/v1/audio/speech'])('it leaves %s alone', async (path) => {
  const { sent, ctx } = await exercise(promptTemplate, config, { path, body: 'bytes' })
  expect(sent?.text).toBe('bytes')
  expect(ctx.request.body.isRead).toBe(false)
})

const template = (content: string): unknown => ({ templates: [{ name: 't', template: { messages: [{ role: 'user', content }] } }] })

describe('what it refuses', () => {
  test.for<[string, string, number, string, string, Record<string, unknown>?]>([
    ['an empty body', '', 400, 'empty_body', 'could not get body: request body is empty'],
    ['a body that is no JSON', 'Hello', 400, 'invalid_json', 'could not parse JSON request body: '],
    ['a body that is too large', '{"template_name":"echo"}', 413, 'body_too_large', 'maximum size 10 allowed', { max_req_body_size: 10 }],
    ['no name', '{"topic":"x"}', 400, 'template_name_missing', 'template name is missing in request.'],
    ['an empty name', '{"template_name":""}', 400, 'template_name_missing', 'template name is missing in request.'],
    ['a name that is no text', '{"template_name":7}', 400, 'template_name_missing', 'template name is missing in request.'],
    ['an array', '[]', 400, 'template_name_missing', 'template name is missing in request.'],
    ['an unknown name', '{"template_name":"poem"}', 400, 'template_not_configured', 'template: poem not configured.'],
    ['the name of nothing', '{"template_name":"__proto__"}', 400, 'template_not_configured', 'template: __proto__ not configured.'],
    ['two names', '{"template_name":"echo","template_name":"essay"}', 400, 'duplicate_member', 'more than one member "template_name"'],
    ['two values', '{"template_name":"echo","text":"a","text":"b"}', 400, 'duplicate_member', 'more than one member "text"'],
    ['a missing value', '{"template_name":"echo","text":null}', 400, 'template_variable_missing', 'missing template variable: text'],
  ])('%s', async ([, body, status, code, text, rest = {}]) => {
    const { reply, sent } = await exercise(promptTemplate, { ...config, ...rest }, { body })
    expect(reply.status).toBe(status)
    const answer = JSON.parse(reply.body) as { error_msg: string; error: { code: string } }
    expect(answer.error_msg).toContain(text)
    expect(answer.error.code).toBe(code)
    expect(sent).toBeUndefined()
  })

  test('it names every variable that is missing, once, and none that has a default', async () => {
    const given = {
      templates: [{ name: 't', template: { messages: [{ role: 'user', content: '{{a}} {{b|x}} {{c}} {{a}}' }] } }],
    }
    const { reply } = await exercise(promptTemplate, given, request({ template_name: 't' }))
    expect((JSON.parse(reply.body) as { error_msg: string }).error_msg).toBe('missing template variables: a, c')
  })

  test('it does not repeat a long name', async () => {
    const { reply } = await exercise(promptTemplate, config, request({ template_name: 'x'.repeat(100_000) }))
    expect(reply.bytes.byteLength).toBeLessThan(1_000)
  })

  const message = { role: 'user', content: 'x' }
  test.for<[string, unknown, string]>([
    ['no templates', { templates: [] }, 'templates: must not be empty'],
    ['a template without messages', { templates: [{ name: 't', template: { messages: [] } }] }, 'messages: must not be empty'],
    ['a template without a name', { templates: [{ name: '', template: { messages: [message] } }] }, 'templates[0].name: must not be empty'],
    ['two templates of one name', { templates: [essay, essay] }, 'templates[1].name: another template is called essay'],
    ['an unknown member', { templates: [{ name: 't', template: { messages: [message], stream: true } }] }, 'template.stream: is not a known field'],
    ['an empty placeholder', template('a {{ }} b'), 'messages[0].content: {{ }} is no placeholder'],
    ['an expression', template('{{ a .. b }}'), '{{ a .. b }} is no placeholder: write {{name}} or {{name|default}}'],
  ])('a configuration with %s', async ([, wrong, problem]) => {
    await expect(exercise(promptTemplate, wrong, request({}))).rejects.toThrow(problem)
  })
})

test.for([
  ['a {{ b', {}, 'a {{ b'],
  ['}} {x} { {', {}, '}} {x} { {'],
  ['{{größe_1-x}}', { 'größe_1-x': 'ok' }, 'ok'],
  ['{{a|}}', {}, ''],
  ['{{a| b | c }}', {}, 'b | c'],
  ['{{a|two\nlines}}', {}, 'two\nlines'],
  ['{{a}}{{b}}', { a: '{{', b: 'x}}' }, '{{x}}'],
  ['{{constructor|none}}', {}, 'none'],
] as const)('the text %j with %j becomes %j', async ([content, values, expected]) => {
  const given = { templates: [{ name: 't', template: { messages: [{ role: 'user', content }] } }] }
  const { messages } = (await filled({ template_name: 't', ...values }, given)) as { messages: { content: string }[] }
  expect(messages[0]?.content).toBe(expected)
})
