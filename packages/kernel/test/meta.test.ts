import { describe, expect, test } from 'vitest'
import { definePlugin, HttpError, json, Type, type Hooks } from '../src/index.ts'
import { exchangeOf, here, openStream, plugin, rig } from './rig.ts'

/** Notes every hook that runs. */
function noting(notes: string[], name = 'noting'): ReturnType<typeof plugin> {
  return plugin(name, {
    rewrite: () => void notes.push('rewrite'),
    access: () => void notes.push('access'),
    proxy: (_, next) => {
      notes.push('proxy')
      return next()
    },
    log: () => void notes.push('log'),
  })
}

const everything = ['rewrite', 'access', 'proxy', 'log']

describe('disable', () => {
  test('the plugin is not set up, and its configuration need not be valid', async () => {
    const strict = definePlugin({
      name: 'strict',
      priority: 0,
      schema: Type.Object({ key: Type.String() }),
      setup: () => {
        throw new Error('set up')
      },
    })
    const { run } = await rig([{ plugin: strict, config: { key: 7, _meta: { disable: true } } }])
    expect((await run()).status).toBe(200)
  })
})

describe('priority', () => {
  test('it overrides the one of the plugin', async () => {
    const notes: string[] = []
    const named = (name: string, priority: number): ReturnType<typeof plugin> =>
      plugin(name, { rewrite: () => void notes.push(name) }, { priority })
    const { run } = await rig([named('high', 9), { plugin: named('low', 1), config: { _meta: { priority: 10 } } }])
    await run()
    expect(notes).toEqual(['low', 'high'])
  })
})

describe('filter', () => {
  test.for([
    ['method=GET', everything],
    ['method=POST', []],
  ] as const)('with %s the plugin runs %j', async ([query, expected]) => {
    const notes: string[] = []
    const { run } = await rig([{ plugin: noting(notes), config: { _meta: { filter: [['arg_method', '==', 'GET']] } } }])
    expect((await run(exchangeOf({ query }))).status).toBe(200)
    expect(notes).toEqual(expected)
  })

  test('it is asked once per exchange', async () => {
    const notes: string[] = []
    let asked = 0
    const counting = plugin('counting', {}, { variables: { asked: () => ++asked } })
    const { run } = await rig([counting, { plugin: noting(notes), config: { _meta: { filter: [['asked', '==', 1]] } } }])
    await run()
    expect(notes).toEqual(everything)
    expect(asked).toBe(1)
  })

  test('a plugin that only looks back is filtered by what is known then', async () => {
    const notes: string[] = []
    const logger = plugin('logger', { log: ({ delivery }) => void notes.push(`${delivery?.status}`) })
    const use = { plugin: logger, config: { _meta: { filter: [['status', '>=', 400]] } } }
    await (await rig([use])).run()
    await (await rig([use], { unanswered: async () => json(404, 'no') })).run()
    expect(notes).toEqual(['404'])
  })

  test('it reads the body where it must, and only there', async () => {
    const notes: string[] = []
    const filter = [
      ['post_arg.stream', '==', true],
      ['arg_stream', '==', '1'],
    ]
    const { run } = await rig([{ plugin: noting(notes), config: { _meta: { filter } } }])
    const asked = exchangeOf({ query: 'stream=1', body: '{"stream":true}' })
    await run(asked)
    expect(notes).toEqual(everything)
    expect(asked.request.body.isRead).toBe(true)
    const settled = exchangeOf({ query: 'stream=0', body: '{"stream":true}' })
    await run(settled)
    expect(notes).toEqual(everything)
    expect(settled.request.body.isRead).toBe(false)
  })

  test('in the log phase, fields of a body that nobody has read are absent', async () => {
    const notes: string[] = []
    const filter = [['post_arg.stream', '==', true]]
    const refusing = plugin('refusing', { rewrite: () => json(401, 'no') }, { priority: 9 })
    const { run } = await rig([refusing, { plugin: noting(notes), config: { _meta: { filter } } }])
    const ctx = exchangeOf({ body: '{"stream":true}' })
    await run(ctx)
    expect(notes).toEqual([])
    expect(ctx.request.body.isRead).toBe(false)
  })

  test('a variable that fails in it is a failure of the plugin that has the filter, in log as well', async () => {
    const broken = plugin('broken', {}, { variables: { broken: () => Promise.reject.call(0) } })
    const notes: string[] = []
    for (const hooks of [{ access: () => {} }, { log: () => {} }] as Hooks[]) {
      const filtered = plugin('filtered', hooks)
      const { run, lines, kernel } = await rig([broken, noting(notes), { plugin: filtered, config: { _meta: { filter: [['broken', '==', 1]] } } }])
      await run(exchangeOf({ log: kernel.log }))
      expect(lines).toMatchObject([{ level: 'error', fields: { plugin: 'filtered', phase: Object.keys(hooks)[0] } }])
    }
    expect(notes.filter((note) => note === 'log')).toHaveLength(2)
  })
})

