import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { dataOf, decodeEvent, encodeEvent, EventFramer, EventTooLargeError } from '../src/index.ts'
import { crumbs, endsOf as endsIn, frame as frameWith, pieces as piecesOf, random } from './cut.ts'

// Each cuts a whole stream at every byte, on a machine that may be doing something else.
vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const fixtures = new URL('../../testkit/fixtures/', import.meta.url)
const recorded = readdirSync(fixtures)
  .filter((name) => name.endsWith('.sse'))
  .map((name) => ({ name, bytes: readFileSync(new URL(name, fixtures)) }))

function frame(chunks: readonly Buffer[], max = 1 << 20): { events: string[]; rest: string } {
  return frameWith(new EventFramer(max), chunks)
}

function endsOf(bytes: Buffer, at: number): string {
  return endsIn(new EventFramer(1 << 20), bytes, at)
}

/** The standard's own way, over a whole stream: names and data of what is dispatched, the unfinished end included. */
function dispatched(stream: string): string[] {
  const found: string[] = []
  let name = ''
  let data: string[] = []
  for (const line of [...stream.split(/\r\n|\r|\n/), '']) {
    if (line === '') {
      if (data.length > 0) found.push(`${name}|${data.join('\n')}`)
      name = ''
      data = []
    } else if (/^data(:|$)/.test(line)) data.push(line.replace(/^data:? ?/, ''))
    else if (/^event(:|$)/.test(line)) name = line.replace(/^event:? ?/, '')
  }
  return found
}

function decoded({ events, rest }: { events: string[]; rest: string }): string[] {
  return [...events, rest]
    .filter((event) => dataOf(Buffer.from(event, 'latin1')) !== undefined)
    .map((event) => decodeEvent(Buffer.from(event, 'latin1')))
    .map(({ event, data }) => `${event}|${data}`)
}

