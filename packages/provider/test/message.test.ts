import { readdirSync, readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { BrokenMessageError, decodeMessage, encodeMessage, EventTooLargeError, FramingError, MessageFramer, payloadOf } from '../src/index.ts'
import { crumbs, endsOf, frame, pieces, random } from './cut.ts'

const fixtures = new URL('../../testkit/fixtures/', import.meta.url)
const recorded = readdirSync(fixtures)
  .filter((name) => name.endsWith('.bin'))
  .map((name) => ({ name, bytes: readFileSync(new URL(name, fixtures)) }))

const limit = 1 << 20
const ping = encodeMessage({ ':message-type': 'event', ':event-type': 'ping' }, '{}')

/** A message around header bytes that may say anything, with checksums that are right. */
function messageWith(headers: Buffer, payload = 'x', headersLength = headers.length): Buffer {
  const total = 16 + headers.length + payload.length
  const bytes = Buffer.concat([Buffer.alloc(12), headers, Buffer.from(payload), Buffer.alloc(4)])
  bytes.writeUInt32BE(total, 0)
  bytes.writeUInt32BE(headersLength, 4)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, total - 4)), total - 4)
  return bytes
}

function header(name: string, type: number, value: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([type, ...value])])
}

function withByte(bytes: Buffer, at: number, value = (bytes[at] ?? 0) ^ 1): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = value
  return changed
}

/** Pushes the bytes when it is called. */
function push(bytes: Buffer): () => unknown {
  return () => new MessageFramer(limit).push(bytes)
}

function thrownBy(run: () => unknown): FramingError {
  try {
    run()
  } catch (error) {
    if (error instanceof FramingError) return error
  }
  return expect.unreachable('no framing error')
}

