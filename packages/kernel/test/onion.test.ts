import { describe, expect, test } from 'vitest'
import { json, type Hooks, type Reply, type ReplyStream } from '../src/index.ts'
import { deferred, exchangeOf, openStream, plugin, rig, type OpenStream } from './rig.ts'

/** A wrapper, around an answer that gives these streams by turns. */
async function around(proxy: NonNullable<Hooks['proxy']>, streams: readonly ReplyStream[]): ReturnType<typeof rig> {
  let turn = 0
  const unanswered = async (): Promise<Reply> => ({ status: 200, headers: {}, body: streams[turn++] ?? null })
  return rig([plugin('wrapper', { proxy })], { unanswered })
}

const answering = (name: string, priority: number, filter?: unknown): { plugin: ReturnType<typeof plugin>; config: unknown } => ({
  plugin: plugin(name, { proxy: () => json(200, name) }, { priority, answers: true }),
  config: filter === undefined ? {} : { _meta: { filter } },
})

describe('answerers', () => {
  test('they are innermost, whatever their priority', async () => {
    const notes: string[] = []
    const wrapper = plugin('wrapper', {
      proxy: async (_, next) => {
        notes.push('wrapper')
        return next()
      },
    })
    const { run } = await rig([answering('answerer', 9_000), wrapper])
    expect((await run()).body).toBe('"answerer"')
    expect(notes).toEqual(['wrapper'])
  })

  test('the first whose filter holds answers; where none does, what lies behind them answers', async () => {
    const uses = [answering('a', 2, [['arg_to', '==', 'a']]), answering('b', 1, [['arg_to', '==', 'b']])]
    const { run } = await rig(uses, { unanswered: async () => json(200, 'upstream') })
    expect((await run(exchangeOf({ query: 'to=a' }))).body).toBe('"a"')
    expect((await run(exchangeOf({ query: 'to=b' }))).body).toBe('"b"')
    expect((await run(exchangeOf({ query: 'to=c' }))).body).toBe('"upstream"')
  })

  test('one that calls next() hands the exchange on', async () => {
    const passing = plugin('passing', { proxy: (_, next) => next() }, { priority: 5, answers: true })
    expect((await (await rig([passing, answering('b', 1)])).run()).body).toBe('"b"')
  })

  test('one in a global rule is refused', async () => {
    const { kernel } = await rig([answering('a', 1)])
    const { prepared, issues } = kernel.prepare({ name: 'a', config: {}, owner: { kind: 'global_rule', id: 'g' }, path: ['global_rules', 0] })
    expect(prepared).toBeUndefined()
    expect(issues).toEqual([{ path: ['global_rules', 0], message: expect.stringContaining('a global rule cannot') }])
  })
})

