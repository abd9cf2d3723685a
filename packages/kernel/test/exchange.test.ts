import { describe, expect, test } from 'vitest'
import { abandoned, headerMap, headerOf, slot } from '../src/index.ts'
import { exchangeOf, logTo, type Line } from './rig.ts'

describe('giving up', () => {
  test('it tells listeners once, and at once those who come later', () => {
    const ctx = exchangeOf()
    const heard: string[] = []
    ctx.onAbort((reason) => heard.push(`first ${reason}`))
    const unsubscribe = ctx.onAbort(() => heard.push('never'))
    unsubscribe()
    expect(ctx.aborted).toBeUndefined()
    ctx.abort('stalled')
    ctx.abort('client_disconnect')
    ctx.onAbort((reason) => heard.push(`late ${reason}`))()
    expect(heard).toEqual(['first stalled', 'late stalled'])
    expect(ctx.aborted).toBe('stalled')
  })

  test.for(['before', 'after'] as const)('its signal aborts with the reason when asked for %s', (when) => {
    const ctx = exchangeOf()
    const early = when === 'before' ? ctx.signal : undefined
    expect(early?.aborted).not.toBe(true)
    ctx.abort('client_disconnect')
    expect(ctx.signal).toBe(early ?? ctx.signal)
    expect(ctx.signal.aborted).toBe(true)
    expect(ctx.signal.reason).toBe('client_disconnect')
  })

  test('a listener that fails keeps nobody from hearing of it', () => {
    const lines: Line[] = []
    const ctx = exchangeOf({ log: logTo(lines) })
    const heard: string[] = []
    ctx.onAbort(() => {
      throw new Error('busy')
    })
    ctx.onAbort((reason) => heard.push(reason))
    ctx.abort('client_disconnect')
    expect(heard).toEqual(['client_disconnect'])
    expect(ctx.signal.aborted).toBe(true)
    expect(lines).toMatchObject([{ level: 'error' }])
  })

  test('what ends a chain then is a 499 that counts as the reason', () => {
    expect(abandoned('stalled')).toMatchObject({ status: 499, outcome: 'stalled' })
  })
})

test('slots of one label are different keys', () => {
  const ctx = exchangeOf()
  const [one, other] = [slot<number>('n'), slot<number>('n')]
  ctx.set(one, 1)
  expect(ctx.get(one)).toBe(1)
  expect(ctx.get(other)).toBeUndefined()
})

test('a memo is computed once, also where it is undefined', () => {
  const ctx = exchangeOf()
  let computed = 0
  const compute = (): undefined => void computed++
  ctx.memo('a', compute)
  ctx.memo('a', compute)
  expect(computed).toBe(1)
})

test('its log carries the request and the route', () => {
  const lines: Line[] = []
  const ctx = exchangeOf({ log: logTo(lines) })
  ctx.route = { id: 'r1' }
  ctx.log.info({ a: 1 }, 'hello')
  expect(lines).toEqual([{ level: 'info', message: 'hello', fields: { a: 1, request_id: 'x-1', route_id: 'r1' } }])
})

describe('headers', () => {
  test('names are in lower case, and nothing is inherited', () => {
    const map = headerMap([
      ['Content-Type', 'a'],
      ['__proto__', 'b'],
    ])
    expect(map['content-type']).toBe('a')
    expect(headerOf(map, '__proto__')).toBe('b')
    expect(headerOf(map, 'constructor')).toBeUndefined()
  })

  test('of several fields the first counts', () => {
    expect(headerOf(headerMap([['set-cookie', ['a', 'b']]]), 'set-cookie')).toBe('a')
  })
})
