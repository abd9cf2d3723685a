import { definePlugin, HttpError, Type, type Exchange, type Outcome, type Reply, type ReplyBody, type ReplyStream, type Sink } from '@sluice/kernel'
import { encodeMessage } from '@sluice/provider'
import { collect, eventStream, exchangeOf, exercise, type TestEvent } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { editEvents, endReply, type EventEditor, type ReplyEvent, type Verdict } from '../src/index.ts'

const words: readonly TestEvent[] = ['data: one\n\n', ': ping\r\n\r\n', 'event: two\ndata: a\ndata: b\n\n', 'data: [DONE]\n\n']
const text = words.join('')

function replyOf(body: ReplyBody, headers: Reply['headers'] = {}): Reply {
  return { status: 200, headers, body }
}

function bytes(...texts: string[]): Buffer[] {
  return texts.map((one) => Buffer.from(one))
}

/** Edits a stream of words, however it is cut. */
async function edited(editor: EventEditor, options: Parameters<typeof eventStream>[2] = {}): Promise<Awaited<ReturnType<typeof collect>> & { ctx: Exchange }> {
  const ctx = exchangeOf()
  const reply = await editEvents(ctx, replyOf(eventStream('openai-chat', words, options)), editor)
  return { ...(await collect(reply)), ctx }
}

const cuts = [undefined, 1, 7, 1_000]

