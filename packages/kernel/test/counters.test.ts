import { expect, test } from 'vitest'
import { MemoryCounters, type Clock, type Count, type Counters, type Plugin } from '../src/index.ts'
import { here, plugin, prepare, rig } from './rig.ts'

/** Counters with a clock that a test turns. */
function counting(most?: number): { counters: MemoryCounters; pass(ms: number): void } {
  let now = 5_000
  const clock: Clock = { now: () => 0, monotonic: () => now }
  return { counters: new MemoryCounters(clock, most), pass: (ms) => void (now += ms) }
}

test('counts in a window that begins with the first addition, and again from 0 in the next', () => {
  const { counters, pass } = counting()
  expect(counters.add('a', { windowMs: 1_000 })).toEqual({ added: true, value: 1, resetMs: 1_000 })
  pass(400)
  expect(counters.add('a', { by: 2.5, windowMs: 1_000 })).toEqual({ added: true, value: 3.5, resetMs: 600 })
  expect(counters.add('b', { windowMs: 1_000 })).toEqual({ added: true, value: 1, resetMs: 1_000 })
  pass(599)
  expect(counters.add('a', { by: 0, windowMs: 1_000 })).toEqual({ added: true, value: 3.5, resetMs: 1 })
  pass(1)
  expect(counters.add('a', { by: 0, windowMs: 2_000 })).toEqual({ added: true, value: 0, resetMs: 2_000 })
  expect(counters.add('a', { windowMs: 2_000 })).toEqual({ added: true, value: 1, resetMs: 2_000 })
})

test('adds nothing that would pass the limit, and takes back whatever the limit is', () => {
  const { counters } = counting()
  const add = (by: number, limit?: number): Count =>
    counters.add('a', { by, windowMs: 1_000, ...(limit !== undefined && { limit }) })
  expect(add(3, 3)).toMatchObject({ added: true, value: 3 })
  expect(add(1, 3)).toMatchObject({ added: false, value: 3 })
  expect(add(1)).toMatchObject({ added: true, value: 4 })
  expect(add(0, 3)).toMatchObject({ added: true, value: 4 })
  expect(add(-1, 2)).toMatchObject({ added: true, value: 3 })
  expect(add(-5, 3)).toMatchObject({ added: true, value: -2 })
  expect(add(6, 3)).toMatchObject({ added: false, value: -2 })
})

test('only looking at a count, or being refused, begins no window', () => {
  const { counters } = counting()
  counters.add('a', { by: 0, windowMs: 1_000 })
  counters.add('b', { limit: 0, windowMs: 1_000 })
  expect(counters.size).toBe(0)
})

test.for([
  [{ by: Number.NaN, windowMs: 1 }, /raised by a finite number/],
  [{ by: Infinity, windowMs: 1 }, /raised by a finite number/],
  [{ limit: Number.NaN, windowMs: 1 }, /limit of a counter must be a number/],
  [{ windowMs: 0 }, /window of a counter/],
  [{ windowMs: Infinity }, /window of a counter/],
  [{ windowMs: Number.NaN }, /window of a counter/],
] as const)('refuses %o', ([addition, message]) => {
  const { counters } = counting()
  expect(() => counters.add('a', addition)).toThrow(RangeError)
  expect(() => counters.add('a', addition)).toThrow(message)
})

test('drops counts whose window is over as others come, also where a long one stands before them', () => {
  const { counters, pass } = counting()
  counters.add('long', { windowMs: 1e9 })
  for (let round = 0; round < 50; round++) {
    for (let key = 0; key < 100; key++) counters.add(`${round} ${key}`, { windowMs: 1_000 })
    pass(1_000)
  }
  expect(counters.size).toBeLessThan(300)
  expect(counters.add('long', { windowMs: 1e9 }).value).toBe(2)
})

test('keeps so many and no more: the one that began first makes room', () => {
  const { counters } = counting(3)
  for (const key of ['a', 'b', 'c', 'd']) counters.add(key, { windowMs: 1_000 })
  expect(counters.size).toBe(3)
  expect(['b', 'c', 'd', 'a'].map((key) => counters.add(key, { by: 0, windowMs: 1 }).value)).toEqual([1, 1, 1, 0])
})

test('instances of a plugin that name the same count share it, and no other plugin does', async () => {
  const seen: Record<string, Counters> = {}
  const sharing = (name: string): Plugin =>
    plugin(name, ({ of }, { sharedCounters, counters }) => {
      seen[`${name} ${String(of)}`] = sharedCounters('team')
      seen[`own ${String(of)}`] = counters
      return {}
    })
  const one = sharing('one')
  await rig([{ plugin: one, config: { of: 'a' } }, { plugin: one, config: { of: 'b' }, owner: { kind: 'service', id: 's' } }, { plugin: sharing('two'), config: { of: 'c' } }])
  const count = (of: string): unknown => seen[of]!.add('key', { windowMs: 60_000 })
  expect([count('one a'), count('one b'), count('two c'), count('own a')]).toMatchObject([{ value: 1 }, { value: 2 }, { value: 1 }, { value: 1 }])
})

test('a plugin counts for itself: each of its instances has its own, and finds them again when it comes back', async () => {
  const seen: Record<string, Counters> = {}
  const counted = plugin('counted', ({ of }, { counters }) => {
    seen[String(of)] = counters
    return {}
  })
  const other = plugin('other', (_, { counters }) => {
    seen['other'] = counters
    return {}
  })
  const { kernel, builder } = await rig([{ plugin: counted, config: { of: 'a' } }, { plugin: counted, config: { of: 'b' }, owner: { kind: 'service', id: 's' } }, other])
  const count = (of: string): unknown => seen[of]!.add('key', { windowMs: 60_000 })
  expect([count('a'), count('a'), count('b'), count('other')]).toMatchObject([{ value: 1 }, { value: 2 }, { value: 1 }, { value: 1 }])
  await builder.release()
  await kernel.build().chain({ globals: [], plugins: [prepare(kernel, { plugin: counted, config: { of: 'a' }, owner: here })] })
  expect(count('a')).toMatchObject({ value: 3 })
})
