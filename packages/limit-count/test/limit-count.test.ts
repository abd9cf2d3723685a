import { CountersUnavailableError, MemoryCounters, type Clock, type Counters, type HeaderMap } from '@sluice/kernel'
import { chatRequest, exercise, type Exercise, type ExerciseOptions, type TestRequest } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { limitCount } from '../src/index.ts'

/** A clock that the test turns; it begins with a minute. */
function turned(): ExerciseOptions & { pass(ms: number): void } {
  let now = 1_700_000_040_000
  const clock: Clock = { now: () => now, monotonic: () => now }
  return { clock, counters: new MemoryCounters(clock), pass: (ms) => void (now += ms) }
}

/** Counters that answer in their own time, as with several processes. */
function elsewhere(counters: Counters = turned().counters!): Counters {
  return { add: async (key, addition) => counters.add(key, addition) }
}

const quotaIn = (headers: HeaderMap): unknown[] => ['limit', 'remaining', 'reset'].map((part) => headers[`x-ratelimit-${part}`])

async function statuses({ reply, send }: Exercise, ...requests: (TestRequest | undefined)[]): Promise<number[]> {
  const all = [reply.status]
  for (const request of requests) all.push((await send(request)).reply.status)
  return all
}

const from = (remoteAddress: string): TestRequest => ({ remoteAddress })

const user = (name: string): TestRequest => ({ headers: { 'x-user': name } })
const userAt = (remoteAddress: string, name: string): TestRequest => ({ remoteAddress, ...user(name) })
const asking = (quota?: string, window = '60'): TestRequest => ({
  headers: { 'x-window': window, ...(quota !== undefined && { 'x-quota': quota }) },
})
/** An answerer that fails. */
const broken = (): never => {
  throw new Error('broken')
}

describe('a fixed window', () => {
  test('lets so many pass, says what is left, and begins again', async () => {
    const time = turned()
    const { reply, send } = await exercise(limitCount, { count: 2, time_window: 60 }, {}, time)
    expect([reply.status, ...quotaIn(reply.headers)]).toEqual([200, '2', '1', '60'])
    time.pass(10_500)
    const second = (await send()).reply
    expect([second.status, ...quotaIn(second.headers)]).toEqual([200, '2', '0', '50'])
    const { reply: third, outcome } = await send()
    expect([third.status, third.headers['retry-after'], ...quotaIn(third.headers), outcome]).toEqual([503, '50', '2', '0', '50', 'refused'])
    time.pass(49_500)
    const fourth = (await send()).reply
    expect([fourth.status, ...quotaIn(fourth.headers)]).toEqual([200, '2', '1', '60'])
  })

  test('does not count those who are refused', async () => {
    const time = turned()
    const asked = await exercise(limitCount, { count: 1, time_window: 1 }, {}, time)
    expect(await statuses(asked, undefined, undefined)).toEqual([200, 503, 503])
    time.pass(1_000)
    expect((await asked.send()).reply.status).toBe(200)
  })
})

describe('a sliding window', () => {
  test('counts the window before for the part of it that is within reach', async () => {
    const time = turned()
    const { send } = await exercise(limitCount, { count: 10, time_window: 60, window_type: 'sliding' }, {}, time)
    for (let sent = 1; sent < 8; sent++) await send()
    time.pass(60_000 + 15_000) // 8 before, a quarter of the window has gone by: 6 count
    const answers = [(await send()).reply, (await send()).reply, (await send()).reply, (await send()).reply, (await send()).reply]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 503])
    expect(quotaIn(answers[0]!.headers)).toEqual(['10', '3', '45'])
    expect(quotaIn(answers[4]!.headers)).toEqual(['10', '0', '45'])
    time.pass(7_500) // 5 of those before
    expect((await send()).reply.status).toBe(200)
    time.pass(120_000) // they are all out of reach
    expect(quotaIn((await send()).reply.headers)).toEqual(['10', '9', expect.any(String)])
  })
})

