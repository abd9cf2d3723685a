import { parseConfig } from '@sluice/config'
import { describe, expect, test } from 'vitest'
import { ConfigText, type TextChange } from '../src/index.ts'

const file = 'gateway.yaml'

const route = (id: string, value: object): TextChange => ({ kind: 'routes', id, value: { id, ...value } })
const gone = (id: string): TextChange => ({ kind: 'routes', id, value: undefined })
const applied = (text: string, ...changes: TextChange[]): string => ConfigText.parse(text, file).apply(changes).text

const commented = `# Of the team "chat".
gateway:
  listen:   { host: 127.0.0.1, port: 9080 } # as ever

routes:
  # The first one.
  - id: a # its id
    # Where it is.
    uri: "/a"   # quoted
    methods: [GET,  POST]
    plugins:
      ai-proxy: { provider: openai,   options: {model: gpt-4} }

  # The second one.
  - {id: b, uri: /b}   # on one line

  # Not in use:
  # - id: c

services: [] # none yet
#END
`

const x = (m: number): object => ({ plugins: { x: { m } } })

describe('ConfigText', () => {
  test('rewrites what differs within an entry, and nothing else', () => {
    const changed = route('a', { uri: '/new', methods: ['GET', 'PUT'], plugins: { 'ai-proxy': { provider: 'openai', options: { model: 'gpt-5' } } } })
    expect(applied(commented, changed)).toBe(
      commented.replace('"/a"', '"/new"').replace('POST', 'PUT').replace('gpt-4', 'gpt-5'),
    )
  })

  test('gives the very same text where nothing differs', () => {
    expect(applied(commented, route('b', { uri: '/b' }), gone('unknown'))).toBe(commented)
  })

  test('adds and removes members where they belong, in the form of the entry', () => {
    const text = applied(commented, route('b', { uri: '/b', status: 0 }), route('a', { uri: '/a', methods: ['GET', 'POST'], desc: 'two\nlines' }))
    expect(text).toContain('  - {id: b, uri: /b, status: 0}   # on one line\n')
    expect(text).toContain('    methods: [GET,  POST]\n    desc: |-\n      two\n      lines\n\n')
    expect(text).not.toContain('plugins:')
  })

  test('puts what is new at the end of its collection, spaced as the others', () => {
    expect(applied(commented, route('d', { uri: '/d', plugins: {} }))).toBe(
      commented.replace('# on one line\n', '# on one line\n\n  - id: d\n    uri: /d\n    plugins: {}\n'),
    )
  })

  test('takes an entry out with its own comment, and leaves all others', () => {
    expect(applied(commented, gone('b'))).toBe(commented.replace('\n  # The second one.\n  - {id: b, uri: /b}   # on one line\n', ''))
  })

  test('is what it was before once a new entry is gone again', () => {
    expect(applied(applied(commented, route('d', { uri: '/d' })), gone('d'))).toBe(commented)
  })

  test('leaves an empty list where the last entry goes, and fills it again', () => {
    const emptied = applied(commented, gone('a'), gone('b'))
    expect(emptied).toContain('routes: []\n')
    expect(emptied).toContain('  # Not in use:\n  # - id: c\n')
    expect(applied(emptied, route('z', { uri: '/z' }))).toContain('routes:\n  - id: z\n    uri: /z\n')
  })

  test('makes a collection that is missing, and #END stays the last line', () => {
    const text = applied(commented, { kind: 'upstreams', id: 'u', value: { id: 'u', nodes: { 'localhost:1': 1 } } })
    expect(text).toBe(commented.replace('#END\n', 'upstreams:\n  - id: u\n    nodes:\n      localhost:1: 1\n#END\n'))
  })

  test('writes credentials among the consumers, under the names that say so', () => {
    const text = applied(
      'consumers:\n- username: jack\n',
      { kind: 'credentials', id: 'jack/one', value: { id: 'one', plugins: { 'key-auth': { key: '$env://KEY' } } } },
      { kind: 'consumers', id: 'jack', value: { username: 'jack', desc: 'him' } },
    )
    expect(text).toBe(
      'consumers:\n- username: jack\n  desc: him\n- id: jack/credentials/one\n  plugins:\n    key-auth:\n      key: $env://KEY\n',
    )
    expect(applied(text, { kind: 'credentials', id: 'jack/one', value: undefined })).toBe('consumers:\n- username: jack\n  desc: him\n')
  })

  test.for([
    { form: 'a map', before: 'plugin_metadata:\n  one: { a: 1 }\n', after: 'plugin_metadata:\n  one: { a: 2 }\n  two:\n    b: 1\n' },
    { form: 'a list', before: 'plugin_metadata:\n  - { id: one, a: 1 }\n', after: 'plugin_metadata:\n  - { id: one, a: 2 }\n  - id: two\n    b: 1\n' },
    { form: 'nothing', before: 'routes: []\n', after: 'routes: []\nplugin_metadata:\n  one:\n    a: 2\n  two:\n    b: 1\n' },
  ])('writes plugin metadata to $form', ({ before, after }) => {
    const one: TextChange = { kind: 'plugin_metadata', id: 'one', value: { id: 'one', a: 2 } }
    const two: TextChange = { kind: 'plugin_metadata', id: 'two', value: { id: 'two', b: 1 } }
    expect(applied(before, one, two)).toBe(after)
  })

  test('finds entries by name where they have no id, and numbers as text', () => {
    expect(applied('routes:\n  - name: a\n    uri: /a\n  - id: 7\n    uri: /7\n', { kind: 'routes', id: 'a', value: { name: 'a', uri: '/b' } }, { kind: 'routes', id: '7', value: { id: 7, uri: '/8' } })).toBe(
      'routes:\n  - name: a\n    uri: /b\n  - id: 7\n    uri: /8\n',
    )
  })

  test.for([
    { what: 'line breaks of Windows', text: commented.replaceAll('\n', '\r\n') },
    { what: 'no line break at the end', text: 'routes:\n  - id: a\n    uri: /a' },
    { what: 'a byte order mark', text: `\ufeff${commented}` },
  ])('keeps $what', ({ text }) => {
    const both = applied(text, route('d', { uri: '/d' }))
    expect(applied(both, gone('d'))).toBe(text)
    expect(both.includes('\r')).toBe(text.includes('\r'))
    expect(both.replaceAll('\r\n', '').includes('\n')).toBe(!text.includes('\r'))
    expect(both.endsWith('\n')).toBe(text.endsWith('\n'))
  })

  test.for([
    ['two spaces', 2],
    ['tabs', '\t'],
    ['one line', 0],
  ] as const)('keeps JSON in %s what it is', ([, indent]) => {
    const value = { gateway: { listen: { port: 1 } }, routes: [{ id: 'a', uri: '/a', plugins: { x: {} } }, { id: 'b', uri: '/b' }] }
    const text = applied(JSON.stringify(value, null, indent), route('a', { uri: '/n', plugins: { x: {}, y: { z: [1] } } }), gone('b'), route('c', { uri: '/c' }), {
      kind: 'ssls',
      id: 's',
      value: { id: 's' },
    })
    const routes = [{ id: 'a', uri: '/n', plugins: { x: {}, y: { z: [1] } } }, { id: 'c', uri: '/c' }]
    expect(text).toBe(JSON.stringify({ gateway: value.gateway, routes, ssls: [{ id: 's' }] }, null, indent))
  })

  test('quotes what would be read as something else, here or by those who read YAML 1.1', () => {
    const odd = { a: 'no', b: '1.0', c: '0x1f', d: '2001-01-01', e: 'x: y', f: '*a', g: '# h', '<<': 'merge', '': 'nothing', h: '\ud800', __proto__: 1 }
    const value = { id: 'a', ...odd, ['__proto__']: { own: true } }
    const text = applied('routes: []\n', { kind: 'routes', id: 'a', value })
    expect(parseConfig(text).value).toEqual({ routes: [value] })
    expect(text).toContain('a: "no"\n')
  })

  test('leaves what others share of an entry by an anchor, and writes it out where that is changed', () => {
    const shared = 'routes:\n  - id: a\n    uri: /a\n    plugins: &base { x: { m: 1 } }\n  - id: b\n    uri: /b\n    plugins: *base # as a\n'
    expect(applied(shared, route('a', { uri: '/new', ...x(1) }))).toBe(shared.replace('/a', '/new'))
    expect(applied(shared, route('b', { uri: '/new', ...x(1) }))).toBe(shared.replace('/b', '/new'))
    expect(applied(shared, route('b', { uri: '/b', ...x(2) }))).toBe(shared.replace('*base', '\n      x:\n        m: 2').replace(/plugins: (\n[^]*) # as a/, 'plugins: # as a$1'))
    const apart = shared.replace('*base', '{ x: { m: 1 } }')
    expect(applied(shared, route('a', { uri: '/a', ...x(2) }))).toBe(apart.replace('{ m: 1 }', '{ m: 2 }'))
    expect(parseConfig(applied(shared, gone('a'))).value).toEqual({ routes: [{ id: 'b', uri: '/b', ...x(1) }] })
  })

  test('overrides what is merged, and writes a merge out where something of it is to be gone', () => {
    const text = 'routes:\n  - &a { id: a, uri: /a, status: 1 }\n  - <<: *a\n    id: b\n'
    expect(applied(text, route('b', { uri: '/b', status: 1 }))).toBe(`${text}    uri: /b\n`)
    expect(parseConfig(applied(text, route('b', { uri: '/a' }))).value).toEqual({ routes: [{ id: 'a', uri: '/a', status: 1 }, { id: 'b', uri: '/a' }] })
  })

  test('writes a collection out that is an alias', () => {
    const text = 'x: &all\n  - { id: a, uri: /a }\nroutes: *all\n'
    expect(parseConfig(applied(text, route('b', { uri: '/b' }))).value).toEqual({
      x: [{ id: 'a', uri: '/a' }],
      routes: [{ id: 'a', uri: '/a' }, { id: 'b', uri: '/b' }],
    })
  })

  test('adds no blank line to a text that keeps those below it', () => {
    const text = 'routes:\n  - id: a\n    desc: |+\n      x\n\n  - id: b\n\n  - id: c\n'
    const { desc } = { desc: 'x\n\n' }
    const ids = (...changes: TextChange[]): unknown => parseConfig(applied(text, ...changes)).value
    expect(ids(gone('b'))).toEqual({ routes: [{ id: 'a', desc }, { id: 'c' }] })
    expect(ids(gone('b'), gone('c'), route('d', {}))).toEqual({ routes: [{ id: 'a', desc }, { id: 'd' }] })
    const last = text.replace('      x\n\n', '      x\n    uri: /a\n\n')
    expect(parseConfig(applied(last, route('a', { desc: 'x\n' }))).value).toEqual({ routes: [{ id: 'a', desc: 'x\n' }, { id: 'b' }, { id: 'c' }] })
  })

  test('says where a text cannot be read', { timeout: 60_000 }, async () => {
    expect(() => ConfigText.parse('routes:\n  - id: "a\n', file)).toThrow(/^gateway\.yaml:\d+:\d+: is not valid YAML: /)
    await expect(ConfigText.parseAside(`routes:\n  - id: "a\n${'# long\n'.repeat(5000)}`, file)).rejects.toThrow(/^gateway\.yaml:\d+:\d+: /)
  })

  test('reads a large text aside, and changes many of its entries beside other work', { timeout: 60_000 }, async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `r${index}`)
    const text = `routes:\n${ids.map((id) => `  - id: ${id}\n    uri: /${id}\n`).join('')}`
    const config = await ConfigText.parseAside(text, file)
    let turns = 0
    const turning = setInterval(() => (turns += 1), 0)
    const changed = await config.applyAside(ids.map((id) => route(id, { uri: `/new/${id}` })))
    clearInterval(turning)
    expect(changed.text).toBe(text.replaceAll('uri: /', 'uri: /new/'))
    expect(turns).toBeGreaterThan(0)
  })

  test('gives the same aside where a change reaches beyond its entry', { timeout: 60_000 }, async () => {
    const text = `routes:\n  - &a { id: a, uri: /a }\n${Array.from({ length: 600 }, (_, index) => `  - { <<: *a, id: r${index} }\n`).join('')}`
    const config = await ConfigText.parseAside(text, file)
    const changes = [route('a', { uri: '/new' })]
    const aside = await config.applyAside(changes)
    expect(aside.text).toBe(config.apply(changes).text)
    expect(aside.apply([gone('a'), gone('r1')]).text).toContain('routes:\n  - { <<: { id: a, uri: /a }, id: r0 }\n  - { <<: { id: a, uri: /a }, id: r2 }\n')
  })
})
