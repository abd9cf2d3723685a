import { expect, test } from 'vitest'
import { Document, JsonSyntaxError, type Path } from '../src/index.ts'

const parse = (json: string): Document => Document.parse(Buffer.from(json))
const written = (document: Document): string => Buffer.concat(document.toBuffers()).toString()

const chat =
  '{ "model" : "gpt-4",\r\n\t"messages":[ {"role":"user","content":"a\\"b\\u00e9"} ], ' +
  '"id":12345678901234567890, "t":1.0, "x":null }'

interface Edit {
  readonly what: string
  readonly from: string
  readonly edit: (document: Document) => void
  readonly to: string
}

const edits: readonly Edit[] = [
  {
    what: 'replaces a value and nothing around it',
    from: '{ "a" : 1 , "b" : 2.0 }',
    edit: (d) => d.set('a', 'x'),
    to: '{ "a" : "x" , "b" : 2.0 }',
  },
  {
    what: 'adds a member that is missing',
    from: '{ "a" : 1 }',
    edit: (d) => d.set('b', [1]),
    to: '{ "a" : 1,"b":[1] }',
  },
  { what: 'adds a member to an empty object', from: '{ }', edit: (d) => d.set('a', 1), to: '{"a":1 }' },
  {
    what: 'creates the objects that lead to a member',
    from: '{"a":{}}',
    edit: (d) => d.set(['a', 'b', 'c'], 1),
    to: '{"a":{"b":{"c":1}}}',
  },
  {
    what: 'takes a name with dots as one name',
    from: '{"a":{"b":1}}',
    edit: (d) => d.set('a.b', 2),
    to: '{"a":{"b":1},"a.b":2}',
  },
  { what: 'escapes names that it adds', from: '{}', edit: (d) => d.set('a"\n', 1), to: '{"a\\"\\n":1}' },
  {
    what: 'finds names however they are spelled',
    from: '{"mod\\u0065l":1}',
    edit: (d) => d.set('model', 2),
    to: '{"mod\\u0065l":2}',
  },
  {
    what: 'finds names outside ASCII',
    from: '{"é\\n😀":1}',
    edit: (d) => d.set('é\n😀', 2),
    to: '{"é\\n😀":2}',
  },
  { what: 'finds the empty name', from: '{"a":0,"":1}', edit: (d) => d.set('', 2), to: '{"a":0,"":2}' },
  {
    what: 'does not take a name with an escaped backslash for its escape',
    from: '{"\\\\u0061":1}',
    edit: (d) => d.set('\\u0061', 2),
    to: '{"\\\\u0061":2}',
  },
  {
    what: 'edits __proto__ as any other member',
    from: '{"__proto__":{"a":1}}',
    edit: (d) => d.set(['__proto__', 'b'], 2),
    to: '{"__proto__":{"a":1,"b":2}}',
  },
  {
    what: 'replaces the last of duplicates, which is the one that parsers take',
    from: '{"a":1,"b":2,"a":3}',
    edit: (d) => d.set('a', 4),
    to: '{"a":1,"b":2,"a":4}',
  },
  {
    what: 'deletes the first member with the comma behind it',
    from: '{ "a":1 , "b":2 }',
    edit: (d) => d.delete('a'),
    to: '{ "b":2 }',
  },
  {
    what: 'deletes a member in the middle with the comma before it',
    from: '{"a":1 , "b":2 ,"c":3}',
    edit: (d) => d.delete('b'),
    to: '{"a":1 ,"c":3}',
  },
  {
    what: 'deletes the last member with the comma before it',
    from: '{"a":1, "b":2 }',
    edit: (d) => d.delete('b'),
    to: '{"a":1 }',
  },
  { what: 'deletes the only member', from: '{ "a":1 }', edit: (d) => d.delete('a'), to: '{ }' },
  {
    what: 'deletes every duplicate of a name',
    from: '{"a":1,"b":2,"\\u0061":3}',
    edit: (d) => d.delete('a'),
    to: '{"b":2}',
  },
  {
    what: 'deletes two neighbours',
    from: '{"a":1,"b":2,"c":3,"d":4}',
    edit: (d) => (d.delete('c'), d.delete('b')),
    to: '{"a":1,"d":4}',
  },
  {
    what: 'deletes and replaces side by side',
    from: '{"a":1,"b":2,"c":3}',
    edit: (d) => (d.set('b', 5), d.delete('c'), d.delete('a')),
    to: '{"b":5}',
  },
  {
    what: 'sets what was deleted',
    from: '{"a":1,"b":2}',
    edit: (d) => (d.delete('a'), d.set('a', 3)),
    to: '{"b":2,"a":3}',
  },
  {
    what: 'deletes what was set',
    from: '{"a":1}',
    edit: (d) => (d.set('b', 3), d.delete('b')),
    to: '{"a":1}',
  },
  {
    what: 'deletes everything and starts again',
    from: '{ "a":1, "b":2 }',
    edit: (d) => (d.delete('a'), d.delete('b'), d.set('c', 1)),
    to: '{"c":1 }',
  },
  {
    what: 'edits inside a value that was set',
    from: '{}',
    edit: (d) => (d.set('m', { a: 0, b: [1] }), d.set(['m', 'a'], 1), d.append(['m', 'b'], [2])),
    to: '{"m":{"a":1,"b":[1,2]}}',
  },
  {
    what: 'edits an element of an array',
    from: '[1 , [2, 3] ]',
    edit: (d) => d.set([1, -1], 4),
    to: '[1 , [2, 4] ]',
  },
  {
    what: 'deletes elements by index, also from the end',
    from: '[1, 2, 3, 4]',
    edit: (d) => (d.delete([0]), d.delete([-1]), d.delete([1])),
    to: '[2]',
  },
  {
    what: 'prepends to an array',
    from: '{"m": [ {"a":1} ]}',
    edit: (d) => d.prepend('m', [1, 2]),
    to: '{"m": [1,2, {"a":1} ]}',
  },
  {
    what: 'prepends twice, the later in front',
    from: '{"m":[0]}',
    edit: (d) => (d.prepend('m', [1]), d.prepend('m', [2])),
    to: '{"m":[2,1,0]}',
  },
  {
    what: 'appends twice',
    from: '{"m":[0]}',
    edit: (d) => (d.append('m', [1]), d.append('m', [2])),
    to: '{"m":[0,1,2]}',
  },
  {
    what: 'prepends and appends to an empty array',
    from: '{"m":[ ]}',
    edit: (d) => (d.append('m', [2]), d.prepend('m', [1])),
    to: '{"m":[1,2 ]}',
  },
  { what: 'creates the array to append to', from: '{}', edit: (d) => d.append('m', [1]), to: '{"m":[1]}' },
  {
    what: 'edits what was prepended',
    from: '{"m":[{"a":0}]}',
    edit: (d) => (d.prepend('m', [{ a: 1 }]), d.set(['m', 0, 'a'], 2), d.set(['m', 1, 'a'], 3)),
    to: '{"m":[{"a":2},{"a":3}]}',
  },
  {
    what: 'prepends text without decoding the rest',
    from: '{"s":"b\\u0063\\/"}',
    edit: (d) => d.prependText('s', 'a"\n'),
    to: '{"s":"a\\"\\nb\\u0063\\/"}',
  },
  {
    what: 'puts text before and behind, several times',
    from: '{"s":"0"}',
    edit: (d) => (d.prependText('s', 'a'), d.appendText('s', 'b'), d.prependText('s', 'c'), d.appendText('s', 'd')),
    to: '{"s":"ca0bd"}',
  },
  {
    what: 'puts text into a string inside an array',
    from: '{"m":[{"content":"x"}]}',
    edit: (d) => d.appendText(['m', 0, 'content'], 'y'),
    to: '{"m":[{"content":"xy"}]}',
  },
  {
    what: 'creates the string to put text into',
    from: '{}',
    edit: (d) => d.prependText(['a', 's'], 'x'),
    to: '{"a":{"s":"x"}}',
  },
  {
    what: 'keeps raw JSON as it was spelled',
    from: '{"a":1}',
    edit: (d) => d.setRaw('a', Buffer.from(' { "x" : 1.0 } ')),
    to: '{"a":{ "x" : 1.0 }}',
  },
  {
    what: 'replaces the whole value, but not the space around it',
    from: ' 1 \n',
    edit: (d) => d.set([], { a: 1 }),
    to: ' {"a":1} \n',
  },
  {
    what: 'keeps what it cannot decode',
    from: chat,
    edit: (d) => d.set(['messages', 0, 'role'], 'system'),
    to: chat.replace('"user"', '"system"'),
  },
]