describe('what is counted together', () => {
  const once = { count: 1, time_window: 60 }

  test('is the requests of one address', async () => {
    expect(await statuses(await exercise(limitCount, once, from('10.0.0.1')), from('10.0.0.2'), from('10.0.0.1'))).toEqual([200, 200, 503])
  })

  test('is those with one value of a variable, and of an address where it has none', async () => {
    const asked = await exercise(limitCount, { ...once, key: 'http_x_user' }, { headers: { 'x-user': 'a' } })
    expect(await statuses(asked, user('b'), user('a'), user(''), from('10.0.0.9'), {}, user('x'.repeat(5_000)), user('x'.repeat(5_000)))).toEqual([
      200, 200, 503, 200, 200, 503, 200, 503,
    ])
  })

  test('is those with one combination of variables, with or without a dollar where it is one', async () => {
    const config = { ...once, key_type: 'var_combination', key: '$remote_addr ${http_x_user}' }
    expect(await statuses(await exercise(limitCount, config, userAt('10.0.0.1', 'a')), userAt('10.0.0.1', 'b'), userAt('10.0.0.1', 'a'))).toEqual([200, 200, 503])
    const dollar = await exercise(limitCount, { ...once, key: '$http_x_user' }, userAt('10.0.0.1', 'a'))
    expect(await statuses(dollar, userAt('10.0.0.2', 'a'))).toEqual([200, 503])
  })

  test('is all of them with a constant', async () => {
    expect(await statuses(await exercise(limitCount, { ...once, key_type: 'constant', key: 'remote_addr' }, from('10.0.0.1')), from('10.0.0.2'))).toEqual([200, 503])
  })

  test('can be told by a field of the body', async () => {
    const asked = await exercise(limitCount, { ...once, key: 'post_arg.user' }, chatRequest('Hello', { user: 'a' }))
    expect(await statuses(asked, chatRequest('Hello', { user: 'b' }), chatRequest('Hello', { user: 'a' }))).toEqual([200, 200, 503])
  })
})

describe('count and window can come from the request', () => {
  const config = { count: '${http_x_quota ?? 1}', time_window: '$http_x_window' }

  test('and hold for that request', async () => {
    const time = turned()
    const { reply, send } = await exercise(limitCount, config, asking('2'), time)
    expect(quotaIn(reply.headers)).toEqual(['2', '1', '60'])
    expect(quotaIn((await send(asking('3'))).reply.headers)).toEqual(['3', '1', '60'])
    expect((await send(asking('2'))).reply.status).toBe(503)
    expect(quotaIn((await send(asking(undefined, '30'))).reply.headers)).toEqual(['1', '0', '30'])
    expect((await send(asking('0', '90'))).reply.status).toBe(503)
  })

  test.for(['', 'many', '-1', 'Infinity'])('who has no such number, but %j, is not let past', async (quota) => {
    const { reply } = await exercise(limitCount, config, asking(quota === '' ? ' ' : quota))
    expect(reply.status).toBe(500)
    const { reply: degraded } = await exercise(limitCount, { ...config, allow_degradation: true }, asking(quota === '' ? ' ' : quota))
    expect(degraded.status).toBe(200)
  })
})

describe('rules', () => {
  const config = {
    rules: [
      { count: 1, time_window: 1, key: '$remote_addr' },
      { count: 2, time_window: 60, key: '$http_x_user', header_prefix: 'User' },
    ],
  }
  const request = { headers: { 'x-user': 'a' } }

  test('must all let a request pass, and each has its headers', async () => {
    const time = turned()
    const { reply, send } = await exercise(limitCount, config, request, time)
    expect(reply.headers).toMatchObject({
      'x-1-ratelimit-limit': '1',
      'x-1-ratelimit-remaining': '0',
      'x-1-ratelimit-reset': '1',
      'x-user-ratelimit-limit': '2',
      'x-user-ratelimit-remaining': '1',
      'x-user-ratelimit-reset': '60',
    })
    const second = (await send()).reply
    expect([second.status, second.headers['x-user-ratelimit-limit']]).toEqual([503, undefined])
    time.pass(1_000)
    expect((await send()).reply.status).toBe(200)
    time.pass(1_000)
    const { reply: last } = await send()
    expect([last.status, last.headers['x-1-ratelimit-remaining'], last.headers['x-user-ratelimit-remaining']]).toEqual([503, '0', '0'])
  })

  test('do not apply where their key has no value; where none applies, nobody passes uncounted', async () => {
    const { reply } = await exercise(limitCount, config, {})
    expect([reply.status, reply.headers['x-user-ratelimit-limit']]).toEqual([200, undefined])
    const one = { rules: [config.rules[1]] }
    expect((await exercise(limitCount, one, {})).reply.status).toBe(500)
    expect((await exercise(limitCount, { ...one, allow_degradation: true }, {})).reply.status).toBe(200)
  })
})

