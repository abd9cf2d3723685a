import { describe, expect, test } from 'vitest'
import { formatProblem, parseConfig } from '../src/index.ts'

const firstOf = (text: string): string => {
  const { issues } = parseConfig(text)
  return issues[0] ? formatProblem(issues[0], 'x.yaml') : 'none'
}

describe('parseConfig', () => {
  test('reads YAML', () => {
    const { value, issues } = parseConfig(
      'version: "1"\nroutes:\n  - { id: a, methods: [GET], on: yes, n: 010, t: true, z: ~ }\n#END\n',
    )
    expect(issues).toEqual([])
    expect(value).toEqual({ version: '1', routes: [{ id: 'a', methods: ['GET'], on: 'yes', n: 10, t: true, z: null }] })
  })

  test('reads JSON as JSON.parse does', () => {
    const text = `{\n\t"a": [1, -0.5, 1e3, true, null, "\\u00e9\\ud83d\\ude00\\/\\n"],\n\t"": {}, "${'k'.repeat(2000)}": [[]], "x:y": "# no"\n}`
    expect(parseConfig(text)).toMatchObject({ value: JSON.parse(text), issues: [] })
  })

  test('keeps __proto__ a member like any other', () => {
    const value = parseConfig('a: 1\n__proto__: { admin: true }\n').value as object
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value)).toEqual(['a', '__proto__'])
    expect('admin' in value).toBe(false)
  })

  test('follows aliases and merge keys', () => {
    const { value, issues } = parseConfig(`
base: &base { provider: openai, timeout: 1 }
other: &other { timeout: 2, extra: true }
a: { <<: *base, timeout: 3 }
b: { <<: [*base, *other] }
c: *base
d: { "<<": plain }
`)
    expect(issues).toEqual([])
    expect(value).toMatchObject({
      a: { provider: 'openai', timeout: 3 },
      b: { provider: 'openai', timeout: 1, extra: true },
      c: { provider: 'openai', timeout: 1 },
      d: { '<<': 'plain' },
    })
  })

  test('lets ten thousand routes share one anchor', () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `  - { id: r${index}, plugins: *shared }`)
    const { value, issues } = parseConfig(`x: &shared { a: { b: 1 } }\nroutes:\n${lines.join('\n')}\n`)
    expect(issues).toEqual([])
    expect((value as { routes: unknown[] }).routes).toHaveLength(10_000)
  })

  test.for([
    ['', 'x.yaml:1:1 is empty'],
    ['# only a comment\n', 'x.yaml:1:1 is empty'],
    ['a: 1\nb: 2\na: 3\n', 'x.yaml:3:1 the key "a" is written twice'],
    ['{"a": {"b": 1,\n "b": 2}}', 'x.yaml:2:2 the key "b" is written twice'],
    ['a:\n\tb: 1\n', 'x.yaml:2:1 is not valid YAML: tabs are not allowed as indentation; use spaces'],
    ['a: 1\n---\nb: 2\n', 'x.yaml:2:1 holds several YAML documents; one is allowed'],
    ['a: *nothing\n', "x.yaml:1:4 the alias refers to nothing above it; a text that begins with '*' needs quotes"],
    ['a: &a [1, *a]\n', 'x.yaml:1:11 the alias stands within what it refers to'],
    ['a: !thing 1\n', expect.stringMatching(/^x\.yaml:1:4 is not valid YAML: a tag that is not known/)],
    ['a: .inf\n', 'x.yaml:1:4 is not a finite number'],
    ['a: 1e999\n', 'x.yaml:1:4 is not a finite number'],
    ['? [a]\n: 1\n', 'x.yaml:1:3 the key of a map must be text'],
    ['a: { <<: 1 }\n', 'x.yaml:1:6 the merge key << takes a map, or a list of maps'],
    ['a: "b\n', expect.stringMatching(/^x\.yaml:2:1 is not valid YAML: Missing closing "quote/)],
    ['a: *\n', "x.yaml:1:4 is not valid YAML: a text that begins with '*' needs quotes"],
    ['a: @home\n', expect.stringMatching(/^x\.yaml:1:4 is not valid YAML: .* character @; put the text in quotes$/)],
    ['a: b: c\n', "x.yaml:1:4 is not valid YAML: a text with ': ' in it needs quotes"],
    ['a:\n  b: [1\nc: 2\n', expect.stringMatching(/^x\.yaml:3:1 is not valid YAML: a \] is missing, or stands too far/)],
    ['a:\n  - b: 1\n   c: 2\n', 'x.yaml:3:1 is not valid YAML: this line is indented like none of those above it'],
    ['{"a": {"b": 1}\n', expect.stringMatching(/^x\.yaml:2:1 is not valid JSON or YAML: /)],
    [
      '{\n  "a": 1\n  "b": 2\n}\n',
      'x.yaml:2:8 is not valid JSON or YAML: a comma is missing behind this value',
    ],
    ['%TAG x\n---\na: 1\n', expect.stringMatching(/^x\.yaml:1:\d+ is not valid YAML: a directive/)],
  ] as const)('refuses %j', ([text, problem]) => {
    expect(firstOf(text)).toEqual(problem)
  })

  test('shows no values in its problems', () => {
    for (const text of [
      'a: "x"sk-secret\n',
      '}sk-secret',
      'a: |sk-secret\n',
      'a: "\\qsk-secret"',
      'key: - sk-secret: [\n',
      'a: !sk-secret b',
    ]) {
      const { issues } = parseConfig(text)
      const shown = JSON.stringify(issues).includes('sk-secret')
      expect({ text, found: issues.length > 0, shown }).toEqual({ text, found: true, shown: false })
    }
  })

  test('bounds what aliases may stand for', () => {
    const levels = Array.from(
      { length: 30 },
      (_, n) => `l${n + 1}: &l${n + 1} [${Array(10).fill(`*l${n}`).join(', ')}]`,
    )
    const { issues } = parseConfig(`l0: &l0 [x]\n${levels.join('\n')}\n`)
    expect(issues).toMatchObject([{ message: 'the aliases stand for more than 1000000 values', position: { line: 7 } }])
  })

  test.for([
    ['flow', `${'['.repeat(100_000)}`],
    ['a few too many', `${'['.repeat(300)}${']'.repeat(300)}`],
    ['aliases', `a: &a ${'['.repeat(150)}1${']'.repeat(150)}\nb: ${'['.repeat(100)}*a${']'.repeat(100)}\n`],
    ['block', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ] as const)('refuses what is nested too deeply: %s', ([, text]) => {
    expect(parseConfig(text).issues[0]!.message).toMatch(/^is nested (too deeply|deeper than 200 levels)$/)
  })
})

