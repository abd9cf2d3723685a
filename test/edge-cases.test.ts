import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { viewStream, viewWhole } from './support/client-view.ts'
import { untestedCases } from './support/fifty-cases.ts'
import { askingClients, openMatrix } from './support/matrix.ts'
import { playedProviders } from './support/provider-dialects.ts'
import { chat, messages, responses, spoken, stage, type Spoken, type Stage } from './support/stage.ts'

const native = { provider_conf: { dialect: 'native' } }

interface Pair {
  readonly name: string
  readonly client: Spoken
  readonly config?: object
}

/** Those that meet in one dialect, and those that have to be translated. */
const pairs: readonly Pair[] = [
  ...spoken.map((client) => ({ name: `a relayed answer of ${client.api}`, client })),
  { name: 'an answer of chats for a client of Anthropic’s', client: { ...messages, provider: 'openai' } },
  { name: 'an answer of chats for a client of the Responses API', client: { ...responses, provider: 'deepseek' } },
  { name: 'an answer of Anthropic for a chat client', client: { ...chat, provider: 'anthropic' }, config: native },
  { name: 'an answer of Anthropic for a client of the Responses API', client: { ...responses, provider: 'anthropic' }, config: native },
]

const limited = { max_tokens: 4096 }

async function scripted({ client, config = {} }: Pair, script: object): Promise<Stage> {
  const one = await stage(client, config)
  one.mock.script(script)
  return one
}

function messageIn(body: Buffer): string {
  return (JSON.parse(body.toString()) as { error: { message: string } }).error.message
}

function delta(piece: object, finish: string | null = null): string {
  return `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: piece, finish_reason: finish }] })}\n\n`
}

test('each of the fifty cases has a test that names it', () => {
  expect(untestedCases()).toEqual([])
})

describe.for(pairs)('$name', (pair) => {
  const { api } = pair.client
  const enough = api === 'gemini' ? {} : limited

  test('11: that is an error alone, under a 200, is an error with a status', async () => {
    const { ask, lines } = await scripted(pair, { errorIn200: true, message: 'Broken inside.' })
    const { status, body } = await ask(enough)
    expect([status >= 500, messageIn(body)]).toEqual([true, 'Broken inside.'])
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error' }])
  })

  test('12: whose first event is an error is an answer with a status, not a stream', async () => {
    const { stream, lines } = await scripted(pair, { errorEvent: 0, message: 'Broken at once.' })
    const { status, headers, body } = await stream(enough)
    expect([status >= 500, headers['content-type'], messageIn(body)]).toEqual([true, 'application/json', 'Broken at once.'])
    expect(await lines()).toMatchObject([{ outcome: 'upstream_error' }])
  })

  test('36: behind blank lines, or comments, is the answer, and they are no tokens', async () => {
    const { mock, ask, stream, lines } = await scripted(pair, { comments: 3 })
    const whole = await ask(enough)
    mock.script({ comments: 3, stallAfter: 0, stallMs: 100 })
    const streamed = await stream({ ...enough, ...pair.client.wantsUsage })
    expect([whole.status, streamed.status, streamed.isWhole]).toEqual([200, 200, true])
    expect(viewStream(api, streamed.body)).toEqual(viewWhole(api, whole.body))
    const [, line] = await lines(2)
    expect(line).toMatchObject({ outcome: 'complete', usage_source: 'provider' })
    expect(line?.['llm_time_to_first_token']).toBeGreaterThan(80)
  })
})

describe('whatever client and provider speak,', () => {
  const cells = askingClients.flatMap((client) => playedProviders.map((provider) => ({ client: client.name, on: provider.name, from: client.dialect, to: provider.dialect })))
  const question = [{ role: 'user', content: 'Hi' }]
  let matrix: Awaited<ReturnType<typeof openMatrix>>
  beforeAll(async () => {
    matrix = await openMatrix()
  })
  afterAll(() => matrix.close())

  test.for(cells)('11: an error alone, under a 200, is an error with a status ($client on $on)', async ({ from, to }) => {
    const cell = matrix.cell(from, to)
    cell.mock.script({ errorIn200: true, message: 'Broken inside.' })
    const { status, body } = await cell.send(question, false)
    expect([status >= 400, body.toString()]).toEqual([true, expect.stringContaining('Broken inside.')])
  })

  test.for(cells)('47: separators of lines, and emoji that are cut between chunks, are kept ($client on $on)', async ({ from, to }) => {
    const text = 'a\u2028b\u2029c 👩‍👩‍👧‍👦 é 世界'
    const cell = matrix.cell(from, to)
    cell.mock.script({ text, chunk: 1 }, { text, chunk: 1 })
    const [whole, streamed] = [await cell.whole(question), await cell.streamed(question)]
    expect([whole.content, streamed.content]).toEqual([text, text])
  })
})

describe('a chat client', () => {
  const ofChats: Pair = { name: '', client: chat }
  const ofAnthropic: Pair = { name: '', client: { ...chat, provider: 'anthropic' }, config: native }

  test.for([0, 1, 2])('13: gets one [DONE] where the provider sends %i', async (times) => {
    const { stream } = await scripted(ofChats, { event: [delta({ content: 'A' }), delta({}, 'stop'), ...Array.from({ length: times }, () => 'data: [DONE]\n\n')] })
    const { body, isWhole } = await stream()
    expect([isWhole, body.toString().split('data: [DONE]\n\n').length - 1]).toEqual([true, 1])
  })

  test.for([ofChats, ofAnthropic])('40: sees no usage that it did not ask for (provider: $client.provider)', async (pair) => {
    const { stream, lines } = await stage(pair.client, pair.config)
    const silent = await stream(limited)
    const asked = await stream({ ...limited, ...chat.wantsUsage })
    expect(silent.body.toString()).not.toMatch(/"usage":\{|"choices":\[\]/)
    expect(asked.body.toString().match(/"choices":\[\]/g)).toHaveLength(1)
    const [first, second] = await lines(2)
    expect(first).toMatchObject({ usage_source: 'provider', llm_total_tokens: second?.['llm_total_tokens'] })
  })

  test('40: that does not stream is asked no usage for, which OpenAI would refuse', async () => {
    const { mock, ask } = await stage(chat)
    await ask({ stream: false })
    expect(mock.requests[0]?.body.toString()).not.toContain('stream_options')
  })

  test('48: keeps what its provider counts beside what everybody counts', async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 9, cost: 0.00012, cost_details: { upstream: null }, is_byok: false, more: [1.0] }
    const answer = { id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'A' }, finish_reason: 'stop' }], usage }
    const { mock, ask, stream, lines } = await scripted(ofChats, { body: answer })
    expect(JSON.parse((await ask()).body.toString())).toEqual(answer)
    mock.script({ event: [delta({ content: 'A' }), delta({}, 'stop'), `data: ${JSON.stringify({ choices: [], usage })}\n\n`] })
    expect((await stream(chat.wantsUsage)).body.toString()).toContain(JSON.stringify(usage))
    const counted = { llm_prompt_tokens: 3, llm_completion_tokens: 4, llm_total_tokens: 9 }
    expect(await lines(2)).toMatchObject([counted, counted])
  })
})
