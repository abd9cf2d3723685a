import { expect, test } from 'vitest'
import { Document } from '../src/index.ts'

const received = (): Buffer[] => [Buffer.from('{"a":[1,{"b":"te'), Buffer.from('xt"}],"c":'), Buffer.from('{"d":null}}')]
const ended = /was ended/

test('after its end a document and its forks throw, whatever they are asked, and do not read on', () => {
  const document = Document.parse(received())
  const fork = document.fork()
  fork.set(['c', 'd'], 1)
  fork.append('a', [2])
  expect(Buffer.concat(fork.views()).toString()).toBe('{"a":[1,{"b":"text"},2],"c":{"d":1}}')
  expect(document.end()).toBe(true)
  for (const one of [document, fork, fork.fork()]) {
    const uses: readonly (() => unknown)[] = [
      () => one.kind('a'),
      () => one.has(['a', 1]),
      () => one.get('a'),
      () => one.raw('c'),
      () => one.keys(),
      () => one.length('a'),
      () => one.isEmpty,
      () => one.duplicate(['a']),
      () => one.set('x', 1),
      () => one.set(['a', 0], 1),
      () => one.delete('a'),
      () => one.prepend('a', [1]),
      () => one.append('x', [1]),
      () => one.appendText(['a', 1, 'b'], 'x'),
      () => one.prependText('x', 'x'),
      () => one.toBuffers(),
      () => one.views(),
      () => one.byteLength,
    ]
    for (const use of uses) expect(use).toThrow(ended)
  }
})

test('who was given bytes of it to keep keeps it from ending', () => {
  for (const take of [(one: Document) => one.toBuffers(), (one: Document) => one.raw(['a', 1])]) {
    for (const from of [(one: Document) => one, (one: Document) => one.fork()]) {
      const document = Document.parse(received())
      take(from(document))
      expect(document.end()).toBe(false)
      expect(document.get(['a', 1])).toEqual({ b: 'text' })
    }
  }
})