const meta = (error_response: unknown): object => ({ _meta: { error_response } })

describe('error_response', () => {
  const answers: [string, Hooks][] = [
    ['returns', { access: () => ({ status: 403, headers: { 'content-type': 'text/html', 'content-encoding': 'gzip', etag: '"1"', 'x-why': 'no' }, body: 'no' }) }],
    ['throws', { access: () => Promise.reject(new HttpError(403, 'no', 'no', { headers: { 'x-why': 'no' } })) }],
    ['answers', { proxy: () => ({ status: 403, headers: { 'x-why': 'no' }, body: 'no' }) }],
  ]

  test.for(answers)('an object takes the place of an error that the plugin %s; status and headers stay', async ([, hooks]) => {
    const { run } = await rig([{ plugin: plugin('p', hooks), config: meta({ code: 7 }) }])
    const { status, headers, body } = await run()
    expect({ status, headers: { ...headers }, body }).toEqual({
      status: 403,
      headers: { 'content-type': 'application/json', 'x-why': 'no' },
      body: '{"code":7}',
    })
  })

  test('a text goes out as text', async () => {
    const { run } = await rig([{ plugin: plugin('p', { access: () => json(403, 'no') }), config: meta('Nope.') }])
    expect(await run()).toMatchObject({ status: 403, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'Nope.' })
  })

  test('an answer below 400 stays', async () => {
    const { run } = await rig([{ plugin: plugin('p', { access: () => json(200, 'yes') }), config: meta('Nope.') }])
    expect((await run()).body).toBe('"yes"')
  })

  test('an error of another plugin stays, also where this one hands it on', async () => {
    const handing = plugin('handing', { proxy: (_, next) => next() }, { priority: 9 })
    const refusing = plugin('refusing', { proxy: () => Promise.reject(new HttpError(403, 'no', 'no')) })
    const { run } = await rig([{ plugin: handing, config: meta('Nope.') }, refusing])
    expect((await run()).body).toBe('{"error_msg":"no","message":"no"}')
    const relaying = await rig([{ plugin: handing, config: meta('Nope.') }], { unanswered: async () => json(502, 'upstream says') })
    expect((await relaying.run()).body).toBe('"upstream says"')
  })

  test('an error that a plugin throws on every route gets the response of the route', async () => {
    const denied = new HttpError(403, 'no', 'no')
    const refusing = plugin('refusing', { access: () => Promise.reject(denied) })
    for (const text of ['first route', 'second route']) {
      expect((await (await rig([{ plugin: refusing, config: meta(text) }])).run()).body).toBe(text)
    }
  })

  test('a stream that it replaces is cancelled', async () => {
    const stream = openStream()
    const answering = plugin('answering', { proxy: () => ({ status: 502, headers: {}, body: stream }) }, { answers: true })
    expect((await (await rig([{ plugin: answering, config: meta('Nope.') }])).run()).body).toBe('Nope.')
    expect(stream.cancelled).toEqual(['refused'])
  })
})

describe('problems', () => {
  test.for<[unknown, (string | number)[], string]>([
    [{ colour: 'red' }, ['colour'], 'is not a known field'],
    [{ pre_function: 'return 1' }, ['pre_function'], 'is not supported yet'],
    [{ priority: 1.5 }, ['priority'], 'must be integer'],
    [{ filter: ['a', '==', '1'] }, ['filter'], "failed to validate the 'filter' expression: rule should be wrapped inside brackets"],
    [{ filter: [['a', '=', '1']] }, ['filter', 0, 1], "failed to validate the 'filter' expression: invalid operator '='"],
  ])('%j', async ([_meta, path, message]) => {
    const { kernel } = await rig([plugin('p', {})])
    const { prepared, issues } = kernel.prepare({ name: 'p', config: { _meta }, owner: here, path: ['plugins', 'p'] })
    expect(prepared).toBeUndefined()
    expect(issues[0]).toEqual({ path: ['plugins', 'p', '_meta', ...path], message })
  })
})
