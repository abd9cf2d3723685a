import { expect, it, test } from 'vitest'
import { normalizePath } from '../src/index.ts'

test.for<[received: string, path: string | undefined]>([
  ['/', '/'],
  ['/v1/chat', '/v1/chat'],
  ['/v1/chat/', '/v1/chat/'],
  ['/caf%C3%A9', '/café'],
  ['/%76%31', '/v1'],
  ['/a%20b+c', '/a b+c'],
  ['/a%2Fb', '/a%2Fb'],
  ['/a%2fb', '/a%2Fb'],
  ['/a%252Fb', '/a%2Fb'],
  ['/100%25', '/100%'],
  ['//v1///chat', '/v1/chat'],
  ['/a//', '/a/'],
  ['/a/./b', '/a/b'],
  ['/a/../b', '/b'],
  ['/a/..', '/'],
  ['/a/b/..', '/a/'],
  ['/a/.', '/a/'],
  ['/../../etc/passwd', '/etc/passwd'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/%2E/b', '/a/b'],
  ['/a/..%2Fb', '/a/..%2Fb'],
  ['/.well-known/x', '/.well-known/x'],
  ['/a/...', '/a/...'],
  ['/a/..b', '/a/..b'],
  ['/models/gemini-pro:generateContent', '/models/gemini-pro:generateContent'],
  ['/a;v=1/b', '/a;v=1/b'],
  ['/a\\..\\b', '/a\\..\\b'],
  ['', undefined],
  ['*', undefined],
  ['v1', undefined],
  ['example.com:443', undefined],
  ['http://example.com/', undefined],
  ['/%', undefined],
  ['/%4', undefined],
  ['/%zz', undefined],
  ['/%u0041', undefined],
  ['/%00', undefined],
  ['/a%0d%0ab', undefined],
  ['/a%7F', undefined],
  ['/a\tb', undefined],
  ['/%FF', undefined],
  ['/%C3', undefined],
  ['/%C0%AE%C0%AE/', undefined],
  ['/%ED%A0%80', undefined],
])('%j becomes %j', ([received, path]) => {
  expect(normalizePath(received)).toBe(path)
})

it('takes time linear in the path', () => {
  const started = performance.now()
  for (const unit of ['/..', '/.', '//', '/a/..', '%2e%2e/', '%2F', '/a']) normalizePath(`/${unit.repeat(100_000)}`)
  expect(performance.now() - started).toBeLessThan(5000)
})
