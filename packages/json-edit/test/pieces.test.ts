import { describe, expect, test } from 'vitest'
import { Document, prepare } from '../src/index.ts'
import { everyCut, oneByOne } from './cut.ts'

const written = (document: Document): string => Buffer.concat(document.toBuffers()).toString()

describe('a value that was prepared', () => {
  const message = prepare({ role: 'system', content: 'é"' })

  test.for<[what: string, edit: (document: Document) => void, result: unknown]>([
    ['set', (document) => document.set('a', message), { a: { role: 'system', content: 'é"' }, b: [1] }],
    ['set where nothing is', (document) => document.set(['c', 'd'], message), { a: 0, b: [1], c: { d: { role: 'system', content: 'é"' } } }],
    ['put first', (document) => document.prepend('b', [message, 0]), { a: 0, b: [{ role: 'system', content: 'é"' }, 0, 1] }],
    ['put last', (document) => document.append('b', [0, message]), { a: 0, b: [1, 0, { role: 'system', content: 'é"' }] }],
    ['put into a list that is made', (document) => document.append('c', [message, 2]), { a: 0, b: [1], c: [{ role: 'system', content: 'é"' }, 2] }],
  ])('is %s as itself, in as many documents as want it', ([, edit, result]) => {
    for (let again = 0; again < 2; again++) {
      const document = Document.parse(Buffer.from('{"a":0,"b":[1]}'))
      edit(document)
      expect(JSON.parse(written(document))).toEqual(result)
      expect(document.get([])).toEqual(result)
    }
  })

  test('stays as it is where a document changes it', () => {
    const [first, second] = [Document.parse(Buffer.from('{}')), Document.parse(Buffer.from('{}'))]
    first.set('a', message)
    first.set(['a', 'role'], 'user')
    first.appendText(['a', 'content'], '!')
    second.set('a', message)
    expect([first.get('a'), second.get('a')]).toEqual([
      { role: 'user', content: 'é"!' },
      { role: 'system', content: 'é"' },
    ])
  })

  test('must be something that JSON can say', () => {
    expect(() => prepare(undefined)).toThrow(TypeError)
  })
})

describe('a document in pieces', () => {
  const json = '\ufeff { "mod\\u0065l" : "a\\"é😀\\\\", "messages":[ {"role":"user","content":"x"} , 1.5e3,-0,true,null ] ,"n": 120 }\n'
  const bytes = Buffer.from(json)

  test('reads and is edited as in one piece, wherever they are cut', () => {
    for (const pieces of [oneByOne(bytes), ...everyCut(bytes)]) {
      const document = Document.parse(pieces)
      expect(document.duplicate(['model', 'n'])).toBeUndefined()
      expect([document.kind('model'), document.kind('messages'), document.kind('n')]).toEqual(['string', 'array', 'number'])
      expect([document.get('model'), document.get('n')]).toEqual(['a"é😀\\', 120])
      const inner = document.fork()
      document.prepend('messages', [0])
      document.append('messages', [9])
      document.set('n', 121)
      document.set('new', {})
      expect(written(document)).toBe(
        json
          .replace('[ {', '[0, {')
          .replace('null ]', 'null,9 ]')
          .replace(' 120 }', ' 121,"new":{} }'),
      )
      inner.appendText(['messages', 0, 'content'], 'y')
      inner.delete(['messages', 1])
      inner.appendText('model', '!')
      expect(inner.length('messages')).toBe(4)
      expect(written(inner)).toBe(json.replace('"x"', '"xy"').replace(' , 1.5e3', '').replace('\\\\"', '\\\\!"'))
      expect(Document.parse(pieces).get([])).toEqual(JSON.parse(json.slice(1)))
    }
  })

  test('leaves in the very pieces that it came in, where nothing changes it', () => {
    const pieces = [bytes.subarray(0, 50), bytes.subarray(50)]
    const document = Document.parse(pieces)
    expect(document.toBuffers()).toEqual(pieces)
    expect(document.toBuffers().every((piece, index) => piece === pieces[index])).toBe(true)
    expect([document.changed, document.byteLength]).toEqual([false, bytes.length])
  })

  test('copies none of the large ones for an edit of an array and of members around it', () => {
    const text = 'x'.repeat(100_000)
    const large = Buffer.from(JSON.stringify({ model: 'm', messages: [{ content: text }, { content: text }], n: 1 }))
    const pieces = [large.subarray(0, 65_536), large.subarray(65_536, 131_072), large.subarray(131_072)]
    const document = Document.parse(pieces)
    document.prepend('messages', ['first'])
    document.append('messages', ['last'])
    document.set('model', 'other')
    const own = document.toBuffers().filter(({ buffer }) => buffer !== large.buffer)
    expect(Buffer.concat(own).length).toBeLessThan(1000)
    expect(JSON.parse(written(document))).toEqual({
      model: 'other',
      messages: ['first', { content: text }, { content: text }, 'last'],
      n: 1,
    })
  })

  test.for<[what: string, pieces: string[]]>([
    ['an array', ['[ 1, {"a"', ':2} ,"', '3" ]']],
    ['a number', ['1', '2', '.', '5']],
    ['a string', ['"a', '\\', 'n"']],
  ])('may be %s', ([, pieces]) => {
    const document = Document.parse(pieces.map((piece) => Buffer.from(piece)))
    expect(document.get([])).toEqual(JSON.parse(pieces.join('')))
    if (document.length([]) === undefined) return
    document.set([1, 'a'], 4)
    document.append([], [5])
    expect(JSON.parse(written(document))).toEqual([1, { a: 4 }, '3', 5])
  })

  test('may hold empty ones, and none', () => {
    expect(Document.parse(['', '{"a":', '', '1}', ''].map((piece) => Buffer.from(piece))).get('a')).toBe(1)
    expect(() => Document.parse([])).toThrow('unexpected end of input at byte 0')
  })
})
