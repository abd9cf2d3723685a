import { decodeEvent } from '@sluice/provider'
import { expect, test } from 'vitest'
import { collectedMessage } from '../packages/dialects/test/collected.ts'
import { eventsOf, messages, stage } from './support/stage.ts'

type Json = Record<string, unknown>

const turns = 10
const cached = { cache_control: { type: 'ephemeral' } }
const system = [
  { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.37; cch=0a1b2;' },
  { type: 'text', text: 'You are a coding agent.', ...cached },
  { type: 'text', text: '\nThe directory has 12 files.', ...cached },
]
/** Forty tools, as servers of tools name them: some longer, or with other characters, than OpenAI takes. */
const tools = Array.from({ length: 40 }, (_, index) => ({
  name: index % 4 === 0 ? `mcp.server-${index}/read_file.${'x'.repeat(70)}` : `mcp__files__tool_${index}`,
  description: `Does what tool ${index} does.`,
  input_schema: { type: 'object', properties: { path: { type: 'string' }, [`line_${index}`]: { type: 'integer' } }, required: ['path'] },
  ...(index === 39 && cached),
}))

/** The tool that is asked for in a turn. */
const toolOf = (turn: number): string => tools[turn * 4 + (turn % 2)]!.name

test('a coding agent of Anthropic’s works ten turns on an OpenAI-compatible provider, and nothing is lost', async () => {
  const { mock, stream, lines } = await stage({ ...messages, provider: 'openai' }, { options: { model: 'gpt-5' } })
  const history: Json[] = [{ role: 'user', content: [{ type: 'text', text: `call ${toolOf(0)}`, ...cached }] }]
  const called: Json[] = []
  for (let turn = 0; turn < turns; turn++) {
    const asked = { model: 'claude', max_tokens: 32_000, system, tools, messages: history, thinking: { type: 'enabled', budget_tokens: 10_000 }, metadata: { user_id: 'user_1' }, tool_choice: { type: 'tool', name: toolOf(turn) } }
    const { body } = await stream(asked)
    const { body: message, terminals } = collectedMessage(eventsOf(body).map((event) => decodeEvent(Buffer.from(event))))
    expect([message['stop_reason'], terminals]).toEqual(['tool_use', ['message_stop']])
    const content = message['content'] as Json[]
    const call = content.find(({ type }) => type === 'tool_use')!
    expect(call).toMatchObject({ name: toolOf(turn), input: { path: expect.any(String) as string } })
    called.push(call)
    const next = turn + 1 < turns ? `call ${toolOf(turn + 1)}` : 'done'
    history.push(
      { role: 'assistant', content: [{ type: 'thinking', thinking: `thought ${turn}`, signature: '' }, { type: 'text', text: `Step ${turn}.` }, ...content.filter(({ type }) => type === 'tool_use')] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: call['id'], content: [{ type: 'text', text: `line ${turn}\n` }], ...cached }, { type: 'text', text: next }] },
    )
  }

  await stream({ model: 'claude', max_tokens: 32_000, system, tools, messages: history })
  const sent = JSON.parse(mock.requests.at(-1)!.body.toString()) as Json & { messages: Json[]; tools: { function: Json }[] }
  expect(sent.messages[0]).toEqual({ role: 'system', content: 'x-anthropic-billing-header: cc_version=2.1.37;You are a coding agent.\nThe directory has 12 files.' })
  const names = sent.tools.map((tool) => tool.function['name'])
  expect(new Set(names).size).toBe(40)
  expect(names.filter((name) => !/^[\w-]{1,64}$/.test(String(name)))).toEqual([])
  expect(sent.tools.map((tool) => tool.function['parameters'])).toEqual(tools.map((tool) => tool.input_schema))
  expect(JSON.stringify(sent)).not.toContain('cache_control')

  const rest = sent.messages.slice(2)
  expect(rest).toHaveLength(turns * 3)
  for (let turn = 0; turn < turns; turn++) {
    const [assistant, result, user] = rest.slice(turn * 3)
    const { id, input, name } = called[turn]!
    expect(assistant).toMatchObject({ role: 'assistant', content: `Step ${turn}.`, tool_calls: [{ id, type: 'function', function: { name: names[tools.findIndex((tool) => tool.name === name)] } }] })
    const [call] = assistant!['tool_calls'] as [{ function: { arguments: string } }]
    expect(JSON.parse(call.function.arguments)).toEqual(input)
    expect(result).toEqual({ role: 'tool', tool_call_id: id, content: `line ${turn}\n` })
    expect(user).toMatchObject({ role: 'user' })
  }
  for (const line of await lines(turns + 1)) {
    expect(line).toMatchObject({ outcome: 'complete', usage_source: 'provider', llm_model: 'gpt-5', llm_tool_count: 40 })
  }
})