describe('next()', () => {
  test('a wrapper may answer without it', async () => {
    const { run } = await around(() => json(200, 'cached'), [])
    expect((await run()).body).toBe('"cached"')
  })

  test('it rejects with what is thrown inside, which a wrapper may survive', async () => {
    const { run, lines } = await rig(
      [
        plugin('outer', { proxy: (_, next) => next().catch((error: Error) => json(200, error.message)) }, { priority: 2 }),
        plugin('inner', { proxy: () => Promise.reject(new Error('broken')) }, { priority: 1 }),
      ],
      {},
    )
    expect((await run()).body).toBe('"inner failed in its proxy hook: broken"')
    expect(lines).toEqual([])
  })

  test('it may be called again: the replies that nobody returns are cancelled', async () => {
    const streams = [openStream(), openStream(), openStream()]
    const { run } = await around(async (_, next) => {
      await next()
      await next()
      return next()
    }, streams)
    expect((await run()).body).toBe(streams[2])
    expect(streams.map(({ cancelled }) => cancelled)).toEqual([['refused'], ['refused'], []])
  })

  test('an earlier reply may be the one that is returned', async () => {
    const streams = [openStream(), openStream()]
    const { run } = await around(async (_, next) => {
      const first = await next()
      await next()
      return first
    }, streams)
    await run()
    expect(streams.map(({ cancelled }) => cancelled)).toEqual([[], ['refused']])
  })

  test('every reply is cancelled where the wrapper answers itself, or fails', async () => {
    const kept: ((reply: Reply) => Reply)[] = [
      () => json(200, 'mine'),
      () => {
        throw new Error('no')
      },
      // The same reply, with another body in it.
      (reply) => Object.assign(reply, { body: 'mine' }),
    ]
    for (const keep of kept) {
      const stream = openStream()
      const { run } = await around(async (_, next) => keep(await next()), [stream])
      await run()
      expect(stream.cancelled).toEqual(['refused'])
    }
  })

  test('a stream that says what it wraps keeps that alive, and no other', async () => {
    const streams = [openStream(), openStream()]
    const { chain } = await around(async (_, next) => {
      await next()
      const reply = await next()
      return { ...reply, body: openStream(openStream(reply.body as ReplyStream)) }
    }, streams)
    await chain.run(exchangeOf())
    expect(streams.map(({ cancelled }) => cancelled)).toEqual([['refused'], []])
  })

  test('a stream that does not say so keeps all of them alive until the exchange is over', async () => {
    const streams = [openStream(), openStream()]
    const { chain } = await around(async (_, next) => {
      await next()
      return { ...(await next()), body: openStream() }
    }, streams)
    const ctx = exchangeOf()
    await chain.run(ctx)
    expect(streams.map(({ cancelled }) => cancelled)).toEqual([[], []])
    await chain.settle(ctx, 'truncated', { status: 200, headerBytes: 0, bodyBytes: 0 })
    expect(streams.map(({ cancelled }) => cancelled)).toEqual([['truncated'], ['truncated']])
  })

  test('a stream whose cancel throws breaks nothing', async () => {
    const broken: OpenStream = {
      ...openStream(),
      cancel: () => {
        throw new Error('gone')
      },
    }
    const { run } = await around(async (_, next) => {
      await next()
      return json(200, 'mine')
    }, [broken])
    expect((await run()).body).toBe('"mine"')
  })

  test('a reply that comes after its wrapper has answered is cancelled', async () => {
    const { promise, resolve } = deferred<Reply>()
    const stream = openStream()
    const racing = plugin('racing', { proxy: (_, next) => Promise.race([next(), Promise.resolve(json(504, 'late'))]) })
    const { chain } = await rig([racing], { unanswered: () => promise })
    expect((await chain.run(exchangeOf())).status).toBe(504)
    resolve({ status: 200, headers: {}, body: stream })
    expect(await stream.done).toBe('refused')
  })

  test('a late reply of a wrapper that streams something of its own lives until the exchange is over, and not longer', async () => {
    const late = [deferred<Reply>(), deferred<Reply>()]
    const streams = [openStream(), openStream()]
    let turn = 0
    const holding = plugin('holding', {
      proxy: (_, next) => {
        void next()
        void next()
        return { status: 200, headers: {}, body: openStream() }
      },
    })
    const { chain } = await rig([holding], { unanswered: () => late[turn++]!.promise })
    const ctx = exchangeOf()
    await chain.run(ctx)
    late[0]!.resolve({ status: 200, headers: {}, body: streams[0]! })
    await new Promise(setImmediate)
    expect(streams[0]!.cancelled).toEqual([])
    await chain.settle(ctx, 'complete', { status: 200, headerBytes: 0, bodyBytes: 0 })
    expect(streams[0]!.cancelled).toEqual(['complete'])
    late[1]!.resolve({ status: 200, headers: {}, body: streams[1]! })
    expect(await streams[1]!.done).toBe('refused')
  })

  test('a late failure that nobody waits for ends nothing', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    const { promise, reject } = deferred<Reply>()
    const careless = plugin('careless', {
      proxy: (_, next) => {
        void next()
        return json(200, 'mine')
      },
    })
    const { run } = await rig([careless], { unanswered: () => promise })
    expect((await run()).body).toBe('"mine"')
    reject(new Error('too late'))
    await new Promise(setImmediate)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})

describe('onReply', () => {
  const cors = plugin('cors', {
    rewrite: (ctx) => ctx.onReply(({ headers }) => void (headers['vary'] = `${headers['vary'] ? `${String(headers['vary'])}, ` : ''}origin`)),
  })

  test.for<[string, () => Reply | Promise<Reply>, number]>([
    ['an answer', () => json(200, 'ok'), 200],
    ['a refusal', () => json(403, 'no'), 403],
    ['an error', () => Promise.reject(new Error('broken')), 500],
  ])('it sees %s', async ([, answer, status]) => {
    const { run } = await rig([cors], { unanswered: async () => answer() })
    expect(await run()).toMatchObject({ status, headers: { vary: 'origin' } })
  })

  test('it sees what the access phase refuses, and a 404 behind global rules', async () => {
    const refusing = plugin('refusing', { access: () => json(401, 'who?') })
    expect(await (await rig([cors, refusing])).run()).toMatchObject({ status: 401, headers: { vary: 'origin' } })
    const { run } = await rig([{ plugin: cors, global: true }], { unanswered: async () => json(404, 'nothing') })
    expect(await run()).toMatchObject({ status: 404, headers: { vary: 'origin' } })
  })

  test('edits run in the order of their registration, on a copy: a reply may be shared by exchanges', async () => {
    const shared: Reply = { status: 403, headers: { 'x-reason': 'no' }, body: 'no' }
    const tagging = plugin('tagging', { access: (ctx) => ctx.onReply(({ headers }) => void (headers['vary'] = `${String(headers['vary'])}, accept`)) })
    const { run } = await rig([cors, tagging], { unanswered: async () => shared })
    for (let round = 0; round < 2; round++) expect((await run()).headers['vary']).toBe('origin, accept')
    expect(shared).toEqual({ status: 403, headers: { 'x-reason': 'no' }, body: 'no' })
  })

  test('an edit that fails costs the exchange a 500, and cancels the stream that would have left', async () => {
    const stream = openStream()
    const faulty = plugin('faulty', {
      rewrite: (ctx) =>
        ctx.onReply(() => {
          throw new Error('no header')
        }),
    })
    const { run, lines, kernel } = await rig([faulty], { unanswered: async () => ({ status: 200, headers: {}, body: stream }) })
    expect((await run(exchangeOf({ log: kernel.log }))).status).toBe(500)
    expect(stream.cancelled).toEqual(['gateway_error'])
    expect(lines).toMatchObject([{ level: 'error' }])
  })
})