describe('a stream', () => {
  test.for(cuts)('cut at %j passes through an editor that only looks, to the byte', async (cutAt) => {
    const seen: [string, string | undefined, boolean][] = []
    const onEvent = ({ name, data, isWhole }: ReplyEvent): void => void seen.push([name, data, isWhole])
    const { body, outcome, ended } = await edited({ onEvent }, cutAt === undefined ? {} : { cutAt })
    expect(body).toBe(text)
    expect([outcome, ended]).toEqual(['complete', 'complete'])
    expect(seen).toEqual([
      ['', 'one', false],
      ['', undefined, false],
      ['two', 'a\nb', false],
      ['', '[DONE]', false],
    ])
  })

  test.for(['sync', 'async'] as const)('lets a %s editor replace, drop and add events, and have the last word', async (how) => {
    const verdicts: Record<string, Verdict> = { one: bytes('data: 1\n\n', 'data: 1.5\n\n'), 'a\nb': [] }
    const onEvent = ({ data = '' }: ReplyEvent): Verdict | Promise<Verdict> => {
      const verdict = verdicts[data]
      return how === 'sync' ? verdict : new Promise((resolve) => setImmediate(resolve, verdict))
    }
    const onEnd = (outcome: Outcome): Buffer[] | Promise<Buffer[]> => {
      const last = bytes(`data: ${outcome}\n\n`)
      return how === 'sync' ? last : Promise.resolve(last)
    }
    for (const cutAt of [1, 9, 1_000]) {
      const { body, outcome } = await edited({ onEvent, onEnd }, { cutAt })
      expect(body).toBe('data: 1\n\ndata: 1.5\n\n: ping\r\n\r\ndata: [DONE]\n\ndata: complete\n\n')
      expect(outcome).toBe('complete')
    }
  })

  test('keeps its order where some events wait and others do not', async () => {
    let turn = 0
    const onEvent = (event: ReplyEvent): Verdict | Promise<Verdict> =>
      ++turn % 2 === 0 ? undefined : new Promise((resolve) => setImmediate(() => resolve([event.bytes])))
    expect((await edited({ onEvent }, { cutAt: 3 })).body).toBe(text)
  })

  test('may be held back until it is known', async () => {
    const held: Buffer[] = []
    const onEvent = ({ bytes: one }: ReplyEvent): Verdict => {
      held.push(one)
      return []
    }
    const { body } = await edited({ onEvent, onEnd: async () => held })
    expect(body).toBe(text)
  })

  test.for(['sync', 'async'] as const)('may be ended by a %s editor: upstream is cancelled, the client has a whole answer', async (how) => {
    const stream = eventStream('openai-chat', words, { cutAt: 1 })
    const ctx = exchangeOf()
    const seen: unknown[] = []
    const onEvent = ({ data, name }: ReplyEvent): Verdict | Promise<Verdict> => {
      seen.push(data)
      const verdict = name === 'two' ? endReply(bytes('data: stop\n\n'), 'blocked') : undefined
      return how === 'sync' ? verdict : Promise.resolve(verdict)
    }
    const reply = await editEvents(ctx, replyOf(stream), { onEvent, onEnd: () => bytes('data: never\n\n') })
    const { body, outcome, ended } = await collect(reply)
    expect(body).toBe('data: one\n\n: ping\r\n\r\ndata: stop\n\n')
    expect([outcome, ended, stream.cancelled, ctx.outcome]).toEqual(['blocked', 'complete', 'blocked', 'blocked'])
    expect(seen).toEqual(['one', undefined, 'a\nb'])
  })

  test('that is ended as anything but blocked or complete is cut', async () => {
    const { ended, outcome } = await edited({ onEvent: () => endReply([], 'truncated') })
    expect([ended, outcome]).toEqual(['truncated', 'truncated'])
  })

  test('that breaks off tells the editor, which may still say something', async () => {
    const { body, ended } = await edited({ onEvent: () => {}, onEnd: (outcome) => bytes(`: ${outcome}\n\n`) }, { end: 'truncated' })
    expect(body).toBe(`${text}: truncated\n\n`)
    expect(ended).toBe('truncated')
  })

  test('a tail without a separator is an event', async () => {
    const ctx = exchangeOf()
    const seen: unknown[] = []
    const reply = await editEvents(ctx, replyOf(eventStream('openai-chat', ['data: one\n\n', 'data: two'])), {
      onEvent: ({ data }) => void seen.push(data),
    })
    expect((await collect(reply)).body).toBe('data: one\n\ndata: two')
    expect(seen).toEqual(['one', 'two'])
  })

  test.for<[string, () => Verdict | Promise<Verdict>]>([
    ['throws', () => { throw new Error('no idea') }],
    ['rejects', () => Promise.reject(new Error('no idea'))],
    ['gives nonsense', () => 7 as never],
  ])('an editor that %s breaks it off: the client is told, upstream is cancelled, the log has the reason', async ([, fail]) => {
    const lines: unknown[] = []
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (fields: object) => void lines.push(fields), child: () => log }
    const stream = eventStream('openai-chat', words)
    const ctx = exchangeOf({}, { log })
    const reply = await editEvents(ctx, replyOf(stream), { onEvent: ({ name }) => (name === 'two' ? fail() : undefined) })
    const { events, ended, outcome } = await collect(reply)
    expect(events.map(({ data }) => data)).toEqual(['one', expect.stringContaining('internal error')])
    expect([ended, outcome, stream.cancelled]).toEqual(['gateway_error', 'gateway_error', 'gateway_error'])
    expect(lines).toEqual([{ err: expect.any(Error) }])
  })

  test.for([
    [{ outcome: 'blocked' }, 'complete', 'blocked'],
    [{}, 'refused', 'refused'],
  ] as const)('an editor that refuses with %j says so in the dialect of the client', async ([options, told, outcome]) => {
    const stream = eventStream('openai-chat', words)
    const ctx = exchangeOf()
    const onEvent = ({ name }: ReplyEvent): void => {
      if (name === 'two') throw new HttpError(400, 'off_limits', 'let us talk of something else', options)
    }
    const { events, ended } = await collect(await editEvents(ctx, replyOf(stream), { onEvent }))
    expect(events).toHaveLength(2)
    expect(JSON.parse(events[1]!.data)).toMatchObject({ error: { message: 'let us talk of something else', code: 'off_limits' } })
    expect([ended, ctx.outcome, stream.cancelled]).toEqual([told, outcome, outcome])
  })

  test('an editor that fails at the end breaks it off as well', async () => {
    expect((await edited({ onEvent: () => {}, onEnd: () => Promise.reject(new Error('no')) })).ended).toBe('gateway_error')
  })

  test('an event too large to hold breaks it off', async () => {
    const stream = eventStream('openai-chat', [Buffer.alloc(17 * 1024 * 1024, 'x')])
    const { ended } = await collect(await editEvents(exchangeOf(), replyOf(stream), { onEvent: () => {} }))
    expect(ended).toBe('truncated')
    expect(stream.cancelled).toBe('truncated')
  })

  test('its length is not promised, the rest of the head stays', async () => {
    const head = { 'content-type': 'text/event-stream', 'content-length': '70' }
    const reply = await editEvents(exchangeOf(), replyOf(eventStream('openai-chat', words), head), { onEvent: () => {} })
    expect({ ...reply.headers }).toEqual({ 'content-type': 'text/event-stream' })
  })
})

