import { readFileSync } from 'node:fs'
import { startMockLlm, type MockLlm, type Script } from '@sluice/mock-llm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { viewStream, viewWhole, type Api } from './support/client-view.ts'
import { dialects, elsewhere, expectedOf, faults, type DialectName, type Fault, type Outcome, type Places } from './support/fault-table.ts'
import { faultsFile, faultsMarkdown } from './support/faults-markdown.ts'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { bedrock, chat, eventsOf as eventsIn, gemini, messages, responses } from './support/stage.ts'
import { openGateway, type LogLine, type TestGateway } from './support/start-gateway.ts'

type Mode = 'whole' | 'stream'

interface Spoken {
  readonly provider: string
  readonly config?: object
  readonly isBinary?: boolean
  readonly path: string
  readonly streamPath?: string
  readonly body: object
  readonly quiet: number
  readonly terminal: string
  readonly tellsUsageEarly: boolean
}

const embeddings: Spoken = {
  provider: 'openai',
  path: '/v1/embeddings',
  body: { model: 'text-embedding-3-small', input: 'What is 1+1?', dimensions: 8 },
  quiet: 0,
  terminal: 'none',
  tellsUsageEarly: false,
}
const spoken: Readonly<Record<DialectName, Spoken>> = { chat, responses, messages, gemini, bedrock, embeddings }

/** One request under one fault: how it is cut is the third axis. */
interface Cell {
  readonly fault: Fault
  readonly dialect: DialectName
  readonly mode: Mode
  readonly expected: Outcome
  /** Bytes of each of upstream's writes; as many as there are where it is undefined. */
  readonly chunk: number | undefined
}

interface Seen {
  readonly answer: RawAnswer
  readonly line: LogLine
}

/** Requests at once: all is one process, and its clocks must not run out because of its own work. */
const atOnce = 24
/** Milliseconds for those that are to run out, and for those that are not. */
const soon = 1_000
const later = 120_000

/** The same size for the same cell in every run. */
function seeded(index: number): number {
  return 2 + ((index * 2_654_435_761) % 89)
}

const cells = faults
  .flatMap((fault) => dialects.map((dialect) => ({ fault, dialect })))
  .flatMap(({ fault, dialect }) => {
    const modes = dialect === 'embeddings' ? (['whole'] as const) : (['whole', 'stream'] as const)
    return modes.flatMap((mode) => {
      const expected = expectedOf(fault[mode], dialect)
      return expected ? [{ fault, dialect, mode, expected }] : []
    })
  })
  .map((cell, index) => ({ ...cell, cuts: [undefined, seeded(index), 1].map((chunk): Cell => ({ ...cell, chunk })) }))

let mock: MockLlm
let gateway: TestGateway & { close(): Promise<void> }
const plain = new Map<DialectName, Places['plain']>()
const seen = new Map<Cell, Seen>()
let total = 0

beforeAll(async () => {
  mock = await startMockLlm()
  gateway = await openGateway({ routes: [...routesOf('soon', soon), ...routesOf('later', later)] })
  for (const dialect of dialects) {
    const whole = (await ask(dialect, 'whole', {})).body
    const stream = dialect === 'embeddings' ? Buffer.alloc(0) : (await ask(dialect, 'stream', {})).body
    plain.set(dialect, { whole, stream })
  }
  const all = cells.flatMap(({ cuts }) => cuts)
  const answers = new Map<Cell, RawAnswer>()
  const stalls = all.filter(isStall).map((cell) => [cell, 'soon'] as const)
  const others = all.filter((cell) => !isStall(cell)).map((cell) => [cell, 'later'] as const)
  const play = async ([cell, clocks]: readonly [Cell, string]): Promise<void> =>
    void answers.set(cell, await ask(cell.dialect, cell.mode, scriptOf(cell), clocks))
  await inTurns(others, play)
  await inTurns(stalls, play)
  const lines = new Map((await gateway.lines(total)).map((line) => [String(line['request_id']), line]))
  for (const [cell, answer] of answers) seen.set(cell, { answer, line: lines.get(answer.id) ?? {} })
}, 120_000)

afterAll(async () => {
  await gateway.close()
  await mock.close()
})