describe('a refusal', () => {
  const none = { count: '$http_x_none', time_window: 60 }
  const refused = async (config: object, request: TestRequest = {}): Promise<Exercise['reply']> =>
    (await exercise(limitCount, { ...none, ...config }, { path: '/else', ...request, headers: { 'x-none': '0' } })).reply

  test('has a status and a text of your own', async () => {
    const { status, body } = await refused({ rejected_code: 429, rejected_msg: 'Slow down' })
    expect([status, JSON.parse(body)]).toEqual([429, { error_msg: 'Slow down' }])
  })

  test('has the shape that an AI client reads', async () => {
    const { body } = await refused({ rejected_code: 429, rejected_msg: 'Slow down' }, chatRequest('Hello'))
    expect(JSON.parse(body)).toMatchObject({ error: { message: 'Slow down', code: 'rate_limited' } })
  })

  test('can be no error at all', async () => {
    expect(await refused({ rejected_code: 204 })).toMatchObject({ status: 204, body: '', headers: { 'x-ratelimit-remaining': '0' } })
    expect((await refused({ rejected_code: 200, rejected_msg: 'Later' })).body).toBe('{"error_msg":"Later"}')
  })
})

describe('headers', () => {
  const config = { count: 5, time_window: 60 }

  test('are on what goes wrong behind it, too', async () => {
    const { reply } = await exercise(limitCount, config, {}, { answer: broken })
    expect([reply.status, ...quotaIn(reply.headers)]).toEqual([500, '5', '4', '60'])
  })

  test('have other names in the metadata, or are not there', async () => {
    const metadata = { limit_header: 'X-Quota', remaining_header: 'X-Left', reset_header: 'X-In' }
    const { reply } = await exercise(limitCount, config, {}, { metadata })
    expect(reply.headers).toMatchObject({ 'x-quota': '5', 'x-left': '4', 'x-in': '60' })
    const { reply: bare } = await exercise(limitCount, { ...config, show_limit_quota_header: false }, {})
    expect(quotaIn(bare.headers)).toEqual([undefined, undefined, undefined])
  })
})

describe('counters in another process', () => {
  test.for(['fixed', 'sliding'])('are waited for (%s)', async (window_type) => {
    const config = { count: 2, time_window: 3_600, window_type }
    const asked = await exercise(limitCount, config, {}, { ...turned(), counters: elsewhere() })
    expect(await statuses(asked, undefined, undefined)).toEqual([200, 200, 503])
  })

  test('that do not answer let nobody pass, or everybody', async () => {
    const counters: Counters = { add: () => Promise.reject(new CountersUnavailableError('gone')) }
    const config = { count: 2, time_window: 60 }
    const { reply } = await exercise(limitCount, config, { path: '/else' }, { counters })
    expect([reply.status, JSON.parse(reply.body)]).toEqual([500, expect.objectContaining({ error_msg: 'failed to limit count' })])
    expect((await exercise(limitCount, { ...config, allow_degradation: true }, {}, { counters })).reply.status).toBe(200)
  })
})

const some = { count: 1, time_window: 1 }
const rule = { ...some, key: '$remote_addr' }

test.for([
  [{ count: 1 }, 'plugins.limit-count.time_window: is required where there are no rules'],
  [{ ...some, rules: [rule] }, 'plugins.limit-count: takes count and time_window, or rules, not both'],
  [{ rules: [rule, rule] }, 'plugins.limit-count.rules[1].key: is that of another rule'],
  [{ rules: [] }, 'plugins.limit-count.rules: must not be empty'],
  [{ count: 0, time_window: 1 }, 'plugins.limit-count.count: must be > 0'],
  [{ count: 'many', time_window: 1 }, 'plugins.limit-count.count: must be a number above 0, or a text with variables'],
  [{ rules: [{ ...rule, time_window: '0' }] }, 'plugins.limit-count.rules[0].time_window: must be a number above 0, or a text with variables'],
  [{ ...some, policy: 'redis' }, 'plugins.limit-count.policy: redis is not supported yet'],
  [{ ...some, redis_host: 'r' }, 'plugins.limit-count.redis_host: is not supported yet'],
  [{ ...some, sync_interval: 5 }, 'plugins.limit-count.sync_interval: is not supported yet'],
  [{ ...some, rejected_code: 600 }, 'plugins.limit-count.rejected_code: must be <= 599'],
] as const)('%j is refused', async ([config, problem]) => {
  await expect(exercise(limitCount, config, {})).rejects.toThrow(problem)
})

test('it counts for the access log, too', async () => {
  const { ctx } = await exercise(limitCount, { count: 5, time_window: 60 }, {})
  expect(limitCount.variables?.['rate_limiting_info']?.(ctx)).toEqual({
    rate_limiting_limit: 5,
    rate_limiting_remaining: 4,
    rate_limiting_reset: 60,
  })
})