/** A stream behind an editor, and a client that takes one write at a time. */
async function narrow(editor: EventEditor): Promise<{ stream: ReturnType<typeof eventStream>; outer: ReplyStream; taken: string[]; ends: Outcome[] }> {
  const stream = eventStream('openai-chat', words)
  const reply = await editEvents(exchangeOf(), replyOf(stream), editor)
  const outer = reply.body as ReplyStream
  const taken: string[] = []
  const ends: Outcome[] = []
  outer.start({
    write: (one) => {
      taken.push(String(Buffer.from(one)))
      return false
    },
    end: (outcome) => void ends.push(outcome),
  })
  return { stream, outer, taken, ends }
}

/** A stream that a test pushes, and that does not stop for anybody. */
function pushed(): ReplyStream & { push(...texts: string[]): void; finish(done?: Outcome): void } {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  let sink: Sink | undefined
  return {
    dialect: 'openai-chat',
    done: promise,
    start: (given) => {
      sink = given
    },
    pause: () => {},
    resume: () => {},
    cancel: resolve,
    push: (...texts) => void sink?.write(Buffer.from(texts.join(''))),
    finish: (done = 'complete') => {
      sink?.end('complete')
      resolve(done)
    },
  }
}

describe('back-pressure', () => {
  test('a client that is full stops upstream until it is not', async () => {
    const { stream, outer, taken, ends } = await narrow({ onEvent: () => {} })
    for (let count = 1; count <= words.length; count++) {
      expect(taken).toEqual(words.slice(0, count))
      expect(stream.isPaused).toBe(true)
      expect(ends).toEqual([])
      outer.resume()
    }
    expect(ends).toEqual(['complete'])
  })

  test('an editor that waits stops upstream, also where the client is not full', async () => {
    const stream = eventStream('openai-chat', words)
    const { promise, resolve } = Promise.withResolvers<void>()
    const reply = await editEvents(exchangeOf(), replyOf(stream), { onEvent: () => promise })
    const collecting = collect(reply)
    expect(stream.isPaused).toBe(true)
    expect(stream.given).toBe(Buffer.byteLength(words[0] as string))
    resolve()
    expect((await collecting).body).toBe(text)
  })

  test('a resume by the client does not wake upstream while the editor waits', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { stream, outer, taken } = await narrow({ onEvent: () => promise })
    outer.resume()
    expect(stream.isPaused).toBe(true)
    outer.pause()
    resolve()
    await new Promise(setImmediate)
    expect(taken).toEqual([words[0]])
    expect(stream.isPaused).toBe(true)
  })

  test('what comes all the same while the editor waits is edited after it, in order, the end last', async () => {
    const waiting: (() => void)[] = []
    const source = pushed()
    const reply = await editEvents(exchangeOf(), replyOf(source), {
      onEvent: () => new Promise((resolve) => waiting.push(() => resolve(undefined))),
    })
    const collecting = collect(reply)
    source.push('data: 1\n\n', 'data: 2\n\n')
    source.push('data: 3\n\n')
    source.finish()
    for (let turn = 1; turn <= 3; turn++) {
      expect(waiting).toHaveLength(turn)
      waiting.at(-1)?.()
      await new Promise(setImmediate)
    }
    expect((await collecting).body).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n')
  })

  test('what comes from within a write goes behind what was there', async () => {
    const source = pushed()
    const reply = await editEvents(exchangeOf(), replyOf(source), {
      onEvent: ({ data }) => (data === '2' ? Promise.resolve() : undefined),
    })
    const outer = reply.body as ReplyStream
    let taken = ''
    outer.start({
      write: (one) => {
        if (taken === '') {
          taken = '>'
          source.push('data: 4\n\n')
        }
        taken += String(Buffer.from(one))
        return true
      },
      end: () => {},
    })
    source.push('data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n')
    source.finish()
    expect(await outer.done).toBe('complete')
    expect(taken).toBe('>data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\n')
  })

  test('an answer that failed, and says so in a proper end of its own, is no complete one for who wraps it', async () => {
    const source = pushed()
    const reply = await editEvents(exchangeOf(), replyOf(source), { onEvent: () => {} })
    const outer = reply.body as ReplyStream
    const ends: Outcome[] = []
    outer.start({ write: () => true, end: (outcome) => void ends.push(outcome) })
    source.push('data: 1\n\n')
    source.finish('upstream_error')
    expect(ends).toEqual(['complete'])
    expect(await outer.done).toBe('upstream_error')
  })

  test('a client that leaves cancels upstream; an editor that was waiting changes nothing any more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { stream, outer, taken, ends } = await narrow({ onEvent: () => promise, onEnd: () => bytes('never') })
    outer.cancel('client_disconnect')
    outer.cancel('refused')
    resolve()
    expect(await outer.done).toBe('client_disconnect')
    expect(stream.cancelled).toBe('client_disconnect')
    expect([taken, ends]).toEqual([[], []])
  })
})

