import { expect, test } from 'vitest'
import { nearestOf } from '../src/index.ts'

const fields = ['uri', 'uris', 'methods', 'plugins', 'ai-proxy', 'ai-proxy-multi', 'timeout', 'keepalive_pool']

test.for([
  ['url', 'uri'],
  ['plugin', 'plugins'],
  ['timeuot', 'timeout'],
  ['ai_proxy', 'ai-proxy'],
  ['Ai-Proxi', 'ai-proxy'],
  ['ai-proxy-mutli', 'ai-proxy-multi'],
  ['keepAlivePool', 'keepalive_pool'],
] as const)('it takes %s for %s', ([name, nearest]) => {
  expect(nearestOf(name, fields)).toBe(nearest)
})

test.for(['', 'x', 'if', 'retries', 'constructor', '💥'])('it takes %j for nothing', (name) => {
  expect(nearestOf(name, fields)).toBeUndefined()
})

test('it is quick with names of any length', () => {
  const began = performance.now()
  expect(nearestOf('a'.repeat(1_000_000), fields)).toBeUndefined()
  expect(performance.now() - began).toBeLessThan(500)
})
