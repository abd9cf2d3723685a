import { describe, expect, test } from 'vitest'
import { Document } from '../src/index.ts'

const read = (json: string): Document => Document.parse(Buffer.from(json))
const escaped = (text: string): string =>
  Array.from(text, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')

/** An object of 1,000 members that nobody asks for, and these. */
function crowd(...members: string[]): string {
  const others = Array.from({ length: 500 }, (_, index) => `"n${index}":${index}`)
  return `{${[...others, ...members, ...others.map((member) => member.replace('n', 'o'))].join(',')}}`
}

describe('a member among a thousand', () => {
  test.for<[written: string, name: string]>([
    ['"model"', 'model'],
    [`"${escaped('model')}"`, 'model'],
    ['"\\u006Dode\\u006c"', 'model'],
    ['""', ''],
    ['"\\/\\b\\f\\n\\r\\t\\"\\\\"', '/\b\f\n\r\t"\\'],
    ['"\\u0000"', '\0'],
    ['"caf\\u00e9"', 'café'],
    ['"café"', 'café'],
    ['"\\ud83d\\ude00"', '😀'],
    ['"__proto__"', '__proto__'],
  ])('is found as it is spelled: %s', ([written, name]) => {
    const document = read(crowd(`${written}:"here"`))
    expect(document.get([name])).toBe('here')
    expect(document.has([`${name}x`])).toBe(false)
    document.set([name], 'there')
    expect(document.get([name])).toBe('there')
    expect(document.delete([name])).toBe(true)
    expect(document.has([name])).toBe(false)
    expect(document.get(['n499'])).toBe(499)
    expect(document.get(['o0'])).toBe(0)
  })

  test('is the last of its name, and the first of two is named', () => {
    const document = read(crowd('"model":1', '"mod\\u0065l":2'))
    expect(document.get('model')).toBe(2)
    expect(document.duplicate(['stream', 'model'])).toBe('model')
  })

  test('is found beyond ASCII where the others are, too', () => {
    const others = Array.from({ length: 600 }, (_, index) => `"ä${index}":${index}`).join(',')
    const document = read(`{${others},"model":"m"}`)
    expect([document.get('model'), document.get(['ä17']), document.has(['ä'])]).toEqual(['m', 17, false])
  })
})

test('an array that was counted is read and edited as before', () => {
  const document = read('{"a": [1 , [2,3],{"b":4}, "5" ],"empty":[ ]}')
  expect(document.get(['a', 1])).toEqual([2, 3])
  expect([document.length('a'), document.length('a'), document.length('empty')]).toEqual([4, 4, 0])
  expect([document.get(['a', -1]), document.get(['a', 3]), document.has(['a', 4])]).toEqual(['5', '5', false])
  document.append('a', [6])
  expect([document.length('a'), document.get(['a', 4]), document.get(['a', -5])]).toEqual([5, 6, 1])
})

test.for<[json: string, isEmpty: boolean]>([
  ['{ }', true],
  ['[]', true],
  ['{"a":0}', false],
  ['""', false],
  ['0', false],
])('%s is empty: %s', ([json, isEmpty]) => expect(read(json).isEmpty).toBe(isEmpty))

test('what was emptied is empty', () => {
  const document = read('{"a":0}')
  document.delete('a')
  expect(document.isEmpty).toBe(true)
})

/** Bytes of JSON made of as many entries as fit. */
function full(open: string, unit: string, close: string, size = 8_000_000): Buffer {
  return Buffer.from(`${open}${unit.repeat(size / unit.length).slice(0, -1)}${close}`)
}

const crowded: [what: string, bytes: Buffer][] = [
  ['members', full('{', '"m":0,', '}')],
  ['members in escapes', full('{', '"\\u006d":0,', '}')],
  ['members beyond ASCII', full('{', '"é":0,', '}')],
  ['elements', full('{"messages":[', '0,', ']}')],
]

test.for(crowded)('looks into millions of %s again and again in time that grows with their number alone', ([, bytes]) => {
  const started = performance.now()
  const document = Document.parse(bytes)
  for (let again = 0; again < 20; again++) {
    expect(document.has('model')).toBe(false)
    document.length('messages')
  }
  expect(performance.now() - started).toBeLessThan(5000)
})