describe('an answer that is not streamed', () => {
  const json = '{"choices":[]}'

  test.for<[string, ReplyBody]>([
    ['text', json],
    ['bytes', Buffer.from(json)],
    ['several pieces', bytes('{"choices"', ':[]}')],
  ])('of %s passes as a single event, and as it is where nobody changes it', async ([, body]) => {
    const seen: ReplyEvent[] = []
    const reply = replyOf(body)
    expect(await editEvents(exchangeOf(), reply, { onEvent: (event) => void seen.push(event) })).toBe(reply)
    expect(seen).toMatchObject([{ isWhole: true, name: '', data: json }])
  })

  test.for<[string, EventEditor, string, Outcome | undefined]>([
    ['replaced', { onEvent: async () => bytes('{}') }, '{}', undefined],
    ['added to', { onEvent: () => {}, onEnd: (outcome) => bytes(` ${outcome}`) }, `${json} complete`, undefined],
    ['dropped', { onEvent: () => [] }, '', undefined],
    ['ended', { onEvent: () => endReply(bytes('{"no":1}'), 'blocked'), onEnd: () => bytes('never') }, '{"no":1}', 'blocked'],
  ])('can be %s', async ([, editor, body, outcome]) => {
    const ctx = exchangeOf()
    const reply = await editEvents(ctx, replyOf(json, { 'content-length': '14' }), editor)
    expect((await collect(reply)).body).toBe(body)
    expect(reply.headers['content-length']).toBeUndefined()
    expect(ctx.outcome).toBe(outcome)
  })

  test('an editor that fails fails the hook that called', async () => {
    await expect(editEvents(exchangeOf(), replyOf(json), { onEvent: () => Promise.reject(new Error('no')) })).rejects.toThrow('no')
  })

  test.for([null, '', Buffer.alloc(0), []])('%j is nothing to edit', async (body) => {
    const reply = replyOf(body)
    const failing = { onEvent: () => Promise.reject(new Error('asked')) }
    expect(await editEvents(exchangeOf(), reply, failing)).toBe(reply)
  })

  test('JSON that comes in pieces is gathered', async () => {
    const seen: [boolean, string | undefined][] = []
    const body = eventStream(undefined, [json], { cutAt: 3 })
    const reply = await editEvents(exchangeOf(), replyOf(body, { 'content-type': 'application/json; charset=utf-8' }), {
      onEvent: ({ isWhole, data }) => void seen.push([isWhole, data]),
    })
    expect((await collect(reply)).body).toBe(json)
    expect(seen).toEqual([[true, json]])
  })

  test.for<Record<string, string>>([
    { 'content-type': 'audio/mpeg' },
    {},
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
  ])('a stream of other bytes passes unseen: %j', async (headers) => {
    const reply = replyOf(eventStream(undefined, ['bytes']), headers)
    expect(await editEvents(exchangeOf(), reply, { onEvent: () => Promise.reject(new Error('asked')) })).toBe(reply)
  })
})