describe.for(dialects)('a provider of %s that', (dialect) => {
  test.for(cells.filter((cell) => cell.dialect === dialect))('$fault.what, $mode: $expected.gets', ({ cuts, mode, expected }) => {
    const soFar = spoken[dialect].tellsUsageEarly ? 'partial' : 'none'
    const usage = expected.usage === 'so far' ? soFar : expected.usage
    const status = expected.gets === 'status' ? expected.status : 200
    const line = { status, outcome: expected.outcome, usage_source: usage, llm_stream: mode === 'stream' }
    const found = cuts.map((cell) => {
      const { answer, line: logged } = seen.get(cell)!
      return { bytesAtOnce: cell.chunk, lacks: lacksOf(cell, answer), line: logged }
    })
    expect(found).toMatchObject(cuts.map(({ chunk }) => ({ bytesAtOnce: chunk, lacks: [], line })))
  })
})

test('every request has one line in the log, and the gateway serves on', async () => {
  expect(await gateway.lines(total)).toHaveLength(total)
  expect(gateway.gateway.snapshot.inFlight).toBe(0)
  for (const dialect of dialects) expect(await ask(dialect, 'whole', {})).toMatchObject({ status: 200, isWhole: true })
})

test('the table that users read is this one', () => {
  expect(readFileSync(faultsFile, 'utf8'), 'packages/ai-proxy/FAULTS.md is out of date: run `npm run reference`').toBe(faultsMarkdown())
})

test('no fault that the mock can play is left out', async () => {
  const { body } = await askRaw(`${mock.url}/v1/models`, { method: 'GET', headers: { 'x-mock-fault': 'nonsense=1' } })
  const [, names = ''] = /known are ([\w, ]+)/.exec(body.toString()) ?? []
  const known = names.split(', ')
  const places: Places = { quiet: 1, content: 4, plain: plain.get('chat')! }
  const played = new Set([...faults.flatMap(({ script }) => Object.keys(script(places))), ...Object.keys(elsewhere)])
  expect(known.length).toBeGreaterThan(25)
  expect(known.filter((name) => !played.has(name))).toEqual([])
})

function routesOf(id: string, timeout: number): object[] {
  return [chat, messages, gemini, bedrock].map(({ provider, config }) => ({
    id: `${id}-${provider}`,
    uri: `/${id}/${provider}/*`,
    plugins: {
      'ai-proxy': {
        provider,
        auth: {},
        ...config,
        timeout,
        keepalive: false, // some close behind their end, and what one does to the next is not told here
        commit_ms: later, // what is to fail before the commit does so, however busy the machine is
        override: { endpoint: mock.url, forward_headers: ['x-mock-fault'] },
      },
    },
  }))
}

function scriptOf({ fault, dialect, chunk }: Pick<Cell, 'fault' | 'dialect'> & Partial<Cell>): Script {
  const { quiet } = spoken[dialect]
  const places = { quiet, content: quiet + 2, plain: plain.get(dialect)! }
  return { ...(chunk !== undefined && { chunk }), ...fault.script(places) }
}

/** Silent for good: only a clock of the gateway brings it to an end. */
function isStall(cell: Cell): boolean {
  const { stallBeforeFirstByteMs, stallAfter, stallMs } = scriptOf(cell)
  return stallBeforeFirstByteMs === 'forever' || (stallAfter !== undefined && stallMs === undefined)
}

async function ask(dialect: DialectName, mode: Mode, script: Script, clocks = 'later'): Promise<RawAnswer> {
  const { provider, path, streamPath, body } = spoken[dialect]
  const isStream = mode === 'stream'
  const wantsUsage = dialect === 'chat' ? { stream_options: { include_usage: true } } : {}
  total += 1
  return askRaw(`${gateway.url}/${clocks}/${provider}${isStream ? (streamPath ?? path) : path}`, {
    headers: { 'x-mock-fault': JSON.stringify({ words: 4, ...script }) },
    body: { ...body, ...(isStream && !streamPath && { stream: true, ...wantsUsage }) },
  })
}

async function inTurns<T>(work: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const waiting = work.values()
  const runner = async (): Promise<void> => {
    for (const one of waiting) await run(one)
  }
  await Promise.all(Array.from({ length: atOnce }, runner))
}

