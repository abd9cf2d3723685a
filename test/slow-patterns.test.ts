import { startMockLlm, type MockLlm } from '@sluice/mock-llm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askRaw, type RawAnswer } from './support/raw-client.ts'
import { aiRoute, openGateway, type TestGateway } from './support/start-gateway.ts'

let mock: MockLlm
let gateway: TestGateway & { close(): Promise<void> }

/** What takes an engine that tries everything longer than the world has been there. */
const slow = ['(a+)+$', '(a|a)*b$', '(a|b|ab)*c', '([a-z]+)*!', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)(.*)(.*)(.*)(.*)[^a]$', '(?:a{0,30}){30}b$']
/** What takes an automaton far more states than it has letters. */
const wide = '(a|b)*a(a|b){200}c$'

beforeAll(async () => {
  mock = await startMockLlm()
  const route = (id: string, vars: unknown[], more: object = {}): object => ({ ...aiRoute(mock.url), id, uri: '/*', vars, ...more })
  gateway = await openGateway({
    routes: [
      ...slow.map((pattern, index) => route(`header-${index}`, [['http_x_text', '~~', pattern], ['http_x_index', '==', `${index}`]])),
      ...slow.map((pattern, index) => route(`query-${index}`, [['arg_text', '~*', pattern], ['arg_index', '==', `${index}`]])),
      ...slow.map((pattern, index) => route(`body-${index}`, [['post_arg.text', '~~', pattern], ['post_arg.index', '==', index]])),
      route('wide', [['http_x_kind', '==', 'wide'], ['post_arg.text', '~~', wide]]),
      route('wide-header', [['http_x_kind', '==', 'wide-header'], ['http_x_text', '~~', wide]]),
      route('search', [['http_x_kind', '==', 'search'], [`post_arg.messages[?search(@.content, "${wide}")].role`, 'has', 'user']]),
      route('filters', [['http_x_kind', '==', 'filters'], ['post_arg..[?@..[?@..a]]', 'has', 1]]),
      route('everything', [['http_x_kind', '==', 'everything'], ['post_arg..*', 'has', 'never']]),
      route('overlap', [['http_x_kind', '==', 'overlap'], ['post_arg..*..*..*..*', 'has', 'never']]),
      route('filtered', [['http_x_kind', '==', 'filtered']], {
        plugins: { ...(aiRoute(mock.url)['plugins'] as object), 'ai-prompt-decorator': { _meta: { filter: [['post_arg.text', '~~', wide]] }, append: [{ role: 'user', content: 'x' }] } },
      }),
      route('rest', [], { priority: -1 }),
    ],
  })
})
afterAll(async () => {
  await gateway.close()
  await mock.close()
})

interface Told {
  readonly headers?: Record<string, string>
  readonly query?: string
  readonly body?: object | string
}

async function ask({ headers = {}, query = '', body = {} }: Told): Promise<RawAnswer & { readonly route: unknown }> {
  const content = typeof body === 'string' ? body : JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }], ...body })
  const started = performance.now()
  const answer = await askRaw(`${gateway.url}/v1/chat/completions${query}`, { headers, body: content })
  // Ten times what it takes on a slow machine; one that was caught would take for ever.
  expect(performance.now() - started).toBeLessThan(20_000)
  const [line] = await gateway.linesOf(answer.id)
  return { ...answer, route: line!['route_id'] }
}

const isSlow = slow.map((pattern, index) => [pattern, index] as const)

describe('a pattern that an engine could be caught in', { timeout: 30_000 }, () => {
  const text = `${'a'.repeat(12_000)}1`

  test.for(isSlow)('%s is soon done with a header', async ([, index]) => {
    const { status, route } = await ask({ headers: { 'x-text': text, 'x-index': `${index}` } })
    expect([status, route]).toEqual([200, index === 5 ? 'header-5' : 'rest'])
  })

  test.for(isSlow)('%s is soon done with a parameter', async ([, index]) => {
    const { status, route } = await ask({ query: `?text=${text}&index=${index}` })
    expect([status, route]).toEqual([200, index === 5 ? 'query-5' : 'rest'])
  })

  test.for(isSlow)('%s is soon done with a member of the body', async ([, index]) => {
    const found = await ask({ body: { index, text: `${'a'.repeat(200_000)}1` } })
    // The last one is thousands of steps for each letter: too many for so long a text.
    const expected = index === 6 ? [400, null] : [200, index === 5 ? 'body-5' : 'rest']
    expect([found.status, found.route]).toEqual(expected)
  })
})

