import assert from 'node:assert/strict'
import { expect, test } from 'vitest'
import { StringSkipper } from '../src/string-skipper.ts'
import { everyCut } from './cut.ts'
import { RandomJson } from './random-json.ts'

const windowBytes = 16 * 1024

function skipper(): StringSkipper {
  const made = StringSkipper.create()
  assert.ok(made, 'this Node cannot run it')
  return made
}

/** The same by a regular expression: what may stand in a string, from `at` on, escapes that are there to their end. */
function plainly(bytes: Buffer, at: number): number {
  const inside = /(?:[ !#-[\]-\xff]|\\["\\/bfnrt]|\\u[\da-fA-F]{4})*/y
  inside.lastIndex = at
  inside.exec(bytes.toString('latin1'))
  return inside.lastIndex
}

/** Where it stops for good: a window may end before that, also within an escape. */
function skipAll(one: StringSkipper, bytes: Buffer): number {
  one.leave()
  let at = 0
  for (;;) {
    const next = one.skip(bytes, at)
    if (next === at) return at
    at = next
  }
}

test('stops at each byte that ends a string or may not stand in one, wherever it is, and at no other', () => {
  const one = skipper()
  for (let byte = 0; byte < 256; byte++) {
    for (let at = 0; at < 70; at++) {
      const bytes = Buffer.alloc(70, 'x')
      bytes[at] = byte
      one.leave()
      expect(one.skip(bytes, 0)).toBe(byte < 0x20 || byte === 0x22 || byte === 0x5c ? at : 70)
    }
  }
})

test('goes over true escapes and stops at false ones: each byte behind a backslash, each in the place of a digit', () => {
  const one = skipper()
  for (let byte = 0; byte < 256; byte++) {
    const other = String.fromCharCode(byte)
    for (const text of [`\\${other}ab`, `\\u${other}234x`, `\\u1${other}34x`, `\\u12${other}4x`, `\\u123${other}x`]) {
      for (const before of [0, 9, 15]) {
        const bytes = Buffer.from('y'.repeat(before) + text, 'latin1')
        one.leave()
        assert.equal(one.skip(bytes, 0), plainly(bytes, 0), JSON.stringify(text))
      }
    }
  }
})

test('finds what a regular expression finds, in random bytes, from any position on', () => {
  const one = skipper()
  const parts = ['\\n', '\\"', '\\\\', '\\u00e9', '\\ud83d', 'é', '😀', 'word ', 'x'.repeat(40), '\x7f', '\\u12', '\\x', '\n', '"', '\\']
  for (let seed = 1; seed < 3000; seed++) {
    const json = new RandomJson(seed)
    // Mostly what is right: what stands at the end of the list ends the search.
    const pick = (): string => json.pick(json.below(12) === 0 ? parts : parts.slice(0, 10))
    const bytes = Buffer.from(Array.from({ length: json.below(60) }, pick).join(''))
    const cut = json.below(bytes.length + 1)
    one.leave()
    assert.equal(one.skip(bytes, 0), plainly(bytes, 0), `seed ${seed}`)
    one.leave()
    assert.equal(one.skip(bytes, cut), plainly(bytes, cut), `seed ${seed} from ${cut}`)
  }
})

test('stops before an escape that is cut, at each place where it can be', () => {
  const one = skipper()
  for (const [head = Buffer.of(), tail = Buffer.of()] of everyCut(Buffer.from('abc\\n\\u00e9\\"\\\\xyz'))) {
    one.leave()
    const at = one.skip(head, 0)
    assert.equal(at, plainly(head, 0), head.toString())
    const rest = Buffer.concat([head.subarray(at), tail])
    one.leave()
    assert.equal(one.skip(rest, 0), rest.length)
  }
})

test('goes on behind a window, takes nothing for its end that was left from before, and finds the end of a string there', () => {
  const one = skipper()
  one.leave()
  one.skip(Buffer.alloc(windowBytes + 64, '"'), 0)
  for (let length = windowBytes - 20; length < windowBytes + 20; length++) {
    assert.equal(skipAll(one, Buffer.alloc(length, 'x')), length)
    assert.equal(skipAll(one, Buffer.from(`${'x'.repeat(length)}"${'y'.repeat(windowBytes)}`)), length)
  }
  const far = Buffer.from(`${'x'.repeat(windowBytes - 3)}\\u00e9${'x'.repeat(50)}"`)
  one.leave()
  expect(one.skip(far, 0)).toBe(windowBytes - 3)
  one.leave()
  expect(one.skip(far, windowBytes - 3)).toBe(far.length - 1)
})