/** What an answer lacks of what its cell says that the client gets. */
function lacksOf(cell: Cell, answer: RawAnswer): string[] {
  const { gets } = cell.expected
  const checks = { answer: answerChecks, status: statusChecks, cut: cutChecks }[gets]
  return Object.entries({ ...checks(cell, answer), 'is whole, or is not': () => answer.isWhole === (gets !== 'cut') })
    .filter(([, holds]) => !holds())
    .map(([what]) => `${what}: ${answer.status} ${answer.body.toString().slice(0, 300)}`)
}

type Checks = Readonly<Record<string, () => boolean>>

function answerChecks({ dialect, fault }: Cell, answer: RawAnswer): Checks {
  const isOk = { 'is a 200': () => answer.status === 200 }
  if (dialect === 'embeddings') return { ...isOk, 'has data': () => 'data' in (JSON.parse(answer.body.toString()) as object) }
  const api = dialect satisfies Api
  const sent = scriptOf({ fault, dialect })
  const { choices, error } = isEvents(answer) ? viewStream(api, answer.body) : viewWhole(api, answer.body)
  return {
    ...isOk,
    'has no error': () => error === undefined,
    'has stopped by itself': () => choices[0]?.finish === 'stop',
    'has its text': () => choices[0]?.content === (sent.text === undefined ? textOf(dialect) : choices[0]?.content),
    'ends as its dialect does': () => !isEvents(answer) || eventsOf(dialect, answer.body).at(-1)!.includes(spoken[dialect].terminal),
  }
}

function statusChecks({ dialect, expected }: Cell, { status, headers, body }: RawAnswer): Checks {
  const { type, error } = toldIn(dialect, body)
  return {
    'has its status': () => expected.gets === 'status' && status === expected.status,
    'is JSON': () => String(headers['content-type']).startsWith('application/json'),
    'says what happened': () => error?.message !== undefined && error.message !== '' && typeof error[dialect === 'gemini' ? 'status' : 'type'] === 'string',
    'is an error of its dialect': () => dialect !== 'messages' || type === 'error',
  }
}

interface Told {
  readonly type?: string
  readonly error?: { readonly message?: string; readonly type?: unknown; readonly status?: unknown }
}

/** What an error body says; Bedrock's has nothing around it, and its type in a header or, where the gateway says it, in a member. */
function toldIn(dialect: DialectName, body: Buffer): Told {
  const json = JSON.parse(body.toString()) as Told & { message: string; __type?: string }
  const { message, __type: type = 'in a header' } = json
  return dialect === 'bedrock' ? { error: { message, type } } : json
}

function eventsOf(dialect: DialectName, body: Buffer): string[] {
  const events = eventsIn(body, spoken[dialect])
  // Bedrock counts tokens behind its end.
  return dialect === 'bedrock' && events.at(-1)?.includes('metadata') ? events.slice(0, -1) : events
}

function cutChecks({ dialect }: Cell, { status, body }: RawAnswer): Checks {
  const { choices, error } = viewStream(dialect as Api, body) // throws at an event that is not whole
  const last = eventsOf(dialect, body).at(-1) ?? ''
  return {
    'is a 200': () => status === 200,
    'has no end': () => !body.toString().includes(spoken[dialect].terminal),
    'says what happened': () => error !== undefined && error !== '',
    'has some of its text': () => choices[0]!.content !== '' && textOf(dialect).startsWith(choices[0]!.content),
    'ends with the error': () => (spoken[dialect].isBinary ? last.includes(':exception-type') : last.includes('error') && /(?:\r\n\r\n|\n\n|\r\r)$/.test(last)),
  }
}

/** Whether the answer is events depends on what upstream sends, not on what was asked for. */
function isEvents({ headers }: RawAnswer): boolean {
  return /^(?:text\/event-stream|application\/vnd\.amazon\.eventstream)/.test(String(headers['content-type']))
}

/** What the mock says when nothing goes wrong. */
function textOf(dialect: DialectName): string {
  return viewStream(dialect as Api, plain.get(dialect)!.stream).choices[0]!.content
}
