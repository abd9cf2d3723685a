import type { Outcome, Reply, ReplyBody, ReplyStream } from '@sluice/kernel'
import { collect, eventStream } from '@sluice/testkit'
import { expect, test } from 'vitest'
import { tapReply, type Tap } from '../src/index.ts'

interface Noting extends Tap {
  seen: string
  ends: Outcome[]
}

function noting(): Noting {
  return {
    seen: '',
    ends: [],
    onBytes(bytes) {
      this.seen += String(Buffer.from(bytes))
    },
    onEnd(outcome) {
      this.ends.push(outcome)
    },
  }
}

function replyOf(body: ReplyBody): Reply {
  return { status: 200, headers: {}, body }
}

test.for<[string, ReplyBody]>([
  ['text', 'Grüße'],
  ['bytes', Buffer.from('Grüße')],
  ['pieces', [Buffer.from('Gr'), Buffer.from('üße')]],
])('it sees a body of %s, which stays the same', ([, body]) => {
  const tap = noting()
  const reply = replyOf(body)
  expect(tapReply(reply, tap)).toBe(reply)
  expect(tap).toMatchObject({ seen: 'Grüße', ends: ['complete'] })
})

test('it sees nothing of an empty body', () => {
  const tap = noting()
  tapReply(replyOf(null), tap)
  expect(tap).toMatchObject({ seen: '', ends: [] })
})

test('it sees a stream as it passes, and its end', async () => {
  const tap = noting()
  const stream = eventStream('openai-chat', ['data: one\n\n', 'data: two\n\n'], { end: 'truncated', cutAt: 3 })
  const tapped = tapReply(replyOf(stream), tap)
  expect(tapped.body).toMatchObject({ dialect: 'openai-chat', source: stream })
  expect(await collect(tapped)).toMatchObject({ body: 'data: one\n\ndata: two\n\n', ended: 'truncated' })
  expect(tap).toMatchObject({ seen: 'data: one\n\ndata: two\n\n', ends: ['truncated'] })
})

test('it does not make events of bytes that are none', () => {
  expect((tapReply(replyOf(eventStream(undefined, ['x'])), noting()).body as ReplyStream).dialect).toBeUndefined()
})

test('what a tap throws breaks nothing', async () => {
  const broken: Tap = {
    onBytes: () => {
      throw new Error('no disk')
    },
    onEnd: () => {
      throw new Error('no disk')
    },
  }
  expect((await collect(tapReply(replyOf('x'), broken))).body).toBe('x')
  expect((await collect(tapReply(replyOf(eventStream('openai-chat', ['x'])), broken))).body).toBe('x')
})

test('pause, resume and cancel go through', async () => {
  const tap = noting()
  const stream = eventStream('openai-chat', ['a', 'b'], { end: 'never' })
  const tapped = tapReply(replyOf(stream), tap).body as ReplyStream
  tapped.pause()
  tapped.start({ write: () => true, end: () => {} })
  expect(tap.seen).toBe('')
  tapped.resume()
  expect(tap.seen).toBe('ab')
  tapped.cancel('client_disconnect')
  expect(await tapped.done).toBe('client_disconnect')
  expect(stream.cancelled).toBe('client_disconnect')
  expect(tap.ends).toEqual(['client_disconnect'])
})
