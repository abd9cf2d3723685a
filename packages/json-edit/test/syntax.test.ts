import { describe, expect, test } from 'vitest'
import { everyCut, oneByOne } from './cut.ts'
import { Document, JsonSyntaxError } from '../src/index.ts'

const refusal = (json: string | Buffer): JsonSyntaxError | undefined => {
  try {
    Document.parse(Buffer.from(json as string))
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error
    throw error
  }
  return undefined
}

const problem = (json: string | Buffer): JsonSyntaxError => {
  const error = refusal(json)
  if (error === undefined) throw new Error(`accepted ${String(json).slice(0, 80)}`)
  return error
}

const faults: [json: string, message: string][] = [
  ['', 'unexpected end of input at byte 0 (line 1, column 1), expected a value'],
  [' \n ', 'unexpected end of input at byte 3 (line 2, column 2), expected a value'],
  ['{"é": 1,\n  "b":}', 'unexpected character "}" at byte 16 (line 2, column 7), expected a value'],
  ['{"a":1,}', 'unexpected character "}" at byte 7 (line 1, column 8), expected a member name in quotes'],
  ['{a:1}', 'unexpected character "a" at byte 1 (line 1, column 2), expected a member name in quotes'],
  ['{"a" 1}', 'unexpected character "1" at byte 5 (line 1, column 6), expected a colon after the member name'],
  ['{"a":1 "b":2}', 'unexpected character "\\"" at byte 7 (line 1, column 8), expected a comma or "}"'],
  ['[1,]', 'unexpected character "]" at byte 3 (line 1, column 4), expected a value'],
  ['[1}', 'unexpected character "}" at byte 2 (line 1, column 3), expected a comma or "]"'],
  ['[01]', 'unexpected character "1" at byte 2 (line 1, column 3), expected a comma or "]"'],
  ['-', 'unexpected end of input at byte 1 (line 1, column 2), expected a digit'],
  ['1.e1', 'unexpected character "e" at byte 2 (line 1, column 3), expected a digit'],
  ['1e+', 'unexpected end of input at byte 3 (line 1, column 4), expected a digit'],
  ['nul', 'unexpected end of input at byte 3 (line 1, column 4), expected the word null'],
  ['trüe', 'unexpected character "ü" at byte 2 (line 1, column 3), expected the word true'],
  ['1 2', 'unexpected character "2" at byte 2 (line 1, column 3), expected nothing after the value'],
  ['"a', 'unexpected end of input at byte 2 (line 1, column 3), expected the quote that ends the string'],
  ['"a\\', 'unexpected end of input at byte 3 (line 1, column 4), expected one of "\\/bfnrtu after a backslash'],
  ['"a\\x"', 'unexpected character "x" at byte 3 (line 1, column 4), expected one of "\\/bfnrtu after a backslash'],
  ['"\\u00g0"', 'unexpected character "g" at byte 5 (line 1, column 6), expected four hexadecimal digits after \\u'],
  ['"a\nb"', 'unexpected control character 0x0a at byte 2 (line 1, column 3), expected it escaped in a string'],
]

test.for(faults)('says what is wrong with %j', ([json, message]) => {
  const error = problem(json)
  expect(error.message).toBe(message)
  expect(error.offset).toBe(Number(/at byte (\d+)/.exec(message)?.[1]))
})

test.for(faults)('says the same of %j in pieces, wherever they are cut', ([json, message]) => {
  const bytes = Buffer.from(json)
  for (const pieces of [oneByOne(bytes), ...everyCut(bytes)]) expect(() => Document.parse(pieces)).toThrow(message)
})

test('names a byte that is no character', () => {
  expect(problem(Buffer.from([0x5b, 0xff])).message).toContain('unexpected byte 0xff at byte 1')
})

test('passes what only a decoder could refuse: invalid UTF-8, lone surrogates, an escaped NUL', () => {
  const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('\\ud800\\u0000"}')])
  const document = Document.parse(bytes)
  document.set('b', 1)
  expect(Buffer.concat(document.toBuffers()).subarray(0, -7)).toEqual(bytes.subarray(0, -1))
})

test('tolerates a byte order mark, and keeps it', () => {
  const document = Document.parse(Buffer.from('\ufeff{"a":1}'))
  document.set('a', 2)
  expect(Buffer.concat(document.toBuffers()).toString()).toBe('\ufeff{"a":2}')
  expect(() => Document.parse(Buffer.from('{"a":\ufeff1}'))).toThrow(JsonSyntaxError)
  expect(() => document.setRaw('a', Buffer.from('\ufeff1'))).toThrow(JsonSyntaxError)
})