test.for(edits)('$what', ({ from, edit, to }) => {
  const document = parse(from)
  edit(document)
  expect(written(document)).toBe(to)
  expect(document.get([])).toEqual(JSON.parse(to))
  expect(document.raw([])?.toString()).toBe(to.trim())
  expect(document.byteLength).toBe(Buffer.byteLength(to))
  expect(document.changed).toBe(true)
})

test('gives back the received buffer itself while nothing is edited', () => {
  const received = Buffer.from(chat)
  const document = Document.parse(received)
  document.get(['messages', 0])
  document.keys()
  document.append('messages', [])
  document.prependText('model', '')
  expect(document.delete('nowhere')).toBe(false)
  expect(document.toBuffers()).toHaveLength(1)
  expect(document.toBuffers()[0]).toBe(received)
  expect(document).toMatchObject({ changed: false, revision: 0, byteLength: received.length })
})

test('reads kinds, presence, names, lengths and spans', () => {
  const document = parse(chat)
  const kinds = (paths: readonly Path[]) => paths.map((path) => document.kind(path))
  const paths = [[], 'model', 'messages', 'id', 'x', 'none', ['messages', 0], ['messages', '0'], ['model', 0]]
  expect(kinds(paths)).toEqual([
    'object', 'string', 'array', 'number', 'null', undefined, 'object', undefined, undefined,
  ])
  expect(parse('[true]').kind([0])).toBe('boolean')
  const present = ['x', 'y', ['messages', 1], ['messages', 0.5]].map((path) => document.has(path))
  expect(present).toEqual([true, false, false, false])
  expect(document.keys()).toEqual(['model', 'messages', 'id', 't', 'x'])
  expect(document.keys(['messages', -1])).toEqual(['role', 'content'])
  expect([document.keys('model'), document.keys('none')]).toEqual([[], []])
  expect(['messages', 'model', 'none'].map((path) => document.length(path))).toEqual([1, undefined, undefined])
  expect(document.raw('id')?.toString()).toBe('12345678901234567890')
  expect(document.get(['messages', 0, 'content'])).toBe('a"bé')
  expect(document.get(['messages', -2])).toBeUndefined()
})