describe('MessageFramer', () => {
  test('has recorded streams to cut', () => {
    expect(recorded.length).toBeGreaterThanOrEqual(2)
  })

  test.for(recorded)('does not care where $name is cut', ({ bytes }) => {
    const whole = frame(new MessageFramer(limit), [bytes])
    expect(whole.events.join('') + whole.rest).toBe(bytes.toString('latin1'))
    expect(whole.events.length).toBeGreaterThan(3)
    expect(frame(new MessageFramer(limit), crumbs(bytes))).toEqual(whole)
    const ends = endsOf(new MessageFramer(limit), bytes, bytes.length)
    const different = Array.from(bytes.keys()).filter((cut) => endsOf(new MessageFramer(limit), bytes, cut) !== ends)
    expect(different).toEqual([])
  })

  test.for(recorded)('finds every change of one byte of $name, and gives the messages before it', ({ bytes }) => {
    const { ends } = new MessageFramer(limit).push(bytes)!
    for (const at of bytes.keys()) {
      const framer = new MessageFramer(limit)
      const error = thrownBy(() => framer.push(withByte(bytes, at)))
      expect(error.before?.ends ?? []).toEqual(ends.filter((end) => end <= at))
      expect(error.before?.bytes.equals(bytes.subarray(0, error.before.ends.at(-1)))).not.toBe(false)
      expect(framer.heldBytes).toBe(0)
      expect(() => framer.push(ping)).toThrow(error.message)
    }
  })

  test('agrees with itself on any messages, wherever they are cut', () => {
    const below = random(20261128)
    for (let round = 0; round < 500; round++) {
      const messages = Array.from({ length: 1 + below(5) }, () =>
        encodeMessage({ ':event-type': 'x'.repeat(below(300)) }, Buffer.alloc(below(600), below(256))),
      )
      const bytes = Buffer.concat([...messages, ping.subarray(0, below(ping.length))])
      const whole = frame(new MessageFramer(limit), [bytes])
      expect(whole.events).toEqual(messages.map((message) => message.toString('latin1')))
      expect(frame(new MessageFramer(limit), pieces(bytes, 90, below))).toEqual(whole)
    }
  })

  test('hands on a chunk of whole messages as it is', () => {
    const chunk = Buffer.concat([ping, ping])
    const framed = new MessageFramer(limit).push(chunk)
    expect(framed?.bytes).toBe(chunk)
    expect(framed?.ends).toEqual([ping.length, 2 * ping.length])
  })

  test('holds what it got even where the sender reuses its buffer for small chunks', () => {
    const framer = new MessageFramer(limit)
    const chunk = Buffer.from(ping.subarray(0, 20))
    framer.push(chunk)
    chunk.fill(0)
    expect(framer.push(ping.subarray(20))?.bytes.equals(ping)).toBe(true)
  })

  test('gives the unfinished rest at the end, once', () => {
    const framer = new MessageFramer(limit)
    framer.push(ping.subarray(0, 15))
    expect(framer.heldBytes).toBe(15)
    expect(framer.end()).toEqual(ping.subarray(0, 15))
    expect(framer.end()).toBeUndefined()
  })

  test('says what is wrong: the lengths, their checksum, or that of the message', () => {
    expect(push(withByte(ping, 9))).toThrow('a message of the stream has a wrong checksum over its lengths')
    expect(push(withByte(ping, ping.length - 8))).toThrow('a message of the stream has a wrong checksum')
    expect(push(messageWith(Buffer.alloc(0), '', 7))).toThrow('a message of the stream has 16 bytes, which cannot hold 7 bytes of headers')
    const short = Buffer.alloc(12)
    short.writeUInt32BE(15, 0)
    short.writeUInt32BE(crc32(short.subarray(0, 8)), 8)
    expect(push(short)).toThrow('a message of the stream has 15 bytes, which cannot hold 0 bytes of headers')
    for (const error of [thrownBy(push(withByte(ping, 9))), thrownBy(push(short))]) expect(error).toBeInstanceOf(BrokenMessageError)
  })

  test.for([
    ['a name that runs out of the headers', Buffer.from([9, 0x61, 7, 0, 0])],
    ['a name without a type', Buffer.from([1, 0x61])],
    ['a type that is not known', header('a', 10, [])],
    ['a string without its length', header('a', 7, [0])],
    ['a string that runs out of the headers', header('a', 7, [0, 2, 0x61])],
    ['bytes that run out of the headers', header('a', 6, [0xff, 0xff])],
    ['a number that runs out of the headers', header('a', 5, [0, 0, 0, 0])],
  ] as const)('refuses %s', ([, headers]) => {
    expect(() => new MessageFramer(limit).push(messageWith(headers))).toThrow('a message of the stream has a header that its bytes cannot hold')
  })

  test.for([
    ['in one piece', (bytes: Buffer) => [bytes]],
    ['byte by byte', crumbs],
  ] as const)('takes a message of exactly the limit and refuses a longer one %s, before it has come', ([, cut]) => {
    expect(frame(new MessageFramer(ping.length), cut(ping)).events).toHaveLength(1)
    expect(() => frame(new MessageFramer(ping.length - 1), cut(ping.subarray(0, 12)))).toThrow(EventTooLargeError)
    const framer = new MessageFramer(ping.length)
    const error = thrownBy(() => framer.push(Buffer.concat([ping, encodeMessage({ ':event-type': 'ping' }, 'x'.repeat(99))])))
    expect(error).toBeInstanceOf(EventTooLargeError)
    expect(error.before?.bytes.equals(ping)).toBe(true)
    expect(() => framer.push(ping)).toThrow(EventTooLargeError)
  })

  test('frames a message of a mebibyte that comes byte by byte in time that grows with its size alone', () => {
    const message = encodeMessage({ ':event-type': 'large' }, Buffer.alloc(1 << 20))
    const framer = new MessageFramer(1 << 21)
    const started = performance.now()
    for (let at = 0; at < message.length - 1; at++) framer.push(message.subarray(at, at + 1))
    expect(framer.push(message.subarray(-1))?.ends).toEqual([message.length])
    // 0.1 to 0.3 s; to look at all held bytes again for each would take minutes.
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

describe('decodeMessage', () => {
  test.for(recorded)('reads and writes each message of $name', ({ bytes }) => {
    for (const event of frame(new MessageFramer(limit), [bytes]).events.map((text) => Buffer.from(text, 'latin1'))) {
      const { headers, payload } = decodeMessage(event)
      expect(headers.get(':message-type')).toBe('event')
      expect(JSON.parse(payload.toString())).toHaveProperty('p')
      expect(payloadOf(event)).toEqual(payload)
      expect(encodeMessage(Object.fromEntries(headers) as Record<string, string>, payload).equals(event)).toBe(true)
    }
  })

  test.for([
    ['true', 0, [], true],
    ['false', 1, [], false],
    ['a byte', 2, [0xff], -1],
    ['a short', 3, [0x01, 0x00], 256],
    ['an integer', 4, [0xff, 0xff, 0xff, 0xfe], -2],
    ['a long', 5, [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 9223372036854775807n],
    ['bytes', 6, [0, 2, 1, 2], Buffer.from([1, 2])],
    ['a string', 7, [0, 2, 0xc3, 0xbc], 'ü'],
    ['a time', 8, [0, 0, 0, 0, 0, 0, 0, 7], new Date(7)],
    ['a UUID', 9, Array.from({ length: 16 }, (_, at) => at), '00010203-0405-0607-0809-0a0b0c0d0e0f'],
  ] as const)('reads a header that is %s', ([, type, value, expected]) => {
    const bytes = messageWith(Buffer.concat([header('before', 7, [0, 0]), header('it', type, value), header('behind', 0, [])]), 'payload')
    expect(new MessageFramer(limit).push(bytes)?.ends).toEqual([bytes.length])
    const { headers, payload } = decodeMessage(bytes)
    expect([...headers]).toEqual([['before', ''], ['it', expected], ['behind', true]])
    expect(payload.toString()).toBe('payload')
  })

  test('reads what encodeMessage wrote: any text, empty or as long as it may be', () => {
    const headers = { '': '', ü: '👩‍👩‍👧‍👦', ['n'.repeat(255)]: 'v'.repeat(65_535) }
    const message = encodeMessage(headers, Buffer.from([0, 255]))
    expect(new MessageFramer(limit).push(message)?.ends).toEqual([message.length])
    expect(Object.fromEntries(decodeMessage(message).headers)).toEqual(headers)
    expect(decodeMessage(message).payload).toEqual(Buffer.from([0, 255]))
    expect(decodeMessage(encodeMessage({}, '')).payload).toHaveLength(0)
  })
})

describe('encodeMessage', () => {
  // Worked out in AWS's own tests: https://github.com/awslabs/aws-c-event-stream/tree/main/tests
  test('writes the empty message, and one with a payload, as AWS does', () => {
    expect(encodeMessage({}, '').toString('hex')).toBe('000000100000000005c248eb7d98c8ff')
    expect(encodeMessage({}, "{'foo':'bar'}").toString('hex')).toBe('0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936')
  })

  test('refuses headers that it cannot write', () => {
    expect(() => encodeMessage({ ['n'.repeat(256)]: '' }, '')).toThrow('the name of a header has 255 bytes at most')
    expect(() => encodeMessage({ n: 'v'.repeat(65_536) }, '')).toThrow('the value of the header "n" has 65,535 bytes at most')
  })
})
