import { describe, expect, it, test } from 'vitest'
import { compileBodyPath, ExprError } from '../src/index.ts'

function query(path: string, value: unknown): unknown[] | undefined {
  const compiled = compileBodyPath(path)
  if (!('query' in compiled)) throw new Error('not a query')
  return compiled.query(value)
}

const body = {
  model: 'm',
  messages: [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: [{ type: 'text', text: 'hi' }, { type: 'image_url', image_url: { url: 'u' } }] },
    { role: 'tool', content: '42', tool_call_id: 'c1' },
  ],
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
  n: null,
  limits: [1, 2, 3, 4, 5],
  __proto__own: 1,
}

describe('a plain path', () => {
  test.for<[string, string[]]>([
    ['model', ['model']],
    ['metadata.tier', ['metadata', 'tier']],
    ['messages.0.role', ['messages', '0', 'role']],
    ['x-y.a b', ['x-y', 'a b']],
  ])('%s is split at its dots', ([path, segments]) => {
    expect(compileBodyPath(path)).toEqual({ segments })
  })

  test.for(['', 'a.'])('%j is refused', (path) => {
    expect(() => compileBodyPath(path)).toThrow(ExprError)
  })
})

describe('a JSONPath', () => {
  test.for<[path: string, matches: unknown[] | undefined]>([
    ['messages[*].role', ['system', 'user', 'tool']],
    ['messages[0].content', ['be brief']],
    ['messages[-1].role', ['tool']],
    ['messages[9].role', undefined],
    ['messages[-9].role', undefined],
    ['model[0]', undefined],
    ['messages.*.role', ['system', 'user', 'tool']],
    ['.type', ['text', 'image_url', 'function', 'object']],
    ['messages..type', ['text', 'image_url']],
    ['messages[1]..type', ['text', 'image_url']],
    ["['model']", ['m']],
    ["['model','n']", ['m', null]],
    ['tools[0].function["name"]', ['f']],
    ['limits[1:3]', [2, 3]],
    ['limits[::2]', [1, 3, 5]],
    ['limits[::-1]', [5, 4, 3, 2, 1]],
    ['limits[-2:]', [4, 5]],
    ['limits[3:0:-2]', [4, 2]],
    ['limits[:-6:-1]', [5, 4, 3, 2, 1]],
    ['limits[9:]', undefined],
    ['limits[::0]', undefined],
    ['n[*]', undefined],
    ['.toString', undefined],
    ['messages[?@.role == "tool"].content', ['42']],
    ['messages[?(@.role == "tool")].tool_call_id', ['c1']],
    ['messages[?@.tool_call_id].role', ['tool']],
    ['messages[?!@.tool_call_id].role', ['system', 'user']],
    ['messages[?@.role != "user" && @.content == "42"].role', ['tool']],
    ['messages[?@.role == "user" || @.role == "tool"].role', ['user', 'tool']],
    ['messages[?@.content[?@.type == "image_url"]].role', ['user']],
    ['messages[?@..url].role', ['user']],
    ['limits[?@ > 3]', [4, 5]],
    ['limits[?@ <= 2]', [1, 2]],
    ['limits[?@ >= $.limits[3]]', [4, 5]],
    ['limits[?@ < "3"]', undefined],
    ['[?length(@) == 5]', [[1, 2, 3, 4, 5]]],
    ['[?count(@[*]) == 5]', [[1, 2, 3, 4, 5]]],
    ['messages[?value(@..url) == "u"].role', ['user']],
    ['messages[?match(@.role, "s.*m")].role', ['system']],
    ['messages[?match(@.role, "yst|s")].role', undefined],
    ['messages[?search(@.role, "o+")].role', ['tool']],
    ['[?@ == null]', [null]],
    ['messages[?@.missing == @.absent].role', ['system', 'user', 'tool']],
    ['tools[?@.function == $.tools[0].function].type', ['function']],
  ])('%s finds %j', ([path, matches]) => {
    expect(query(path, body)).toEqual(matches)
  })

  it('finds own members with strange names and nothing inherited', () => {
    const value: unknown = JSON.parse('{"a":[{"__proto__":{"x":1}},{"constructor":2}]}')
    expect(query('a[*].__proto__', value)).toEqual([{ x: 1 }])
    expect(query('a[*].constructor', value)).toEqual([2])
    expect(query('a[*].hasOwnProperty', value)).toBeUndefined()
  })

  test.for(['messages[', 'messages[*', 'a[?]', 'a[?@.b', 'a...b', '[@.x]', 'a[?nope(@)]', 'a[?@.b == ]', "a['x"])(
    '%s is refused with the text of the parser',
    (path) => {
      expect(() => compileBodyPath(path)).toThrow(ExprError)
      expect(() => compileBodyPath(path)).toThrow(/^JSONPath .*: .+/)
    },
  )

  it('refuses patterns that are not linear or that the body brings', () => {
    expect(() => compileBodyPath('a[?search(@.b, "(?=x)")]')).toThrow(/look-around/)
    expect(() => compileBodyPath('a[?match(@.b, @.c)]')).toThrow(/string in quotes/)
    expect(() => compileBodyPath('a[?match(@.b, "x)|(y")]')).toThrow(ExprError)
  })
})

const chain = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)

function within(ms: number, act: () => void): void {
  const started = performance.now()
  act()
  expect(performance.now() - started).toBeLessThan(ms)
}

describe('a hostile body', () => {
  it('may nest deeper than any stack', () => {
    within(5000, () => expect(query('.b', chain(100_000))).toBeUndefined())
    within(5000, () => expect(query('.a', chain(100_000))).toHaveLength(100_000))
  })

  it('cannot make several .. multiply', () => {
    within(5000, () => expect(query('.a..a..a..a', chain(50_000))).toHaveLength(49_997))
  })

  it('may be wider than an argument list', () => {
    const wide = { items: Array.from({ length: 300_000 }, (_, id) => ({ id })) }
    within(5000, () => expect(query('items[*].id', wide)).toHaveLength(300_000))
    within(5000, () => expect(query('.id', wide)).toHaveLength(300_000))
    within(5000, () => expect(query('items[?@.id < 10]', wide)).toHaveLength(10))
  })

  test.for(['.[?@..b]', '.[?count(@..a) == -1]', '.[?@ == $.a]', '.[?$.a == @.a]'])(
    'it is stopped when the filters of %s would take for ever',
    (path) => {
      within(10_000, () => expect(() => query(path, chain(50_000))).toThrow(/too many steps/))
    },
  )
})