/** Text that leads an automaton into ever new states. */
function winding(length: number): string {
  let state = 1
  const letters = Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state & 0x10000 ? 'a' : 'b'
  })
  return `${letters.join('')}cd`
}

const messages = (count: number): object[] => Array.from({ length: count }, () => ({ role: 'user', content: winding(5000) }))

describe('a pattern that needs ever more states', { timeout: 30_000 }, () => {
  test('is looked for in a header', async () => {
    expect(await ask({ headers: { 'x-kind': 'wide-header', 'x-text': winding(12_000) } })).toMatchObject({ status: 200, route: 'rest' })
  })

  test('and in a member of the body, but not in a megabyte: a 400, and no other route', async () => {
    const headers = { 'x-kind': 'wide' }
    expect(await ask({ headers, body: { text: winding(12_000) } })).toMatchObject({ status: 200, route: 'rest' })
    const refused = await ask({ headers, body: { text: winding(1_000_000) } })
    expect([refused.status, String(refused.body)]).toEqual([400, expect.stringContaining('a text of 1000002 characters is too long for a pattern')])
    expect(String(refused.body)).not.toContain('(a|b)')
  })

  test('also where it is the condition of a plugin', async () => {
    const headers = { 'x-kind': 'filtered' }
    expect(await ask({ headers, body: { text: winding(1000) } })).toMatchObject({ status: 200, route: 'filtered' })
    expect(await ask({ headers, body: { text: winding(1_000_000) } })).toMatchObject({ status: 400, route: 'filtered' })
  })

  test('also in a JSONPath, all texts together', async () => {
    const headers = { 'x-kind': 'search' }
    expect(await ask({ headers, body: { messages: messages(2) } })).toMatchObject({ status: 200, route: 'rest' })
    const refused = await ask({ headers, body: { messages: messages(100) } })
    expect([refused.status, String(refused.body)]).toEqual([400, expect.stringContaining('too many steps')])
  })
})

describe('a body that a JSONPath could be lost in', { timeout: 30_000 }, () => {
  const begin = '{"model":"m","messages":[{"role":"user","content":"x"}],"index":0,'
  const deep = `${begin}"x":${'[{"a":'.repeat(50_000)}0${'}]'.repeat(50_000)}}`
  const wideBody = `${begin}"x":[${'{"a":0},'.repeat(100_000)}0]}`
  const crowded = `${begin}"text":[${'[],'.repeat(2_000_000)}0]}`

  test.for([
    ['filters', deep, 400],
    ['filters', wideBody, 200],
    ['everything', deep, 200],
    ['everything', wideBody, 200],
    ['overlap', deep, 200],
    ['overlap', wideBody, 200],
    ['filters', crowded, 400],
    ['everything', crowded, 400],
  ] as const)('%s, %#', async ([kind, body, status]) => {
    expect(await ask({ headers: { 'x-kind': kind }, body })).toMatchObject({ status })
  })

  test('a member that holds too much to be compared is a 400, too', async () => {
    const refused = await ask({ body: crowded })
    expect([refused.status, String(refused.body)]).toEqual([400, expect.stringContaining('too many values stand in the body')])
  })

  test('one that merely holds much text is compared', async () => {
    const body = { text: 'x, '.repeat(1_000_000), index: 9 }
    expect(await ask({ headers: { 'x-kind': 'everything' }, body: { ...body, text: 'x'.repeat(3_000_000) } })).toMatchObject({ status: 200 })
    expect((await ask({ body })).status).toBe(200)
  })
})

test('of all that nothing was the gateway’s own fault, and it serves on', async () => {
  expect(await ask({})).toMatchObject({ status: 200, route: 'rest' })
  expect((await gateway.lines()).filter(({ outcome }) => outcome === 'gateway_error')).toEqual([])
})