test('keeps __proto__ away from prototypes', () => {
  const document = parse('{"__proto__":{"admin":true}}')
  document.set(['a', '__proto__', 'b'], 1)
  expect((document.get([]) as { admin?: boolean }).admin).toBeUndefined()
  expect(document.kind('toString')).toBeUndefined()
  expect(document.raw([])?.toString()).toBe('{"__proto__":{"admin":true},"a":{"__proto__":{"b":1}}}')
})

test('reads escaped names right after JSON.parse of V8 13 and 14 has learned to misread them', () => {
  JSON.parse('{"h":[],"\\\\":0}')
  const document = parse('{"v":[{"h":[],"\\"":{"\\u006e":[ ],"__proto__":{}}} , "\\n",1.5,{}]}')
  document.set(['v', 0, 'x'], null)
  const inner = Object.defineProperty({ n: [] }, '__proto__', { value: {}, enumerable: true })
  const expected = [{ h: [], '"': inner, x: null }, '\n', 1.5, {}]
  expect(document.get('v')).toEqual(expected)
  expect(document.get([])).toEqual({ v: expected })
})

test('names the first duplicate, escaped spellings included', () => {
  const document = parse('{"model":1,"stream":1,"mod\\u0065l":2,"messages":[{"a":1,"a":2}]}')
  expect(document.duplicate(['stream', 'messages', 'model'])).toBe('model')
  expect(document.duplicate(['stream', 'messages', 'a'])).toBeUndefined()
  document.delete('model')
  expect(document.duplicate(['model'])).toBeUndefined()
  expect(parse('[1]').duplicate(['model'])).toBeUndefined()
})

test('lets forks go their own ways', () => {
  const document = parse('{"a":{"b":[1]},"s":"x"}')
  document.append(['a', 'b'], [2])
  document.appendText('s', 'y')
  const fork = document.fork()
  expect(fork).toMatchObject({ changed: true, revision: document.revision })
  fork.set(['a', 'b', 1], 3)
  fork.prependText('s', 'z')
  document.append(['a', 'b'], [4])
  const second = fork.fork()
  fork.delete('a')
  expect([written(document), written(fork), written(second)]).toEqual([
    '{"a":{"b":[1,2,4]},"s":"xy"}',
    '{"s":"zxy"}',
    '{"a":{"b":[1,3]},"s":"zxy"}',
  ])
})