describe('EventFramer', () => {
  test.for(recorded)('does not care where $name is cut', ({ bytes }) => {
    const whole = frame([bytes])
    expect(whole.events.join('') + whole.rest).toBe(bytes.toString('latin1'))
    expect(whole.events.length).toBeGreaterThan(0)
    expect(frame(crumbs(bytes))).toEqual(whole)
    const ends = endsOf(bytes, bytes.length)
    expect(Array.from(bytes.keys()).filter((cut) => endsOf(bytes, cut) !== ends)).toEqual([])
  })

  test.for([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ] as const)('ends events at blank lines that end in %s', ([, eol]) => {
    const stream = ['data: a', '', 'event: x', 'data: b', '', ': c', '', 'data: unfinished'].join(eol)
    const expected = {
      events: [
        ['data: a', '', ''],
        ['event: x', 'data: b', '', ''],
        [': c', '', ''],
      ].map((lines) => lines.join(eol)),
      rest: 'data: unfinished',
    }
    expect(frame([Buffer.from(stream)])).toEqual(expected)
    expect(frame(crumbs(Buffer.from(stream)))).toEqual(expected)
  })

  test('agrees with the standard on any mixture of line ends, wherever it is cut', { timeout: 20_000 }, () => {
    const seed = 20260317
    const below = random(seed)
    const parts = [
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '\r\r',
      '\r\n\r\n',
      '\n\r',
      'data: x',
      'data:y',
      'data',
      'event: e',
      ': c',
      'data: z\n',
    ]
    for (let round = 0; round < 4000; round++) {
      const stream = Array.from({ length: 1 + below(14) }, () => parts[below(parts.length)]).join('')
      const bytes = Buffer.from(stream)
      const whole = frame([bytes])
      const chunks = piecesOf(bytes, 5, below)
      const where = { seed, round, stream }
      expect({ ...where, events: decoded(whole) }).toEqual({ ...where, events: dispatched(stream) })
      expect({ ...where, ...frame(chunks) }).toEqual({ ...where, ...whole })
      expect({ ...where, ...frame(crumbs(bytes)) }).toEqual({ ...where, ...whole })
      expect({ ...where, bytes: whole.events.join('') + whole.rest }).toEqual({ ...where, bytes: stream })
    }
  })

  test('hands on a chunk of whole events as it is', () => {
    const chunk = Buffer.from('data: a\n\ndata: b\n\n')
    const framed = new EventFramer(100).push(chunk)
    expect(framed?.bytes).toBe(chunk)
    expect(framed?.ends).toEqual([9, 18])
  })

  test('does not copy whole events that an unfinished one follows', () => {
    const chunk = Buffer.from('data: a\n\ndata: b')
    const framer = new EventFramer(100)
    const framed = framer.push(chunk)
    expect(framed?.bytes.buffer).toBe(chunk.buffer)
    expect(framed?.bytes.byteOffset).toBe(chunk.byteOffset)
    expect(framer.heldBytes).toBe(7)
  })

  test('waits for the LF of a CRLF that the chunk was cut in', () => {
    const framer = new EventFramer(100)
    expect(framer.push(Buffer.from('data: a\r\n\r'))).toBeUndefined()
    expect(framer.push(Buffer.from('\n'))?.bytes.toString()).toBe('data: a\r\n\r\n')
    expect(framer.heldBytes).toBe(0)
  })

  test('does not wait where lines end in CR alone', () => {
    expect(new EventFramer(100).push(Buffer.from('data: a\r\r'))?.ends).toEqual([9])
  })

  test('passes blank lines that keep a connection alive', () => {
    expect(frame([Buffer.from('\n'), Buffer.from('\n\ndata: a\n\n')])).toEqual({
      events: ['\n', '\n', '\n', 'data: a\n\n'],
      rest: '',
    })
  })

  test('gives the unfinished rest at the end, once', () => {
    const framer = new EventFramer(100)
    framer.push(Buffer.from('data: a\n\nda'))
    framer.push(Buffer.from('ta: b'))
    expect(framer.end()?.toString()).toBe('data: b')
    expect(framer.end()).toBeUndefined()
  })

  test('holds what it got even where the sender reuses its buffer for small chunks', () => {
    const framer = new EventFramer(100)
    const chunk = Buffer.from('data: a')
    framer.push(chunk)
    chunk.fill(0x21)
    expect(framer.push(Buffer.from('\n\n'))?.bytes.toString()).toBe('data: a\n\n')
  })

  test.for([
    ['in one piece', (bytes: Buffer) => [bytes]],
    ['byte by byte', crumbs],
  ] as const)('takes an event of exactly the limit and refuses a longer one %s', ([, pieces]) => {
    expect(frame(pieces(Buffer.from('data: 12\n\n')), 10).events).toHaveLength(1)
    expect(() => frame(pieces(Buffer.from('data: 123\n\n')), 10)).toThrow(EventTooLargeError)
    expect(() => frame(pieces(Buffer.from('data: 12345')), 10)).toThrow('larger than 10 bytes')
  })

  test('says which whole events stood before one that is too large, and takes no more', () => {
    const framer = new EventFramer(12)
    framer.push(Buffer.from('dat'))
    let thrown: unknown
    try {
      framer.push(Buffer.from(`a: a\n\ndata: b\n\ndata: ${'c'.repeat(20)}`))
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(EventTooLargeError)
    const { before } = thrown as EventTooLargeError
    expect(before?.bytes.toString()).toBe('data: a\n\ndata: b\n\n')
    expect(before?.ends).toEqual([9, 18])
    expect(framer.heldBytes).toBe(0)
    expect(() => framer.push(Buffer.from('data: d\n\n'))).toThrow(EventTooLargeError)
  })

  test('frames an event of a mebibyte that comes byte by byte in time that grows with its size alone', () => {
    const size = 1 << 20
    const framer = new EventFramer(size + 20)
    const byte = Buffer.from('x')
    const started = performance.now()
    framer.push(Buffer.from('data: '))
    for (let sent = 0; sent < size; sent++) framer.push(byte)
    const framed = framer.push(Buffer.from('\n\n'))
    expect(framed?.ends).toEqual([size + 8])
    // 0.1 to 0.3 s; to look at all held bytes again for each would take minutes.
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test.for([['\n'], ['\r'], ['\r\n']] as const)(
    'is linear in a large chunk of short lines that end in %j',
    ([eol]) => {
      const chunk = Buffer.from(`a${eol}`.repeat(1 << 20))
      const started = performance.now()
      expect(new EventFramer(1 << 23).push(chunk)).toBeUndefined()
      expect(performance.now() - started).toBeLessThan(5_000)
    },
  )
})

describe('decodeEvent', () => {
  test.for([
    ['data: a\n\n', { event: '', data: 'a' }],
    ['data:a\n\n', { event: '', data: 'a' }],
    ['data:  a \n\n', { event: '', data: ' a ' }],
    ['data\n\n', { event: '', data: '' }],
    ['data: a\ndata: b\ndata:\n\n', { event: '', data: 'a\nb\n' }],
    ['event: x\ndata: a\nid: 7\nretry: 1500\n\n', { event: 'x', data: 'a', id: '7', retry: 1500 }],
    ['id: a\0b\nretry: soon\ndata: a\n\n', { event: '', data: 'a' }],
    [': comment\ndata: a:b\nother: 1\nDATA: no\n\n', { event: '', data: 'a:b' }],
    ['\uFEFFdata: a\n\n', { event: '', data: 'a' }],
    ['event: x\r\ndata: a\r\n\r\n', { event: 'x', data: 'a' }],
    ['event: x\rdata: a\r\r', { event: 'x', data: 'a' }],
    ['data: Grüße 👩‍👩‍👧‍👦 \u2028\n\n', { event: '', data: 'Grüße 👩‍👩‍👧‍👦 \u2028' }],
    ['data: unfinished', { event: '', data: 'unfinished' }],
    [': only a comment\n\n', { event: '', data: '' }],
  ] as const)('reads %j', ([text, expected]) => {
    expect(decodeEvent(Buffer.from(text))).toEqual(expected)
  })
})

describe('dataOf', () => {
  test.for([
    ['data: a\n\n', 'a'],
    ['data:a\r\n\r\n', 'a'],
    ['data: a\r\r', 'a'],
    ['\uFEFFdata: a\n\n', 'a'],
    ['event: x\r\ndata: a\r\n\r\n', 'a'],
    ['data: a\ndata: b\n\n', 'a\nb'],
    ['data: a\ndata\ndata:c\n\n', 'a\n\nc'],
    ['data:\n\n', ''],
    ['data', ''],
    ['data: unfinished', 'unfinished'],
    ['\ndata: a\n\n', 'a'],
    [': comment\n\n', undefined],
    ['event: ping\n\n', undefined],
    ['database: 1\n\n', undefined],
    ['dat', undefined],
    ['\n', undefined],
    ['', undefined],
  ] as const)('finds in %j the bytes %j', ([text, expected]) => {
    expect(dataOf(Buffer.from(text))?.toString()).toBe(expected)
  })

  test('gives the bytes themselves where the data stands on one line', () => {
    const event = Buffer.from('event: x\ndata: {"a":1}\n\n')
    const data = dataOf(event)
    expect(data?.buffer).toBe(event.buffer)
    expect(data?.byteOffset).toBe(event.byteOffset + 15)
  })

  test.for(recorded)('reads the same as decodeEvent in $name', ({ bytes }) => {
    for (const event of frame([bytes]).events.map((text) => Buffer.from(text, 'latin1'))) {
      expect(dataOf(event)?.toString() ?? '').toBe(decodeEvent(event).data)
    }
  })
})

describe('encodeEvent', () => {
  test.for([
    [['a'], 'data: a\n\n'],
    [['a', 'x'], 'event: x\ndata: a\n\n'],
    [['a', ''], 'data: a\n\n'],
    [['a\nb\r\nc\rd'], 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
    [[''], 'data: \n\n'],
  ] as const)('writes %j', ([[data, name], expected]) => {
    const event = encodeEvent(data, name)
    expect(event.toString()).toBe(expected)
    expect(decodeEvent(event)).toEqual({ event: name ?? '', data: data.replaceAll(/\r\n|\r/g, '\n') })
  })

  test('refuses a name that would begin another field', () => {
    expect(() => encodeEvent('a', 'x\ndata: forged')).toThrow(RangeError)
  })
})
