import { describe, expect, test } from 'vitest'
import { ConfigError, HttpError, json, phases, PluginError, type Exchange, type Next, type Phase, type Plugin, type Reply } from '../src/index.ts'
import { exchangeOf, ok, plugin, rig, type Use } from './rig.ts'

/** A plugin that notes when each of its hooks runs. */
function noting(notes: string[], name: string, priority = 0): Plugin {
  return plugin(
    name,
    {
      rewrite: () => void notes.push(`rewrite ${name}`),
      access: () => void notes.push(`access ${name}`),
      proxy: async (_, next) => {
        notes.push(`proxy ${name}`)
        const reply = await next()
        notes.push(`proxied ${name}`)
        return reply
      },
      log: () => void notes.push(`log ${name}`),
    },
    { priority },
  )
}

describe('order', () => {
  test('it meets the phases one after the other, each by priority, high to low', async () => {
    const notes: string[] = []
    const { run } = await rig([noting(notes, 'low', 1), noting(notes, 'high', 9), noting(notes, 'middle', 5)], {
      unanswered: () => {
        notes.push('answer')
        return ok()
      },
    })
    await run()
    expect(notes).toEqual([
      ...['high', 'middle', 'low'].map((name) => `rewrite ${name}`),
      ...['high', 'middle', 'low'].map((name) => `access ${name}`),
      ...['high', 'middle', 'low'].map((name) => `proxy ${name}`),
      'answer',
      ...['low', 'middle', 'high'].map((name) => `proxied ${name}`),
      ...['high', 'middle', 'low'].map((name) => `log ${name}`),
    ])
    expect(phases).toEqual(['rewrite', 'access', 'proxy', 'log'])
  })

  test('it calls each hook as a method of what setup gave, with whatever that keeps', async () => {
    class Counting {
      readonly #seen: string[] = []
      rewrite(): void {
        this.#seen.push('rewrite')
      }
      access(): void {
        this.#seen.push('access')
      }
      async proxy(_: Exchange, next: Next): Promise<Reply> {
        this.#seen.push('proxy')
        return next()
      }
      log(): void {
        notes.push([...this.#seen, 'log'].join(' '))
      }
    }
    const notes: string[] = []
    const waits = { body: 'whole' } as const
    const { run, lines } = await rig([plugin('one', () => new Counting()), plugin('other', () => new Counting(), { answers: true, ...waits })])
    await run()
    expect(notes).toEqual(['rewrite access proxy log', 'rewrite access proxy log'])
    expect(lines).toEqual([])
  })

  test('it runs global rules before the route in each phase, and outermost in the proxy phase, whatever the priorities', async () => {
    const notes: string[] = []
    const uses: Use[] = [
      { plugin: noting(notes, 'route', 9) },
      { plugin: noting(notes, 'rule', 1), global: true },
      { plugin: noting(notes, 'first rule', 2), global: true },
    ]
    await (await rig(uses)).run()
    expect(notes.filter((note) => note.startsWith('rewrite'))).toEqual(['rewrite first rule', 'rewrite rule', 'rewrite route'])
    expect(notes.filter((note) => note.startsWith('prox'))).toEqual([
      'proxy first rule',
      'proxy rule',
      'proxy route',
      'proxied route',
      'proxied rule',
      'proxied first rule',
    ])
  })

  test('it puts plugins of one priority in the order of their names', async () => {
    const notes: string[] = []
    await (await rig([noting(notes, 'b'), noting(notes, 'c'), noting(notes, 'a')])).run()
    expect(notes.slice(0, 3)).toEqual(['rewrite a', 'rewrite b', 'rewrite c'])
  })
})

describe('first reply wins', () => {
  test.for(['rewrite', 'access'] as const)('a reply of %s ends the exchange: later hooks do not run, log does', async (phase) => {
    const notes: string[] = []
    const stopping = plugin('stopping', { [phase]: () => json(403, { no: phase }) }, { priority: 5 })
    const { run } = await rig([noting(notes, 'early', 9), stopping, noting(notes, 'late', 1)])
    const ctx = exchangeOf()
    const reply = await run(ctx)
    expect(reply).toMatchObject({ status: 403, body: `{"no":"${phase}"}` })
    const seen = phase === 'rewrite' ? ['rewrite early'] : ['rewrite early', 'rewrite late', 'access early']
    expect(notes).toEqual([...seen, 'log early', 'log late'])
    expect(ctx.outcome).toBe('refused')
  })

  test('a reply below 400 is an answer, and goes out as it is', async () => {
    const reply = { status: 204, headers: {}, body: null }
    const { run } = await rig([plugin('preflight', { rewrite: async () => reply })])
    const ctx = exchangeOf()
    expect(await run(ctx)).toBe(reply)
    expect(ctx.outcome).toBe('complete')
    expect(ctx.reply).toBe(reply)
  })

  test('it waits for hooks that give a promise', async () => {
    const notes: string[] = []
    const slow = plugin(
      'slow',
      {
        rewrite: async () => {
          await new Promise(setImmediate)
          notes.push('slow')
        },
      },
      { priority: 5 },
    )
    await (await rig([slow, noting(notes, 'late')])).run()
    expect(notes.slice(0, 2)).toEqual(['slow', 'rewrite late'])
  })
})

test('a chain of synchronous hooks reaches the answer in the tick that it was called in', async () => {
  const notes: string[] = []
  const hooks = { rewrite: () => void notes.push('rewrite'), access: () => void notes.push('access') }
  const outer = plugin('outer', { ...hooks, proxy: (_, next) => next() }, { priority: 1 })
  const { chain } = await rig([plugin('inner', hooks), outer], {
    unanswered: async () => {
      notes.push('answer')
      return json(200, 'ok')
    },
  })
  const running = chain.run(exchangeOf())
  expect(notes).toEqual(['rewrite', 'rewrite', 'access', 'access', 'answer'])
  await running
})

describe('errors', () => {
  const cause = new TypeError('the secret is hunter2')
  const failing: Record<Phase, () => never> = {
    rewrite: () => {
      throw cause
    },
    access: () => {
      throw cause
    },
    proxy: () => {
      throw cause
    },
    log: () => {
      throw cause
    },
  }

  test.for(['rewrite', 'access', 'proxy'] as const)('what %s throws is a 500 without its text, logged with plugin and phase', async (phase) => {
    for (const hook of [failing[phase], async () => failing[phase]()]) {
      const { run, lines, kernel } = await rig([plugin('faulty', { [phase]: hook })])
      const heard: [unknown, Exchange][] = []
      kernel.on('plugin:error', (error, about) => heard.push([error, about]))
      const ctx = exchangeOf({ log: kernel.log })
      const reply = await run(ctx)
      expect(reply).toMatchObject({ status: 500, headers: { 'content-type': 'application/json' } })
      expect(JSON.parse(String(reply.body))).toEqual({ error_msg: 'internal error', message: 'internal error' })
      expect(lines).toMatchObject([
        { level: 'error', message: `faulty failed in its ${phase} hook: ${cause.message}`, fields: { plugin: 'faulty', phase, err: cause, request_id: 'x-1' } },
      ])
      expect(heard).toEqual([[expect.any(PluginError), ctx]])
      expect(ctx.outcome).toBe('gateway_error')
    }
  })

  test('what log throws is logged and changes nothing; the other plugins look all the same', async () => {
    const notes: string[] = []
    for (const hook of [failing.log, async () => failing.log()]) {
      const { run, lines, kernel } = await rig([plugin('faulty', { log: hook }, { priority: 1 }), noting(notes, 'other')])
      const ctx = exchangeOf({ log: kernel.log })
      expect((await run(ctx)).status).toBe(200)
      expect(lines).toMatchObject([{ level: 'error', fields: { plugin: 'faulty', phase: 'log' } }])
      expect(ctx.outcome).toBe('complete')
    }
    expect(notes.filter((note) => note === 'log other')).toHaveLength(2)
  })

  test('an HttpError is shaped and logged at info, without a stack', async () => {
    const error = new HttpError(429, 'too_many', 'slow down', { headers: { 'retry-after': '7' } })
    const { run, lines, kernel } = await rig([plugin('limit', { access: () => Promise.reject(error) })])
    const ctx = exchangeOf({ log: kernel.log })
    expect(await run(ctx)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '7', 'content-type': 'application/json' },
      body: '{"error_msg":"slow down","message":"slow down"}',
    })
    expect(lines).toEqual([{ level: 'info', message: 'slow down', fields: { request_id: 'x-1', code: 'too_many', status: 429 } }])
    expect(ctx.outcome).toBe('refused')
  })

  test.for([
    [new HttpError(502, 'unreachable', 'no answer', { outcome: 'upstream_error', cause: new Error('reset') }), 'warn', 'upstream_error'],
    [new HttpError(500, 'internal_error', 'internal error'), 'error', 'gateway_error'],
    [new HttpError(400, 'bad', 'bad'), 'info', 'refused'],
  ] as const)('%s is logged at %s and counts as %s', async ([error, level, outcome]) => {
    const { run, lines, kernel } = await rig([plugin('p', { access: () => Promise.reject(error) })])
    const ctx = exchangeOf({ log: kernel.log })
    await run(ctx)
    expect(lines).toMatchObject([{ level }])
    expect(ctx.outcome).toBe(outcome)
  })

  test('an error on purpose brings its reason to the log, and no stack of its own', async () => {
    const { run, lines, kernel } = await rig([plugin('p', { access: () => Promise.reject(new HttpError(502, 'no_upstream', 'nobody answers')) })])
    await run(exchangeOf({ log: kernel.log }))
    expect(lines).toEqual([{ level: 'error', message: 'nobody answers', fields: { request_id: 'x-1', code: 'no_upstream', status: 502 } }])
  })

  test('it shapes errors with the formatter that it was given', async () => {
    const { run } = await rig([plugin('p', { access: () => Promise.reject(new HttpError(418, 'tea', 'teapot')) })], {
      formatError: (error) => json(error instanceof HttpError ? error.status : 500, { shaped: error.message }),
    })
    expect(await run()).toMatchObject({ status: 418, body: '{"shaped":"teapot"}' })
  })

  test('a formatter that fails does not fail the exchange', async () => {
    const { run, lines, kernel } = await rig([plugin('p', { access: () => Promise.reject(new HttpError(418, 'tea', 'teapot')) })], {
      formatError: () => {
        throw new Error('no shape')
      },
    })
    expect(await run(exchangeOf({ log: kernel.log }))).toMatchObject({ status: 418, body: '{"error_msg":"teapot","message":"teapot"}' })
    expect(lines.map(({ level }) => level)).toEqual(['info', 'error'])
  })

  test('a listener that fails does not fail the exchange', async () => {
    const { run, kernel, lines } = await rig([plugin('p', failing)])
    kernel.on('plugin:error', () => {
      throw new Error('metrics are down')
    })
    expect((await run()).status).toBe(500)
    expect(lines[0]).toMatchObject({ level: 'error', message: 'a listener for plugin:error failed' })
  })

  test('an answer that fails outside any plugin is a 500, and no refusal', async () => {
    const { run, lines, kernel } = await rig([], { unanswered: () => Promise.reject(cause) })
    const ctx = exchangeOf({ log: kernel.log })
    expect(await run(ctx)).toMatchObject({ status: 500, body: expect.not.stringContaining('hunter2') })
    expect(lines).toMatchObject([{ level: 'error', fields: { code: 'internal_error', err: cause } }])
    expect(ctx.outcome).toBe('gateway_error')
  })

  test('it names the innermost plugin that failed, and leaves an error that wrappers hand on as it is', async () => {
    const { run, lines, kernel } = await rig([
      plugin('outer', { proxy: (_, next) => next() }, { priority: 2 }),
      plugin('inner', { proxy: failing.proxy }, { priority: 1 }),
    ])
    await run(exchangeOf({ log: kernel.log }))
    expect(lines).toMatchObject([{ fields: { plugin: 'inner' } }])
  })

  test.for<[Phase, unknown]>([
    ['proxy', undefined],
    ['proxy', 'ok'],
    ['proxy', {}],
    ['access', true],
    ['rewrite', { body: 'x' }],
  ])('%s giving %j is told what a reply is', async ([phase, value]) => {
    const { run, lines, kernel } = await rig([plugin('careless', { [phase]: () => value })])
    expect((await run(exchangeOf({ log: kernel.log }))).status).toBe(500)
    expect(lines).toMatchObject([{ fields: { plugin: 'careless', phase }, message: expect.stringContaining('return what next() gives') }])
  })
})

