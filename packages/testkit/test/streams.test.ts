import type { Sink } from '@sluice/kernel'
import { describe, expect, test } from 'vitest'
import { collect, decodeEvents, eventStream } from '../src/index.ts'

const events = [{ data: 'one' }, ': a comment\n\n', { event: 'two', data: 'a\nb' }, Buffer.from('data: three\n\n')]
const text = 'data: one\n\n: a comment\n\nevent: two\ndata: a\ndata: b\n\ndata: three\n\n'

describe('collect', () => {
  test.for([undefined, 1, 3, 7, [4, 12, 30], 1000])('it reads the same stream whole, cut at %j', async (cutAt) => {
    const stream = eventStream('openai-chat', events, cutAt === undefined ? {} : { cutAt })
    const collected = await collect({ status: 200, headers: { a: 'b' }, body: stream })
    expect(collected).toMatchObject({ status: 200, headers: { a: 'b' }, body: text, outcome: 'complete', ended: 'complete' })
    expect(collected.events).toEqual([
      { event: '', data: 'one' },
      { event: 'two', data: 'a\nb' },
      { event: '', data: 'three' },
    ])
    expect(stream.given).toBe(Buffer.byteLength(text))
  })

  test.for([
    [null, ''],
    ['Grüße', 'Grüße'],
    [Buffer.from('Grüße'), 'Grüße'],
    [[Buffer.from('Gr'), Buffer.from('üße')], 'Grüße'],
    [[], ''],
  ] as const)('it reads the body %j', async ([body, expected]) => {
    expect(await collect({ status: 200, headers: {}, body })).toMatchObject({ body: expected, events: [], outcome: 'complete' })
  })

  test('it tells how a stream broke off', async () => {
    const stream = eventStream('openai-chat', ['data: one\n\n'], { end: 'truncated' })
    expect(await collect({ status: 200, headers: {}, body: stream })).toMatchObject({ outcome: 'truncated', ended: 'truncated' })
  })

  test('it ends with a stream that somebody else cancels', async () => {
    const stream = eventStream('openai-chat', ['data: one\n\n'], { end: 'never' })
    const collecting = collect({ status: 200, headers: {}, body: stream })
    stream.cancel('stalled')
    expect(await collecting).toMatchObject({ body: 'data: one\n\n', outcome: 'stalled' })
  })

  test('it finds no events in bytes that are none', async () => {
    const stream = eventStream(undefined, ['data: one\n\n'])
    expect(stream.dialect).toBeUndefined()
    expect((await collect({ status: 200, headers: {}, body: stream })).events).toEqual([])
  })
})

/** A sink that takes so many writes and is full then. */
function sinkOf(room: number): Sink & { text: string; ended: string | undefined } {
  return {
    text: '',
    ended: undefined,
    write(bytes) {
      this.text += String(Buffer.from(bytes))
      return --room > 0
    },
    end(outcome) {
      this.ended = outcome
    },
  }
}

describe('eventStream', () => {
  test('it gives nothing before start, stops when the sink is full, and goes on when told to', () => {
    const stream = eventStream('openai-chat', ['a', 'b', 'c'])
    const sink = sinkOf(2)
    expect(stream.given).toBe(0)
    stream.start(sink)
    expect(sink.text).toBe('ab')
    expect(stream.isPaused).toBe(true)
    expect(sink.ended).toBeUndefined()
    stream.resume()
    expect(sink).toMatchObject({ text: 'abc', ended: undefined })
    stream.resume()
    expect(sink.ended).toBe('complete')
  })

  test('it gives nothing while it is paused and nothing once it is cancelled', async () => {
    const stream = eventStream('openai-chat', ['a', 'b'])
    const sink = sinkOf(9)
    stream.pause()
    stream.start(sink)
    expect(sink.text).toBe('')
    stream.cancel('client_disconnect')
    stream.cancel('refused')
    stream.resume()
    expect(sink).toMatchObject({ text: '', ended: undefined })
    expect(stream.cancelled).toBe('client_disconnect')
    expect(await stream.done).toBe('client_disconnect')
  })

  test('a sink that resumes it from within a write does not turn the order around', () => {
    const stream = eventStream('openai-chat', ['a', 'b', 'c'])
    const seen: string[] = []
    stream.start({
      write: (bytes) => {
        stream.resume()
        seen.push(String(Buffer.from(bytes)))
        return true
      },
      end: (outcome) => void seen.push(outcome),
    })
    expect(seen).toEqual(['a', 'b', 'c', 'complete'])
  })

  test('it is started once', () => {
    const stream = eventStream('openai-chat', [])
    stream.start(sinkOf(1))
    expect(() => stream.start(sinkOf(1))).toThrow('started once')
  })

  test('it cannot cut after every zero bytes', () => {
    expect(() => eventStream('openai-chat', ['a'], { cutAt: 0 })).toThrow(RangeError)
  })
})

test('decodeEvents reads a tail without a separator', () => {
  expect(decodeEvents(Buffer.from('data: one\n\ndata: two'))).toEqual([
    { event: '', data: 'one' },
    { event: '', data: 'two' },
  ])
  expect(decodeEvents(Buffer.alloc(0))).toEqual([])
})