test('takes any Uint8Array, at any alignment', () => {
  const json = JSON.stringify({ a: 'x'.repeat(2000), b: 'y"\\'.repeat(40) })
  for (let shift = 0; shift < 9; shift++) {
    const bytes = new Uint8Array(json.length + 16)
    bytes.fill(0x22)
    bytes.set(Buffer.from(json), shift)
    expect(Document.parse(bytes.subarray(shift, shift + json.length)).get([])).toEqual(JSON.parse(json))
  }
})

const special = [0x22, 0x5c, 0x00, 0x1f, 0x20, 0x7f, 0x80]

test.for(special)('judges byte %i at every position of a string like any other', (byte) => {
  for (let at = 0; at < 189; at++) {
    const bytes = Buffer.from(`["${'x'.repeat(190)}"]`)
    bytes[at + 2] = byte
    const isFine = byte >= 0x20 && byte !== 0x22 && byte !== 0x5c
    const offset = byte < 0x20 ? at + 2 : at + 3
    expect(refusal(bytes)?.offset).toBe(isFine ? undefined : offset)
  }
})

test('finds the end of long strings behind far escapes', () => {
  const text = `${'x'.repeat(3000)}"${'y'.repeat(5000)}\\`
  const document = Document.parse(Buffer.from(JSON.stringify([text, 'z'.repeat(5000), text, { a: text }])))
  expect([document.get([0]), document.get([2]), document.get([3, 'a'])]).toEqual([text, text, text])
})

describe('deep inside a string', () => {
  test.for<[what: string, text: string, at: number, expected: string]>([
    ['a control character', '\n', 0, 'it escaped in a string'],
    ['an escape that is none', '\\x', 1, 'one of "\\/bfnrtu after a backslash'],
    ['an escape of a character with too few digits', '\\u12g4', 4, 'four hexadecimal digits after \\u'],
    ['an escape that the string cuts off', '\\u12', 4, 'four hexadecimal digits after \\u'],
  ])('%s is told with its place', ([, text, at, expected]) => {
    // Far enough for several windows to lie before it, and with it across the end of one, in turn.
    for (const before of [17, 40, 16_380, 16_384 + 16 - 3, 16_384 + 16 - 1, 16_384 + 16, 50_000]) {
      const json = `{"a":"line\\n",\n"s":["${'x'.repeat(before)}${text}"],"b":{"c":\n[2]}}`
      const bytes = Buffer.from(json)
      const offset = json.indexOf(text, 20) + at
      const place = `at byte ${offset} (line 2, column ${offset - json.indexOf('\n')}), expected ${expected}`
      for (const pieces of [[bytes], oneByOne(bytes), [bytes.subarray(0, offset), bytes.subarray(offset)]]) {
        expect(() => Document.parse(pieces)).toThrow(expect.objectContaining({ offset, message: expect.stringContaining(place) }))
      }
    }
  })
})

test('checks names to their end, because looking up decodes them', () => {
  expect(problem(`{"${'x'.repeat(5000)}\n":1}`).offset).toBe(5002)
})

test('goes 200,000 levels deep without recursion and in linear time', () => {
  const deep = 200_000
  const mixed = `${'{"a":['.repeat(deep / 2)}1${']}'.repeat(deep / 2)}`
  const document = Document.parse(Buffer.from(mixed))
  const path = Array.from({ length: 40 }, (_, level) => (level % 2 === 0 ? 'a' : 0))
  document.set(path, 2)
  expect(document.get([])).toEqual(JSON.parse(`${'{"a":['.repeat(20)}2${']}'.repeat(20)}`))
  expect(problem(mixed.slice(0, -1)).offset).toBe(mixed.length - 1)
  expect(problem(`${mixed.slice(0, -1)}]`).offset).toBe(mixed.length - 1)
  expect(problem('['.repeat(deep)).offset).toBe(deep)
})

test('writes edits that lie deeper than a stack is high', () => {
  const depth = 8000
  const document = Document.parse(Buffer.from(`${'['.repeat(depth)}1${']'.repeat(depth)}`))
  document.set(Array.from({ length: depth }, () => 0), 2)
  expect(Buffer.concat(document.toBuffers()).toString()).toBe(`${'['.repeat(depth)}2${']'.repeat(depth)}`)
})

test('stays linear where somebody sends hundreds of thousands of members of one name', () => {
  const document = Document.parse(Buffer.from(`{${'"model":0,'.repeat(200_000)}"x":1}`))
  expect(document.duplicate(['model'])).toBe('model')
  expect(document.keys()).toEqual(['model', 'x'])
  document.delete('model')
  document.set('model', 1)
  expect(Buffer.concat(document.toBuffers()).toString()).toBe('{"x":1,"model":1}')
})