describe('an exchange that was lost before it came here', () => {
  test('rewrite and access have their say, then the refusal is the answer', async () => {
    const notes: string[] = []
    const { chain } = await rig([noting(notes, 'p')])
    const ctx = exchangeOf()
    const reply = await chain.run(ctx, new HttpError(413, 'body_too_large', 'too large'))
    expect(reply.status).toBe(413)
    expect(notes).toEqual(['rewrite p', 'access p'])
  })
})

describe('settle', () => {
  test('it runs the log phase once, with what is known then', async () => {
    const seen: unknown[] = []
    const clock = { now: () => 1_000, monotonic: () => time }
    let time = 50
    const { chain } = await rig([
      plugin('log', { log: ({ outcome, delivery, durationMs, reply }) => void seen.push({ outcome, delivery, durationMs, status: reply?.status }) }),
    ])
    const ctx = exchangeOf({ clock })
    await chain.run(ctx)
    time = 75
    const delivery = { status: 200, headerBytes: 1, bodyBytes: 2 }
    await Promise.all([chain.settle(ctx, 'complete', delivery), chain.settle(ctx, 'truncated', delivery)])
    expect(seen).toEqual([{ outcome: 'complete', delivery, durationMs: 25, status: 200 }])
  })

  test.for([
    ['complete', undefined, 'complete'],
    ['complete', 'blocked', 'blocked'],
    ['client_disconnect', 'complete', 'client_disconnect'],
    ['truncated', 'upstream_error', 'truncated'],
  ] as const)('told %s where plugins said %s it counts as %s', async ([told, known, counts]) => {
    const { chain } = await rig([])
    const ctx = exchangeOf()
    await chain.run(ctx)
    ctx.outcome = known
    await chain.settle(ctx, told, { status: 200, headerBytes: 0, bodyBytes: 0 })
    expect(ctx.outcome).toBe(counts)
  })

  test('it waits for hooks that give a promise', async () => {
    const notes: string[] = []
    const slow = async (): Promise<void> => {
      await new Promise(setImmediate)
      notes.push('slow')
    }
    await (await rig([plugin('slow', { log: slow })])).run()
    expect(notes).toEqual(['slow'])
  })
})

