import { expect, test } from 'vitest'
import { compileMatcher, ExprError } from '../src/index.ts'

test('tells the first match, with its groups and its place', () => {
  const matcher = compileMatcher('(b+)(x)?')
  expect(matcher.groupCount).toBe(2)
  expect(matcher.first('abbab')).toEqual({ start: 1, end: 3, groups: ['bb', 'bb', undefined] })
  expect(matcher.first('a')).toBeUndefined()
})

test('tells all of them, empty ones too', () => {
  expect(Array.from(compileMatcher('b*').all('abba'), ({ start, end }) => [start, end])).toEqual([[0, 0], [1, 3], [3, 3], [4, 4]])
})

test.for([
  [{}, ['a']],
  [{ ignoreCase: true }, ['a', 'A']],
] as const)('with %o', ([flags, found]) => {
  expect(Array.from(compileMatcher('a', flags).all('aA'), ({ groups }) => groups[0])).toEqual(found)
})

test('lines and their ends count where that is asked for', () => {
  expect(compileMatcher('^b$', { multiline: true }).first('a\nb\nc')?.start).toBe(2)
  expect(compileMatcher('^b$').first('a\nb\nc')).toBeUndefined()
  expect(compileMatcher('a.b', { dotAll: true }).first('a\nb')?.end).toBe(3)
})

test('refuses what it cannot take', () => {
  expect(() => compileMatcher('(?=a)')).toThrow(ExprError)
  expect(() => compileMatcher('(a|b){500}').first('a'.repeat(100_000))).toThrow('too long for a pattern')
})
