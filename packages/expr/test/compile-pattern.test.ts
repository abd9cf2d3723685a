import { expect, it, test } from 'vitest'
import { compilePattern, ExprError } from '../src/index.ts'

test.for<[pattern: string, text: string, found: boolean]>([
  ['curl', 'a curl/8', true],
  ['', 'anything', true],
  ['^', '', true],
  ['^cu', 'curl', true],
  ['^cu', ' curl', false],
  ['rl$', 'curl', true],
  ['rl$', 'curl ', false],
  ['^curl$', 'curl', true],
  ['^curl$', 'curls', false],
  ['\\d{3}', 'abc123', true],
  ['(?i)GPT', 'gpt-4', true],
  ['^(gpt|o)-?\\d', 'o3', true],
  ['a.c', 'a\nc', false],
  ['(?s)a.c', 'a\nc', true],
  ['\\bnano\\b', 'gpt nano', true],
  ['\\/v1\\/', '/v1/chat', true],
  ['[^a-z]', 'abc', false],
  ['\\p{Greek}', 'α', true],
])('it finds %j in %j: %j', ([pattern, text, found]) => {
  expect(compilePattern(pattern).test(text)).toBe(found)
})

it('ignores case where that is asked for', () => {
  expect(compilePattern('curl', { ignoreCase: true }).test('CURL')).toBe(true)
  expect(compilePattern('^ÄB$', { ignoreCase: true }).test('äb')).toBe(true)
})

test.for(['(?=a)', '(?!a)', '(?<=a)b', '(?<!a)b', '(a)\\1', 'a++', '(?>a)', '\\Z', '[', '(', 'a{1001}'])(
  'it refuses %j with a text that shows it',
  (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(ExprError)
    expect(() => compilePattern(pattern)).toThrow(JSON.stringify(pattern))
  },
)

test.for(['(a+)+$', '(a|a)*b$', '(a|b|ab)*c', '(?:a*)*b'])('it stays linear on %s', (pattern) => {
  const compiled = compilePattern(pattern)
  const started = performance.now()
  expect(compiled.test(`${'a'.repeat(200_000)}!`)).toBe(false)
  expect(performance.now() - started).toBeLessThan(3000)
})

it('looks through any short text, but refuses a long one that would take a large pattern minutes', () => {
  const large = compilePattern('(a|b)*a(a|b){200}c$')
  expect(large.test(`${'a'.repeat(16_000)}c`)).toBe(true)
  expect(() => large.test(`${'a'.repeat(1_000_000)}c`)).toThrow(new ExprError('a text of 1000001 characters is too long for a pattern that it is matched with'))
  expect(compilePattern('(?i)error: \\d+').test(`${'a'.repeat(1_000_000)}ERROR: 1`)).toBe(true)
  expect(compilePattern('refund$').test(`${'a'.repeat(50_000_000)}refund`)).toBe(true)
})