test('parseConfig never throws, and reads or says where it cannot', () => {
  const seed = Date.now() % 1_000_000
  const random = generator(seed)
  const pieces = [
    'a: ',
    '- ',
    '\n',
    '  ',
    '\t',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '&x ',
    '*x',
    '<<: ',
    '? ',
    '|\n',
    '!t ',
    '---\n',
    '#',
    '\0',
    '\ud800',
    '%',
    '1',
    '~',
  ]
  const until = performance.now() + 500
  while (performance.now() < until) {
    const text = Array.from({ length: 1 + random(40) }, () => pieces[random(pieces.length)]).join('')
    expect({ seed, text, verdict: verdictOn(text) }).toEqual({ seed, text, verdict: 'sound' })
  }
})

test('parseConfig reads whatever JSON.stringify writes', () => {
  const seed = Date.now() % 1_000_000
  const random = generator(seed)
  const texts = [
    '',
    'a',
    '__proto__',
    '<<',
    '- x',
    ': ',
    '#',
    'é\n\t"\\',
    '\u2028',
    '\ud83d\ude00',
    '~',
    'null',
    '1',
    '\u007f\u0001',
  ]
  const make = (depth: number): unknown => {
    const kind = random(depth > 4 ? 5 : 7)
    if (kind < 2) return texts[random(texts.length)]
    if (kind < 5) return [true, false, null, random(1e9), -random(1e9) / 1e12, 1e21][random(6)]
    const length = random(5)
    if (kind === 5) return Array.from({ length }, () => make(depth + 1))
    return Object.fromEntries(Array.from({ length }, () => [texts[random(texts.length)], make(depth + 1)]))
  }
  const until = performance.now() + 500
  while (performance.now() < until) {
    const value = { value: make(0) }
    const text = JSON.stringify(value, undefined, random(2) * 2)
    const { value: read, issues } = parseConfig(text)
    expect({ seed, text, read, issues }).toEqual({ seed, text, read: JSON.parse(text), issues: [] })
  }
})