describe('an exchange that is given up', () => {
  test('no further hook runs once a waiting one has ended; log does', async () => {
    const notes: string[] = []
    const ctx = exchangeOf()
    const leaving = plugin('leaving', { rewrite: async () => ctx.abort('client_disconnect') }, { priority: 5 })
    const { run, lines } = await rig([leaving, noting(notes, 'late')])
    expect((await run(ctx, 'client_disconnect')).status).toBe(499)
    expect(notes).toEqual(['log late'])
    expect(ctx.outcome).toBe('client_disconnect')
    expect(lines.filter(({ level }) => level === 'error')).toEqual([])
  })
})

test('where no plugin answers and there is no upstream it is a 502', async () => {
  const { kernel, builder } = await rig([])
  const chain = await builder.chain({ globals: [], plugins: [] })
  expect(kernel.plugins.size).toBe(0)
  expect(await chain.run(exchangeOf())).toMatchObject({ status: 502, body: expect.stringContaining('no plugin on this route answers') })
})

test('a ConfigError names every problem with its path', () => {
  const error = new ConfigError([
    { path: ['routes', 0, 'plugins', 'ai-proxy', 'timeout'], message: 'must be integer' },
    { path: [], message: 'is no object' },
  ])
  expect(error.message).toBe('invalid configuration\n  routes[0].plugins.ai-proxy.timeout: must be integer\n  is no object')
})
