import { expect, test } from 'vitest'
import { Document } from '../src/index.ts'

/** What comes of JSON that is looked over in steps, and how many those were. */
function inSteps(pieces: readonly Buffer[]): { document: Document; steps: number } {
  const parsing = Document.parseInSteps(pieces)
  let steps = 0
  for (let step = parsing.next(); ; step = parsing.next()) {
    if (step.done) return { document: step.value, steps }
    steps++
  }
}

/** In pieces of that size. */
const cut = (json: string, size: number): Buffer[] => (json.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []).map((piece) => Buffer.from(piece))

test.for([1, 2, 3, 7, 1000])('JSON in pieces of %i is what it is in one step, and rests after each of them', (size) => {
  const json = '\ufeff {"model": "m\\u0061", "messages": [{"role":"user"}, -1.5e3, true], "x": {"__proto__": [[[]]]}}\n'
  const pieces = cut(json, size)
  const { document, steps } = inSteps(pieces)
  expect(steps).toBe(pieces.length)
  expect(document.get([])).toEqual(Document.parse(Buffer.from(json)).get([]))
  expect(Buffer.concat(document.toBuffers()).toString()).toBe(json)
  document.set('model', 'other')
  expect(document.get('model')).toBe('other')
})

test.for(['', '{', '{"a":1}}', '[1,]', '{"a":"\\x"}', 'nul'])('%j is refused as it is in one step', (json) => {
  let problem: unknown
  try {
    Document.parse(Buffer.from(json))
  } catch (error) {
    problem = error
  }
  expect(problem).toBeInstanceOf(Error)
  for (const size of [1, 2, 1000]) expect(() => inSteps(cut(json, size))).toThrow(problem as Error)
})