test.for([
  ['{ "a": ":\\":", "b": [{ "c": 1, "c": 2 }] }', { line: 1, column: 32 }, /the key "c" is written twice/],
  [`{ "a": ${'['.repeat(201)}${']'.repeat(201)} }`, { line: 1, column: 207 }, /nested deeper than 200 levels/],
  ['{ "a": 1e400 }', { line: 1, column: 8 }, /not a finite number/],
] as const)('JSON is read as strictly as YAML: %s', ([text, position, message]) => {
  expect(parseConfig(text).issues).toEqual([{ path: [], position, message: expect.stringMatching(message) as string }])
})

test('the places of JSON are found as those of YAML', () => {
  const { value, locate } = parseConfig('{\n  "routes": [\n    { "id": "a:\\\\" }\n  ]\n}')
  expect(value).toEqual({ routes: [{ id: 'a:\\' }] })
  expect(locate(['routes', 0, 'id'])).toEqual({ line: 3, column: 7 })
})

/** `sound`, or what is wrong with how a text was read. */
function verdictOn(text: string): string {
  try {
    const { value, issues, locate } = parseConfig(text)
    if ((value === undefined) !== issues.length > 0) return 'neither a value nor issues, or both'
    const lines = text.split('\n').length + 1
    if (issues.some(({ position }) => !position || position.line > lines)) return 'an issue without a place'
    JSON.stringify(value)
    locate(['a', 0, 'a', '<<', 'x'])
    return 'sound'
  } catch (error) {
    return String(error)
  }
}

/** Whole numbers below a bound, the same for the same seed: a linear congruence with the constants of Numerical Recipes. */
function generator(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

describe('locate', () => {
  const text = `# routes
routes:
  - id: a
    plugins:
      ai-proxy: { provider: openai, timeout: "x" }
  - &second
    id: b
  -
    <<: *second
    uri: /x
  - *second
`
  const { locate } = parseConfig(text)

  test.for([
    [[], 2, 1],
    [['routes'], 2, 1],
    [['routes', 0], 3, 5],
    [['routes', 0, 'plugins', 'ai-proxy', 'timeout'], 5, 37],
    [['routes', 0, 'plugins', 'ai-proxy', 'auth', 'header'], 5, 7],
    [['routes', 1, 'uri'], 7, 5],
    [['routes', 2, 'uri'], 10, 5],
    [['routes', 2, 'id'], 7, 5],
    [['routes', 3], 11, 5],
    [['routes', 3, 'id'], 7, 5],
    [['routes', 9], 2, 1],
    [['nowhere'], 2, 1],
  ] as const)('finds %j', ([path, line, column]) => {
    expect(locate(path)).toEqual({ line, column })
  })

  test('gives problems their place', () => {
    const problem = { path: ['routes', 0, 'plugins', 'ai-proxy', 'timeout'], message: 'must be integer' }
    expect(formatProblem(problem, 'examples/x.yaml', locate)).toBe(
      'examples/x.yaml:5:37 routes[0].plugins.ai-proxy.timeout: must be integer',
    )
    expect(formatProblem(problem, 'x.yaml')).toBe('x.yaml routes[0].plugins.ai-proxy.timeout: must be integer')
  })

  test('finds places in a file of ten thousand problems without looking at each for each', () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `k${index}: ${index}`)
    const many = parseConfig(keys.join('\n'))
    const before = performance.now()
    for (let index = 0; index < 10_000; index++) expect(many.locate([`k${index}`])!.line).toBe(index + 1)
    expect(performance.now() - before).toBeLessThan(3000)
  })
})