test('counts every edit as a revision, and only those', () => {
  const document = parse('{"a":[1]}')
  document.set('a', [1, 2])
  document.append('a', [3])
  document.delete('a')
  expect(() => document.set(['x', 0], 1)).toThrow(TypeError)
  expect(document.revision).toBe(3)
})

test('does not give away what it keeps', () => {
  const value = { a: [1] }
  const document = parse('{}')
  document.set('v', value)
  value.a.push(2)
  ;(document.get('v') as typeof value).a.push(3)
  document.toBuffers().length = 0
  expect(written(document)).toBe('{"v":{"a":[1]}}')
})

test('writes large stretches as views of the received bytes', () => {
  const received = Buffer.from(JSON.stringify({ model: 'm', messages: [{ content: 'x'.repeat(50_000) }], user: 'u' }))
  const document = Document.parse(received)
  document.set('model', 'other')
  document.append('messages', [1])
  const views = document.toBuffers().filter((piece) => piece.buffer === received.buffer && piece.length > 50_000)
  expect(views).toHaveLength(1)
  expect(document.toBuffers().length).toBeLessThan(5)
})

interface Refusal {
  readonly what: string
  readonly edit: (document: Document) => void
  readonly type: ErrorConstructor
  readonly message: string
}

const refusals: readonly Refusal[] = [
  {
    what: 'prepending to a string',
    edit: (d) => d.prepend('s', [1]),
    type: TypeError,
    message: 'cannot prepend to s: s must be an array, found a string',
  },
  {
    what: 'appending to null',
    edit: (d) => d.append('n', [1]),
    type: TypeError,
    message: 'cannot append to n: n must be an array, found null',
  },
  {
    what: 'putting text into an array',
    edit: (d) => d.appendText('a', 'x'),
    type: TypeError,
    message: 'cannot append text to a: a must be a string, found an array',
  },
  {
    what: 'setting under a number',
    edit: (d) => d.set(['i', 'x', 'y'], 1),
    type: TypeError,
    message: 'cannot set i.x.y: i must be an object, found a number',
  },
  {
    what: 'setting a member of an array',
    edit: (d) => d.set(['a', 'x'], 1),
    type: TypeError,
    message: 'cannot set a.x: a must be an object, found an array',
  },
  {
    what: 'setting an element of an object',
    edit: (d) => d.set([0], 1),
    type: TypeError,
    message: 'cannot set [0]: the document must be an array, found an object',
  },
  {
    what: 'setting an element that is not there',
    edit: (d) => d.set(['a', 1], 1),
    type: RangeError,
    message: 'cannot set a[1]: there is no element 1',
  },
  {
    what: 'creating an array by index',
    edit: (d) => d.set(['z', 0], 1),
    type: TypeError,
    message: 'cannot set z[0]: only objects are created on the way, 0 asks for an array',
  },
  {
    what: 'setting under an edited string',
    edit: (d) => (d.appendText('s', 'x'), d.set(['s', 'x'], 1)),
    type: TypeError,
    message: 'cannot set s.x: s must be an object, found a string',
  },
  {
    what: 'undefined',
    edit: (d) => d.set('s', undefined),
    type: TypeError,
    message: 'a JSON value is needed, found undefined',
  },
  {
    what: 'a function among values',
    edit: (d) => d.append('a', [() => 1]),
    type: TypeError,
    message: 'a JSON value is needed, found function',
  },
  {
    what: 'deleting the document',
    edit: (d) => d.delete([]),
    type: TypeError,
    message: 'cannot delete the document: a document is always a value',
  },
]

test.for(refusals)('refuses $what, and leaves the document as it was', ({ edit, type, message }) => {
  const json = '{"s":"x","n":null,"a":[0],"i":1}'
  const document = parse(json)
  expect(() => edit(document)).toThrow(new type(message))
  expect(written(document)).toBe(message.startsWith('cannot set s.x') ? json.replace('"x"', '"xx"') : json)
})

test('refuses raw JSON that is not one value', () => {
  const document = parse('{"a":1}')
  expect(() => document.setRaw('a', Buffer.from('1,"b":2'))).toThrow(JsonSyntaxError)
  expect(document.changed).toBe(false)
})