test('a guard that refuses a whole answer gives the client a status', async () => {
  const guard = definePlugin({
    name: 'guard',
    priority: 1,
    schema: Type.Object({}),
    setup: () => ({
      proxy: async (ctx, next) =>
        editEvents(ctx, await next(), {
          onEvent: () => {
            throw new HttpError(451, 'off_limits', 'not here', { outcome: 'blocked' })
          },
        }),
    }),
  })
  const { reply, outcome } = await exercise(guard, {}, { path: '/v1/messages' })
  expect([reply.status, outcome]).toEqual([451, 'blocked'])
  expect(JSON.parse(reply.body)).toMatchObject({ type: 'error', error: { message: 'not here' } })
})

test('a guard written once serves streams and whole answers, in a real chain', async () => {
  const guard = definePlugin({
    name: 'guard',
    priority: 1,
    schema: Type.Object({}),
    setup: () => ({
      proxy: async (ctx, next) =>
        editEvents(ctx, await next(), {
          onEvent: async ({ data, isWhole }) => {
            if (!data?.includes('secret')) return undefined
            return endReply(bytes(isWhole ? '{"no":1}' : 'data: {"no":1}\n\n'), 'blocked')
          },
        }),
    }),
  })
  const whole = await exercise(guard, {}, {}, { answer: replyOf('{"a":"secret"}') })
  expect([whole.reply.body, whole.outcome]).toEqual(['{"no":1}', 'blocked'])
  const answer = (): Reply => replyOf(eventStream('openai-chat', ['data: a\n\n', 'data: secret\n\n', 'data: b\n\n'], { cutAt: 2 }))
  const streamed = await exercise(guard, {}, {}, { answer })
  expect([streamed.reply.body, streamed.outcome]).toEqual(['data: a\n\ndata: {"no":1}\n\n', 'blocked'])
})

function message(type: string, said: object): Buffer {
  return encodeMessage({ ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' }, JSON.stringify(said))
}

describe('a stream of binary messages', () => {
  const start = message('messageStart', { role: 'assistant' })
  const delta = message('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'one' } })
  const stop = message('messageStop', { stopReason: 'end_turn' })
  const reply = (cutAt: number): Reply => replyOf(eventStream('bedrock-converse', [start, delta, stop], { cutAt }))

  test.for([1, 7, 1_000])('cut at %j is edited message by message, and what is left alone keeps its bytes', async (cutAt) => {
    const seen: [string, string | undefined][] = []
    const louder = message('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'ONE' } })
    const onEvent = ({ name, data }: ReplyEvent): Verdict => {
      seen.push([name, data])
      return name === 'contentBlockDelta' ? [louder] : undefined
    }
    const { bytes: got, events, ended } = await collect(await editEvents(exchangeOf(), reply(cutAt), { onEvent }))
    expect(got.equals(Buffer.concat([start, louder, stop]))).toBe(true)
    expect(seen.map(([name]) => name)).toEqual(['messageStart', 'contentBlockDelta', 'messageStop'])
    expect(JSON.parse(seen[1]![1]!)).toEqual({ contentBlockIndex: 0, delta: { text: 'one' } })
    expect([events.length, ended]).toEqual([3, 'complete'])
  })

  test('that an editor refuses ends with an exception', async () => {
    const editor: EventEditor = {
      onEvent({ name }) {
        if (name === 'contentBlockDelta') throw new HttpError(400, 'no', 'not that word', { outcome: 'blocked' })
      },
    }
    const { events } = await collect(await editEvents(exchangeOf(), reply(9), editor))
    expect(events.map(({ event }) => event)).toEqual(['messageStart', 'validationException'])
    expect(JSON.parse(events[1]!.data)).toEqual({ message: 'not that word' })
  })

  test('that is damaged breaks off with an exception', async () => {
    const damaged = Buffer.from(delta)
    damaged[40]! ^= 1
    const broken = replyOf(eventStream('bedrock-converse', [start, damaged, stop]))
    const { events, ended } = await collect(await editEvents(exchangeOf(), broken, { onEvent() {} }))
    expect([events.at(-1)?.event, ended]).toEqual(['internalServerException', 'truncated'])
  })
})
